"""Who someone is to this site: hardly anything, and no private text."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings as site
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import connection, models
from django.utils.crypto import salted_hmac

from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from exercises.records.sealing import key_of

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks like something else on paper
DOUBLE_CLICK = timedelta(seconds=30)
GROUPS, LETTERS = 5, 4  # 30 signs to the power 20: 98 bits, so that a fast hash is enough and guessing is not


def new_return_code(seed: str = "") -> str:
    """A code such as `7KQ2-…`: 20 signs in groups of 4. The same `seed`, kept nowhere, gives the same code."""
    key, text = site.SECRET_KEY.encode(), f"return code|{seed or secrets.token_urlsafe(24)}"
    signs = [ALPHABET[byte % len(ALPHABET)] for byte in hmac.digest(key, text.encode(), "sha256")]
    return "-".join("".join(signs[n * LETTERS : (n + 1) * LETTERS]) for n in range(GROUPS))


def code_hash(code: str) -> str:
    """The SHA-256 of a code as someone typed it: case, spaces and dashes don't count."""
    return hashlib.sha256("".join(code.split()).replace("-", "").upper().encode()).hexdigest()


class People(UserManager["User"]):
    def start_guest(self, user_id: Any, *, language: str, time_zone: str, now: datetime) -> "User":
        """The guest of that id, made when new; the same again for a double click, within half a minute."""
        fields: dict[str, Any] = {"language": language, "time_zone": time_zone, "consented_at": now}
        fields["username"] = secrets.token_urlsafe(18)
        user, made = self.get_or_create(id=user_id or uuid7(), defaults=fields)
        if not made and now - user.date_joined > DOUBLE_CLICK:
            return self.start_guest(None, language=language, time_zone=time_zone, now=now)
        with acting_as(user.pk):
            key_of(user.pk)  # now, in a transaction of its own: one made within a savepoint may be rolled back
        return user

    def with_return_code(self, code: str) -> "User | None":
        """Whoever has this code."""
        return self.filter(return_code=code_hash(code), is_active=True).first()


class User(AbstractUser):
    """A person, mostly a guest: no name, perhaps no e-mail."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    first_name = last_name = None  # type: ignore[assignment]
    language = models.CharField(max_length=5, choices=site.LANGUAGES, default=site.LANGUAGE_CODE)
    time_zone = models.CharField(max_length=40, default=site.TIME_ZONE)
    show_exit = models.BooleanField(default=True)  # the quick exit, on every page
    consented_at = models.DateTimeField(null=True, editable=False)
    return_code = models.CharField(max_length=64, unique=True, null=True, editable=False)  # hashed

    objects: ClassVar[People] = People()

    def renew_return_code(self, seed: str = "") -> str:
        """A new code in place of the old one; only its hash is kept, so show it now. Ends all sessions of before."""
        code = new_return_code(seed)
        self.return_code = code_hash(code)
        self.save(update_fields=["return_code"])
        return code

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must match: a new password or a new return code ends the others."""
        proof = f"{self.password}|{self.return_code}"
        return salted_hmac("kwetsbaar.accounts", proof, secret=secret, algorithm="sha256").hexdigest()

    @property
    def zone(self) -> ZoneInfo:
        """The person's own time zone, by which days are counted."""
        return ZoneInfo(self.time_zone)


def known_time_zone(name: str) -> str:
    """`name` where it is a time zone, else the site's own."""
    return name if name in available_timezones() else site.TIME_ZONE


class Throttle(models.Model):
    """How often something was tried from one address in one hour. Addresses stand here only as keyed hashes."""

    key = models.CharField(primary_key=True, max_length=64)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["hour"], name="throttle_by_hour")]

    @classmethod
    def allows(cls, what: str, address: str, *, most: int, now: datetime) -> bool:
        """Count one try at `what` from `address`; whether it is within `most` an hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        text = f"{what}|{address}|{hour.isoformat()}"
        key = hmac.digest(site.SECRET_KEY.encode(), text.encode(), "sha256").hex()
        cls.objects.filter(hour__lt=hour).delete()
        with connection.cursor() as cursor:  # one statement, so that tries at once are each counted
            cursor.execute(
                "INSERT INTO accounts_throttle (key, hour, count) VALUES (%s, %s, 1)"
                " ON CONFLICT (key) DO UPDATE SET count = accounts_throttle.count + 1 RETURNING count",
                [key, hour],
            )
            return cursor.fetchone()[0] <= most
