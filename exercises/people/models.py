"""Someone in one's life, by a nickname."""

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import pgettext_lazy as _p

from exercises.records.models import Record, RecordManager, RecordQuerySet
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
    trust_outcome = SealedTextField(max_length=20)
    trust_answers = SealedJSONField(default=dict)
    trust_checked_on = models.DateField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = RecordManager.from_queryset(PersonQuerySet)()

    class Meta:
        default_related_name = "people"
        indexes = [models.Index(fields=["user", "id"], name="people_of_user")]

    @property
    def relation_name(self) -> str:
        """The relation in the reader's language; empty where it was left open."""
        return str(Relation(self.relation).label) if self.relation else ""
