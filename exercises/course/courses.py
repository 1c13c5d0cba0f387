"""The courses of this site: the built-in one, and further ones from the directories in KWETSBAAR_COURSES.

A course is a directory with a `course.yaml` (docs/authoring.md) and a directory for each of its languages. One that is
unsound is left out and named in the faults. Read once; whoever changes a course restarts the site.
"""

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from exercises.course.pages import (
    CONTENT,
    SLUG,
    Course,
    Fault,
    Module,
    Unsound,
    course,
    read_text,
    read_yaml,
    to_fill_in,
)

logger = logging.getLogger(__name__)

ABOUT = "course.yaml"
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
KEYS = {"name", "title", "summary", "languages", "licence", "author"}


class Edition(NamedTuple):
    """A course in one language."""

    language: str
    title: str
    summary: str
    course: Course


@dataclass(frozen=True)
class Book:
    """A course as the site offers it, in each of its languages that has a module."""

    name: str
    licence: str
    author: str
    editions: dict[str, Edition]

    def edition(self, language: str) -> Edition:
        """In that language, else in the course's own."""
        return self.editions.get(language) or next(iter(self.editions.values()))

    def module(self, slug: str, language: str) -> Module | None:
        """In that language, else in another that has it."""
        editions = (self.edition(language), *self.editions.values())
        return next((module for edition in editions if (module := edition.course.module(slug))), None)


class Place(NamedTuple):
    """Where a course stands, with the languages and the name that it says it has."""

    directory: Path
    languages: tuple[str, ...]
    name: str

    def courses(self) -> dict[str, Course]:
        """By language. The built-in course is asked for as everywhere else, so that it is read once."""
        where = () if self.directory == CONTENT else (self.directory, self.name)
        return {code: course(code, *where) for code in self.languages}


class Shelf(NamedTuple):
    """The courses, the built-in one first; which has the module of that slug; where further ones stand; the faults."""

    books: tuple[Book, ...]
    by_slug: dict[str, Book]
    further: tuple[Place, ...]
    faults: tuple[Fault, ...]


def shelf() -> Shelf:
    """Every course of this site."""
    return _shelf(tuple(settings.COURSES))


def built_in() -> Book:
    return shelf().books[0]


def further() -> tuple[Book, ...]:
    """The courses beside the built-in one."""
    return shelf().books[1:]


def named(name: str) -> Book | None:
    return next((book for book in shelf().books if book.name == name), None)


def home(slug: str) -> Book | None:
    """The course that has a module of that name: no other has."""
    return shelf().by_slug.get(slug)


def find(slug: str, language: str | None) -> Module | None:
    """A module of any course, in that language where it is there."""
    book = home(slug)
    return book.module(slug, language or LANGUAGES[0]) if book else None


def every(slug: str) -> list[Module]:
    """A module in each language that it has."""
    book = home(slug)
    return [module for edition in book.editions.values() if (module := edition.course.module(slug))] if book else []


def next_unread(opened: Sequence[str], read: Collection[str], language: str) -> Module | None:
    """The next module of the course that was opened last, or of the built-in one where that has been read.

    `opened` are slugs, the last one first; `read` those that are read to the end.
    """
    begun = next((book for slug in opened if (book := home(slug))), built_in())
    modules = [each for book in (begun, built_in()) for each in book.edition(language).course.modules]
    return next((module for module in modules if module.slug not in read), None)


@lru_cache
def _shelf(directories: tuple[Path, ...]) -> Shelf:
    books, by_slug, faults = dict[str, Book](), dict[str, Book](), list[Fault]()
    sheets = [Sheet(CONTENT)]
    for directory in directories:
        try:
            sheets += map(Sheet, _courses_in(directory))
        except Unsound as unsound:
            faults.append(Fault(directory, unsound.line, unsound.text))
    for sheet in sheets:
        if sheet.place.name in books:
            sheet.faults.append(sheet.at("name", f"is that of another course: {sheet.place.name}"))
        faults += sheet.faults
        if not sheet.faults:
            faults += _clashes(sheet.place, by_slug)
            if editions := sheet.editions(by_slug):
                book = Book(sheet.place.name, sheet.keys["licence"], sheet.keys["author"], editions)
                books[book.name] = book
                by_slug |= {module.slug: book for each in editions.values() for module in each.course.modules}
    places = tuple(sheet.place for sheet in sheets)
    _log(len(faults) + sum(len(each.faults) for place in places for each in place.courses().values()))
    return Shelf(tuple(books.values()), by_slug, places[1:], tuple(faults))


