"""Friendly pages for what goes wrong; whatever was being sent is shown again, so that nothing typed is lost.

They ask nothing of the database, not even who someone is: it may be what went wrong.
"""

import sys

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.urls import reverse

from exercises.drafts.views import refused
from exercises.records.typed import SECRET, is_typed

RETRY_AFTER = 10  # seconds
AWAY = {"25006", "25P03", "25P04"}  # reads alone (a standby), or out of time: Django takes it for our fault
TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
OTHER_SITE = ("Origin", "Referer")  # how Django's reasons begin when a form did not come from here


def _page(request: HttpRequest, name: str, status: int, *, ours: bool = True) -> HttpResponse:
    request.user = AnonymousUser()
    sent = _sent(request)
    typed = [pair for pair in sent if is_typed(*pair)]
    chosen = [pair for pair in sent if pair not in typed]
    again = request.get_full_path() if request.method == "POST" and ours else ""
    context = {"typed": typed, "chosen": chosen, "again": again}
    return render(request, f"errors/{name}.html", context, status=status)


def _sent(request: HttpRequest) -> list[tuple[str, str]]:
    try:
        fields = request.POST if request.method == "POST" else {}
    except (RequestDataTooBig, TooManyFieldsSent, UnreadablePostError):
        return []
    ours = SECRET | {"csrfmiddlewaretoken"}
    return [(key, value) for key in fields if key not in ours for value in request.POST.getlist(key)]


@login_not_required
def expired_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form's token is too old, or cookies are off. What another site sent, nobody is asked to send again."""
    ours = not reason.startswith(OTHER_SITE)
    if ours and request.path == reverse("draft_keep"):
        return refused(request, 403, "expired")
    return _page(request, "expired", 403, ours=ours)


def signed_out(request: HttpRequest) -> HttpResponse:
    """403: the session ended while someone was writing."""
    return _page(request, "signed_out", 403)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: not for this person; for a visitor who was sending something, the session ended."""
    return signed_out(request) if request.method == "POST" else _page(request, "forbidden", 403)


@login_not_required
def too_many(request: HttpRequest) -> HttpResponse:
    """429: tried too often in a short time."""
    return _page(request, "too_many", 429)


def mail_is_away(request: HttpRequest) -> HttpResponse:
    """503: an e-mail that someone waits for could not be sent."""
    return _page(request, "mail_is_away", 503)


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: also for a record that is someone else's."""
    return _page(request, "not_found", 404)


@login_not_required
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """413: too much at once. 400: nothing that a person with a browser sends."""
    return _page(request, "bad_request", 413 if isinstance(exception, TOO_MUCH) else 400)


@login_not_required
def fault(request: HttpRequest) -> HttpResponse:
    """500; or 503 where the database is away for a moment."""
    if _is_away(sys.exc_info()[1]):
        response = _page(request, "unavailable", 503)
        response["Retry-After"] = str(RETRY_AFTER)
        return response
    return _page(request, "fault", 500)


def _is_away(error: BaseException | None) -> bool:
    known = isinstance(error, OperationalError | InterfaceError)
    return known or (isinstance(error, InternalError) and getattr(error.__cause__, "sqlstate", None) in AWAY)
