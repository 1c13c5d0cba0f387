"""The page of the evening: what is asked, what is still there, and never what was missed."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from exercises.course.pages import course
from exercises.records.models import Owned, Record
from exercises.records.rowsecurity import acting_as
from exercises.today.evening import AWAY, is_back, of_the_day

MODULES = course("en").modules
days = st.dates(date(2020, 1, 1), date(2040, 1, 1))
UNWANTED = re.compile(
    r"streak|missed|in a row|well done|gemist|achter elkaar|niet geweest|too long|\d+ (days|dagen)", re.I
)


@given(st.lists(st.integers(), min_size=2, unique=True), st.lists(st.integers(), unique=True), days)
def test_the_evidence_changes_every_day_also_when_some_was_added(kept, added, day):
    tomorrow = day + timedelta(days=1)
    assert of_the_day(kept, day) in kept
    assert of_the_day(kept, day) == of_the_day(list(kept), day)
    assert of_the_day(kept, day) != of_the_day([*kept, *(each for each in added if each not in kept)], tomorrow)


@given(st.lists(st.integers(), min_size=1, max_size=40, unique=True), days)
def test_all_evidence_has_its_turn(kept, first):
    assert {of_the_day(kept, first + timedelta(days=n)) for n in range(len(kept) + 2)} == set(kept)


def test_without_evidence_there_is_none_of_the_day():
    assert of_the_day([], date(2026, 1, 1)) is None


@given(days, st.integers(0, 400))
def test_someone_is_welcomed_back_after_a_week(last, days_away):
    assert is_back(last, last + timedelta(days=days_away)) is (days_away >= AWAY)


def test_someone_new_is_not_back():
    assert not is_back(None, date(2026, 1, 1))


def main(response) -> str:
    assert response.status_code == 200
    return re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]


def text(response) -> str:
    """What someone reads in `<main>`, its spaces made single."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main(response))).split())


def links(response) -> set[str]:
    return set(re.findall(r'href="([^"]*)"', main(response)))


def light(response) -> str:
    return re.search(r'<html[^>]* data-light="(\d+)"', response.content.decode())[1]


def step(user, name="Samira", **fields):
    """A dimmer with one attempt, open unless `done` says otherwise."""
    dimmer = user.dimmers.create(person=user.people.create(name=name), topic="work")
    return user.attempts.create(dimmer=dimmer, **{"level": 30, "more": "I slept badly"} | fields)


def done(user, day, **fields):
    return step(user, **{"done": "full", "done_on": day} | fields)


def made_days_ago(user, days: int) -> None:
    """Everything this person has was last touched so many days ago."""
    with acting_as(user.pk):
        for model in Owned.every():
            if issubclass(model, Record):
                model.with_deleted.update(updated_at=timezone.now() - timedelta(days=days))


@pytest.fixture
def day(emma) -> date:
    return timezone.localdate(timezone=emma.zone)


def test_someone_brand_new_finds_one_page_one_feeling_and_one_small_step(as_emma):
    response = as_emma.get("/en/today/")
    assert links(response) == {
        f"/en/read/{MODULES[0].slug}/",
        "/en/feeling/",
        "/en/dimmer/start-with/",
        "/en/safe-use/",
        "/en/privacy/device/",  # shown only where something waits in this browser
    }
    assert "It is good that you are here" in text(response)
    assert light(response) == "40"


def test_the_day_stands_in_words_in_ones_own_time(as_emma, emma):
    get_user_model().objects.filter(pk=emma.pk).update(time_zone="Pacific/Kiritimati")
    there = timezone.localdate(timezone=timezone.get_fixed_timezone(14 * 60))
    assert f"{there:%A} {there.day} {there:%B}" in text(as_emma.get("/en/today/"))


def test_the_feeling_of_today_is_asked_for_until_it_is_there(as_emma, emma, day):
    with acting_as(emma.pk):
        emma.feelings.create(day=day - timedelta(days=1), words=["calm"], sentence="It was yesterday")
    before = text(as_emma.get("/en/today/"))
    assert "How are you now, honestly?" in before
    assert "It was yesterday" not in before
    with acting_as(emma.pk):
        emma.feelings.create(day=day, words=["tense", "wobbly"], intensity=6, sentence="I <3 this")
    after = as_emma.get("/en/today/")
    assert "tense, wobbly Strength 6 out of 10 “I <3 this” Change it" in text(after)
    assert "How are you now, honestly?" not in text(after)
    assert "/en/feeling/" in links(after)


