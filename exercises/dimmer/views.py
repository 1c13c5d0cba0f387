"""The exercise page, the dimmers, and a step: planned, taken, looked back on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from exercises.course.courses import find
from exercises.course.pages import NOTCHES, Module, course
from exercises.dimmer import advice
from exercises.dimmer.forms import (
    AfterForm,
    DeleteAttemptForm,
    EditDimmerForm,
    NewDimmerForm,
    ObserveForm,
    PlanForm,
    StartWithForm,
    said,
)
from exercises.dimmer.models import Attempt, Dimmer, Done
from exercises.dimmer.next_step import NOT_SAFE, NextStep, is_reason, is_unsafe, next_step, reason
from exercises.dimmer.suggestion import suggest
from exercises.drafts.keeping import kept
from exercises.records.forms import sent
from exercises.records.http import Request, constant
from exercises.records.paging import Cursor, page
from exercises.records.views import saved, say_deleted, to_delete


@constant
def exercise(request: Request, slug: str) -> HttpResponse:
    """What a module asks one to try: for everybody to read; who has started can begin right here."""
    module = _module(slug)
    if module is None:
        raise Http404
    if not request.user.is_authenticated:
        if request.method == "POST":  # the session ended while someone was writing
            raise PermissionDenied
        return render(request, "dimmer/exercise.html", {"module": module})
    if module.exercise.observes:
        return _observe(request, module)
    mine = request.user.dimmers.whole().in_use().newest_first()
    return render(request, "dimmer/exercise.html", {"module": module, "dimmers": mine})


def _observe(request: Request, module: Module) -> HttpResponse:
    """The plan of a step at level 0, on the exercise's own page."""
    form = ObserveForm(sent(request), user=request.user, instance=Attempt(exercise=module.slug))
    if form.is_valid():
        return saved(request, "attempt", form.save().pk)
    return render(request, "dimmer/exercise.html", {"module": module, "form": kept(request, form)})


def dimmers(request: Request) -> HttpResponse:
    """All dimmers, what is planned, what one looked at (a page at a time), and what is suggested."""
    looked_at, older = page(request.user.attempts.observed().before(_cursor(request)))
    mine = list(request.user.dimmers.whole().with_level(request.user).newest_first())
    in_use = [one for one in mine if not one.archived_at and not one.person.archived_at]
    context = {
        "dimmers": in_use,
        "put_away": [one for one in mine if one not in in_use],
        "planned": [(step, _module(step.exercise)) for step in request.user.attempts.whole().planned().newest_first()],
        "looked_at": [(step, _module(step.exercise)) for step in looked_at],
        "older": older,
    }
    return render(request, "dimmer/dimmers.html", context | _suggested(request))


def _suggested(request: Request) -> dict[str, Any]:
    kept = request.user.settings.first()
    answers = kept.start_with if kept else {}
    begun = set(request.user.attempts.order_by().values_list("exercise", flat=True).distinct())
    modules = course(get_language()).modules
    suggestion = suggest([(module.slug, module.exercise) for module in modules], answers, begun)
    module = _module(suggestion.slug) if suggestion else None
    return {"suggestion": suggestion, "module": module, "said": said(answers), "answered": any(answers.values())}


def start_with(request: Request) -> HttpResponse:
    """Three small questions, which choose what is suggested; they can be skipped, and changed later."""
    kept = request.user.settings.first()
    form = StartWithForm(sent(request), initial=kept.start_with if kept else {})
    if form.is_valid():
        request.user.settings.update_or_create(defaults={"start_with": form.cleaned_data})
        return saved(request, "dimmers")
    return render(request, "dimmer/start_with.html", {"form": form})


def new(request: Request) -> HttpResponse:
    """A new dimmer, with someone new where wanted; then on to its first step."""
    initial = {"person": request.GET.get("person"), "topic": _topic(request)}
    form = NewDimmerForm(sent(request), user=request.user, initial=initial)
    if form.is_valid():
        address = reverse("plan", args=[form.save().pk])
        module = _module(request.GET.get("exercise"))
        return redirect(f"{address}?exercise={module.slug}" if module else address)
    return render(request, "dimmer/new.html", {"form": kept(request, form)})


def _topic(request: Request) -> str:
    """The topic of one's own dimmer that is named: the same with someone else."""
    try:
        like = UUID(request.GET.get("like", ""))
    except ValueError:
        return ""
    one = request.user.dimmers.whole().filter(pk=like).first()
    return one.topic if one else ""


def dimmer(request: Request, id: UUID) -> HttpResponse:
    """One dimmer: how bright it is now, its steps, the next one, and the form that changes it."""
    one = get_object_or_404(request.user.dimmers.whole().with_level(request.user), pk=id)
    form = EditDimmerForm(sent(request), user=request.user, instance=one)
    if form.is_valid():
        form.save()
        return saved(request, "dimmer", id)
    attempts, older = page(request.user.attempts.filter(dimmer=one).before(_cursor(request)))
    context = {"dimmer": one, "form": kept(request, form), "attempts": attempts, "older": older}
    return render(request, "dimmer/dimmer.html", context | {"next": _next(request, one)})


