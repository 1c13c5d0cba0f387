"""The lock: after five idle minutes everything private waits for the PIN; nothing is lost, and guessing does not help."""

import re
import threading
import time

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import connections
from django.test import Client
from django.urls import resolve
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from exercises.drafts.models import Draft
from exercises.privacy.forms import PinForm
from exercises.privacy.lock import ALWAYS, IDLE, NOTED_EVERY, PERSONAL, TRIES, is_locked
from exercises.records.forms import mark_of
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from tests.conftest import signed_in
from tests.test_boundary import MODELS, ROUTES, address, one_of_each
from tests.test_main_path import save, someone, starts  # noqa: F401  # someone is a fixture

PIN, WRONG = "4711", "0000"
LOCK, NEW, SETTINGS = "/en/privacy/lock/", "/en/journal/new/", "/en/privacy/settings/"
ASKS = 'name="lock_pin"'
JSON = {"Accept": "application/json"}


def with_pin(user, pin: str = PIN) -> None:
    form = PinForm({"pin": pin, "pin_again": pin})
    assert form.is_valid()
    with acting_as(user.pk):
        form.save(user)


def idle(client: Client, seconds: int = IDLE) -> Client:
    """This browser was last used so long ago."""
    session = client.session
    session["seen_at"] = int(time.time()) - seconds
    session.save()
    return client


@pytest.fixture
def filled(emma):
    with acting_as(emma.pk):
        return one_of_each(emma)


@pytest.fixture
def locked(request, emma, as_emma) -> Client:
    if "filled" in request.fixturenames:
        request.getfixturevalue("filled")
    with_pin(emma)
    return idle(as_emma)


def carried_by(page) -> str:
    return re.search(r'name="carried" value="([^"]*)"', page.text)[1]


def entries(user) -> list[str]:
    with acting_as(user.pk):
        return [entry.body for entry in user.entries.all()]


# The rule


@given(st.integers(0, 2**40), st.integers(-10, 10**6))
def test_it_locks_after_five_minutes_and_not_before(seen_at, later):
    assert is_locked(seen_at, seen_at + later) == (later >= 300)
    assert is_locked(None, later)


def test_without_a_pin_nothing_ever_locks(as_emma, filled):
    assert "pearblossom" in idle(as_emma, 10**6).get("/en/journal/").text


# What is shown


@pytest.mark.parametrize("method", ["get", "post"])
def test_while_locked_no_address_shows_a_private_word_or_changes_a_thing(locked, emma, filled, method):
    for route in sorted(ROUTES):
        model = MODELS.get(route.split("/")[1] if "/" in route else "")
        sent = {"body": "pearblossom", "code": "x"} if method == "post" else {}
        path = address(route, filled[model].pk if model else None)
        response, match = getattr(locked, method)(path, sent), resolve(path)
        assert not re.search(rb"pearblossom|Samira", response.content), route
        public = not getattr(match.func, "login_required", True) and match.view_name not in PERSONAL
        if public and method == "get":
            assert ASKS not in response.text, route
        elif match.view_name not in ALWAYS | {"worker"}:  # knows nobody
            assert (path, response.status_code, ASKS in response.text) == (path, 403, True)
        if SESSION_KEY not in locked.session:
            locked.force_login(emma)
            idle(locked)
    with acting_as(emma.pk):
        assert [entry.body for entry in emma.entries.all()] == ["pearblossom"]
        assert (emma.people.count(), emma.drafts.count(), emma.evidence.count()) == (1, 1, 1)


def test_the_page_that_asks_has_a_neutral_title_and_leads_to_help_and_out(locked):
    page = locked.get("/en/journal/").text
    assert "<title>One moment · Notes</title>" in page
    for way in ("/en/help/", "/weg/", "/en/account/sign-out/"):
        assert f'href="{way}"' in page
    assert "no-store" in locked.get("/en/journal/")["Cache-Control"]


