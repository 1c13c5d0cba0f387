"""`manage.py backup FILE`: the whole database in one file, without the keys and without sessions."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kwetsbaar import keys
from kwetsbaar.backup import CannotDo, back_up


class Command(BaseCommand):
    help = "Copy the whole database to a file, also while the site runs. The keys are not in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            size = back_up(file)
        except (CannotDo, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{file}: {size:,} bytes. Not in it: sessions, and the keys, without which nobody can read it."
            f"\nKeep a copy of {keys.place(os.environ, settings.DATA / 'keys')} too, in another place than this file."
            "\nRemove backups after 30 days: the privacy statement says so."
        )