def plan(request: Request, id: UUID) -> HttpResponse:
    """A step before it is taken. With someone who is paused, when openness is not safe is to be read first."""
    one = get_object_or_404(request.user.dimmers.whole().with_level(request.user), pk=id)
    module, offered = _module(request.GET.get("exercise")), _next(request, one)
    level = _level(request.GET.get("level", ""), offered, one.level_now, module)
    fresh = Attempt(dimmer=one, level=level, exercise=module.slug if module else "")
    if "sharing" in request.GET:
        fresh.more = _("I send a link to a piece of my evidence.")
    form = PlanForm(sent(request), user=request.user, instance=fresh, next_step=offered)
    read = offered.advice.rule != "S1" or "read" in request.GET
    if form.is_valid() and read:
        return saved(request, "attempt", form.save().pk)
    context = {"dimmer": one, "form": kept(request, form), "module": module, "next": offered, "read": read}
    return render(request, "dimmer/plan.html", context)


def attempt(request: Request, id: UUID) -> HttpResponse:
    """A step: its plan (`?edit=1` or a POST changes it), and once it was looked back on, all of it and what is next."""
    one = _attempt(request, id)
    offered = _next(request, one.dimmer) if one.dimmer else None
    form = (
        PlanForm(sent(request), user=request.user, instance=one, next_step=offered)
        if one.dimmer
        else ObserveForm(sent(request), user=request.user, instance=one)
    )
    if form.is_valid():
        form.save()
        return saved(request, "attempt", id)
    stored: Any = one.advice
    context = {
        "attempt": one,
        "dimmer": one.dimmer,
        "module": _module(one.exercise),
        "next": offered,
        "why": reason(stored["rule"], stored["facts"], stored.get("level")) if is_reason(stored) else None,
        "read": True,
    }
    if request.method == "POST" or "edit" in request.GET:
        return render(request, "dimmer/plan.html", context | {"form": kept(request, form)})
    return render(request, "dimmer/attempt.html", context)


def stay(request: Request, id: UUID) -> HttpResponse:
    """Look, breathe, stay: a calm page for the moment itself."""
    return render(request, "dimmer/stay.html", {"attempt": _attempt(request, id)})


def after(request: Request, id: UUID) -> HttpResponse:
    """Looking back on a step; what was done goes to the evidence, if wanted."""
    one = _attempt(request, id)
    stood, said_before = one.in_evidence, one.looked_back
    initial: dict[str, Any] = {"done": request.GET["done"]} if request.GET.get("done") in Done else {}
    if "too_much" in request.GET:
        initial["too_much"] = True
    form = AfterForm(sent(request), user=request.user, instance=one, initial=initial)
    if not form.is_valid():
        return render(request, "dimmer/after.html", {"attempt": one, "form": kept(request, form)})
    if not one.looked_back and not said_before:
        messages.info(request, _("You left everything empty. That is fine. Your step stays as it was."))
        return redirect("attempt", id)
    one = form.save()
    answer = saved(request, "attempt", id)
    if stood and not one.in_evidence:
        say_deleted(request, reverse("evidence_undo", args=[one.evidence_id]))
    return answer


def delete_attempt(request: Request, id: UUID) -> HttpResponse:
    """Asks what to do with its evidence; then it is gone, with a day to undo."""
    one = get_object_or_404(to_delete(request, request.user.attempts), pk=id)
    form = DeleteAttemptForm(sent(request))
    if form.is_valid():
        if one.deleted_at is None:
            one.discard(also_evidence=form.cleaned_data["evidence"] == "delete")
        say_deleted(request, reverse("attempt_undo", args=[id]))
        return redirect("dimmer", one.dimmer_id) if one.dimmer else redirect("dimmers")
    return render(request, "dimmer/delete_attempt.html", {"attempt": one, "form": form})


@require_safe
def how_advice_works(request: Request) -> HttpResponse:
    """The rules and their figures, as they stand in advice.py."""
    return render(request, "dimmer/how_advice.html", {"advice": advice})


@require_POST
def not_today(request: Request, id: UUID) -> HttpResponse:
    """As good a choice as any other: today's page no longer offers a step on this dimmer, until tomorrow."""
    one = get_object_or_404(request.user.dimmers.whole(), pk=id)
    one.rested_on = timezone.localdate()
    one.save(update_fields=["rested_on"])
    messages.success(request, _("Not today. That is fine: it will still be there."))
    return redirect("today")


@require_POST
def not_safe(request: Request) -> HttpResponse:
    """Whoever is not safe now gets help, and no step for the rest of the day; only the sealed session knows."""
    if "again" in request.POST:
        request.session.pop(NOT_SAFE, None)
        return redirect("today")
    request.session[NOT_SAFE] = timezone.localdate().isoformat()
    return redirect("help")


def _cursor(request: Request) -> Cursor | None:
    return Cursor.read(request.GET.get("before", ""), datetime)


def _module(slug: str | None) -> Module | None:
    return find(slug or "", get_language())


def _attempt(request: Request, id: UUID) -> Attempt:
    """One's own step. A POST holds its row, so that a double click waits for the first and sees what it wrote."""
    attempts = request.user.attempts.whole()
    if request.method == "POST":  # its evidence is fetched after the wait: a join would still show it as it was before
        attempts = attempts.select_for_update(of=("self",))
    return get_object_or_404(attempts, pk=id)


def _next(request: Request, one: Dimmer) -> NextStep:
    today = timezone.localdate()
    return next_step(request.user, one, today, unsafe_now=is_unsafe(request.session, today))


def _level(asked: str, offered: NextStep, level_now: int | None, module: Module | None) -> int:
    """Where a plan begins: the level asked for, else the exercise's own, else the last or what is advised below."""
    if asked in map(str, NOTCHES):
        return int(asked)
    if module:
        return module.exercise.start
    known = [level for level in (level_now, offered.advice.level) if level is not None]
    return min(known, default=advice.FIRST)
