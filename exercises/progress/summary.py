"""Sums over what one person kept: pure functions of plain rows, without a database or a request."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from exercises.dimmer.models import CameTrue, Done

WEEK = 7  # days
WEEKS = 12
ENOUGH = 3  # guesses with an outcome, before what was expected stands beside what happened (practice.md 1.5)


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
    def above_expected(self) -> bool:
        """Whether it happened more often than expected; what came true in part counts for a half."""
        return self.k + self.partly / 2 > self.expected


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
    return sorted((each for each in attempts if each.done in (Done.FULL, Done.PART)), key=_day)


def shared(attempts: Iterable[Any]) -> list[Any]:
    """The attempts that were done with someone; without a dimmer one only observed, and shared nothing."""
    return [each for each in done(attempts) if each.dimmer]


def tested(attempts: Iterable[Any]) -> list[Any]:
    """The shared attempts that were done, with something expected and an answer to whether it came true."""
    return [each for each in shared(attempts) if each.came_true and (each.chance is not None or each.expectation)]


def guessed(attempts: Iterable[Any]) -> list[Any]:
    """The tested attempts of which the chance was guessed."""
    return [each for each in tested(attempts) if each.chance is not None]


def outcomes(attempts: Sequence[Any]) -> Outcomes:
    """How often it came true, in `tested` or `guessed` attempts; a chance is 0–100, or None."""
    answers = [each.came_true for each in attempts]
    expected = sum(each.chance or 0 for each in attempts) / 100
    return Outcomes(len(answers), answers.count(CameTrue.YES), answers.count(CameTrue.PART), expected)


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
    return Step(_day(attempt), attempt.level, attempt.fear_expected, attempt.fear_peak, attempt.fear_after)


def tension(attempts: Iterable[Any]) -> list[Step]:
    """The steps of which any tension was noted, the oldest first."""
    return [each for each in map(step, done(attempts)) if each.rated]


def brightness(attempts: Iterable[Any]) -> list[tuple[Any, list[Step]]]:
    """Each dimmer with its steps, the oldest first; the dimmer used last stands first."""
    lines: dict[Any, tuple[Any, list[Step]]] = {}
    for attempt in done(attempts):
        if attempt.dimmer_id:
            dimmer, steps = lines.pop(attempt.dimmer_id, (attempt.dimmer, []))
            lines[attempt.dimmer_id] = dimmer, [*steps, step(attempt)]
    return list(reversed(lines.values()))


def calendar(feelings: Mapping[date, int | None], today: date) -> list[list[Cell]]:
    """The last 12 weeks as rows from Monday to Sunday, today's week last. `feelings`: intensity by day."""
    first = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
    days = [first + timedelta(days=n) for n in range(WEEKS * WEEK)]
    cells = [Cell(day, day in feelings, feelings.get(day), day > today) for day in days]
    return [cells[n : n + WEEK] for n in range(0, len(cells), WEEK)]


def days_written(feelings: Iterable[date], today: date) -> int:
    """On how many of the last 7 days, today included, something was written down."""
    return sum(timedelta() <= today - day < timedelta(days=WEEK) for day in set(feelings))


def _day(attempt: Any) -> date:
    return attempt.done_on or timezone.localdate(attempt.created_at)
