"""The devices that notifications go to: a browser says where it can be reached, and when no longer."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from exercises.records.http import Request
from exercises.reminders.models import Device

AT_MOST = 5  # of one person; a sixth takes the place of the oldest
# Strict, so that whoever reads it (we, and who sends to it) finds the same host in it
ADDRESS = re.compile(r"(https?)://([a-z0-9.-]+)(:\d{1,5})?/[A-Za-z0-9._~:/%=+?&-]*", re.A)


def is_push_service(address: str) -> bool:
    """Whether this is an address at one of the services in PUSH_HOSTS; over http on this machine alone."""
    parts = ADDRESS.fullmatch(address)
    if not parts or not any(_fits(parts[2], host) for host in settings.PUSH_HOSTS):
        return False
    here = not settings.PRODUCTION and parts[2] in settings.LOOPBACK
    return here or (parts[1] == "https" and parts[3] in (None, ":443"))


def _fits(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


@cache
def public_key(private: str) -> str:
    """What a browser needs in order to subscribe to this site: the other half of PUSH_KEY, in base64 for addresses."""
    scalar = int.from_bytes(_bytes(private))
    point = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
    return urlsafe_b64encode(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """From base64 for addresses, with or without its end. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class DeviceForm(forms.Form):
    """What a browser's PushSubscription says of itself. `remove`: it has ended. `ask`: does this site know it?"""

    endpoint = forms.CharField(max_length=500)
    p256dh = forms.CharField(max_length=100, required=False)
    auth = forms.CharField(max_length=40, required=False)
    remove = forms.BooleanField(required=False)
    ask = forms.BooleanField(required=False)

    def clean_endpoint(self) -> str:
        if not is_push_service(self.cleaned_data["endpoint"]):
            raise forms.ValidationError("not a push service")
        return self.cleaned_data["endpoint"]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not (given.get("remove") or given.get("ask") or _are_keys(given)):
            raise forms.ValidationError("no keys")
        return self.cleaned_data


def _are_keys(given: dict[str, Any]) -> bool:
    """Whether something can be sealed with these (RFC 8291, 3)."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(given.get("p256dh", "")))
        return len(_bytes(given.get("auth", ""))) == 16
    except ValueError:
        return False


@require_POST
def device(request: Request) -> HttpResponse:
    """A browser says where its notifications go, asks whether we know that, or wants none any more (static/push.js)."""
    if not settings.PUSH_KEY:
        raise Http404
    form = DeviceForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"stored": False}, status=400)
    if form.cleaned_data["ask"]:
        return JsonResponse({"stored": any(_at(request.user, form.cleaned_data["endpoint"]))})
    people = get_user_model().objects.select_for_update(no_key=True)
    people.get(pk=request.user.pk)  # one at a time: a double click stores once
    if form.cleaned_data["remove"]:
        _forget(request.user, form.cleaned_data["endpoint"])
    else:
        _store(request.user, form.cleaned_data)
    return JsonResponse({"stored": True})


def _store(user: Any, given: dict[str, Any]) -> None:
    """The newest last."""
    _forget(user, given["endpoint"])
    for oldest in user.devices.order_by("-id")[AT_MOST - 1 :]:
        oldest.delete()
    keys: Any = {name: given[name] for name in ("p256dh", "auth")}
    Device.objects.create(user=user, endpoint=given["endpoint"], keys=keys)


def _forget(user: Any, endpoint: str) -> None:
    for row in _at(user, endpoint):
        row.delete()


def _at(user: Any, endpoint: str) -> list[Device]:
    """This person's device of that address: sealed, so only reading them tells."""
    return [row for row in user.devices.all() if row.endpoint == endpoint]
