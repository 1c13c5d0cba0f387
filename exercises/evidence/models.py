"""What was survived: feared, and what happened."""

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Case, Q, When
from django.utils.translation import pgettext_lazy as _p

from exercises.people.models import Person
from exercises.records.models import Own, Record, RecordManager, RecordQuerySet, hidden
from exercises.records.paging import Cursor
from exercises.records.sealing import SealedTextField


class Kind(models.TextChoices):
    ATTEMPT = "attempt", _p("evidence", "from an exercise")
    FEELING = "feeling", _p("evidence", "from a feeling")
    OWN = "own", _p("evidence", "added myself")


class EvidenceQuerySet(RecordQuerySet):
    def before(self, cursor: Cursor | None) -> Self:
        """The newest day first; with a cursor, what comes after it in that order."""
        rows = self.order_by("-happened_on", "-id")
        if cursor is None:
            return rows
        return rows.filter(Q(happened_on__lt=cursor.at) | Q(happened_on=cursor.at, id__lt=cursor.id))

    def like(self, kind: str = "", person: Person | None = None, level: int | None = None) -> Self:
        """Only that kind, that person, that level; each may be left empty."""
        asked = {"kind": kind or None, "person": person, "level": level}
        return self.filter(**{name: value for name, value in asked.items() if value is not None})

    def nearest_first(self, steps: models.QuerySet | None, person: Person | None) -> Self:
        """What these steps became, then what was with this person, then all else; the newest first in each."""
        near = [When(pk__in=steps.values("evidence"), then=0)] if steps is not None else []
        near += [When(person=person, then=1)] if person else []
        nearest = [Case(*near, default=2)] if near else []
        return self.order_by(*nearest, "-happened_on", "-id")


class Evidence(Record):
    """One piece of evidence: I was honest, and this is what happened."""

    days = ("happened_on",)

    happened_on = models.DateField()
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OWN, editable=False)
    person = Own(Person, models.SET_NULL, null=True, blank=True, db_index=False)
    level = models.PositiveSmallIntegerField(null=True, blank=True)
    shared = SealedTextField(max_length=2000)
    feared = SealedTextField(max_length=2000)
    happened = SealedTextField(max_length=2000)

    objects: ClassVar[Any] = RecordManager.from_queryset(EvidenceQuerySet)()

    class Meta:
        default_related_name = "evidence"
        verbose_name_plural = "evidence"
        indexes = [
            models.Index(fields=["user", "-happened_on", "-id"], name="evidence_by_day"),
            hidden("evidence_hidden"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(level__range=(0, 100)), name="evidence_level_0_to_100"),
        ]

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.happened_on, self.id)

    @property
    def month(self) -> date:
        """The first day of the month in which it happened."""
        return self.happened_on.replace(day=1)

    @property
    def where_from(self) -> Any:
        """Its kind in words, without the table of all kinds that `get_kind_display` makes each time."""
        return Kind(self.kind).label

    @property
    def nickname(self) -> str:
        """Whom it was with: empty with nobody, or with someone who was deleted."""
        return self.person.name if self.person and self.person.deleted_at is None else ""

    @property
    def first_line(self) -> str:
        """What a list shows: what happened, or else what was shared or feared."""
        return next(filter(None, (self.happened or self.shared or self.feared).splitlines()), "")

    @property
    def texts(self) -> tuple[str, ...]:
        """All that can be searched."""
        return self.happened, self.feared, self.shared, self.nickname


def name(pieces: Iterable[Evidence], people: Iterable[Person]) -> None:
    """Each piece knows whom it was with, out of these people: one row of each, not one with every piece."""
    by_id: dict[Any, Person] = {person.pk: person for person in people}
    for piece in pieces:
        Evidence.person.field.set_cached_value(piece, by_id.get(piece.person_id))
