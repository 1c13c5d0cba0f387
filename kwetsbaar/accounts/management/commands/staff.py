"""`manage.py staff`: who may open the administration (/beheer/)."""

from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kwetsbaar.accounts.models import User


class Command(BaseCommand):
    help = "Let someone into the administration, or no longer. They also need a passkey or an app with codes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", nargs="?", help="the person's id; without it, their return code is asked for")
        parser.add_argument("--off", action="store_true", help="no longer")

    def handle(self, *args: Any, id: str | None, off: bool, **options: Any) -> None:
        user = self._by_id(id) if id else User.objects.with_return_code(getpass("Return code: "))
        if user is None:
            raise CommandError("There is no one with this.")
        user.is_staff = not off
        user.save(update_fields=["is_staff"])
        self.stdout.write(f"{user.pk} {'may no longer' if off else 'may'} open /beheer/.")

    def _by_id(self, id: str) -> User | None:
        try:
            return User.objects.filter(pk=id).first()
        except ValidationError:
            return None
