"""Every idea of the article is in the course: `docs/coverage.md` says where, and the words still stand there."""

import re
from functools import cache
from pathlib import Path

import pytest

from exercises.course.pages import CONTENT
from tests.wording import course_texts

IDEAS = {"A": 4, "B": 9, "C": 9, "D": 8, "E": 4, "K": 3, "F": 5}
ROWS = [line.strip("| ").split(" | ") for line in Path("docs/coverage.md").read_text().splitlines()[7:]]
QUOTED = re.compile("“([^”]+)”")
CASES = [
    (idea.split()[0], slug, *case) for idea, slug, *cells in ROWS for case in zip(("nl", "en"), cells, strict=True)
]


def test_every_idea_of_the_article_has_its_row():
    wanted = [f"{letter}{number}" for letter, last in IDEAS.items() for number in range(1, last + 1)]
    assert [row[0].split()[0] for row in ROWS] == wanted


@pytest.mark.parametrize(("idea", "slug", "language", "cell"), CASES, ids=lambda value: value[:3])
def test_the_words_that_carry_an_idea_still_stand_in_that_module(idea, slug, language, cell):
    quoted = QUOTED.findall(cell)
    assert quoted
    assert [words for words in quoted if words not in visible(language, slug)] == []


def test_no_letter_of_an_idea_stands_in_the_course():
    letter = re.compile(r"\b[A-FK][1-9]\b")
    assert [str(file) for file in CONTENT.rglob("*.md") if letter.search(file.read_text())] == []


@cache
def visible(language: str, slug: str) -> str:
    return " ".join(text for file, text in course_texts(language) if re.sub(r"^\d\d-", "", file.stem) == slug)
