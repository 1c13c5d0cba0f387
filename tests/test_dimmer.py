"""The dimmer: from a suggestion, over plan, stay and after, to what was survived."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from exercises.course.pages import RELATIONS, course
from exercises.course.pages import SITUATIONS as COURSE_SITUATIONS
from exercises.dimmer import advice
from exercises.dimmer.forms import SITUATIONS
from exercises.dimmer.habits import HABITS, SIGNS, SIGNS_OTHER, SIGNS_SELF
from exercises.dimmer.models import Attempt, Dimmer
from exercises.dimmer.suggestion import Suggestion, suggest
from exercises.evidence.models import Evidence
from exercises.people.models import Person, Relation
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as

db = pytest.mark.django_db

OBSERVE, SHARE = "safe-answer", "editing-room"
LEVELS = st.sampled_from(range(0, 101, 10))
CEILINGS = st.sampled_from(range(10, 101, 10))

PLAN = {
    "level": "30",
    "usual": "I'm fine.",
    "more": "It was a hard week.",
    "expectation": "Samira changes the subject.",
    "chance": "60",
    "fear_expected": "4",
    "leave_out": "joke",
    "if_then": "If Samira asks how I am, then I say it.",
}
AFTER = {
    "done": "full",
    "happened": "Samira put the phone away.",
    "came_true": "no",
    "fear_peak": "6",
    "fear_after": "2",
    "bore_it": "yes",
    "habits": ["joke", "look_away"],
    "signs": ["calm_voice", "breath_sinks"],
    "reaction": "ok",
    "learned": "I can say it and nothing breaks.",
    "chance_next": "30",
    "add_evidence": "on",
}


def a_dimmer(user, name="Samira", **fields: Any) -> Dimmer:
    with acting_as(user.pk):
        person = Person.objects.create(user=user, name=name)
        return Dimmer.objects.create(user=user, person=person, **({"topic": "money"} | fields))


def an_attempt(user, dimmer: Dimmer | None = None, **fields: Any) -> Attempt:
    with acting_as(user.pk):
        return Attempt.objects.create(user=user, dimmer=dimmer, **fields)


def only(user, model: type) -> Any:
    """The one row of this kind."""
    with acting_as(user.pk):
        row = model.objects.get(user=user)
        for field in model._meta.fields:  # sealed words open only for their owner
            getattr(row, field.name)
        return row


def count(user, model: type) -> int:
    with acting_as(user.pk):
        return model.objects.filter(user=user).count()


def text(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


# The whole way


@db
def test_a_newcomer_comes_from_one_page_to_plan_stay_after_and_evidence(as_emma, emma):
    page = as_emma.post(
        f"/en/dimmer/new/?exercise={SHARE}", {"name": "Samira", "relation": "friend", "topic": "money"}, follow=True
    )
    dimmer = only(emma, Dimmer)
    assert page.request["PATH_INFO"] == f"/en/dimmer/{dimmer.pk}/attempt/"
    assert page.context["form"]["level"].value() == 10  # where the exercise begins
    as_emma.post(f"/en/dimmer/{dimmer.pk}/attempt/", PLAN | {"exercise": SHARE})
    attempt = only(emma, Attempt)
    assert (attempt.level, attempt.more, attempt.exercise) == (30, PLAN["more"], SHARE)
    for step in ("", "stay/", "after/"):
        assert PLAN["expectation"] in text(as_emma.get(f"/en/attempts/{attempt.pk}/{step}"))
    page = text(as_emma.post(f"/en/attempts/{attempt.pk}/after/", AFTER, follow=True))
    assert AFTER["learned"] in page  # one's own sentence, said back
    assert PLAN["expectation"] in page
    evidence = only(emma, Evidence)
    assert (evidence.feared, evidence.shared, evidence.happened) == (
        PLAN["expectation"],
        PLAN["more"],
        AFTER["happened"],
    )
    assert (evidence.kind, evidence.level, evidence.person) == ("attempt", 30, dimmer.person)
    assert evidence.happened_on == timezone.localdate(timezone=emma.zone)
    assert f"/en/evidence/{evidence.pk}/" in page
    assert f"/en/journal/new/?attempt={attempt.pk}" in page


@db
def test_an_exercise_that_only_observes_needs_no_dimmer(as_emma, emma):
    page = as_emma.post(f"/en/exercises/{OBSERVE}/", {"expectation": "I joke", "exercise": OBSERVE}, follow=True)
    attempt = only(emma, Attempt)
    assert page.request["PATH_INFO"] == f"/en/attempts/{attempt.pk}/"
    assert (attempt.level, attempt.dimmer, attempt.exercise) == (0, None, OBSERVE)
    as_emma.post(f"/en/attempts/{attempt.pk}/after/", AFTER)
    assert only(emma, Evidence).person is None
    assert text(as_emma.get(f"/en/attempts/{attempt.pk}/stay/"))
    page = as_emma.post(f"/en/attempts/{attempt.pk}/", {"expectation": "I dodge", "level": "50"}, follow=True)
    assert "I dodge" in text(page)
    assert (only(emma, Attempt).level, only(emma, Attempt).exercise) == (0, OBSERVE)


@db
def test_only_person_and_topic_are_needed(as_emma, emma):
    assert as_emma.post("/en/dimmer/new/", {}).context["form"].errors.keys() == {"name", "topic"}
    as_emma.post("/en/dimmer/new/", {"name": "Samira", "topic": "money"})
    dimmer = only(emma, Dimmer)
    assert dimmer.ceiling == 60
    assert as_emma.post(f"/en/dimmer/{dimmer.pk}/attempt/", {}).status_code == 302
    attempt = only(emma, Attempt)
    assert (attempt.level, attempt.chance, attempt.leave_out) == (10, None, "")
    assert as_emma.post(f"/en/attempts/{attempt.pk}/after/", {}).status_code == 302
    assert only(emma, Attempt).done == ""
    assert as_emma.post(f"/en/exercises/{OBSERVE}/", {}).status_code == 302


@db
def test_one_observation_with_all_left_empty_can_be_done_and_kept(as_emma, emma):
    as_emma.post(f"/en/exercises/{OBSERVE}/", {})
    attempt = only(emma, Attempt)
    assert attempt.exercise == OBSERVE
    as_emma.post(f"/en/attempts/{attempt.pk}/after/", {"done": "part", "add_evidence": "on"})
    assert only(emma, Evidence).happened == ""
    assert text(as_emma.get(f"/en/attempts/{attempt.pk}/"))


# Sent twice


@db
def test_a_double_click_makes_one_dimmer_one_person_one_plan_and_one_piece_of_evidence(as_emma, emma):
    data = {"id": str(uuid7()), "new_person": str(uuid7()), "name": "Samira", "topic": "money"}
    for _ in range(2):
        assert as_emma.post("/en/dimmer/new/", data).status_code == 302
    dimmer = only(emma, Dimmer)
    assert only(emma, Person) == dimmer.person
    for _ in range(2):
        as_emma.post(f"/en/dimmer/{dimmer.pk}/attempt/", PLAN | {"id": str(data["id"])})
    attempt = only(emma, Attempt)
    for _ in range(2):
        as_emma.post(f"/en/attempts/{attempt.pk}/after/", AFTER)
    assert only(emma, Evidence)
    key = str(uuid7())
    for _ in range(2):
        as_emma.post(f"/en/exercises/{OBSERVE}/", {"id": key})
    assert count(emma, Attempt) == 2


@pytest.mark.django_db(transaction=True)
def test_clicks_at_the_same_moment_make_one_piece_of_evidence(emma):
    attempt = an_attempt(emma, a_dimmer(emma))

    def click(_number: int) -> int:
        client = Client()
        client.force_login(emma)
        try:
            return client.post(f"/en/attempts/{attempt.pk}/after/", AFTER).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(click, range(4))) == [302] * 4
    assert only(emma, Evidence)


# Looking back without saying whether it was done


@db
@pytest.mark.parametrize(
    "answer",
    [{"too_much": "on"}, {"happened": "Samira left."}, {"learned": "I can."}, {"fear_peak": "0"}, {"habits": ["joke"]}],
)
def test_who_says_how_it_went_did_it_in_part_and_finds_that_on_the_page_and_in_the_evidence(as_emma, emma, answer):
    attempt = an_attempt(emma, a_dimmer(emma))
    page = as_emma.post(f"/en/attempts/{attempt.pk}/after/", answer | {"add_evidence": "on"}, follow=True)
    assert "What came of it" in text(page)
    step = only(emma, Attempt)
    assert (step.done, step.done_on) == ("part", timezone.localdate(timezone=emma.zone))
    assert only(emma, Evidence) == step.evidence
    assert as_emma.get("/en/dimmer/").context["planned"] == []


@db
def test_too_much_saved_with_nothing_else_is_said_back_kindly(as_emma, emma):
    attempt = an_attempt(emma, a_dimmer(emma))
    page = as_emma.post(f"/en/attempts/{attempt.pk}/after/?too_much=1", {"too_much": "on"}, follow=True)
    assert "A step back is practice too" in text(page)


@db
def test_looking_back_with_all_left_empty_changes_nothing_and_says_that_this_is_fine(as_emma, emma):
    attempt = an_attempt(emma, a_dimmer(emma))
    today = timezone.localdate().isoformat()
    data = {"done_on": today, "add_evidence": "on"}  # as the page has them beforehand
    page = text(as_emma.post(f"/en/attempts/{attempt.pk}/after/", data, follow=True))
    assert "That is fine" in page
    assert "What came of it" not in page
    step = only(emma, Attempt)
    assert (step.done, step.done_on, step.updated_at) == ("", None, attempt.updated_at)
    assert count(emma, Evidence) == 0


@db
def test_a_chance_for_next_time_alone_is_kept_and_shown_and_the_step_stays_open(as_emma, emma):
    attempt = an_attempt(emma, a_dimmer(emma))
    page = as_emma.post(f"/en/attempts/{attempt.pk}/after/", {"chance_next": "0"}, follow=True)
    assert "Chance next time" in text(page)
    assert only(emma, Attempt).done == ""


# Evidence follows its step


@pytest.fixture
def survived(as_emma, emma) -> Attempt:
    """A step of Emma's that stands with her evidence."""
    attempt = an_attempt(emma, a_dimmer(emma), level=30, more="It was hard.", expectation="Samira leaves.")
    as_emma.post(f"/en/attempts/{attempt.pk}/after/", AFTER)
    return attempt


