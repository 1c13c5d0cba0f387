"""`manage.py check` names file, line and fault of anything unsound in the courses."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from exercises.course.courses import LANGUAGES, shelf
from exercises.course.pages import CONTENT, Course, Fault, Module, course

NOTE = '<div class="note">'


@register("course")
def check_courses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """An Error for each fault of the built-in course, a Warning for each of a further one: that stops no command."""
    further = [fault for place in shelf().further for fault in faults(*place)]
    return [
        *(Error(fault.text, obj=_place(fault), id="course.E001") for fault in faults(CONTENT)),
        *(Warning(fault.text, obj=_place(fault), id="course.W001") for fault in (*shelf().faults, *further)),
    ]


def faults(directory: Path, languages: Sequence[str] = LANGUAGES, name: str = "") -> Iterator[Fault]:
    """What is wrong within each language of a course, and between its languages; `name` as for `course`."""
    names = {code: {file.name for file in (directory / code).glob("*.md")} for code in LANGUAGES}
    for code in LANGUAGES:
        if code in languages and not names[code]:
            yield Fault(directory / code, 1, "a language without a module")
        elif code not in languages and names[code]:
            yield Fault(directory / code, 1, "not among the languages of the course")
    for code in languages:
        yield from course(code, directory, name).faults
        for missing in sorted(set.union(*(names[each] for each in languages)) - names[code]):
            yield Fault(directory / code / missing, 1, "a missing translation")
    first, *others = [(code, course(code, directory, name)) for code in languages]
    for other in others:
        yield from _different(directory, first, other)


def _different(directory: Path, first: tuple[str, Course], other: tuple[str, Course]) -> Iterator[Fault]:
    """Where a translation has other headings, margins, pages or another exercise than the first language."""
    for module in first[1].modules:
        if twin := other[1].module(module.slug):
            file = directory / other[0] / f"{module.number:02}-{module.slug}.md"
            yield from (Fault(file, 1, text) for text in _differences(module, twin))
    for slug, page in first[1].pages.items():
        same = other[1].pages.get(slug)
        if same and len(same.items) != len(page.items):
            yield Fault(
                directory / other[0] / f"{slug}.md",
                1,
                f"{len(same.items)} of them, where {first[0]} has {len(page.items)}",
            )


def _differences(module: Module, twin: Module) -> Iterator[str]:
    for kind, here, there in (
        ("headings", len(twin.headings), len(module.headings)),
        ("margins", len(twin.parts) - 1, len(module.parts) - 1),
        ("content notes", twin.html.count(NOTE), module.html.count(NOTE)),
    ):
        if here != there:
            yield f"{here} {kind}, where {module.language} has {there}"
    for key in ("kind", "start", "minutes", "situations", "relations"):
        if getattr(twin.exercise, key) != getattr(module.exercise, key):
            yield f"exercise.{key} is not as in {module.language}"


def _place(fault: Fault) -> str:
    return f"{fault.file}:{fault.line}"
