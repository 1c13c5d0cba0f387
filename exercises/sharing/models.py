"""What one takes to someone: a link to chosen evidence, and the one-page summary."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy as _p

from exercises.dimmer.models import Attempt
from exercises.evidence.models import Evidence
from exercises.records.links import token_of
from exercises.records.models import Record, RecordManager, RecordQuerySet, hidden
from exercises.records.paging import Cursor
from exercises.records.sealing import SealedJSONField, SealedTextField

LINK = "exercises.sharing.links"  # what its tokens are for


class Names(models.TextChoices):
    """How people stand on the summary."""

    NICKNAME = "nickname", _p("names", "nicknames")
    INITIAL = "initial", _p("names", "first letters")
    NONE = "none", _p("names", "no names")


def ids(values: Iterable[Any]) -> list[UUID]:
    """Those of these values that are ids."""
    found = []
    for value in values:
        try:
            found.append(UUID(str(value)))
        except ValueError:
            continue
    return found


class ShareQuerySet(RecordQuerySet):
    def open(self, now: datetime) -> Self:
        """Those whose time is not over, the newest first."""
        return self.filter(expires_at__gt=now).newest_first()

    def ended(self, now: datetime, cursor: Cursor | None = None) -> Self:
        """All others, the newest first; with a cursor, what comes after it."""
        return self.filter(Q(expires_at=None) | Q(expires_at__lte=now)).before(cursor)


class Share(Record):
    """A link by which anyone who has it can read chosen evidence. Its token is made when needed and stored nowhere."""

    days = ()
    not_portable: ClassVar = {"expires_at"}  # what comes back from a download is no open link

    pieces = SealedJSONField(ids_of=[Evidence])
    expires_at = models.DateTimeField(null=True, blank=True)  # None: closed
    views = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[Any] = RecordManager.from_queryset(ShareQuerySet)()

    class Meta:
        default_related_name = "shares"
        indexes = [models.Index(fields=["user", "-id"], name="shares_newest_first"), hidden("shares_hidden")]

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.created_at, self.id)

    @property
    def token(self) -> str:
        """What stands in its address."""
        return token_of(LINK, self.user_id, self.pk)

    def ended(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is None or self.expires_at <= now

    def still_there(self) -> Any:
        """Its pieces as they are now, the newest first; what was deleted is no longer among them."""
        return self.user.evidence.before(None).filter(pk__in=ids(self.pieces))

    def count_view(self) -> None:
        """Someone has read it."""
        type(self).objects.filter(user=self.user_id, pk=self.pk).update(views=F("views") + 1)


class Summary(Record):
    """The page that one takes along: what was picked, and what one wants to say and ask. One for each person."""

    days = ()

    pieces = SealedJSONField(ids_of=[Attempt, Evidence])
    names = models.CharField(max_length=8, choices=Names, default=Names.INITIAL)
    practised = SealedTextField(max_length=2000)
    ask = SealedTextField(max_length=2000)

    objects: ClassVar[Any] = RecordManager()

    class Meta:
        default_related_name = "summaries"
        indexes = [hidden("summaries_hidden")]
        constraints = [models.UniqueConstraint(fields=["user"], condition=Q(deleted_at=None), name="one_summary_each")]
