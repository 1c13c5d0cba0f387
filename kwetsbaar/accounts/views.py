"""The landing page, starting as a guest, coming back, ways to sign in, sessions, leaving."""

import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account import views as allauth
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core import ratelimit
from allauth.mfa.base import views as second
from allauth.mfa.webauthn import views as passkeys
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from exercises.records.forms import sent
from exercises.records.http import Request, confirmed, constant, own_address
from exercises.safety.lines import FOR_THE_YOUNG
from kwetsbaar.accounts.adapters import PASSKEY, stay_alone, without_password
from kwetsbaar.accounts.forms import ReturnForm, StartForm
from kwetsbaar.accounts.models import User, new_return_code
from kwetsbaar.accounts.sessions import fingerprint

SHOWN_FOR = 10 * 60  # seconds that the code can be looked at again


@constant
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
    if too_often := ratelimit.consume_or_429(request, action="start"):
        return too_often
    data = form.cleaned_data
    user = User.objects.start_guest(
        data["id"], language=get_language(), time_zone=data["time_zone"], now=timezone.now()
    )
    same = user.pk == data["id"] and data["seed"]  # a page sent again later, or without one of the two: a new code
    seed = f"{same} {user.pk}" if same else secrets.token_urlsafe()  # with the id: one seed is never two people's code
    user.renew_return_code(seed)
    login(request, user, settings.AUTHENTICATION_BACKENDS[0])
    return _show_code(request, seed)


def return_code(request: Request) -> HttpResponse:
    """The code of just now. A POST makes a new one: the old one stops working, and whoever came in with it is out."""
    if request.method == "POST":
        seed = secrets.token_urlsafe()
        request.user.renew_return_code(seed)
        stay_alone(request)
        return _show_code(request, seed)
    seed, until = request.session.get("return_code", ("", 0))
    if time.time() > until:
        request.session.pop("return_code", None)
        return redirect("privacy")
    return render(
        request,
        "accounts/code.html",
        {"code": new_return_code(seed), "next": _next(request)},
    )


def _show_code(request: HttpRequest, seed: str) -> HttpResponse:
    """On to the page that shows it, also after a reload. The session keeps the seed, nothing without our key."""
    request.session["return_code"] = (seed, time.time() + SHOWN_FOR)
    return redirect(f"{reverse('return_code')}?{urlencode({'next': _next(request)})}")


# Signing in. Whoever does so is a visitor on these pages, although perhaps a guest in this browser; the session knows.


def as_visitor(view: Callable[..., Any]) -> Callable[..., Any]:
    """For pages on which someone says who they are, whoever they were until then."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        request.user = AnonymousUser()
        return view(request, *args, **kwargs)

    return login_not_required(asked)


sign_in = as_visitor(allauth.login)
send_code = as_visitor(allauth.request_login_code)
confirm_code = as_visitor(allauth.confirm_login_code)
forgotten = as_visitor(allauth.password_reset)
forgotten_code = as_visitor(allauth.confirm_password_reset_code)
forgotten_password = as_visitor(allauth.complete_password_reset)
forgotten_done, closed = allauth.password_reset_from_key_done, allauth.account_inactive
sign_in_with_passkey = as_visitor(passkeys.login_webauthn)
second_step = as_visitor(second.authenticate)


@as_visitor
def come_back(request: HttpRequest) -> HttpResponse:
    """In again with the return code; after too many wrong ones from one address, what was typed is shown again."""
    context: dict[str, Any] = {"next": _next(request)}
    if not ratelimit.consume(request, action="return_code", dry_run=True):
        context |= {"form": ReturnForm(initial=request.POST.dict()), "too_often": True}
        return render(request, "accounts/come_back.html", context, status=429)
    form = ReturnForm(sent(request))
    if not form.is_valid():
        if form.is_bound:
            ratelimit.consume(request, action="return_code")
        return render(request, "accounts/come_back.html", context | {"form": form})
    user = User.objects.get(return_code=form.cleaned_data["code"])
    record_authentication(request, user, "return_code")
    return perform_login(request, Login(user=user, redirect_url=context["next"]))


# Ways in

address, change_password = allauth.email, allauth.password_change


@require_safe
def keep(request: Request) -> HttpResponse:
    """Which ways in someone has, and how to add or remove one. A guest who adds one keeps everything."""
    person = request.user
    ways = {
        "passkeys": person.authenticator_set.filter(type=PASSKEY).count(),
        "email": person.confirmed_email,
        "password": person.has_usable_password(),
        "code": bool(person.return_code),
    }
    return render(request, "accounts/keep.html", ways | {"guest": person.is_guest})


def confirm_address(request: Request) -> HttpResponse:
    """The code that was sent to a new address; after too many wrong ones, ask for another there."""
    answer = allauth.email_verification_sent(request)
    gave_up = answer.headers.get("Location") == reverse("account_login")
    return redirect("account_email") if gave_up else answer


@confirmed
def set_password(request: Request) -> HttpResponse:
    """A first password; it belongs to an address, so that comes first."""
    if not request.user.confirmed_email:
        messages.info(request, _("A password goes with an e-mail address. Add that first."))
        return redirect("account_email")
    return allauth.password_set(request)


@confirmed
@require_POST
def remove_password(request: Request) -> HttpResponse:
    """From now on a code by e-mail instead."""
    without_password(request=request)
    messages.success(request, _("Your password is removed. You sign in with a code by e-mail."))
    return redirect("keep")


@confirmed
@require_POST
def remove_return_code(request: Request) -> HttpResponse:
    """For whoever has another way in."""
    if User.objects.select_for_update().get(pk=request.user.pk).is_guest:
        messages.info(request, _("Your return code is your only way back, so it stays. First add another way."))
    else:
        request.user.forget_return_code()
        stay_alone(request)
        messages.success(request, _("Your return code no longer works."))
    return redirect("keep")


# Sessions


def sessions(request: Request) -> HttpResponse:
    """Where someone is signed in. A POST ends one session, or all others; with it notifications on every device."""
    here, rows = fingerprint(request.session.session_key), request.user.sessions.alive()
    if request.method == "POST":
        which = request.POST.get("which", "")
        ended = [row for row in rows if row.pk != here and which in ("others", row.pk)]
        for row in ended:
            row.delete()
        if ended:  # which of them is that browser is not known
            request.user.devices.all().delete()
        messages.success(request, _("Signed out there.") if ended else _("That was signed out already."))
        return redirect("sessions")
    return render(request, "accounts/sessions.html", {"here": here, "sessions": rows})


def sign_out(request: Request) -> HttpResponse:
    """Reminds of the return code first; the POST ends this session, or all of them."""
    if request.method != "POST":
        return render(request, "accounts/sign_out.html", {"guest": request.user.is_guest})
    if "everywhere" in request.POST:
        request.user.end_sessions()
    logout(request)
    response = redirect(f"{reverse('landing')}#out")
    response["Clear-Site-Data"] = '"storage"'  # what was kept on this device; site.js does it for older browsers
    return response


def _next(request: HttpRequest) -> str:
    return own_address(request, settings.LOGIN_REDIRECT_URL)