@db
def test_editing_the_plan_changes_the_evidence(as_emma, emma, survived):
    as_emma.post(f"/en/attempts/{survived.pk}/", {"level": "20", "more": "I was sad.", "expectation": "Samira laughs."})
    evidence = only(emma, Evidence)
    assert (evidence.level, evidence.shared, evidence.feared) == (20, "I was sad.", "Samira laughs.")


@db
def test_editing_what_came_of_it_changes_the_evidence(as_emma, emma, survived):
    changed = AFTER | {"happened": "", "learned": "Samira stays.", "done": "part", "done_on": "2026-01-02"}
    as_emma.post(f"/en/attempts/{survived.pk}/after/", changed)
    evidence = only(emma, Evidence)
    assert (evidence.happened, evidence.happened_on) == ("Samira stays.", date(2026, 1, 2))


@db
def test_words_put_differently_in_the_evidence_stay_until_the_step_says_something_else(as_emma, emma, survived):
    evidence = only(emma, Evidence)
    words = {"shared": "Shared, reworded.", "feared": "Feared, reworded.", "happened": "Happened, reworded."}
    with acting_as(emma.pk):
        for name, value in words.items():
            setattr(evidence, name, value)
        evidence.save()

    def now() -> dict[str, str]:
        return {name: getattr(only(emma, Evidence), name) for name in words}

    step = f"/en/attempts/{survived.pk}/"
    as_emma.post(f"{step}after/", AFTER | {"chance_next": "20", "done_on": "2026-01-02"})
    assert (now(), only(emma, Evidence).happened_on) == (words, date(2026, 1, 2))
    plan = {"level": "20", "more": "It was hard.", "expectation": "Samira laughs."}
    as_emma.post(step, plan)
    assert (now(), only(emma, Evidence).level) == (words | {"feared": "Samira laughs."}, 20)
    as_emma.post(f"{step}after/", AFTER | {"happened": "Samira stayed.", "done_on": "2026-01-02"})
    assert now()["happened"] == "Samira stayed."


