"""What someone wrote as pages to read: Markdown by month, and one HTML page. In pieces, never the whole at once."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

from exercises.privacy.portable import AT_ONCE, day_of, visible
from exercises.privacy.words import WORDS, Telling, tell, tell_reaction

Month = tuple[int, int]
ANYWHERE = re.compile(r"([\\`*_\[\]<~|]|&(?=[#\w]))")  # what Markdown would take as its own, wherever it stands
AT_START = re.compile(r"^([#>+=-]|\d+(?=[.)]))")  # … and at the start of a line


class Diary(NamedTuple):
    """One person's diary. `hide` replaces names in what was written."""

    user: Any
    hide: Callable[[str], str]

    def without_day(self) -> Iterator[Telling]:
        """Everything that is about no day: people, dimmers, what was read, settings; and what was said for others."""
        for model in WORDS:
            if not model.days:
                rows = visible(self.user, model).select_related(*WORDS[model].follows).order_by("id")
                yield from (tell(row, self.hide) for row in rows.iterator(chunk_size=AT_ONCE))
        reactions = self.user.reactions.order_by("id")
        yield from (tell_reaction(row, self.hide) for row in reactions.iterator(chunk_size=AT_ONCE))

    def days(self) -> Iterator[tuple[date, Telling]]:
        """Everything else in the order of its days, the first day first; on one day in the order of WORDS."""
        return merge(*(self._of(model) for model in WORDS if model.days), key=itemgetter(0))

    def _of(self, model: Any) -> Iterator[tuple[date, Telling]]:
        rows = visible(self.user, model).select_related(*WORDS[model].follows)
        rows = rows.annotate(the_day=day_of(model)).order_by("the_day", "id")
        for row in rows.iterator(chunk_size=AT_ONCE):
            yield row.the_day, tell(row, self.hide)

    def months(self) -> Iterator[tuple[Month, Iterator[tuple[date, Telling]]]]:
        """The days by month; read each month before asking for the next."""
        return groupby(self.days(), key=lambda pair: (pair[0].year, pair[0].month))


def month_name(month: Month) -> str:
    return date_format(date(*month, 1), "F Y")


# Markdown


def markdown(text: str) -> str:
    """Words as Markdown that shows exactly these words and lines, whatever signs are in them."""
    lines = re.split(r"\r\n|\r|\n", text)
    return "  \n".join(_markdown_line(line) for line in lines)


def _markdown_line(line: str) -> str:
    words = line.strip(" \t")
    indent = line[: line.find(words)].replace("\t", "    ")
    return "\u00a0" * len(indent) + AT_START.sub(_backslash, ANYWHERE.sub(r"\\\1", words))


def _backslash(match: re.Match) -> str:
    sign = match[1]
    return f"{sign}\\" if sign.isdigit() else f"\\{sign}"


def markdown_of(tellings: Iterable[Telling], level: int) -> Iterator[str]:
    """Each telling below a heading of this level."""
    for telling in tellings:
        yield f"\n{'#' * level} {telling.heading}\n"
        for label, text in telling.pairs:
            yield f"\n**{markdown(label)}**  \n{markdown(text)}\n" if label else f"\n{markdown(text)}\n"


def markdown_month(month: Month, days: Iterable[tuple[date, Telling]]) -> Iterator[str]:
    """A month's page."""
    yield f"# {month_name(month)}\n"
    for day, rows in groupby(days, key=itemgetter(0)):
        yield f"\n## {date_format(day, 'l j F Y')}\n"
        yield from markdown_of((telling for _day, telling in rows), 3)


def markdown_rest(diary: Diary) -> Iterator[str]:
    """The page of what is about no day."""
    yield f"# {_('Without a day')}\n"
    yield from markdown_of(diary.without_day(), 2)


# HTML


def html(diary: Diary, context: dict[str, Any]) -> Iterator[str]:
    """One page with everything: no script, nothing fetched, made to be read and printed."""
    start, end = render_to_string("privacy/diary.html", context).split("<!-- all -->")
    yield start
    yield format_html('<section><h2 id="rest">{}</h2>\n', _("Without a day"))
    yield from map(_article, diary.without_day())
    yield "</section>\n"
    year = None
    for month, days in diary.months():
        anchor = "" if month[0] == year else format_html(' id="y{}"', month[0])
        year = month[0]
        yield format_html("<section{}><h2>{}</h2>\n", anchor, month_name(month))
        yield from _html_days(days)
        yield "</section>\n"
    yield end


def _html_days(days: Iterable[tuple[date, Telling]]) -> Iterator[str]:
    for day, rows in groupby(days, key=itemgetter(0)):
        yield format_html("<h3>{}</h3>\n", date_format(day, "l j F Y"))
        yield from (_article(telling) for _day, telling in rows)


def _article(telling: Telling) -> str:
    parts: list[str] = [format_html("<article><h4>{}</h4>\n", telling.heading)]
    for label, text in telling.pairs:
        parts.append(format_html('<p class="label">{}</p>\n', label) if label else "")
        parts.append(format_html('<p dir="auto">{}</p>\n', text))
    return "".join([*parts, "</article>\n"])
