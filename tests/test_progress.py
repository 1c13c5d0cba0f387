"""Looking back: counted rightly, drawn as the table says, never a word about what is missing."""

import re
from collections import Counter
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
from exercises.dimmer.habits import HABITS, SIGNS
from exercises.dimmer.models import Reaction
from exercises.feeling.vocabulary import WORDS
from exercises.progress import charts, summary
from exercises.records.rowsecurity import acting_as

TODAY = date(2026, 3, 18)  # a Wednesday
UNWANTED = re.compile(r"streak|goal|target|missed|best week|\d ?%|well done|reeks|doel|gemist|beste week", re.I)

figures = st.none() | st.integers(0, 10)
days = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def keys(known):
    """One of the keys that are known, or one of before, brought back from elsewhere."""
    return st.sampled_from([*known, "a-key-of-before"])


@st.composite
def attempts(draw, **fixed):
    """An attempt as a plain object, with anything that the database would accept."""
    fields = {
        "dimmer_id": draw(st.sampled_from([None, 1, 2, 3])),
        "level": draw(st.sampled_from(range(0, 101, 10))),
        "expects": draw(st.booleans()),
        "chance": draw(st.none() | st.integers(0, 100)),
        "fear_expected": draw(figures),
        "fear_peak": draw(figures),
        "fear_after": draw(figures),
        "done": draw(st.sampled_from(["", "full", "part", "no"])),
        "came_true": draw(st.sampled_from(["", "no", "part", "yes"])),
        "day": draw(days),
        "bore_it": draw(st.sampled_from(["", "yes", "hard", "no"])),
        "habits": draw(st.lists(keys(HABITS), max_size=4)),
        "signs": draw(st.lists(keys(SIGNS), max_size=4)),
        "leave_out": draw(st.just("") | keys(HABITS)),
        "reaction": draw(st.just("") | keys(Reaction.values)),
    }
    return SimpleNamespace(**fields | fixed)


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
            "dimmer_id": 1,
            "done": "full",
            "came_true": "no",
            "chance": None,
            "expects": False,
            "day": TODAY,
        }
        return SimpleNamespace(**usual | fields)

    tested = summary.tested
    assert tested([attempt(expects=True)])
    assert tested([attempt(chance=0)])
    assert not tested([attempt()])
    assert not tested([attempt(chance=40, came_true="")])
    assert not tested([attempt(chance=40, done="no")])
    assert not tested([attempt(chance=40, dimmer_id=None)])
    assert not summary.guessed([attempt(expects=True)])