def test_an_open_step_shows_its_person_its_sentence_and_its_prediction(as_emma, emma):
    with acting_as(emma.pk):
        attempt = step(emma, expectation="Samira says nothing", chance=60, level=70)
    response = as_emma.get("/en/today/")
    assert re.search(r"Samira · work · level 70.*I slept badly.*Samira says nothing.*60%", text(response))
    assert {f"/en/attempts/{attempt.pk}/stay/", f"/en/attempts/{attempt.pk}/after/"} <= links(response)
    assert light(response) == "70"


def test_of_several_plans_the_one_for_today_comes_first_and_a_day_gone_by_is_not_named(as_emma, emma, day):
    with acting_as(emma.pk):
        step(emma, name="Noor", planned_for=day)
        step(emma, name="Robin", planned_for=day - timedelta(days=40))
    response = as_emma.get("/en/today/")
    assert "Noor" in text(response)
    assert "Robin" not in text(response)
    assert "/en/dimmer/" in links(response)
    with acting_as(emma.pk):
        emma.attempts.filter(planned_for=day).update(planned_for=day + timedelta(days=1))
    page = text(as_emma.get("/en/today/"))
    gone = day - timedelta(days=40)
    assert "Robin · work · level 30" in page
    assert f"{gone.day} {gone:%B}" not in page


def test_an_exercise_of_looking_only_is_named_by_its_title(as_emma, emma):
    with acting_as(emma.pk):
        emma.attempts.create(exercise=MODULES[0].slug)
    response = as_emma.get("/en/today/")
    assert MODULES[0].exercise.title in text(response)
    assert light(response) == "40"


def test_without_an_open_step_the_last_dimmer_is_offered_and_its_light_stays(as_emma, emma, day):
    with acting_as(emma.pk):
        attempt = done(emma, day - timedelta(days=2), level=20)
        emma.dimmers.create(person=emma.people.create(name="Noor"), topic="home")
    response = as_emma.get("/en/today/")
    assert f"/en/dimmer/{attempt.dimmer_id}/attempt/?level=20" in links(response)
    assert "With Samira: work." in text(response)
    assert light(response) == "20"


def test_a_step_taken_today_may_settle(as_emma, emma, day):
    with acting_as(emma.pk):
        attempt = done(emma, day)
    response = as_emma.get("/en/today/")
    assert "You took a step today" in text(response)
    assert f"/en/dimmer/{attempt.dimmer_id}/attempt/" not in links(response)


def test_no_step_is_suggested_with_someone_who_is_paused_or_put_away(as_emma, emma, day):
    with acting_as(emma.pk):
        for n, hidden in enumerate(({"paused_at": timezone.now()}, {"archived_at": timezone.now()})):
            emma.dimmers.create(person=emma.people.create(name=f"away {n}", **hidden), topic="work")
    response = as_emma.get("/en/today/")
    assert not [link for link in links(response) if link.endswith("/attempt/")]
    assert "away" not in text(response)


def test_the_next_module_is_the_first_that_was_not_read(as_emma, emma):
    with acting_as(emma.pk):
        emma.reads.create(module=MODULES[0].slug, finished_at=timezone.now())
        emma.reads.create(module=MODULES[1].slug)
    response = as_emma.get("/en/today/")
    assert f"/en/read/{MODULES[1].slug}/" in links(response)
    assert f"Next module · {MODULES[1].minutes} min" in text(response)


def test_after_the_last_module_the_key_points_are_there(as_emma, emma):
    with acting_as(emma.pk):
        for module in MODULES:
            emma.reads.create(module=module.slug, finished_at=timezone.now())
    assert "/en/read/key-points/" in links(as_emma.get("/en/today/"))


def test_one_piece_of_evidence_is_shown_as_feared_and_happened(as_emma, emma, day):
    with acting_as(emma.pk):
        pieces = [
            emma.evidence.create(happened_on=day, feared=f"silence {n}", happened=f"an answer {n}") for n in range(3)
        ]
    first, again = (text(as_emma.get("/en/today/")) for _ in range(2))
    assert first == again
    assert len(re.findall(r"Feared silence \d Happened an answer \d", first)) == 1
    chosen = of_the_day(sorted(piece.pk for piece in pieces), day)
    assert f"/en/evidence/{chosen}/" in links(as_emma.get("/en/today/"))


def test_evidence_that_only_says_what_was_shared_shows_that(as_emma, emma, day):
    with acting_as(emma.pk):
        emma.evidence.create(happened_on=day, shared="I was tired")
    page = text(as_emma.get("/en/today/"))
    assert "Shared I was tired" in page
    assert "Feared" not in page
    assert "Happened" not in page


