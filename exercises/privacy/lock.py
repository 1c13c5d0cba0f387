"""The lock: after five idle minutes everything private waits for a PIN, until it is given.

A middleware answers every private address with the page that asks. What was being sent meanwhile is carried in that
page, sealed under the person's own key, so that it stands neither on the screen nor in the page's source; with the
right PIN it goes on to where it was sent. `static/lock.js` covers a page that stays open; what is typed stays in it.
"""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.hashers import check_password
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exercises.records.forms import mark_of
from exercises.records.http import Request
from exercises.records.rowsecurity import set_user
from exercises.records.sealing import CannotUnseal, key_of, seal, unseal
from exercises.records.settings import wishes
from exercises.records.typed import CARRIED, PIN

IDLE = 5 * 60  # seconds
NOTED_EVERY = 30  # seconds; so often the session is written for this, at most
TRIES = 5  # wrong PINs in a row; then the normal way in is the only one
SEEN = "seen_at"  # in the session: when it was last used, in seconds
# Work while locked: drafts are only written there, never shown, and the link in a mail shows nothing of anyone
ALWAYS = {"draft_keep", "leave", "lock", "reminder_stop", "sign_out"}
BY_ITSELF = {"kept", "kept_send"}  # what a page asks without anyone there
PERSONAL = {"exercise", "module", "reactions"}  # public pages on which someone who is signed in finds their own words


def is_locked(seen_at: float | None, now: float) -> bool:
    """Whether a session that was last used at `seen_at` waits for the PIN at `now`; both in seconds."""
    return seen_at is None or now - seen_at >= IDLE


@receiver(user_logged_in)
def opened(request: HttpRequest, **kwargs: Any) -> None:
    """A fresh sign-in is not locked, whichever way it was."""
    note_seen(request)


def note_seen(request: HttpRequest) -> None:
    """From now on it takes five minutes again."""
    request.session[SEEN] = int(time.time())


class LockMiddleware:
    """Every request knows the person's wishes (`request.wishes`, None for a visitor), and stops here while locked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        known = settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated
        request.wishes = wishes(request.user) if known else None
        return self.get_response(request)

    def process_view(self, request: Any, view: Callable, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """The page that asks, or None to go on."""
        if request.wishes is None:
            return None
        if request.wishes.pin:
            request.covers = mark_of(request.user) if _is_private(request) else ""  # for base.html
            missed = _try_pin(request, request.POST[PIN]) if PIN in request.POST else ""
            if missed or (PIN not in request.POST and is_locked(request.session.get(SEEN), time.time())):
                return _closed(request, missed)
            _note_now_and_then(request)
        return _go_on(request) if CARRIED in request.POST else None


def lock(request: Request) -> HttpResponse:
    """GET asks for the PIN, or tells `lock.js` how long it is open. POST: `close` locks now, `idle` tells since when.

    Times are in seconds.
    """
    if not request.wishes.pin:
        return redirect(f"{reverse('settings')}#lock")
    now = int(time.time())
    if "close" in request.POST:
        request.session[SEEN] = 0
        return redirect("lock")
    seen_at = request.session.get(SEEN, 0)
    if not is_locked(seen_at, now) and (idle := request.POST.get("idle", "")).isdecimal():
        request.session[SEEN] = seen_at = max(seen_at, now - int(idle[:6]))
    if _asks_json(request):
        left = max(0, seen_at + IDLE - now)
        return JsonResponse({"left": left, "who": mark_of(request.user), "token": get_token(request)})
    return _page(request) if is_locked(seen_at, now) else redirect("today")


def _is_private(request: Any) -> bool:
    match = request.resolver_match
    return getattr(match.func, "login_required", True) or match.view_name in PERSONAL


def _asks_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _note_now_and_then(request: Any) -> None:
    """What a person asks for counts as use; what a page does by itself (a draft, `lock.js`) does not."""
    if request.resolver_match.view_name in ALWAYS | BY_ITSELF:
        return
    if time.time() - request.session.get(SEEN, 0) >= NOTED_EVERY:
        note_seen(request)


def _try_pin(request: Request, pin: str) -> str:
    """Empty text for the right PIN, else what to say. Tries at once wait for each other, so that each is counted.

    The count stands with the PIN: a session is written whole by every request, and could be written back.
    """
    kept = request.user.settings.select_for_update().get()
    session = type(request.session)(request.session.session_key)  # as it is stored now, not as this request found it
    right = SESSION_KEY in session and check_password(pin, kept.pin)
    kept.pin_missed = 0 if right or kept.pin_missed + 1 >= TRIES else kept.pin_missed + 1
    kept.save(update_fields=["pin_missed"])
    if right:
        note_seen(request)
        return ""
    if SESSION_KEY not in session or not kept.pin_missed:
        logout(request)
        return _("That was the last try. You are signed out, and nothing is lost.")
    request.session[SEEN] = 0
    left = TRIES - kept.pin_missed
    return ngettext(
        "This is not your PIN. You can try once more.", "This is not your PIN. You can try %(left)s more times.", left
    ) % {"left": left}


def _closed(request: Any, missed: str) -> HttpResponse | None:
    """What is answered while locked. A public page is; but to it the database shows nothing of this person."""
    if not missed and request.resolver_match.view_name in ALWAYS:
        return None
    if not missed and request.method in ("GET", "HEAD") and not _is_private(request):
        set_user(None)
        return None
    if request.htmx:  # a fragment: let the page itself find out
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return _page(request, missed)


def _page(request: Any, missed: str = "") -> HttpResponse:
    """403: asks for the PIN, and carries what was sent; after the last try it asks to sign in instead."""
    request.covers = ""
    if _asks_json(request):
        answer = {"left": 0, "missed": missed, "ended": not request.user.is_authenticated}
        return JsonResponse(answer, status=403)
    return render(request, "privacy/lock.html", {"missed": missed, "carried": _carried(request)}, status=403)


def _carried(request: Any) -> str:
    """What was sent, sealed as text; what was carried already, as it is. A file is not: it can be chosen again."""
    if PIN in request.POST or CARRIED in request.POST:
        return request.POST.get(CARRIED, "")
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    if not fields:
        return ""
    return urlsafe_b64encode(seal(key_of(request.user.pk), fields.urlencode().encode(), _about(request))).decode()


def _go_on(request: Any) -> HttpResponse | None:
    """On to where it was going: what was carried is sent after all; where that is nothing, or not theirs, a GET."""
    try:
        sealed = urlsafe_b64decode(request.POST[CARRIED])
        request.POST = QueryDict(unseal(key_of(request.user.pk), sealed, _about(request)))
    except (CannotUnseal, ValueError):
        return redirect(request.get_full_path())
    return None


def _about(request: Any) -> bytes:
    return f"carried|{request.user.pk}|{request.path}".encode()
