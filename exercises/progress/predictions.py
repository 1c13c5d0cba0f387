"""Each prediction beside what happened."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from exercises.progress import charts, summary
from exercises.progress.views import dimmers_of, expected
from exercises.records.http import Request
from exercises.records.paging import Cursor, page


@require_safe
def predictions(request: Request) -> HttpResponse:
    """The newest first, a page at a time; above them the sums, and what protective habits did."""
    if not request.wishes.progress_on:
        return render(request, "progress/off.html")
    cursor = Cursor.read(request.GET.get("before", ""), date)
    found, older = page(request.user.attempts.whole().tested(cursor), lambda step: Cursor(step.day, step.pk))
    context = {"predictions": found, "older": older, "cursor": cursor}
    if request.htmx:
        return render(request, "progress/predictions.html#items", context)
    return render(request, "progress/predictions.html", context | _sums(request.user))


def _sums(user: Any) -> dict[str, Any]:
    attempts = user.attempts.whole().answered().figures()
    return expected(attempts, dimmers_of(user)) | {
        "strips": charts.strips(summary.bands(summary.guessed(attempts))),
        "habits": summary.habits(attempts),
    }
