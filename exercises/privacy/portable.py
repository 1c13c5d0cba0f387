"""Records as plain values and back: what export, import and bringing along share. The models are found by walking."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, TruncDate

from exercises.records.models import Record

LEFT_OUT = {"user", "deleted_at"}
AT_ONCE = 200  # rows in memory; a journal page can be 50,000 characters


def kinds() -> list[type[Record]]:
    """Every kind of record, each after the kinds that it points at."""
    waiting = Record.kinds()
    found: list[type[Record]] = []
    while waiting:
        ready = [model for model in waiting if not points_at(model) & set(waiting) - {model}]
        found += ready
        waiting = [model for model in waiting if model not in ready]
    return found


def dated() -> list[type[Record]]:
    """The kinds whose rows are about a day."""
    return [model for model in kinds() if model.days]


def day_of(model: type[Record]) -> Any:
    """The day that a row of a dated kind is about, in the current time zone, for a query."""
    fields = [model._meta.get_field(name) for name in model.days]
    days = [TruncDate(f.name) if isinstance(f, models.DateTimeField) else F(f.name) for f in fields]
    return Coalesce(*days, output_field=models.DateField()) if len(days) > 1 else days[0]


def points_at(model: type[Record]) -> set[type[models.Model]]:
    """The kinds of record that this kind names or lists."""
    return {field.related_model for field in named_by(model)} | {kind for f in lists_ids(model) for kind in f.ids_of}


def named_by(model: type[Record]) -> list[Any]:
    """The fields of this kind that name another record."""
    return [field for field in fields_of(model) if field.is_relation]


def lists_ids(model: type[Record]) -> list[Any]:
    """The fields of this kind that list the ids of other records."""
    return [field for field in fields_of(model) if getattr(field, "ids_of", ())]


def fields_of(model: type[Record]) -> list[Any]:
    """What belongs to the person: not whose row it is, not its deletion, not what a kind keeps to itself."""
    left_out = LEFT_OUT | getattr(model, "not_portable", set())
    return [field for field in model._meta.concrete_fields if field.name not in left_out]


def values_of(row: Record) -> dict[str, Any]:
    """A row as Python values by field name: words opened, another record as its id."""
    return {field.name: getattr(row, field.attname) for field in fields_of(type(row))}


def plain(value: Any) -> str:
    """What JSON has no word for, as text: days and ids as usual, moments in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def visible(user: Any, model: type[Record]) -> QuerySet:
    """What a person sees of a kind: neither deleted, nor hanging on something that is."""
    rows: QuerySet = model.objects.filter(user=user)
    return rows.filter(**{f"{path}__deleted_at": None for path in _hangs_on(model)})


def rows_of(user: Any, model: type[Record]) -> Iterator[Record]:
    """All that a person sees of a kind, oldest first, a bit at a time; what names something deleted names nothing."""
    names = [field.name for field in named_by(model)]
    gone = {f"{name}_gone": _gone(model, name) for name in names}
    there = {field.name: _ids(user, field.ids_of) for field in lists_ids(model)}
    for row in visible(user, model).annotate(**gone).order_by("id").iterator(chunk_size=AT_ONCE):
        for name in names:
            if getattr(row, f"{name}_gone"):
                setattr(row, f"{name}_id", None)
        for name, ids in there.items():
            setattr(row, name, [id for id in getattr(row, name) if id in ids])
        yield row


def _ids(user: Any, kinds: Iterable[type[Record]]) -> set[str]:
    """The ids of what is still there of these kinds."""
    return {str(id) for kind in kinds for id in visible(user, kind).values_list("pk", flat=True)}


def _hangs_on(model: Any) -> Iterator[str]:
    """The ways from a kind to what it goes with when that is deleted, such as `dimmer__person`."""
    for field in named_by(model):
        if field.remote_field.on_delete is models.CASCADE:
            yield field.name
            yield from (f"{field.name}__{path}" for path in _hangs_on(field.related_model))


def _gone(model: Any, name: str) -> Q:
    further = (f"{name}__{path}" for path in _hangs_on(model._meta.get_field(name).related_model))
    return reduce(or_, (Q(**{f"{path}__deleted_at__isnull": False}) for path in (name, *further)))


def keep_moments(
    user_id: UUID, model: type[Record], moments: Iterable[tuple[UUID, datetime | None, datetime | None]]
) -> None:
    """Put back when each row, by id, was made and changed: storing it put the present moment there. None stays so."""
    columns = [list(column) for column in zip(*moments, strict=True)] or [[], [], []]
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET created_at = coalesce(moments.made, {table}.created_at),"  # nosec B608  # our own table
            f" updated_at = coalesce(moments.changed, {table}.updated_at) FROM"
            " unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) AS moments (id, made, changed)"
            f" WHERE {table}.id = moments.id AND {table}.user_id = %s",
            [*columns, user_id],
        )
