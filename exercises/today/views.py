"""The one page of the evening."""

from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from exercises.course.courses import find, next_unread
from exercises.dimmer.models import Attempt, Dimmer
from exercises.dimmer.next_step import NextStep, is_unsafe, next_step
from exercises.evidence.models import Evidence
from exercises.progress.statements import due
from exercises.records.http import Request
from exercises.today.evening import is_back, of_the_day


@require_safe
def today(request: Request) -> HttpResponse:
    """Today's feeling, the open attempt or a next step, the next module, one piece of one's own evidence."""
    user, day = request.user, timezone.localdate()
    opened = list(user.reads.order_by("-updated_at").values_list("module", "finished_at"))
    read = {slug for slug, finished_at in opened if finished_at}
    checked = list(user.self_checks.oldest_first().values_list("day", flat=True))
    context = {
        "day": day,
        "feeling": user.feelings.on(day).first(),
        "module": next_unread([slug for slug, _finished_at in opened], read, get_language()),
        "self_check": due(checked, day, len(read), user.attempts.was_done().count),
        "evidence": _evidence(user, day),
        "look_back": user.attempts.whole().to_look_back_on(day).latest_first().first(),
    }
    return render(request, "today/today.html", context | _waiting(user) | _welcome(user, day) | _step(request, day))


def _waiting(user: Any) -> dict[str, bool]:
    """Whether something typed waits, and reminders that paused, in one query. This visit answers what was sent."""
    reminders = user.reminders.filter(on=True)
    waits: Any = {
        "unsaved": Exists(user.drafts.kept(timezone.now())),
        "answered": Exists(reminders.filter(unanswered__gt=0)),
        "reminders_paused": Exists(reminders.exclude(paused_at=None)),
    }
    found: Any = get_user_model().objects.values(**waits).get(pk=user.pk)
    if found["answered"]:
        reminders.update(unanswered=0)
    return found


def _welcome(user: Any, day: date) -> dict[str, Any]:
    """Whether someone is new, or back after a week; and how many moments are still there."""
    made_on = _last_made(user, day)
    back = is_back(made_on, day)
    moments = user.feelings.count() + user.attempts.was_done().count() if back else 0
    return {"is_new": made_on is None, "is_back": back, "moments": moments}


def _step(request: Request, day: date) -> dict[str, Any]:
    """The attempt planned for today, else the one planned last, else a dimmer to go on with; and the light of it."""
    user = request.user
    planned = list(user.attempts.whole().planned().first_on(day)[:2])
    attempt = planned[0] if planned else None
    last = user.attempts.whole().answered().latest_first().first()
    took_one = bool(last and last.was_done and last.done_on == day)
    dimmers = [] if attempt or took_one else list(user.dimmers.whole().in_use().newest_first())
    not_today = any(dimmer.rested_on == day for dimmer in dimmers)
    return {
        "attempt": attempt,
        "more_planned": len(planned) > 1,
        "observed": attempt and find(attempt.exercise, get_language()),
        "last": last,
        "unsafe": is_unsafe(request.session, day),
        "took_one": took_one,
        "not_today": not_today,
        "next": None if not_today else _next(request, dimmers, last, day),
        "light": next((each.level for each in (attempt, last) if each and each.dimmer_id), None),
    }


def _next(request: Request, dimmers: list[Dimmer], last: Attempt | None, day: date) -> NextStep | None:
    """A next step on the dimmer of the last attempt, else the newest; none with someone who is paused."""
    ready = [dimmer for dimmer in dimmers if not dimmer.person.paused_at]
    found = next((dimmer for dimmer in ready if last and dimmer.pk == last.dimmer_id), ready[0] if ready else None)
    return None if found is None else next_step(request.user, found, day, unsafe_now=is_unsafe(request.session, day))


def _last_made(user: Any, day: date) -> date | None:
    """The day on which this person last made or changed anything; all is looked at only where what is newest is old."""
    newest = (user.feelings.order_by("-day"), user.attempts.newest_first(), user.entries.before(None))
    kinds = [*newest, user.evidence.before(None), *(few.order_by("-updated_at") for few in (user.reads, user.dimmers))]
    made_on = _latest([rows[:1] for rows in kinds])
    return _latest([rows.order_by() for rows in kinds]) if is_back(made_on, day) else made_on


def _latest(kinds: list[Any]) -> date | None:
    """The day of the last change in any of these."""
    first, *others = (rows.values_list("updated_at", flat=True) for rows in kinds)
    moment = first.union(*others, all=True).order_by("-updated_at").first()
    return moment and timezone.localdate(moment)


def _evidence(user: Any, day: date) -> Evidence | None:
    """One's own evidence of this day; the others are counted, not fetched."""
    place = of_the_day(range(user.evidence.count()), day)
    if place is None:
        return None
    chosen = user.evidence.order_by("id").values("id")[place : place + 1]
    return user.evidence.select_related("person").filter(pk__in=chosen).first()
