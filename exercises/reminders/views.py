"""One's reminders: chosen, switched on and off; and the link in each mail that ends them."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from exercises.drafts.keeping import kept
from exercises.records.forms import sent
from exercises.records.http import Request, own_address
from exercises.records.links import UNSEEN, opened
from exercises.records.rowsecurity import reading_as
from exercises.records.views import saved
from exercises.reminders.calendar import feed_address
from exercises.reminders.devices import public_key
from exercises.reminders.forms import ReminderForm, ways_of
from exercises.reminders.models import STOP, Channel, Reminder


def reminders(request: Request) -> HttpResponse:
    """What is chosen and when the next one comes; `now` stops them or goes on at once, `switch` saves and starts."""
    row = _held(request, request.user.reminders)
    if request.POST.get("now") in ("off", "resume"):
        return _at_once(request, row)
    state = _state(request.user, row)
    form = ReminderForm(sent(request), user=request.user, instance=row)
    if form.is_valid():
        wish = form.save()
        (wish.switch_on if "switch" in request.POST else wish.reschedule)(timezone.now())
        return saved(request, "reminders")
    return render(request, "reminders/reminders.html", {"form": kept(request, form)} | state)


def _held(request: Request, rows: Any) -> Reminder | None:
    """The one of these, held by a POST: a worker may be about to send it."""
    return (rows.select_for_update() if request.method == "POST" else rows).first()


def _at_once(request: Request, row: Reminder | None) -> HttpResponse:
    """One tap, then back to where it was."""
    if row and request.POST["now"] == "resume":
        row.switch_on(timezone.now())  # also where it was stopped elsewhere since
        messages.success(request, _("Your reminders will carry on."))
    else:
        if row:
            row.switch_off(timezone.now())
        messages.success(request, _("Your reminders are off. What you chose stays here."))
    return redirect(own_address(request, "reminders"))


def _state(user: Any, row: Reminder | None) -> dict[str, Any]:
    """What is stored now: whether they are on and which way they come, and what the page shows for that way."""
    ways = ways_of(user)
    state: dict[str, Any] = {"mail": Channel.MAIL in ways}
    if row is None:
        return state
    by_push = row.on and row.channel == Channel.PUSH and Channel.PUSH in ways
    return state | {
        "chosen": row.pk,
        "on": row.on,
        "paused": row.paused_at,
        "way": row.channel,
        "next": row.next_at(timezone.now()),
        "out_of_reach": row.channel not in ways,
        "feed_address": feed_address(row),
        "no_device": by_push and not user.devices.exists(),
        "push_key": public_key(settings.PUSH_KEY) if by_push else "",
    }


@login_not_required
@csrf_exempt  # a mail program sends this without having seen a page of ours (RFC 8058); the token is the proof
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def stop(request: Request, token: str) -> HttpResponse:
    """The link in a mail: one button, and a POST ends the reminders. Programs that look at links only ask.

    Whoever is signed in here, it shows nothing of them, and every link that opens nothing looks the same.
    """
    request.user, request.wishes = AnonymousUser(), None
    named = opened(STOP, token)
    if named is None:
        return _stop_page(request, None)
    with reading_as(named[0]):
        row = _named(request, *named)
        if row and row.on and request.method == "POST":
            row.switch_off(timezone.now())
        return _stop_page(request, row)


def _named(request: Request, user_id: UUID, id: UUID) -> Reminder | None:
    owner: Any = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return owner and _held(request, owner.reminders.filter(pk=id))


def _stop_page(request: Request, row: Reminder | None) -> HttpResponse:
    """In the language of the person that it is about."""
    unnamed = {"canonical": "", "alternates": (), "languages": ()}  # nowhere on it stands the token
    context = {"there": row is not None, "on": row is not None and row.on} | unnamed
    language = row.user.language if row else get_language()
    with translation.override(language):
        response = render(request, "reminders/stop.html", context, status=200 if row else 404)
    response["Content-Language"] = language
    for name, value in UNSEEN.items():
        response[name] = value
    return response
