"""What is being typed: kept, listed, thrown away."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_POST, require_safe

from exercises.drafts import keeping
from exercises.drafts.forms import KeepForm
from exercises.records.forms import mark_of
from exercises.records.http import Request
from exercises.records.settings import wishes
from exercises.records.views import say_deleted, to_delete


@login_not_required
@require_POST
def keep(request: Request) -> JsonResponse:
    """Keep a form as it is now; shows nothing of what is kept, so that it may go on behind a lock.

    200 `{"kept": "21:04"}`, in the person's own time. Else a `reason`: 400 `too_long` or `invalid`, 401 `signed_out`,
    403 `expired` (by `kwetsbaar.errors`), 409 `someone_else` or `off`.
    """
    if not request.user.is_authenticated:
        return refused(request, 401, "signed_out")
    form = KeepForm(request.POST)
    if not form.is_valid():
        return refused(request, 400, "too_long" if form.has_error("__all__", "too_long") else "invalid")
    data = form.cleaned_data
    if data["whose"] != mark_of(request.user):
        return refused(request, 409, "someone_else")
    if not wishes(request.user).drafts_on:
        return refused(request, 409, "off")
    return JsonResponse({"kept": _keep(request.user, data, request.POST)})


def _keep(user: Any, data: dict[str, Any], sent: Any) -> str:
    if data["draft_nothing"]:
        user.drafts.filter(form=data["draft_page"], row=data["id"]).delete()
        return ""
    draft = keeping.keep(user, data["draft_page"], data["id"], sent)
    return date_format(timezone.localtime(draft.updated_at), "H:i")


def refused(request: HttpRequest, status: int, reason: str) -> JsonResponse:
    """Why nothing was kept. Where signing in again has changed the token of forms, with one that works.

    Safe to give: the token proves that a form comes from a page of ours, and only such a page can read this answer
    (no other origin may: no CORS header, and Cross-Origin-Resource-Policy). It is what each GET of a page gives too.
    """
    token = {"token": get_token(request)} if status in (401, 403) else {}
    return JsonResponse({"reason": reason} | token, status=status)


@require_safe
def drafts(request: Request) -> HttpResponse:
    """What is kept, the last typed first."""
    context = {"drafts": request.user.drafts.kept(timezone.now()), "on": wishes(request.user).drafts_on}
    return render(request, "drafts/drafts.html", context)


@require_POST
def throw_away(request: Request, id: UUID) -> HttpResponse:
    """Gone, with a day to undo; then the page without it, or the list where it was asked for."""
    draft = get_object_or_404(to_delete(request, request.user.drafts), pk=id)
    if draft.deleted_at is None:
        draft.discard()
    say_deleted(request, reverse("draft_undo", args=[id]))
    return redirect("drafts" if "list" in request.POST else draft.clean_address)
