"""Finding words inside sealed text: row by row, opened in memory, since the database cannot look inside.

Case and accents don't count. What is looked for comes by POST, so that it stands in no address.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any, NamedTuple

from django import forms
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from exercises.records.sealing import SealedTextField

AT_ONCE = 500  # rows in memory
MOST_FOUND = 50
MOST_WORDS = 10
LONGEST = 240  # characters of a sentence that are shown
MARKS = re.compile(f"[{''.join(filter(unicodedata.combining, map(chr, range(0x300, 0x10000))))}]+")


class SearchForm(forms.Form):
    """One line to look for."""

    q = forms.CharField(
        label=_("Search your own words"),
        max_length=100,
        required=False,
        widget=forms.TextInput({"type": "search", "autocomplete": "off", "enterkeyhint": "search"}),
    )

    @property
    def words(self) -> list[str]:
        """The folded words to look for; none where nothing was asked, or the form is wrong."""
        return words_of(self.cleaned_data.get("q", "")) if self.is_bound and self.is_valid() else []


class Found(NamedTuple):
    """A row, and the sentence in which the words stand, the words marked."""

    row: Any
    sentence: SafeString


def fold(text: str) -> str:
    """`text` without case and accents; 'Café' and 'cafe' fold to the same."""
    if not text.isascii():
        text = MARKS.sub("", unicodedata.normalize("NFKD", text))
    return text.casefold()


def words_of(query: str) -> list[str]:
    """The folded words of a query, each once."""
    return list(dict.fromkeys(fold(query).split()))[:MOST_WORDS]


def search(rows: QuerySet, words: list[str]) -> list[Found]:
    """The first rows in whose `texts` every word occurs; at most MOST_FOUND.

    All are looked through without their days and figures, which saves a third of the time; what is found is read whole.
    """
    needless = [field.name for field in rows.model._meta.fields if not _is_needed(field)]
    slim = rows.defer(*needless).iterator(chunk_size=AT_ONCE)
    hits = islice((row.pk for row in slim if _holds(fold("\n".join(row.texts)), words)), MOST_FOUND)
    return [Found(row, excerpt(row.texts, words)) for row in rows.filter(pk__in=list(hits))]


def _is_needed(field: Any) -> bool:
    return field.primary_key or field.is_relation or isinstance(field, SealedTextField)


def _holds(folded: str, words: list[str]) -> bool:
    return all(word in folded for word in words)


def excerpt(texts: Iterable[str], words: list[str]) -> SafeString:
    """The first of the sentences that hold most of the words, as HTML with each hit in <mark>."""
    sentences = [sentence for text in texts for sentence in re.split(r"(?<=[.!?…])\s+|\n", text)]
    best = max(sentences, key=lambda sentence: sum(word in fold(sentence) for word in words), default="").strip()
    hits = _hits(best, words)
    start = max(0, min(hits, default=0) - LONGEST // 3) if len(best) > LONGEST else 0
    shown = range(start, min(len(best), start + LONGEST))
    pieces = [(marked, "".join(best[i] for i in run)) for marked, run in groupby(shown, key=lambda i: i in hits)]
    html = format_html_join("", "{}", ((format_html("<mark>{}</mark>", t) if marked else t,) for marked, t in pieces))
    return format_html("{}{}{}", "…" if start else "", html, "…" if shown.stop < len(best) else "")


def _hits(text: str, words: list[str]) -> set[int]:
    """The places in `text` that belong to a hit, although folding may make a letter longer or shorter."""
    letters = [fold(letter) for letter in text]
    folded, place = "".join(letters), [i for i, letter in enumerate(letters) for _ in letter]
    return {place[i] for word in words for at in _places(folded, word) for i in range(at, at + len(word))}


def _places(text: str, word: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(re.escape(word), text))
