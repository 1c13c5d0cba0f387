"""One's reminders in a calendar: a private address that the calendar asks by itself, until there is a new one."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from icalendar import Alarm, Calendar, Event

from exercises.records.http import Request
from exercises.records.links import UNSEEN, opened, token_of
from exercises.records.models import uuid7
from exercises.records.rowsecurity import reading_as
from exercises.records.shown import name_for
from exercises.reminders.models import Channel, Reminder

FEED = "exercises.reminders.calendar"  # what its tokens are for
ASK_EVERY, LASTS = timedelta(hours=12), timedelta(minutes=15)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# A calendar may keep it and asks whether it changed; nobody between may
HEADERS = UNSEEN | {"Cache-Control": "private, no-cache"}


def feed_address(row: Reminder) -> str:
    """Where a calendar finds it; empty where none looks."""
    if not (row.on and row.channel == Channel.CALENDAR and row.feed):
        return ""
    return settings.SITE_URL + reverse("calendar_feed", args=[token_of(FEED, row.user_id, row.feed)])


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The calendar, while the reminder is on and comes this way. Every address that shows nothing looks the same."""
    named = opened(FEED, token)
    content = _content(*named) if named else None
    if content is None:
        return HttpResponse(status=404, content_type="text/plain; charset=utf-8", headers=HEADERS)
    tag = quote_etag(hashlib.sha256(content).hexdigest()[:32])
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8", headers=HEADERS | {"ETag": tag})
    return get_conditional_response(request, etag=tag, response=response) or response


def _content(user_id: UUID, feed: UUID) -> bytes | None:
    with reading_as(user_id):
        wanted = Reminder.objects.filter(user=user_id, feed=feed, on=True, channel=Channel.CALENDAR)
        row = wanted.filter(user__is_active=True).select_related("user").first()
        if row is None or not row.weekdays:
            return None
        with translation.override(row.user.language):
            return calendar_of(row, row.text).to_ical()


@require_POST
def renew(request: Request) -> HttpResponse:
    """A new address, so that whoever has the old one learns nothing more."""
    row = get_object_or_404(request.user.reminders.select_for_update())
    row.feed = uuid7()
    row.save(update_fields=["feed"])
    messages.success(request, _("Your calendar has a new address. The old one no longer works."))
    return redirect("reminders")


def calendar_of(row: Reminder, words: str) -> Calendar:
    """One event that comes back every week on the chosen days, at the chosen hour of the person (RFC 5545, 7986)."""
    calendar, name = Calendar(), name_for(row.user)
    for key, value in (("prodid", "-//notes//notes//EN"), ("version", "2.0"), ("method", "PUBLISH")):
        calendar.add(key, value)
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", ASK_EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", ASK_EVERY)
    start = first_start(row.weekdays, row.hour, row.user.zone, row.updated_at)
    calendar.add_component(_event(row, words, start))
    calendar.add_missing_timezones(first_date=start.date())
    return calendar


def _event(row: Reminder, words: str, start: datetime) -> Event:
    event = Event()
    event.add("uid", f"{row.pk}@{settings.MAIL_HOST}")
    event.add("summary", words)
    event.add("dtstamp", row.updated_at.astimezone(UTC))
    event.add("last-modified", row.updated_at.astimezone(UTC))
    event.add("dtstart", start)
    event.add("duration", LASTS)
    event.add("rrule", {"freq": "weekly", "byday": [DAYS[day] for day in sorted(row.weekdays)]})
    event.add("transp", "TRANSPARENT")  # nobody is busy then
    event.add("class", "PRIVATE")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", words)
    alarm.add("trigger", timedelta(0))
    event.add_component(alarm)
    return event


def first_start(weekdays: list[int], hour: int, zone: tzinfo, since: datetime) -> datetime:
    """The first of these days on which the clock shows this hour: all that follow are at the hour of the first."""
    day: date = since.astimezone(zone).date()
    while True:
        start = datetime.combine(day, time(hour), zone)
        if day.weekday() in weekdays and start.astimezone(UTC).astimezone(zone).hour == hour:
            return start
        day += timedelta(days=1)
