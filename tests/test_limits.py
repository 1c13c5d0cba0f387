"""What is too much, too often or too odd is refused early, kindly, and for whoever sends it alone."""

import re
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from exercises.records.models import uuid7
from kwetsbaar.middleware import MOST_WORDS
from kwetsbaar.requests import readable

STARTS = {"adult": "on", "consent": "on"}
names = pytest.mark.parametrize


def a_file():
    return SimpleUploadedFile("data.json", b"{}")


# What costs much: its name among the limits, and how it is asked for. Mail and passwords: test_sign_in


EXPENSIVE = {
    "start": lambda visitor, person: visitor.post("/en/start/", STARTS),
    "search": lambda visitor, person: visitor.get("/en/read/search/?q=shame"),
    "return_code": lambda visitor, person: visitor.post("/en/account/return/", {"code": "x"}),
    "export": lambda visitor, person: person.post("/en/privacy/export/", {}),
    "import": lambda visitor, person: person.post("/en/privacy/import/", {"file": a_file()}),
}


@names("action", EXPENSIVE)
def test_what_costs_much_can_be_asked_for_only_so_often(db, as_emma, settings, action):
    whose = settings.ACCOUNT_RATE_LIMITS[action].rpartition("/")[2]
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {action: f"1/m/{whose}"}
    first, second = (EXPENSIVE[action](Client(), as_emma) for _time in range(2))
    assert first.status_code in (200, 302)
    assert second.status_code == 429
    assert 'href="/en/help/"' in second.text


def test_one_address_that_starts_very_often_stops_no_other(db, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"start": "1/m/ip"}
    statuses = [
        Client(REMOTE_ADDR=ip).post("/en/start/", STARTS).status_code for ip in ("192.0.2.1",) * 2 + ("192.0.2.2",)
    ]
    assert statuses == [302, 429, 302]


# What is too large


class Unread(BytesIO):
    """A body that nobody may read."""

    def read(self, *args):
        raise AssertionError("it was read")


@names(
    ("path", "size"),
    [("/en/start/", MOST_WORDS + 1), ("/en/privacy/import/", 40_000_000), ("/drafts/", 10**20), ("/en/", 10**9)],
)
@names("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", ""])
def test_what_is_far_too_large_is_refused_before_it_is_read(as_emma, path, size, kind):
    answer = as_emma.generic("POST", path, content_type=kind, **{"CONTENT_LENGTH": str(size), "wsgi.input": Unread()})
    assert answer.status_code == 413
    assert "/help/" in answer.text


def test_a_large_download_can_be_brought_back_and_sent_nowhere_else(as_emma):
    large = SimpleUploadedFile("data.json", b" " * (MOST_WORDS + 1))
    assert as_emma.post("/en/privacy/import/", {"file": large}).status_code == 200
    large.seek(0)
    assert as_emma.post("/en/journal/new/", {"body": "x", "file": large}).status_code == 413


# What is odd


def test_a_start_page_sent_for_someone_else_once_more_gives_a_code_of_their_own(db):
    seed, ids = "the same", [str(uuid7()) for _person in range(2)]
    browsers = [Client() for _id in ids]
    for browser, id in zip(browsers, ids, strict=True):
        assert browser.post("/en/start/", STARTS | {"id": id, "seed": seed}).status_code == 302
    pages = [browser.get("/en/account/code/").text for browser in browsers]
    first, second = (re.search(r'<strong class="code"[^>]*>([^<]+)<', page)[1] for page in pages)
    assert first != second


@names("path", ["//pwn.example/", "//pwn.example/en/help/", "///pwn.example", "//\\pwn.example/"])
@names("method", ["GET", "POST"])
def test_no_page_links_to_another_host_because_its_own_address_looks_like_one(as_emma, path, method):
    inner = as_emma.handler
    as_emma.handler = lambda environ: inner(readable(environ))
    answer = as_emma.generic(method, "/", b"body=x", "application/x-www-form-urlencoded", PATH_INFO=path)
    assert answer.status_code == 404
    assert '="//' not in answer.text
