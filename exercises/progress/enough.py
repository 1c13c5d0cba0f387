"""A page that looks back, for who says that it is enough; and the ways to leave well."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from exercises.progress import summary
from exercises.records.http import Request


@require_safe
def enough(request: Request) -> HttpResponse:
    """One's own words at the start and at the end, figures where they are wished for, and how to leave."""
    user = request.user
    pieces = _ends(user.evidence.select_related("person").before(None))
    said = {piece.happened for piece in pieces}
    learned = _ends(user.attempts.whole().was_done().filter(learned__isnull=False).latest_first())
    context = {
        "pieces": pieces,
        "learned": [step for step in learned if step.learned not in said],
        "checked_on": user.self_checks.order_by("-day").values_list("day", flat=True).first(),
        "reminder": user.reminders.filter(on=True).first(),
        "today": timezone.localdate(),
    }
    return render(request, "progress/enough.html", context | (_figures(user) if request.wishes.progress_on else {}))


def _figures(user: Any) -> dict[str, Any]:
    steps = user.attempts.whole().was_done().figures()
    counts = {"feelings": user.feelings.count(), "entries": user.entries.count(), "evidence": user.evidence.count()}
    return {
        "totals": summary.totals(attempts=steps, **counts),
        "feared": summary.outcomes(summary.tested(steps)),
    }


def _ends(newest_first: Any) -> list[Any]:
    """The first and the last of these rows; one where there is one."""
    first, last = newest_first.last(), newest_first.first()
    return [first, last] if first != last else [last] if last else []
