"""What every personal row is, and the key that seals a person's words."""

import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone

from exercises.records.paging import Cursor

UNDO_FOR = timedelta(hours=24)


_newest = 0
_one_at_a_time = threading.Lock()


def uuid7() -> uuid.UUID:
    """A UUID of version 7: 48 bits of milliseconds, 74 of chance, so that keys sort by time (RFC 9562, 5.7).

    Within a process each is larger than the one before, also in one millisecond (6.2, method 2).
    """
    global _newest
    bits = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10))
    with _one_at_a_time:
        _newest = max(bits & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62, _newest + 1)
        return uuid.UUID(int=_newest)


class RecordQuerySet(models.QuerySet):
    def newest_first(self) -> Self:
        """Rows in the order in which they were made, the last one first: UUIDv7 keys sort by time."""
        return self.order_by("-id")

    def before(self, cursor: Cursor | None) -> Self:
        """The newest first; with a cursor, what comes after it. A kind whose rows are about a day goes by that."""
        rows = self.newest_first()
        return rows.filter(id__lt=cursor.id) if cursor else rows


class RecordManager(models.Manager.from_queryset(RecordQuerySet)):  # type: ignore[misc]
    """Shows what is not deleted. A feature's own: `RecordManager.from_queryset(EntryQuerySet)()`."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(deleted_at=None)


class Owned(models.Model):
    """A row that belongs to one person. Row security is switched on for every subclass after each migrate."""

    user: Any = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_index=False)

    class Meta:
        abstract = True

    @classmethod
    def every(cls) -> list[type["Owned"]]:
        """All models that belong to a person, found by walking."""
        return [model for model in apps.get_models() if issubclass(model, cls)]


class Record(Owned):
    """A personal row that a person made and can take away: hidden at once, undone within a day, then purged."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    days: ClassVar[tuple[str, ...]]  # which day a row is about: the first of these that is set; () where it is none

    objects: ClassVar[Any] = RecordManager()
    with_deleted: ClassVar[Any] = models.Manager()

    class Meta:
        abstract = True

    def discard(self, now: datetime | None = None, *, also_named: bool = False) -> None:
        """Hide this row and what hangs on it; with `also_named`, what only names it too."""
        now = now or timezone.now()
        for row in self._hanging(also_named):
            if row.deleted_at is None:
                row.discard(now)
        self.deleted_at = now
        self.save(update_fields=["deleted_at"])

    def restore(self) -> None:
        """Bring back this row and what was hidden with it. Raises IntegrityError where its place is taken."""
        moment, self.deleted_at = self.deleted_at, None
        self.save(update_fields=["deleted_at"])
        for row in self._hanging(also_named=True):
            if moment and row.deleted_at == moment:
                row.restore()

    def _hanging(self, also_named: bool) -> Iterator["Record"]:
        for relation in self._meta.related_objects:
            follows = relation.on_delete is models.CASCADE or also_named
            if follows and issubclass(relation.related_model, Record):
                rows = relation.related_model.with_deleted.filter(user_id=self.user_id)
                yield from rows.filter(**{relation.field.name: self})
        for kind in Record.kinds():
            yield from kind.about(self)

    @staticmethod
    def kinds() -> list[type["Record"]]:
        """All models of records, found by walking."""
        return [model for model in Owned.every() if issubclass(model, Record)]

    @classmethod
    def about(cls, row: "Record") -> Iterable["Record"]:
        """What of this kind hangs on `row` without a relation; a kind may say so."""
        return ()

    @classmethod
    def stale(cls, now: datetime) -> models.Q:
        """Which rows of this kind have had their time: those hidden over a day ago. A kind may add to it."""
        return models.Q(deleted_at__lt=now - UNDO_FOR)


def purge(now: datetime, using: str = "default") -> int:
    """Really delete what has had its time; how many rows. The owner: everyone's; the app: one person's."""
    return sum(kind.with_deleted.using(using).filter(kind.stale(now)).delete()[0] for kind in Record.kinds())


class DataKey(Owned):
    """The key that seals one person's words, itself sealed by the keyring. Without this row they are noise."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    wrapped = models.BinaryField()


class KeyringProof(models.Model):
    """One sealed constant, by which a start finds out whether its keyring is the one of this database."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    sealed = models.BinaryField()
