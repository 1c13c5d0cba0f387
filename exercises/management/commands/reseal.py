"""`manage.py reseal USER_ID`: a new key for one person, and every text of theirs under it. All or nothing."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from exercises.records.models import DataKey
from exercises.records.rotation import reseal
from exercises.records.sealing import CannotUnseal


class Command(BaseCommand):
    help = "A new key for one person, and every text of theirs under it: all or nothing, also while the site runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user_id", type=UUID, metavar="USER_ID")

    def handle(self, *args: Any, user_id: UUID, **options: Any) -> None:
        try:
            rows = reseal(user_id)
        except DataKey.DoesNotExist:
            raise CommandError("There is no such person.") from None
        except CannotUnseal as error:
            raise CommandError(f"Nothing was changed, for one text does not open: {error}") from None
        self.stdout.write(f"{rows} rows now stand under a new key. Backups of before hold the old one.")