def test_help_the_way_out_signing_out_and_the_other_language_work_while_locked(locked):
    assert locked.get("/en/help/").status_code == 200
    assert locked.get("/nl/read/questions/").status_code == 200
    assert "Your PIN" in locked.get("/en/journal/").text
    assert 'lang="nl"' in locked.get("/nl/journal/").text
    assert locked.get("/en/account/sign-out/").status_code == 200
    assert locked.get("/weg/").status_code == 303
    assert SESSION_KEY not in locked.session


def test_a_public_page_shows_a_locked_reader_no_marks(emma, locked, filled):
    with acting_as(emma.pk):
        emma.reads.create(module="safe-answer", finished_at="2026-01-02T10:00Z")
    assert "<strong>read</strong>" not in locked.get("/en/read/").text
    locked.post(LOCK, {"lock_pin": PIN, "carried": ""})
    assert "<strong>read</strong>" in locked.get("/en/read/").text


def test_a_fragment_makes_the_page_ask(locked):
    answer = locked.get("/en/evidence/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"], answer.content) == (204, "true", b"")


# Opening


def test_the_right_pin_opens_and_leads_to_where_one_was_going(locked, filled):
    response = locked.post("/en/journal/?before=", {"lock_pin": PIN, "carried": ""})
    assert (response.status_code, response["Location"]) == (302, "/en/journal/?before=")
    assert "pearblossom" in locked.get("/en/journal/").text


def test_what_was_being_sent_is_carried_unreadable_and_arrives_once(locked, emma):
    sent = {"body": "pearblossom\nand more", "id": str(uuid7()), "seen": ""}
    asked = locked.post(NEW, sent)
    assert (asked.status_code, ASKS in asked.text) == (403, True)
    assert "pearblossom" not in asked.text
    assert entries(emma) == []
    again = locked.post(NEW, {"lock_pin": WRONG, "carried": carried_by(asked)})
    assert "not your PIN" in again.text
    assert carried_by(again) == carried_by(asked)
    for _click in range(2):
        done = locked.post(NEW, {"lock_pin": PIN, "carried": carried_by(again)})
        assert (done.status_code, done["Location"]) == (302, "/en/journal/")
    assert entries(emma) == ["pearblossom\nand more"]


def test_many_choices_of_one_field_are_all_carried(locked, emma):
    asked = locked.post("/en/feeling/2026-01-02/", {"words": ["sad", "calm"], "sentence": "s"})
    locked.post("/en/feeling/2026-01-02/", {"lock_pin": PIN, "carried": carried_by(asked)})
    with acting_as(emma.pk):
        assert emma.feelings.get().words == ["sad", "calm"]


@pytest.mark.parametrize("carried", ["x", "AAAA", "é", "!" * 50])
def test_what_was_not_sealed_here_is_not_sent(locked, emma, carried):
    response = locked.post(NEW, {"lock_pin": PIN, "carried": carried})
    assert (response.status_code, response["Location"]) == (302, NEW)
    assert entries(emma) == []


def test_what_is_carried_opens_for_nobody_else_and_nowhere_else(locked, emma, malik, as_malik):
    carried = carried_by(locked.post(NEW, {"body": "pearblossom"}))
    with_pin(malik)
    assert as_malik.post(NEW, {"lock_pin": PIN, "carried": carried})["Location"] == NEW
    assert entries(malik) == []
    locked.post("/en/evidence/new/", {"lock_pin": PIN, "carried": carried})
    with acting_as(emma.pk):
        assert not emma.evidence.exists()


# Guessing


def test_five_wrong_in_a_row_sign_out_and_what_was_sent_can_still_be_sent(locked, emma):
    carried = carried_by(locked.post(NEW, {"body": "pearblossom"}))
    for left in range(TRIES - 1, 0, -1):
        answer = locked.post(NEW, {"lock_pin": WRONG, "carried": carried})
        assert f"You can try {left} more" in answer.text or (left == 1 and "once more" in answer.text)
    ended = locked.post(NEW, {"lock_pin": WRONG, "carried": carried})
    assert ended.status_code == 403
    assert "You are signed out" in ended.text
    assert carried_by(ended) == carried
    assert SESSION_KEY not in locked.session
    assert ASKS not in locked.post(NEW, {"lock_pin": PIN, "carried": carried}).text
    assert entries(emma) == []
    locked.force_login(emma)
    locked.post(NEW, {"carried": carried})
    assert entries(emma) == ["pearblossom"]


