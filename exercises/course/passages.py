"""A course cut into passages: what stands below each heading, as plain text. Pure; made for searching."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import unescape
from typing import NamedTuple

from django.utils.html import strip_tags

from exercises.course.pages import Course, Exercise, Page

EXERCISE = "exercise"  # the section that stands on a page of its own
HEADING = re.compile(r'<h2 id="([^"]*)"[^>]*>(.*?)</h2>', re.DOTALL)
BLOCK_END = re.compile(r"</(?:p|li|h\d|t[dh]|pre)>")


class Piece(NamedTuple):
    """`page` and `section` say where it stands: a slug, and an id on that page ('' above the first heading).

    `text` has a line for each paragraph.
    """

    page: str
    title: str
    section: str
    heading: str
    text: str


def pieces(course: Course) -> Iterator[Piece]:
    """Everything a reader can find in one course in one language, in the order in which it stands there."""
    for module in course.modules:
        yield from _sections(module.slug, module.title, module.summary, module.html)
        exercise = module.exercise
        yield Piece(module.slug, module.title, EXERCISE, _line(exercise.title), _lines(_said(exercise)))
    for slug, page in course.pages.items():
        yield from _sections(slug, page.title, page.summary, page.html)
        yield from _items(slug, page)


def _sections(page: str, title: str, summary: str, html: str) -> Iterator[Piece]:
    title = _line(title)
    start, *rest = HEADING.split(html)
    yield Piece(page, title, "", title, _lines([summary, *_blocks(start)]))
    for section, heading, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        yield Piece(page, title, section, _shown(heading), _lines(_blocks(body)))


def _items(slug: str, page: Page) -> Iterator[Piece]:
    """The questions or the points of a page beside the course."""
    for n, item in enumerate(page.items, 1):
        if "question" in item:
            heading, blocks, section = item["question"], list(_blocks(item["answer"])), item["id"]
        else:
            heading, blocks, section = item["point"], [item["detail"], item["gain"]], f"point-{n}"
        yield Piece(slug, _line(page.title), section, _line(heading), _lines(blocks))


def _said(exercise: Exercise) -> list[str]:
    """What the page of an exercise says."""
    ladder = [notch.sentence for notch in exercise.ladder]
    return [exercise.purpose, *exercise.needs, *exercise.steps, exercise.moment, *ladder, *exercise.prompts]


def _blocks(html: str) -> Iterator[str]:
    """The visible text of each paragraph, item and cell."""
    return map(_shown, BLOCK_END.split(html))


def _shown(html: str) -> str:
    return _line(unescape(strip_tags(html)))


def _lines(blocks: Iterable[str]) -> str:
    return "\n".join(filter(None, map(_line, blocks)))


def _line(text: str) -> str:
    """In one line, accents in one piece with their letters, and without NUL, which PostgreSQL does not take."""
    return " ".join(unicodedata.normalize("NFC", text.replace("\0", "")).split())
