"""Below a module: what readers say, once a moderator shows it; for who has started, a form and their own."""

from typing import Any
from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from exercises.course.courses import find
from exercises.course.pages import Module
from exercises.drafts.keeping import kept
from exercises.reactions.forms import ReactionForm
from exercises.reactions.models import Reaction, State
from exercises.records.forms import sent
from exercises.records.http import Request, own_address
from exercises.records.paging import page

LOOKS_AGAIN = gettext_lazy("Thank you. A moderator will look at it again.")
STILL_SHOWN = gettext_lazy(
    "Thank you. A moderator looked at this before, and let it stay. Once three readers have reported it since then, it"
    " is out of sight until a moderator has looked again."
)
TOO_MANY_HERE = gettext_lazy("Many reactions came from this connection in the last hour. Try again later.")


@login_not_required
@require_safe
@vary_on_headers("HX-Request")
def reactions(request: Request, slug: str) -> HttpResponse:
    """What is shown below a module, as a page or as a piece of the module's own; for a visitor one query, no form."""
    module = _module(slug)
    form = ReactionForm(user=request.user, module=slug) if request.user.is_authenticated else None
    return _page(request, module, form)


def new(request: Request, slug: str) -> HttpResponse:
    """Leave a reaction; it waits for a moderator."""
    module = _module(slug)
    form = ReactionForm(sent(request), user=request.user, module=slug)
    if form.is_valid() and (form.earlier or ratelimit.consume(request, action="reaction")):
        form.save()
        messages.success(request, _("Thank you. A moderator reads it first. Until then only you see it here."))
        return redirect("reactions", slug)
    if form.is_bound and form.is_valid():
        form.add_error(None, TOO_MANY_HERE)
    return _page(request, module, form)


@require_POST
def withdraw(request: Request, id: UUID) -> HttpResponse:
    """One's own is gone at once; a second click finds nothing, and says the same."""
    row = Reaction.objects.filter(pk=id).first()
    if row and row.author_id != request.user.pk:
        raise Http404
    if row:
        row.delete()
    messages.success(request, _("Withdrawn. Your reaction is gone."))
    return redirect(own_address(request, "read"))


@require_POST
def report(request: Request, id: UUID) -> HttpResponse:
    """What is not right: once for each reader, and a second click says the same. A new account waits a day for it."""
    row = get_object_or_404(Reaction.objects.select_for_update().exclude(author=request.user), pk=id)
    if not row.is_reported_by(request.user):
        if row.state != State.SHOWN:
            raise Http404
        if not_yet := _reports_from(request.user):
            messages.info(request, not_yet)
            return redirect(own_address(request, "read"))
        if too_often := ratelimit.consume_or_429(request, action="report"):
            return too_often
        row.report(request.user, timezone.now())
    messages.success(request, STILL_SHOWN if row.state == State.SHOWN else LOOKS_AGAIN)
    return redirect(own_address(request, "read"))


def _reports_from(reader: Any) -> str:
    """The sentence that says from when someone can report; empty for who can."""
    moment = Reaction.reportable_from(reader)
    if moment <= timezone.now():
        return ""
    day, time = date_format(timezone.localtime(moment), "l j F"), date_format(timezone.localtime(moment), "H:i")
    return _("You can report a reaction from %(day)s at %(time)s, a day after you started.") % {
        "day": day,
        "time": time,
    }


def _module(slug: str) -> Module:
    module = find(slug, get_language())
    if module is None:
        raise Http404
    return module


def _page(request: Request, module: Module, form: ReactionForm | None) -> HttpResponse:
    """What others wrote; for who has started with their own, in whichever state. A piece of it where that is asked."""
    below = Reaction.objects.below(module.slug, get_language(), request.GET.get("before", "")).shown()
    mine, reports_from = [], ""
    if form:
        form = kept(request, form, reverse("reaction_new", args=[module.slug]))
        reports_from = _reports_from(request.user)
        below = below.exclude(author=request.user)
        mine = request.user.reactions.filter(module=module.slug).order_by("-created_at")
    rows, older = page(below)
    shown = [(row, bool(form) and row.is_reported_by(request.user)) for row in rows]
    context = {"module": module, "form": form, "shown": shown, "older": older, "mine": mine}
    piece = ("#items" if "before" in request.GET else "#below") if request.htmx else ""
    return render(request, f"reactions/reactions.html{piece}", context | {"reports_from": reports_from})
