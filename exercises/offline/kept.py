"""'Keep on this device', as the server sees it: what a browser keeps sealed, and what it sends when it is back.

The switch, the key and the queue live in the browser alone (static/kept.js); nothing here knows who turned it on.
"""

from copy import deepcopy
from datetime import date
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.core.validators import MinValueValidator
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import Truncator
from django.views.decorators.http import require_POST, require_safe

from exercises.evidence.models import Evidence
from exercises.evidence.views import ON_CARD
from exercises.feeling.forms import FeelingForm
from exercises.feeling.models import DailyFeeling
from exercises.records.fields import FIRST_DAY
from exercises.records.forms import mark_of, version
from exercises.records.http import Request

WITHOUT_SOMEONE = ("words", "own_word", "sentence", "intensity")  # fields of the feeling form that are the same for all


class DayForm(forms.Form):
    """Which day of the person's own calendar something is about, as YYYY-MM-DD."""

    day = forms.DateField(input_formats=["%Y-%m-%d"], validators=[MinValueValidator(FIRST_DAY)])


@require_safe
def device(request: Request) -> HttpResponse:
    """The switch of this browser, explained, and what waits in it."""
    return render(request, "offline/device.html", {"mark": mark_of(request.user)})


@login_not_required
@require_safe
def feeling(request: HttpRequest) -> HttpResponse:
    """Today's form for when there is no connection: the same for everybody, filled in and kept by the browser."""
    form = forms.Form()
    form.fields = {name: deepcopy(FeelingForm.base_fields[name]) for name in WITHOUT_SOMEONE}
    return render(request, "offline/feeling.html", {"form": form})


@require_safe
def kept(request: Request) -> JsonResponse:
    """What a browser keeps, if its switch is on; `whose` it is, and a `token` with which it may send."""
    user, wishes = request.user, request.wishes
    return JsonResponse(
        {
            "whose": mark_of(user),
            "token": get_token(request),
            "zone": user.time_zone,
            "pin": bool(wishes.pin),
            "blur": wishes.blur,
            "drafts": wishes.drafts_on,
            "card": [_on_card(piece) for piece in user.evidence.nearest_first(None, None)[:ON_CARD]],
            "feeling": _feeling(user, timezone.localdate()),
        }
    )


def _on_card(piece: Evidence) -> dict[str, str]:
    """As short as on the card itself."""
    texts = {"feared": (piece.feared, 160), "happened": (piece.happened, 240), "shared": (piece.shared, 240)}
    return {name: Truncator(text).chars(most) for name, (text, most) in texts.items()}


def _feeling(user: Any, day: date) -> dict[str, Any] | None:
    """That day's feeling as its form would send it again: pairs of field and value. None where there is none."""
    row = user.feelings.on(day).select_related("evidence").first()
    if row is None:
        return None
    values = {bound.html_name: bound.value() for bound in FeelingForm(user=user, instance=row)}
    lists = {name: value if isinstance(value, list) else [value] for name, value in values.items()}
    pairs = [(name, str(each)) for name, value in lists.items() for each in value if each not in (None, False, "")]
    return {"day": day.isoformat(), "pairs": pairs}


@require_POST
def send(request: Request) -> JsonResponse:
    """One feeling that was written without a connection; sent again, it is stored once.

    200 with a `result`: `stored` (with its `id` and `seen`), `refused` (`why`: sentences) or `conflict` (`elsewhere`:
    what another page or device has stored on that day, as pairs of name and value). 409 `someone_else`.
    """
    if request.POST.get("whose") != mark_of(request.user):
        return JsonResponse({"result": "someone_else"}, status=409)
    asked = DayForm(request.POST)
    if not asked.is_valid():
        return JsonResponse({"result": "refused", "why": _sentences(asked)})
    sent = request.POST.copy()
    sent.setdefault("seen", "")  # without it the form would not look at what is stored
    return JsonResponse(_take(request.user, asked.cleaned_data["day"], sent))


def _take(user: Any, day: date, sent: QueryDict) -> dict[str, Any]:
    get_user_model()._default_manager.select_for_update(no_key=True).get(pk=user.pk)  # two devices: one after the other
    row = user.feelings.on(day).select_for_update().first()
    form = FeelingForm(sent, user=user, instance=row or DailyFeeling(user=user, day=day))
    if not form.is_valid():
        elsewhere = [(str(label), value) for label, value in form.elsewhere]
        said = {"result": "conflict", "elsewhere": elsewhere} if elsewhere else {"result": "refused"}
        return said | {"why": [] if elsewhere else _sentences(form)}
    if not sent["seen"] and _was_stored(user, form.cleaned_data["id"]):
        return {"result": "stored", "id": "", "seen": ""}
    if row is None or sent["seen"] == version(row):
        row = form.save()
    return {"result": "stored", "id": row.pk, "seen": version(row)}


def _was_stored(user: Any, id: Any) -> bool:
    """Whether this arrived before, and was deleted since: what was taken away does not come back by itself."""
    gone = user.feelings(manager="with_deleted").exclude(deleted_at=None)
    return id is not None and gone.filter(pk=id).exists()


def _sentences(form: forms.BaseForm) -> list[str]:
    named = [(form.fields[name].label or "" if name in form.fields else "", form.errors[name]) for name in form.errors]
    return [f"{label}: {text}" if label else str(text) for label, texts in named for text in texts]
