"""How often did what I feared come true? And everything else that was kept, counted and drawn."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from exercises.course.pages import course
from exercises.progress import charts, summary
from exercises.records.http import Request


@require_safe
def progress(request: Request) -> HttpResponse:
    """Totals, predictions, tension, brightness, the last 12 weeks and what was read; one query for each table."""
    if not request.wishes.progress_on:
        return render(request, "progress/off.html")
    user, today = request.user, timezone.localdate()
    attempts = list(user.attempts.whole().answered())
    feelings = dict(user.feelings.values_list("day", "intensity"))
    finished = set(user.reads.exclude(finished_at=None).values_list("module", flat=True))
    modules = course(get_language()).modules
    tension = summary.tension(attempts)
    context = {
        "totals": summary.totals(
            feelings=len(feelings), attempts=attempts, entries=user.entries.count(), evidence=user.evidence.count()
        ),
        "feared": summary.outcomes(summary.tested(attempts)),
        "guessed": summary.outcomes(summary.guessed(attempts)),
        "tension": charts.tension(tension) if tension else None,
        "dimmers": [(dimmer, charts.brightness(steps)) for dimmer, steps in summary.brightness(attempts)],
        "calendar": summary.calendar(feelings, today) if feelings else [],
        "days_written": summary.days_written(feelings, today),
        "today": today,
        "modules": modules,
        "read": [module for module in modules if module.slug in finished],
    }
    return render(request, "progress/progress.html", context)
