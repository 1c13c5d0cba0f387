"""People: a nickname is enough, and what goes along when someone is deleted."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.people.models import Person
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as

pytestmark = pytest.mark.django_db


def named(user, name="Samira") -> Person:
    """Someone with a dimmer, a step that became evidence, and a feeling."""
    with acting_as(user.pk):
        person = Person.objects.create(user=user, name=name)
        dimmer = Dimmer.objects.create(user=user, person=person, topic="money")
        attempt = Attempt(user=user, dimmer=dimmer, level=20, more="I am broke", done="full")
        attempt.save()
        attempt.put_with_evidence(True, date(2026, 3, 1))
        DailyFeeling.objects.create(user=user, person=person, day=date(2026, 3, 1), sentence="shy")
    return person


def alive(user) -> dict[str, int]:
    """How many rows of each kind this person sees."""
    with acting_as(user.pk):
        kinds = (Person, Dimmer, Attempt, Evidence, DailyFeeling)
        return {kind.__name__: kind.objects.filter(user=user).count() for kind in kinds}


ALL = {"Person": 1, "Dimmer": 1, "Attempt": 1, "Evidence": 1, "DailyFeeling": 1}


def test_a_nickname_is_enough(as_emma, emma):
    page = as_emma.post("/en/people/new/", {"name": "Samira"}, follow=True)
    assert page.status_code == 200
    assert "Samira" in page.content.decode()
    assert "Samira" in as_emma.get("/en/people/").content.decode()


def test_without_a_nickname_the_form_says_so_and_keeps_what_was_chosen(as_emma, emma):
    page = as_emma.post("/en/people/new/", {"name": "  ", "relation": "family"})
    assert page.status_code == 200
    assert page.context["form"].errors["name"]
    assert page.context["form"]["relation"].value() == "family"
    assert alive(emma)["Person"] == 0


@pytest.mark.parametrize("data", [{"name": "x" * 41}, {"name": "a\x00b"}, {"name": "Samira", "relation": "enemy"}])
def test_bad_input_gets_a_message(as_emma, emma, data):
    page = as_emma.post("/en/people/new/", data)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert alive(emma)["Person"] == 0


def test_a_double_click_adds_one_person(as_emma, emma):
    data = {"id": str(uuid7()), "name": "Samira"}
    as_emma.post("/en/people/new/", data)
    as_emma.post("/en/people/new/", data)
    assert alive(emma)["Person"] == 1


def test_a_person_can_be_renamed_and_put_away_and_brought_back(as_emma, emma):
    person = named(emma)
    address = f"/en/people/{person.pk}/"
    as_emma.post(address, {"name": "Robin", "relation": "friend", "archived": "on"})
    with acting_as(emma.pk):
        person.refresh_from_db()
        assert (person.name, person.relation) == ("Robin", "friend")
        assert person.archived_at is not None
    assert as_emma.get("/en/people/").context["put_away"] == [person]
    assert as_emma.get("/en/dimmer/").context["dimmers"] == []
    as_emma.post(address, {"name": "Robin"})
    assert as_emma.get("/en/people/").context["people"] == [person]


def test_deleting_asks_first(as_emma, emma):
    person = named(emma)
    page = as_emma.get(f"/en/people/{person.pk}/delete/").content.decode()
    assert "without the name" in page
    assert "they count what is there" in page
    assert alive(emma) == ALL


def test_deleting_someone_nobody_names_asks_nothing_extra(as_emma, emma):
    with acting_as(emma.pk):
        person = Person.objects.create(user=emma, name="Samira")
    assert "without the name" not in as_emma.get(f"/en/people/{person.pk}/delete/").content.decode()


@pytest.mark.parametrize("data", [{}, {"named": "keep"}])
def test_deleting_keeps_evidence_and_feelings_without_the_name(as_emma, emma, data):
    person = named(emma)
    page = as_emma.post(f"/en/people/{person.pk}/delete/", data, follow=True)
    assert "Undo" in page.content.decode()
    assert alive(emma) == ALL | {"Person": 0, "Dimmer": 0, "Attempt": 0}
    for address in ("/en/evidence/", "/en/people/", "/en/dimmer/", "/en/today/"):
        assert "Samira" not in as_emma.get(address).content.decode()


def test_deleting_can_take_evidence_and_feelings_along(as_emma, emma):
    person = named(emma)
    as_emma.post(f"/en/people/{person.pk}/delete/", {"named": "delete"})
    assert set(alive(emma).values()) == {0}


@pytest.mark.parametrize("choice", ["keep", "delete"])
def test_undo_brings_everything_back_with_the_name(as_emma, emma, choice):
    person = named(emma)
    as_emma.post(f"/en/people/{person.pk}/delete/", {"named": choice})
    as_emma.post(f"/en/people/{person.pk}/undo/")
    assert alive(emma) == ALL
    assert "Samira" in as_emma.get("/en/people/").content.decode()


def test_what_was_deleted_before_stays_deleted_when_a_person_comes_back(as_emma, emma):
    person = named(emma)
    with acting_as(emma.pk):
        emma.evidence.get().discard()
    as_emma.post(f"/en/people/{person.pk}/delete/", {"named": "delete"})
    as_emma.post(f"/en/people/{person.pk}/undo/")
    assert alive(emma) == ALL | {"Evidence": 0}


def test_someone_elses_person_is_not_there(as_malik, emma):
    person = named(emma)
    for address in (f"/en/people/{person.pk}/", f"/en/people/{person.pk}/delete/"):
        assert as_malik.get(address).status_code == 404
        assert as_malik.post(address, {"name": "x"}).status_code == 404
    assert alive(emma) == ALL


def test_the_list_asks_as_much_of_the_database_for_twelve_as_for_one(as_emma, emma, django_assert_num_queries):
    with acting_as(emma.pk):
        Person.objects.create(user=emma, name="first")
    with CaptureQueriesContext(connection) as one:
        as_emma.get("/en/people/")
    with acting_as(emma.pk):
        for number in range(11):
            Person.objects.create(user=emma, name=str(number))
    with django_assert_num_queries(len(one)):
        assert len(as_emma.get("/en/people/").context["people"]) == 12
