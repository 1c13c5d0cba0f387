"""Sums over what one person kept: pure functions of plain rows, without a database or a request."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from exercises.dimmer.habits import HABITS, SIGNS
from exercises.dimmer.models import Bore, CameTrue, Done, Reaction
from exercises.feeling.vocabulary import WORDS

WAS_DONE = (Done.FULL, Done.PART)
WEEK = 7  # days
WEEKS, YEAR = 12, 52  # weeks: to tap on, and to look back on
ENOUGH = 3  # guesses with an outcome, before what was expected stands beside what happened (practice.md 1.5)
MANY = 10  # from here on percentages too; below it counts alone
BANDS = ((0, 20), (30, 50), (60, 80), (90, 100))  # chances that are looked at together, in per cent
TWICE = 2  # what happened once with someone is no pattern yet


class Totals(NamedTuple):
    """Counts that grow with everything that is made, and never decay."""

    moments: int  # feelings written down and attempts done
    attempts: int
    survived: int
    tested: int
    entries: int


class Outcomes(NamedTuple):
    """Of `n` predictions, `k` came true and `partly` came true in part; `expected` is the sum of their chances."""

    n: int
    k: int
    partly: int
    expected: float

    @property
    def not_at_all(self) -> int:
        return self.n - self.k - self.partly

    @property
    def enough(self) -> bool:
        return self.n >= ENOUGH

    @property
    def many(self) -> bool:
        return self.n >= MANY

    @property
    def above_expected(self) -> bool:
        """Whether it happened more often than expected: `k` alone, as the page says it (practice.md 1.5)."""
        return self.k > self.expected


class Band(NamedTuple):
    """Predictions whose chance, to the nearest ten, lies from `low` to `high` per cent; at least one."""

    low: int
    high: int
    outcomes: Outcomes

    @property
    def said(self) -> int:
        """The mean chance, in per cent."""
        return round(100 * self.outcomes.expected / self.outcomes.n)

    @property
    def per_cent(self) -> int | None:
        """How many in a hundred came true; None where they are too few to say that."""
        return round(100 * self.outcomes.k / self.outcomes.n) if self.outcomes.many else None


class Habit(NamedTuple):
    """A protective habit: in how many steps it came along, and what came of the steps that left it out as planned."""

    key: str
    along: int
    left_out: int
    feared: Outcomes  # of those left out with an answer to whether it came true
    asked: int  # of those left out with an answer to whether one could bear it
    borne: int

    @property
    def name(self) -> Any:
        return HABITS[self.key]


class Counted(NamedTuple):
    """How often something was chosen; `key` as it is stored."""

    key: str
    name: Any
    n: int


class Place(NamedTuple):
    """How often words of one valence and arousal (−2 to 2) were chosen."""

    valence: int
    arousal: int
    n: int


class Step(NamedTuple):
    """One attempt that was done. Tension is 0–10 or None, `level` 0–100."""

    day: date
    level: int
    expected: int | None
    peak: int | None
    after: int | None

    @property
    def rated(self) -> bool:
        return any(figure is not None for figure in (self.expected, self.peak, self.after))


class Cell(NamedTuple):
    """One day of the calendar."""

    day: date
    written: bool
    intensity: int | None  # 0–10
    ahead: bool  # still to come

    @property
    def level(self) -> int:
        """Light for what was written, 0–100 by 10; without a figure the lowest."""
        return 10 * (self.intensity or 0)


def done(attempts: Iterable[Any]) -> list[Any]:
    """The attempts that were done, wholly or partly, in the order of their days."""
    return sorted((each for each in attempts if each.done in WAS_DONE), key=attrgetter("day"))


def shared(attempts: Iterable[Any]) -> list[Any]:
    """The attempts that were done with someone; without a dimmer one only observed, and shared nothing."""
    return [each for each in done(attempts) if each.dimmer_id]


def tested(attempts: Iterable[Any]) -> list[Any]:
    """The shared attempts that were done, with something expected and an answer to whether it came true."""
    return [each for each in shared(attempts) if each.came_true and (each.chance is not None or each.expects)]


def guessed(attempts: Iterable[Any]) -> list[Any]:
    """The tested attempts of which the chance was guessed."""
    return [each for each in tested(attempts) if each.chance is not None]


def outcomes(attempts: Sequence[Any]) -> Outcomes:
    """How often it came true, in `tested` or `guessed` attempts; a chance is 0–100, or None."""
    answers = [each.came_true for each in attempts]
    expected = sum(each.chance or 0 for each in attempts) / 100
    return Outcomes(len(answers), answers.count(CameTrue.YES), answers.count(CameTrue.PART), expected)


def bands(attempts: Iterable[Any]) -> list[Band]:
    """`guessed` attempts by how likely it seemed, the least likely first; only bands with something in them."""
    sorted_in: dict[tuple[int, int], list[Any]] = {band: [] for band in BANDS}
    for attempt in attempts:
        nearest = (attempt.chance + 5) // 10 * 10
        sorted_in[next(band for band in BANDS if nearest <= band[1])].append(attempt)
    return [Band(low, high, outcomes(rows)) for (low, high), rows in sorted_in.items() if rows]


def worse_than_expected(attempts: Iterable[Any], whose: Mapping[Any, Hashable]) -> list[tuple[Any, Outcomes]]:
    """With whom it happened more often than expected, and more than once; where the gap is widest first.

    `attempts` as `guessed` gives them, `whose` the person of each dimmer, by id.
    """
    by_person = defaultdict(list)
    for attempt in attempts:
        by_person[whose[attempt.dimmer_id]].append(attempt)
    sums = [(person, outcomes(rows)) for person, rows in by_person.items()]
    worse = [(person, made) for person, made in sums if made.above_expected and made.k >= TWICE]
    return sorted(worse, key=lambda each: (each[1].expected - each[1].k, str(each[0])))


def habits(attempts: Iterable[Any]) -> list[Habit]:
    """The protective habits that came along, or were left out as planned; the most frequent first."""
    steps = done(attempts)
    along = Counter(key for each in steps for key in set(each.habits))
    without: dict[str, list[Any]] = defaultdict(list)
    for each in shared(steps):
        if each.leave_out not in each.habits:
            without[each.leave_out].append(each)
    found = [_habit(key, along[key], without[key]) for key in HABITS if along[key] or without[key]]
    return sorted(found, key=lambda habit: (-habit.along, -habit.left_out))


def _habit(key: str, along: int, without: list[Any]) -> Habit:
    borne = [each.bore_it != Bore.NO for each in without if each.bore_it]
    return Habit(key, along, len(without), outcomes(tested(without)), len(borne), sum(borne))


def signs(attempts: Iterable[Any]) -> list[Counted]:
    """In how many steps each sign of safety was met, the most frequent first."""
    met = Counter(key for each in done(attempts) for key in set(each.signs))
    return _most_first(Counted(key, name, met[key]) for key, name in SIGNS.items())


def reactions(attempts: Iterable[Any]) -> list[Counted]:
    """How often each reaction was met, where something was shared; in the order in which the form asks."""
    met = Counter(each.reaction for each in shared(attempts))
    return [Counted(key, name, met[key]) for key, name in Reaction.choices if met[key]]


def words(feelings: Iterable[Iterable[str]]) -> list[Counted]:
    """How often each word was chosen, one's own words too; the most frequent first."""
    chosen = Counter(word for each in feelings for word in each)
    own = sorted(set(chosen) - set(WORDS))
    names = {key: word.name for key, word in WORDS.items()} | {word: word for word in own}
    return _most_first(Counted(key, name, chosen[key]) for key, name in names.items())


