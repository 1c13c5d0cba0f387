"""The interface words: taken from code and templates, and put into the catalogue. `python -m tests.messages`."""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

BASE = Path(__file__).parent.parent
PO = BASE / "locale/nl/LC_MESSAGES/django.po"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "_p": ((1, "c"), 2),
}


def extracted() -> Catalog:
    """Every interface text of the site, with where it stands."""
    catalog = Catalog(locale="nl", charset="utf-8", fuzzy=False)
    for folder in ("exercises", "kwetsbaar", "templates"):
        for file in sorted((BASE / folder).rglob("*")):
            if file.suffix not in (".py", ".html", ".txt"):
                continue
            text = file.read_text(encoding="utf-8")
            # Django turns a template into something like a program; JavaScript's lexer is the most forgiving
            kind, source = ("python", text) if file.suffix == ".py" else ("javascript", templatize(text))
            for _line, found, _comments, context in extract(
                kind, BytesIO(source.encode()), KEYWORDS, ("Translators:",)
            ):
                catalog.add(found, context=context, locations=[(str(file.relative_to(BASE)), None)])
    return catalog


def in_catalogue() -> Catalog:
    """The Dutch catalogue as it stands."""
    with PO.open("rb") as file:
        return read_po(file, locale="nl")


def update() -> Catalog:
    """New texts in, unused ones out, translations kept."""
    catalog = in_catalogue()
    catalog.update(extracted(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


if __name__ == "__main__":
    catalog = update()
    with PO.open("wb") as file:
        write_po(file, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False)
    missing = [message.id for message in catalog if message.id and not message.string]
    print(f"{len(catalog)} texts, {len(missing)} without Dutch")
