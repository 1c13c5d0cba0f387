"""The trust check: the words that come of it, the pause that a stop sign begins, and what alone ends it."""

import ast
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.drafts.models import Draft
from exercises.people import trust
from exercises.people.models import Person
from exercises.records.forms import mark_of
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from tests.conftest import signed_in
from tests.test_boundary import one_of_each
from tests.test_records import raw
from tests.test_two_pages import seen_on

db = pytest.mark.django_db
names = pytest.mark.parametrize

BETTER = ["maybe_not", "small_step", "takes_care"]  # from the most to the least careful of what depends on the mean
answers = st.fixed_dictionaries({key: st.sampled_from(["", *trust.CHOICES[key]]) for key in trust.QUESTIONS})
NO_STOP = dict.fromkeys(trust.STOP, "no")


def over_time(*given: str) -> dict[str, str]:
    """These answers to the first questions over time; the rest is not known."""
    return dict(zip(trust.OVER_TIME, given, strict=False))


# The words


def test_there_are_seven_questions_over_time_two_to_go_slowly_and_three_to_stop():
    assert (len(trust.OVER_TIME), len(trust.SLOWLY), len(trust.STOP)) == (7, 2, 3)
    assert len(trust.QUESTIONS) == 12


def test_the_module_knows_django_only_for_its_words():
    tree = ast.parse(Path(trust.__file__).read_text())
    found = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name for name in found if name.split(".")[0] in {"django", "exercises", "kwetsbaar"}} == {
        "django.utils.translation"
    }


@names("language", ["nl", "en"])
@names("key", trust.OUTCOMES)
def test_no_outcome_holds_a_figure_or_calls_anyone_safe(key, language):
    with translation.override(language):
        text = str(trust.OUTCOMES[key])
    assert not re.search(r"\d|\bsafe|veilig|\bscore|\bbest\b|beste", text, re.I)
    assert len(key) <= Person._meta.get_field("trust_outcome").max_length


@names(
    ("given", "key"),
    [
        ({}, "too_little"),
        (over_time("often", "often", "often"), "too_little"),
        (over_time("often", "often", "often", "often"), "takes_care"),
        (over_time("often", "often", "sometimes", "sometimes", "sometimes"), "takes_care"),  # 1.4
        (over_time("often", "often", "sometimes", "sometimes", "sometimes", "sometimes"), "small_step"),
        (over_time(*["sometimes"] * 4, "rarely"), "small_step"),  # 0.8
        (over_time(*["sometimes"] * 3, "rarely", "rarely"), "maybe_not"),
        (over_time(*["rarely"] * 7), "maybe_not"),
        (over_time(*["often"] * 7) | {"very_fast": "yes"}, "take_time"),
        (over_time(*["rarely"] * 7) | {"vanishes": "yes"}, "take_time"),
        (over_time("often") | {"vanishes": "yes"}, "too_little"),
        (over_time(*["often"] * 7) | {"vanishes": "no", "very_fast": "no"} | NO_STOP, "takes_care"),
        (over_time(*["often"] * 7) | {"controls": "yes"}, "stop"),
        ({"afraid": "yes"}, "stop"),
        ({"used_against": "yes", "very_fast": "yes"}, "stop"),
    ],
)
def test_the_first_rule_that_fits_gives_the_words(given, key):
    assert trust.outcome(given) == key


@given(answers, st.sampled_from(list(trust.STOP)))
def test_any_stop_sign_stops_whatever_else_was_answered(given, key):
    assert trust.outcome(given | {key: "yes"}) == trust.STOPPED


@given(answers)
def test_nothing_stops_but_a_stop_sign(given):
    stops = any(given[key] == "yes" for key in trust.STOP)
    assert (trust.outcome(given) == trust.STOPPED) == stops


@given(answers)
def test_the_rules_are_tried_in_their_order(given):
    known = [key for key in trust.OVER_TIME if given[key]]
    fits = [
        (any(given[key] == "yes" for key in trust.STOP), {"stop"}),
        (len(known) < 4, {"too_little"}),
        (any(given[key] == "yes" for key in trust.SLOWLY), {"take_time"}),
        (True, set(BETTER)),
    ]
    assert trust.outcome(given) in next(keys for fit, keys in fits if fit)


