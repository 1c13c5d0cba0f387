"""Sessions that know whose they are, so that a person can see and end them (Django's own pattern for this).

The database keeps only a fingerprint of what the cookie holds, and the contents sealed by the keyring: whoever reads a
copy of it can neither sign in with that nor see a code or an address on its way.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import SESSION_KEY, user_logged_in
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from exercises.records.rotation import Tally, in_batches
from exercises.records.sealing import CannotUnseal, rewrapped, unwrap, wrap

DAY = 24 * 60 * 60  # seconds
DEVICE = "device"  # where a session's contents say which browser it is
BROWSERS = {  # a sign in the user agent → what people call it; the first that fits, since many say they are others too
    "Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox|FxiOS": "Firefox",
    "Chrom|CriOS": "Chrome", "Safari": "Safari",
}  # fmt: skip
SYSTEMS = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "Mac",
    "CrOS": "Chromebook", "Linux": "Linux",
}  # fmt: skip


def fingerprint(session_key: str | None) -> str:
    """What stands in the database for a session's key: the first 160 bits of its SHA-256, in hex."""
    return hashlib.sha256((session_key or "").encode()).hexdigest()[:40]


def device(user_agent: str) -> str:
    """Browser and system in the coarsest words, such as `Firefox, Android`; empty where neither is known."""
    found = [[name for sign, name in names.items() if re.search(sign, user_agent)][:1] for names in (BROWSERS, SYSTEMS)]
    return ", ".join(sum(found, []))


@receiver(user_logged_in)
def note_device(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    """Whichever way someone came in, the session knows in which browser."""
    request.session[DEVICE] = device(request.META.get("HTTP_USER_AGENT", ""))


class SessionStore(DatabaseStore):
    """Django's database sessions: by fingerprint, sealed, with the person on each row, and a year from the last use."""

    @classmethod
    def get_model_class(cls) -> Any:
        from kwetsbaar.accounts.models import Session  # noqa: PLC0415  # models come later than this

        return Session

    def _get_session_from_db(self) -> Any:
        row = self.model.objects.filter(
            session_key=fingerprint(self.session_key), expire_date__gt=timezone.now()
        ).first()
        if row is None:
            self._session_key = None
        return row

    def load(self) -> dict[str, Any]:
        """What it holds. On the first use of a day it counts as changed, and so is kept for a year again."""
        row = self._get_session_from_db()
        if row is None:
            return {}
        self.modified = self.modified or row.used_on < timezone.now().date()
        return self.decode(row.session_data)

    def get_session_cookie_age(self) -> int:
        """Seconds. Of a visitor, who is about to sign in, nothing needs to be kept for long."""
        return super().get_session_cookie_age() if SESSION_KEY in self else DAY

    def exists(self, session_key: str) -> bool:
        return super().exists(fingerprint(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        row.session_key = fingerprint(row.session_key)
        row.user_id = data.get(SESSION_KEY)
        row.device = data.get(DEVICE, "")
        return row

    stored: str | None = None  # what was stored last, in this request

    def save(self, must_create: bool = False) -> None:
        """As Django's, where one is there already in one statement; and not twice the same. Raises UpdateError."""
        if must_create or self.session_key is None:
            super().save(must_create)
        elif self.stored != json.dumps(dict(self.items())):
            row = self.create_model_instance(dict(self.items()))
            values = {field.attname: getattr(row, field.attname) for field in row._meta.fields if not field.primary_key}
            if not self.model.objects.filter(pk=row.pk).update(**values):
                raise UpdateError
        self.stored = json.dumps(dict(self.items()))

    def delete(self, session_key: str | None = None) -> None:
        session_key = session_key or self.session_key
        if session_key:
            super().delete(fingerprint(session_key))

    def encode(self, session_dict: dict[str, Any]) -> str:
        sealed = wrap(json.dumps(session_dict).encode(), about(fingerprint(self.session_key)))
        return base64.b64encode(sealed).decode()

    def decode(self, session_data: Any) -> dict[str, Any]:
        if ":" in session_data:  # signed but readable, from before they were sealed
            return super().decode(session_data)
        try:
            return json.loads(unwrap(base64.b64decode(session_data), about(fingerprint(self.session_key))))
        except (CannotUnseal, ValueError):
            return {}


def about(row_key: str) -> bytes:
    """What the contents of this row are bound to: put into another row, they do not open."""
    return b"session|%s" % row_key.encode()


def renew(row: Any) -> bool:
    """Put a session's contents under the newest key, in memory; whether they were under an older one.

    What no key opens signs nobody in, and so is left to end.
    """
    try:
        fresh = rewrapped(base64.b64decode(row.session_data), about(row.session_key))
    except (CannotUnseal, ValueError):
        return False
    if fresh:
        row.session_data = base64.b64encode(fresh).decode()
    return bool(fresh)


def wrapped(*, write: bool) -> Iterator[Tally]:
    """What sessions hold, for `manage.py rotate_keys`; as the owner."""
    return in_batches(SessionStore.get_model_class().objects.using("owner"), renew, ["session_data"], write=write)
