"""Someone in one's life, by a nickname."""

from datetime import date, datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import pgettext_lazy as _p

from exercises.people import trust
from exercises.records.models import Record, RecordManager, RecordQuerySet, hidden
from exercises.records.sealing import SealedJSONField, SealedTextField


class Relation(models.TextChoices):
    FRIEND = "friend", _p("relation", "friendship")
    PARTNER = "partner", _p("relation", "partner")
    DATE = "date", _p("relation", "someone I am dating")
    FAMILY = "family", _p("relation", "family")
    COLLEAGUE = "colleague", _p("relation", "work or study")
    OTHER = "other", _p("relation", "someone else")


class PersonQuerySet(RecordQuerySet):
    def in_use(self) -> Self:
        """Those who are not put away."""
        return self.filter(archived_at=None)


class Person(Record):
    """A person one practises with. A nickname is enough; nothing here finds a person across users."""

    days = ()

    name = SealedTextField(max_length=40)
    relation = SealedTextField(max_length=20)  # a Relation
    trust_outcome = SealedTextField(max_length=20)  # a key of trust.OUTCOMES
    trust_answers = SealedJSONField(default=dict)  # a key of trust.QUESTIONS → one of its trust.CHOICES
    trust_checked_on = models.DateField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)  # since a stop sign or a punishing reaction
    resumed_at = models.DateTimeField(null=True, blank=True)  # when the last pause ended
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = RecordManager.from_queryset(PersonQuerySet)()

    class Meta:
        default_related_name = "people"
        indexes = [models.Index(fields=["user", "id"], name="people_of_user"), hidden("people_hidden")]

    def pause(self, now: datetime) -> None:
        """No step is suggested with this person from now on; a pause that is there stays as it is."""
        if self.paused_at is None:
            self.paused_at = now
            self.save(update_fields=["paused_at"])

    def resume(self, now: datetime) -> None:
        """A pause ends (only a trust check without a stop sign does this); what came before it no longer counts."""
        if self.paused_at is not None:
            self.paused_at, self.resumed_at = None, now
            self.save(update_fields=["paused_at", "resumed_at"])

    @property
    def relation_name(self) -> str:
        """The relation in the reader's language; empty where it was left open."""
        return str(Relation(self.relation).label) if self.relation else ""

    @property
    def trust_words(self) -> Any:
        """What came of the trust check, in the reader's language; empty where there was none."""
        return trust.OUTCOMES.get(self.trust_outcome, "")

    @property
    def trust_told(self) -> list[tuple[Any, Any]]:
        """The questions of the trust check and what was answered, where the answers were kept."""
        return list(trust.told(self.trust_answers))

    def trust_is_due(self, day: date) -> bool:
        """Whether on that day it is eight weeks since the trust check, so that it may be asked again."""
        return self.trust_checked_on is not None and day - self.trust_checked_on >= trust.AGAIN_AFTER

    def forget_trust_answers(self) -> None:
        """The answers go for good; what came of them, its day and a pause stay."""
        self.trust_answers = {}
        self.save(update_fields=["trust_answers"])
