"""`manage.py purge`: really remove what people deleted more than a day ago. Run it daily, as the owner."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exercises.records.models import purge


class Command(BaseCommand):
    help = "Really remove what people deleted more than a day ago, for everyone."

    def handle(self, *args: Any, **options: Any) -> None:
        removed = purge(timezone.now(), using="owner")
        self.stdout.write(f"{removed} rows removed")
