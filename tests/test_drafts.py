"""What is being typed is never lost: kept on the server, shown again where it was typed, gone once it is saved."""

import re
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from exercises.dimmer.models import Attempt, Dimmer
from exercises.drafts.keeping import page_of
from exercises.drafts.models import KEPT_FOR, Draft
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.records.forms import mark_of
from exercises.records.models import purge, uuid7
from exercises.records.rowsecurity import acting_as
from exercises.records.settings import Settings
from kwetsbaar import errors
from tests.conftest import signed_in
from tests.test_boundary import MODELS, ROUTES, address, one_of_each
from tests.test_records import raw, rows_of
from tests.test_safety import database_away

SECRET = "pearblossom under the bridge"
NEW = "/en/journal/new/"
names = pytest.mark.parametrize


class Page(HTMLParser):
    """The form of a record on a page, as a browser reads it: `fields` is what it would send now."""

    def __init__(self, response) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.words: list[str] = []  # the names of the fields for words
        self.choices: dict[str, str] = {}  # the last answer to each question with one
        self.keeps: dict[str, str | None] = {}  # the attributes of the element that says where to keep
        self._open = self._text = self._select = None
        form = next(each for each in re.findall(r"<form.*?</form>", response.text, re.S) if 'name="seen"' in each)
        self.feed(form)
        self.token = self.fields.pop("csrfmiddlewaretoken")

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if "data-keep" in a:
            self.keeps = a
        name = a.get("name", "")
        if tag == "input" and name and (a["type"] not in ("radio", "checkbox") or "checked" in a):
            self.fields.setdefault(name, []).append(a.get("value") or ("on" if a["type"] == "checkbox" else ""))
        if name and a.get("type") == "radio" and a["value"]:
            self.choices[name] = a["value"]
        if a.get("type") == "checkbox" and a.get("value", "on") != "on":
            self.choices[name] = a["value"]
        if name and (tag == "textarea" or (tag == "input" and a["type"] == "text")):
            self.words.append(name)
        if tag == "textarea":
            self._open, self._text = name, ""
        if tag == "select":
            self._select = name
        if tag == "option" and "selected" in a:
            self.fields.setdefault(self._select, []).append(a["value"])

    def handle_data(self, data):
        if self._open:
            self._text += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.fields.setdefault(self._open, []).append(self._text.removeprefix("\n"))
            self._open = None

    def types(self, **fields) -> dict[str, list[str]]:
        """What is sent while someone types."""
        self.fields |= {name: value if isinstance(value, list) else [value] for name, value in fields.items()}
        return self.fields | {"draft_page": [self.keeps["data-page"]], "csrfmiddlewaretoken": self.token}


def keeps(browser: Client, body, **kwargs):
    """As drafts.js sends it."""
    kind = "application/x-www-form-urlencoded"
    return browser.post("/drafts/", urlencode(body, doseq=True, errors="replace"), content_type=kind, **kwargs)


def types(browser: Client, path: str = NEW, **fields) -> Page:
    page = Page(browser.get(path))
    assert keeps(browser, page.types(**(fields or {"body": SECRET}))).status_code == 200
    return page


def kept_by(user) -> list[Draft]:
    with acting_as(user.pk):
        return [draft for draft in Draft.objects.all() if draft.body]


def saves(browser: Client, path: str, page: Page):
    return browser.post(path, page.fields | {"csrfmiddlewaretoken": page.token})


@pytest.fixture
def emmas(emma):
    with acting_as(emma.pk):
        return one_of_each(emma)


# Every form


def paths(emmas) -> list[str]:
    found = [
        address(route, emmas[MODELS[route.split("/")[1]]].pk if "<uuid:id>" in route else None)
        for route in ROUTES
        if route.startswith("en/") and not re.search("account|delete|undo|/day:|^en/reactions|/reactions/$|^en/read/<slug:slug>/$", route) and not route.startswith("en/drafts")
    ]  # fmt: skip
    return [
        *found,
        f"/en/attempts/{emmas[Attempt].pk}/?edit=1",
        "/en/exercises/safe-answer/",
        "/en/summary/?edit=1",
        NEW + "?module=dimmer&prompt=1",
    ]