@db
def test_evidence_that_is_ticked_again_says_what_the_step_says_by_then(as_emma, emma, survived):
    without = {key: value for key, value in AFTER.items() if key != "add_evidence"}
    address = f"/en/attempts/{survived.pk}/after/"
    as_emma.post(address, without | {"happened": "Samira stayed."})
    as_emma.post(address, AFTER | {"happened": "Samira stayed."})
    assert only(emma, Evidence).happened == "Samira stayed."


@db
@pytest.mark.parametrize("change", [{"add_evidence": ""}, {"done": "no"}, dict.fromkeys(AFTER, "")])
def test_unticking_takes_the_evidence_away_until_it_is_undone_or_ticked_again(as_emma, emma, survived, change):
    evidence = only(emma, Evidence)
    address = f"/en/attempts/{survived.pk}/after/"
    data = {key: value for key, value in (AFTER | change).items() if value}
    page = text(as_emma.post(address, data, follow=True))
    assert count(emma, Evidence) == 0
    assert f'action="/en/evidence/{evidence.pk}/undo/"' in page
    as_emma.post(f"/en/evidence/{evidence.pk}/undo/")
    assert only(emma, Evidence) == evidence
    as_emma.post(address, data)
    as_emma.post(address, AFTER)
    assert only(emma, Evidence) == evidence


@db
@pytest.mark.parametrize("data", [AFTER | {"done": "no"}, AFTER | {"add_evidence": ""}])
def test_what_was_not_done_or_not_wanted_is_no_evidence(as_emma, emma, data):
    attempt = an_attempt(emma, a_dimmer(emma))
    as_emma.post(f"/en/attempts/{attempt.pk}/after/", {key: value for key, value in data.items() if value})
    assert count(emma, Evidence) == 0


@db
def test_the_evidence_box_is_ticked_beforehand_and_later_says_how_it_is(as_emma, emma):
    attempt = an_attempt(emma, a_dimmer(emma))
    address = f"/en/attempts/{attempt.pk}/after/"

    def ticked() -> bool:
        return as_emma.get(address).context["form"]["add_evidence"].value()

    assert ticked()
    as_emma.post(address, {"done": "full"})
    assert not ticked()
    as_emma.post(address, {"done": "full", "add_evidence": "on"})
    assert ticked()


# Deleting, and undo


@db
def test_before_deleting_a_step_one_reads_that_the_figures_go_along(as_emma, emma, survived):
    assert "they count what is there" in text(as_emma.get(f"/en/attempts/{survived.pk}/delete/"))


