"""`manage.py seed_load`: many people who never were, to measure with. Only where no one else is."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from os import cpu_count
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from exercises.management.seeding import NAME, Plan, bundles, plans, store
from exercises.records.models import Owned

EVERY = 5  # seconds between two lines of progress, where there is no terminal


class Command(BaseCommand):
    help = (
        "Put in many people who never were, with rows of every kind, really sealed: to measure with, on a database that"
        " holds no one else. Told to do so again it adds others. Prints, for each --one-with, how many rows and whose."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        whole: dict[str, Any] = {"type": int, "default": 0}
        parser.add_argument("--people", **whole, help="so many; most stay some days, a few for years")
        parser.add_argument("--rows", **whole, help="as many people as it takes for so many rows in all")
        again = "one with exactly so many rows; can be given several times"
        parser.add_argument("--one-with", type=int, action="append", default=[], help=again)
        parser.add_argument("--years", type=float, default=3, help="since so many years ago (3)")
        parser.add_argument("--seed", type=int, default=1, help="the same number makes the same people (1)")
        parser.add_argument("--processes", type=int, default=cpu_count() or 1, help="to seal with (one a core)")
        parser.add_argument("--yes", action="store_true", help="also where real people are")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["people"] or options["rows"] or options["one_with"]):
            raise CommandError("How many? Give --people, --rows or --one-with.")
        _refuse_beside_real_people(options["yes"])
        now, seeded = timezone.now(), _seeded().count()
        wanted = {"people": options["people"], "rows": options["rows"], "ones": options["one_with"]}
        planned = plans(options["seed"], seeded, now, options["years"], **wanted)
        whose = self._store(planned, now, options["processes"])
        _settle()
        for rows, user_id in zip(options["one_with"], whose[len(planned) - len(options["one_with"]) :], strict=True):
            self.stdout.write(f"{rows} {user_id}")

    def _store(self, planned: list[Plan], now: datetime, processes: int) -> list[UUID]:
        """All of them, with a line of progress; their ids, in this order."""
        whose: list[UUID] = []
        rows, total, began, told = 0, sum(plan.rows for plan in planned), time.monotonic(), 0.0
        live = sys.stderr.isatty()
        for stored, ids in _stored(list(bundles(planned)), now, processes):
            rows += stored
            whose += ids
            took = time.monotonic() - began
            if rows == total or live or took - told > EVERY:
                told = took
                end = "\r" if live and rows < total else "\n"
                self.stderr.write(f"{rows:,} of {total:,} rows, {rows / took:,.0f} a second", str, end)
        return whose


def _seeded() -> Any:
    return get_user_model()._default_manager.using("owner").filter(username__startswith=NAME)


def _refuse_beside_real_people(anyway: bool) -> None:
    if settings.PRODUCTION:
        raise CommandError("This site is in production (KWETSBAAR_URL is https): nobody is made up here.")
    everyone = get_user_model()._default_manager.using("owner")
    if not anyway and everyone.exclude(pk__in=_seeded().values("pk")).exists():
        raise CommandError("Real people are here: use another KWETSBAAR_DATA, or say --yes.")


def _stored(work: list[list[Plan]], now: datetime, processes: int) -> Iterator[tuple[int, list[UUID]]]:
    """What `store` tells of each bundle, in their order."""
    moments = [now] * len(work)
    if min(processes, len(work)) < 2:
        yield from map(store, work, moments)
        return
    connections.close_all()  # no child may use the connection of this process
    with ProcessPoolExecutor(processes, get_context("fork")) as pool:
        yield from pool.map(store, work, moments)


def _settle() -> None:
    """The planner knows what is there now, and no clean-up begins in the middle of what is measured."""
    connection = connections["owner"]
    tables = [model._meta.db_table for model in [get_user_model(), *Owned.every()]]
    names = ", ".join(map(connection.ops.quote_name, tables))
    with connection.cursor() as cursor:
        cursor.execute(f"{'' if connection.in_atomic_block else 'VACUUM '}ANALYZE {names}")
