"""How often did what I feared come true? And everything else that was kept, counted and drawn."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from exercises.course.courses import shelf
from exercises.dimmer.models import Attempt
from exercises.progress import charts, summary
from exercises.records.http import Request

DIMMERS = 6  # drawn, unless all are asked for: those used last


@require_safe
def progress(request: Request) -> HttpResponse:
    """Totals, predictions, what steps were like, feelings of a year, what was read; one query for each kind."""
    if not request.wishes.progress_on:
        return render(request, "progress/off.html")
    user = request.user
    attempts = user.attempts.whole().answered().figures()
    totals = summary.totals(
        feelings=user.feelings.count(),
        attempts=attempts,
        entries=user.entries.count(),
        evidence=user.evidence.count(),
    )
    shown = None if "all" in request.GET else DIMMERS
    context = {"totals": totals} | _steps(user, attempts, shown) | _feelings(user, timezone.localdate()) | _read(user)
    return render(request, "progress/progress.html", context)


def expected(attempts: Sequence[Attempt], dimmers: dict[Any, Any]) -> dict[str, Any]:
    """What was expected beside what happened, and with whom it happened more often than that."""
    people = {dimmer.person_id: dimmer.person for dimmer in dimmers.values()}
    guessed = summary.guessed(attempts)
    worse = summary.worse_than_expected(guessed, {dimmer.pk: dimmer.person_id for dimmer in dimmers.values()})
    return {
        "feared": summary.outcomes(summary.tested(attempts)),
        "guessed": summary.outcomes(guessed),
        "worse": [(people[person], outcomes) for person, outcomes in worse],
    }


def dimmers_of(user: Any) -> dict[Any, Any]:
    """All dimmers by id, with their persons."""
    return {dimmer.pk: dimmer for dimmer in user.dimmers.whole()}


def _steps(user: Any, attempts: Sequence[Attempt], shown: int | None) -> dict[str, Any]:
    dimmers = dimmers_of(user)
    tension = summary.tension(attempts)
    brightness = summary.brightness(attempts)
    lines = [(dimmers[id], steps) for id, steps in brightness[:shown]]
    return expected(attempts, dimmers) | {
        "tension": charts.tension(tension) if tension else None,
        "dimmers": [(dimmer, charts.brightness(steps, dimmer.ceiling)) for dimmer, steps in lines],
        "more_dimmers": len(brightness) - len(lines),
        "reactions": charts.bars(summary.reactions(attempts)),
        "signs": charts.bars(summary.signs(attempts)),
    }


def _feelings(user: Any, today: date) -> dict[str, Any]:
    rows = user.feelings.since(summary.first_day(today, summary.YEAR)).only("user", "day", "intensity", "words")
    kept = list(rows)
    feelings = {each.day: each.intensity for each in kept}
    earlier = summary.earlier(feelings, today)
    calendar = summary.calendar(feelings, today) if feelings else []
    chosen = summary.words(each.words for each in kept)
    return {
        "today": today,
        "calendar": calendar,
        "earlier": earlier,
        "year": charts.year([*earlier, *calendar]) if earlier else None,
        "days_written": summary.days_written(feelings, today),
        "chosen": chosen,
        "spots": charts.spots(summary.places(chosen)),
        "ends": charts.ENDS,
    }


def _read(user: Any) -> dict[str, Any]:
    finished = set(user.reads.exclude(finished_at=None).values_list("module", flat=True))
    editions = [book.edition(get_language()) for book in shelf().books]
    read = [(each, [module for module in each.course.modules if module.slug in finished]) for each in editions]
    return {"built_in": editions[0], "read": [(edition, modules) for edition, modules in read if modules]}