@given(answers, st.sampled_from(list(trust.QUESTIONS)))
def test_not_knowing_is_never_counted_as_something_good(given, key):
    """What is not known is as if it had not been asked, and does no more than ‘rarely’ or ‘no’ would forbid."""
    left_out = {name: value for name, value in given.items() if value}
    assert trust.outcome(left_out) == trust.outcome(given)
    if key in trust.OVER_TIME:
        unknown, often = trust.outcome(given | {key: ""}), trust.outcome(given | {key: "often"})
        if {unknown, often} <= set(BETTER):
            assert BETTER.index(unknown) <= BETTER.index(often)
        assert unknown not in BETTER or often in BETTER
    else:
        assert trust.outcome(given | {key: ""}) == trust.outcome(given | {key: "no"})


@given(answers, st.sampled_from(list(trust.OVER_TIME)))
def test_a_kinder_answer_never_makes_the_words_more_careful(given, key):
    order = [trust.outcome(given | {key: answer}) for answer in ("rarely", "sometimes", "often")]
    if set(order) <= set(BETTER):
        assert order == sorted(order, key=BETTER.index)
    else:
        assert len(set(order)) == 1


@given(answers)
def test_all_that_was_answered_is_told_in_words_and_nothing_else(given):
    told = list(trust.told(given | {"unknown_key": "yes"}))
    assert [question for question, _answer in told] == [trust.QUESTIONS[key] for key in trust.QUESTIONS if given[key]]


@names("odd", [{"promises": ["often"]}, {"promises": None}, {"promises": 3}, {"promises": "yes"}, {"afraid": "often"}])
def test_what_an_import_brought_that_is_no_answer_is_not_told(odd):
    assert list(trust.told(odd)) == []


# The page


CARE = over_time(*["often"] * 7)
TODAY = timezone.localdate


@pytest.fixture
def samira(emma) -> Person:
    return someone(emma)


def someone(user, **fields: Any) -> Person:
    with acting_as(user.pk):
        return Person.objects.create(user=user, **({"name": "Samira"} | fields))


def stored(user) -> Person:
    """The one person, opened."""
    with acting_as(user.pk):
        person = Person.objects.get(user=user)
        assert person.trust_outcome is not None
        assert person.trust_answers is not None
        return person


def checks(client, person: Person, *, follow: bool = True, **given: Any):
    return client.post(f"/en/people/{person.pk}/trust/", {"keep_answers": "on"} | given, follow=follow)


def text(response) -> str:
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.text))


@db
def test_all_twelve_can_be_left_open_and_nothing_is_chosen_beforehand(as_emma, samira):
    page = as_emma.get(f"/en/people/{samira.pk}/trust/")
    assert "Can anyone else read what is on this device? Then don’t fill this in." in text(page)
    chosen = re.findall(r'<input type="radio"[^>]*value="([^"]*)"[^>]*checked', page.text)
    assert chosen == [""] * 12
    assert not re.search(r'<input type="radio"[^>]*required', page.text)


@db
def test_words_come_of_it_with_the_day_and_never_a_figure(as_emma, emma, samira):
    page = text(checks(as_emma, samira, **CARE))
    assert "There are signs that this person is careful with you. You choose." in page
    assert "Your feeling counts too: do you want this?" in page
    person = stored(emma)
    assert (person.trust_outcome, person.trust_checked_on) == ("takes_care", TODAY(timezone=emma.zone))
    assert person.trust_answers == CARE
    assert person.paused_at is None


@db
def test_the_answers_are_not_stored_without_that_box(as_emma, emma, samira):
    checks(as_emma, samira, **CARE)
    page = as_emma.post(f"/en/people/{samira.pk}/trust/", CARE, follow=True)
    assert stored(emma).trust_answers == {}
    assert stored(emma).trust_outcome == "takes_care"
    assert "What you answered" not in text(page)


@db
def test_what_was_answered_and_what_came_of_it_stand_sealed(as_emma, emma, samira):
    checks(as_emma, samira, afraid="yes", **CARE)
    person = stored(emma)
    with acting_as(emma.pk):
        for column in ("trust_outcome", "trust_answers"):
            bytes_there = raw(person, column)
            assert bytes_there
            assert not re.search(rb"stop|afraid|often|promises", bytes_there)


