"""Reminders in one's calendar: what its private address shows, when it ends, and at what hour it comes."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from exercises.records.links import token_of
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from exercises.records.shown import one_line
from exercises.reminders.calendar import FEED, calendar_of, feed_address
from exercises.reminders.models import STOP, Channel, Reminder
from kwetsbaar.accounts.models import User
from tests.conftest import signed_in

PAGE, RENEW = "/en/privacy/reminders/", "/en/privacy/reminders/calendar/"
OURS = "A reminder you set yourself."
ZONES = [
    "Europe/Amsterdam",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "UTC",
    "Africa/Casablanca",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Etc/GMT+5",
]
committed = pytest.mark.django_db(transaction=True)


def make(user, **fields: Any) -> Reminder:
    wish = {"on": True, "channel": Channel.CALENDAR, "weekdays": [0, 2], "hour": 20, "feed": uuid7()}
    with acting_as(user.pk):
        return Reminder.objects.create(user=user, **wish | fields)


def put(row: Reminder, **fields: Any) -> None:
    with acting_as(row.user_id):
        Reminder.objects.filter(pk=row.pk).update(**fields)


def at(row: Reminder) -> str:
    return f"/calendar/{token_of(FEED, row.user_id, row.feed)}.ics"


def shown(row: Reminder) -> Any:
    return Calendar.from_ical(Client().get(at(row)).content)


@pytest.fixture
def someone(guest):
    return guest("en")


# What it shows


def test_a_calendar_finds_one_event_that_comes_every_week_on_the_chosen_days(someone):
    calendar = shown(make(someone, message="Water the plants"))
    [event] = calendar.walk("VEVENT")
    assert event["summary"] == "Water the plants"
    assert event["rrule"].to_ical() == b"FREQ=WEEKLY;BYDAY=MO,WE"
    start = event["dtstart"].dt
    assert (start.hour, str(start.tzinfo)) == (20, "Europe/Amsterdam")
    assert start.weekday() in (0, 2)
    assert event["duration"].dt == timedelta(minutes=15)
    assert (event["transp"], event["class"]) == ("TRANSPARENT", "PRIVATE")
    [alarm] = event.walk("VALARM")
    assert (alarm["action"], alarm["description"], alarm["trigger"].dt) == ("DISPLAY", "Water the plants", timedelta(0))
    assert [zone["tzid"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Amsterdam"]
    assert calendar["x-wr-calname"] == calendar["name"] == "Notes"
    assert calendar["refresh-interval"].dt == timedelta(hours=12)


def test_it_tells_nothing_but_the_words_and_the_hour(someone):
    row = make(someone)
    content = Client().get(at(row)).text
    [event] = Calendar.from_ical(content).walk("VEVENT")
    assert set(event) == {
        "UID",
        "SUMMARY",
        "DTSTAMP",
        "LAST-MODIFIED",
        "DTSTART",
        "DURATION",
        "RRULE",
        "TRANSP",
        "CLASS",
    }
    assert event["summary"] == OURS
    assert str(someone.pk) not in content
    assert not re.search(r"https?:|mailto:|DESCRIPTION:(?!A reminder)", content)


def test_in_dutch_and_under_the_name_that_the_person_chose(guest):
    someone = guest("nl")
    someone.shown_name = "Keuken; tuin, „thuis“\\"
    someone.save(update_fields=["shown_name"])
    calendar = shown(make(someone))
    assert calendar["x-wr-calname"] == someone.shown_name
    assert calendar.walk("VEVENT")[0]["summary"] == "Een herinnering die jij hebt ingesteld."


@given(words=st.text(max_size=80))
def test_whatever_the_words_are_they_stay_words(words):
    row = Reminder(user=User(time_zone="Europe/Amsterdam", language="en"), weekdays=[3], hour=9, message=words)
    row.updated_at = datetime(2026, 3, 1, tzinfo=UTC)
    calendar = Calendar.from_ical(calendar_of(row, one_line(row.text)).to_ical())
    [event] = calendar.walk("VEVENT")
    assert len(calendar.walk("VALARM")) == 1
    assert "\n" not in event["summary"]
    assert event["summary"] == event.walk("VALARM")[0]["description"]


@given(
    zone=st.sampled_from(ZONES),
    weekdays=st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True),
    hour=st.integers(0, 23),
    since=st.integers(0, 10 * 365 * 24).map(lambda hours: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hours)),
)
def test_in_every_zone_and_over_every_change_of_the_clock_it_comes_at_the_chosen_hour(zone, weekdays, hour, since):
    row = Reminder(user=User(time_zone=zone, language="en"), weekdays=weekdays, hour=hour)
    row.updated_at = since
    [event] = Calendar.from_ical(calendar_of(row, OURS).to_ical()).walk("VEVENT")
    start = event["dtstart"].dt
    local = start.replace(tzinfo=None)
    rule = rrulestr(event["rrule"].to_ical().decode(), dtstart=local)
    days = rule.between(local, local + timedelta(days=400), inc=True)
    assert {day.weekday() for day in days} == set(weekdays)
    assert {day.time() for day in days} == {time(hour)}
    assert start.utcoffset() == ZoneInfo(zone).utcoffset(local)
    assert start + timedelta(days=1) > since, "none of before the wish"
    gaps = [b - a for a, b in zip(days, days[1:], strict=False)]
    assert max(gaps, default=timedelta(7)) <= timedelta(days=7)


@given(zone=st.sampled_from(ZONES), hour=st.integers(0, 23), year=st.integers(2025, 2035))
def test_a_calendar_that_knows_no_zones_finds_the_same_moments_in_the_file_itself(zone, hour, year):
    row = Reminder(user=User(time_zone=zone, language="en"), weekdays=[0, 1, 2, 3, 4, 5, 6], hour=hour)
    row.updated_at = datetime(year, 1, 1, tzinfo=UTC)
    calendar = Calendar.from_ical(calendar_of(row, OURS).to_ical())
    zones = [part.to_tz() for part in calendar.walk("VTIMEZONE")]
    for own in zones:
        for day in range(0, 366, 3):
            moment = datetime(year, 1, 1, hour, tzinfo=UTC).replace(tzinfo=None) + timedelta(days=day)
            assert own.utcoffset(moment) == ZoneInfo(zone).utcoffset(moment), moment
    assert bool(zones) == (zone != "UTC")


# The address


def test_the_address_shows_the_same_again_until_something_changes(someone):
    row = make(someone)
    first = Client().get(at(row))
    assert first["Content-Type"] == "text/calendar; charset=utf-8"
    again = Client().get(at(row), headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    put(row, hour=21)
    assert Client().get(at(row), headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_it_can_be_asked_about_without_its_content(someone):
    row = make(someone)
    answer = Client().head(at(row))
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer["ETag"]
    assert Client().post(at(row)).status_code == 405


def test_nobody_on_the_way_keeps_it_finds_it_or_learns_of_it(someone):
    row = make(someone)
    for address in (at(row), at(row).replace("/calendar/", "/calendar/A")):
        answer = Client().get(address)
        assert answer["Cache-Control"] == "private, no-cache"
        assert "noindex" in answer["X-Robots-Tag"]
        assert answer["Referrer-Policy"] == "no-referrer"
        assert not answer.cookies


@pytest.mark.parametrize(
    "fields", [{"on": False}, {"channel": Channel.MAIL}, {"channel": Channel.PUSH}, {"weekdays": []}]
)
def test_only_while_it_is_on_and_comes_this_way(someone, fields):
    row = make(someone)
    assert Client().get(at(row)).status_code == 200
    put(row, **fields)
    assert Client().get(at(row)).status_code == 404


def test_every_address_that_shows_nothing_looks_the_same(someone, malik):
    row = make(someone)
    gone, closed = make(malik), User.objects.create(username="closed")
    with acting_as(malik.pk):
        Reminder.objects.get(pk=gone.pk).discard()
    others = make(closed)
    closed.is_active = False
    closed.save(update_fields=["is_active"])
    tokens = [
        token_of(FEED, uuid7(), uuid7()),
        token_of(STOP, row.user_id, row.feed),
        token_of(FEED, malik.pk, row.feed),
        "A" * 64,
        "x",
        "é",
    ]
    answers = [
        Client().get(address) for address in (at(gone), at(others), *(f"/calendar/{token}.ics" for token in tokens))
    ]
    assert {(answer.status_code, answer.content, str(sorted(answer.headers.items()))) for answer in answers} == {
        (404, b"", str(sorted(answers[0].headers.items())))
    }


def test_a_new_address_ends_the_old_one(someone):
    row, client = make(someone), signed_in(someone)
    old = at(row)
    page = client.get(PAGE).text
    assert feed_address(row) in page
    assert client.post(RENEW).status_code == 302
    with acting_as(someone.pk):
        row = Reminder.objects.get(pk=row.pk)
    assert Client().get(old).status_code == 404
    assert Client().get(at(row)).status_code == 200
    assert feed_address(row) in client.get(PAGE).text


def test_nobody_makes_a_new_address_for_someone_else(someone, malik):
    row = make(someone)
    assert signed_in(malik).post(RENEW).status_code == 404
    assert signed_in(someone).get(RENEW).status_code == 405
    assert Client().get(at(row)).status_code == 200


@committed
def test_it_asks_the_database_little_and_no_session(someone):
    row = make(someone, message="Water the plants")
    client = Client()
    client.get(at(row))
    with CaptureQueriesContext(connection) as queries:
        client.get(at(row))
    asked = [query["sql"] for query in queries if not query["sql"].startswith(("BEGIN", "COMMIT", "SET"))]
    assert len(asked) <= 2, asked  # the reminder with its person, and the key
    assert not any("session" in sql for sql in asked)
    with CaptureQueriesContext(connection) as queries:
        client.get("/calendar/x.ics")
    assert len(queries) == 0


def test_who_is_signed_in_elsewhere_sees_the_same(someone, malik):
    row = make(someone)
    assert signed_in(malik).get(at(row)).content == Client().get(at(row)).content
