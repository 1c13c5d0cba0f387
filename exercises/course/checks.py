"""`manage.py check` names file, line and fault of anything unsound in the course."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from exercises.course.pages import CONTENT, Fault, course


@register("course")
def check_courses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An Error for each fault of the course that this site shows."""
    return [Error(fault.text, obj=f"{fault.file}:{fault.line}", id="course.E001") for fault in faults(CONTENT)]


def faults(directory: Path) -> Iterator[Fault]:
    """What is wrong within each language of a course, and between its languages."""
    languages = [code for code, _name in settings.LANGUAGES]
    names = {code: {file.name for file in (directory / code).glob("*.md")} for code in languages}
    for code in languages:
        yield from course(code, directory).faults
        for name in sorted(set.union(*names.values()) - names[code]):
            yield Fault(directory / code / name, 1, "a missing translation")
    yield from _different(directory, languages)


def _different(directory: Path, languages: list[str]) -> Iterator[Fault]:
    """Where a translation has other headings or another exercise than the first language."""
    for module in course(languages[0], directory).modules:
        for code in languages[1:]:
            other = course(code, directory).module(module.slug)
            file = directory / code / f"{module.number:02}-{module.slug}.md"
            if other and len(other.headings) != len(module.headings):
                yield Fault(file, 1, f"{len(other.headings)} headings, where {languages[0]} has {len(module.headings)}")
            for key in ("kind", "start", "minutes", "situations", "relations"):
                if other and getattr(other.exercise, key) != getattr(module.exercise, key):
                    yield Fault(file, 1, f"exercise.{key} is not as in {languages[0]}")
