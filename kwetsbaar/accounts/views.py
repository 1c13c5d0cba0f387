"""The landing page, starting as a guest, coming back, leaving."""

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.safety.lines import FOR_THE_YOUNG
from kwetsbaar.accounts.forms import ReturnForm, StartForm
from kwetsbaar.accounts.models import Throttle, User, new_return_code

TRIES_AN_HOUR = 10
SHOWN_FOR = 10 * 60  # seconds that the code can be looked at again


@login_not_required
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What this is."""
    return render(request, "accounts/landing.html")


@login_not_required
def start(request: HttpRequest) -> HttpResponse:
    """Consent, then a guest, who is shown the return code next."""
    if request.user.is_authenticated:
        return redirect(_next(request))
    form = StartForm(sent(request))
    if not form.is_valid():
        context = {"form": form, "next": _next(request), "young": FOR_THE_YOUNG}
        return render(request, "accounts/start.html", context)
    data = form.cleaned_data
    user = User.objects.start_guest(
        data["id"], language=get_language(), time_zone=data["time_zone"], now=timezone.now()
    )
    seed = data["seed"] or secrets.token_urlsafe()
    user.renew_return_code(seed)
    login(request, user)
    return _show_code(request, seed)


def return_code(request: Request) -> HttpResponse:
    """The code of just now. A POST makes a new one: the old one stops working, and whoever came in with it is out."""
    if request.method == "POST":
        seed = secrets.token_urlsafe()
        request.user.renew_return_code(seed)
        update_session_auth_hash(request, request.user)
        return _show_code(request, seed)
    seed, until = request.session.get("return_code", ("", 0))
    if time.time() > until:
        request.session.pop("return_code", None)
        return redirect("privacy")
    return render(request, "accounts/code.html", {"code": new_return_code(seed), "next": _next(request)})


def _show_code(request: HttpRequest, seed: str) -> HttpResponse:
    """On to the page that shows it, also after a reload. The session keeps the seed, nothing without our key."""
    request.session["return_code"] = (seed, time.time() + SHOWN_FOR)
    return redirect(f"{reverse('return_code')}?{urlencode({'next': _next(request)})}")


@login_not_required
def come_back(request: HttpRequest) -> HttpResponse:
    """In again with the return code; after too many tries from one address, only what was typed is shown again."""
    context: dict[str, Any] = {"next": _next(request)}
    tries = request.method == "POST"
    if tries and not Throttle.allows("return code", _address(request), most=TRIES_AN_HOUR, now=timezone.now()):
        context |= {"form": ReturnForm(initial=request.POST.dict()), "too_often": True}
        return render(request, "accounts/come_back.html", context, status=429)
    form = ReturnForm(sent(request))
    if not form.is_valid():
        return render(request, "accounts/come_back.html", context | {"form": form})
    login(request, User.objects.get(return_code=form.cleaned_data["code"]))
    return redirect(context["next"])


def sign_out(request: HttpRequest) -> HttpResponse:
    """Reminds of the return code first; the POST ends the session."""
    if request.method != "POST":
        return render(request, "accounts/sign_out.html")
    logout(request)
    return redirect("landing")


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if own and wanted.startswith("/") else reverse(settings.LOGIN_REDIRECT_URL)


def _address(request: HttpRequest) -> str:
    """Where a request comes from; in production the proxy in front adds it, last, to X-Forwarded-For."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.PRODUCTION else ""
    return forwarded.rpartition(",")[2].strip() or request.META["REMOTE_ADDR"]
