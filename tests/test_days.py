"""Days are the person's own: through summer time, over the date line and on a long journey none is merged or lost."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.utils import timezone
from django.utils.formats import date_format
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from exercises.journal.models import JournalEntry
from exercises.privacy.forms import time_zones
from exercises.progress import summary
from exercises.records.rowsecurity import acting_as
from exercises.records.settings import Settings
from kwetsbaar.accounts.models import User
from tests.conftest import signed_in
from tests.test_boundary import one_of_each
from tests.test_bringing import all_of

ZONES = sorted(available_timezones() - {"localtime"})
FIRST, LAST = datetime(1993, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
EAST, WEST = "Pacific/Kiritimati", "Pacific/Pago_Pago"  # UTC+14 and UTC−11: never the same day
HOUR = timedelta(hours=1)
with_database = settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))

zones = st.sampled_from(ZONES)


@cache
def turns(name: str) -> list[datetime]:
    """The hours in which this zone's clock was set forward or back, its day skipped or repeated."""
    zone, hours = ZoneInfo(name), range(int((LAST - FIRST) / HOUR))

    def offset(hour: int) -> timedelta | None:
        return (FIRST + hour * HOUR).astimezone(zone).utcoffset()

    days = [(n, n + 24) for n in hours[:-24:24] if offset(n) != offset(n + 24)]
    return [FIRST + HOUR * bisect_left(range(b), True, a, key=lambda h, a=a: offset(h) != offset(a)) for a, b in days]


@st.composite
def moments(draw, name: str) -> datetime:
    """Mostly close to where this zone's clock turns or to its midnight; else just any."""
    moment = draw(st.sampled_from(turns(name) or [datetime(2024, 2, 29, 12, tzinfo=UTC)]))
    return moment + timedelta(minutes=draw(st.integers(-26 * 60, 26 * 60)))


@st.composite
def journeys(draw) -> list[tuple[datetime, str]]:
    """Where someone is, and when, a few times: each later than the one before, in any zone."""
    here = draw(zones)
    now = draw(moments(here))
    stops = [(now, here)]
    for hours in draw(st.lists(st.integers(6, 40), min_size=1, max_size=8)):
        now, here = now + HOUR * hours, draw(zones | st.just(here) | st.sampled_from([EAST, WEST, "Pacific/Apia"]))
        stops.append((now, here))
    return stops


def days_of(stops: list[tuple[datetime, str]]) -> Iterator[tuple[date, str]]:
    """The day on the person's own clock at each stop, once each: what was written today needs no second time."""
    seen = set()
    for moment, name in stops:
        with timezone.override(ZoneInfo(name)):
            day = timezone.localdate(moment)
        if day not in seen:
            seen.add(day)
            yield day, name


APIA = [(datetime(2011, 12, 29, 20, tzinfo=UTC) + timedelta(days=n), "Pacific/Apia") for n in range(3)]
WESTWARD = [(datetime(2026, 1, 5, 12, tzinfo=UTC), EAST), (datetime(2026, 1, 5, 20, tzinfo=UTC), WEST)]
BEIRUT = [
    (datetime(2022, 3, 26, 21, 59, tzinfo=UTC), "Asia/Beirut"),
    (datetime(2022, 3, 26, 22, 0, tzinfo=UTC), "Asia/Beirut"),
]


def test_the_day_that_apia_skipped_is_no_day_and_the_days_around_it_are_two():
    assert [day.day for day, _zone in days_of(APIA)] == [29, 31, 1]


def test_a_midnight_that_does_not_exist_still_parts_two_days():
    assert [day.day for day, _zone in days_of(BEIRUT)] == [26, 27]


@given(st.data(), zones)
def test_midnight_on_the_persons_clock_is_where_the_next_day_begins(data, name):
    """From minute to minute the day stays, goes on by one, or (where a zone crossed the date line) jumps."""
    moment = data.draw(moments(name))
    with timezone.override(ZoneInfo(name)):
        before, after = timezone.localdate(moment), timezone.localdate(moment + timedelta(minutes=1))
        clock = timezone.localtime(moment)
    assert before == clock.date()
    assert (
        after - before in {timedelta(), timedelta(1)}
        or name in {"Pacific/Apia", "Pacific/Fakaofo"}
        or moment.year < 1996
    )


