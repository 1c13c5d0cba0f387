"""`manage.py restore FILE`: the database as it was in a backup, with the keys of then."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kwetsbaar.backup import CannotDo, bring_back
from kwetsbaar.keys import place


class Command(BaseCommand):
    help = "Put a backup back into an empty database: all of it or nothing. Stop the site first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--keys", type=Path, metavar="FILE", help="people's keys, where the backup was made with --keys"
        )
        parser.add_argument("--replace", action="store_true", help="drop what is in the database now")

    def handle(self, *args: Any, file: Path, keys: Path | None, replace: bool, **options: Any) -> None:
        try:
            bring_back(file, keys, replace=replace)
        except (CannotDo, ImproperlyConfigured, OSError) as error:
            where = place(os.environ, settings.DATA / "keys")
            raise CommandError(f"Nothing was changed: {error} (The keyring is read from {where}.)") from None
        self.stdout.write("Restored, with row security. Everyone has to sign in again: sessions are not in a backup.")