def test_every_form_of_a_record_gives_back_what_was_typed_and_forgets_it_when_saved(as_emma, emma, emmas):
    with acting_as(emma.pk):
        emmas[Draft].delete()
        done = emma.attempts.create(dimmer=emmas[Dimmer], level=10, done="full", done_on=date(2026, 1, 2))
    templates = set()
    for path in [*paths(emmas), f"/en/attempts/{done.pk}/look-back/"]:
        response = as_emma.get(path)
        if 'name="seen"' not in response.text:
            continue
        templates.add(response.templates[0].name)
        page = Page(response)
        typed = {name: f"{SECRET} {n}"[-38:] for n, name in enumerate(page.words)} or page.choices
        assert typed, path
        sent = page.types(**typed)
        assert keeps(as_emma, sent).status_code == 200, path
        again = as_emma.get(path)
        assert "It is not saved yet." in again.text, path
        assert Page(again).fields == page.fields, path
        answer = saves(as_emma, path, page)
        assert answer.status_code == 302, (path, answer.text)
        assert kept_by(emma) == [], path
        assert "It is not saved yet." not in as_emma.get(path).text, path
    folder = Path(site.BASE, "templates")
    carrying = {
        str(file.relative_to(folder)) for file in folder.rglob("*.html") if "records/carried.html" in file.read_text()
    }
    assert carrying - {"dimmer/not_kept.html"} == templates


def test_ticks_and_choices_come_back_as_they_were_also_those_taken_away(as_emma, emmas):
    path = f"/en/attempts/{emmas[Attempt].pk}/after/"
    page = types(
        as_emma,
        path,
        done="part",
        signs=["calm_voice", "feel_feet"],
        habits=["joke"],
        happened=" two\n\nlines ",
        fear_peak="7",
    )
    del page.fields["add_evidence"]  # ticked beforehand, and un-ticked
    keeps(as_emma, page.types())
    assert Page(as_emma.get(path)).fields == page.fields


def test_the_notice_says_when_it_was_typed_on_the_persons_own_clock(as_emma, emma):
    emma.time_zone = "Pacific/Auckland"
    emma.save()
    page = Page(as_emma.get(NEW))
    now = timezone.now().astimezone(ZoneInfo("Pacific/Auckland"))
    assert keeps(as_emma, page.types(body=SECRET)).json()["kept"] in {
        f"{moment:%H:%M}" for moment in (now, now + timedelta(minutes=1))
    }
    assert f"on {now.day} {now:%B} at {now:%H}:" in as_emma.get(NEW).text


printable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=60)
bodies = st.fixed_dictionaries(
    {"body": printable, "takeaway": printable},
    optional={
        "prompt": printable,
        "module": printable,
        "strange": st.lists(printable, min_size=2, max_size=4),
    },
)


@hypothesis_settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(typed=bodies)
def test_whatever_is_typed_comes_back_byte_for_byte(as_emma, emma, typed):
    page = types(as_emma, NEW, **typed)
    with acting_as(emma.pk):
        draft = Draft.objects.get(row=page.fields["id"][0])
        assert draft.body | {"whose": page.fields["whose"]} == page.fields
    again = Page(as_emma.get(f"{NEW}?draft={draft.pk}"))
    for name in ("id", "seen", "body", "takeaway"):
        assert again.fields[name] == page.fields[name]


# One form, its record, and its page


def test_typing_on_replaces_what_was_kept_and_saving_stores_it_once_under_its_own_id(as_emma, emma):
    page = types(as_emma, body="first")
    keeps(as_emma, page.types(body="first and more"))
    assert [draft.body["body"] for draft in kept_by(emma)] == [["first and more"]]
    again = Page(as_emma.get(NEW))
    assert saves(as_emma, NEW, again).status_code == 302
    with acting_as(emma.pk):
        assert str(JournalEntry.objects.get().pk) == page.fields["id"][0]
        assert not Draft.with_deleted.exists()


def test_a_form_that_is_refused_is_kept_without_javascript_too(as_emma, emma):
    page = Page(as_emma.get("/en/evidence/new/"))
    page.types(shared=SECRET, happened_on="")
    assert saves(as_emma, "/en/evidence/new/", page).status_code == 200
    assert Page(as_emma.get("/en/evidence/new/")).fields == page.fields


