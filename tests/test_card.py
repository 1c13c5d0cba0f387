"""The card for the minute before: one's own evidence, the nearest first."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.people.models import Person
from exercises.records.rowsecurity import acting_as
from tests.test_main_path import plans, save, someone, starts  # noqa: F401  # a fixture

CARD = "/en/evidence/card/"
DAY = date(2026, 3, 1)


def make(user, model: Any, **fields: Any) -> Any:
    with acting_as(user.pk):
        return model.objects.create(user=user, **fields)


def a_person(user, name: str = "Samira", **fields: Any) -> Person:
    return make(user, Person, name=name, **fields)


def a_dimmer(user, person: Person, topic: str = "money") -> Dimmer:
    return make(user, Dimmer, person=person, topic=topic)


def a_step(user, dimmer: Dimmer | None = None, **fields: Any) -> Attempt:
    return make(user, Attempt, dimmer=dimmer, **fields)


def a_piece(user, happened: str, day: int = 0, **fields: Any) -> Evidence:
    return make(user, Evidence, happened=happened, happened_on=DAY + timedelta(day), **fields)


def words(client, **query: Any) -> list[str]:
    """What happened, in the order of the card."""
    answer = client.get(CARD, query)
    assert answer.status_code == 200
    return [piece.happened for piece in answer.context["pieces"]]


@pytest.fixture
def two_threads(emma):
    """Emma with two people; with one of them two topics, and a step planned in the first."""
    sam, kim = a_person(emma), a_person(emma, "Kim")
    money, family = a_dimmer(emma, sam), a_dimmer(emma, sam, "family")
    for number, (dimmer, word) in enumerate([(money, "same topic"), (family, "same person"), (None, "someone else")]):
        person = dimmer.person if dimmer else kim
        piece = a_piece(emma, word, number, person=person, kind="attempt")
        a_step(emma, dimmer, level=10 if dimmer else 0, done="full", done_on=DAY, evidence=piece)
    step = a_step(emma, money, level=20, more="It was a hard week.", if_then="If it is quiet, then I say it.")
    return {"attempt": step, "dimmer": money, "person": sam, "other": kim}


@pytest.mark.parametrize("about", ["attempt", "dimmer"])
def test_what_came_of_the_same_topic_comes_first_then_of_the_same_person_then_all_else(as_emma, two_threads, about):
    near = ["same topic", "same person", "someone else"]
    assert words(as_emma, **{about: two_threads[about].pk}) == near


def test_for_a_person_the_evidence_with_that_person_comes_first(as_emma, two_threads):
    assert words(as_emma, person=two_threads["person"].pk) == ["same person", "same topic", "someone else"]
    assert words(as_emma, person=two_threads["other"].pk) == ["someone else", "same person", "same topic"]


def test_for_nobody_in_particular_the_newest_comes_first(as_emma, two_threads):
    assert words(as_emma) == ["someone else", "same person", "same topic"]


def test_the_steps_own_sentences_stand_on_the_card(as_emma, two_threads):
    page = as_emma.get(CARD, {"attempt": two_threads["attempt"].pk}).text
    assert "It was a hard week." in page
    assert "If it is quiet, then I say it." in page
    for name in ("attempt", "stay"):
        way = f"/en/attempts/{two_threads['attempt'].pk}/{'stay/' if name == 'stay' else ''}"
        assert f'href="{way}"' in page
    assert 'href="/en/help/"' in page
    assert "It was a hard week." not in as_emma.get(CARD).text


def test_a_step_that_was_taken_is_not_sent_to_the_page_for_staying(as_emma, emma, two_threads):
    step = a_step(emma, two_threads["dimmer"], level=10, done="full", done_on=DAY)
    assert "/stay/" not in as_emma.get(CARD, {"attempt": step.pk}).text


def test_a_topic_without_evidence_of_its_own_shows_what_there_is(as_emma, emma):
    a_piece(emma, "long ago")
    new = a_dimmer(emma, a_person(emma))
    assert words(as_emma, attempt=a_step(emma, new, level=10).pk) == ["long ago"]
    assert words(as_emma, attempt=a_step(emma).pk) == ["long ago"]  # only looked, with nobody


def test_without_any_evidence_the_card_invites_and_still_shows_the_sentence(as_emma, emma):
    step = a_step(emma, a_dimmer(emma, a_person(emma)), level=10, more="I slept badly.")
    page = as_emma.get(CARD, {"attempt": step.pk}).text
    assert "There is nothing on this card yet" in page
    assert "I slept badly." in page
    assert 'href="/en/evidence/new/"' in page
    assert "Show other moments" not in page


def test_with_someone_paused_the_evidence_stays_and_no_step_is_suggested(as_emma, emma):
    sam = a_person(emma, paused_at=timezone.now())
    a_piece(emma, "a nod", person=sam)
    dimmer = a_dimmer(emma, sam)
    for about in ({"person": sam.pk}, {"dimmer": dimmer.pk}):
        assert words(as_emma, **about) == ["a nod"]
        page = as_emma.get(CARD, about).text
        assert not re.search(r'href="/en/dimmer/[^"]', page)


@pytest.mark.parametrize("about", ["attempt", "dimmer", "person"])
@pytest.mark.parametrize("id", ["", "x", "\x00", "9" * 5000, "00000000-0000-0000-0000-000000000000"])
def test_what_is_not_there_is_not_found(as_emma, about, id):
    assert as_emma.get(CARD, {about: id}).status_code == 404


@pytest.mark.parametrize("about", ["attempt", "dimmer", "person"])
def test_what_is_someone_elses_or_deleted_is_not_there(as_emma, as_malik, emma, two_threads, about):
    assert as_malik.get(CARD, {about: two_threads[about].pk}).status_code == 404
    with acting_as(emma.pk):
        two_threads[about].discard()
    assert as_emma.get(CARD, {about: two_threads[about].pk}).status_code == 404


def test_nobody_sees_another_persons_evidence(as_malik, malik, two_threads):
    a_piece(malik, "my own")
    assert words(as_malik) == ["my own"]


def test_deleted_evidence_is_not_on_the_card(as_emma, emma):
    piece = a_piece(emma, "gone")
    with acting_as(emma.pk):
        piece.discard()
    assert words(as_emma) == []


def test_what_was_shared_stands_in_where_nothing_is_known_of_what_happened(as_emma, emma):
    make(emma, Evidence, shared="I told it all.", happened_on=DAY)
    assert "I told it all." in as_emma.get(CARD).text


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 14), start=st.integers(-5, 10**6))
def test_others_show_every_piece_once_and_then_go_round(as_emma, emma, number, start):
    with acting_as(emma.pk):
        Evidence.objects.filter(user=emma).delete()
        for n in range(number):
            Evidence.objects.create(user=emma, happened=str(n), happened_on=DAY)
    seen, page = [], str(start)
    for _turn in range(-(-number // 3) or 1):
        answer = as_emma.get(CARD, {"page": page})
        seen += [piece.happened for piece in answer.context["pieces"]]
        page = answer.context["others"]
    assert sorted(seen) == sorted(map(str, range(number)))
    assert bool(page) == (number > 3)
    assert ("Show other moments" in answer.text) == (number > 3)


@pytest.mark.parametrize("page", ["", "x", "-1", "0", "²", "٣", "9" * 5000, "1e3", "\x00"])
def test_an_odd_page_is_a_page(as_emma, emma, page):
    for n in range(4):
        a_piece(emma, str(n))
    assert as_emma.get(CARD, {"page": page}).status_code == 200


def test_others_stay_with_the_same_step(as_emma, emma, two_threads):
    a_piece(emma, "one more", -9)
    step = two_threads["attempt"].pk
    assert f"?attempt={step}&amp;page=2" in as_emma.get(CARD, {"attempt": step}).text
    assert words(as_emma, attempt=step, page=2) == ["one more"]


def test_the_card_asks_as_much_of_the_database_for_twelve_as_for_one(
    as_emma, emma, two_threads, django_assert_num_queries
):
    asked = {"attempt": two_threads["attempt"].pk}
    with CaptureQueriesContext(connection) as one:
        as_emma.get(CARD, asked)
    for n in range(12):
        piece = a_piece(emma, str(n), n, person=two_threads["person"])
        a_step(emma, two_threads["dimmer"], level=10, done="full", evidence=piece)
    with django_assert_num_queries(len(one)):
        as_emma.get(CARD, asked)


def test_the_title_and_the_address_hold_no_words_of_anyone(as_emma, two_threads):
    page = as_emma.get(CARD, {"attempt": two_threads["attempt"].pk}).text
    assert re.search("<title>(.*)</title>", page)[1] == "Looking back · Notes"


def test_the_card_is_one_printed_page_even_with_long_words(someone):  # noqa: F811
    page = someone("en")
    starts(page, "en")
    for _piece in range(3):
        page.goto("/en/evidence/new/")
        for name in ("feared", "happened"):
            page.fill(f"[name={name}]", "a word or two more " * 100)
        save(page)
    plans(page, "en")
    step = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"/en/attempts/{step}/?edit=1")
    page.fill("[name=more]", "a long sentence " * 120)
    page.fill("[name=if_then]", "a long sentence " * 30)
    save(page)
    page.goto(f"{CARD}?attempt={step}")
    assert page.locator(".moment .happened").count() == 3
    printed = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "1cm"))
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    page.emulate_media(media="print")
    for menu in (".site-nav", ".exit", ".site-foot", ".moment .buttons"):
        assert not page.locator(menu).is_visible(), menu