@db
@pytest.mark.parametrize(("choice", "left"), [({}, 1), ({"evidence": "keep"}, 1), ({"evidence": "delete"}, 0)])
def test_deleting_a_step_asks_about_its_evidence_and_undo_brings_both_back(as_emma, emma, survived, choice, left):
    address = f"/en/attempts/{survived.pk}/delete/"
    assert 'name="evidence"' in text(as_emma.get(address))
    page = as_emma.post(address, choice, follow=True)
    assert f'action="/en/attempts/{survived.pk}/undo/"' in text(page)
    assert (count(emma, Attempt), count(emma, Evidence)) == (0, left)
    as_emma.post(f"/en/attempts/{survived.pk}/undo/")
    assert (count(emma, Attempt), count(emma, Evidence)) == (1, 1)
    assert f"/en/evidence/{only(emma, Evidence).pk}/" in text(as_emma.get(f"/en/attempts/{survived.pk}/"))


@db
def test_deleting_a_step_without_evidence_asks_nothing_extra(as_emma, emma):
    attempt = an_attempt(emma)
    assert 'name="evidence"' not in text(as_emma.get(f"/en/attempts/{attempt.pk}/delete/"))
    assert as_emma.post(f"/en/attempts/{attempt.pk}/delete/").url == "/en/dimmer/"
    assert count(emma, Attempt) == 0


@db
def test_deleting_a_dimmer_takes_its_steps_along_and_keeps_the_evidence(as_emma, emma, survived):
    as_emma.post(f"/en/dimmer/{survived.dimmer_id}/delete/")
    assert (count(emma, Dimmer), count(emma, Attempt), count(emma, Evidence)) == (0, 0, 1)
    assert as_emma.get(f"/en/attempts/{survived.pk}/").status_code == 404
    as_emma.post(f"/en/dimmer/{survived.dimmer_id}/undo/")
    assert (count(emma, Dimmer), count(emma, Attempt)) == (1, 1)


@db
def test_a_step_whose_person_is_gone_shows_no_name_anywhere(as_emma, emma, survived):
    as_emma.post(f"/en/dimmer/{survived.dimmer_id}/delete/")
    as_emma.post(f"/en/people/{survived.dimmer.person_id}/delete/")
    as_emma.post(f"/en/dimmer/{survived.dimmer_id}/undo/")
    assert "Samira" not in text(as_emma.get("/en/dimmer/"))
    for address in (f"/en/dimmer/{survived.dimmer_id}/", f"/en/attempts/{survived.pk}/"):
        assert as_emma.get(address).status_code == 404


# What is next


@given(LEVELS, CEILINGS)
def test_the_three_choices_are_ten_lower_the_same_and_ten_higher_within_bounds(level, ceiling):
    lower, same, higher = advice.options(level, ceiling)
    assert same == level
    assert lower == (level - 10 if level else 0)
    assert higher == (level + 10 if level + 10 <= ceiling else level)


def test_without_a_ceiling_of_ones_own_sixty_is_enough():
    assert advice.options(60) == [50, 60, 60]
    assert advice.options(50)[2] == 60


@db
@pytest.mark.parametrize(("level", "offered"), [(0, {0, 10}), (10, {0, 10, 20}), (60, {50, 60}), (80, {70, 80})])
def test_after_a_step_the_user_chooses_from_equal_next_steps(as_emma, emma, level, offered):
    dimmer = a_dimmer(emma, ceiling=60)
    attempt = an_attempt(emma, dimmer, level=level, done="full", done_on=date(2026, 3, 1))
    for address in (f"/en/attempts/{attempt.pk}/", f"/en/dimmer/{dimmer.pk}/"):
        page = text(as_emma.get(address))
        assert {n for n in range(0, 101, 10) if f'attempt/?level={n}"' in page} == offered


@db
def test_a_punishing_reaction_offers_no_next_step_with_this_person_on_any_dimmer(as_emma, emma):
    dimmer = a_dimmer(emma)
    with acting_as(emma.pk):
        other = Dimmer.objects.create(user=emma, person=dimmer.person, topic="sleep")
    attempt = an_attempt(emma, dimmer, level=20)
    said = text(as_emma.post(f"/en/attempts/{attempt.pk}/after/", AFTER | {"reaction": "punish"}, follow=True))
    an_attempt(emma, other, level=30, done="full", done_on=date(2026, 3, 1))
    for page in (said, *(text(as_emma.get(f"/en/dimmer/{each.pk}/")) for each in (dimmer, other))):
        assert "not your fault" in page
        assert "/en/safe-use/" in page
        assert "?level=" not in page
    assert "not your fault" in text(as_emma.get(f"/en/dimmer/{other.pk}/attempt/"))
    assert "not your fault" not in text(as_emma.get(f"/en/dimmer/{a_dimmer(emma, 'Robin').pk}/"))


