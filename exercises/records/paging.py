"""Long lists, a page at a time, by the place of the last row shown: nothing is shown twice or left out meanwhile."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

PAGE = 20  # rows
YEARS = range(1900, 2200)  # what a person's calendar can show in any time zone


class Cursor(NamedTuple):
    """A place in a list: the day or moment of a row, and its id where several share it. Its text fits an address."""

    at: date
    id: UUID

    def __str__(self) -> str:
        at = self.at.astimezone(UTC).replace(tzinfo=None) if isinstance(self.at, datetime) else self.at
        return f"{at.isoformat()}~{self.id}"

    @classmethod
    def read(cls, text: str, kind: type[date]) -> "Cursor | None":
        """The place in a text such as `2026-01-02~<uuid>`; None in any other. `kind` is date or datetime."""
        first, _, second = text.partition("~")
        try:
            at, id = kind.fromisoformat(first), UUID(second)
        except ValueError:
            return None
        if isinstance(at, datetime):
            at = at.replace(tzinfo=UTC)
        return cls(at, id) if at.year in YEARS else None


def page(rows: QuerySet, place: Callable[[Any], Any] = attrgetter("cursor")) -> tuple[list[Any], str]:
    """One page of these rows, and the cursor of what is older, or empty text. `place` gives a row's cursor."""
    found = list(rows[: PAGE + 1])
    return found[:PAGE], str(place(found[PAGE - 1])) if len(found) > PAGE else ""