def test_what_was_typed_in_a_record_that_changed_meanwhile_shows_both(as_emma, emma, emmas):
    path = f"/en/journal/{emmas[JournalEntry].pk}/"
    page = types(as_emma, path, body="typed on the phone")
    other = Page(signed_in(emma).get(path + "?draft=none"))
    other.types(body="saved on the laptop", takeaway="and so")
    with acting_as(emma.pk):
        kept = Draft.objects.get(row=page.fields["id"][0])
        kept_body = kept.body
    assert saves(as_emma, path, other).status_code == 302
    with acting_as(emma.pk):
        Draft.objects.create(user=emma, form=kept.form, row=kept.row, body=kept_body)  # typed after that, elsewhere
    answer = saves(as_emma, path, Page(as_emma.get(path)))
    assert "changed in the meantime" in answer.text
    assert "saved on the laptop" in answer.text
    assert "typed on the phone" in answer.text


def test_saving_one_form_of_a_step_keeps_what_was_typed_in_its_other_form(as_emma, emma, emmas):
    path = f"/en/attempts/{emmas[Attempt].pk}/"
    plan = types(as_emma, f"{path}?edit=1", more="I say it")
    types(as_emma, f"{path}after/", happened="looking back")
    assert saves(as_emma, f"{path}?edit=1", plan).status_code == 302
    assert Page(as_emma.get(f"{path}after/")).fields["happened"] == ["looking back"]
    assert "It is not saved yet." not in as_emma.get(f"{path}?edit=1").text


def test_the_feeling_of_today_stays_with_its_day(as_emma, emma):
    types(as_emma, "/en/feeling/", sentence=SECRET, words=["sad"])
    day = timezone.localdate(timezone=ZoneInfo("Europe/Amsterdam"))
    assert [draft.form for draft in kept_by(emma)] == [f"/feeling/{day}/"]
    assert Page(as_emma.get(f"/en/feeling/{day}/")).fields["sentence"] == [SECRET]
    assert SECRET not in as_emma.get(f"/en/feeling/{day - timedelta(1)}/").text


def test_it_comes_back_in_the_other_language_too(as_emma):
    types(as_emma)
    response = as_emma.get("/nl/journal/new/")
    assert Page(response).fields["body"] == [SECRET]


def test_two_pages_of_something_new_are_two_drafts_and_each_can_be_chosen(as_emma, emma):
    one = types(as_emma, body="one")
    two = types(as_emma, f"{NEW}?draft=none", body="two")
    assert one.fields["id"] != two.fields["id"]
    assert Page(as_emma.get(NEW)).fields["body"] == ["two"]
    older = next(draft for draft in kept_by(emma) if draft.body["body"] == ["one"])
    assert Page(as_emma.get(f"{NEW}?draft={older.pk}")).fields == one.fields
    assert Page(as_emma.get(f"{NEW}?draft={uuid7()}")).fields["body"] == [""]
    listed = as_emma.get("/en/drafts/")
    assert f'href="{NEW}?draft={older.pk}"' in listed.text
    assert "one" in listed.text


def test_what_is_typed_and_taken_back_leaves_nothing(as_emma, emma):
    page = types(as_emma, body="h")
    answer = keeps(as_emma, page.types(body="") | {"draft_nothing": ["1"]})
    assert answer.json() == {"kept": ""}
    with acting_as(emma.pk):
        assert not Draft.with_deleted.exists()


def test_an_address_holds_nothing_that_somebody_may_have_written_into_it():
    assert page_of("/en/journal/new/?module=dimmer&prompt=2&draft=x") == "/journal/new/?module=dimmer&prompt=2"
    assert page_of("/en/journal/new/?q=I+am+sad&x=%3Cb%3E") == "/journal/new/"
    assert page_of("/en/journal/new/?" + "&".join(f"a{n}=1" for n in range(99))) == ""


# Throwing away, deleting, undoing


