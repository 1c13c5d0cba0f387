"""Pages that are the same for every visitor are made once: nobody gets another's, and nothing on them grows old."""

import gzip

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from exercises.course.courses import LANGUAGES
from tests.test_boundary import ROUTES, address

CONSTANT = sorted(route for route, pattern in ROUTES.items() if hasattr(pattern.callback, "is_constant"))
PLAIN = {"accept-encoding": "identity"}
EACH = sorted({address(route).replace("/en/", f"/{language}/", 1) for route in CONSTANT for language in LANGUAGES})


def test_the_course_help_and_what_this_is_are_made_once():
    assert {"/nl/", "/en/help/", "/nl/read/dimmer/", "/en/exercises/dimmer/", "/nl/privacy-statement/"} <= set(EACH)
    assert not {"/nl/start/", "/nl/today/", "/en/read/dimmer/reactions/"} & set(EACH)


@pytest.mark.parametrize("path", EACH)
def test_a_visitor_gets_the_same_page_again_without_a_question_to_the_database(db, path):
    client = Client()
    with CaptureQueriesContext(connection) as queries:
        first, again = client.get(path), client.get(path)
        packed = [client.get(path, headers={"accept-encoding": "br, gzip"}) for _time in range(2)]
    assert not queries.captured_queries
    assert first.content == again.content
    assert dict(first.items()) == dict(again.items())
    assert not first.cookies
    if first.status_code == 200:
        assert [gzip.decompress(each.content) for each in packed] == [first.content] * 2
        asked_after = client.get(path, headers=PLAIN | {"if-none-match": first["ETag"]})
        assert (asked_after.status_code, asked_after.content) == (304, b"")
        assert asked_after["Cache-Control"] == first["Cache-Control"]


def test_who_is_signed_in_gets_a_page_of_their_own_and_a_visitor_after_them_does_not(as_emma, emma):
    path = "/en/read/dimmer/"
    own = as_emma.get(path)
    as_emma.cookies.clear()
    visitors, again = as_emma.get(path), as_emma.get(path)
    as_emma.force_login(emma)
    assert "no-store" in own["Cache-Control"]
    assert "public" in visitors["Cache-Control"]
    assert visitors.content == again.content != own.content
    assert "/en/today/" in own.text
    assert "/en/today/" not in visitors.text
    assert "/en/today/" in as_emma.get(path).text


def test_a_kept_page_too_is_refused_to_another_host_and_in_another_way_of_asking(client, settings):
    path = "/en/help/"
    client.get(path)
    assert client.get(path, headers={"host": "elsewhere.example"}).status_code == 400
    assert client.post(path).status_code == 405
    assert client.head(path).content == b""


def test_while_someone_works_on_the_site_each_page_is_made_anew(client, settings):
    settings.DEBUG = True
    client.get("/en/about/")
    settings.CONTROLLER = "Somebody else"
    assert "Somebody else" in client.get("/en/about/").text
