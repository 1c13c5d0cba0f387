"""`manage.py purge`: really remove what people deleted over a day ago, and sessions that ended. Daily, as the owner."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from exercises.records.models import purge


class Command(BaseCommand):
    help = "Really remove what people deleted more than a day ago, for everyone, and sessions that ended."

    def handle(self, *args: Any, **options: Any) -> None:
        removed = purge(timezone.now(), using="owner")
        call_command("clearsessions")
        call_command("clearlimits")
        self.stdout.write(f"{removed} rows removed")
