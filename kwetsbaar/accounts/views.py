"""The landing page, starting as a guest, coming back, leaving."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.safety.lines import FOR_THE_YOUNG
from kwetsbaar.accounts.forms import ReturnForm, StartForm
from kwetsbaar.accounts.models import Throttle, User

TRIES_AN_HOUR = 10


@login_not_required
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What this is."""
    return render(request, "accounts/landing.html")


@login_not_required
def start(request: HttpRequest) -> HttpResponse:
    """Consent, then a guest; the return code is shown in the answer itself, because it is kept nowhere."""
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
    code = user.renew_return_code(data["seed"])
    login(request, user)
    return render(request, "accounts/code.html", {"code": code, "next": _next(request)})


@require_POST
def new_code(request: Request) -> HttpResponse:
    """A new return code; the old one stops working, and whoever came in with it is out."""
    code = request.user.renew_return_code()
    update_session_auth_hash(request, request.user)
    return render(request, "accounts/code.html", {"code": code, "next": _next(request)})


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
