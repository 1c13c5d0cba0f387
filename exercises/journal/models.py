"""The private journal."""

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from exercises.dimmer.models import Attempt
from exercises.records.models import Own, Record, RecordManager, RecordQuerySet, hidden
from exercises.records.paging import Cursor
from exercises.records.sealing import SealedTextField


class EntryQuerySet(RecordQuerySet):
    def before(self, cursor: Cursor | None) -> Self:
        """The newest first; with a cursor, what comes after it in that order."""
        rows = self.order_by("-written_at", "-id")
        if cursor is None:
            return rows
        return rows.filter(Q(written_at__lt=cursor.at) | Q(written_at=cursor.at, id__lt=cursor.id))

    def answering(self, module: str, prompts: Collection[str]) -> Self:
        """What was written to one of these questions of that module, the newest first."""
        return self.filter(module=module, prompt__in=prompts).before(None)


class JournalEntry(Record):
    """What one wrote, freely or to an exercise's prompt."""

    days = ("written_at",)

    written_at = models.DateTimeField(default=timezone.now)
    module = models.CharField(max_length=80, blank=True)  # a module's slug
    prompt = models.CharField(max_length=500, blank=True)  # ours, from the course, so nothing private
    attempt = Own(Attempt, models.SET_NULL, null=True, blank=True, db_index=False)
    body = SealedTextField(max_length=50_000)
    takeaway = SealedTextField(max_length=1000)

    objects: ClassVar[Any] = RecordManager.from_queryset(EntryQuerySet)()

    class Meta:
        default_related_name = "entries"
        verbose_name_plural = "journal entries"
        indexes = [
            models.Index(fields=["user", "-written_at", "-id"], name="entries_newest_first"),
            hidden("entries_hidden"),
        ]

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.written_at, self.id)

    @property
    def first_line(self) -> str:
        """What a list shows: the first line of the text, or what was taken along."""
        return next(filter(None, map(str.strip, [*self.body.splitlines(), self.takeaway])), "")

    @property
    def texts(self) -> tuple[str, ...]:
        """All that can be searched."""
        return self.body, self.takeaway
