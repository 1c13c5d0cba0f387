"""One honest feeling a day, on a day of the person's own calendar."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from exercises.feeling.forms import FeelingForm
from exercises.feeling.models import DailyFeeling
from exercises.records.http import Request

FIRST_DAY = date(1900, 1, 1)
ONE_DAY = timedelta(days=1)


def feeling(request: Request, day: date | None = None) -> HttpResponse:
    """The feeling of that day, or of today: seen, saved, changed."""
    today = timezone.localdate()
    day = day or today
    if day < FIRST_DAY:
        raise Http404
    if day > today:
        messages.info(request, _("That day is still to come. Here is today."))
        return redirect("feeling")
    rows = request.user.feelings.on(day)
    row = (rows.select_for_update() if request.method == "POST" else rows).first()
    form = FeelingForm(
        request.POST or None, user=request.user, instance=row or DailyFeeling(user=request.user, day=day)
    )
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved. You can come back to it whenever you like."))
        return redirect("today")
    around = {"previous": day - ONE_DAY if day > FIRST_DAY else None, "next": day + ONE_DAY if day < today else None}
    return render(request, "feeling/feeling.html", {"form": form, "row": row, "day": day, "today": today} | around)
