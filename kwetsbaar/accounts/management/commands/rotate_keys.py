"""`manage.py rotate_keys`: everything that the keyring wraps, under its newest key. As the owner; the site may run."""

import time
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from exercises.records import rotation
from exercises.records.rotation import Tally
from kwetsbaar.accounts import second, sessions

EVERY = 10  # batches between two lines of progress


class Command(BaseCommand):
    help = (
        "Put everything that the keyring wraps under its newest key. First set KWETSBAAR_KEYS to the new key and the"
        " old one, newest first, and restart the site. A run that was ended goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only tell whether an older key is still needed")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if check:
            self._needs_no_older(self._all(write=False))
            return
        began = time.monotonic()
        done = self._all(write=True)
        self.stdout.write(
            f"{done.older} of {done.seen} put under the newest key in {time.monotonic() - began:.0f} s,"
            f" {done.seen - done.older - done.closed} were already."
        )
        self._needs_no_older(self._all(write=False))  # what running workers made with the older key meanwhile

    def _all(self, *, write: bool) -> Tally:
        total = self._count("keys of people", rotation.data_keys(write=write))
        total += self._count("second steps", second.wrapped_secrets(write=write))
        total += self._count("sessions", sessions.wrapped(write=write))
        if not total.closed or not write:
            total += self._count("proof", rotation.proof(write=write))
        return total

    def _count(self, what: str, batches: Iterator[Tally]) -> Tally:
        total = Tally()
        for n, tally in enumerate(batches, 1):
            total += tally
            if n % EVERY == 0:
                self.stdout.write(f"{what}: {total.seen} …")
                self.stdout.flush()
        self.stdout.write(f"{what}: {total.seen}")
        return total

    def _needs_no_older(self, found: Tally) -> None:
        if found.closed:
            raise CommandError(f"{found.closed} do not open with any key given: is one missing in KWETSBAAR_KEYS?")
        if found.older:
            raise CommandError(f"{found.older} still need an older key: keep it, and run rotate_keys (again).")
        self.stdout.write("Nothing needs an older key: it may be removed from KWETSBAAR_KEYS.")
        self.stdout.write("Keep a copy of it for as long as there are backups of before: they open with it alone.")