def _log(faults: int) -> None:
    if faults:
        logger.warning("Left out of the courses, because of %d faults. `manage.py check` names each.", faults)


def _courses_in(directory: Path) -> list[Path]:
    """The directory itself where it is a course, else those in it that are, or that look like one. Raises Unsound."""
    try:
        if _is_course(directory):
            return [directory]
        found = [each for each in sorted(directory.iterdir()) if not each.name.startswith(".") and _is_course(each)]
    except OSError as error:
        raise Unsound(1, "a directory of courses that cannot be read") from error
    if not found:
        raise Unsound(1, "a directory without a course")
    return found


def _is_course(directory: Path) -> bool:
    return (directory / ABOUT).exists() or any((directory / code).is_dir() for code in LANGUAGES)


def _clashes(place: Place, by_slug: dict[str, Book]) -> Iterator[Fault]:
    """The modules whose names are taken: an address says nothing of a course."""
    for code, here in place.courses().items():
        for module in here.modules:
            if module.slug in by_slug:
                file = place.directory / code / f"{module.number:02}-{module.slug}.md"
                yield Fault(file, 1, f"the course {by_slug[module.slug].name} has a module with this name")


class Sheet:
    """One course.yaml: its keys with their lines, its faults."""

    def __init__(self, directory: Path) -> None:
        self.file, self.faults = directory / ABOUT, list[Fault]()
        self.keys, self.lines = dict[str, Any](), dict[str, int]()
        try:
            self.keys, self.lines = read_yaml(read_text(self.file), 1)
        except Unsound as unsound:
            self.faults.append(Fault(self.file, unsound.line, unsound.text))
        else:
            self.faults += self._check()
        known = self.keys.get("languages") if not self.faults else None
        present = [code for code in LANGUAGES if (directory / code).is_dir()]
        self.place = Place(directory, tuple(known or present), str(self.keys.get("name", directory.name)))

    def at(self, key: str, text: str) -> Fault:
        """What is wrong with a key, on its line."""
        return Fault(self.file, self.lines.get(key, 1), f"{key} {text}")

    def editions(self, taken: Collection[str]) -> dict[str, Edition]:
        """Each language in which there is a module to show; `taken` are the names of modules of other courses."""
        editions = {}
        for code, here in self.place.courses().items():
            modules = tuple(module for module in here.modules if module.slug not in taken)
            title, summary = (self._said(key)[code] for key in ("title", "summary"))
            if modules:
                editions[code] = Edition(code, title, summary, here._replace(modules=modules))
        return editions

    def _said(self, key: str) -> dict[str, str]:
        """A text by language; where a course has one language it may stand alone."""
        given = self.keys[key]
        return given if isinstance(given, dict) else dict.fromkeys(self.keys["languages"], given)

    def _check(self) -> Iterator[Fault]:
        for key in sorted(KEYS - {"name"} - self.keys.keys()):
            yield Fault(self.file, 1, f"{key} is missing")
        for key in sorted(map(str, self.keys.keys() - KEYS)):
            yield self.at(key, "is not a key that is known")
        for key in to_fill_in(self.keys):
            yield self.at(key, "is left to fill in")
        for key in ("licence", "author"):
            if key in self.keys and not _is_text(self.keys[key]):
                yield self.at(key, "is not a text")
        name = self.keys.get("name", self.file.parent.name)
        if not (isinstance(name, str) and re.fullmatch(SLUG, name)):
            yield self.at("name", "is not of the letters a to z, digits and hyphens: it stands in the address")
        yield from self._check_languages(self.keys.get("languages"))

    def _check_languages(self, codes: Any) -> Iterator[Fault]:
        if not (isinstance(codes, list) and codes and all(code in LANGUAGES for code in codes)):
            if "languages" in self.keys:
                yield self.at("languages", f"is not a list of languages of this site: {', '.join(LANGUAGES)}")
            return
        for key in ("title", "summary"):
            given = self.keys.get(key)
            if isinstance(given, dict):
                if given.keys() != set(codes) or not all(map(_is_text, given.values())):
                    yield self.at(key, f"has not a text for each language, and for no other: {', '.join(codes)}")
            elif key in self.keys and not (_is_text(given) and len(codes) == 1):
                yield self.at(
                    key, "is not a text" if len(codes) == 1 else f"has not a text for each of {', '.join(codes)}"
                )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
