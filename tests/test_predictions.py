"""Predictions beside what happened: each one in one's own words, and the sums, in counts as long as they are few."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from exercises.progress import charts, summary
from exercises.records.rowsecurity import acting_as

PAGE = "/en/progress/predictions/"
FIRST = date(2026, 1, 1)
PEOPLE = {1: "Samira", 2: "Noor", 3: "Noor"}  # by dimmer


@st.composite
def guesses(draw):
    """A prediction of which the chance was guessed, as a plain object."""
    return SimpleNamespace(
        dimmer_id=draw(st.sampled_from([*PEOPLE])),
        chance=draw(st.integers(0, 100)),
        came_true=draw(st.sampled_from(["no", "part", "yes"])),
    )


histories = st.lists(guesses(), max_size=60)


# The sums


@given(histories)
def test_every_prediction_is_in_one_band_and_all_bands_together_are_everything(history):
    bands = summary.bands(history)
    whole = summary.outcomes(history)
    for figure in ("n", "k", "partly", "not_at_all"):
        assert sum(getattr(band.outcomes, figure) for band in bands) == getattr(whole, figure)
    assert sum(band.outcomes.expected for band in bands) == pytest.approx(whole.expected)
    assert [(band.low, band.high) for band in bands] == sorted({(band.low, band.high) for band in bands})
    for band in bands:
        assert (band.low, band.high) in summary.BANDS
        assert 0 <= band.outcomes.k + band.outcomes.partly <= band.outcomes.n
        assert band.low - 5 <= band.said <= band.high + 4
        assert (band.per_cent is None) is (band.outcomes.n < 10)


@pytest.mark.parametrize(("low", "high"), summary.BANDS)
def test_a_chance_that_the_form_offers_is_in_the_band_that_names_it(low, high):
    for chance in range(low, high + 1, 10):
        (band,) = summary.bands([SimpleNamespace(chance=chance, came_true="no")])
        assert (band.low, band.high, band.said) == (low, high, chance)


@given(histories, st.randoms())
def test_no_sum_depends_on_the_order(history, chance):
    mixed = chance.sample(history, len(history))
    assert summary.bands(mixed) == summary.bands(history)
    assert summary.worse_than_expected(mixed, PEOPLE) == summary.worse_than_expected(history, PEOPLE)


@given(histories)
def test_with_whom_it_was_worse_is_everyone_with_whom_it_happened_more_often_than_expected_and_more_than_once(history):
    worse = dict(summary.worse_than_expected(history, PEOPLE))
    for person in ("Samira", "Noor"):
        made = [each for each in history if PEOPLE[each.dimmer_id] == person]
        points = Counter(each.came_true for each in made)
        happened = points["yes"]
        assert (person in worse) is (happened >= 2 and 100 * happened > sum(each.chance for each in made))
        assert person not in worse or worse[person] == summary.outcomes(made)


@given(histories)
def test_each_strip_is_as_full_as_its_band_came_true(history):
    bands = summary.bands(history)
    strips = charts.strips(bands)
    assert [strip.band for strip in strips] == bands
    whole = charts.RIGHT - charts.TOP
    for strip in strips:
        made = strip.band.outcomes
        assert strip.k == round(whole * made.k / made.n)
        assert strip.k + strip.partly == round(whole * (made.k + made.partly) / made.n) <= whole
        assert charts.TOP <= strip.said <= charts.RIGHT
        assert len(strip.cuts) == (made.n - 1 if made.n <= charts.COUNTABLE else 0)
    assert [strip.top for strip in strips] == sorted({strip.top for strip in strips})


# The page


@pytest.fixture
def predicted() -> Callable:
    """Keeps a dimmer with predictions for someone, a day apart, and returns the dimmer."""

    def make(user, name="Samira", count=3, **fields):
        with acting_as(user.pk):
            dimmer = user.dimmers.create(person=user.people.create(name=name), topic="work")
            for n in range(count):
                made = {"level": 20, "chance": 50, "done": "full", "came_true": "no", "expectation": f"silence {n}"}
                made |= {"happened": f"listened {n}", "learned": f"it can {n}", "done_on": FIRST + timedelta(days=n)}
                user.attempts.create(dimmer=dimmer, **made | fields)
        return dimmer

    return make


def text(response) -> str:
    """What someone reads in `<main>`, its spaces made single."""
    assert response.status_code == 200
    main = re.search(r"<main.*</main>", response.text, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main[0] if main else response.text)).split())


def test_someone_with_no_prediction_yet_is_invited(as_emma):
    page = text(as_emma.get(PAGE))
    assert "Your predictions will appear here" in page
    assert not re.search(r"\b0\b", page)


def test_a_prediction_stands_there_whole_in_ones_own_words(as_emma, emma, predicted):
    predicted(emma, count=1, chance=70, came_true="part")
    page = as_emma.get(PAGE)
    (item,) = re.findall(r"<article.*?</article>", page.text, re.DOTALL)
    shown = " ".join(re.sub(r"<[^>]*>", " ", item).split())
    for said in (
        "silence 0",
        "chance 70%",
        "It came true in part",
        "listened 0",
        "it can 0",
        "1 January 2026",
        "Samira",
    ):
        assert said in shown
    with acting_as(emma.pk):
        (step,) = emma.attempts.all()
    assert f'href="/en/attempts/{step.pk}/"' in item
    for private in ("silence 0", "listened 0", "it can 0", "Samira"):
        assert f'<span class="own">{private}</span>' in item  # so that it can be blurred


def test_what_is_no_tested_prediction_is_not_among_them(as_emma, emma, predicted):
    dimmer = predicted(emma, count=1)
    with acting_as(emma.pk):
        other = {"dimmer": dimmer, "done": "full", "came_true": "no", "done_on": FIRST, "expectation": "no such thing"}
        emma.attempts.create(**other | {"done": "no"})
        emma.attempts.create(**other | {"done": ""})
        emma.attempts.create(**other | {"came_true": ""})
        emma.attempts.create(**other | {"expectation": ""})
        emma.attempts.create(**other | {"dimmer": None, "level": 0})
        emma.attempts.create(**other).discard()
        gone = emma.dimmers.create(person=emma.people.create(name="Gone"), topic="x")
        emma.attempts.create(**other | {"dimmer": gone})
        gone.person.discard()
    response = as_emma.get(PAGE)
    assert [step.expectation for step in response.context["predictions"]] == ["silence 0"]
    assert response.context["feared"].n == 1


def test_the_list_holds_just_what_the_sums_count(as_emma, emma, predicted):
    predicted(emma, count=4)
    predicted(emma, name="Noor", count=2, chance=None)
    predicted(emma, name="Yusuf", count=2, expectation="", came_true="part")
    predicted(emma, name="Lou", count=2, expectation="", chance=None)
    response = as_emma.get(PAGE)
    assert response.context["feared"].n == len(response.context["predictions"]) == 8
    assert response.context["guessed"].n == 6


def test_all_predictions_can_be_reached_a_page_at_a_time_the_newest_first(as_emma, emma, predicted):
    predicted(emma, count=23)
    predicted(emma, name="Noor", count=23)  # on the same days
    with acting_as(emma.pk):
        noon = datetime(2025, 12, 24, 23, 30, tzinfo=UTC)  # the 25th in Amsterdam
        emma.attempts.filter(expectation__isnull=False, done_on=FIRST).update(done_on=None, created_at=noon)
    seen, address = [], PAGE
    while address:
        response = as_emma.get(address)
        seen += [(step.day, step.pk) for step in response.context["predictions"]]
        older = response.context["older"]
        address = f"{PAGE}?before={older}" if older else ""
    assert len(seen) == 46
    assert seen == sorted(set(seen), reverse=True)
    assert [day for day, _ in seen[-2:]] == [date(2025, 12, 25)] * 2  # without a day: the one on which it was planned


def test_older_ones_come_as_a_piece_of_the_page_that_has_no_sums(as_emma, emma, predicted):
    predicted(emma, count=25)
    older = as_emma.get(PAGE).context["older"]
    piece = as_emma.get(f"{PAGE}?before={older}", headers={"HX-Request": "true"})
    assert piece.text.count("<article") == 5
    assert "<h1" not in piece.text
    assert "feared" not in piece.context


@pytest.mark.parametrize("place", ["", "x", "2026-01-01~x", "~", "9999-99-99~", "2026-01-01"])
def test_a_place_that_is_nowhere_shows_the_first_page(as_emma, emma, predicted, place):
    predicted(emma, count=2)
    assert len(as_emma.get(PAGE, {"before": place}).context["predictions"]) == 2


def test_below_ten_there_are_counts_and_no_percentages(as_emma, emma, predicted):
    predicted(emma, count=9, expectation="silence", chance=60)
    page = as_emma.get(PAGE)
    sums = text(page).split("Each prediction beside")[0]
    assert "You expected it 5.4 times in all. It happened 0 of the 9 times." in sums
    assert "%" not in sums
    assert "<figure" not in page.text


def test_from_ten_on_each_band_shows_what_was_said_beside_what_happened(as_emma, emma, predicted):
    predicted(emma, count=10, chance=70)
    predicted(emma, name="Noor", count=2, chance=20, came_true="yes")
    predicted(emma, name="Noor", count=1, chance=10, came_true="part")
    (figure,) = re.findall(r"<figure.*?</figure>", as_emma.get(PAGE).text, re.DOTALL)
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", figure)]
    assert rows[1:] == [["0–20%", "17%", "2 of 3 times", "1"], ["60–80%", "70%", "0 of 10 times (0%)", "0"]]
    drawing = figure.split("legend")[0]
    assert re.search(r'<svg role="img"[^>]* aria-label="[^"]{20,}"', drawing)
    assert [int(width) for width in re.findall(r'class="bar" [^>]*width="(\d+)"', drawing)] == [196]  # 2/3 of 294
    assert [int(width) for width in re.findall(r'class="bar-part" [^>]*width="(\d+)"', drawing)] == [98]
    assert re.findall(r'cx="(\d+)"', drawing) == ["62", "218"]  # 17 and 70 per cent of 294, from 12 on


def test_where_it_was_worse_than_expected_the_page_says_so_and_leads_to_the_trust_check(as_emma, emma, predicted):
    worse = predicted(emma, count=3, chance=20, came_true="yes")
    predicted(emma, name="Noor", count=2, chance=90)
    note = re.search(r'<div class="note.*?</div>', as_emma.get(PAGE).text, re.DOTALL)[0]
    assert "That is more often than you expected." in note
    assert "3 of the 3 times" in note
    assert re.findall(r'href="/en/people/([^/]*)/trust/"', note) == [str(worse.person_id)]
    assert 'href="/en/safe-use/"' in note


def test_one_person_is_named_also_where_others_make_up_for_it(as_emma, emma, predicted):
    worse = predicted(emma, count=2, chance=20, came_true="yes")
    predicted(emma, name="Noor", count=8, chance=90)
    page = as_emma.get(PAGE)
    assert "That is more often than you expected." not in page.text
    assert re.findall(r"/people/([^/]*)/trust/", page.text) == [str(worse.person_id)]
    assert "Samira" in re.search(r'<div class="note.*?</div>', page.text, re.DOTALL)[0]


def test_where_all_went_better_nobody_is_named_in_the_sums(as_emma, emma, predicted):
    predicted(emma, count=8, chance=90, came_true="part")
    assert 'class="note' not in as_emma.get(PAGE).text


def test_a_habit_that_was_left_out_shows_what_came_of_it(as_emma, emma, predicted):
    predicted(emma, count=3, leave_out="joke", bore_it="hard")
    predicted(emma, name="Noor", count=1, leave_out="joke", habits=["joke"], bore_it="no", came_true="yes")
    predicted(emma, name="Lou", count=1, leave_out="joke", bore_it="no", came_true="yes")
    predicted(emma, name="Mo", count=2, habits=["look_away"])
    page = text(as_emma.get(PAGE))
    assert "These habits once helped you. You do not have to get rid of them." in page
    habits = page[page.index("These habits") : page.index("Each prediction")]
    assert (
        "a joke afterwards You used it once. You left it out 4 times. Without it, what you feared happened: 1 of 4."
        " You could bear it: 3 of 4." in habits
    )
    assert "looking away or picking up the phone You used it 2 times." in habits


def test_figures_that_are_off_are_off_here_too(as_emma, emma, predicted):
    predicted(emma)
    with acting_as(emma.pk):
        emma.settings.create(progress_on=False)
    assert "Your figures are off" in text(as_emma.get(PAGE))
    assert "silence" not in as_emma.get(PAGE).text


def test_another_persons_predictions_are_not_here(as_emma, emma, malik, predicted):
    predicted(malik, name="Lou", count=25)
    assert "Your predictions will appear here" in text(as_emma.get(PAGE))
    with acting_as(malik.pk):
        theirs = malik.attempts.tested()[19]
        place = f"{theirs.day}~{theirs.pk}"
    assert "Lou" not in as_emma.get(PAGE, {"before": place}).text


def test_a_long_history_asks_the_database_as_little_as_a_short_one(as_emma, emma, predicted):
    predicted(emma, reaction="ok")
    with CaptureQueriesContext(connection) as few:
        as_emma.get(PAGE)
    for n in range(6):
        predicted(emma, name=f"person {n}", count=10, chance=10, came_true="yes", leave_out="joke")
    with CaptureQueriesContext(connection) as many:
        as_emma.get(PAGE)
    assert len(many) == len(few)
    tables = [query["sql"] for query in many if 'FROM "exercises_' in query["sql"]]
    assert len(tables) == 5, tables  # wishes, a page of predictions, figures, dimmers, and the key to the words


def test_the_words_are_not_fetched_for_the_sums(as_emma, emma, predicted):
    predicted(emma)
    with CaptureQueriesContext(connection) as queries:
        as_emma.get("/en/progress/")
    (steps,) = [query["sql"] for query in queries if 'FROM "exercises_attempt"' in query["sql"]]
    assert "happened" not in steps
    assert "learned" not in steps
    assert "expectation" in steps  # whether there is one
    assert '"exercises_attempt"."expectation",' not in steps


def test_a_visitor_is_sent_to_the_start(client, db):
    assert client.get(PAGE).status_code == 302
