"""What was survived: the timeline, its filters and search, one piece, the card."""

from datetime import date
from math import ceil
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from exercises.drafts.keeping import kept
from exercises.evidence.forms import EvidenceForm, FilterForm
from exercises.evidence.models import Evidence, name
from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.records.paging import Cursor, page
from exercises.records.search import SearchForm, search
from exercises.records.views import saved

ON_CARD = 3  # pieces at a time


def timeline(request: Request) -> HttpResponse:
    """The newest first, a page at a time; by POST what holds the words that are looked for."""
    form = SearchForm(sent(request))
    rows = request.user.evidence.all()
    if form.words:
        found = search(rows.select_related("person").before(None), form.words)
        return render(request, _template(request, "results"), {"search": form, "found": found})
    people = list(request.user.people.newest_first())
    filters = FilterForm(request.GET, people=people)
    filters.is_valid()
    cursor = Cursor.read(request.GET.get("before", ""), date)
    pieces, older = page(rows.like(**filters.cleaned_data).before(cursor))
    name(pieces, people)
    context = {"search": form, "found": None, "filters": filters, "pieces": pieces, "older": older, "cursor": cursor}
    return render(request, _template(request, "results" if form.is_bound else "items"), context)


def _template(request: Request, fragment: str) -> str:
    return f"evidence/timeline.html#{fragment}" if request.htmx else "evidence/timeline.html"


def new(request: Request) -> HttpResponse:
    """A piece of one's own."""
    form = EvidenceForm(sent(request), user=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved. It stays here, even on a harder day."))
        return redirect("evidence")
    return render(request, "evidence/form.html", {"form": kept(request, form)})


def item(request: Request, id: UUID) -> HttpResponse:
    """One piece: see it, change it."""
    piece = get_object_or_404(request.user.evidence.select_related("person"), pk=id)
    form = EvidenceForm(sent(request), user=request.user, instance=piece)
    if form.is_valid():
        form.save()
        return saved(request, "evidence_item", id)
    return render(request, "evidence/form.html", {"form": kept(request, form), "piece": piece})


def card(request: Request) -> HttpResponse:
    """For the minute before: three pieces at a time, what is nearest to this step, dimmer or person first."""
    step, dimmer, person = _about(request)
    steps = request.user.attempts.filter(dimmer=dimmer) if dimmer else None
    rows = request.user.evidence.select_related("person").nearest_first(steps, person)
    pieces, others = _three(rows, request.GET.get("page", ""))
    return render(request, "evidence/card.html", {"attempt": step, "pieces": pieces, "others": others})


def _about(request: Request) -> tuple[Any, Any, Any]:
    """The step, dimmer and person that the address names; None where it names none, 404 where it is not one's own."""
    user, asked = request.user, request.GET
    step = _own(user.attempts.whole(), asked["attempt"]) if "attempt" in asked else None
    dimmer = _own(user.dimmers.whole(), asked["dimmer"]) if "dimmer" in asked else step and step.dimmer
    person = _own(user.people.all(), asked["person"]) if "person" in asked else dimmer and dimmer.person
    return step, dimmer, person


def _own(rows: QuerySet, id: str) -> Any:
    try:
        return get_object_or_404(rows, pk=UUID(id))
    except ValueError:
        raise Http404 from None


def _three(rows: QuerySet, page: str) -> tuple[list[Evidence], int]:
    """Three of these rows, and the number of the page with the next; 0 where there are no others. It goes round."""
    pages = max(1, ceil(rows.count() / ON_CARD))
    at = (int(page) - 1) % pages if page.isdecimal() and len(page) < 7 else 0
    return list(rows[at * ON_CARD : (at + 1) * ON_CARD]), (at + 1) % pages + 1 if pages > 1 else 0