@db
def test_brightness_is_that_of_the_step_last_done(as_emma, emma):
    dimmer = a_dimmer(emma)
    an_attempt(emma, dimmer, level=40, done="part", done_on=date(2026, 3, 2))
    an_attempt(emma, dimmer, level=10, done="full", done_on=date(2026, 3, 1))
    an_attempt(emma, dimmer, level=90, done="no", done_on=date(2026, 3, 3))
    an_attempt(emma, dimmer, level=80)
    page = as_emma.get(f"/en/dimmer/{dimmer.pk}/")
    assert page.context["dimmer"].level_now == 40
    assert 'data-light="40"' in text(page)
    assert as_emma.get(f"/en/dimmer/{dimmer.pk}/attempt/").context["form"]["level"].value() == 40


@db
@pytest.mark.parametrize(
    ("query", "level"), [("?level=70", 70), ("?level=71", 10), ("?level=x", 10), (f"?exercise={SHARE}&level=0", 0)]
)
def test_the_plan_begins_at_the_level_that_was_asked_for(as_emma, emma, query, level):
    page = as_emma.get(f"/en/dimmer/{a_dimmer(emma).pk}/attempt/{query}")
    assert page.context["form"]["level"].value() == level
    assert f'data-light="{level}"' in text(page)


@db
@pytest.mark.parametrize(("tension", "words"), [("7", "smaller"), ("10", "smaller"), ("1", "10 higher?"), ("4", None)])
def test_high_expected_tension_offers_something_smaller_and_low_something_more(as_emma, emma, tension, words):
    attempt = an_attempt(emma, a_dimmer(emma), level=20, fear_expected=int(tension))
    page = text(as_emma.get(f"/en/attempts/{attempt.pk}/"))
    assert [each for each in ("smaller", "10 higher?") if each in page] == ([words] if words else [])


@db
def test_not_now_counts_and_is_met_kindly(as_emma, emma):
    attempt = an_attempt(emma, a_dimmer(emma), level=20)
    assert "Not now is fine" in text(as_emma.get(f"/en/attempts/{attempt.pk}/after/?done=no"))
    page = text(as_emma.post(f"/en/attempts/{attempt.pk}/after/", {"done": "no"}, follow=True))
    assert "That is okay" in page
    assert only(emma, Attempt).done_on == timezone.localdate(timezone=emma.zone)


@db
def test_too_much_is_within_reach_while_staying_and_leads_to_rest_and_help(as_emma, emma):
    attempt = an_attempt(emma, a_dimmer(emma), level=20)
    assert f"/en/attempts/{attempt.pk}/after/?too_much=1" in text(as_emma.get(f"/en/attempts/{attempt.pk}/stay/"))
    page = as_emma.get(f"/en/attempts/{attempt.pk}/after/?too_much=1")
    assert "a good place to stop" in text(page)
    assert page.context["form"]["too_much"].value() is True
    assert page.context["form"]["add_evidence"].value() is False


# Choosing what to do


def exercise(minutes=10, situations=("message",), relations=("friend",)) -> Any:
    return SimpleNamespace(minutes=minutes, situations=situations, relations=relations)


def test_the_first_exercise_that_was_not_begun_is_suggested_where_nothing_was_said():
    exercises = [("a", exercise()), ("b", exercise()), ("c", exercise())]
    assert suggest(exercises, {}, {"a"}) == Suggestion("b", ("new",))


def test_the_answers_choose_and_the_reasons_say_so():
    exercises = [("a", exercise(20, relations=("date",))), ("b", exercise(minutes=20)), ("c", exercise())]
    answers = {"with": "friend", "situation": "message", "minutes": 10}
    assert suggest(exercises, answers, set()) == Suggestion("c", ("with", "situation", "minutes", "new"))
    assert suggest(exercises, answers, {"c"}) == Suggestion("b", ("with", "situation", "new"))


def test_when_all_was_begun_something_is_still_suggested():
    assert suggest([("a", exercise()), ("b", exercise())], {}, {"a", "b"}) == Suggestion("a", ("again",))


def test_without_exercises_nothing_is_suggested():
    assert suggest([], {}, set()) is None


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "with": st.sampled_from(RELATIONS),
            "situation": st.sampled_from(COURSE_SITUATIONS),
            "minutes": st.sampled_from([5, 10, 20, None]),
        },
    ),
    st.sets(st.sampled_from([module.slug for module in course("en").modules])),
)
def test_a_suggestion_exists_is_the_same_each_time_and_never_something_begun_before_something_new(answers, begun):
    exercises = [(module.slug, module.exercise) for module in course("en").modules]
    suggestion = suggest(exercises, answers, begun)
    assert suggestion is not None
    assert suggestion == suggest(exercises, answers, begun)
    assert suggestion.slug not in begun or len(begun) == len(exercises)


@db
def test_three_answers_are_kept_sealed_used_and_can_be_changed_or_skipped(as_emma, emma):
    assert "three short questions" in text(as_emma.get("/en/dimmer/"))
    assert "Skip this" in text(as_emma.get("/en/dimmer/start-with/"))
    answers = {"with": "friend", "situation": "call", "minutes": "20"}
    page = as_emma.post("/en/dimmer/start-with/", answers, follow=True)
    assert "friendship" in text(page)
    assert "on a call" in text(page)
    assert page.context["suggestion"].reasons == ("with", "situation", "minutes", "new")
    as_emma.post("/en/dimmer/start-with/", {"with": "family"})
    page = as_emma.get("/en/dimmer/start-with/")
    assert [page.context["form"][name].value() for name in answers] == ["family", "", None]
    with acting_as(emma.pk):
        assert emma.settings.count() == 1


