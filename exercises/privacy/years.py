"""A year taken away, and put back within the day. What is about no day stays."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import ExtractYear

from exercises.privacy.portable import dated, day_of, kinds, visible
from exercises.records.models import UNDO_FOR, Record

Counts = dict[type[Record], int]


def years(user: Any) -> dict[int, Counts]:
    """How many rows of each kind there are of each year, the newest year first."""
    found: dict[int, Counts] = defaultdict(dict)
    for model in dated():
        counted = _by_year(user, model).order_by("year").values_list("year").annotate(rows=Count("pk"))
        for year, rows in counted:
            found[year][model] = rows
    return dict(sorted(found.items(), reverse=True))


def discard_year(user: Any, year: int, now: datetime) -> None:
    """Hide all that is about a day of this year, at one moment."""
    for model in dated():
        for row in _by_year(user, model).filter(year=year).select_for_update(of=("self",)):
            row.discard(now)


def hidden(user: Any, moment: datetime, now: datetime) -> Counts:
    """How many rows of each kind were hidden at this moment, if they can still come back."""
    if moment < now - UNDO_FOR:
        return {}
    counts = {model: _hidden(user, model, moment).count() for model in kinds()}
    return {model: count for model, count in counts.items() if count}


def restore(user: Any, moment: datetime) -> int:
    """Bring back all that was hidden at this moment; how many could not, since something new has taken the place."""
    return sum(_restored(_hidden(user, model, moment)) for model in kinds())


def _by_year(user: Any, model: type[Record]) -> QuerySet:
    return visible(user, model).annotate(year=ExtractYear(day_of(model)))


def _hidden(user: Any, model: type[Record], moment: datetime) -> QuerySet:
    return model.with_deleted.filter(user=user, deleted_at=moment)


def _restored(rows: QuerySet) -> int:
    if _shown(rows):
        return 0
    one_by_one = [rows.filter(pk=pk) for pk in rows.values_list("pk", flat=True)]
    return sum(not _shown(row) for row in one_by_one)


def _shown(rows: QuerySet) -> bool:
    try:
        with transaction.atomic():
            rows.update(deleted_at=None)
    except IntegrityError:
        return False
    return True
