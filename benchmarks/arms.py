"""The site as it is, without row security, and without sealing; imported once Django is set up."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest.mock import patch

import psycopg
from django.contrib.auth import get_user_model
from django.db import connections
from psycopg import sql

from exercises.records import rowsecurity
from exercises.records.models import Owned
from exercises.records.rotation import sealed_fields
from exercises.records.rowsecurity import acting_as
from exercises.records.sealing import Sealed, SealedTextField

Arm = Callable[[], AbstractContextManager]


def make() -> list[Arm]:
    """The three arms, each with a copy of the database; as long as one lasts, the site uses that copy."""
    user = get_user_model().objects.get()
    connections.close_all()
    copies = [copy_of(name) for name in ("bare", "readable")]
    as_it_is = connections["default"]
    bare, readable = (as_it_is.copy("default") for _ in copies)
    for connection, name in zip((bare, readable), copies, strict=True):
        connection.settings_dict = as_it_is.settings_dict | {"NAME": name}
    without_policies("bare")
    store_readable(readable, user)

    @contextmanager
    def whole() -> Iterator[None]:
        with using(as_it_is):
            yield

    @contextmanager
    def without_row_security() -> Iterator[None]:
        with using(bare), patch.object(rowsecurity, "set_user", lambda user_id: None):
            yield

    @contextmanager
    def without_sealing() -> Iterator[None]:
        with using(readable), nothing_sealed():
            yield

    return [whole, without_row_security, without_sealing]


@contextmanager
def using(connection: object) -> Iterator[None]:
    """The app's connection is this one."""
    before = connections["default"]
    connections["default"] = connection
    try:
        yield
    finally:
        connections["default"] = before


@contextmanager
def nothing_sealed() -> Iterator[None]:
    """Fields store and read what was written as it is, and no key is looked up."""

    def pre_save(field: SealedTextField, row: object, add: bool) -> Sealed | None:
        value = row.__dict__[field.attname]
        return Sealed(field.write(value).encode()) if value else None

    def read(field: SealedTextField, row: object, value: Sealed) -> object:
        return field.read(bytes(value).decode())

    with patch.object(SealedTextField, "pre_save", pre_save), patch.object(SealedTextField, "opened", read):
        yield


def owner(database: str) -> psycopg.Connection:
    """Into that database, as the owner of everything."""
    place = connections["owner"].get_connection_params()
    return psycopg.connect(host=place["host"], port=place["port"], user="owner", dbname=database, autocommit=True)


def copy_of(name: str) -> str:
    """A copy of the whole database."""
    with owner("postgres") as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE app").format(sql.Identifier(name)))
    return name


def without_policies(database: str) -> None:
    with owner(database) as connection:
        for model in Owned.every():
            table = sql.Identifier(model._meta.db_table)
            connection.execute(sql.SQL("DROP POLICY own_rows ON {}").format(table))
            connection.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(table))


def store_readable(connection: object, user: object) -> None:
    """Every text of this copy as it was written."""
    with using(connection), acting_as(user.pk):
        for model in filter(sealed_fields, Owned.every()):
            names = [field.name for field in sealed_fields(model)]
            for row in model._base_manager.filter(user_id=user.pk):
                _ = [getattr(row, name) for name in names]
                with nothing_sealed():
                    row.save(update_fields=names)
