"""Splitting the database by person, on a server with Citus: which statements that takes, from what there is.

Every personal table is spread by `user_id`, all alike, so that all of one person stands in one place. A row is then
known by person and id together, and so are the relations between a person's rows. Sessions are spread by their key.
What else hangs together with users is copied to every place. What is left stays on the coordinator: docs/scaling.md.

Each statement runs by itself, outside a transaction, since Citus passes on one at a time. What is done is not done
again: a run that ended halfway is simply started again, and so is one after a later `migrate`.
"""

from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from exercises.records.models import Owned
from exercises.records.rowsecurity import protection

PERSON = "user_id"
SHARDS = 32  # into how many parts: more than there will be servers
EXTENSION = "CREATE EXTENSION citus"
ROLE = """SELECT nodename, success, result FROM run_command_on_workers($cmd$DO $do$ BEGIN
  PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN CREATE ROLE "{name}" LOGIN; END IF;
END $do$$cmd$)"""
CONSTRAINTS = """
SELECT c.contype::text, t.relname, c.conname, coalesce(r.relname, ''),
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (n, place)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY place),
       ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (n, place)
             JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY place)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid LEFT JOIN pg_class r ON r.oid = c.confrelid
WHERE c.contype IN ('p', 'f') AND c.connamespace = current_schema()::regnamespace"""
SPREAD = """
SELECT c.relname, pg_relation_size(c.oid) > 0 FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
WHERE p.partmethod = 'h' OR p.repmodel = 't'"""


class Key(NamedTuple):
    """A primary key; or a relation to another table, with that table's columns."""

    name: str
    columns: tuple[str, ...]
    to: str = ""
    there: tuple[str, ...] = ()


class Table(NamedTuple):
    """As it has to be: the column by which it is spread, or empty where it is copied to every place."""

    name: str
    by: str
    primary: tuple[str, ...]
    relations: list[Key]


class Found(NamedTuple):
    """As it is: keys by table, relations by table; which tables Citus has, and which of them left rows behind."""

    has_citus: bool
    primary: dict[str, Key]
    relations: dict[str, list[Key]]
    spread: dict[str, bool]


def look(connection: BaseDatabaseWrapper) -> Found:
    """What there is, on any server."""
    primary: dict[str, Key] = {}
    relations: dict[str, list[Key]] = {}
    with connection.cursor() as cursor:
        cursor.execute(CONSTRAINTS)
        for kind, table, name, to, columns, there in cursor.fetchall():
            key = Key(name, tuple(columns), to, tuple(there))
            if kind == "p":
                primary[table] = key
            else:
                relations.setdefault(table, []).append(key)
        cursor.execute("SELECT to_regclass('pg_dist_partition') IS NOT NULL")
        (has_citus,) = cursor.fetchone()
        cursor.execute(SPREAD if has_citus else "SELECT WHERE false")
        spread = cursor.fetchall()
    return Found(has_citus, primary, relations, dict(spread))


def tables(connection: BaseDatabaseWrapper) -> list[Table]:
    """All that is spread or copied, each after what it points at."""
    session = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
    key = session._meta.pk.column
    near = sorted(_tied_to(get_user_model()), key=lambda model: model._meta.db_table)
    order = TopologicalSorter({model: [to for to in near if to in _pointed_at(model) - {model}] for model in near})
    return [_table(model, key if model is session else "", connection) for model in order.static_order()]


def _tied_to(model: Any) -> set[Any]:
    """This and every other that a chain of relations leads to, in either direction."""
    every = [each for each in apps.get_models(include_auto_created=True) if each._meta.managed and not each._meta.proxy]
    near, before = {model}, set[Any]()
    while near != before:
        before = set(near)
        near |= {each for each in every if _pointed_at(each) & near}
        near |= {pointed for each in near for pointed in _pointed_at(each)}
    return near


def _pointed_at(model: Any) -> set[Any]:
    return {field.related_model for field in _named(model)}


def _named(model: Any) -> list[Any]:
    return [field for field in model._meta.local_concrete_fields if isinstance(field, models.ForeignKey)]


def _table(model: Any, key: str, connection: BaseDatabaseWrapper) -> Table:
    personal, column = issubclass(model, Owned), model._meta.pk.column
    primary = (PERSON, column) if personal and column != PERSON else (column,)
    relations = [_relation(model, field, connection) for field in _named(model)]
    return Table(model._meta.db_table, PERSON if personal else key, primary, relations)