def test_the_questions_know_what_the_course_knows():
    assert set(SITUATIONS) == set(COURSE_SITUATIONS)
    assert set(Relation.values) == set(RELATIONS)


def test_the_lists_are_whole_and_their_keys_fit():
    assert (len(HABITS), len(SIGNS_OTHER), len(SIGNS_SELF)) == (14, 10, 6)
    assert len(SIGNS) == 16
    assert all(len(key) <= 20 and key.isascii() for key in HABITS | SIGNS)


# The exercise page


def test_anyone_may_read_every_exercise_without_a_form_and_without_the_database(client):
    for language in ("nl", "en"):
        for module in course(language).modules:
            page = unescape(text(client.get(f"/{language}/exercises/{module.slug}/")))
            assert module.exercise.title in page
            assert all(notch.sentence in page for notch in module.exercise.ladder)
            assert page.count("data-level=") == 11
            assert f"/{language}/read/{module.slug}/" in page
            assert f"/{language}/safe-use/" in page
            assert f"/{language}/start/?next=/{language}/exercises/{module.slug}/" in page
            assert "<form" not in page
            assert ("suggested" in page) == (module.exercise.kind == "share")


def test_an_exercise_that_is_not_there_is_not_found(client):
    assert client.get("/en/exercises/nothing/").status_code == 404


@db
def test_who_has_started_chooses_a_dimmer_or_makes_one(as_emma, emma):
    assert f"/en/dimmer/new/?exercise={SHARE}" in text(as_emma.get(f"/en/exercises/{SHARE}/"))
    dimmer, hidden = a_dimmer(emma), a_dimmer(emma, archived_at=timezone.now())
    page = text(as_emma.get(f"/en/exercises/{SHARE}/"))
    assert f"/en/dimmer/{dimmer.pk}/attempt/?exercise={SHARE}" in page
    assert str(hidden.pk) not in page


# What one looked at


@db
def test_an_observation_can_be_found_again_after_it_was_answered(as_emma, emma):
    waiting = an_attempt(emma, exercise=OBSERVE)
    seen = an_attempt(emma, exercise=OBSERVE, done="full", done_on=date(2026, 3, 1))
    not_now = an_attempt(emma, exercise="gone", done="no", done_on=date(2026, 3, 2))
    an_attempt(emma, a_dimmer(emma), done="full", done_on=date(2026, 3, 1))
    page = as_emma.get("/en/dimmer/")
    assert [step for step, _module in page.context["looked_at"]] == [not_now, seen]
    assert [step for step, _module in page.context["planned"]] == [waiting]
    assert f"/en/attempts/{seen.pk}/" in text(page)


@db
def test_older_observations_are_a_page_further(as_emma, emma):
    made = [an_attempt(emma, exercise=OBSERVE, done="full", done_on=date(2026, 3, 1)) for _ in range(41)]
    address, found = "/en/dimmer/", []
    for shown in (20, 20, 1):
        page = as_emma.get(address)
        found += [step for step, _module in page.context["looked_at"]]
        assert len(page.context["looked_at"]) == shown
        assert ("#looked-at" in text(page)) == bool(page.context["older"])
        address = f"/en/dimmer/?before={page.context['older']}"
    assert page.context["older"] == ""
    assert found == made[::-1]
    assert len(as_emma.get("/en/dimmer/?before=nonsense").context["looked_at"]) == 20


# Dimmers


@db
@pytest.mark.parametrize("chosen", [True, False])
def test_someone_who_is_put_away_is_not_offered_for_a_new_dimmer(as_emma, emma, chosen):
    a_dimmer(emma, "Robin")
    away = a_dimmer(emma).person
    as_emma.post(f"/en/people/{away.pk}/", {"name": "Samira", "archived": "on"})
    data = {"person": str(away.pk), "topic": "sleep"}
    page = as_emma.post("/en/dimmer/new/", data) if chosen else as_emma.get(f"/en/dimmer/new/?person={away.pk}")
    assert "Samira" not in text(page)
    assert ("person" in page.context["form"].errors) == chosen
    assert "dimmer/new/" not in text(as_emma.get(f"/en/people/{away.pk}/"))


@db
def test_an_existing_person_can_be_chosen(as_emma, emma):
    person = a_dimmer(emma).person
    as_emma.post("/en/dimmer/new/", {"person": str(person.pk), "topic": "sleep", "ceiling": "40"})
    with acting_as(emma.pk):
        assert {each.ceiling for each in person.dimmers.all()} == {60, 40}
    assert count(emma, Person) == 1