def test_thrown_away_leads_to_the_clean_form_and_can_be_undone_for_a_day(as_emma, emma):
    types(as_emma, body="older")
    types(as_emma, f"{NEW}?draft=none", body=SECRET)
    draft = next(draft for draft in kept_by(emma) if draft.body["body"] == [SECRET])
    for _click in range(2):
        answer = as_emma.post(f"/en/drafts/{draft.pk}/delete/")
        assert answer.status_code == 302
    clean = as_emma.get(answer["Location"])
    assert Page(clean).fields["body"] == [""]
    assert f'action="/en/drafts/{draft.pk}/undo/"' in clean.text
    assert as_emma.post(f"/en/drafts/{draft.pk}/undo/")["Location"] == "/en/drafts/"
    assert SECRET in as_emma.get("/en/drafts/").text
    as_emma.post(f"/en/drafts/{draft.pk}/delete/", {"list": "1"})
    with acting_as(emma.pk):
        Draft.with_deleted.filter(pk=draft.pk).update(deleted_at=timezone.now() - timedelta(hours=25))
        purge(timezone.now())
        assert not Draft.with_deleted.filter(pk=draft.pk).exists()


def test_deleting_a_record_takes_what_was_typed_on_its_pages_along_and_undo_brings_both_back(as_emma, emma, emmas):
    person = emmas[Person]
    types(as_emma, f"/en/people/{person.pk}/", name="Sam")
    types(as_emma, f"/en/attempts/{emmas[Attempt].pk}/after/", happened="hanging on that person")
    dimmer = emmas[Attempt].dimmer_id
    types(as_emma, f"/en/dimmer/{dimmer}/attempt/", more="a new step")
    types(as_emma, f"/en/journal/new/?attempt={emmas[Attempt].pk}", body="about it, but not of it")
    as_emma.post(f"/en/people/{person.pk}/delete/")
    assert {draft.form.split("/")[1] for draft in kept_by(emma)} == {"journal"}
    as_emma.post(f"/en/people/{person.pk}/undo/")
    assert {draft.form.split("/")[1] for draft in kept_by(emma)} == {"people", "attempts", "dimmer", "journal"}


def test_something_newer_in_its_place_does_not_hold_back_the_record(as_emma, emma, emmas):
    entry = emmas[JournalEntry]
    page = types(as_emma, f"/en/journal/{entry.pk}/", body="older")
    as_emma.post(f"/en/journal/{entry.pk}/delete/")
    keeps(as_emma, page.types(body="typed on in an open tab"))
    as_emma.post(f"/en/journal/{entry.pk}/undo/")
    assert Page(as_emma.get(f"/en/journal/{entry.pk}/")).fields["body"] == ["typed on in an open tab"]


@pytest.mark.django_db(transaction=True)
def test_after_30_days_the_purge_really_deletes_it_and_not_before(emma):
    now = timezone.now()
    with acting_as(emma.pk):
        for age in (KEPT_FOR - timedelta(hours=1), KEPT_FOR + timedelta(hours=1)):
            draft = Draft.objects.create(user=emma, form="/journal/new/", row=uuid7(), body={"body": ["x"]})
            Draft.objects.filter(pk=draft.pk).update(updated_at=now - age)
        assert Draft.objects.kept(now).count() == 1
    call_command("purge")
    assert rows_of("exercises_draft") == 1


# Off


def test_turned_off_nothing_is_kept_or_shown_and_the_form_says_so(as_emma, emma):
    page = types(as_emma)
    with acting_as(emma.pk):
        Settings.objects.create(user=emma, drafts_on=False)
    answer = keeps(as_emma, page.types(body="more"))
    assert (answer.status_code, answer.json()) == (409, {"reason": "off"})
    response = as_emma.get(NEW)
    assert Page(response).fields["body"] == [""]
    assert Page(response).keeps == {}
    assert "What you have not saved is gone when you leave this page." in response.text
    assert saves(as_emma, "/en/evidence/new/", page).status_code == 200  # refused, and not kept either
    assert [draft.body["body"] for draft in kept_by(emma)] == [[SECRET]]
    assert SECRET in as_emma.get("/en/drafts/").text


def test_without_javascript_the_form_says_that_nothing_is_kept_by_itself(as_emma):
    assert re.search(r"<noscript><p[^>]*>Your browser is not running JavaScript\.", as_emma.get(NEW).text)


# The list, and today


