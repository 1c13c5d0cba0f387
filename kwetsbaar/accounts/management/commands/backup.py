"""`manage.py backup FILE`: the whole database in one file, without the keyring and without sessions."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kwetsbaar.backup import CannotDo, back_up
from kwetsbaar.keys import place


class Command(BaseCommand):
    help = "Copy the whole database to a file, also while the site runs. The keyring is not in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--keys", type=Path, metavar="FILE", help="people's wrapped keys go there, not into the first"
        )

    def handle(self, *args: Any, file: Path, keys: Path | None, **options: Any) -> None:
        try:
            size = back_up(file, keys)
        except (CannotDo, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{file}: {size:,} bytes. Not in it: sessions, and the keys, without which nobody can read it."
            + (f"\nThe keys of people are in {keys}: keep the newest alone, in another place." if keys else "")
            + f"\nKeep a copy of {place(os.environ, settings.DATA / 'keys')} too, in another place than this file."
            "\nRemove backups after 30 days: the privacy statement says so."
        )