@db
@pytest.mark.parametrize("both", [True, False])
def test_one_person_not_two_and_not_none(as_emma, emma, both):
    person = a_dimmer(emma).person
    data = {"topic": "sleep", "person": str(person.pk), "name": "Robin"} if both else {"topic": "sleep"}
    page = as_emma.post("/en/dimmer/new/", data)
    assert page.context["form"].errors.keys() == {"name"}
    assert 'value="sleep"' in text(page)
    assert count(emma, Dimmer) == 1


@db
def test_a_dimmer_can_be_changed_and_put_away_and_brought_back(as_emma, emma):
    dimmer = a_dimmer(emma)
    address = f"/en/dimmer/{dimmer.pk}/"
    as_emma.post(address, {"topic": "sleep", "ceiling": "30", "archived": "on"})
    changed = only(emma, Dimmer)
    assert (changed.topic, changed.ceiling) == ("sleep", 30)
    page = as_emma.get("/en/dimmer/")
    assert (page.context["dimmers"], page.context["put_away"]) == ([], [dimmer])
    as_emma.post(address, {"topic": "sleep"})
    assert as_emma.get("/en/dimmer/").context["dimmers"] == [dimmer]
    assert only(emma, Dimmer).ceiling == 60


# Bad input


TOO_LATE = (timezone.localdate() + timedelta(500)).isoformat()


@db
@pytest.mark.parametrize(
    "bad",
    [
        {"level": "35"},
        {"level": "110"},
        {"chance": "-10"},
        {"chance": "55"},
        {"fear_expected": "11"},
        {"fear_expected": "calm"},
        {"leave_out": "smoking"},
        {"planned_for": "1899-12-31"},
        {"planned_for": TOO_LATE},
        {"planned_for": "soon"},
        {"planned_for": "9999-99-99"},
        {"more": "x" * 2001},
        {"expectation": "a\x00b"},
        {"id": "not-an-id"},
    ],
)
def test_a_plan_that_cannot_be_says_so_in_dutch_and_keeps_what_was_typed(as_emma, emma, bad):
    page = as_emma.post(f"/nl/dimmer/{a_dimmer(emma).pk}/attempt/", PLAN | bad)
    assert page.context["form"].errors.keys() == bad.keys()
    assert "It was a hard week." in text(page) or "more" in bad
    assert count(emma, Attempt) == 0


@db
@pytest.mark.parametrize(
    "bad",
    [
        {"done": "perhaps"},
        {"done_on": (timezone.localdate() + timedelta(2)).isoformat()},
        {"done_on": "0001-01-01"},
        {"came_true": "never"},
        {"fear_peak": "12"},
        {"fear_after": "-1"},
        {"bore_it": "x"},
        {"habits": ["joke", "smoking"]},
        {"signs": ["wink"]},
        {"reaction": "shouted"},
        {"chance_next": "101"},
        {"happened": "x" * 2001},
        {"learned": "\x00"},
    ],
)
def test_looking_back_that_cannot_be_says_so_and_changes_nothing(as_emma, emma, bad):
    attempt = an_attempt(emma, a_dimmer(emma))
    page = as_emma.post(f"/en/attempts/{attempt.pk}/after/", AFTER | bad)
    assert page.context["form"].errors.keys() == bad.keys()
    assert "I can say it" in text(page) or "learned" in bad
    assert only(emma, Attempt).done == ""
    assert count(emma, Evidence) == 0


@db
@pytest.mark.parametrize(
    "bad",
    [{"topic": ""}, {"topic": "x" * 201}, {"ceiling": "0"}, {"ceiling": "65"}, {"name": "x" * 41}, {"relation": "foe"}],
)
def test_a_dimmer_that_cannot_be_says_so(as_emma, emma, bad):
    page = as_emma.post("/en/dimmer/new/", {"name": "Samira", "topic": "money"} | bad)
    assert page.context["form"].errors.keys() == bad.keys()
    assert (count(emma, Dimmer), count(emma, Person)) == (0, 0)


@db
@pytest.mark.parametrize("bad", [{"with": "foe"}, {"situation": "letter"}, {"minutes": "7"}, {"minutes": "x"}])
def test_an_answer_that_is_none_of_the_choices_gets_a_message(as_emma, emma, bad):
    page = as_emma.post("/en/dimmer/start-with/", bad)
    assert page.context["form"].errors.keys() == bad.keys()
    assert text(page)


@db
def test_an_exercise_that_does_not_exist_is_left_out_of_a_plan(as_emma, emma):
    dimmer = a_dimmer(emma)
    assert text(as_emma.get(f"/en/dimmer/{dimmer.pk}/attempt/?exercise=nothing"))
    as_emma.post(f"/en/dimmer/{dimmer.pk}/attempt/", {"exercise": "nothing"})
    assert only(emma, Attempt).exercise == ""


# Someone else's


@db
def test_someone_elses_dimmers_and_steps_are_not_there(as_malik, emma):
    attempt = an_attempt(emma, a_dimmer(emma), expectation="a secret")
    addresses = [
        f"/en/dimmer/{attempt.dimmer_id}/",
        f"/en/dimmer/{attempt.dimmer_id}/attempt/",
        *(f"/en/attempts/{attempt.pk}/{step}" for step in ("", "stay/", "after/", "delete/")),
    ]
    for address in addresses:
        assert as_malik.get(address).status_code == 404
        assert as_malik.post(address, AFTER | PLAN).status_code == 404
    assert only(emma, Attempt).done == ""


