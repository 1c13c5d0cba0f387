"""Looking back: counted rightly, drawn as the table says, never a word about what is missing."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from exercises.course.pages import course
from exercises.progress import charts, summary
from exercises.records.rowsecurity import acting_as

TODAY = date(2026, 3, 18)  # a Wednesday
UNWANTED = re.compile(r"streak|goal|target|missed|best week|\d ?%|well done|reeks|doel|gemist|beste week", re.I)

figures = st.none() | st.integers(0, 10)
days = st.dates(date(2024, 1, 1), date(2026, 12, 31))


@st.composite
def attempts(draw, **fixed):
    """An attempt as a plain object, with anything that the database would accept."""
    fields = {
        "dimmer_id": draw(st.sampled_from([None, 1, 2, 3])),
        "level": draw(st.sampled_from(range(0, 101, 10))),
        "expectation": draw(st.sampled_from(["", "no answer"])),
        "chance": draw(st.none() | st.integers(0, 100)),
        "fear_expected": draw(figures),
        "fear_peak": draw(figures),
        "fear_after": draw(figures),
        "done": draw(st.sampled_from(["", "full", "part", "no"])),
        "came_true": draw(st.sampled_from(["", "no", "part", "yes"])),
        "done_on": draw(days),
    }
    return SimpleNamespace(**fields | {"dimmer": f"dimmer {fields['dimmer_id']}"} | fixed)


histories = st.lists(attempts(), max_size=30)


@given(histories, attempts(), *[st.integers(0, 50)] * 3)
def test_totals_never_fall_when_something_is_added(history, one_more, feelings, entries, evidence):
    before = summary.totals(feelings=feelings, attempts=history, entries=entries, evidence=evidence)
    for extra in (
        summary.totals(feelings=feelings, attempts=[*history, one_more], entries=entries, evidence=evidence),
        summary.totals(feelings=feelings + 1, attempts=history, entries=entries + 1, evidence=evidence + 1),
    ):
        assert all(now >= then for now, then in zip(extra, before, strict=True))


@given(histories)
def test_nothing_comes_true_more_often_than_it_was_feared(history):
    for made in (summary.outcomes(summary.tested(history)), summary.outcomes(summary.guessed(history))):
        assert made.k + made.partly + made.not_at_all == made.n
        assert min(made.k, made.partly, made.not_at_all) >= 0
        assert 0 <= made.expected <= made.n
    assert len(summary.guessed(history)) <= len(summary.tested(history)) <= len(summary.done(history))


def test_only_an_attempt_with_something_expected_and_an_answer_is_a_tested_prediction():
    def attempt(**fields):
        usual = {
            "dimmer": "Noor",
            "done": "full",
            "came_true": "no",
            "chance": None,
            "expectation": "",
            "done_on": TODAY,
        }
        return SimpleNamespace(**usual | fields)

    tested = summary.tested
    assert tested([attempt(expectation="silence")])
    assert tested([attempt(chance=0)])
    assert not tested([attempt()])
    assert not tested([attempt(chance=40, came_true="")])
    assert not tested([attempt(chance=40, done="no")])
    assert not tested([attempt(chance=40, dimmer=None)])
    assert not summary.guessed([attempt(expectation="silence")])


@pytest.mark.parametrize(
    ("outcome", "more"),
    [
        (summary.Outcomes(4, 1, 0, 2.0), False),
        (summary.Outcomes(4, 2, 0, 2.0), False),
        (summary.Outcomes(4, 3, 0, 2.0), True),
        (summary.Outcomes(4, 1, 3, 2.0), True),
        (summary.Outcomes(0, 0, 0, 0.0), False),
    ],
)
def test_more_often_than_expected_is_said_only_when_it_is_so(outcome, more):
    assert outcome.above_expected is more


def test_an_empty_history_adds_up_to_nothing():
    assert summary.totals(feelings=0, attempts=[], entries=0, evidence=0) == (0, 0, 0, 0, 0)
    assert summary.outcomes([]) == (0, 0, 0, 0)
    assert summary.tension([]) == summary.brightness([]) == []
    assert charts.tension([]).columns == charts.brightness([]).columns == ()
    assert not any(cell.written for week in summary.calendar({}, TODAY) for cell in week)


@given(days, st.dictionaries(days, figures))
def test_the_calendar_is_84_days_in_whole_weeks_up_to_this_one(today, feelings):
    weeks = summary.calendar(feelings, today)
    cells = [cell for week in weeks for cell in week]
    assert [len(week) for week in weeks] == [7] * 12
    assert [cell.day for cell in cells] == [cells[0].day + timedelta(days=n) for n in range(84)]
    assert cells[0].day.weekday() == 0
    assert today in [cell.day for cell in weeks[-1]]
    assert {cell.day for cell in cells if cell.written} == {
        day for day in feelings if cells[0].day <= day <= cells[-1].day
    }
    assert all(cell.level == 10 * (feelings[cell.day] or 0) for cell in cells if cell.written)
    assert all(cell.ahead == (cell.day > today) for cell in cells)


@given(st.sets(days), days)
def test_days_written_counts_each_of_the_last_7_days_once(written, today):
    assert summary.days_written([*written, *written], today) == len(
        written & {today - timedelta(days=n) for n in range(7)}
    )


@given(histories)
def test_each_dimmer_has_all_its_steps_in_order_and_the_last_used_stands_first(history):
    lines = summary.brightness(history)
    counted = [each for each in history if each.dimmer_id and each.done in ("full", "part")]
    assert sorted(step.level for _, steps in lines for step in steps) == sorted(each.level for each in counted)
    assert len({dimmer for dimmer, _ in lines}) == len(lines)
    for _, steps in lines:
        assert [step.day for step in steps] == sorted(step.day for step in steps)
    last_used = [steps[-1].day for _, steps in lines]
    assert last_used == sorted(last_used, reverse=True)


@given(st.lists(attempts(done="full"), min_size=1, max_size=60))
def test_every_dot_stands_on_the_paper_at_the_height_of_its_figure(history):
    steps = summary.tension(history)
    drawn = charts.tension(steps)
    assert len(drawn.columns) == min(len(steps), charts.LAST)
    assert drawn.earlier == len(steps) - len(drawn.columns)
    assert sum(column.labelled for column in drawn.columns) <= charts.LABELS
    for column in drawn.columns:
        assert {dot.kind: dot.value for dot in column.dots} == {
            kind: figure for kind in ("expected", "peak", "after") if (figure := getattr(column.step, kind)) is not None
        }
        assert (column.top, column.bottom) == (min(d.y for d in column.dots), max(d.y for d in column.dots))
        for dot in column.dots:
            assert charts.LEFT <= dot.x <= charts.RIGHT
            assert dot.y == drawn.base - 13 * dot.value
    for step, column in zip(steps[-charts.LAST :], charts.brightness(steps).columns, strict=True):
        assert [dot.value for dot in column.dots] == [step.level]


def test_a_dot_for_nothing_noted_is_not_drawn_at_zero():
    steps = [summary.Step(TODAY, 20, None, 0, None)]
    (column,) = charts.tension(steps).columns
    assert [(dot.kind, dot.value) for dot in column.dots] == [("peak", 0)]


@pytest.fixture
def practised() -> Callable:
    """Keeps a dimmer with some done attempts for someone, and returns the dimmer."""

    def make(user, name="Samira", count=3, **fields):
        with acting_as(user.pk):
            dimmer = user.dimmers.create(person=user.people.create(name=name), topic="work")
            for n in range(count):
                made = {"level": 10 * (n % 7), "chance": 50, "fear_expected": n % 11, "fear_peak": 7, "fear_after": 2}
                made |= {"done": "full", "came_true": "no", "expectation": "silence"}
                user.attempts.create(dimmer=dimmer, done_on=date(2026, 1, 1) + timedelta(days=n), **made | fields)
        return dimmer

    return make


def text(response) -> str:
    """What someone reads in `<main>`, its spaces made single."""
    assert response.status_code == 200
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def test_someone_with_nothing_yet_is_invited(as_emma):
    page = text(as_emma.get("/en/progress/"))
    assert "Nothing has to be here yet" in page
    assert not re.search(r"\b0\b", page)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_nothing_is_said_of_streaks_targets_or_what_is_missing(as_emma, emma, practised, language):
    practised(emma, chance=90)
    with acting_as(emma.pk):
        emma.feelings.create(day=timezone.localdate() - timedelta(days=3), words=["calm"], intensity=4)
    assert not UNWANTED.search(text(as_emma.get(f"/{language}/progress/")))


def test_totals_count_what_was_made(as_emma, emma, practised):
    practised(emma, count=4)
    with acting_as(emma.pk):
        emma.feelings.create(day=date(2026, 1, 2), words=["calm"])
        emma.entries.create(body="about the day")
        emma.evidence.create(happened_on=date(2026, 1, 2), shared="tired")
        emma.attempts.create(level=0, done="no", came_true="yes", chance=100)
        emma.attempts.create(level=0, done="full", came_true="yes", chance=100)  # observed: a step, nothing shared
        emma.attempts.create(level=0)
    assert as_emma.get("/en/progress/").context["totals"] == (5, 5, 1, 4, 1)


def test_what_is_not_there_yet_is_not_counted_out_as_a_zero(as_emma, emma):
    with acting_as(emma.pk):
        emma.entries.create(body="a page")
    response = as_emma.get("/en/progress/")
    assert "1 page in your journal" in text(response)
    assert not re.search(r"\b0\b", text(response))
    assert "<dl" not in response.content.decode()


def test_feared_and_came_true_stand_beside_what_was_expected(as_emma, emma, practised):
    practised(emma, count=4, chance=60)
    practised(emma, name="Noor", count=1, chance=None, came_true="yes")
    page = text(as_emma.get("/en/progress/"))
    assert "You feared something 5 times. It came true once." in page
    assert "For 4 of them you guessed the chance." in page
    assert "you expected it 2.4 times in all. It happened 0 out of 4 times." in page
    assert "more often than you expected" not in page


def test_when_it_came_true_more_often_the_page_says_so_and_takes_caution_seriously(as_emma, emma, practised):
    practised(emma, count=3, chance=10, came_true="yes")
    response = as_emma.get("/en/progress/")
    assert "That is more often than you expected." in text(response)
    assert "your caution may be right" in text(response)
    assert 'href="/en/safe-use/"' in re.search(r'<p class="note">.*?</p>', response.content.decode(), re.DOTALL)[0]


def test_two_guesses_are_too_few_to_set_beside_what_was_expected(as_emma, emma, practised):
    practised(emma, count=2)
    page = text(as_emma.get("/en/progress/"))
    assert "You feared something 2 times." in page
    assert "in all" not in page


def test_the_table_has_the_figures_that_are_drawn(as_emma, emma, practised):
    practised(emma, count=25)
    page = as_emma.get("/en/progress/").content.decode()
    tension, brightness = re.findall(r"<figure.*?</figure>", page, re.DOTALL)

    def drawn(figure, kind, base, unit):
        return [
            (base - int(y)) // unit for y in re.findall(rf'class="{kind}"[^>]* cy="(\d+)"', figure.split("legend")[0])
        ]

    rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>.*?</tr>", tension, re.DOTALL)[1:]]
    columns = [drawn(tension, f"dot-{kind}", 142, 13) for kind in ("expected", "peak", "after")]
    assert [[int(each) for each in row] for row in rows] == [list(row) for row in zip(*columns, strict=True)]
    assert len(rows) == charts.LAST
    levels = [int(level) for level in re.findall(r"<td>(.*?)</td>", brightness)]
    assert levels == [int(level) for level in re.findall(r'data-level="(\d+)"', brightness)]
    assert levels == [10 * level for level in drawn(brightness, "cell range", 82, 7)]


def test_every_drawing_has_a_name_and_a_table(as_emma, emma, practised):
    practised(emma)
    page = as_emma.get("/en/progress/").content.decode()
    figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(figures) == 2
    for figure in figures:
        assert re.search(r'<svg role="img"[^>]* aria-label="[^"]{20,}"', figure)
        assert "<table>" in figure


def test_the_calendar_leads_to_the_days_that_were_written(as_emma, emma):
    today = timezone.localdate(timezone=emma.zone)
    with acting_as(emma.pk):
        emma.feelings.create(day=today, words=["calm"], intensity=6)
        emma.feelings.create(day=today - timedelta(days=8), words=["sad"])
        emma.feelings.create(day=today - timedelta(days=400), words=["sad"], intensity=2)
    response = as_emma.get("/en/progress/")
    table = re.search(r'<table class="calendar">.*?</table>', response.content.decode(), re.DOTALL)[0]
    assert set(re.findall(r'href="([^"]*)"', table)) == {
        f"/en/feeling/{today}/",
        f"/en/feeling/{today - timedelta(days=8)}/",
    }
    assert "6 out of 10" in table
    assert "Something written down on 1 of the last 7 days." in text(response)
    assert response.context["totals"].moments == 3


def test_deleted_rows_are_not_counted(as_emma, emma, practised):
    dimmer = practised(emma)
    with acting_as(emma.pk):
        emma.feelings.create(day=TODAY, words=["calm"]).discard()
        emma.entries.create(body="gone").discard()
        emma.evidence.create(happened_on=TODAY, shared="gone").discard()
        emma.reads.create(module=course("en").modules[0].slug, finished_at=timezone.now()).discard()
        dimmer.person.discard()
    response = as_emma.get("/en/progress/")
    assert response.context["totals"] == (0, 0, 0, 0, 0)
    assert "Nothing has to be here yet" in text(response)
    assert "Samira" not in text(response)


def test_a_deleted_person_is_not_named(as_emma, emma, practised):
    dimmer = practised(emma)
    with acting_as(emma.pk):
        dimmer.person.deleted_at = timezone.now()
        dimmer.person.save()
    assert "Samira" not in text(as_emma.get("/en/progress/"))


def test_another_person_changes_nothing_here(as_emma, emma, malik, practised):
    practised(malik, name="Noor", count=5)
    with acting_as(malik.pk):
        malik.feelings.create(day=TODAY, words=["calm"])
    assert "Nothing has to be here yet" in text(as_emma.get("/en/progress/"))
    practised(emma)
    page = text(as_emma.get("/en/progress/"))
    assert "Samira" in page
    assert "Noor" not in page


def test_what_was_read_is_named(as_emma, emma):
    first, second, *_ = course("en").modules
    with acting_as(emma.pk):
        emma.reads.create(module=first.slug, finished_at=timezone.now())
        emma.reads.create(module=second.slug)
        emma.reads.create(module="a-module-of-before", finished_at=timezone.now())
    page = text(as_emma.get("/en/progress/"))
    assert f"1 of the {len(course('en').modules)} parts." in page
    assert first.title in page
    assert second.title not in page


def test_a_long_history_asks_the_database_as_little_as_a_short_one(as_emma, emma, practised):
    practised(emma)
    with acting_as(emma.pk):
        emma.feelings.create(day=TODAY, words=["calm"], intensity=3)
    with CaptureQueriesContext(connection) as few:
        as_emma.get("/en/progress/")
    for n in range(5):
        practised(emma, name=f"person {n}", count=10)
    with acting_as(emma.pk):
        for n in range(1, 60):
            emma.feelings.create(day=TODAY - timedelta(days=n), words=["calm"], intensity=3)
    with CaptureQueriesContext(connection) as many:
        as_emma.get("/en/progress/")
    tables = [query["sql"] for query in many if 'FROM "exercises_' in query["sql"]]
    assert len(many) == len(few)
    assert len(tables) == 7, tables  # wishes, attempts, feelings, reads, entries, evidence, and the key to the words


def test_a_visitor_is_sent_to_the_start(client, db):
    assert client.get("/en/progress/").status_code == 302
