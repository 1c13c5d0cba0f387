"""Who someone is to this site: hardly anything, and no private text."""

import hashlib
import hmac
import secrets
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings as site
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from exercises.records.models import remove_all_of, uuid7
from exercises.records.rowsecurity import acting_as, reading_as
from exercises.records.sealing import key_of
from kwetsbaar.accounts.sessions import SessionStore, fingerprint

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


class Icon(models.TextChoices):
    """Pictures that tell nothing: static/icons/."""

    NOTE = "note", _("a note")
    LIST = "list", _("a list")
    SUN = "sun", _("the weather")


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
    shown_name = models.CharField(max_length=30, blank=True)  # what this site is called on this person's devices
    shown_icon = models.CharField(max_length=10, choices=Icon, default=Icon.NOTE)
    consented_at = models.DateTimeField(null=True, editable=False)
    return_code = models.CharField(max_length=64, unique=True, null=True, editable=False)  # hashed

    objects: ClassVar[People] = People()
    emailaddress_set: Any  # allauth's
    authenticator_set: Any

    def __str__(self) -> str:
        return str(self.pk)  # what the administration calls someone

    def renew_return_code(self, seed: str = "") -> str:
        """A new code in place of the old one; only its hash is kept, so show it now. Ends all sessions of before."""
        code = new_return_code(seed)
        self.return_code = code_hash(code)
        self.save(update_fields=["return_code"])
        return code

    def forget_return_code(self) -> None:
        """From now on nobody comes in with it."""
        self.return_code = None
        self.save(update_fields=["return_code"])

    def has_usable_password(self) -> bool:
        """A guest's is empty, which Django would take for a password."""
        return bool(self.password) and super().has_usable_password()

    @property
    def confirmed_email(self) -> str:
        """The address with which this person signs in, or empty."""
        return self.emailaddress_set.filter(verified=True).values_list("email", flat=True).first() or ""

    @property
    def is_guest(self) -> bool:
        """Whether the return code is the only way in that this person has."""
        return not (
            self.has_usable_password()
            or self.confirmed_email
            or self.authenticator_set.filter(type="webauthn").exists()
        )

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """With every row of theirs; in a request of theirs, since nobody else sees these."""
        with transaction.atomic():
            remove_all_of(self.pk)
            return super().delete(*args, **kwargs)

    def end_sessions(self, *, but: str | None = None) -> None:
        """Sign out everywhere, but for the session with this key. Notifications end on every device."""
        self.sessions.exclude(session_key=fingerprint(but)).delete()
        with reading_as(self.pk):  # also where nobody is signed in: a password that was forgotten
            self.devices.all().delete()

    def was_here_since(self, day: date) -> bool:
        """Whether anyone who is signed in as this person used the site on that day or later."""
        return self.sessions.filter(used_on__gte=day).exists()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must match: a new password or a new return code ends the others."""
        proof = f"{self.password}|{self.return_code}"
        return salted_hmac("kwetsbaar.accounts", proof, secret=secret, algorithm="sha256").hexdigest()

    @property
    def zone(self) -> ZoneInfo:
        """The person's own time zone, by which days are counted."""
        return ZoneInfo(self.time_zone)


def today_utc() -> date:
    """The day on which a session was used, for everyone by the same clock."""
    return timezone.now().date()


def known_time_zone(name: str) -> str:
    """`name` where it is a time zone, else the site's own."""
    return name if name in available_timezones() else site.TIME_ZONE


class SessionQuerySet(models.QuerySet["Session"]):
    def alive(self) -> Self:
        """Those that have not ended, the last used first."""
        return self.filter(expire_date__gt=timezone.now()).order_by("-used_on", "-expire_date")


class SessionManager(BaseSessionManager.from_queryset(SessionQuerySet)):  # type: ignore[misc]
    """Django's, with those."""


class Session(AbstractBaseSession):
    """One browser in which someone is signed in, or is about to be."""

    user = models.ForeignKey(site.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions")
    device = models.CharField(max_length=40, blank=True)  # "Firefox, Android"
    used_on = models.DateField(default=today_utc)

    objects: ClassVar[Any] = SessionManager()

    @classmethod
    def get_session_store_class(cls) -> Any:
        return SessionStore


class Limit(models.Model):
    """One count of the cache in limits.py: whose it is stands here only as a keyed hash."""

    key = models.CharField(primary_key=True, max_length=64)
    value = models.TextField()  # JSON
    until = models.DateTimeField(db_index=True)