@with_database
@given(journeys())
@example(APIA)
@example(WESTWARD)
@example(BEIRUT)
def test_whoever_writes_once_a_day_by_their_own_clock_finds_each_day_again_as_one(emma, stops):
    client, written = signed_in(emma), {}
    with acting_as(emma.pk):
        emma.feelings.all().delete()
        emma.evidence.all().delete()
    for n, (day, name) in enumerate(days_of(stops)):
        User.objects.filter(pk=emma.pk).update(time_zone=name)
        written[day] = f"stop number {n}"
        sent = {"sentence": written[day], "intensity": "3", "add_evidence": "on"}
        assert client.post(f"/en/feeling/{day}/", sent)["Location"] == "/en/today/"
    with acting_as(emma.pk):
        assert {row.day: row.sentence for row in emma.feelings.all()} == written
        assert emma.feelings.count() == len(written)
        figures = dict(emma.feelings.values_list("day", "intensity"))
    last = max(written)
    cells = [cell for week in summary.calendar(figures, last) for cell in week]
    assert [cell.day for cell in cells if cell.written] == sorted(written)
    assert summary.days_written(figures, last) == sum(last - day < timedelta(7) for day in written)
    shown = re.findall(r"<span>(\d+ \w+)</span>", client.get("/en/evidence/").text)
    assert shown == [date_format(day, "j F") for day in sorted(written, reverse=True)]
    for name in {zone for _moment, zone in stops}:
        User.objects.filter(pk=emma.pk).update(time_zone=name)
        for day in (min(written), last):
            assert written[day] in client.get(f"/en/feeling/{day}/").text


@with_database
@given(zones, st.lists(st.integers(0, 30), min_size=1, max_size=5, unique=True))
def test_today_is_the_same_day_on_every_page_in_every_zone(emma, name, ago):
    """By the real clock: the form, the evening's page, the calendar and the evidence mean the same day."""
    User.objects.filter(pk=emma.pk).update(time_zone=name)
    client, day = signed_in(emma), timezone.localdate(timezone=ZoneInfo(name))
    with acting_as(emma.pk):
        emma.feelings.all().delete()
        for n in ago:
            emma.feelings.create(day=day - timedelta(n), words=["calm"])
    pages = {path: client.get(f"/en/{path}/") for path in ("today", "feeling", "progress", "evidence/new")}
    assume(timezone.localdate(timezone=ZoneInfo(name)) == day)  # not over midnight just now
    assert pages["today"].context["day"] == day
    assert (pages["today"].context["feeling"] is not None) is (0 in ago)
    assert f'action="/en/feeling/{day}/"' in pages["feeling"].text
    assert pages["progress"].context["today"] == day
    assert pages["evidence/new"].context["form"]["happened_on"].value() == day
    cells = [cell for week in pages["progress"].context["calendar"] for cell in week]
    assert {cell.day for cell in cells if cell.written} == {day - timedelta(n) for n in ago}
    assert [cell.day for cell in cells if cell.ahead] == [cell.day for cell in cells if cell.day > day]


# Over the date line, by the real clock


@pytest.fixture
def traveller(emma):
    """Moves emma to a zone, and says which day it is there."""

    def goes_to(name: str) -> date:
        User.objects.filter(pk=emma.pk).update(time_zone=name)
        return timezone.localdate(timezone=ZoneInfo(name))

    return goes_to


