"""Below a module: what readers say, once a moderator shows it; for who has started, a form and their own."""

from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from exercises.course.courses import find
from exercises.course.pages import Module
from exercises.reactions.forms import ReactionForm
from exercises.reactions.models import Reaction, State
from exercises.records.forms import sent
from exercises.records.http import Request, own_address
from exercises.records.paging import page

TOO_MANY_HERE = gettext_lazy("Many reactions came from this connection in the last hour. Try again later.")


@login_not_required
@require_safe
def reactions(request: Request, slug: str) -> HttpResponse:
    """What is shown below a module; for a visitor one query and no form."""
    module = _module(slug)
    form = ReactionForm(user=request.user, module=slug) if request.user.is_authenticated else None
    return _page(request, module, form)


def new(request: Request, slug: str) -> HttpResponse:
    """Leave a reaction; it waits for a moderator."""
    module = _module(slug)
    form = ReactionForm(sent(request), user=request.user, module=slug)
    if form.is_valid() and (form.twin or ratelimit.consume(request, action="reaction")):
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
    """What is shown goes back to waiting, once for each reader; a second click says the same."""
    row = get_object_or_404(Reaction.objects.select_for_update().exclude(author=request.user), pk=id)
    if not row.is_reported_by(request.user):
        if row.state != State.SHOWN:
            raise Http404
        if too_often := ratelimit.consume_or_429(request, action="report"):
            return too_often
        row.report(request.user, timezone.now())
    messages.success(request, _("Thank you. A moderator looks at it again."))
    return redirect(own_address(request, "read"))


def _module(slug: str) -> Module:
    module = find(slug, get_language())
    if module is None:
        raise Http404
    return module


def _page(request: Request, module: Module, form: ReactionForm | None) -> HttpResponse:
    """A page of what others wrote; for who has started with their own, in whichever state."""
    below = Reaction.objects.below(module.slug, get_language(), request.GET.get("before", "")).shown()
    mine = []
    if form:
        below = below.exclude(author=request.user)
        mine = request.user.reactions.filter(module=module.slug).order_by("-created_at")
    rows, older = page(below)
    shown = [(row, bool(form) and row.is_reported_by(request.user)) for row in rows]
    context = {"module": module, "form": form, "shown": shown, "older": older, "mine": mine}
    template = "reactions/reactions.html#items" if request.htmx else "reactions/reactions.html"
    return render(request, template, context)