@db
def test_nothing_answered_stores_nothing_and_says_so_kindly(as_emma, emma, samira):
    page = text(checks(as_emma, samira))
    assert "That is fine" in page
    person = stored(emma)
    assert (person.trust_outcome, person.trust_checked_on, person.updated_at) == ("", None, samira.updated_at)


@db
@names("answer", ["always", "2", "yes\x00"])
def test_an_answer_that_is_none_of_the_choices_gets_a_message_and_keeps_the_rest(as_emma, emma, samira, answer):
    page = checks(as_emma, samira, promises=answer, steady="often", listens="rarely")
    assert page.context["form"].errors.keys() == {"promises"}
    assert page.context["form"]["steady"].value() == "often"
    assert stored(emma).trust_checked_on is None


@db
def test_what_comes_of_it_cannot_be_sent_along(as_emma, emma, samira):
    checks(as_emma, samira, trust_outcome="takes_care", trust_answers="{}", trust_checked_on="2020-01-01", afraid="yes")
    assert stored(emma).trust_outcome == "stop"
    assert stored(emma).trust_answers == {"afraid": "yes"}


# Stop, and what ends it


@db
@names("key", trust.STOP)
def test_a_stop_sign_pauses_and_the_note_comes_before_everything_else(as_emma, emma, samira, key):
    page = checks(as_emma, samira, **CARE, **{key: "yes"})
    assert stored(emma).paused_at is not None
    shown = text(page)
    assert "We suggest no step with this person. Opening up may not be safe now." in shown
    assert "This is not your fault." in shown
    assert "Veilig Thuis" in shown
    assert "1712" in shown
    assert shown.index("not your fault") < shown.index("Dimmers with this person")
    assert "There are signs" not in shown
    for address in ("/en/help/", "/en/safe-use/#when-not", f"/en/people/{samira.pk}/trust/"):
        assert f'href="{address}"' in page.text
    assert not re.search("confront|tell this person that|speak to this person about", shown, re.I)


@db
def test_who_is_paused_can_still_be_planned_with_but_no_button_asks_for_it(as_emma, emma):
    person = someone(emma, paused_at=timezone.now())
    page = as_emma.get(f"/en/people/{person.pk}/").text
    (link,) = re.findall(r"<a[^>]*dimmer/new/\?person=[^>]*>", page)
    assert "button" not in link
    assert "Samira paused" in text(as_emma.get("/en/people/"))
    other = someone(emma, name="Kim")
    (link,) = re.findall(r"<a[^>]*dimmer/new/\?person=[^>]*>", as_emma.get(f"/en/people/{other.pk}/").text)
    assert "button" in link


@db
def test_a_redone_check_without_a_stop_sign_ends_the_pause(as_emma, emma, samira):
    checks(as_emma, samira, afraid="yes")
    before = timezone.now()
    page = text(checks(as_emma, samira, **CARE, **NO_STOP))
    person = stored(emma)
    assert person.paused_at is None
    assert person.resumed_at >= before
    assert person.trust_outcome == "takes_care"
    assert "The pause with this person has ended" in page
    assert "not your fault" not in page


@db
@names(
    ("given", "missing"),
    [
        (CARE, 3),
        (CARE | {"afraid": "no"}, 2),
        ({"afraid": "no", "controls": "no"}, 1),
        (CARE | NO_STOP | {"used_against": ""}, 1),
    ],
)
def test_not_knowing_is_not_a_no_so_the_pause_stays_and_the_page_says_what_is_missing(
    as_emma, emma, samira, given, missing
):
    checks(as_emma, samira, afraid="yes")
    since = stored(emma).paused_at
    page = text(checks(as_emma, samira, **given))
    person = stored(emma)
    assert (person.paused_at, person.resumed_at) == (since, None)
    assert person.trust_outcome == trust.outcome(given)  # nobody said that there is a stop sign
    assert f"{missing} question" in page
    assert "not your fault" in page


@db
def test_with_a_stop_sign_again_the_pause_stays_as_it_was(as_emma, emma, samira):
    checks(as_emma, samira, afraid="yes")
    since = stored(emma).paused_at
    page = text(checks(as_emma, samira, **CARE, **NO_STOP | {"controls": "yes"}))
    assert stored(emma).paused_at == since
    assert "still open" not in page


