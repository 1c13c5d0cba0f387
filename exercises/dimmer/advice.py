"""Which step could be next, of one person × one topic: rules tried in order, the first that fits wins.

The rules are those of practice.md 1.5. A raise follows learning (a prediction that failed, a low new chance) and not
calm. Pure and deterministic: figures in, figures out. Imports nothing of Django or of the project; the sentences stand
in templates/dimmer/reason.html. The constants are choices of design, shown on the page 'How does the advice work?'.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

STEP = 10  # one notch of the dimmer; levels are 0–100
FIRST = 10  # where one begins, and the lowest level that is advised: at 0 one only looks
CEILING = 60  # enough, until someone says otherwise; 100 is not a goal
MANY_HABITS = 2  # so many habits in one step: it was edited
HIGH_PEAK, HIGH_AFTER = 9, 8  # tension, 0–10: so high, and still so high afterwards, was too much
CLEAN_PEAK = 8  # above this a step was very intense, even where it could be borne
EASY_PEAK = 3  # at most so tense: one clean step is enough for the next
LOW_CHANCE = 20  # per cent: expected so little next time, one clean step is enough for the next
IN_A_ROW = 2  # clean steps at one level that are enough in any case
LONG_AGO = 21  # days
CODES = ("S0", "S1", "A0", "N1", "N2", "O0", "O1", "O2", "G1", "C1", "C2", "B1", "B2", "H1", "V1", "R1", "H2")
LOOK_BACK, OFTEN = 3, 2  # `OFTEN` of the last `LOOK_BACK` steps


class Attempt(Protocol):
    """One step that was answered. What is not known is None, and never raises a level."""

    level: int  # 10–100
    day: date | None
    done: str | None  # full, part, no
    fear_expected: int | None  # 0–10, as the other two
    fear_peak: int | None
    fear_after: int | None
    chance: int | None  # per cent
    came_true: str | None  # no, part, yes
    bore_it: str | None  # yes, hard, no
    habits: int | None  # how many
    reaction: str | None  # ok, cold, punish, unknown
    too_much: bool | None
    chance_next: int | None  # per cent


@dataclass(frozen=True)
class Advice:
    """`move`: start, raise, repeat, lower, vary, pause or help. `level` 10–100; None where no step is suggested.

    `rule` is the code of practice.md 1.5, `facts` the figures that its sentence names.
    """

    move: str
    level: int | None
    rule: str
    facts: dict[str, int] = field(default_factory=dict)


def suggest(
    attempts: Sequence[Any],
    *,
    ceiling: int = CEILING,
    today: date,
    person_stopped: bool = False,
    unsafe_now: bool = False,
) -> Advice:
    """The advice after these attempts of one person × one topic, the oldest first."""
    if unsafe_now:
        return Advice("help", None, "S0")
    if person_stopped or any(each.reaction == "punish" for each in attempts):
        return Advice("pause", None, "S1")
    if not attempts:
        return Advice("start", FIRST, "A0")
    facts = _facts(attempts, ceiling, today)
    for rule in RULES:
        advice = rule(attempts, ceiling, today)
        if advice:
            move, level, code = advice
            return Advice(move, level, code, facts)
    return Advice("repeat", attempts[-1].level, "H2", facts)


def options(level: int, ceiling: int = CEILING) -> list[int]:
    """The levels one step lower, the same, and one step higher; from 0 to the ceiling, or to where one already is."""
    return [max(level - STEP, 0), level, max(level, min(level + STEP, ceiling))]


def was_done(attempt: Attempt) -> bool:
    return attempt.done != "no"


def is_overload(attempt: Attempt) -> bool:
    """Too much in one go."""
    peak, after = attempt.fear_peak, attempt.fear_after
    stayed_high = peak is not None and after is not None and peak >= HIGH_PEAK and after >= HIGH_AFTER
    return was_done(attempt) and (bool(attempt.too_much) or attempt.bore_it == "no" or stayed_high)


def is_edited(attempt: Attempt) -> bool:
    """Part of it was kept back, or covered by habits."""
    return was_done(attempt) and (attempt.done == "part" or (attempt.habits or 0) >= MANY_HABITS)


def is_clean(attempt: Attempt) -> bool:
    """Wholly said, borne, and not what was feared; all of that known."""
    return (
        attempt.done == "full"
        and attempt.bore_it in ("yes", "hard")
        and attempt.came_true in ("no", "part")
        and attempt.habits is not None
        and not is_edited(attempt)
        and attempt.fear_peak is not None
        and attempt.fear_peak <= CLEAN_PEAK
        and attempt.too_much is False
    )


Found = tuple[str, int, str] | None  # move, level, rule


def _not_done(attempts: Sequence[Attempt], ceiling: int, today: date) -> Found:
    if was_done(attempts[-1]):
        return None
    if len(attempts) > 1 and not was_done(attempts[-2]):
        return _lower(attempts[-1].level, STEP, "N2")
    return "repeat", attempts[-1].level, "N1"


def _overload(attempts: Sequence[Attempt], ceiling: int, today: date) -> Found:
    if not is_overload(attempts[-1]):
        return None
    level = attempts[-1].level
    if level <= FIRST:
        return "repeat", level, "O0"
    often = sum(map(is_overload, attempts[-LOOK_BACK:])) >= OFTEN
    return _lower(level, 2 * STEP, "O2") if often else _lower(level, STEP, "O1")


def _gap(attempts: Sequence[Attempt], ceiling: int, today: date) -> Found:
    days = _days_since(attempts[-1], today)
    return ("repeat", attempts[-1].level, "G1") if days is None or days > LONG_AGO else None


def _came_true(attempts: Sequence[Attempt], ceiling: int, today: date) -> Found:
    if attempts[-1].came_true != "yes":
        return None
    done = [each for each in attempts if was_done(each)]
    often = sum(each.came_true == "yes" for each in done[-LOOK_BACK:]) >= OFTEN
    return _lower(attempts[-1].level, STEP, "C2") if often else ("repeat", attempts[-1].level, "C1")


def _edited(attempts: Sequence[Attempt], ceiling: int, today: date) -> Found:
    last = attempts[-1]
    if not is_edited(last):
        return None
    again = len(attempts) > 1 and is_edited(attempts[-2]) and attempts[-2].level == last.level
    return _lower(last.level, STEP, "B2") if again else ("repeat", last.level, "B1")


def _held(attempts: Sequence[Attempt], ceiling: int, today: date) -> Found:
    return None if is_clean(attempts[-1]) else ("repeat", attempts[-1].level, "H1")


def _enough(attempts: Sequence[Attempt], ceiling: int, today: date) -> Found:
    return ("vary", ceiling, "V1") if attempts[-1].level >= ceiling else None


def _raise(attempts: Sequence[Attempt], ceiling: int, today: date) -> Found:
    """The last one is clean here: `_held` saw to it."""
    last, higher = attempts[-1], attempts[-1].level + STEP
    row = attempts[-IN_A_ROW:]
    learned = len(row) == IN_A_ROW and all(is_clean(each) and each.level == last.level for each in row)
    easy = last.fear_peak is not None and last.fear_peak <= EASY_PEAK
    unlikely = last.chance_next is not None and last.chance_next <= LOW_CHANCE
    return ("raise", higher, "R1") if (learned or easy or unlikely) and higher <= ceiling else None


RULES: tuple[Callable[[Sequence[Attempt], int, date], Found], ...] = (
    _not_done, _overload, _gap, _came_true, _edited, _held, _enough, _raise,
)  # fmt: skip


def _lower(level: int, by: int, rule: str) -> Found:
    """Not below where one begins; who stands there already stays."""
    lower = max(level - by, FIRST)
    return ("lower", lower, rule) if lower < level else ("repeat", level, rule)


def _days_since(attempt: Attempt, today: date) -> int | None:
    return None if attempt.day is None else (today - attempt.day).days


def _facts(attempts: Sequence[Attempt], ceiling: int, today: date) -> dict[str, int]:
    """Level, how often it was done there and came true there, and the last step's own figures where they are known."""
    last = attempts[-1]
    here = [each for each in attempts if each.level == last.level and was_done(each)]
    facts = {
        "level": last.level,
        "times": len(here),
        "came_true": sum(each.came_true == "yes" for each in here),
        "partly": sum(each.came_true == "part" for each in here),
        "ceiling": ceiling,
        "chance": last.chance,
        "chance_next": last.chance_next,
        "peak": last.fear_peak,
        "after": last.fear_after,
        "days": _days_since(last, today),
        "borne": 1 if last.bore_it in ("yes", "hard") else None,
    }
    return {name: value for name, value in facts.items() if value is not None}
