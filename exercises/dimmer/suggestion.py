"""Which exercise is suggested, and why: from three small answers and what was done already. Pure: knows no person."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Exercise(Protocol):
    """What is asked of an exercise here."""

    @property
    def minutes(self) -> int: ...
    @property
    def situations(self) -> tuple[str, ...]: ...
    @property
    def relations(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Suggestion:
    """An exercise, and the keys of the reasons: with, situation, minutes, and new (not done yet) or again."""

    slug: str
    reasons: tuple[str, ...]


def suggest(
    exercises: Iterable[tuple[str, Exercise]], answers: Mapping[str, Any], done: Collection[str]
) -> Suggestion | None:
    """The best of `exercises` (slug and exercise, in the order of the course); None where there are none.

    What is not in `done` goes first; then what fits most of the answers (with, situation, minutes; each may be left
    out); then the order of the course.
    """
    choices = [
        Suggestion(slug, (*fits(exercise, answers), "again" if slug in done else "new")) for slug, exercise in exercises
    ]
    return min(choices, key=lambda choice: ("again" in choice.reasons, -len(choice.reasons)), default=None)


def fits(exercise: Exercise, answers: Mapping[str, Any]) -> list[str]:
    """The keys of the answers that this exercise fits."""
    checks = {
        "with": answers.get("with") in exercise.relations,
        "situation": answers.get("situation") in exercise.situations,
        "minutes": exercise.minutes <= (answers.get("minutes") or 0),
    }
    return [key for key, holds in checks.items() if holds]
