"""`manage.py readability`: how easily the courses read, per module and language. Needs no database."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from exercises.course.courses import Edition, shelf
from exercises.course.readability import LONG, TOO_LONG, Reading, beside, practice, prose, reading


class Command(BaseCommand):
    help = f"Print words, minutes and Flesch's figure of each module, and list every sentence over {LONG} words."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        for book in shelf().books:
            self.stdout.write(book.name)
            for edition in book.editions.values():
                for name, minutes, found in _rows(edition):
                    self._write(f"{edition.language}  {name:<28}{found.words:5} words {minutes:>6}", found)

    def _write(self, row: str, found: Reading) -> None:
        self.stdout.write(f"{row}  {found.figure:5.1f}")
        for count, sentence in found.over(LONG):
            self.stdout.write(f"      {'too long' if count > TOO_LONG else 'long'}, {count} words: {sentence}")


def _rows(edition: Edition) -> Iterator[tuple[str, str, Reading]]:
    """Each module's prose and its exercise, then the pages beside the course."""
    language = edition.language
    for module in edition.course.modules:
        name = f"{module.number} {module.slug}"
        yield name, f"{module.minutes} min", reading(prose(module), language)
        yield f"{name}: exercise", "", reading(practice(module), language)
    for slug, page in edition.course.pages.items():
        yield slug, "", reading(beside(page), language)
