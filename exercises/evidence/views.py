"""What was survived: the timeline, its filters and search, one piece."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from exercises.drafts.keeping import kept
from exercises.evidence.forms import EvidenceForm, FilterForm
from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.records.paging import Cursor, page
from exercises.records.search import SearchForm, search
from exercises.records.views import saved


def timeline(request: Request) -> HttpResponse:
    """The newest first, a page at a time; by POST what holds the words that are looked for."""
    form = SearchForm(sent(request))
    rows = request.user.evidence.select_related("person")
    if form.words:
        found = search(rows.before(None).iterator(chunk_size=500), form.words)
        return render(request, _template(request, "results"), {"search": form, "found": found})
    filters = FilterForm(request.GET, user=request.user)
    filters.is_valid()
    cursor = Cursor.read(request.GET.get("before", ""), date)
    pieces, older = page(rows.like(**filters.cleaned_data).before(cursor))
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