@db
@pytest.mark.parametrize("wanted", ["theirs", "01a205e6-8863-7d51-a212-4d744f06f36e", "nobody"])
def test_someone_elses_person_is_refused_with_a_message(as_malik, emma, malik, wanted):
    a_dimmer(malik, "Robin")
    person = str(a_dimmer(emma).person_id) if wanted == "theirs" else wanted
    page = as_malik.post("/en/dimmer/new/", {"person": person, "topic": "sleep"})
    assert page.context["form"].errors.keys() == {"person"}
    assert "Samira" not in text(page)
    assert text(as_malik.get(f"/en/dimmer/new/?person={person}"))


@db
def test_someone_elses_id_on_a_form_makes_a_row_of_ones_own(as_malik, emma, malik):
    theirs = an_attempt(emma, a_dimmer(emma), expectation="a secret")
    mine = a_dimmer(malik, "Robin")
    as_malik.post(f"/en/dimmer/{mine.pk}/attempt/", PLAN | {"id": str(theirs.pk)})
    assert only(malik, Attempt).dimmer == mine
    assert only(emma, Attempt).expectation == "a secret"


@db
def test_an_observations_id_on_a_plan_makes_a_step_of_its_own_and_the_other_way_round(as_emma, emma):
    looked = an_attempt(emma, exercise=OBSERVE, expectation="I look away")
    dimmer, other = a_dimmer(emma), a_dimmer(emma, "Robin")
    as_emma.post(f"/en/dimmer/{dimmer.pk}/attempt/", PLAN | {"id": str(looked.pk)})
    with acting_as(emma.pk):
        planned = emma.attempts.get(dimmer=dimmer)
    as_emma.post(f"/en/dimmer/{other.pk}/attempt/", PLAN | {"id": str(planned.pk), "level": "50"})
    as_emma.post(f"/en/exercises/{OBSERVE}/", {"id": str(planned.pk), "expectation": "I joke"})
    with acting_as(emma.pk):
        rows = [(step.dimmer, step.level, step.expectation) for step in emma.attempts.order_by("pk")]
    assert rows == [
        (None, 0, "I look away"),
        (dimmer, 30, PLAN["expectation"]),
        (other, 50, PLAN["expectation"]),
        (None, 0, "I joke"),
    ]


# What a page costs


@db
@pytest.mark.parametrize(
    "address", ["/en/dimmer/", "/en/dimmer/{dimmer}/", "/en/people/{person}/", f"/en/exercises/{SHARE}/"]
)
def test_a_list_asks_as_much_of_the_database_for_twelve_as_for_one(as_emma, emma, address, django_assert_num_queries):
    dimmer = a_dimmer(emma)
    address = address.format(dimmer=dimmer.pk, person=dimmer.person_id)
    an_attempt(emma, dimmer, level=20, done="full", done_on=date(2026, 3, 1), more="1")
    an_attempt(emma, exercise=OBSERVE)
    an_attempt(emma, exercise=OBSERVE, done="full", done_on=date(2026, 3, 1))
    with CaptureQueriesContext(connection) as one:
        as_emma.get(address)
    for number in range(11):
        other = a_dimmer(emma, str(number))
        an_attempt(emma, dimmer, level=20, done="full", done_on=date(2026, 3, 1), more="1")
        an_attempt(emma, other, level=30)
        an_attempt(emma, exercise=OBSERVE, done="full", done_on=date(2026, 3, 1))
        with acting_as(emma.pk):
            Dimmer.objects.create(user=emma, person=dimmer.person, topic=str(number))
    with django_assert_num_queries(len(one)):
        as_emma.get(address)


@pytest.mark.parametrize("hard", [{"too_much": True}, {"bore_it": "no"}, {"done": "no"}])
def test_after_what_was_too_much_nothing_brighter_is_offered(as_emma, emma, hard):
    attempt = an_attempt(emma, a_dimmer(emma), **{"level": 20, "done": "full"} | hard)
    page = text(as_emma.get(f"/en/attempts/{attempt.pk}/"))
    assert "Level 20 again" in page
    assert "Level 10" in page
    assert "Level 30" not in page


def test_what_was_only_looked_at_is_not_called_shared_and_goes_to_the_evidence_only_when_asked(as_emma, emma):
    attempt = an_attempt(emma, exercise=OBSERVE, more="I sleep badly", expectation="a joke")
    after = f"/en/attempts/{attempt.pk}/after/"
    assert as_emma.get(after).context["form"]["add_evidence"].value() is False
    as_emma.post(after, {"done": "full", "happened": "I said fine", "add_evidence": "on"})
    with acting_as(emma.pk):
        piece = emma.evidence.get()
        assert (piece.shared, piece.feared, piece.happened) == ("", "a joke", "I said fine")