def test_the_list_says_what_where_and_when_and_is_friendly_when_empty(as_emma, emma):
    assert "Nothing is waiting" in as_emma.get("/en/drafts/").text
    assert "not saved yet" not in as_emma.get("/en/today/").text
    types(as_emma, body=f"{SECRET}\nand a second line")
    types(as_emma, "/en/people/new/", name="Zwaluwtje", relation="friend")
    page = as_emma.get("/en/drafts/").text
    for text in (SECRET, "and a second line", "Journal ·", "Zwaluwtje", "People ·"):
        assert text in page
    assert "friend<" not in page
    assert "Some of what you typed is not saved yet." in as_emma.get("/en/today/").text


# Someone else, or nobody


def test_what_one_person_typed_is_never_kept_or_saved_under_another(as_emma, as_malik, emma, malik):
    page = Page(as_emma.get(NEW))
    answer = keeps(as_malik, page.types(body=SECRET))
    assert (answer.status_code, answer.json()) == (409, {"reason": "someone_else"})
    refused = saves(as_malik, NEW, page)
    assert "Someone else is signed in now" in refused.text
    assert SECRET in refused.text
    assert saves(as_malik, NEW, Page(refused)).status_code == 200, "nor the second time"
    for user in (emma, malik):
        with acting_as(user.pk):
            assert not JournalEntry.objects.exists()
            assert not Draft.with_deleted.exists()
    assert saves(as_emma, NEW, page).status_code == 302


def test_nobody_sees_or_changes_what_another_was_typing(as_emma, as_malik, emma, malik):
    page = types(as_emma)
    (draft,) = kept_by(emma)
    for path in (NEW, f"{NEW}?draft={draft.pk}", "/en/drafts/"):
        assert SECRET not in as_malik.get(path).text
    assert as_malik.post(f"/en/drafts/{draft.pk}/delete/").status_code == 404
    mine = page.fields | {"whose": [mark_of(malik)], "draft_page": ["/journal/new/"], "body": ["mine"]}
    assert keeps(as_malik, mine).status_code == 200
    assert [draft.body["body"] for draft in kept_by(emma)] == [[SECRET]]


