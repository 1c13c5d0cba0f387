"""Words for feelings: nine families, from pleasant over hard to unclear.

Valence and arousal run from −2 to 2. They are this project's own rough estimates in the spirit of the circumplex model
(Russell 1980), meant for layout and a private view: never a score. In Dutch every word fits 'Ik voel me …'.
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy as _p

MOST = 3  # words a day


class Word(NamedTuple):
    """One feeling. `key` is what is stored; `valence` and `arousal` are −2 to 2, or None where unknown."""

    key: str
    name: str | Promise
    valence: int | None
    arousal: int | None


class Family(NamedTuple):
    """Feelings that lie close together."""

    key: str
    name: str | Promise
    words: tuple[Word, ...]


FAMILIES = (
    Family(
        "glad",
        _p("feelings", "Glad & strong"),
        (
            Word("happy", _p("feeling", "happy"), 2, 1),
            Word("cheerful", _p("feeling", "cheerful"), 2, 1),
            Word("proud", _p("feeling", "proud"), 2, 1),
            Word("brave", _p("feeling", "brave"), 1, 1),
            Word("excited", _p("feeling", "excited"), 2, 2),
            Word("hopeful", _p("feeling", "hopeful"), 1, 1),
            Word("grateful", _p("feeling", "grateful"), 2, 0),
            Word("relieved", _p("feeling", "relieved"), 2, -1),
        ),
    ),
    Family(
        "calm",
        _p("feelings", "Calm"),
        (
            Word("calm", _p("feeling", "calm"), 1, -1),
            Word("relaxed", _p("feeling", "relaxed"), 2, -2),
            Word("content", _p("feeling", "content"), 2, -1),
            Word("safe", _p("feeling", "safe"), 2, -1),
            Word("at_ease", _p("feeling", "at ease"), 1, -1),
            Word("clear", _p("feeling", "clear"), 1, 0),
            Word("gentle", _p("feeling", "gentle"), 1, -1),
            Word("lighter", _p("feeling", "lighter"), 1, 0),
        ),
    ),
    Family(
        "connected",
        _p("feelings", "Connected"),
        (
            Word("connected", _p("feeling", "connected"), 2, 0),
            Word("seen", _p("feeling", "seen"), 2, 1),
            Word("understood", _p("feeling", "understood"), 2, 0),
            Word("loved", _p("feeling", "loved"), 2, 0),
            Word("welcome", _p("feeling", "welcome"), 2, 0),
            Word("supported", _p("feeling", "supported"), 2, 0),
            Word("moved", _p("feeling", "moved"), 1, 1),
            Word("open", _p("feeling", "open"), 1, 0),
        ),
    ),
    Family(
        "afraid",
        _p("feelings", "Afraid & tense"),
        (
            Word("tense", _p("feeling", "tense"), -1, 1),
            Word("nervous", _p("feeling", "nervous"), -1, 1),
            Word("unsure", _p("feeling", "unsure"), -1, 1),
            Word("worried", _p("feeling", "worried"), -1, 1),
            Word("vulnerable", _p("feeling", "vulnerable"), -1, 1),
            Word("on_guard", _p("feeling", "on guard"), -1, 1),
            Word("afraid", _p("feeling", "afraid"), -2, 2),
            Word("panicky", _p("feeling", "panicky"), -2, 2),
            Word("overwhelmed", _p("feeling", "overwhelmed"), -2, 2),
        ),
    ),
    Family(
        "sad",
        _p("feelings", "Sad"),
        (
            Word("sad", _p("feeling", "sad"), -2, -1),
            Word("disappointed", _p("feeling", "disappointed"), -1, -1),
            Word("gloomy", _p("feeling", "gloomy"), -2, -1),
            Word("tearful", _p("feeling", "tearful"), -1, 0),
            Word("discouraged", _p("feeling", "discouraged"), -2, -2),
            Word("powerless", _p("feeling", "powerless"), -2, 0),
            Word("missing_someone", _p("feeling", "missing someone"), -1, -1),
        ),
    ),
    Family(
        "angry",
        _p("feelings", "Angry"),
        (
            Word("irritated", _p("feeling", "irritated"), -1, 1),
            Word("impatient", _p("feeling", "impatient"), -1, 1),
            Word("frustrated", _p("feeling", "frustrated"), -1, 1),
            Word("jealous", _p("feeling", "jealous"), -1, 1),
            Word("angry", _p("feeling", "angry"), -2, 2),
            Word("furious", _p("feeling", "furious"), -2, 2),
            Word("treated_unfairly", _p("feeling", "treated unfairly"), -2, 1),
        ),
    ),
    Family(
        "ashamed",
        _p("feelings", "Ashamed"),
        (
            Word("shy", _p("feeling", "shy"), -1, 1),
            Word("awkward", _p("feeling", "awkward"), -1, 1),
            Word("caught_out", _p("feeling", "caught out"), -1, 2),
            Word("foolish", _p("feeling", "foolish"), -1, 1),
            Word("guilty", _p("feeling", "guilty"), -2, 0),
            Word("ashamed", _p("feeling", "ashamed"), -2, 0),
            Word("too_much", _p("feeling", "too much"), -2, 1),
            Word("not_good_enough", _p("feeling", "not good enough"), -2, -1),
        ),
    ),
    Family(
        "hurt",
        _p("feelings", "Hurt & alone"),
        (
            Word("hurt", _p("feeling", "hurt"), -2, 1),
            Word("rejected", _p("feeling", "rejected"), -2, 0),
            Word("left_out", _p("feeling", "left out"), -2, 0),
            Word("lonely", _p("feeling", "lonely"), -2, -1),
            Word("misunderstood", _p("feeling", "misunderstood"), -1, 0),
            Word("invisible", _p("feeling", "invisible"), -2, -1),
            Word("let_down", _p("feeling", "let down"), -2, 0),
            Word("distrustful", _p("feeling", "distrustful"), -1, 1),
        ),
    ),
    Family(
        "unclear",
        _p("feelings", "Flat & unclear"),
        (
            Word("flat", _p("feeling", "flat"), -1, -2),
            Word("empty", _p("feeling", "empty"), -2, -2),
            Word("numb", _p("feeling", "numb"), -1, -2),
            Word("tired", _p("feeling", "tired"), -1, -2),
            Word("restless", _p("feeling", "restless"), -1, 1),
            Word("confused", _p("feeling", "confused"), -1, 0),
            Word("mixed", _p("feeling", "mixed"), 0, 0),
            Word("dont_know", _p("feeling", "I don't know"), None, None),
        ),
    ),
)
WORDS = {word.key: word for family in FAMILIES for word in family.words}


def names(words: Iterable[str]) -> list[str]:
    """What stored words are called in the language of the page; a word of one's own is its own name."""
    return [str(WORDS[word].name) if word in WORDS else word for word in words]


def stored(text: str) -> str:
    """What to store for a word that someone typed: its key where the page's language knows it, else the word itself."""
    known = {str(word.name).casefold(): word.key for word in WORDS.values()}
    return known.get(text.casefold(), text)
