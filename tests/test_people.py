"""People: a nickname is enough, and what goes along when someone is deleted."""

import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.people.models import Person
from exercises.records.models import uuid7
from exercises.records.paging import PAGE
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


# One person's page: what was tried, how they reacted, what was met


def steps(user, person: Person, number: int = 1, **fields: Any) -> list[Attempt]:
    """So many steps with this person that were done."""
    given = {"level": 20, "done": "full", "done_on": date(2026, 3, 2), "more": "I am broke"} | fields
    with acting_as(user.pk):
        dimmer = person.dimmers.first() or Dimmer.objects.create(user=user, person=person, topic="money")
        return [Attempt.objects.create(user=user, dimmer=dimmer, **given) for _number in range(number)]


def someone(user, name: str = "Samira") -> Person:
    with acting_as(user.pk):
        return Person.objects.create(user=user, name=name)


def text(client, person: Person, query: str = "") -> str:
    """The words of the person's page."""
    answer = client.get(f"/en/people/{person.pk}/{query}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def test_what_was_tried_stands_on_the_persons_page_with_level_and_day(as_emma, emma):
    person = someone(emma)
    (step,) = steps(emma, person, level=40)
    steps(emma, person, done="no", more="I keep quiet")
    steps(emma, person, done="", more="still to come")
    page = text(as_emma, person)
    assert re.search("I am broke level 40 · 2 March 2026", page)
    assert re.search("I keep quiet level 20 · 2 March 2026 · not now", page)
    assert "still to come" not in page
    assert f'href="/en/attempts/{step.pk}/"' in as_emma.get(f"/en/people/{person.pk}/").content.decode()


def test_a_step_without_words_is_listed_by_its_topic(as_emma, emma):
    person = someone(emma)
    steps(emma, person, more="")
    assert "money level 20" in text(as_emma, person)


def test_more_than_a_page_of_steps_can_be_walked_through_none_left_out(as_emma, emma):
    person = someone(emma)
    made = {step.pk for step in steps(emma, person, PAGE + 3)}
    first = as_emma.get(f"/en/people/{person.pk}/")
    older = as_emma.get(f"/en/people/{person.pk}/", {"before": first.context["older"]})
    shown = [step.pk for page in (first, older) for step in page.context["steps"]]
    assert len(shown) == PAGE + 3
    assert set(shown) == made
    assert "Back to the newest" in older.content.decode()
    assert not older.context["older"]


def test_how_they_reacted_is_told_in_words_over_all_steps(as_emma, emma):
    person = someone(emma)
    steps(emma, person, PAGE + 1, reaction="ok")
    steps(emma, person, reaction="punish")
    steps(emma, person, 2, reaction="cold")
    steps(emma, person, reaction="")
    page = text(as_emma, person)
    assert f"Okay {PAGE + 1} times Cold 2 times Punished me once" in page


def test_signs_met_with_them_are_counted_the_most_frequent_first(as_emma, emma):
    person, other = someone(emma), someone(emma, "Kim")
    steps(emma, person, signs=["calm_voice", "breath_sinks"])
    steps(emma, person, 2, signs=["breath_sinks", "a key of long ago"])
    steps(emma, other, 5, signs=["phone_away"])
    page = text(as_emma, person)
    assert "your breathing settles 3 times a calm voice once" in page
    assert "phone" not in page


def test_the_last_evidence_with_them_leads_to_all_of_it(as_emma, emma):
    person, other = someone(emma), someone(emma, "Kim")
    with acting_as(emma.pk):
        for day in range(1, 6):
            Evidence.objects.create(
                user=emma, person=person, happened_on=date(2026, 3, day), happened=f"It held {day}."
            )
        Evidence.objects.create(user=emma, person=other, happened_on=date(2026, 3, 9), happened="Elsewhere.")
    page = as_emma.get(f"/en/people/{person.pk}/").content.decode()
    assert re.findall(r"It held \d", page) == ["It held 5", "It held 4", "It held 3"]
    assert "Elsewhere" not in page
    everything = as_emma.get(re.search(r'href="(/en/evidence/\?person=[^"]*)"', page)[1]).content.decode()
    assert len(set(re.findall(r"It held \d", everything))) == 5
    assert "Elsewhere" not in everything


def test_nothing_is_said_of_what_there_is_not_yet(as_emma, emma):
    page = text(as_emma, someone(emma))
    for heading in ("What you tried", "How this person reacted", "Signs of safety", "What you survived"):
        assert heading not in page


@pytest.mark.parametrize("before", ["x", "~", "2026-01-02~x", "\x00"])
def test_an_odd_place_in_the_steps_shows_the_newest(as_emma, emma, before):
    person = someone(emma)
    steps(emma, person)
    assert as_emma.get(f"/en/people/{person.pk}/", {"before": before}).context["steps"]


def test_a_persons_page_asks_as_much_of_the_database_for_forty_steps_as_for_one(
    as_emma, emma, django_assert_num_queries
):
    person = someone(emma)
    fields: dict[str, Any] = {"reaction": "ok", "signs": ["calm_voice"]}

    def more(number: int) -> None:
        steps(emma, person, number, **fields)
        with acting_as(emma.pk):
            for _number in range(number):
                Evidence.objects.create(user=emma, person=person, happened_on=date(2026, 3, 1), happened="It held.")
                Dimmer.objects.create(user=emma, person=person, topic="more")

    more(1)
    with CaptureQueriesContext(connection) as one:
        as_emma.get(f"/en/people/{person.pk}/")
    more(40)
    with django_assert_num_queries(len(one)):
        assert len(as_emma.get(f"/en/people/{person.pk}/").context["steps"]) == PAGE
    print("queries of a person's page:", len(one))
