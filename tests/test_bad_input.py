"""Bad input for every form of the site: found by walking the addresses and reading the forms from the pages themselves."""

from html import escape
from html.parser import HTMLParser
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.dimmer.models import Attempt, Dimmer
from exercises.drafts.models import Draft
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.progress.models import SelfCheck
from exercises.records.rowsecurity import acting_as
from exercises.reminders.models import Reminder
from exercises.sharing.models import Share, Summary
from tests.hostile import NAMES
from tests.test_boundary import MODELS, ROUTES, address, one_of_each

TAKES_AWAY = {
    "weg/",
    "en/privacy/delete/",
    "en/account/sign-out/",
    "en/account/code/",
    "en/privacy/export/",
    "en/offline/",  # its form has no address until the service worker fills it in
}  # tested by themselves
NASTY = [
    "", " ", "\x00", "a\x00b", "\x1b[31m\x07", "\u202e\ufeff", "🙂" * 20, "x" * 60_000, "<script>alert(1)</script>", "{{ 7 }}",
    "-1", "11", "101", "15", "1e9", "9" * 30, "NaN", "٣", "0001-01-01", "1899-12-31", "9999-12-31", "2026-02-30", "yesterday",
    "00000000-0000-0000-0000-000000000000", "not-a-uuid", "None", "on", "true", "no", "full", "'; DROP TABLE accounts_user; --",
]  # fmt: skip


class Field(NamedTuple):
    name: str
    kind: str
    values: tuple[str, ...]


class Forms(HTMLParser):
    """The forms of a page: action and fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Field]]] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form" and given.get("method") == "post":
            self.found.append((given.get("action") or "", {}))
        elif tag in ("input", "textarea", "select") and given.get("name") and self.found:
            name, fields = given["name"], self.found[-1][1]
            before = fields[name].values if name in fields else ()
            fields[name] = Field(name, given.get("type", tag), (*before, given.get("value") or ""))


def forms_of(client, page: str) -> list[tuple[str, dict[str, Field]]]:
    parser = Forms()
    response = client.get(page)
    parser.feed(response.text if response.status_code == 200 else "")
    return [(action or page, fields) for action, fields in parser.found]


def pages(rows) -> list[str]:
    found = ["/en/exercises/safe-answer/", f"/en/dimmer/{rows[Dimmer].pk}/attempt/?level=x&exercise=y"]
    for route in sorted(ROUTES):
        if route in TAKES_AWAY:
            continue
        model = MODELS.get(route.split("/")[1]) if "<uuid:id>" in route else None
        found.append(address(route, rows[model].pk if model else None))
    return found


@pytest.fixture
def emmas(emma):
    with acting_as(emma.pk):
        return one_of_each(emma)


@pytest.fixture
def forms(as_emma, emmas):
    found = {
        (action, tuple(fields)): (page, action, fields)
        for page in pages(emmas)
        for action, fields in forms_of(as_emma, page)
        if "/delete/" not in action and not any(part in action for part in TAKES_AWAY)
    }
    return list(found.values())


def test_the_walk_finds_every_form(forms):
    actions = " ".join(action for _page, action, _fields in forms)
    for part in ("/people/", "/dimmer/", "/attempt/", "/after/", "/feeling/", "/journal/", "/evidence/", "/settings/"):
        assert part in actions
    names = {name for _page, _action, fields in forms for name in fields}
    assert {
        "expectation",
        "chance",
        "fear_peak",
        "learned",
        "body",
        "takeaway",
        "sentence",
        "intensity",
        "topic",
    } <= names


def value_for(data, field: Field) -> list[str]:
    odd = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    usual = st.sampled_from(field.values)
    if field.kind == "checkbox":
        return data.draw(st.lists(usual | odd, max_size=5), label=field.name)
    return data.draw(st.lists(usual | odd, min_size=1, max_size=1) | st.just([]), label=field.name)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_bad_input_gets_a_message_loses_nothing_and_never_breaks(as_emma, emma, malik, forms, data):
    page, action, fields = data.draw(st.sampled_from(forms), label="form")
    with acting_as(malik.pk):
        NASTY[-2] = str(Person.objects.create(user=malik, name="someone else's").pk)
    sent = {name: value_for(data, field) for name, field in fields.items() if name != "csrfmiddlewaretoken"}
    response = as_emma.post(action, sent)
    assert response.status_code in (200, 302, 404, 429), (response.status_code, action, sent)
    if response.status_code == 200 and b'class="errors' in response.content:
        for name, values in sent.items():
            text = values[0] if values else ""
            if fields[name].kind in ("textarea", "text") and text.strip() and text.isprintable():
                assert escape(text.strip()).replace("&#x27;", "&#39;") in response.text.replace("&#x27;", "&#39;"), name


def test_nobody_elses_rows_can_be_named_in_a_form(as_emma, emma, malik):
    with acting_as(malik.pk):
        other = one_of_each(malik)
    with acting_as(emma.pk):
        mine = one_of_each(emma)
    foreign = str(other[Person].pk)
    as_emma.post("/en/feeling/", {"words": ["calm"], "person": foreign})
    as_emma.post("/en/evidence/new/", {"shared": "x", "happened_on": "2026-01-02", "person": foreign})
    as_emma.post("/en/dimmer/new/", {"person": foreign, "topic": "x"})
    as_emma.post("/en/journal/new/", {"body": "x", "attempt": str(other[Attempt].pk)})
    as_emma.post(f"/en/dimmer/{mine[Dimmer].pk}/attempt/", {"level": "10", "dimmer": str(other[Dimmer].pk)})
    with acting_as(emma.pk):
        for model in (DailyFeeling, Evidence, Dimmer):
            assert not model.objects.filter(person=other[Person].pk).exists(), model
        assert not Attempt.objects.filter(dimmer=other[Dimmer].pk).exists()
        assert not JournalEntry.objects.filter(attempt=other[Attempt].pk).exists()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_odd_words_in_an_address_never_break_a_page(as_emma, emmas, data):
    page = data.draw(st.sampled_from([*pages(emmas), "/en/start/", "/en/account/return/"]), label="page")
    query = data.draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NASTY), max_size=4), label="query")
    assert as_emma.get(page.partition("?")[0], query).status_code in (200, 302, 404, 405)


@pytest.mark.parametrize("model", [model for model in MODELS.values() if model is not Draft], ids=lambda m: m.__name__)
def test_an_id_that_is_someone_elses_makes_a_row_of_ones_own(as_emma, emma, malik, model):
    """A form carries an id of its own; one that is taken elsewhere neither breaks nor touches the other's row."""
    with acting_as(malik.pk):
        taken = one_of_each(malik)[model].pk
    with acting_as(emma.pk):
        dimmer = one_of_each(emma)[Dimmer].pk
    page = {
        Person: "/en/people/new/", Dimmer: "/en/dimmer/new/", Evidence: "/en/evidence/new/", JournalEntry: "/en/journal/new/",
        DailyFeeling: "/en/feeling/", Attempt: f"/en/dimmer/{dimmer}/attempt/", SelfCheck: "/en/progress/self-check/",
        Share: "/en/share/new/", Summary: "/en/summary/", Reminder: "/en/privacy/reminders/",
    }[model]  # fmt: skip
    fields = {
        "name": "Kim",
        "topic": "x",
        "body": "x",
        "shared": "x",
        "words": ["calm"],
        "happened_on": "2026-01-02",
        "level": "10",
    }
    assert as_emma.post(page, fields | {"id": str(taken), "new_name": "Kim"}).status_code in (200, 302)
    with acting_as(malik.pk):
        assert model.objects.get(pk=taken).user_id == malik.pk
