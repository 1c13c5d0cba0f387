"""Taking away a record, and putting it back: the same for every feature, which `urls.py` names."""

from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from exercises.records.http import Request
from exercises.records.models import UNDO_FOR, Record, purge


def saved(request: Request, page: str, *args: Any) -> HttpResponse:
    """Say that it was saved, and go on to that page."""
    messages.success(request, _("Saved."))
    return redirect(page, *args)


def say_deleted(request: Request, undo: str) -> None:
    """Tell that it is gone, with the address that puts it back; and purge what this person deleted long ago."""
    purge(timezone.now(), user=request.user)
    messages.success(request, _("Deleted."), extra_tags=undo)


def to_delete(request: Request, rows: Any) -> QuerySet:
    """Of a person's `rows`, those that may be deleted. A second click waits for the first, and finds its row hidden."""
    return rows(manager="with_deleted").select_for_update(of=("self",)) if request.method == "POST" else rows.all()


@require_POST
def discard(request: Request, id: Any, model: type[Record], back: str, undo: str) -> HttpResponse:
    """Hide one of the person's own rows; a second click finds it hidden, and says the same."""
    row = get_object_or_404(model.with_deleted.select_for_update(), user=request.user, pk=id)
    if row.deleted_at is None:
        row.discard()
    say_deleted(request, reverse(undo, args=[id]))
    return redirect(back)


@require_POST
def restore(request: Request, id: Any, model: type[Record], back: str) -> HttpResponse:
    """Put a hidden row back within the day, unless something else has taken its place."""
    gone = model.with_deleted.exclude(deleted_at__lt=timezone.now() - UNDO_FOR)
    row = get_object_or_404(gone, user=request.user, pk=id)
    try:
        with transaction.atomic():
            row.restore()
        messages.success(request, _("Back again."))
    except IntegrityError:
        messages.info(request, _("There is already something new in its place, so the old one cannot come back."))
    return redirect(back)
