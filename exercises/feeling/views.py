"""One honest feeling a day, on a day of the person's own calendar."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from exercises.drafts.keeping import kept
from exercises.feeling.forms import FeelingForm
from exercises.feeling.models import DailyFeeling
from exercises.records.fields import FIRST_DAY
from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.records.views import say_deleted

ONE_DAY = timedelta(days=1)


def feeling(request: Request, day: date | None = None) -> HttpResponse:
    """The feeling of that day, or of today: seen, saved, changed. With `?look` what is sent is shown, not saved."""
    today = timezone.localdate()
    day = day or today
    if day < FIRST_DAY:
        raise Http404
    rows = request.user.feelings.on(day)
    row = (rows.select_for_update() if request.method == "POST" else rows).first()
    if day > today and row is None and request.method != "POST":
        messages.info(request, _("That day is still to come. Here is today."))
        return redirect("feeling")
    stood = row is not None and row.in_evidence
    form = FeelingForm(sent(request), user=request.user, instance=row or DailyFeeling(user=request.user, day=day))
    if form.is_valid() and "look" not in request.GET:
        return _saved(request, form.save(), stood)
    form = kept(request, form, reverse("feeling_day", args=[day]))
    around = {"previous": day - ONE_DAY if day > FIRST_DAY else None, "next": day + ONE_DAY if day < today else None}
    return render(request, "feeling/feeling.html", {"form": form, "row": row, "day": day, "today": today} | around)


def _saved(request: Request, row: DailyFeeling, stood: bool) -> HttpResponse:
    """Says so; where its evidence `stood` and is gone now, with the way to put that back."""
    messages.success(request, _("Saved. You can come back to it whenever you like."))
    if stood and not row.in_evidence:
        say_deleted(request, reverse("evidence_undo", args=[row.evidence_id]))
    return redirect("today")