def places(chosen: Iterable[Counted]) -> list[Place]:
    """Where the chosen words lie, the most frequent first; a word that lies nowhere, or is one's own, is left out."""
    there: Counter[tuple[int, int]] = Counter()
    for word in chosen:
        known = WORDS.get(word.key)
        if known and known.valence is not None and known.arousal is not None:
            there[known.valence, known.arousal] += word.n
    return sorted((Place(*where, n) for where, n in there.items()), key=lambda place: (-place.n, place))


def _most_first(counted: Iterable[Counted]) -> list[Counted]:
    return sorted((each for each in counted if each.n), key=lambda each: -each.n)


def totals(*, feelings: int, attempts: Sequence[Any], entries: int, evidence: int) -> Totals:
    """Everything together; feelings, entries and evidence come as counts."""
    return Totals(
        moments=feelings + len(shared(attempts)),
        attempts=len(done(attempts)),
        survived=evidence,
        tested=len(tested(attempts)),
        entries=entries,
    )


def step(attempt: Any) -> Step:
    """An attempt as the figures that a chart shows."""
    return Step(attempt.day, attempt.level, attempt.fear_expected, attempt.fear_peak, attempt.fear_after)


def tension(attempts: Iterable[Any]) -> list[Step]:
    """The steps of which any tension was noted, the oldest first."""
    return [each for each in map(step, done(attempts)) if each.rated]


def brightness(attempts: Iterable[Any]) -> list[tuple[Any, list[Step]]]:
    """The id of each dimmer with its steps, the oldest first; the dimmer used last stands first."""
    lines: dict[Any, list[Step]] = {}
    for attempt in shared(attempts):
        steps = lines.pop(attempt.dimmer_id, [])
        steps.append(step(attempt))
        lines[attempt.dimmer_id] = steps
    return list(reversed(lines.items()))


def first_day(today: date, weeks: int) -> date:
    """The Monday with which so many weeks begin, this one the last."""
    return today - timedelta(days=today.weekday(), weeks=weeks - 1)


def calendar(feelings: Mapping[date, int | None], today: date, weeks: int = WEEKS) -> list[list[Cell]]:
    """The last weeks as rows from Monday to Sunday, today's week last. `feelings`: intensity by day."""
    first = first_day(today, weeks)
    days = [first + timedelta(days=n) for n in range(weeks * WEEK)]
    cells = [Cell(day, day in feelings, feelings.get(day), day > today) for day in days]
    return [cells[n : n + WEEK] for n in range(0, len(cells), WEEK)]


def earlier(feelings: Mapping[date, int | None], today: date) -> list[list[Cell]]:
    """The weeks of the last 52 before the last 12, from the first in which something was written; maybe none."""
    weeks = calendar(feelings, today, YEAR)[:-WEEKS]
    written = [any(cell.written for cell in week) for week in weeks]
    return weeks[written.index(True) :] if any(written) else []


def days_written(feelings: Iterable[date], today: date) -> int:
    """On how many of the last 7 days, today included, something was written down."""
    return sum(timedelta() <= today - day < timedelta(days=WEEK) for day in set(feelings))
