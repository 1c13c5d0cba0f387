"""The private journal: the list, the search, one entry."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from exercises.course.courses import find
from exercises.drafts.keeping import kept
from exercises.journal.forms import EntryForm, asked_by
from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.records.paging import Cursor, page
from exercises.records.search import SearchForm, search
from exercises.records.views import saved


def journal(request: Request) -> HttpResponse:
    """The list, a page at a time; by POST what holds the words that are looked for."""
    form = SearchForm(sent(request))
    if form.words:
        found = search(request.user.entries.before(None), form.words)
        return render(request, _template(request, "results"), {"search": form, "found": found})
    cursor = Cursor.read(request.GET.get("before", ""), datetime)
    entries, older = page(request.user.entries.before(cursor))
    context = {"search": form, "found": None, "entries": entries, "older": older, "cursor": cursor}
    return render(request, _template(request, "results" if form.is_bound else "items"), context)


def _template(request: Request, fragment: str) -> str:
    return f"journal/journal.html#{fragment}" if request.htmx else "journal/journal.html"


def new(request: Request) -> HttpResponse:
    """A new entry, free or to a module's question."""
    asked = asked_by(request.GET.get("module", ""), request.GET.get("prompt", ""))
    initial = asked._asdict() | {"attempt": _own_attempt(request)}
    form = EntryForm(sent(request), user=request.user, initial=initial)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved. It is here whenever you want it."))
        return redirect("journal")
    return _page(request, form)


def _own_attempt(request: Request) -> UUID | None:
    try:
        wanted = UUID(request.GET.get("attempt", ""))
    except ValueError:
        return None
    return request.user.attempts.filter(pk=wanted).values_list("pk", flat=True).first()


def entry(request: Request, id: UUID) -> HttpResponse:
    """One entry: read it, go on with it."""
    form = EntryForm(sent(request), user=request.user, instance=get_object_or_404(request.user.entries, pk=id))
    if form.is_valid():
        form.save()
        return saved(request, "entry", id)
    return _page(request, form)


def _page(request: Request, form: EntryForm) -> HttpResponse:
    """The form, with the module that the question came from and the step it is about, where they are still there."""
    context: dict[str, Any] = {"form": kept(request, form), "module": find(form.asked.module, get_language())}
    entry = form.instance
    if not entry._state.adding:
        context |= {"entry": entry, "attempt": request.user.attempts.whole().filter(pk=entry.attempt_id).first()}
    return render(request, "journal/form.html", context)