@db
def test_nothing_answered_does_not_end_a_pause(as_emma, emma):
    person = someone(emma, paused_at=timezone.now(), trust_outcome="stop", trust_checked_on=date(2026, 1, 2))
    checks(as_emma, person)
    assert stored(emma).paused_at == person.paused_at
    assert stored(emma).trust_checked_on == date(2026, 1, 2)


@db
def test_a_pause_that_no_check_began_ends_with_a_first_check_too(as_emma, emma):
    person = someone(emma, paused_at=timezone.now())  # this person punished openness once
    assert "Do the trust check" in as_emma.get(f"/en/people/{person.pk}/").text
    checks(as_emma, person, **NO_STOP)
    assert stored(emma).paused_at is None
    assert stored(emma).trust_outcome == "too_little"


@db
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=answers, second=answers)
def test_a_pause_begins_with_a_yes_under_stop_and_ends_only_with_three_times_no(emma, as_emma, first, second):
    with acting_as(emma.pk):
        emma.people.all().delete()
    person = someone(emma)
    checks(as_emma, person, follow=False, **first)
    paused = stored(emma).paused_at is not None
    assert paused == any(first[key] == "yes" for key in trust.STOP)
    checks(as_emma, person, follow=False, **second)
    stops = {second[key] for key in trust.STOP}
    now = stored(emma)
    assert (now.paused_at is not None) == ("yes" in stops or (paused and stops != {"no"}))
    if now.trust_outcome == "stop":
        assert now.paused_at


