"""A step as sums and charts read it."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps


class Figures(NamedTuple):
    """What sums and charts need of a step: thousands of these are read at once. `expects`: whether something was."""

    pk: UUID
    user_id: UUID
    dimmer_id: UUID | None
    level: int
    chance: int | None
    fear_expected: int | None
    fear_peak: int | None
    fear_after: int | None
    leave_out: str
    done: str
    came_true: str
    bore_it: str
    habits: list[str]
    signs: list[str]
    sealed: Any
    day: date
    expects: bool

    @property
    def reaction(self) -> str:
        field: Any = apps.get_model("exercises", "Attempt")._meta.get_field("reaction")
        return field.opened(self, self.sealed) if self.sealed else ""