def test_a_day_written_in_the_east_is_still_there_in_the_west_where_it_is_yet_to_come(as_emma, emma, traveller):
    east = traveller(EAST)
    as_emma.post("/en/feeling/", {"sentence": "written in the east"})
    west = traveller(WEST)
    assert west < east
    assert as_emma.get("/en/today/").context["feeling"] is None, "in the west a day of its own can be written"
    as_emma.post("/en/feeling/", {"sentence": "written in the west"})
    with acting_as(emma.pk):
        assert {row.day: row.sentence for row in emma.feelings.all()} == {
            east: "written in the east", west: "written in the west",
        }  # fmt: skip
    assert "written in the east" in as_emma.get(f"/en/feeling/{east}/").text
    as_emma.post(f"/en/feeling/{east}/", {"sentence": "put better in the west"})
    traveller(EAST)
    assert as_emma.get("/en/today/").context["feeling"].sentence == "put better in the west"


def test_what_was_typed_for_a_day_that_is_yet_to_come_after_all_stays_on_the_page(as_emma, emma, traveller):
    east = traveller(EAST)
    page = as_emma.get("/en/feeling/").text
    assert f'action="/en/feeling/{east}/"' in page
    traveller(WEST)
    answer = as_emma.post(f"/en/feeling/{east}/", {"sentence": "typed on the plane"})
    assert answer.status_code == 200
    assert "typed on the plane" in answer.text
    with acting_as(emma.pk):
        assert not emma.feelings.exists()


def test_evidence_of_a_day_in_the_east_can_still_be_changed_in_the_west(as_emma, emma, traveller):
    east = traveller(EAST)
    as_emma.post("/en/evidence/new/", {"shared": "in the east", "happened_on": str(east)})
    with acting_as(emma.pk):
        piece = emma.evidence.get()
    west = traveller(WEST)
    page = f"/en/evidence/{piece.pk}/"
    assert f'max="{east}"' in as_emma.get(page).text
    assert as_emma.post(page, {"shared": "in the west", "happened_on": str(east)}).status_code == 302
    other = as_emma.post(
        page, {"shared": "x", "happened_on": str(west + timedelta(1)) if west + timedelta(1) != east else "9999-01-01"}
    )
    assert other.status_code == 200, "any other day to come is still refused"


# What is stored stays


@with_database
@given(st.lists(zones, min_size=1, max_size=3))
def test_another_time_zone_moves_and_merges_nothing(emma, names):
    with acting_as(emma.pk):
        if not emma.people.exists():
            one_of_each(emma)
    client, before = signed_in(emma), all_of(emma)
    for name in names:
        sent = {"language": "en", "time_zone": name, "show_exit": "on"}
        assert client.post("/en/privacy/settings/", sent).status_code == 302
    emma.refresh_from_db()
    assert emma.time_zone == names[-1]
    assert "2 January" in client.get("/en/evidence/").text
    assert _records(all_of(emma)) == _records(before)


def _records(everything: dict) -> dict:
    """All but the settings, which are what was changed."""
    return {model: rows for model, rows in everything.items() if model is not Settings}


def test_every_time_zone_can_be_chosen():
    assert max(map(len, ZONES)) <= User._meta.get_field("time_zone").max_length
    assert {name for _region, names in time_zones() for name, _place in names} >= set(ZONES)
    assert all(User(time_zone=name).zone.key == name for name in ZONES)


@with_database
@given(st.data(), zones, zones)
@example(None, "Europe/Amsterdam", "America/New_York")
def test_a_journal_entry_stands_in_the_month_and_at_the_hour_of_the_zone_chosen(emma, data, written_in, read_in):
    moment = data.draw(moments(written_in)) if data else datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    with acting_as(emma.pk):
        emma.entries.all().delete()
        entry = JournalEntry.objects.create(user=emma, body="A lighthouse.", written_at=moment)
    for name in (written_in, read_in):
        User.objects.filter(pk=emma.pk).update(time_zone=name)
        page = signed_in(emma).get("/en/journal/").text
        local = moment.astimezone(ZoneInfo(name))
        assert re.findall(r'<h2 class="month">([^<]+)</h2>', page) == [f"{local:%B} {local.year}"]
        assert f"{local:%A} {local.day} {local:%B}, {local:%H:%M}" in page
    with acting_as(emma.pk):
        entry.refresh_from_db()
        assert entry.written_at == moment