@pytest.mark.django_db(transaction=True)
@names("path", ["", "trust/"])
def test_a_pause_that_begins_at_the_same_moment_as_another_change_is_never_written_over(emma, samira, path):
    def changes() -> int:
        try:
            return (
                signed_in(emma)
                .post(f"/en/people/{samira.pk}/{path}", {"name": "Robin", "listens": "often"})
                .status_code
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with acting_as(emma.pk):
            Person.objects.get(pk=samira.pk).pause(timezone.now())
            answer = pool.submit(changes)
            waits_for_the_row()
        assert answer.result(10) == 302
    assert stored(emma).paused_at is not None


def waits_for_the_row() -> None:
    """Until someone waits for what this transaction holds; 10 seconds at most."""
    for _try in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        sleep(0.05)
    raise AssertionError("nobody waits")


# Sent twice, on two pages, in two hands


@db
def test_a_double_click_says_the_same_and_is_not_told_anything(as_emma, emma, samira):
    page = as_emma.get(f"/en/people/{samira.pk}/trust/")
    sent = CARE | {"afraid": "yes", "seen": seen_on(page), "id": str(samira.pk)}
    for _click in range(2):
        assert checks(as_emma, samira, follow=False, **sent).status_code == 302
    assert stored(emma).trust_outcome == "stop"


@db
def test_a_second_page_is_told_and_shown_what_the_first_one_stored(as_emma, emma, samira):
    seen = seen_on(as_emma.get(f"/en/people/{samira.pk}/trust/"))
    checks(as_emma, samira, afraid="yes", seen=seen)
    page = checks(as_emma, samira, **CARE, **NO_STOP, seen=seen)
    shown = text(page)
    assert "changed in the meantime" in shown
    assert "There is a stop sign." in shown
    assert f"{trust.STOP['afraid']} yes" in shown
    assert stored(emma).paused_at is not None
    checks(as_emma, samira, **CARE, **NO_STOP, seen=seen_on(page))
    assert stored(emma).paused_at is None


@db
def test_what_another_person_typed_in_this_browser_is_not_stored_here(as_emma, emma, malik, samira):
    page = checks(as_emma, samira, afraid="yes", whose=mark_of(malik))
    assert "Someone else is signed in now" in text(page)
    assert stored(emma).trust_outcome == ""


@db
def test_a_check_that_is_half_done_is_there_again_and_gone_when_saved(as_emma, emma, samira):
    address = f"/people/{samira.pk}/trust/"
    with acting_as(emma.pk):
        Draft.objects.create(user=emma, form=address, row=samira.pk, body={"afraid": ["yes"], "listens": ["often"]})
    page = as_emma.get(f"/en{address}")
    assert "It is not saved yet." in page.text
    assert page.context["form"]["afraid"].value() == "yes"
    assert stored(emma).paused_at is None
    checks(as_emma, samira, listens="often")
    with acting_as(emma.pk):
        assert not emma.drafts.exists()


@db
def test_a_check_that_was_half_done_and_then_left_empty_does_not_come_back(as_emma, emma, samira):
    with acting_as(emma.pk):
        Draft.objects.create(user=emma, form=f"/people/{samira.pk}/trust/", row=samira.pk, body={"afraid": ["yes"]})
    checks(as_emma, samira, id=str(samira.pk))
    assert "It is not saved yet." not in as_emma.get(f"/en/people/{samira.pk}/trust/").text


# What stays, what goes


@db
def test_the_answers_alone_can_be_removed_and_what_came_of_them_stays(as_emma, emma, samira):
    page = text(checks(as_emma, samira, afraid="yes", promises="rarely"))
    assert "What you answered" in page
    person = stored(emma)
    for _click in range(2):
        page = text(as_emma.post(f"/en/people/{samira.pk}/trust/remove/", follow=True))
        assert "still there" in page
        assert "What you answered" not in page
    now = stored(emma)
    assert now.trust_answers == {}
    assert (now.trust_outcome, now.trust_checked_on, now.paused_at) == (
        "stop",
        person.trust_checked_on,
        person.paused_at,
    )
    with acting_as(emma.pk):
        assert raw(now, "trust_answers") is None


@db
def test_a_link_removes_no_answers(as_emma, emma, samira):
    checks(as_emma, samira, promises="rarely")
    assert as_emma.get(f"/en/people/{samira.pk}/trust/remove/").status_code == 405
    assert stored(emma).trust_answers == {"promises": "rarely"}


@db
def test_it_all_goes_with_the_person_and_comes_back_with_the_person(as_emma, emma, samira):
    checks(as_emma, samira, afraid="yes")
    as_emma.post(f"/en/people/{samira.pk}/delete/")
    for path in ("", "trust/"):
        assert as_emma.get(f"/en/people/{samira.pk}/{path}").status_code == 404
    as_emma.post(f"/en/people/{samira.pk}/undo/")
    assert stored(emma).trust_outcome == "stop"
    assert stored(emma).paused_at is not None


@db
@names("path", ["trust/", "trust/remove/"])
def test_someone_elses_trust_check_is_not_there(as_malik, emma, path):
    with acting_as(emma.pk):
        person = one_of_each(emma)[Person]
    assert as_malik.post(f"/en/people/{person.pk}/{path}", {"afraid": "yes"}).status_code == 404
    assert as_malik.post(f"/en/people/{uuid7()}/{path}", {"afraid": "yes"}).status_code == 404
    with acting_as(emma.pk):
        assert Person.objects.get(pk=person.pk).paused_at is None


# Again after eight weeks


@db
@names(("days", "asked"), [(0, False), (55, False), (56, True), (400, True)])
def test_after_eight_weeks_a_quiet_line_says_that_one_may_look_again(as_emma, emma, days, asked):
    day = TODAY(timezone=emma.zone) - timedelta(days)
    person = someone(emma, trust_outcome="takes_care", trust_checked_on=day)
    assert ("You can look again" in as_emma.get(f"/en/people/{person.pk}/").text) == asked
    assert person.trust_is_due(day + timedelta(weeks=8))


@db
def test_who_was_never_checked_is_not_due_and_is_offered_a_first_check_quietly(as_emma, samira):
    assert not samira.trust_is_due(date(2030, 1, 1))
    page = text(as_emma.get(f"/en/people/{samira.pk}/"))
    assert "Do the trust check" in page
    assert "You don’t have to." in page


@db
@names("language", ["nl", "en"])
@names("key", [*trust.OUTCOMES, "something else", ""])
def test_the_persons_page_stands_whatever_outcome_is_stored(as_emma, emma, key, language):
    person = someone(emma, trust_outcome=key, trust_checked_on=date(2026, 3, 1), trust_answers={"promises": ["x"]})
    assert as_emma.get(f"/{language}/people/{person.pk}/").status_code == 200
