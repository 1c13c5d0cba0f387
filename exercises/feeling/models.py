"""One honest feeling a day."""

from datetime import date, datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from exercises.evidence.models import Evidence, Kind
from exercises.feeling import vocabulary
from exercises.people.models import Person
from exercises.records.models import Own, Record, RecordManager, RecordQuerySet, hidden
from exercises.records.sealing import SealedJSONField, SealedTextField


class FeelingQuerySet(RecordQuerySet):
    def on(self, day: date) -> Self:
        """The feeling of that day: at most one row a person."""
        return self.filter(day=day)

    def since(self, day: date) -> Self:
        """From that day on, the oldest first."""
        return self.filter(day__gte=day).order_by("day")


class DailyFeeling(Record):
    """What one felt on one day of one's own calendar, and whom one told."""

    days = ("day",)

    day = models.DateField()
    words = SealedJSONField(default=list)  # up to three: keys of vocabulary.WORDS, or words of one's own
    intensity = models.PositiveSmallIntegerField(null=True, blank=True)  # 0–10
    sentence = SealedTextField(max_length=1000)
    person = Own(Person, models.SET_NULL, null=True, blank=True, db_index=False)
    named_aloud = models.BooleanField(default=False)
    evidence = Own(Evidence, models.SET_NULL, null=True, blank=True, db_index=False)

    objects: ClassVar[Any] = RecordManager.from_queryset(FeelingQuerySet)()

    class Meta:
        default_related_name = "feelings"
        indexes = [models.Index(fields=["user", "person"], name="feelings_of_person"), hidden("feelings_hidden")]
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], condition=Q(deleted_at=None), name="one_feeling_a_day"),
            models.CheckConstraint(condition=Q(intensity__range=(0, 10)), name="feeling_intensity_0_to_10"),
        ]

    @property
    def names(self) -> list[str]:
        """The words in the language of the page."""
        return vocabulary.names(self.words)

    @property
    def in_evidence(self) -> bool:
        """Whether it stands with the evidence now."""
        return self.evidence is not None and self.evidence.deleted_at is None

    def put_with_evidence(self, *, anew: bool) -> None:
        """Let one piece of evidence follow this feeling; what it says changes only when the words did (`anew`)."""
        piece = self.evidence or Evidence(user=self.user, kind=Kind.FEELING)
        piece.happened_on, piece.person, piece.deleted_at = self.day, self.person, None
        if anew or not piece.shared:
            piece.shared = self.sentence or ", ".join(self.names)
        piece.save()
        self.evidence = piece
        self.save(update_fields=["evidence", "updated_at"])

    def take_from_evidence(self, now: datetime | None = None) -> None:
        """Hide the piece of evidence that follows this feeling, if there is one."""
        if self.evidence and self.in_evidence:
            self.evidence.discard(now)

    def discard(self, now: datetime | None = None, *, also_named: bool = False) -> None:
        """Hide this feeling, and its piece of evidence in the same moment: it repeats the same words."""
        now = now or timezone.now()
        super().discard(now, also_named=also_named)
        self.take_from_evidence(now)

    def restore(self) -> None:
        """Bring both back."""
        moment = self.deleted_at
        super().restore()
        if self.evidence and moment and self.evidence.deleted_at == moment:
            self.evidence.restore()
