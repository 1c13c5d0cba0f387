"""The next step, as a person meets it: why, the choices, one raise a day, a pause, not today, not safe."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from exercises.dimmer import advice
from exercises.dimmer.models import Attempt, Dimmer
from exercises.dimmer.next_step import SUGGESTING, is_reason, next_step, reason
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from tests.test_dimmer import AFTER, PLAN, a_dimmer, an_attempt, only

pytestmark = pytest.mark.django_db
CLEAN = {
    "done": "full", "came_true": "no", "bore_it": "yes", "fear_peak": 5, "fear_after": 2, "chance": 60,
    "expectation": "Samira looks away", "chance_next": 50,
}  # fmt: skip


def ago(user, days: int):
    return timezone.localdate(timezone=user.zone) - timedelta(days=days)


def clean(user, dimmer: Dimmer, level: int, days: int = 1, **fields) -> Attempt:
    return an_attempt(user, dimmer, level=level, done_on=ago(user, days), **CLEAN | fields)


def said(response) -> str:
    assert response.status_code == 200
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def levels(response) -> set[int]:
    return {int(level) for level in re.findall(r'attempt/\?level=(\d+)[&"]', response.content.decode())}


# Why


def test_a_raise_is_explained_with_ones_own_numbers_and_words(as_emma, emma):
    dimmer = a_dimmer(emma)
    clean(emma, dimmer, 20, 3)
    clean(emma, dimmer, 20, 1)
    for page in (f"/en/dimmer/{dimmer.pk}/", "/en/today/"):
        words = said(as_emma.get(page))
        assert "You did level 20 2 times." in words
        assert "You expected a 60% chance of “Samira looks away”." in words
        assert "What you expected did not happen. Level 30 is a sensible next step. You choose." in words


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("rule", SUGGESTING)
@pytest.mark.parametrize("facts", [{}, {"chance": 40, "peak": 9, "after": 8, "days": 30, "borne": 1}])
def test_every_rule_says_why_in_both_languages(rule, facts, language):
    facts = {"level": 20, "times": 2, "came_true": 0, "ceiling": 60} | facts
    with translation.override(language):
        words = render_to_string("dimmer/reason.html", {"why": reason(rule, facts, 10, "They laugh", ["joke"])})
    assert len(words.split()) > 5
    assert "None" not in words


def test_a_sentence_is_never_there_twice_and_each_rule_has_its_own():
    facts = {"level": 20, "times": 2, "came_true": 0, "ceiling": 60}
    words = [render_to_string("dimmer/reason.html", {"why": reason(rule, facts, 10)}).strip() for rule in SUGGESTING]
    assert len(set(words)) == len(SUGGESTING)


# The choices


def test_lower_the_same_higher_someone_else_and_not_today_are_one_tap_each_and_look_alike(as_emma, emma):
    dimmer = a_dimmer(emma)
    clean(emma, dimmer, 20)
    page = as_emma.get(f"/en/dimmer/{dimmer.pk}/")
    choices = re.search(r'<div class="buttons even">.*?</div>', page.content.decode(), re.DOTALL)[0]
    assert re.findall(r'class="([^"]*button[^"]*)"', choices)[1:] == ["button plain"] * 5
    assert levels(page) == {10, 20, 30}
    assert f"/en/dimmer/new/?like={dimmer.pk}" in choices
    assert f"/en/dimmer/{dimmer.pk}/not-today/" in choices


def test_two_steps_that_were_too_much_offer_two_notches_back(as_emma, emma):
    dimmer = a_dimmer(emma)
    clean(emma, dimmer, 40, 3, bore_it="no")
    clean(emma, dimmer, 40, 1, too_much=True)
    page = as_emma.get(f"/en/dimmer/{dimmer.pk}/")
    assert levels(page) == {20, 40}
    assert "Going back to level 20 is practice too" in said(page)


def test_at_ones_own_ceiling_it_is_enough_and_nothing_brighter_is_offered(as_emma, emma):
    dimmer = a_dimmer(emma, ceiling=30)
    clean(emma, dimmer, 30)
    page = as_emma.get(f"/en/dimmer/{dimmer.pk}/")
    assert levels(page) == {20, 30}
    assert "30 is bright enough for you" in said(page)


def test_the_same_topic_with_someone_else_needs_only_a_name(as_emma, emma, malik):
    dimmer = a_dimmer(emma, topic="money")
    assert as_emma.get(f"/en/dimmer/new/?like={dimmer.pk}").context["form"]["topic"].value() == "money"
    theirs = a_dimmer(malik, topic="pearblossom")
    for like in (theirs.pk, uuid7(), "x"):
        assert as_emma.get(f"/en/dimmer/new/?like={like}").context["form"]["topic"].value() == ""


def test_what_was_suggested_and_what_was_chosen_stay_with_the_step_without_a_word_of_anyone(as_emma, emma):
    dimmer = a_dimmer(emma)
    first = [clean(emma, dimmer, 20, 3).pk, clean(emma, dimmer, 20, 1).pk]
    as_emma.post(f"/en/dimmer/{dimmer.pk}/attempt/", PLAN | {"level": "10"})
    with acting_as(emma.pk):
        planned = emma.attempts.exclude(pk__in=first).get()
    stored = planned.advice
    assert (stored["rule"], stored["move"], stored["level"], stored["from"], stored["chosen"]) == (
        "R1",
        "raise",
        30,
        20,
        10,
    )
    assert stored["facts"]["times"] == 2
    assert "Samira" not in json.dumps(stored)
    page = said(as_emma.get(f"/en/attempts/{planned.pk}/"))
    assert "Level 30 is a sensible next step. You choose. You chose level 10." in page
    as_emma.post(f"/en/attempts/{planned.pk}/", PLAN | {"level": "20"})
    assert "You chose level 20." in said(as_emma.get(f"/en/attempts/{planned.pk}/"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["rule", "facts", "level", "from", "times", "came_true", "ceiling"]), inner)
    ),
    max_leaves=8,
)


FACTS = st.fixed_dictionaries(dict.fromkeys(("level", "times", "came_true", "ceiling"), st.integers() | JSON))


@given(JSON | st.fixed_dictionaries({"rule": st.sampled_from(advice.CODES) | JSON, "facts": FACTS | JSON}))
def test_whatever_a_download_brings_back_as_a_reason_can_be_shown_or_is_left_out(stored):
    if is_reason(stored):
        assert render_to_string(
            "dimmer/reason.html", {"why": reason(stored["rule"], stored["facts"], stored.get("level"))}
        )


# One raise a day


@pytest.fixture
def raised_today(as_emma, emma) -> Dimmer:
    """A dimmer that went up today; another one is ready for more."""
    first = a_dimmer(emma, "Robin")
    clean(emma, first, 20, 3)
    as_emma.post(f"/en/dimmer/{first.pk}/attempt/", PLAN | {"level": "30"})
    with acting_as(emma.pk):
        planned = emma.attempts.planned().get()
    as_emma.post(f"/en/attempts/{planned.pk}/after/", AFTER)
    other = a_dimmer(emma, "Samira")
    clean(emma, other, 20, 4)
    clean(emma, other, 20, 2)
    return other


def test_a_second_raise_on_one_day_is_rather_for_tomorrow(as_emma, raised_today):
    page = as_emma.get(f"/en/dimmer/{raised_today.pk}/")
    assert levels(page) == {10, 20}
    assert "Level 30 can wait until tomorrow." in said(page)


@pytest.mark.parametrize(("days", "kept"), [(None, False), (0, False), (1, True)])
def test_a_second_raise_can_be_planned_for_a_later_day_and_nothing_typed_is_lost(
    as_emma, emma, raised_today, days, kept
):
    day = {} if days is None else {"planned_for": str(ago(emma, -days))}
    page = as_emma.post(f"/en/dimmer/{raised_today.pk}/attempt/", PLAN | {"level": "30"} | day, follow=True)
    with acting_as(emma.pk):
        assert emma.attempts.planned().exists() is kept
    if not kept:
        assert "One step up a day is enough" in said(page)
        assert PLAN["more"] in page.content.decode()


@pytest.mark.parametrize("level", ["10", "20"])
def test_the_same_or_turning_down_is_always_a_plain_move(as_emma, emma, raised_today, level):
    as_emma.post(f"/en/dimmer/{raised_today.pk}/attempt/", PLAN | {"level": level})
    with acting_as(emma.pk):
        assert emma.attempts.planned().get().level == int(level)


def test_a_double_click_on_a_raise_for_today_is_no_second_raise(as_emma, emma):
    dimmer = a_dimmer(emma)
    clean(emma, dimmer, 20)
    plan = PLAN | {"level": "30", "id": str(uuid7()), "planned_for": str(ago(emma, 0))}
    for _click in range(2):
        assert as_emma.post(f"/en/dimmer/{dimmer.pk}/attempt/", plan).status_code == 302
    with acting_as(emma.pk):
        planned = emma.attempts.planned().get()
    assert as_emma.post(f"/en/attempts/{planned.pk}/", plan).status_code == 302  # nor is changing it


def test_of_two_plans_without_a_day_only_one_goes_up_and_no_later_day_gets_two_either(as_emma, emma):
    dimmers = [a_dimmer(emma, name) for name in ("Robin", "Samira")]
    for dimmer in dimmers:
        clean(emma, dimmer, 20)
    for day in ({}, {"planned_for": str(ago(emma, -1))}):
        for dimmer in dimmers:
            as_emma.post(f"/en/dimmer/{dimmer.pk}/attempt/", PLAN | {"level": "30"} | day)
    with acting_as(emma.pk):
        planned = emma.attempts.planned().order_by("id")
        assert [(step.dimmer_id, step.planned_for) for step in planned] == [
            (dimmers[0].pk, None),
            (dimmers[0].pk, ago(emma, -1)),
        ]


def test_words_of_an_older_step_can_be_mended_on_a_day_with_a_raise(as_emma, emma, raised_today):
    old = clean(emma, raised_today, 50, 9)
    response = as_emma.post(f"/en/attempts/{old.pk}/", PLAN | {"level": "50", "more": "Better said."})
    assert response.status_code == 302
    with acting_as(emma.pk):
        old = emma.attempts.get(pk=old.pk)
        assert (old.more, old.advice) == ("Better said.", None)  # what is suggested today was not suggested then


# A pause


@pytest.fixture
def punished(as_emma, emma) -> Dimmer:
    dimmer = a_dimmer(emma)
    attempt = an_attempt(emma, dimmer, level=20)
    as_emma.post(f"/en/attempts/{attempt.pk}/after/", AFTER | {"reaction": "punish"})
    return dimmer


def test_after_punishment_no_page_suggests_a_step_with_this_person(as_emma, emma, punished):
    with acting_as(emma.pk):
        other = Dimmer.objects.create(user=emma, person=punished.person, topic="sleep")
        emma.attempts.update(done_on=ago(emma, 1))
    clean(emma, other, 30)
    planned = an_attempt(emma, other, level=40)
    for page in (
        f"dimmer/{punished.pk}/",
        f"dimmer/{other.pk}/",
        f"attempts/{planned.pk}/",
        f"attempts/{planned.pk}/stay/",
    ):
        response = as_emma.get(f"/en/{page}")
        assert "not your fault" in said(response), page
        assert "/en/safe-use/" in response.content.decode(), page
        assert not levels(response), page
    for page in ("today/", f"evidence/card/?attempt={planned.pk}"):
        assert "not your fault" in said(as_emma.get(f"/en/{page}")), page
    for page in ("dimmer/", "exercises/editing-room/"):
        assert "paused" in said(as_emma.get(f"/en/{page}")), page
    with acting_as(emma.pk):
        planned.discard()
    assert "With Samira" not in said(as_emma.get("/en/today/"))


def test_with_someone_who_is_paused_one_reads_first_and_may_still_plan(as_emma, emma, punished):
    plan = f"/en/dimmer/{punished.pk}/attempt/"
    page = as_emma.get(plan)
    assert 'name="more"' not in page.content.decode()
    assert "not your fault" in said(page)
    page = as_emma.post(plan, PLAN)  # a page from before the pause
    assert PLAN["more"] in page.content.decode()
    assert 'action="?read=1"' in page.content.decode()
    with acting_as(emma.pk):
        assert not emma.attempts.planned().exists()
    as_emma.post(f"{plan}?read=1", PLAN)
    with acting_as(emma.pk):
        assert emma.attempts.planned().get().advice is None  # why no step was suggested stands nowhere in plain


CAREFUL = {
    "promises": "often", "steady": "often", "no_is_fine": "often", "says_sorry": "often", "stays_kind": "often",
    "keeps_private": "often", "listens": "often", "very_fast": "no", "vanishes": "no", "used_against": "no",
    "afraid": "no", "controls": "no",
}  # fmt: skip


def test_only_a_trust_check_without_a_stop_sign_ends_the_pause_and_then_one_begins_small(as_emma, emma, punished):
    trust = f"/en/people/{punished.person_id}/trust/"
    with acting_as(emma.pk):
        emma.attempts.update(level=50)
    assert as_emma.post(trust, CAREFUL | {"afraid": "yes"}).status_code == 302
    assert "not your fault" in said(as_emma.get(f"/en/dimmer/{punished.pk}/"))
    assert as_emma.post(trust, CAREFUL).status_code == 302
    page = as_emma.get(f"/en/dimmer/{punished.pk}/")
    assert levels(page) == {0, 10}
    assert "Level 10 is a good place to begin" in said(page)
    with acting_as(emma.pk):
        attempt = emma.attempts.get()
    as_emma.post(f"/en/attempts/{attempt.pk}/after/", AFTER | {"reaction": "punish", "happened": "Put differently."})
    assert "Level 10" in said(as_emma.get(f"/en/dimmer/{punished.pk}/"))  # the old reaction, only its words changed


def test_after_a_pause_what_is_planned_from_then_on_counts_again(emma):
    dimmer = a_dimmer(emma)
    clean(emma, dimmer, 60, 2, reaction="punish")
    now = timezone.now()
    with acting_as(emma.pk):
        dimmer.person.pause(now)
        dimmer.person.resume(now)
    clean(emma, dimmer, 10, 0)
    with acting_as(emma.pk):
        dimmer = emma.dimmers.whole().get()
        offered = next_step(emma, dimmer, ago(emma, 0))
    assert (offered.advice.rule, offered.advice.level) == ("H2", 10)


# Not today, not safe


def test_not_today_is_a_choice_like_any_other_and_holds_until_tomorrow(as_emma, emma):
    dimmer, other = a_dimmer(emma), a_dimmer(emma, "Robin")
    clean(emma, dimmer, 20)
    for _click in range(2):
        page = as_emma.post(f"/en/dimmer/{dimmer.pk}/not-today/", follow=True)
    assert "Not today. That is fine" in said(page)
    assert not levels(page)
    assert levels(as_emma.get(f"/en/dimmer/{dimmer.pk}/")) == {10, 20, 30}  # who wants to after all, can
    with acting_as(emma.pk):
        Dimmer.objects.filter(user=emma).update(rested_on=ago(emma, 1))
    assert levels(as_emma.get("/en/today/")) == {10, 20, 30}
    assert other.rested_on is None


def test_who_is_not_safe_now_gets_help_and_no_step_until_it_is_over(as_emma, emma):
    dimmer = a_dimmer(emma)
    clean(emma, dimmer, 20)
    assert as_emma.post("/en/attempts/not-safe/").url == "/en/help/"
    for page in ("/en/today/", f"/en/dimmer/{dimmer.pk}/"):
        response = as_emma.get(page)
        assert "it is right to take no step" in said(response)
        assert "/en/help/" in response.content.decode()
        assert not levels(response)
    as_emma.post("/en/attempts/not-safe/", {"again": "on"})
    assert levels(as_emma.get("/en/today/")) == {10, 20, 30}


def test_not_safe_now_comes_before_an_open_step_too(as_emma, emma):
    planned = an_attempt(emma, a_dimmer(emma), level=20)
    as_emma.post("/en/attempts/not-safe/")
    today = as_emma.get("/en/today/")
    assert f"/en/attempts/{planned.pk}/stay/" not in today.content.decode()
    for page in (
        today,
        as_emma.get(f"/en/attempts/{planned.pk}/"),
        as_emma.get(f"/en/dimmer/{planned.dimmer_id}/attempt/"),
    ):
        assert "it is right to take no step" in said(page)


def test_a_pause_that_nobody_noted_is_noted_where_it_is_found_and_holds_for_every_topic(as_emma, emma):
    dimmer = a_dimmer(emma)
    with acting_as(emma.pk):
        other = Dimmer.objects.create(user=emma, person=dimmer.person, topic="sleep")
    clean(emma, dimmer, 20, reaction="punish")
    clean(emma, other, 20)
    for each in (dimmer, other):
        assert not levels(as_emma.get(f"/en/dimmer/{each.pk}/"))
    as_emma.post(f"/en/people/{dimmer.person_id}/trust/", CAREFUL)
    assert levels(as_emma.get(f"/en/dimmer/{dimmer.pk}/")) == {0, 10}


def test_this_is_too_much_leads_to_its_box_where_something_is_typed_already(as_emma, emma):
    attempt = an_attempt(emma, a_dimmer(emma), level=20)
    page = as_emma.get(f"/en/attempts/{attempt.pk}/after/").content.decode()
    assert re.search(r'href="#id_too_much">\s*This is too much', page)
    assert 'id="id_too_much"' in page


def test_punishment_that_was_noted_by_mistake_can_be_changed_but_the_pause_waits_for_the_check(as_emma, emma, punished):
    attempt = only(emma, Attempt)
    as_emma.post(f"/en/attempts/{attempt.pk}/after/", AFTER | {"reaction": "ok"})
    assert "not your fault" in said(as_emma.get(f"/en/dimmer/{punished.pk}/"))


def test_what_is_offered_costs_two_queries_however_much_was_done(emma, django_assert_num_queries):
    dimmer = a_dimmer(emma)
    for number in range(12):
        clean(emma, dimmer, 20, number + 1)
    with acting_as(emma.pk):
        dimmer = emma.dimmers.whole().get()
        with django_assert_num_queries(2):  # the steps, and what went up today
            next_step(emma, dimmer, ago(emma, 0))
