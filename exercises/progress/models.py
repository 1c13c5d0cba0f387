"""The self check of practice.md 7: the person's own answers, side by side, never added up."""

from datetime import date
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from exercises.progress.statements import in_words
from exercises.records.models import Record, RecordManager, RecordQuerySet, hidden
from exercises.records.paging import Cursor
from exercises.records.sealing import SealedJSONField


class SelfCheckQuerySet(RecordQuerySet):
    def on(self, day: date) -> Self:
        """The check of that day: at most one row a person."""
        return self.filter(day=day)

    def oldest_first(self) -> Self:
        """By their days."""
        return self.order_by("day")

    def before(self, cursor: Cursor | None) -> Self:
        """The newest day first; with a cursor, what comes after it in that order."""
        rows = self.order_by("-day")
        return rows.filter(day__lt=cursor.at) if cursor else rows


class SelfCheck(Record):
    """Seven answers of one day, each 0 (never) to 4 (nearly always), or None where it was left open."""

    days = ("day",)

    day = models.DateField()
    answers = SealedJSONField(default=list)

    objects: ClassVar[Any] = RecordManager.from_queryset(SelfCheckQuerySet)()

    class Meta:
        default_related_name = "self_checks"
        indexes = [hidden("self_checks_hidden")]
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], condition=Q(deleted_at=None), name="one_self_check_a_day")
        ]

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.day, self.id)

    def answer_words(self) -> list[tuple[Any, Any]]:
        """Each statement with its answer in words, in the language of the page; empty where it was left open."""
        return in_words(self.answers)