def test_the_right_pin_begins_the_count_anew(locked):
    for _round in range(2):
        for _try in range(TRIES - 1):
            locked.post(LOCK, {"lock_pin": WRONG, "carried": ""})
        assert locked.post(LOCK, {"lock_pin": PIN, "carried": ""}).status_code == 302
        idle(locked)


@pytest.mark.django_db(transaction=True)
def test_trying_many_at_once_gives_no_more_tries(emma, locked):
    cookie, said = locked.cookies["session"].value, []

    def tries(pin):
        client = Client()
        client.cookies["session"] = cookie
        try:
            said.append(
                "not your PIN"
                in client.post(LOCK, {"lock_pin": pin, "carried": ""}, headers={"Accept": "text/html"}).text
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tries, args=(f"{n:04}",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(said), sum(said)) == (12, TRIES - 1)
    assert SESSION_KEY not in signed_out_as(cookie).session


def signed_out_as(cookie: str) -> Client:
    client = Client()
    client.cookies["session"] = cookie
    return client


def test_a_wrong_pin_locks_at_once_also_where_it_was_open(emma, as_emma):
    with_pin(emma)
    assert as_emma.get("/en/journal/").status_code == 200
    assert as_emma.post(LOCK, {"lock_pin": WRONG, "carried": ""}).status_code == 403
    assert as_emma.get("/en/journal/").status_code == 403


# When it is open, and for how long


def test_a_fresh_sign_in_is_open_and_the_pin_can_be_taken_away(locked, emma):
    locked.force_login(emma)
    assert locked.get("/en/journal/").status_code == 200
    locked.post(SETTINGS, {"form": "no_pin"})
    assert idle(locked, 10**6).get("/en/journal/").status_code == 200


def test_a_pin_made_on_one_device_locks_the_others_too(emma, as_emma):
    elsewhere = idle(signed_in(emma), 10 * IDLE)
    assert elsewhere.get("/en/journal/").status_code == 200
    as_emma.post(SETTINGS, {"form": "pin", "pin": PIN, "pin_again": PIN})
    assert as_emma.get("/en/journal/").status_code == 200
    assert elsewhere.get("/en/journal/").status_code == 403


def test_a_session_that_was_never_timed_is_locked(emma, as_emma):
    with_pin(emma)
    session = as_emma.session
    del session["seen_at"]
    session.save()
    assert as_emma.get("/en/journal/").status_code == 403


def test_use_keeps_it_open_and_is_noted_at_most_every_half_minute(emma, as_emma):
    with_pin(emma)
    for ago, noted in ((NOTED_EVERY - 5, False), (NOTED_EVERY, True), (IDLE - 5, True)):
        before = idle(as_emma, ago).session["seen_at"]
        assert as_emma.get("/en/journal/").status_code == 200
        assert (as_emma.session["seen_at"] > before) == noted


def test_lock_now_locks_at_once(emma, as_emma):
    with_pin(emma)
    assert as_emma.get(LOCK)["Location"] == "/en/today/"
    assert as_emma.post(LOCK, {"close": "on"})["Location"] == LOCK
    assert as_emma.get(LOCK).status_code == 403
    assert as_emma.get("/en/today/").status_code == 403


def test_typing_is_kept_while_locked_and_does_not_open(locked, emma):
    row = str(uuid7())
    fields = {"draft_page": "/journal/new/", "whose": mark_of(emma), "id": row, "body": "pearblossom"}
    seen = locked.session["seen_at"]
    answer = locked.post("/drafts/", fields)
    assert answer.status_code == 200, answer.text
    assert "pearblossom" not in answer.text
    with acting_as(emma.pk):
        assert Draft.objects.filter(user=emma, row=row).exists()
    assert locked.session["seen_at"] == seen
    assert locked.get("/en/journal/").status_code == 403


def test_drafts_by_themselves_do_not_keep_it_open(emma, as_emma):
    with_pin(emma)
    seen = idle(as_emma, IDLE - 10).session["seen_at"]
    as_emma.post("/drafts/", {"draft_page": "/journal/new/", "whose": mark_of(emma), "id": str(uuid7()), "body": "b"})
    as_emma.get(LOCK, headers=JSON)
    assert as_emma.session["seen_at"] == seen


def test_the_page_learns_how_long_it_is_open_and_whose_it_is(emma, as_emma):
    with_pin(emma)
    answer = idle(as_emma, 100).get(LOCK, headers=JSON).json()
    assert IDLE - 103 <= answer["left"] <= IDLE - 100
    assert answer["who"] == mark_of(emma)
    assert as_emma.post(LOCK, {"idle": "20"}, headers=JSON).json()["left"] in range(IDLE - 22, IDLE - 19)
    assert as_emma.post(LOCK, {"idle": "200"}, headers=JSON).json()["left"] > IDLE - 25, (
        "an older tab takes nothing back"
    )
    assert idle(as_emma).get(LOCK, headers=JSON).json()["left"] == 0
    assert as_emma.post(LOCK, {"idle": "0"}, headers=JSON).json()["left"] == 0, "what is locked, only the PIN opens"


def test_without_a_pin_the_address_leads_to_where_one_is_made(as_emma):
    assert as_emma.get(LOCK)["Location"] == "/en/privacy/settings/#lock"


# Making one


def test_the_pin_is_kept_as_a_hash_and_stands_in_no_page(as_emma, emma):
    page = as_emma.post(SETTINGS, {"form": "pin", "pin": "86420975", "pin_again": "86420975"}, follow=True)
    assert "86420975" not in page.text
    with acting_as(emma.pk):
        kept = emma.settings.get().pin
    assert kept.startswith("argon2$")
    assert "86420975" not in kept


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "", "٣٣٣٣", "12 34", "-123"])
def test_a_pin_has_four_to_eight_digits(as_emma, emma, pin):
    page = as_emma.post(SETTINGS, {"form": "pin", "pin": pin, "pin_again": pin})
    assert (page.status_code, page.context["pin"].is_valid()) == (200, False)
    with acting_as(emma.pk):
        assert not emma.settings.exclude(pin="").exists()


