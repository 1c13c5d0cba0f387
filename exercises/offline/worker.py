"""What the service worker (templates/offline/sw.js) keeps: the pages that everybody may read, and their version."""

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from exercises.course import courses
from exercises.records.typed import ADDRESS, CARRIED, SECRET, SHORT

SHELLS = ["offline", "offline_feeling"]  # pages that are there for being offline; public, and without anything private
PAGES = ["landing", "read", "key_points", "questions", "what_we_know", "help", "safe_use", "about", *SHELLS]
MAKE_PAGES = {".html", ".js", ".md", ".mo", ".py", ".toml", ".yaml"}
TOKEN = "csrfmiddlewaretoken"
SHOWN = ["SITE_URL", "STATIC_URL", "EXIT_URL", "CONTROLLER", "LANGUAGES"]  # settings


def for_worker(language: str) -> dict[str, Any]:
    """All that sw.js is told; JSON."""
    return {
        "version": version(),
        "language": language,
        "pages": addresses(language),
        "offline": {code: _in(code, lambda: reverse("offline")) for code in courses.LANGUAGES},
        "words": {
            code: _in(code, lambda: {"typed": _("What you wrote"), "file": _("Choose the file again")})
            for code in courses.LANGUAGES
        },
        "files": settings.STATIC_URL,
        "leave": reverse("leave"),
        "exit": settings.EXIT_URL,
        "typed": {"secret": sorted(SECRET), "address": sorted(ADDRESS), "short": SHORT, "hidden": [CARRIED, TOKEN]},
    }


def addresses(language: str) -> list[str]:
    """The pages that can be read without a connection, in that language."""
    shelf = courses.shelf()
    with override(language):
        further = [reverse("course", args=[book.name]) for book in shelf.books[1:]]
        modules = [reverse(page, args=[slug]) for slug in shelf.by_slug for page in ("module", "exercise")]
        return [*map(reverse, PAGES), *further, *modules]


@cache
def version() -> str:
    """Another one as soon as anything is different that makes a public page."""
    digest = hashlib.sha256()
    shown = _in(
        courses.LANGUAGES[0], lambda: [str(getattr(settings, name)) for name in SHOWN]
    )  # the same for every process
    files: Any = staticfiles_storage
    for part in chain(shown, map(str, sorted(files.hashed_files.items()))):
        digest.update(part.encode())
    for file in _sources():
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _sources() -> Iterator[Path]:
    engines: Any = settings.TEMPLATES
    templates = [Path(place) for each in engines for place in each["DIRS"]]
    code = Path(apps.get_app_config("exercises").path)
    frame = Path(apps.get_app_config("accounts").path).parent  # what every page is given: kwetsbaar/
    for place in (*templates, *settings.LOCALE_PATHS, code, frame, *settings.COURSES):
        files = (file for file in place.rglob("*") if file.suffix in MAKE_PAGES)
        yield from sorted(file for file in files if file.is_file() and os.access(file, os.R_OK))


def _in(language: str, make: Callable[[], Any]) -> Any:
    with override(language):
        return make()
