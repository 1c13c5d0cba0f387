"""The one page of the evening."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from exercises.course.pages import Module, course
from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.records.http import Request
from exercises.today.evening import is_back, of_the_day


@require_safe
def today(request: Request) -> HttpResponse:
    """Today's feeling, the open attempt or a next step, the next module, one piece of one's own evidence."""
    user, day = request.user, timezone.localdate()
    context = {
        "day": day,
        "feeling": user.feelings.on(day).first(),
        "module": _next_module(user),
        "evidence": _evidence(user, day),
        "unsaved": user.drafts.kept(timezone.now()).exists(),
    }
    return render(request, "today/today.html", context | _welcome(user, day) | _step(user, day))


def _welcome(user: Any, day: date) -> dict[str, Any]:
    """Whether someone is new, or back after a week; and how many moments are still there."""
    made_on = _last_made(user)
    back = is_back(made_on, day)
    moments = user.feelings.count() + user.attempts.was_done().count() if back else 0
    return {"is_new": made_on is None, "is_back": back, "moments": moments}


def _step(user: Any, day: date) -> dict[str, Any]:
    """The attempt planned for today, else the one planned last, else a dimmer to go on with; and the light of it."""
    planned = list(user.attempts.whole().planned().newest_first())
    attempt = min(planned, key=lambda each: each.planned_for != day, default=None)
    last = user.attempts.whole().answered().latest_first().first()
    return {
        "attempt": attempt,
        "more_planned": len(planned) > 1,
        "observed": attempt and course(get_language()).module(attempt.exercise),
        "last": last,
        "resting": bool(last and last.was_done and last.done_on == day),
        "dimmer": None if attempt else _next_dimmer(user, last),
        "light": next((each.level for each in (attempt, last) if each and each.dimmer_id), None),
    }


def _last_made(user: Any) -> date | None:
    """The day on which this person last made or changed anything."""
    feelings, *others = (
        things.values_list("updated_at", flat=True)
        for things in (user.feelings, user.attempts, user.entries, user.evidence, user.reads, user.dimmers)
    )
    moment = feelings.union(*others, all=True).order_by("-updated_at").first()
    return moment and timezone.localdate(moment)


def _next_dimmer(user: Any, last: Attempt | None) -> Dimmer | None:
    """The dimmer of the last attempt, else the newest; none with someone who is paused or who punished openness."""
    punished = user.attempts.who_punished()
    dimmers = user.dimmers.whole().in_use().unpaused().newest_first()
    ready = [dimmer for dimmer in dimmers if dimmer.person_id not in punished]
    return next((dimmer for dimmer in ready if last and dimmer.pk == last.dimmer_id), ready[0] if ready else None)


def _next_module(user: Any) -> Module | None:
    """The first module that is not marked as read."""
    finished = set(user.reads.exclude(finished_at=None).values_list("module", flat=True))
    return next((module for module in course(get_language()).modules if module.slug not in finished), None)


def _evidence(user: Any, day: date) -> Evidence | None:
    """One's own evidence of this day."""
    chosen = of_the_day(list(user.evidence.order_by("id").values_list("id", flat=True)), day)
    return user.evidence.select_related("person").get(pk=chosen) if chosen else None
