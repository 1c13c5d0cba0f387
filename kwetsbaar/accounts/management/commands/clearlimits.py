"""`manage.py clearlimits`: throw away counts of tries that are over. `purge` does it too."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from kwetsbaar.accounts.models import Limit


class Command(BaseCommand):
    help = "Throw away counts of tries that are over."

    def handle(self, *args: Any, **options: Any) -> None:
        Limit.objects.filter(until__lte=timezone.now()).delete()
