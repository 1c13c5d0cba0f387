"""Every form of the site, found by walking: a double click, the back button or a retry stores nothing a second time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.apps import apps
from django.db import connections
from django.utils import timezone

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.records.rowsecurity import acting_as
from kwetsbaar.accounts.models import User
from tests.test_bad_input import Field, forms_of
from tests.test_hostile import Form, forms, inside_of, mine, undone, visitor  # noqa: F401  # fixtures

GROWS_ANYHOW = {"Session", "Limit", "Throttle"}  # who is in, and how often something was tried
MADE = {Attempt, DailyFeeling, Dimmer, Evidence, JournalEntry, Person}


def rows(user) -> dict[str, int]:
    with acting_as(user.pk):
        kinds = [model for model in apps.get_models() if model.__name__ not in GROWS_ANYHOW]
        return {model.__name__: model._base_manager.count() for model in kinds}


def answer(field: Field) -> list[str]:
    """One answer that the form may well accept."""
    if field.kind == "radio":
        return [next(filter(None, field.values), "")]
    if field.kind in ("hidden", "select", "number", "file") or field.values[0]:
        return [field.values[0]]
    usual = {
        "checkbox": "on",
        "date": str(timezone.localdate()),
        "email": "someone@example.org",
        "password": "a long way in 4 me",
    }
    return [usual.get(field.kind, "x")]


def filled(form: Form) -> dict[str, list[str]]:
    either = {"name"} if "new_person" in form.fields else set()  # someone from the list, not someone new
    return {name: answer(field) for name, field in form.fields.items() if name not in {"csrfmiddlewaretoken"} | either}


def test_sent_three_times_every_form_stores_once(emma, forms):  # noqa: F811
    grown = set()
    for form in forms:
        with undone():
            client = inside_of(emma) if form.inside else visitor()
            before = rows(emma)
            client.post(form.action, filled(form))
            once = rows(emma)
            for _again in range(2):
                client.post(form.action, filled(form))
                assert rows(emma) == once, form
            grown |= {kind for kind, number in once.items() if number > before[kind]}
    assert {model.__name__ for model in MADE} <= grown, "the forms that make something did make it"
    assert "User" in grown, "and someone started"


NEW = {
    "/en/journal/new/": {"body": "x"},
    "/en/evidence/new/": {"shared": "x", "happened_on": "2026-01-02"},
    "/en/people/new/": {"name": "Kim"},
    "/en/feeling/2026-01-02/": {"words": ["calm"]},
    "/en/dimmer/new/": {"name": "Kim", "topic": "x"},
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", NEW)
def test_two_clicks_at_the_same_moment_store_once(emma, address):
    (fields,) = [
        fields for action, fields in forms_of(inside_of(emma), address) if action == address and "id" in fields
    ]
    sent = {name: fields[name].values[0] for name in ("id", "seen", "whose", "new_person") if name in fields} | NEW[
        address
    ]
    clients, start = [inside_of(emma) for _click in range(2)], Barrier(2)

    def click(client) -> int:
        try:
            start.wait()
            return client.post(address, sent).status_code
        finally:
            connections.close_all()

    before = rows(emma)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(click, clients)) == [302, 302]
    after = rows(emma)
    assert {kind: after[kind] - before[kind] for kind in after if after[kind] != before[kind]} in (
        [{"JournalEntry": 1}, {"Evidence": 1}, {"Person": 1}, {"DailyFeeling": 1}, {"Dimmer": 1, "Person": 1}]
    )


@pytest.mark.django_db(transaction=True)
def test_starting_twice_at_the_same_moment_makes_one_guest(db):
    (fields,) = [fields for _action, fields in forms_of(visitor(), "/en/start/")]
    sent = {name: fields[name].values[0] for name in ("id", "seed")} | {"adult": "on", "consent": "on"}
    start = Barrier(2)

    def click(_n) -> int:
        try:
            start.wait()
            return visitor().post("/en/start/", sent).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(click, range(2))) == [302, 302]
    assert User.objects.count() == 1
