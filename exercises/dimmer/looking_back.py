"""A day later, once: how does one look back on a step? Then it is closed, so that nobody has to keep replaying it."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exercises.dimmer.models import Attempt
from exercises.drafts.keeping import kept
from exercises.records.forms import RecordForm, sent
from exercises.records.http import Request


class LookBackForm(RecordForm):
    """One line, or none: an empty one is skipped, which is an answer too."""

    class Meta:
        model = Attempt
        fields = ["look_back"]
        labels = {"look_back": gettext_lazy("How do you look back on it?")}
        help_texts = {"look_back": gettext_lazy("One line is enough.")}
        widgets = {"look_back": forms.Textarea({"rows": 2})}

    def save(self, commit: bool = True) -> Attempt:
        self.instance.look_back_on = self.instance.look_back_on or timezone.localdate()
        return super().save(commit)


def is_early(step: Attempt, today: date) -> bool:
    """Whether no night has passed yet since the step, or it was not done."""
    return not step.was_done or (step.done_on or timezone.localdate(step.created_at)) >= today


def is_closed(step: Attempt, today: date) -> bool:
    """Whether it was answered, or skipped, on an earlier day."""
    return step.look_back_on is not None and step.look_back_on < today


def look_back(request: Request, id: UUID) -> HttpResponse:
    """The question; before its time, and after it was answered, what there is to read instead."""
    steps, today = request.user.attempts.whole(), timezone.localdate()
    steps = steps.select_for_update(of=("self",)) if request.method == "POST" else steps
    step = get_object_or_404(steps, pk=id)
    closed = is_closed(step, today)
    if closed or is_early(step, today):
        context = {"attempt": step, "closed": closed, "typed": request.POST.get("look_back", "")}
        return render(request, "dimmer/look_back.html", context)
    form = LookBackForm(_line(request), user=request.user, instance=step)
    if form.is_valid():
        return _answered(request, form.save())
    return render(request, "dimmer/look_back.html", {"attempt": step, "form": kept(request, form)})


def _line(request: Request) -> QueryDict | None:
    """What was sent; whoever skips sends nothing, whatever was typed."""
    data = sent(request)
    if data and "skip" in data:
        data = data.copy()
        data["look_back"] = ""
    return data


def _answered(request: Request, step: Any) -> HttpResponse:
    said = (
        _("Saved. You can still change it today. After that it is closed.")
        if step.look_back
        else _("Skipped. That is fine too.")
    )
    messages.success(request, said)
    return redirect("today") if "skip" in request.POST else redirect("attempt", step.pk)
