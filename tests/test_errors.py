"""When something goes wrong: a kind page, nothing typed is lost, nothing is given away."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.journal.models import JournalEntry
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from kwetsbaar import errors, urls
from tests.test_safety import database_away

SECRET = "pearblossom under the bridge"
NEW_ENTRY = "/en/journal/new/"
names = pytest.mark.parametrize


# Two more addresses, with which something goes wrong


def breaks(request: HttpRequest) -> HttpResponse:
    """A mistake of ours, with someone's words in its message."""
    JournalEntry.objects.create(user=request.user, body=SECRET)
    raise ValueError(SECRET)


def refuses(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied(SECRET)


urlpatterns = [path("en/breaks/", breaks), path("nl/breaks/", breaks), path("en/refuses/", refuses), *urls.urlpatterns]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
with_mistakes = pytest.mark.urls(__name__)


# What a browser would send from the page that it got


def form_on(response) -> tuple[str, dict[str, list[str]]]:
    """Action and fields of the page's one form."""
    main = response.text[response.text.index("<main") : response.text.index("</main>")]
    (action, form), *more = re.findall(r'<form method="post" action="([^"]*)">(.*?)</form>', main, re.S)
    assert not more
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<textarea name="([^"]*)"[^>]*>\n(.*?)</textarea>', form, re.S) + re.findall(
        r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form, re.S
    ):
        fields.setdefault(unescape(name), []).append(unescape(value))
    assert "<button" in form
    return unescape(action), fields


def presses_send_again(browser: Client, response):
    action, fields = form_on(response)
    return browser.post(action, fields)


def token_on(response) -> str:
    return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', response.text)[1]


def seen(response) -> str:
    """What the page shows in its text fields."""
    return unescape(" ".join(re.findall(r"<textarea[^>]*>(.*?)</textarea>", response.text, re.S)))


def entries_of(user) -> list[str]:
    with acting_as(user.pk):
        return [entry.body for entry in JournalEntry.objects.all()]


