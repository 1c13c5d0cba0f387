"""What readers say below a module: made to be read by everybody, so not sealed and no personal record.

It waits until a moderator shows it. Nobody can change its words afterwards; its author can withdraw it.
"""

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, When
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.utils.crypto import salted_hmac
from django.utils.translation import pgettext_lazy as _p

from exercises.records.models import uuid7
from exercises.records.paging import Cursor

LONGEST = 1000  # characters
A_DAY = 3  # reactions of one person; one that was withdrawn no longer counts
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LOOKED = ""  # in `reported_by`: here a moderator decided
ENOUGH, ENOUGH_AGAIN = 1, 3  # readers who report it, until it waits; again: after a moderator looked at a report


class State(models.TextChoices):
    WAITING = "waiting", _p("reaction", "waiting")
    SHOWN = "shown", _p("reaction", "shown")
    HIDDEN = "hidden", _p("reaction", "hidden")


class ReactionQuerySet(models.QuerySet["Reaction"]):
    def shown(self) -> Self:
        """What everybody may read: a moderator showed it, and nobody reported it since."""
        return self.filter(state=State.SHOWN)

    def waiting(self) -> Self:
        """What a moderator has to read, the longest waiting first."""
        return self.filter(state=State.WAITING).order_by("created_at", "id")

    def since(self, moment: datetime) -> Self:
        return self.filter(created_at__gte=moment)

    def below(self, module: str, language: str, after: str = "") -> Self:
        """What is below this module, in this language first, the newest first; `after` is the place of a row."""
        foreign = Case(When(language=language, then=0), default=1)
        rows = self.filter(module=module).annotate(foreign=foreign).order_by("foreign", "-created_at", "-id")
        place = Cursor.read(after[1:], datetime)
        if place is None or after[0] not in "01":
            return rows
        older = Q(created_at__lt=place.at) | Q(created_at=place.at, id__lt=place.id)
        return rows.filter(Q(foreign__gt=after[0]) | Q(older, foreign=after[0]))


class Reaction(models.Model):
    """One reader's words below one module."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    author: Any = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, editable=False)
    module = models.CharField(max_length=80, editable=False)  # a module's slug
    language = models.CharField(max_length=7, editable=False)  # of the page on which it was written
    nickname = models.CharField(max_length=40)  # for here alone
    text = models.TextField(max_length=LONGEST)
    state = models.CharField(
        _p("reaction", "state"), max_length=7, choices=State, default=State.WAITING, editable=False
    )
    reason = models.CharField(max_length=200, blank=True)  # why it is shown or hidden, for the author
    reported_by = models.JSONField(default=list, editable=False)  # marks of readers, which name nobody; and LOOKED
    reported_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, editable=False)

    objects = ReactionQuerySet.as_manager()
    foreign: int  # below() says whether it is in another language than the page

    class Meta:
        default_related_name = "reactions"
        verbose_name, verbose_name_plural = _p("of a reader", "reaction"), _p("of readers", "reactions")
        indexes = [
            models.Index(fields=["module", "-created_at"], name="reactions_shown", condition=Q(state=State.SHOWN)),
            models.Index(fields=["created_at"], name="reactions_waiting", condition=Q(state=State.WAITING)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="reaction_state_known"),
            models.CheckConstraint(
                condition=Q(LessThanOrEqual(Length("text"), LONGEST), ~Q(text="")), name="reaction_of_some_length"
            ),
            models.CheckConstraint(
                condition=Q(state=State.WAITING) | Q(decided_at__isnull=False), name="reaction_decided_by_someone"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)  # the administration's log keeps this, also when the words are withdrawn

    @property
    def cursor(self) -> str:
        """Its place in what `below` gives."""
        return f"{self.foreign}{Cursor(self.created_at, self.id)}"

    @property
    def reported(self) -> int:
        """How many readers reported it."""
        return sum(map(bool, self.reported_by))

    @property
    def reported_since(self) -> int:
        """How many of them since a moderator decided."""
        return len(list(takewhile(bool, reversed(self.reported_by))))

    @property
    def first_line(self) -> str:
        return next(iter(self.text.splitlines()), "")

    def decide(self, state: State, reason: str, now: datetime) -> None:
        """A moderator shows or hides it."""
        self.state, self.reason, self.decided_at = state, reason, now
        if self.reported_since:
            self.reported_by.append(LOOKED)
        self.save(update_fields=["state", "reason", "decided_at", "reported_by"])

    def report(self, reader: Any, now: datetime) -> None:
        """One more reader reports what is shown; with enough of them it waits again. Call it on a locked row."""
        self.reported_by.append(self._mark_of(reader))
        self.reported_at = now
        if self.reported_since >= (ENOUGH_AGAIN if LOOKED in self.reported_by else ENOUGH):
            self.state = State.WAITING
        self.save(update_fields=["state", "reported_at", "reported_by"])

    def is_reported_by(self, reader: Any) -> bool:
        return self._mark_of(reader) in self.reported_by

    @staticmethod
    def reportable_from(reader: Any) -> datetime:
        """From when this reader can report: someone with many new accounts clears no page."""
        return reader.date_joined + DAY

    def _mark_of(self, reader: Any) -> str:
        """Tells a reader again at this reaction alone; a copy of the database tells nothing."""
        return salted_hmac("exercises.reactions", f"{self.pk}|{reader.pk}", algorithm="sha256").hexdigest()[:32]