@pytest.mark.parametrize(
    ("outcome", "more"),
    [
        (summary.Outcomes(4, 1, 0, 2.0), False),
        (summary.Outcomes(4, 2, 0, 2.0), False),
        (summary.Outcomes(4, 3, 0, 2.0), True),
        (summary.Outcomes(4, 1, 3, 2.0), False),
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


@given(days, st.dictionaries(days, figures))
def test_the_year_is_the_52_weeks_up_to_today_each_day_once_in_its_month(today, feelings):
    earlier, recent = summary.earlier(feelings, today), summary.calendar(feelings, today)
    cells = [cell for week in [*earlier, *recent] for cell in week]
    assert [cell.day for cell in cells] == [cells[0].day + timedelta(days=n) for n in range(len(cells))]
    assert len(earlier) <= 40
    first = summary.first_day(today, 52)
    assert {cell.day for cell in cells if cell.written} == {day for day in feelings if first <= day <= cells[-1].day}
    assert not earlier or any(cell.written for cell in earlier[0])
    drawn = charts.year([*earlier, *recent])
    assert drawn.height <= 13 * charts.MONTH
    rows = {y - 11: first for first, y in drawn.months}
    shown = {}
    for level, path in drawn.paths:
        for x, y in re.findall(r"M(\d+) (\d+)h7v13h-7z", path):
            shown[rows[int(y)] + timedelta(days=(int(x) - 40) // 9)] = level
            assert int(x) + 7 <= charts.WIDTH
    assert shown == {cell.day: cell.level if cell.written else None for cell in cells if not cell.ahead}


chosen = st.lists(st.lists(st.sampled_from([*WORDS, "as grey as rain"]), max_size=3), max_size=40)


@given(chosen, st.randoms())
def test_every_word_is_counted_and_lies_where_the_vocabulary_says(feelings, chance):
    words = summary.words(feelings)
    assert sum(word.n for word in words) == sum(map(len, feelings))
    assert [word.n for word in words] == sorted((word.n for word in words), reverse=True)
    places = summary.places(words)
    lying = [WORDS[word] for each in feelings for word in each if word in WORDS and WORDS[word].valence is not None]
    assert {(place.valence, place.arousal): place.n for place in places} == Counter(
        (word.valence, word.arousal) for word in lying
    )
    assert summary.words(chance.sample(feelings, len(feelings))) == words
    for spot in charts.spots(places):
        assert spot.radius <= spot.x <= charts.WIDTH - spot.radius
        assert 12 < spot.y - spot.radius < spot.y + spot.radius < 229  # the words at the ends stay free
    assert {abs(figure) for end in charts.ENDS for figure in (end.word.valence, end.word.arousal)} == {2}


@given(histories, st.randoms())
def test_reactions_signs_and_habits_are_counted_whatever_the_order(history, chance):
    mixed = chance.sample(history, len(history))
    for sums in (summary.reactions, summary.signs, summary.habits):
        assert sums(mixed) == sums(history)
    done = [each for each in history if each.done in ("full", "part")]
    with_someone = [each for each in done if each.dimmer_id]
    for reaction in summary.reactions(history):
        assert reaction.n == [each.reaction for each in with_someone].count(reaction.key)
    for sign in summary.signs(history):
        assert sign.n == sum(sign.key in each.signs for each in done)
    assert {sign.key for sign in summary.signs(history)} == {key for each in done for key in each.signs} & set(SIGNS)
    for bar in charts.bars(summary.signs(history)):
        assert 1 <= bar.length <= 100


@given(histories)
def test_a_habit_left_out_is_one_that_was_planned_and_did_not_come_along(history):
    made = summary.habits(history)
    done = [each for each in history if each.done in ("full", "part")]
    for habit in made:
        without = [
            each for each in done if each.dimmer_id and each.leave_out == habit.key and habit.key not in each.habits
        ]
        assert habit.along == sum(habit.key in each.habits for each in done)
        assert habit.left_out == len(without)
        assert habit.borne == sum(each.bore_it in ("yes", "hard") for each in without)
        assert habit.borne <= habit.asked == sum(bool(each.bore_it) for each in without) <= habit.left_out
        assert 0 <= habit.feared.k + habit.feared.partly <= habit.feared.n <= habit.left_out
    assert [habit.along for habit in made] == sorted((habit.along for habit in made), reverse=True)


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
    light = charts.brightness(steps, 60)
    for step, column in zip(steps[-charts.LAST :], light.columns, strict=True):
        assert [dot.value for dot in column.dots] == [step.level]
    assert light.enough == light.base - 7 * 6
    assert light.room == 7 * 6


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
                made |= {"done_on": date(2026, 1, 1) + timedelta(days=n)}
                user.attempts.create(dimmer=dimmer, **made | fields)
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
    assert "You expected it 2.4 times in all. It happened 0 of the 4 times." in page
    assert 'href="/en/progress/predictions/"' in as_emma.get("/en/progress/").text
    assert "more often than you expected" not in page


def test_when_it_came_true_more_often_the_page_says_so_and_takes_caution_seriously(as_emma, emma, practised):
    practised(emma, count=3, chance=10, came_true="yes")
    response = as_emma.get("/en/progress/")
    assert "That is more often than you expected." in text(response)
    assert "your caution may be right" in text(response)
    assert 'href="/en/safe-use/"' in re.search(r'<div class="note.*?</div>', response.text, re.DOTALL)[0]


def test_two_guesses_are_too_few_to_set_beside_what_was_expected(as_emma, emma, practised):
    practised(emma, count=2)
    page = text(as_emma.get("/en/progress/"))
    assert "You feared something 2 times." in page
    assert "in all" not in page


def test_the_table_has_the_figures_that_are_drawn(as_emma, emma, practised):
    practised(emma, count=25)
    page = as_emma.get("/en/progress/").content.decode()
    tension, brightness, *_ = re.findall(r"<figure.*?</figure>", page, re.DOTALL)

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


def lived(user, days=400):
    """A feeling on each third of the last days, with words of the list and of one's own."""
    today = timezone.localdate(timezone=user.zone)
    with acting_as(user.pk):
        for n in range(0, days, 3):
            words = ["calm", "sad" if n % 2 else "as grey as rain"]
            user.feelings.create(day=today - timedelta(days=n), words=words, intensity=n % 11)
    return today


def test_every_drawing_has_a_name_and_a_table(as_emma, emma, practised):
    practised(emma, reaction="ok", signs=["calm_voice"])
    lived(emma)
    page = as_emma.get("/en/progress/").content.decode()
    figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(figures) == 6  # tension, brightness, reactions, signs, the year, the words
    for figure in figures:
        assert "<table" in figure
        for drawing in re.findall(r"<svg[^>]*>", figure):
            assert "aria-hidden" in drawing or re.search(r'role="img"[^>]* aria-label="[^"]{20,}"', drawing)


def test_many_dimmers_can_all_be_seen(as_emma, emma, practised):
    for n in range(8):
        practised(emma, name=f"person {n}", count=1, done_on=date(2026, 1, 1 + n))
    page = as_emma.get("/en/progress/")
    assert [dimmer.name for dimmer, _ in page.context["dimmers"]] == [f"person {n} · work" for n in range(7, 1, -1)]
    assert "Show 2 more dimmers" in text(page)
    assert "?all=1" in page.text
    everything = as_emma.get("/en/progress/?all=1")
    assert len(everything.context["dimmers"]) == 8
    assert "more dimmer" not in everything.text


def test_reactions_and_signs_are_counted_beside_their_bars(as_emma, emma, practised):
    practised(emma, count=3, reaction="ok", signs=["calm_voice", "phone_away"])
    practised(emma, name="Noor", count=1, reaction="cold", signs=["calm_voice"])
    with acting_as(emma.pk):
        emma.attempts.create(level=0, done="full", reaction="punish", signs=["breath_sinks"])  # only looked
    page = as_emma.get("/en/progress/").text
    bars = re.findall(r'<tr><th scope="row">([^<]*)</th><td>(\d+)</td><td><svg.*?width="(\d+)"', page)
    assert [(unescape(name), int(n), int(length)) for name, n, length in bars] == [
        ("Okay", 3, 100),
        ("Cold", 1, 33),
        ("a calm voice", 4, 100),
        ("puts the phone away", 3, 75),
        ("your breathing settles", 1, 25),
    ]


def test_the_year_stands_on_one_picture_and_each_of_its_days_can_be_opened(as_emma, emma):
    today = lived(emma)
    response = as_emma.get("/en/progress/")
    picture = re.search(r'<svg class="year".*?</svg>', response.text, re.DOTALL)[0]
    first = summary.first_day(today, 52)
    written = {today - timedelta(days=n) for n in range(0, 400, 3) if today - timedelta(days=n) >= first}
    assert picture.count("z") == (today - first).days + 1
    assert sum(path.count("z") for path in re.findall(r"<path[^>]* data-level[^>]*>", picture)) == len(written)
    tables = "".join(re.findall(r'<table class="calendar">.*?</table>', response.text, re.DOTALL))
    assert {date.fromisoformat(day) for day in re.findall(r'href="/en/feeling/([\d-]+)/"', tables)} == written


def test_someone_who_began_this_month_is_not_shown_an_empty_year(as_emma, emma):
    lived(emma, days=20)
    page = as_emma.get("/en/progress/").text
    assert 'class="year"' not in page
    assert "52 weeks, a row" not in page
    assert page.count('<table class="calendar">') == 1


def test_feelings_lie_between_words_and_are_not_called_good_or_bad(as_emma, emma):
    lived(emma)
    page = as_emma.get("/en/progress/").text
    picture = re.search(r'<svg role="img" viewBox="0 0 320 244".*?</svg>', page, re.DOTALL)[0]
    named = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
    assert named == ["overwhelmed", "excited", "empty", "relaxed"]
    assert picture.count("<circle") == 2  # calm, sad; a word of one's own lies nowhere
    table = re.findall(r'<span class="own">([^<]*)</span></th><td>(\d+)', page)
    assert dict(table).keys() == {"calm", "sad", "as grey as rain"}
    assert not re.search(r"\b(good|bad|positive|negative|score|average)\b", text(as_emma.get("/en/progress/")), re.I)


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
    # wishes, attempts, dimmers, feelings (counted, and a year of them), reads, entries, evidence, the key to the words
    assert len(tables) == 9, tables


def test_a_visitor_is_sent_to_the_start(client, db):
    assert client.get("/en/progress/").status_code == 302
