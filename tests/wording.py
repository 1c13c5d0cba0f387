"""What can be read on the site: the visible text of each course file, and the interface words, with where they stand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from exercises.course.pages import CONTENT, MARKDOWN, Source
from tests.messages import in_catalogue

TECHNICAL = {"kind", "situations", "with"}


def course_texts(language: str) -> Iterator[tuple[Path, str]]:
    """Each file of the course with the texts of its front matter and each paragraph, heading and item; its title."""
    for file in sorted((CONTENT / language).glob("*.md")):
        source = Source(file, language)
        for text in _strings(source.front):
            for block in _blocks(text):
                yield file, block
        for block in _blocks(source.body):
            yield file, block
    about = CONTENT / "course.yaml"
    for said in yaml.safe_load(about.read_text(encoding="utf-8")).values():
        for text in _strings(said.get(language) if isinstance(said, dict) else None):
            yield about, text


def interface_texts(language: str) -> Iterator[tuple[str, str]]:
    """Each text of the interface, in Dutch or in English, with the English that names it."""
    for message in in_catalogue():
        if message.id:
            said = message.id if language == "en" else message.string
            for text in (said,) if isinstance(said, str) else said:
                yield str(message.id), text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from () if key in TECHNICAL else _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _blocks(markdown: str) -> Iterator[str]:
    """The words that Markdown shows, one text for each paragraph, heading and item."""
    for token in MARKDOWN.parse(markdown):
        if token.type == "inline":
            yield "".join(child.content or " " * child.type.endswith("break") for child in token.children or ())