@pytest.fixture
def strict(emma) -> Client:
    """Emma's browser, with the check on forms that a real one meets."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(emma)
    return browser


# A form that had been open too long


def test_an_expired_form_shows_what_was_written_and_sends_it_after_all(strict, emma):
    sent = {"id": str(uuid7()), "body": f"{SECRET}\n\nI said it.", "takeaway": "fine", "csrfmiddlewaretoken": "old"}
    response = strict.post(NEW_ENTRY, sent)
    assert response.status_code == 403
    assert SECRET in seen(response)
    assert entries_of(emma) == []
    assert presses_send_again(strict, response).status_code == 302
    assert entries_of(emma) == [sent["body"]]


def test_an_expired_form_of_ticks_alone_can_be_sent_after_all(db):
    browser = Client(enforce_csrf_checks=True)
    response = browser.post("/en/start/", {"id": str(uuid7()), "adult": "on", "consent": "on"})
    assert response.status_code == 403
    assert presses_send_again(browser, response)["Location"].startswith("/en/account/code/")


def test_an_expired_button_can_be_pressed_after_all(strict):
    response = strict.post("/en/account/sign-out/")
    assert response.status_code == 403
    assert presses_send_again(strict, response)["Location"] == "/en/#out"
    assert strict.get("/en/today/").status_code == 302


@names("header", [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}])
def test_what_another_site_sent_is_not_offered_to_be_sent_again(strict, header):
    response = strict.post("/en/privacy/delete/", {"sure": "on", "why": "because of a prize"}, headers=header)
    main = response.text[response.text.index("<main") :]
    assert response.status_code == 403
    assert "csrfmiddlewaretoken" not in main
    assert "<button" not in main
    assert "because of a prize" in seen(response), "someone whose browser hides where it is can copy it"


def test_the_address_keeps_what_stood_behind_the_question_mark(strict):
    response = strict.post(f"{NEW_ENTRY}?module=dimmer&x=%22", {"body": SECRET})
    assert form_on(response)[0] == f"{NEW_ENTRY}?module=dimmer&x=%22"


sent_fields = st.dictionaries(
    st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(lambda name: name != "csrfmiddlewaretoken"),
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r")), min_size=1, max_size=3),
    min_size=1,
    max_size=5,
)


@given(fields=sent_fields)
@settings(max_examples=60, deadline=None)
def test_whatever_was_sent_is_sent_again_word_for_word(fields):
    request = RequestFactory().post(NEW_ENTRY, fields)
    action, again = form_on(errors.expired_form(request))
    assert len(again.pop("csrfmiddlewaretoken")) == 1
    assert action == NEW_ENTRY
    assert again.keys() == fields.keys()
    for name, values in fields.items():
        assert sorted(again[name]) == sorted(values)


# A session that ended while someone was writing


def test_whoever_was_signed_out_while_writing_loses_nothing(strict, emma):
    code = emma.renew_return_code()
    strict.logout()
    token = token_on(strict.get("/en/account/return/"))
    response = strict.post(NEW_ENTRY, {"id": str(uuid7()), "body": SECRET, "csrfmiddlewaretoken": token})
    assert response.status_code == 403
    assert SECRET in seen(response)
    link = re.search(r'<a [^>]*href="(/en/account/return/)"[^>]*>', response.text)
    assert 'target="_blank"' in link[0]

    token = token_on(strict.get(link[1]))  # in the other tab
    assert strict.post(link[1], {"code": code, "csrfmiddlewaretoken": token}).status_code == 302

    again = presses_send_again(strict, response)
    if again.status_code == 403:  # signing in renewed the token, so this page asks once more
        again = presses_send_again(strict, again)
    assert again.status_code == 302
    assert entries_of(emma) == [SECRET]


@names("address", [NEW_ENTRY, "/en/people/new/", "/en/feeling/", "/en/dimmer/new/"])
def test_without_a_session_a_form_is_kept_on_the_page(client, db, address):
    response = client.post(address, {"body": SECRET})
    assert response.status_code == 403
    assert SECRET in seen(response)
    assert form_on(response)[0] == address


# The other pages


@names("language", ["nl", "en"])
def test_what_is_not_there_gets_a_kind_page_in_the_readers_language(client, language):
    response = client.get(f"/{language}/nothing-here/")
    assert response.status_code == 404
    assert f'<html lang="{language}"' in response.text
    assert f'href="/{language}/help/"' in response.text
    assert "<form" not in response.text
    with translation.override(language):
        assert translation.gettext("There is nothing here") in unescape(response.text)


def test_what_was_written_for_something_that_is_gone_can_still_be_copied(as_emma):
    response = as_emma.post(f"/en/journal/{uuid7()}/", {"body": SECRET})
    assert response.status_code == 404
    assert SECRET in seen(response)


@with_mistakes
@names("language", ["nl", "en"])
def test_a_mistake_of_ours_gives_nothing_away_and_keeps_nothing_but_what_was_typed(strict, emma, language):
    response = strict.get(f"/{language}/breaks/")
    assert response.status_code == 500
    assert f'<html lang="{language}"' in response.text
    for leak in (SECRET, "ValueError", "Traceback", __file__):
        assert leak not in response.text
    assert entries_of(emma) == []


@with_mistakes
def test_after_a_mistake_of_ours_what_was_typed_is_still_on_the_page(emma):
    browser = Client(raise_request_exception=False)
    browser.force_login(emma)
    response = browser.post("/en/breaks/", {"body": "I wrote this for an hour."})
    assert response.status_code == 500
    assert seen(response).strip() == "I wrote this for an hour."
    assert SECRET not in response.text


@with_mistakes
def test_a_page_that_is_not_for_someone_says_so_kindly(as_emma):
    response = as_emma.get("/en/refuses/")
    assert response.status_code == 403
    assert SECRET not in response.text
    assert "You did nothing wrong." in response.text


def test_far_too_much_at_once_is_answered_kindly(as_emma):
    response = as_emma.post(NEW_ENTRY, {"body": "x" * 1_100_000})
    assert response.status_code == 413
    assert 'href="/en/help/"' in response.text
    assert "<button" not in response.text.split("<main")[1]


def test_a_made_up_host_name_is_refused_and_not_repeated(client):
    response = client.get("/en/", headers={"Host": "elsewhere.example"})
    assert response.status_code == 400
    assert "elsewhere" not in response.text


ALL = ["expired_form", "signed_out", "forbidden", "not_found", "bad_request", "fault"]


@names("name", ALL)
@names("method", ["get", "post"])
def test_no_such_page_asks_anything_of_the_database_not_even_who_someone_is(name, method):
    class Away:
        def __getattr__(self, attribute: str) -> None:
            raise AssertionError("asked who this is")

    request = getattr(RequestFactory(), method)(NEW_ENTRY, {"body": SECRET})
    request.user = Away()
    response = getattr(errors, name)(request)  # no `db` fixture: a query would be an error
    assert response.status_code >= 400
    assert isinstance(request.user, AnonymousUser)
    assert "· Notes</title>" in response.text


@names("name", ALL)
def test_every_such_page_has_a_way_on_and_is_not_for_search_engines(name):
    page = getattr(errors, name)(RequestFactory().get("/en/today/")).text
    assert page.count("<h1>") == 1
    assert 'content="noindex"' in page
    for way in ("/en/help/", "/en/read/", "/weg/"):
        assert f'href="{way}"' in page


# The database is really away


@pytest.mark.django_db(transaction=True)
@names("language", ["nl", "en"])
def test_while_the_database_is_away_a_page_says_so_and_when_to_try_again(strict, language):
    with database_away():
        response = strict.get(f"/{language}/today/")
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert f'<html lang="{language}"' in response.text
    assert f'href="/{language}/help/"' in response.text
    assert strict.get(f"/{language}/today/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_what_was_written_while_the_database_was_away_is_saved_once_when_it_is_back(emma):
    browser = Client(raise_request_exception=False)
    browser.force_login(emma)
    with database_away():
        response = browser.post(NEW_ENTRY, {"id": str(uuid7()), "body": SECRET})
        assert response.status_code == 503
        assert SECRET in seen(response)
        assert presses_send_again(browser, response).status_code == 503
    for _ in range(2):
        assert presses_send_again(browser, response).status_code == 302
    assert entries_of(emma) == [SECRET]


@pytest.mark.django_db(transaction=True)
@names("address", ["/en/start/", "/en/account/return/"])
def test_a_visitor_who_sends_something_while_the_database_is_away_can_send_it_again(db, address):
    browser = Client(raise_request_exception=False)
    sent = {"adult": "on", "consent": "on", "code": "7KQ2-7KQ2-7KQ2-7KQ2-7KQ2"}
    with database_away():
        response = browser.post(address, sent)
    assert response.status_code == 503
    assert presses_send_again(browser, response).status_code == (302 if "start" in address else 200)


@pytest.mark.django_db(transaction=True)
@names("address", ["/nl/", "/en/read/", "/en/read/dimmer/", "/en/exercises/dimmer/", "/en/nothing-here/"])
def test_reading_goes_on_for_a_visitor_while_the_database_is_away(client, db, address):
    with database_away():
        assert client.get(address).status_code in (200, 404)