def _relation(model: Any, field: Any, connection: BaseDatabaseWrapper) -> Key:
    """Under Django's own name. Between two rows of one person it names that person."""
    to, target = field.related_model._meta.db_table, field.target_field.column
    editor: Any = connection.schema_editor()
    name = editor._fk_constraint_name(model, field, "_fk_%(to_table)s_%(to_column)s")
    both = (PERSON,) if issubclass(model, Owned) and issubclass(field.related_model, Owned) else ()
    return Key(str(name).strip('"'), (*both, field.column), to, (*both, target))


def plan(found: Found, wanted: list[Table], database: str, roles: Iterable[str], shards: int = SHARDS) -> Iterator[str]:
    """The statements in order: relations off, keys changed, tables spread, relations on, policies and rights."""
    if not found.has_citus:
        yield EXTENSION
    yield "SET citus.multi_shard_modify_mode TO 'parallel'"  # only so can rows that are there be spread
    for role in roles:
        yield ROLE.format(name=role)
    yield f"ALTER DATABASE \"{database}\" SET citus.propagate_set_commands TO 'local'"
    yield f"ALTER DATABASE \"{database}\" SET citus.multi_shard_modify_mode TO 'sequential'"
    off, on = _relations(found, wanted, {table.name for table in wanted} - found.spread.keys())
    yield from off
    yield from _keys(found, wanted)
    yield from _spread(found, wanted, shards)
    yield from on
    yield "BEGIN"
    yield from protection()
    yield "COMMIT"


def change_keys(using: str, **kwargs: object) -> None:
    """After every migrate, as the owner: these keys and relations on a server alone too. What is right is not touched.

    The database itself then refuses a row that names someone else's, and a deletion looks for what hangs on it by
    person: by the id alone it would read whole tables. With Citus `distribute` does this, a statement at a time.
    """
    connection = connections[using]
    found, wanted = look(connection), tables(connection)
    if found.has_citus:
        return
    off, on = _relations(found, wanted, set())
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in (*off, *_keys(found, wanted), *on):
            cursor.execute(statement)


def _relations(found: Found, wanted: list[Table], moving: set[str]) -> tuple[list[str], list[str]]:
    """What takes off each relation that is not as it has to be, or of a table that moves; and what puts it on."""
    off, on = [], []
    for table in wanted:
        there = {key.columns[-1]: key for key in found.relations.get(table.name, [])}
        for key in table.relations:
            old = there.get(key.columns[-1])
            if old == key and not {table.name, key.to} & moving:
                continue
            if old:
                off.append(f'ALTER TABLE "{table.name}" DROP CONSTRAINT "{old.name}"')
            on.append(
                f'ALTER TABLE "{table.name}" ADD CONSTRAINT "{key.name}" FOREIGN KEY ({_list(key.columns)})'
                f' REFERENCES "{key.to}" ({_list(key.there)}) DEFERRABLE INITIALLY DEFERRED'
            )
    return off, on


def _keys(found: Found, wanted: list[Table]) -> Iterator[str]:
    for table in wanted:
        name, columns = found.primary[table.name][:2]
        if columns != table.primary:
            key = f'ADD CONSTRAINT "{name}" PRIMARY KEY ({_list(table.primary)})'
            yield f'ALTER TABLE "{table.name}" DROP CONSTRAINT "{name}", {key}'


def _spread(found: Found, wanted: list[Table], shards: int) -> Iterator[str]:
    """Personal tables all stand with the first of them. What stood on the coordinator before is emptied there."""
    first = next((table.name for table in wanted if table.by == PERSON and table.name in found.spread), "")
    for table in wanted:
        if table.name not in found.spread:
            place = f"colocate_with => '{first}'" if table.by == PERSON and first else ""
            place = place or f"colocate_with => 'none', shard_count => {shards}"
            spread = f"SELECT create_distributed_table('{table.name}', '{table.by}', {place})"
            yield spread if table.by else f"SELECT create_reference_table('{table.name}')"
            first = first or (table.name if table.by == PERSON else "")
        if found.spread.get(table.name, True):
            yield f"SELECT truncate_local_data_after_distributing_table('{table.name}')"


def _list(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
