"""`manage.py index_course`: bring what search finds up to date with the courses' files. As the owner."""

from typing import Any

from django.core.management.base import BaseCommand

from exercises.reading.index import index


class Command(BaseCommand):
    help = "Bring what search finds up to date with the courses; `migrate` does so too. What did not change is left."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{index(using='owner')} passages written")
