"""One row of every kind of record, with every sealed field filled; the kinds are found by walking."""

from datetime import date
from typing import Any

from django.db import models

from exercises.privacy.portable import kinds
from exercises.records.models import Record, uuid7
from exercises.records.rotation import sealed_fields
from exercises.records.sealing import SealedJSONField

DAY = date(2026, 1, 2)
SEALED = [(model, field) for model in kinds() for field in sealed_fields(model)]


def words_for(field: Any, word: str) -> Any:
    """`word` as this sealed field would hold it."""
    if not isinstance(field, SealedJSONField):
        return word
    return {word: [word]} if field.get_default() == {} else [word]


def value_for(field: models.Field, made: dict[type[Record], Record]) -> Any:
    """What a plain field needs, where it needs anything."""
    if field.is_relation:
        return made.get(field.related_model)
    return {"DateField": DAY, "UUIDField": uuid7(), "CharField": "dimmer"}[field.get_internal_type()]


def one_of_each(user: Any, word: str) -> dict[type[Record], Record]:
    """As the person, inside `acting_as`; each kind after the kinds that it names."""
    made: dict[type[Record], Record] = {}
    for model in kinds():
        given: dict[str, Any] = {field.name: words_for(field, word) for field in sealed_fields(model)}
        for field in model._meta.concrete_fields:
            needed = not (field.null or field.has_default() or field.blank) or field.is_relation
            if needed and field.name not in given and field.name != "user" and field.editable:
                given[field.name] = value_for(field, made)
        made[model] = model(user=user, **given)
        made[model].save(force_insert=True)
    return made


def raw(row: Any, column: str, connection: Any) -> bytes | None:
    """The bytes as they stand in the table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {row._meta.db_table} WHERE id = %s", [row.pk])
        (found,) = cursor.fetchone()
    return None if found is None else bytes(found)


def put(row: Any, column: str, stored: bytes, connection: Any) -> None:
    """Put bytes there behind the seal."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {column} = %s WHERE id = %s", [stored, row.pk])