def test_a_pin_is_typed_the_same_twice(as_emma, emma):
    page = as_emma.post(SETTINGS, {"form": "pin", "pin": "1234", "pin_again": "4321"})
    assert "These are not the same" in page.text
    with acting_as(emma.pk):
        assert not emma.settings.exclude(pin="").exists()


# In a browser


@pytest.fixture
def careful(someone) -> Page:  # noqa: F811
    """Someone with a PIN, on a page with time of its own, typing in the journal."""
    page = someone("en")
    page.clock.install()
    starts(page, "en")
    page.goto(SETTINGS)
    page.locator("#lock summary").click()
    page.fill("[name=pin]", PIN)
    page.fill("[name=pin_again]", PIN)
    with page.expect_event("framenavigated"):
        page.locator("#lock details button").click()
    page.goto(NEW)
    page.fill("[name=body]", "pearblossom")
    return page


def gives(page: Page, pin: str) -> None:
    page.fill(".lock [name=lock_pin]", pin)
    page.locator(".lock form button").click()


def test_an_idle_page_is_covered_and_the_pin_brings_back_what_was_typed(careful):
    title = careful.title()
    careful.clock.fast_forward("04:30")
    expect(careful.locator("main")).to_be_visible()
    careful.clock.fast_forward("00:31")
    expect(careful.locator("main")).to_be_hidden()
    assert careful.locator("main").evaluate("main => main.inert")
    expect(careful.locator(".lock [name=lock_pin]")).to_be_focused()
    assert careful.title() == title
    expect(careful.locator("header .exit")).to_be_visible()
    gives(careful, WRONG)
    expect(careful.locator(".lock .errors")).to_contain_text("not your PIN")
    expect(careful.locator("main")).to_be_hidden()
    gives(careful, PIN)
    expect(careful.locator("main")).to_be_visible()
    expect(careful.locator(".lock")).to_be_hidden()
    expect(careful.locator("[name=body]")).to_have_value("pearblossom")
    expect(careful.locator("[name=body]")).to_be_focused()
    save(careful)
    expect(careful.locator("main")).to_contain_text("pearblossom")


