"""A link to chosen evidence: made, shown, closed; and what whoever has it sees."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from exercises.drafts.keeping import kept
from exercises.evidence.models import Evidence
from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.records.links import UNSEEN, opened
from exercises.records.paging import Cursor, page
from exercises.records.rowsecurity import reading_as
from exercises.sharing.forms import ShareForm
from exercises.sharing.models import LINK, Share, ids


@require_safe
def shares(request: Request) -> HttpResponse:
    """One's own links: those that are open first, then those that ended, a page at a time."""
    now, mine = timezone.now(), request.user.shares
    ended, older = page(mine.ended(now, Cursor.read(request.GET.get("before", ""), datetime)))
    working = [] if "before" in request.GET else mine.open(now)
    context = {"open": _listed(request, working), "ended": _listed(request, ended), "older": older}
    return render(request, "sharing/shares.html", context)


def _listed(request: Request, rows: Iterable[Share]) -> list[tuple[Share, list[Evidence]]]:
    """Each with its pieces that are still there, all of them in one query."""
    wanted = {row: ids(row.pieces) for row in rows}
    there = request.user.evidence.in_bulk({id for named in wanted.values() for id in named})
    return [(row, [there[id] for id in named if id in there]) for row, named in wanted.items()]


def new(request: Request) -> HttpResponse:
    """Pick pieces one by one; `?piece=` may name some to begin with."""
    form = ShareForm(sent(request), user=request.user, initial={"pieces": request.GET.getlist("piece")})
    if form.is_valid() and not form.wants_older:
        messages.success(request, _("Your link is ready. Nobody has it until you send it."))
        return redirect("share", form.save().pk)
    return render(request, "sharing/new.html", {"form": kept(request, form)})


@require_safe
def share(request: Request, id: UUID) -> HttpResponse:
    """One link: to copy, until when it works, how often it was opened, what it shows; and to close it."""
    row = get_object_or_404(request.user.shares, pk=id)
    address = request.build_absolute_uri(reverse("shared", args=[row.token]))
    context = {"share": row, "ended": row.ended(timezone.now()), "pieces": row.still_there(), "address": address}
    dimmers = request.user.dimmers.whole().in_use().filter(person__paused_at=None).newest_first()
    return render(request, "sharing/share.html", context | {"dimmers": dimmers})


@login_not_required
@require_safe
@never_cache
def shared(request: Request, token: str) -> HttpResponse:
    """What whoever has the link sees, whoever they are here; every link that does not work looks the same."""
    visitor, request.user, request.wishes = request.user.pk, AnonymousUser(), None
    named = opened(LINK, token)
    if named is None:
        return _read_only(request, [])
    with reading_as(named[0]):
        row = _open(*named)
        pieces = list(row.still_there()) if row else []
        if row and pieces and visitor != row.user_id and _is_read(request):
            row.count_view()
        return _read_only(request, pieces)


def _open(user_id: UUID, id: UUID) -> Share | None:
    owner: Any = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return owner and owner.shares.open(timezone.now()).filter(pk=id).first()


def _is_read(request: Request) -> bool:
    """Whether a person may be looking, and no browser that fetches ahead."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return request.method == "GET" and "prefetch" not in purpose


def _read_only(request: Request, pieces: list[Evidence]) -> HttpResponse:
    """The page without anything of the reader; where nothing is left to read it says that the link is closed."""
    context = {"pieces": pieces, "canonical": "", "alternates": (), "languages": ()}  # nowhere on it stands the token
    response = render(request, "sharing/shared.html", context, status=200 if pieces else 404)
    for name, value in UNSEEN.items():
        response[name] = value
    return response
