"""What is offered next on a dimmer: the advice on its steps, the levels to choose from, and what holds them back."""

from dataclasses import dataclass
from datetime import date
from types import NoneType
from typing import Any

from django.utils import timezone

from exercises.dimmer import advice
from exercises.dimmer.advice import Advice
from exercises.dimmer.habits import HABITS
from exercises.dimmer.models import Attempt, Dimmer

NOT_SAFE = "not_safe_on"  # in the session: the day on which this was said, ISO 8601
SUGGESTING = [rule for rule in advice.CODES if rule not in ("S0", "S1")]  # with those no step is suggested
ALWAYS = {"level", "times", "came_true", "ceiling"}  # facts that every rule but A0 has
NOT_BRIGHTER = {"N1", "N2", "O0", "O1", "O2"}  # it did not happen, or it was too much


@dataclass(frozen=True)
class NextStep:
    """`levels`: lower, the same, higher, each once; none where no step is suggested. `last` is the newest step.

    `tomorrow` is the higher level where something was raised today already: rather another day.
    """

    advice: Advice
    dimmer: Dimmer
    last: Attempt | None
    levels: tuple[int, ...] = ()
    tomorrow: int | None = None

    def is_higher(self, level: int) -> bool:
        """Whether this level is above that of the newest step."""
        return self.last is not None and level > self.last.level

    @property
    def reason(self) -> dict[str, Any]:
        """What the sentence of the rule names (templates/dimmer/reason.html): figures, and the person's own words."""
        words = {"expectation": self.last.expectation, "habits": self.last.habits} if self.last else {}
        return reason(self.advice.rule, self.advice.facts, self.advice.level, **words)

    def record(self) -> dict[str, Any] | None:
        """What is stored with the step that is planned now: figures and codes, no words.

        Nothing where no step was suggested: why not, says something about the person or about now.
        """
        if self.advice.level is None:
            return None
        return {
            "move": self.advice.move,
            "level": self.advice.level,
            "rule": self.advice.rule,
            "facts": self.advice.facts,
            "from": self.last.level if self.last else None,
        }


def reason(
    rule: str, facts: dict[str, int], level: int | None, expectation: str = "", habits: Any = ()
) -> dict[str, Any]:
    """A rule with all that its sentence names; `level` is the one that was advised."""
    named = [HABITS[key] for key in habits if key in HABITS]
    intense = facts.get("peak", 0) > advice.CLEAN_PEAK and "borne" in facts
    return {
        "rule": rule,
        "expectation": expectation.strip().rstrip("."),
        "habits": named,
        "to": level,
        "first": advice.FIRST,
        "intense": intense,
    } | facts


def is_reason(stored: Any) -> bool:
    """Whether this is what `record` makes, so that it can be shown; a download may hold anything."""
    if not isinstance(stored, dict) or stored.get("rule") not in SUGGESTING:
        return False
    facts, levels = stored.get("facts"), [stored.get(name) for name in ("level", "from", "chosen")]
    if not isinstance(facts, dict) or not all(type(figure) is int for figure in facts.values()):
        return False
    complete = stored["rule"] == "A0" or facts.keys() >= ALWAYS
    return complete and all(type(level) in (int, NoneType) for level in levels)


def is_unsafe(session: Any, today: date) -> bool:
    """Whether this person said today, in this session, that they are not safe."""
    return session.get(NOT_SAFE) == today.isoformat()


def next_step(user: Any, dimmer: Dimmer, today: date, *, unsafe_now: bool = False) -> NextStep:
    """What is offered to this person now, on one dimmer with its person at hand; two queries."""
    steps = list(user.attempts.filter(dimmer=dimmer).advised_on(dimmer.person.resumed_at))
    found = advice.suggest(
        [Figures(step) for step in steps],
        ceiling=dimmer.ceiling,
        today=today,
        person_stopped=dimmer.person.paused_at is not None,
        unsafe_now=unsafe_now,
    )
    last = steps[-1] if steps else None
    if found.move == "pause":  # one that nobody noted yet, from a download of before
        dimmer.person.pause(timezone.now())
    if found.level is None:
        return NextStep(found, dimmer, last)
    lower, same, higher = advice.options(last.level if last else advice.FIRST, dimmer.ceiling)
    if last is None or found.rule in NOT_BRIGHTER:
        higher = same
    tomorrow = higher if higher > same and user.attempts.raised_on(today) else None
    levels = {min(lower, found.level), same, same if tomorrow else higher}
    return NextStep(found, dimmer, last, tuple(sorted(levels)), tomorrow)


class Figures:
    """A step as the advice reads it: empty answers are not known."""

    def __init__(self, step: Attempt) -> None:
        self.level, self.day = step.level, step.done_on
        self.done, self.came_true, self.bore_it = step.done or None, step.came_true or None, step.bore_it or None
        self.fear_expected, self.fear_peak, self.fear_after = step.fear_expected, step.fear_peak, step.fear_after
        self.chance, self.chance_next = step.chance, step.chance_next
        self.habits, self.too_much = len(step.habits), step.too_much
        self.reaction = step.reaction or None
