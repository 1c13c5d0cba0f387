"""The dimmer: one person and one topic; and the attempts, each a prediction and what came of it."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import EMPTY_VALUES
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone
from django.utils.translation import pgettext_lazy as _p

from exercises.course.pages import NOTCHES
from exercises.dimmer import advice
from exercises.dimmer.figures import Figures
from exercises.dimmer.habits import HABITS, SIGNS
from exercises.evidence.models import Evidence, Kind
from exercises.people.models import Person
from exercises.records.models import Own, Record, RecordManager, RecordQuerySet, hidden
from exercises.records.paging import Cursor
from exercises.records.sealing import SealedTextField

# What can only be answered where something happened; what one expects of a next time says nothing about this one.
CAME_OF_IT = (
    "happened", "came_true", "fear_peak", "fear_after", "bore_it", "habits", "signs", "reaction", "too_much", "learned",
)  # fmt: skip
LOOK_BACK_FOR = 7  # days after a step, in which is asked once how one looks back on it
DAY = Coalesce("done_on", TruncDate("created_at"))  # when a step was done, or else planned
COPIED = {  # a field of evidence → the fields of the step that it repeats
    "happened_on": {"done_on"},
    "level": {"level"},
    "shared": {"more"},
    "feared": {"expectation"},
    "happened": {"happened", "learned"},
}


def answered(value: Any) -> bool:
    """Whether this is an answer: zero is one, an empty box is not."""
    return value is not False and value not in EMPTY_VALUES


class Done(models.TextChoices):
    FULL = "full", _p("done", "Yes")
    PART = "part", _p("done", "Partly")
    NO = "no", _p("done", "Not now")


class CameTrue(models.TextChoices):
    NO = "no", _p("came true", "No")
    PART = "part", _p("came true", "Partly")
    YES = "yes", _p("came true", "Yes")


class Bore(models.TextChoices):
    YES = "yes", _p("bore it", "Yes")
    HARD = "hard", _p("bore it", "With difficulty")
    NO = "no", _p("bore it", "No")


class Reaction(models.TextChoices):
    OK = "ok", _p("reaction", "Okay")
    COLD = "cold", _p("reaction", "Cold")
    PUNISH = "punish", _p("reaction", "Punished me")
    UNKNOWN = "unknown", _p("reaction", "I don't know")


class DimmerQuerySet(RecordQuerySet):
    def whole(self) -> Self:
        """Those whose person is still there, with that person."""
        return self.filter(person__deleted_at=None).select_related("person")

    def in_use(self) -> Self:
        """Neither put away, nor with someone who is."""
        return self.filter(archived_at=None, person__archived_at=None)

    def with_level(self, user: Any) -> Self:
        """Those of this person, each with `level_now` and `last_done_on` of its last step; None where there is none."""
        steps = Attempt.objects.filter(user=user, dimmer=OuterRef("pk")).was_done().latest_first()
        return self.annotate(
            level_now=Subquery(steps.values("level")[:1]), last_done_on=Subquery(steps.values("done_on")[:1])
        )


class Dimmer(Record):
    """One person × one topic, and how bright one lets it become."""

    days = ()

    person = Own(Person, models.CASCADE, db_index=False)
    topic = SealedTextField(max_length=200)
    ceiling = models.PositiveSmallIntegerField(default=advice.CEILING)
    rested_on = models.DateField(null=True, blank=True)  # "not today" was the choice on this day
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = RecordManager.from_queryset(DimmerQuerySet)()

    class Meta:
        default_related_name = "dimmers"
        indexes = [models.Index(fields=["user", "person"], name="dimmers_of_person"), hidden("dimmers_hidden")]
        constraints = [
            models.CheckConstraint(condition=Q(ceiling__in=list(NOTCHES[1:])), name="ceiling_10_to_100_by_10"),
        ]

    @property
    def name(self) -> str:
        """With whom, and about what."""
        return f"{self.person.name} · {self.topic}"


class AttemptQuerySet(RecordQuerySet):
    def whole(self) -> Self:
        """Those whose person is still there, or that had nobody; with dimmer and person."""
        there = Q(dimmer=None) | Q(dimmer__deleted_at=None, dimmer__person__deleted_at=None)
        return self.filter(there).select_related("dimmer__person")

    def planned(self) -> Self:
        """Those of which nothing is said yet about how they went."""
        return self.filter(done="")

    def first_on(self, day: date) -> Self:
        """Those planned for this day before all others, the newest first in each."""
        return self.order_by(Case(When(planned_for=day, then=0), default=1), "-id")

    def answered(self) -> Self:
        """Those with an answer: done, done in part, or not now."""
        return self.exclude(done="")

    def observed(self) -> Self:
        """Those without a dimmer that were answered."""
        return self.filter(dimmer=None).answered()

    def was_done(self) -> Self:
        """Those that were done, wholly or partly."""
        return self.filter(done__in=[Done.FULL, Done.PART])

    def latest_first(self) -> Self:
        """By the day they were done, the last one first."""
        return self.order_by(F("done_on").desc(nulls_last=True), "-id")

    def with_person(self, person: Person) -> Self:
        """Steps with this person, in all their dimmers."""
        return self.filter(dimmer__person=person)

    def advised_on(self, resumed_at: datetime | None) -> Self:
        """What the advice reads, the oldest first: answered steps, of which something was to be said.

        After a pause only what came since: done on a later day, or planned later. On the day itself nobody knows.
        """
        steps = self.answered().exclude(level=0).order_by(F("done_on").asc(nulls_first=True), "id")
        if resumed_at is None:
            return steps
        return steps.filter(Q(done_on__gt=timezone.localdate(resumed_at)) | Q(created_at__gte=resumed_at))

    def raised_on(self, day: date) -> bool:
        """Whether any dimmer went up on this day, or is planned to: to a level above the one that was there before.

        A plan without a day is for the day on which it was made.
        """
        planned = Q(planned_for=day) | Q(planned_for=None, created_at__date=day)
        on_day = Q(done_on=day, done__in=[Done.FULL, Done.PART]) | Q(planned, done="")
        steps: Any = self.filter(on_day).only("user", "level", "advice")
        return any(step.went_up for step in steps)

    def to_look_back_on(self, today: date) -> Self:
        """Those done on another day, at most a week ago, of which nobody has asked yet how one looks back on them."""
        days = (today - timedelta(days=LOOK_BACK_FOR), today - timedelta(days=1))
        return self.was_done().filter(done_on__range=days, look_back_on=None)

    def figures(self) -> list[Figures]:
        """Only what is counted and drawn, in the order in which they were planned."""
        rows = self.annotate(day=DAY, expects=Q(expectation__isnull=False), sealed=F("reaction")).order_by("id")
        return [Figures(*values) for values in rows.values_list(*Figures._fields)]

    def tested(self, cursor: Cursor | None = None) -> Self:
        """Those shared with someone, with something expected and an answer to whether it came true.

        Each with its `day`, the newest first; with a cursor, what comes after it in that order.
        """
        expected = Q(chance__isnull=False) | Q(expectation__isnull=False)
        shared = self.was_done().filter(expected, dimmer__isnull=False).exclude(came_true="")
        rows = shared.annotate(day=DAY).order_by("-day", "-id")
        return rows.filter(Q(day__lt=cursor.at) | Q(day=cursor.at, id__lt=cursor.id)) if cursor else rows


class Attempt(Record):
    """One step: planned with a prediction, then done (or not), then looked back on."""

    days = ("done_on", "planned_for", "created_at")

    dimmer = Own(Dimmer, models.CASCADE, null=True, blank=True, db_index=False)
    exercise = models.CharField(max_length=80, blank=True)  # a module's slug
    level = models.PositiveSmallIntegerField(default=0)  # 0 = observed only
    usual = SealedTextField(max_length=2000)
    more = SealedTextField(max_length=2000)
    if_then = SealedTextField(max_length=500)
    expectation = SealedTextField(max_length=1000)
    chance = models.PositiveSmallIntegerField(null=True, blank=True)  # per cent
    fear_expected = models.PositiveSmallIntegerField(null=True, blank=True)  # 0–10, as the other two
    leave_out = models.CharField(max_length=20, blank=True)  # a key of habits.HABITS
    planned_for = models.DateField(null=True, blank=True)

    done = models.CharField(max_length=4, choices=Done, blank=True)
    done_on = models.DateField(null=True, blank=True)
    happened = SealedTextField(max_length=2000)
    came_true = models.CharField(max_length=4, choices=CameTrue, blank=True)
    fear_peak = models.PositiveSmallIntegerField(null=True, blank=True)
    fear_after = models.PositiveSmallIntegerField(null=True, blank=True)
    bore_it = models.CharField(max_length=4, choices=Bore, blank=True)
    habits = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    signs = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    reaction = SealedTextField(max_length=10)  # a Reaction
    too_much = models.BooleanField(default=False)
    learned = SealedTextField(max_length=2000)
    chance_next = models.PositiveSmallIntegerField(null=True, blank=True)
    look_back = SealedTextField(max_length=500)  # a line, a day or more later
    look_back_on = models.DateField(null=True, blank=True)  # when that was answered, or skipped

    advice = models.JSONField(null=True, blank=True)  # move, rule, facts, level, chosen: figures, no words
    evidence = Own(Evidence, models.SET_NULL, null=True, blank=True, db_index=False)

    objects: ClassVar[Any] = RecordManager.from_queryset(AttemptQuerySet)()

    class Meta:
        default_related_name = "attempts"
        indexes = [
            models.Index(fields=["user", "dimmer"], name="attempts_of_dimmer"),
            models.Index(fields=["user", "-id"], name="attempts_newest_first"),
            models.Index("user", F("done_on").desc(nulls_last=True), F("id").desc(), name="attempts_latest_first"),
            models.Index(fields=["user", "-id"], name="attempts_planned", condition=Q(done="")),
            hidden("attempts_hidden"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(level__in=list(NOTCHES)), name="attempt_level_0_to_100_by_10"),
            models.CheckConstraint(condition=Q(chance__range=(0, 100)), name="attempt_chance_0_to_100"),
            models.CheckConstraint(condition=Q(chance_next__range=(0, 100)), name="attempt_chance_next_0_to_100"),
            models.CheckConstraint(condition=Q(fear_expected__range=(0, 10)), name="attempt_fear_expected_0_to_10"),
            models.CheckConstraint(condition=Q(fear_peak__range=(0, 10)), name="attempt_fear_peak_0_to_10"),
            models.CheckConstraint(condition=Q(fear_after__range=(0, 10)), name="attempt_fear_after_0_to_10"),
            models.CheckConstraint(condition=Q(dimmer__isnull=False) | Q(level=0), name="only_level_0_without_dimmer"),
            models.CheckConstraint(condition=Q(done__in=["", *Done.values]), name="attempt_done_known"),
            models.CheckConstraint(condition=Q(came_true__in=["", *CameTrue.values]), name="attempt_came_true_known"),
            models.CheckConstraint(condition=Q(bore_it__in=["", *Bore.values]), name="attempt_bore_it_known"),
        ]

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.created_at, self.id)

    @property
    def person(self) -> Person | None:
        """With whom; nobody where one only observed."""
        return self.dimmer.person if self.dimmer else None

    @property
    def was_done(self) -> bool:
        """Done, wholly or partly."""
        return self.done in (Done.FULL, Done.PART)

    @property
    def went_up(self) -> bool:
        """Whether its level is above that of the step before it on this dimmer, as it was when this one was planned."""
        before = (self.advice or {}).get("from")
        return isinstance(before, int) and self.level > before

    @property
    def looked_back(self) -> bool:
        """Whether anything is said about how it went, or about a next time."""
        return any(answered(getattr(self, name)) for name in ("done", *CAME_OF_IT, "chance_next"))

    @property
    def in_evidence(self) -> bool:
        """Whether it stands with the evidence now."""
        return self.evidence is not None and self.evidence.deleted_at is None

    @property
    def leave_out_name(self) -> Any:
        return HABITS.get(self.leave_out, "")

    @property
    def habit_names(self) -> list[Any]:
        return [HABITS[key] for key in self.habits if key in HABITS]

    @property
    def sign_names(self) -> list[Any]:
        return [SIGNS[key] for key in self.signs if key in SIGNS]

    @property
    def reaction_name(self) -> Any:
        return Reaction(self.reaction).label if self.reaction else ""

    def note_choice(self) -> None:
        """Beside what was suggested for this step stands the level that was chosen."""
        if self.advice and self.advice.get("chosen") != self.level:
            self.advice |= {"chosen": self.level}
            self.save(update_fields=["advice"])

    def put_with_evidence(self, wanted: bool, today: date, changed: Collection[str] = ()) -> None:
        """Make, change or take away the evidence of this step. Only what was done is evidence.

        Evidence that stands takes over just the fields that `changed`: its words may have been put differently there.
        """
        if wanted and self.was_done:
            self.evidence = self._as_evidence(today, changed)
            self.evidence.save()
            self.save(update_fields=["evidence"])
        elif self.evidence and self.in_evidence:
            self.evidence.discard()

    def _as_evidence(self, today: date, changed: Collection[str]) -> Evidence:
        anew = not self.in_evidence
        evidence = self.evidence or Evidence(user=self.user, kind=Kind.ATTEMPT, person=self.person)
        evidence.deleted_at = None
        said = {
            "happened_on": self.done_on or today,
            "level": self.level,
            "shared": self.more if self.dimmer else "",  # at level 0 it was written, not said
            "feared": self.expectation,
            "happened": self.happened or self.learned,
        }
        for name, value in said.items():
            if anew or not COPIED[name].isdisjoint(changed):
                setattr(evidence, name, value)
        return evidence

    def discard(self, now: datetime | None = None, *, also_named: bool = False, also_evidence: bool = False) -> None:
        """Hide this step; with `also_evidence`, what stands with the evidence too."""
        super().discard(now, also_named=also_named)
        if also_evidence and self.evidence and self.in_evidence:
            self.evidence.discard(self.deleted_at)

    def restore(self) -> None:
        """Bring back this step, and the evidence that was hidden with it."""
        moment = self.deleted_at
        super().restore()
        if self.evidence and moment and self.evidence.deleted_at == moment:
            self.evidence.restore()
