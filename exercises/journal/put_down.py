"""For whoever keeps going round: stop, body, one task, someone to call (practice.md 2.10)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from exercises.records.http import Request
from exercises.records.settings import wishes

WEEK = timedelta(days=7)
DOUBLE_CLICK = timedelta(minutes=1)
OFTEN = 3  # times in a week; from then on the page suggests talking to someone


def recent(stored: Any, now: datetime) -> list[datetime]:
    """Of the stored moments (ISO 8601) those of the last seven days, the oldest first; anything odd is left out."""
    texts = [each for each in stored if isinstance(each, str)] if isinstance(stored, list) else []
    return sorted(moment for moment in _moments(texts) if now - WEEK < moment <= now)


def _moments(texts: Iterable[str]) -> Iterable[datetime]:
    for text in texts:
        try:
            moment = parse_datetime(text)
        except ValueError:
            continue
        if moment and timezone.is_aware(moment):
            yield moment


def noted(stored: Any, now: datetime) -> list[str]:
    """What is stored from `now` on: the last seven days and this moment, unless it is the same click once more."""
    moments = recent(stored, now)
    if not moments or now - moments[-1] >= DOUBLE_CLICK:
        moments.append(now)
    return [moment.isoformat() for moment in moments]


def put_down(request: Request) -> HttpResponse:
    """A calm page. The button that leads here counts, reading the page does not."""
    if request.method == "POST":
        _count(request.user)
        return redirect("put_down")
    times = len(recent(wishes(request.user).put_downs, timezone.now()))
    return render(request, "journal/put_down.html", {"times": times, "often": times >= OFTEN})


def _count(user: Any) -> None:
    """One use more. Held until the end of the request, so that a double click sees the first one."""
    user.settings.get_or_create()
    row = user.settings.select_for_update().get()
    row.put_downs = noted(row.put_downs, timezone.now())
    row.save(update_fields=["put_downs"])
