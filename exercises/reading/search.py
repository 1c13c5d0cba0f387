"""Search over the courses, by PostgreSQL: case, accents and endings don't count.

What is looked for stands in the address: it is about words of the courses, which are public, and the page says so.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from allauth.core.internal import ratelimit
from django import forms
from django.contrib.auth.decorators import login_not_required
from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rapidfuzz import process
from rapidfuzz.distance import OSA

from exercises.course.courses import built_in, named, shelf
from exercises.course.pages import PAGE_KEYS
from exercises.course.passages import EXERCISE, pieces
from exercises.course.readability import sentences
from exercises.reading.index import WORD, config_of, plain
from exercises.reading.models import Passage
from exercises.records.http import Request
from exercises.records.search import fold

MOST_FOUND = 20
MOST_WORDS = 10
MOST_NEAR = 5  # words that the nearest ones are looked for
LONGEST_NEAR = 40  # letters of such a word
ALIKE = 0.6  # how much of a word has to be as in the course, to offer that one instead
SHORTEST = 3  # letters of a word that is offered
LONGEST = 45  # words of a sentence that are shown
LETTERS = re.compile(f"({WORD.pattern})")
MARK = "<mark>{}</mark>"
TOO_OFTEN = _("Many searches came from this connection in the last minute. Wait a minute, and try again.")


class SearchForm(forms.Form):
    """One line to look for."""

    q = forms.CharField(
        label=_("One or two words"),
        help_text=_("What you type here appears in the address of the page, and so in your browser’s history."),
        max_length=100,
        required=False,
        error_messages={"max_length": _("That is longer than 100 characters. One or two words are enough.")},
        widget=forms.TextInput({"type": "search", "autocomplete": "off", "enterkeyhint": "search"}),
    )

    def __init__(self, asked: str | None) -> None:
        super().__init__(None if asked is None else {"q": asked.replace("\0", " ")})

    @property
    def words(self) -> list[str]:
        """The folded words to look for; none where nothing was asked, or the form is wrong."""
        asked = self.cleaned_data.get("q", "") if self.is_bound and self.is_valid() else ""
        return list(dict.fromkeys(plain(asked).split()))[:MOST_WORDS]


class Hit(NamedTuple):
    """A place in a course, and the sentence in which the words stand, the words marked."""

    address: str
    language: str
    title: str
    heading: SafeString
    sentence: SafeString


@login_not_required
@require_safe
@never_cache
def search(request: Request) -> HttpResponse:
    """Where in the courses these words stand; for words that stand nowhere, the nearest ones that do."""
    form, language = SearchForm(request.GET.get("q")), get_language() or "nl"
    if form.words and not _may_ask(request):
        form.add_error("q", TOO_OFTEN)
        return render(request, "reading/search.html", {"form": form}, status=429)
    hits = find(form.words, language)
    offers = [] if hits else nearest(form.words, language)
    return render(request, "reading/search.html", {"form": form, "hits": hits, "offers": offers, "most": MOST_FOUND})


def _may_ask(request: Request) -> bool:
    """Counted here though nothing is sent: the public way in to allauth's limits counts no GET."""
    return bool(ratelimit.consume(request, app="allauth.account", action="search", limit_get=True))


def find(words: list[str], language: str) -> list[Hit]:
    """The passages that hold all of these folded words, at most MOST_FOUND: in this language, then in others."""
    hits = [hit for code, rows in _holding(words, language) for hit in _hits(words, code, rows[:MOST_FOUND])]
    return hits[:MOST_FOUND]


def nearest(words: list[str], language: str) -> list[str]:
    """What to look for instead: the same with the nearest words of the courses, or some of those by themselves."""
    known = _vocabulary(language)
    asked = [word for word in words if SHORTEST <= len(word) <= LONGEST_NEAR][:MOST_NEAR]
    near = list(dict.fromkeys(known[close] for word in asked if (close := _closest(word, known))))
    for offers in ([" ".join(near)], near):
        if found := [offer for offer in offers if _is_found(plain(offer).split(), language)]:
            return found
    return []


def _is_found(words: list[str], language: str) -> bool:
    return any(rows.exists() for _code, rows in _holding(words, language))