@pytest.mark.parametrize("language", ["nl", "en"])
def test_after_a_week_one_is_welcomed_back_to_what_is_there(as_emma, emma, day, language):
    with acting_as(emma.pk):
        emma.feelings.create(day=day - timedelta(days=20), words=["calm"])
        emma.feelings.create(day=day - timedelta(days=21), words=["calm"])
        done(emma, day - timedelta(days=20))
        emma.attempts.create(done="no")
    made_days_ago(emma, AWAY - 1)
    assert not as_emma.get(f"/{language}/today/").context["is_back"]
    made_days_ago(emma, AWAY)
    response = as_emma.get(f"/{language}/today/")
    assert response.context["is_back"]
    assert response.context["moments"] == 3
    assert re.search(r'<p class="lead">[^<]*\b3\b', main(response))
    assert not UNWANTED.search(text(response))


def test_the_welcome_names_what_is_still_there(as_emma, emma, day):
    with acting_as(emma.pk):
        for n in (20, 21):
            emma.feelings.create(day=day - timedelta(days=n), words=["calm"])
    made_days_ago(emma, 20)
    assert "It is good to see you again. Your 2 moments are still here." in text(as_emma.get("/en/today/"))


def test_someone_back_with_only_a_journal_is_told_that_all_is_there(as_emma, emma):
    with acting_as(emma.pk):
        emma.entries.create(body="a page")
    made_days_ago(emma, 30)
    assert "Everything you kept is still here." in text(as_emma.get("/en/today/"))


def test_writing_something_is_enough_to_be_back(as_emma, emma, day):
    with acting_as(emma.pk):
        emma.feelings.create(day=day - timedelta(days=20), words=["calm"])
    made_days_ago(emma, 20)
    with acting_as(emma.pk):
        emma.entries.create(body="a page")
    assert "again" not in text(as_emma.get("/en/today/"))


def test_deleted_rows_are_as_if_they_never_were(as_emma, emma, day):
    with acting_as(emma.pk):
        emma.feelings.create(day=day, words=["calm"], sentence="Gone").discard()
        emma.evidence.create(happened_on=day, happened="Gone").discard()
        step(emma, name="Gone").dimmer.person.discard()
    assert "It is good that you are here" in text(as_emma.get("/en/today/"))


def test_a_deleted_person_is_not_named(as_emma, emma, day):
    with acting_as(emma.pk):
        person = step(emma, name="Robin").dimmer.person
        emma.evidence.create(happened_on=day, happened="an answer", person=person)
        person.deleted_at = timezone.now()
        person.save()
    page = text(as_emma.get("/en/today/"))
    assert "an answer" in page
    assert "Robin" not in page


def test_nothing_of_someone_else_is_here(as_emma, malik, day):
    with acting_as(malik.pk):
        malik.feelings.create(day=day, words=["calm"], sentence="Of Malik")
        malik.evidence.create(happened_on=day, happened="Of Malik")
        step(malik, name="Noor")
        malik.reads.create(module=MODULES[0].slug, finished_at=timezone.now())
    page = as_emma.get("/en/today/")
    assert "It is good that you are here" in text(page)
    assert f"/en/read/{MODULES[0].slug}/" in links(page)


@pytest.mark.parametrize("with_plans", [True, False])
def test_much_asks_the_database_as_little_as_one_of_each(as_emma, emma, day, with_plans):
    def add(count, start):
        with acting_as(emma.pk):
            for n in range(start, start + count):
                emma.feelings.create(day=day - timedelta(days=n), words=["calm"])
                emma.entries.create(body="a page")
                emma.self_checks.create(day=day - timedelta(days=n))  # so that none is due, and no steps are counted
                emma.evidence.create(happened_on=day, happened="an answer")
                done(emma, day - timedelta(days=1), name=f"friend {n}", reaction="ok")
                done(emma, day - timedelta(days=1), name=f"stranger {n}").dimmer.person.pause(timezone.now())
                if with_plans:
                    step(emma, name=f"person {n}")

    add(1, 0)
    with CaptureQueriesContext(connection) as few:
        as_emma.get("/en/today/")
    add(25, 1)
    with CaptureQueriesContext(connection) as many:
        as_emma.get("/en/today/")
    assert len(many) == len(few)
    tables = [query["sql"] for query in many if 'FROM "exercises_' in query["sql"]]
    assert len(tables) <= 15, tables


def test_a_visitor_is_sent_to_the_start(client, db):
    assert client.get("/en/today/").status_code == 302