def test_signed_out_the_answer_says_so_and_a_new_sign_in_keeps_it(emma):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(emma)
    page = Page(browser.get(NEW))
    assert keeps(browser, page.types(body=SECRET)).status_code == 200
    browser.cookies.pop(site.SESSION_COOKIE_NAME)
    answer = keeps(browser, page.types(body=f"{SECRET} on and on"))
    assert (answer.status_code, answer.json()["reason"]) == (401, "signed_out")
    assert "no-store" in answer["Cache-Control"]

    code = emma.renew_return_code()
    there = browser.get("/en/account/return/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', there)[1]
    browser.post("/en/account/return/", {"code": code, "csrfmiddlewaretoken": token})
    answer = keeps(browser, page.types())
    assert (answer.status_code, answer.json()["reason"]) == (403, "expired"), "signing in changed the token"
    page.token = [answer.json()["token"]]
    assert keeps(browser, page.types()).status_code == 200
    assert saves(browser, NEW, page).status_code == 302, "and so the form itself works at once"


def test_a_fresh_token_goes_to_a_page_of_ours_alone(emma):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(emma)
    answer = browser.post("/drafts/", {"body": SECRET}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert "token" not in answer.headers["Content-Type"] + answer.text.split("<main")[0].split("hx-headers")[0]
    assert "application/json" not in answer["Content-Type"]
    here = browser.post("/drafts/", {"body": SECRET})
    assert here.json().keys() == {"reason", "token"}
    assert "Access-Control-Allow-Origin" not in here
    assert here["Cross-Origin-Resource-Policy"] == "same-origin"


def test_an_expired_form_of_another_page_still_gets_its_page():
    answer = errors.expired_form(RequestFactory().post(NEW, {"body": SECRET}))
    assert SECRET in answer.text


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_nobody_is_told_that_they_are_signed_out(emma):
    browser = Client(raise_request_exception=False)
    browser.force_login(emma)
    page = Page(browser.get(NEW))
    with database_away():
        assert keeps(browser, page.types(body=SECRET)).status_code == 503
    assert keeps(browser, page.types(body=SECRET)).status_code == 200


# Odd, large and hostile


def test_it_takes_as_much_as_the_longest_form_and_not_a_great_deal_more(as_emma, emma):
    page = Page(as_emma.get(NEW))
    assert keeps(as_emma, page.types(body="é" * 50_000, takeaway="x" * 1000)).status_code == 200
    for size, status in ((150_000, 400), (1_100_000, 413)):
        assert keeps(as_emma, page.types(body="x" * size)).status_code == status
    assert keeps(as_emma, page.types(**{f"field{n}": "x" for n in range(300)})).status_code == 413
    assert len(kept_by(emma)[0].body["body"][0]) == 50_000


@names(
    "odd",
    [
        {"id": "x"}, {"id": ""}, {"draft_page": ""}, {"draft_page": "https://elsewhere.example/"}, {"draft_page": "//elsewhere/"},
        {"draft_page": "/nowhere/at/all/"}, {"draft_page": "/journal/new/?x=<b>"}, {"draft_page": "/journal/" + "x" * 400 + "/"},
        {"draft_page": "/journal/\nnew/"}, {"draft_page": "/journal/../x/"}, {"whose": ""}, {"whose": "x" * 99}, {"id": "\x00"},
    ],
)  # fmt: skip
def test_what_no_page_of_ours_sends_is_refused_without_harm(as_emma, emma, odd):
    page = Page(as_emma.get(NEW))
    answer = keeps(as_emma, page.types(body=SECRET) | odd)
    assert (answer.status_code, answer.json()) == (400, {"reason": "invalid"})
    assert kept_by(emma) == []
    assert as_emma.get(NEW).status_code == 200


junk = st.dictionaries(
    st.one_of(st.sampled_from(["id", "seen", "whose", "draft_page", "draft_nothing", "body", "level"]), st.text(max_size=9)),
    st.lists(st.text(max_size=40), max_size=3),
    max_size=6,
)  # fmt: skip


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=junk)
def test_nothing_that_anyone_sends_breaks_it_or_the_page(as_emma, body):
    fields = {name: [v.encode(errors="replace").decode() for v in values] for name, values in body.items()}
    assert keeps(as_emma, fields).status_code in (200, 400, 409)
    page = Page(as_emma.get(f"{NEW}?draft=none"))
    odd = {
        name: values for name, values in fields.items() if name not in ("id", "whose", "draft_page", "draft_nothing")
    }
    assert keeps(as_emma, page.fields | odd | {"draft_page": ["/journal/new/"]}).status_code == 200
    assert as_emma.get(NEW).status_code == 200
    assert as_emma.get("/en/drafts/").status_code == 200


@names("body", [[], [1], "x", {"body": "x"}, {"body": [1, None]}, {"seen": [["deep"]]}, None])
def test_a_body_that_no_browser_sent_is_shown_as_far_as_it_makes_sense(as_emma, emma, body):
    with acting_as(emma.pk):
        Draft.objects.create(user=emma, form="/journal/new/", row=uuid7(), body=body)
    assert as_emma.get(NEW).status_code == 200
    assert as_emma.get("/en/drafts/").status_code == 200


@names("method", ["get", "put", "delete"])
def test_only_sending_is_answered(as_emma, client, method):
    for browser in (as_emma, client):
        assert getattr(browser, method)("/drafts/").status_code == 405


def test_an_id_that_is_saved_already_or_is_someone_elses_does_no_harm(as_emma, as_malik, emma, malik, emmas):
    page = Page(as_malik.get(NEW))
    assert keeps(as_malik, page.types(id=str(emmas[JournalEntry].pk), body="x")).status_code == 200
    assert saves(as_malik, NEW, Page(as_malik.get(NEW))).status_code == 302
    with acting_as(malik.pk):
        assert JournalEntry.objects.get().body == "x"
    mine = Page(as_emma.get(f"{NEW}?draft=none"))
    assert keeps(as_emma, mine.types(id=str(emmas[JournalEntry].pk), body="y")).status_code == 200
    assert saves(as_emma, NEW, Page(as_emma.get(NEW))).status_code == 302
    with acting_as(emma.pk):
        assert JournalEntry.objects.get().body == "y"


def test_the_database_holds_no_word_of_it(as_emma, emma):
    types(as_emma)
    (draft,) = kept_by(emma)
    with acting_as(emma.pk):
        assert SECRET.encode() not in raw(draft, "body")
        assert SECRET not in repr(draft)
