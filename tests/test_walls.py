"""The walls around every page: what may run, what is kept, who is told."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from exercises.records.rowsecurity import acting_as
from tests.test_boundary import PRIVATE, ROUTES, address, is_public, one_of_each
from tests.test_settings import PRODUCTION, setting

PUBLIC = sorted(route for route, pattern in ROUTES.items() if is_public(pattern))
LOADED = {  # element → the attribute that makes a browser fetch something for the page itself
    "audio": "src", "embed": "src", "form": "action", "iframe": "src", "img": "src", "image": "href", "input": "src",
    "link": "href", "object": "data", "script": "src", "source": "src", "track": "src", "use": "href", "video": "src",
}  # fmt: skip
NOT_FETCHED = {"canonical", "alternate"}  # links that only say something


class Page(HTMLParser):
    """What in a page could run or be fetched: `inline` code and style, and the `hosts` that it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.hosts: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in values and values.get("type") != "application/json"):
            self.inline.append(tag)
        self.inline += [f"{tag} {name}" for name in values if name.startswith("on") or name in ("style", "srcdoc")]
        self.inline += [
            f"{tag} {name}" for name, value in attrs if (value or "").strip().lower().startswith("javascript:")
        ]
        if tag in LOADED and not NOT_FETCHED & set((values.get("rel") or "").split()):
            self.hosts |= {urlsplit(values.get(LOADED[tag]) or "").netloc}


@pytest.fixture
def emmas(emma):
    with acting_as(emma.pk):
        return one_of_each(emma)


def policy(response) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in response["Content-Security-Policy"].split(";"))
    return {name: value for name, _space, value in parts}


def walled(response) -> None:
    """What holds for every answer."""
    allowed = policy(response)
    assert allowed["default-src"] == "'none'"
    assert set(allowed.values()) <= {"'none'", "'self'"}
    assert {"base-uri", "form-action", "frame-ancestors"} <= set(allowed), "these do not fall back on default-src"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    if response["Content-Type"].startswith("text/html"):
        page = Page(response.text)
        assert page.inline == []
        assert page.hosts <= {"", "testserver"}


@pytest.mark.parametrize("route", PUBLIC)
def test_a_public_page_runs_nothing_inline_and_names_no_other_host(client, db, route):
    response = client.get(address(route))
    walled(response)
    kept_nowhere = route == "en/read/search/"  # what someone looks for is nobody else's business
    if not response.cookies and response.status_code == 200 and not kept_nowhere:
        assert "private" not in response["Cache-Control"]


@pytest.mark.parametrize("route", PRIVATE)
def test_a_private_page_is_walled_too_and_stored_nowhere(emmas, as_emma, route):
    for row in emmas.values():
        response = as_emma.get(address(route, row.pk))
        if response.status_code == 200 or "<uuid:id>" not in route:
            break
    walled(response)
    assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))


def test_an_error_page_is_walled_too(client, db, as_emma):
    for one in (client, as_emma):
        walled(one.get("/en/there-is-nothing-here/"))


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(client, db):
    client.get("/en/start/")
    client.post("/en/start/", {"adult": "on", "consent": "on"})
    assert {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME} <= set(client.cookies)
    for cookie in client.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax", cookie.key
        assert not cookie["domain"], cookie.key


def test_on_https_the_browser_is_told_to_never_come_without(tmp_path):
    names = ("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD", "SECURE_SSL_REDIRECT")
    assert setting(tmp_path, PRODUCTION, *names) == "[31536000, True, True, True]"


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("<script>x()</script>", "script"),
        ("<style>p{}</style>", "style"),
        ('<p style="color:red">', "p style"),
        ('<a onclick="x()">', "a onclick"),
        ('<a href=" JavaScript:x()">', "a href"),
        ('<img src="https://elsewhere.example/x">', "elsewhere.example"),
        ('<link rel="stylesheet" href="//elsewhere.example/x">', "elsewhere.example"),
    ],
)
def test_this_check_would_see_what_may_not_be(page, seen):
    found = Page(page)
    assert seen in [*found.inline, *found.hosts]
