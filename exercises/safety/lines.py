"""The help lines: data of lines.toml, read once. No database, so that the page stands when everything else is away."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

FILE = Path(__file__).with_name("lines.toml")
CHECK_AFTER = 180  # days
COUNTRIES: dict[str, str | Promise] = {"nl": _("The Netherlands"), "be": _("Belgium"), "elsewhere": _("Elsewhere")}
LANGUAGES: dict[str, str | Promise] = {"nl": _("Dutch"), "fr": _("French"), "en": _("English")}


@dataclass(frozen=True)
class Words:
    """A text in both languages; shown in the reader's."""

    nl: str
    en: str

    def __str__(self) -> str:
        return self.en if get_language() == "en" else self.nl


@dataclass(frozen=True)
class Number:
    """A telephone number as people write it, and as a telephone takes it."""

    written: str

    @property
    def href(self) -> str:
        return "tel:" + "".join(sign for sign in self.written if sign.isdigit())


@dataclass(frozen=True)
class Line:
    """Somebody who can be called; what each field means stands at the head of lines.toml. Unknown hours, cost: None."""

    country: str
    name: Words
    about: Words
    checked_at: date
    certainty: str
    numbers: tuple[Number, ...] = ()
    hours: Words | None = None
    cost: Words | None = None
    languages: tuple[str, ...] = ()
    url: str = ""
    chat: bool = False
    source_url: str = ""

    @property
    def host(self) -> str:
        """The site's name, as people say it."""
        return urlsplit(self.url).netloc

    @property
    def country_name(self) -> str | Promise:
        """Where it is, in the reader's language."""
        return COUNTRIES[self.country]

    @property
    def details(self) -> list[Words | str | Promise]:
        """What to know before calling, as far as it is known: when, what it costs, which languages are spoken."""
        return [each for each in (self.hours, self.cost) if each] + [LANGUAGES[code] for code in self.languages]

    def is_due(self, day: date) -> bool:
        """Whether on that day somebody should check the line again."""
        return (day - self.checked_at).days > CHECK_AFTER


def _line(data: dict[str, Any]) -> Line:
    for key in {"name", "about", "hours", "cost"} & data.keys():
        data[key] = Words(data[key], data[key]) if isinstance(data[key], str) else Words(**data[key])
    numbers = tuple(Number(written) for written in data.pop("numbers", ()))
    return Line(**data | {"numbers": numbers, "languages": tuple(data.get("languages", ()))})


LINES = tuple(_line(data) for data in tomllib.loads(FILE.read_text(encoding="utf-8"))["line"])
FOR_THE_YOUNG = [line for line in LINES if {number.written for number in line.numbers} & {"0800-0432", "102"}]
SAFE_AT_HOME = [line for line in LINES if {number.written for number in line.numbers} & {"0800-2000", "1712"}]


def by_country() -> list[tuple[str, str | Promise, list[Line]]]:
    """Every line: (anchor, the country's name, its lines), nearest country first."""
    return [(key, name, [line for line in LINES if line.country == key]) for key, name in COUNTRIES.items()]
