"""`manage.py distribute`: split the database by person over several servers, on PostgreSQL with Citus. As the owner."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connections

from exercises.records.distribution import EXTENSION, SHARDS, look, plan, tables

OWNER = "owner"
OLDEST = 12  # of Citus: before, a table that counts its rows in plain integers could not be copied to every server
VERSION = (
    "SELECT coalesce(max(installed_version), max(default_version)) FROM pg_available_extensions WHERE name = 'citus'"
)


class Command(BaseCommand):
    help = (
        "Split the database by person over several servers, on PostgreSQL with Citus. Stop the site first. Run it again"
        " after a later migrate, or where it ended halfway: it does what is missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sql", "--dry-run", action="store_true", help="only print what would run, on any server")
        parser.add_argument(
            "--shards", type=int, default=SHARDS, help=f"into how many parts ({SHARDS}); the first time"
        )

    def handle(self, *args: Any, sql: bool, shards: int, **options: Any) -> None:
        connection = connections[OWNER]
        if not sql:
            self._check()
        database, owner = connection.settings_dict["NAME"], connection.settings_dict["USER"]
        roles = dict.fromkeys([owner, settings.DATABASES["default"]["USER"]])
        statements = list(plan(look(connection), tables(connection), database, roles, shards))
        for statement in statements:
            self.stdout.write(f"{statement};")
            if not sql:
                self._run(statement)
        if not sql:
            self.stdout.write(
                "Distributed. Start all processes of the site again: settings of the database have changed."
            )

    def _check(self) -> None:
        with connections[OWNER].cursor() as cursor:
            cursor.execute(VERSION)
            (version,) = cursor.fetchone()
        if version is None:
            raise CommandError("This PostgreSQL has no Citus extension, so nothing was changed. See docs/scaling.md.")
        if int(version.split(".")[0]) < OLDEST:
            raise CommandError(f"Citus {version} is too old: it takes {OLDEST} or later. Nothing was changed.")

    def _run(self, statement: str) -> None:
        try:
            with connections[OWNER].cursor() as cursor:
                cursor.execute(statement)
                rows = cursor.fetchall() if statement.startswith("SELECT nodename") else []
        except Error as error:
            hint = (
                " A superuser may run it: CREATE EXTENSION citus, here and on each worker."
                if statement == EXTENSION
                else ""
            )
            raise CommandError(f"{error}{hint} What was done so far stays; run it again to go on.") from None
        for node, success, result in rows:
            if not success:
                raise CommandError(f"{node}: {result} (A superuser may make the role there.) Run it again to go on.")