def _holding(words: list[str], language: str) -> Iterator[tuple[str, Any]]:
    """The passages that hold these words and are shown on pages in that language, by the language they are in."""
    for code, rows in _shown(language) if words else ():
        yield code, rows.holding(SearchQuery(" ".join(words), config=config_of(code)))


def _shown(language: str) -> Iterator[tuple[str, Any]]:
    yield language, Passage.objects.filter(language=language)
    editions = [(book.name, book.edition(language).language) for book in shelf().books]
    for code in sorted({code for _name, code in editions} - {language}):
        names = [name for name, written_in in editions if written_in == code]
        yield code, Passage.objects.filter(language=code, course__in=names)


def _hits(words: list[str], language: str, rows: Iterable[Passage]) -> Iterator[Hit]:
    found = list(rows)
    marks = _meant(words, {word for each in found for word in plain(f"{each.heading} {each.text}").split()}, language)
    for each in found:
        heading, sentence = _marked(each.heading, marks), _marked(_sentence(each.text, marks), marks)
        yield Hit(_address(each), language, _title(each), heading, sentence)


def _meant(words: list[str], among: set[str], language: str) -> set[str]:
    """Which of these words count as one that was asked for, in whatever form: 'vragen' where 'vraag' was asked."""
    if not among:
        return set()
    any_of, config = " | ".join(f"'{word}'" for word in words), config_of(language)  # words: letters and digits alone
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(%s::text[]) word"
            " WHERE to_tsvector(%s::regconfig, word) @@ to_tsquery(%s::regconfig, %s)",
            [list(among), config, config, any_of],
        )
        return {word for (word,) in cursor.fetchall()}


def _address(passage: Passage) -> str:
    if passage.section == EXERCISE:
        return reverse("exercise", args=[passage.page])
    if passage.page not in PAGE_KEYS:
        page, section = reverse("module", args=[passage.page]), passage.section
    elif passage.course == built_in().name:
        page, section = reverse(passage.page.replace("-", "_")), passage.section
    else:  # what stands beside the modules of a further course stands on its own page
        page, section = reverse("course", args=[passage.course]), passage.section or passage.page
    return f"{page}#{section}" if section else page


def _title(passage: Passage) -> str:
    """Of the page; of a further course with the course's own."""
    book = None if passage.course == built_in().name else named(passage.course)
    return f"{book.edition(passage.language).title} · {passage.title}" if book else passage.title


def _sentence(text: str, marks: set[str]) -> str:
    """The first of the sentences in which most of these words stand; of a very long one a piece."""
    said = [sentence for paragraph in text.splitlines() for sentence in sentences(paragraph)]
    best = max(said, key=lambda sentence: len(marks.intersection(plain(sentence).split())), default="")
    parts = LETTERS.split(best)
    if len(parts) <= 2 * LONGEST:
        return best
    first = next((n for n, part in enumerate(parts) if fold(part) in marks), 0)
    start = max(0, first - LONGEST)
    return f"{'…' if start else ''}{''.join(parts[start : start + 2 * LONGEST])}…"


def _marked(text: str, marks: set[str]) -> SafeString:
    parts = ((format_html(MARK, part) if fold(part) in marks else part,) for part in LETTERS.split(text))
    return format_html_join("", "{}", parts)


@lru_cache
def _vocabulary(language: str) -> dict[str, str]:
    """Every word of the courses as shown in that language, folded → as it is mostly written; the commonest first."""
    editions = (book.edition(language) for book in shelf().books)
    texts = (f"{piece.heading} {piece.text}" for edition in editions for piece in pieces(edition.course))
    counted = Counter(word for text in texts for word in WORD.findall(text) if len(word) >= SHORTEST)
    known: dict[str, str] = {}
    for word, _count in counted.most_common():
        known.setdefault(fold(word), word)
    return known


def _closest(word: str, known: dict[str, str]) -> str:
    """The word itself, else the commonest that begins with it, else the one most like it; '' where nothing is."""
    if word in known:
        return word
    begins = next((each for each in known if each.startswith(word)), "")
    alike = process.extractOne(word, known.keys(), scorer=OSA.normalized_similarity, score_cutoff=ALIKE)
    return begins or (alike[0] if alike else "")