def test_whoever_goes_on_typing_is_not_interrupted(careful):
    for _minute in range(7):
        careful.clock.fast_forward("01:00")
        careful.locator("[name=body]").press("a")
    expect(careful.locator("main")).to_be_visible()


def test_a_laptop_that_slept_is_covered_before_the_first_touch_counts(careful):
    careful.evaluate("const real = Date.now; Date.now = () => real() + 600_000")  # time went on, timers did not
    careful.mouse.move(50, 300)
    expect(careful.locator("main")).to_be_hidden()


def test_the_other_tab_follows_when_it_is_looked_at(careful):
    other = careful.context.new_page()
    other.goto("/en/journal/")
    other.locator("footer").get_by_role("button", name="Lock now").click()
    expect(other).to_have_url(re.compile("/privacy/lock/"))
    careful.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(careful.locator("main")).to_be_hidden()
    other.fill("[name=lock_pin]", PIN)
    other.locator("main form button").click()
    expect(other).to_have_url(re.compile("/today/"))
    careful.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(careful.locator("[name=body]")).to_have_value("pearblossom")
    expect(careful.locator("main")).to_be_visible()


def test_after_too_many_tries_the_page_waits_and_opens_for_the_same_person_alone(careful, someone):  # noqa: F811
    careful.goto(SETTINGS)
    careful.goto("/en/privacy/")
    with careful.expect_event("framenavigated"):
        careful.locator("#code button").click()
    code = careful.locator("main .code").inner_text().strip()
    careful.goto(NEW)
    careful.fill("[name=body]", "pearblossom")
    careful.clock.fast_forward("05:01")
    for _try in range(TRIES):
        expect(careful.locator(".lock form button")).to_be_enabled()
        with careful.expect_response("**/privacy/lock/"):
            gives(careful, WRONG)
    expect(careful.locator(".lock .errors")).to_contain_text("signed out")
    expect(careful.locator("main")).to_be_hidden()
    stranger = careful.context.new_page()
    starts(stranger, "en")
    careful.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    careful.wait_for_timeout(300)
    expect(careful.locator("main")).to_be_hidden()
    stranger.goto("/en/account/return/")
    stranger.fill("[name=code]", code)
    save(stranger)
    careful.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(careful.locator("main")).to_be_visible()
    expect(careful.locator("[name=body]")).to_have_value("pearblossom")
    save(careful)
    expect(careful.locator("main")).to_contain_text("pearblossom")


def test_without_javascript_a_late_save_asks_for_the_pin_and_then_saves(someone, data):  # noqa: F811
    page = someone("en", javascript=False)
    starts(page, "en")
    page.goto(SETTINGS)
    page.locator("#lock summary").click()
    page.fill("[name=pin]", PIN)
    page.fill("[name=pin_again]", PIN)
    page.locator("#lock details button").click()
    page.goto(NEW)
    page.fill("[name=body]", "pearblossom")
    other = page.context.new_page()
    other.goto("/en/journal/")
    other.locator("footer").get_by_role("button", name="Lock now").click()
    save(page)
    expect(page.locator("main")).not_to_contain_text("pearblossom")
    page.fill("[name=lock_pin]", PIN)
    save(page)
    expect(page.locator("main")).to_contain_text("pearblossom")
