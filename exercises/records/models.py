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
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import OuterRef
from django.db.models.fields.related_descriptors import (
    ReverseManyToOneDescriptor,
    create_reverse_many_to_one_manager,
)
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.functional import cached_property

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


class Whose(models.ForeignKey):
    """The person to whom a row belongs."""

    def deconstruct(self) -> Any:
        return as_foreign_key(super().deconstruct())

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        """As usual; but where a field has its own, Django inserts many rows by VALUES, which Citus can pass on."""
        return "%s"


def as_foreign_key(deconstructed: Any) -> Any:
    """For a migration, these relations are Django's: they have no other column or constraint."""
    name, _path, *how = deconstructed
    return name, "django.db.models.ForeignKey", *how


class Owned(models.Model):
    """A row that belongs to one person. Row security is switched on for every subclass after each migrate."""

    user: Any = Whose(settings.AUTH_USER_MODEL, models.CASCADE, db_index=False)

    class Meta:
        abstract = True

    @classmethod
    def every(cls) -> list[type["Owned"]]:
        """All models that belong to a person, found by walking."""
        return [model for model in apps.get_models() if issubclass(model, cls)]

    # Django finds one row by its key alone. Here the person is named too, so that a table that is split by person is
    # asked in one place (docs/scaling.md).

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, values: Any, *how: Any) -> Any:
        changed = [value for value in values if value[0].name != "user"]  # a row never goes to someone else
        return super()._do_update(base_qs.filter(user=self.user_id), using, pk_val, changed, *how)

    def refresh_from_db(self, using: Any = None, fields: Any = None, from_queryset: Any = None) -> None:
        rows = type(self)._base_manager.using(using or self._state.db) if from_queryset is None else from_queryset
        super().refresh_from_db(using, fields, rows.filter(user=self.user_id) if "user_id" in self.__dict__ else rows)

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        rows = type(self)._base_manager.using(using or self._state.db)
        return rows.filter(user=self.user_id, pk=self.pk).delete()


class OwnRows(ReverseManyToOneDescriptor):
    """The rows that name a row, of the same person."""

    @cached_property
    def related_manager_cls(self) -> Any:
        Rows: Any = create_reverse_many_to_one_manager(self.rel.related_model._default_manager.__class__, self.rel)

        class Own(Rows):
            def __init__(self, instance: Any) -> None:
                super().__init__(instance)
                self.core_filters["user"] = instance.user_id

        return Own


class OwnRelation(models.ForeignKey):
    """A relation between two rows of one person. Whatever follows it says that both are theirs."""

    related_accessor_class: Any = OwnRows

    def deconstruct(self) -> Any:
        return as_foreign_key(super().deconstruct())

    def get_extra_restriction(self, alias: Any, related_alias: Any) -> Any:
        whose: Any = self.related_model._meta.get_field("user")
        mine: Any = self.model._meta.get_field("user")
        return Exact(whose.get_col(alias), mine.get_col(related_alias))

    def get_extra_descriptor_filter(self, instance: Any) -> dict[str, Any]:
        return {"user": instance.user_id}

    def validate(self, value: Any, model_instance: Any) -> None:
        models.Field.validate(self, value, model_instance)
        others = self.related_model._base_manager.filter(user=model_instance.user_id)
        if value is not None and not others.filter(pk=value).exists():
            name = self.related_model._meta.verbose_name
            raise ValidationError(self.error_messages["invalid"], "invalid", {"model": name, "value": value})


Own: Any = OwnRelation  # anything, to mypy: its plugin knows Django's own relations alone


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

    def validate_constraints(self, exclude: Any = None) -> None:
        """Nothing: forms' fields allow no more than constraints do, and Django would ask the database about each."""

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


def hidden(name: str) -> models.Index:
    """The index that every kind has on what is hidden, a small part of it: so that `purge` reads nothing else."""
    return models.Index(fields=["user", "deleted_at"], name=name, condition=models.Q(deleted_at__isnull=False))


def purge(now: datetime, using: str = "default", **whose: Any) -> int:
    """Really delete what has had its time; how many rows. The owner: everyone's; the app: those of one `user`."""
    stale = (kind.with_deleted.using(using).filter(kind.stale(now), **whose) for kind in Record.kinds())
    return sum(remove(rows, **whose) for rows in stale)


def remove(rows: Any, **whose: Any) -> int:
    """Really delete these rows of a kind and what hangs on them; what only names them names nothing. How many rows."""
    removed, relations = 0, rows.model._meta.related_objects
    if relations and not rows.exists():
        return 0
    for relation in relations:
        named = rows.filter(user=OuterRef("user")).values("pk")  # by person: the same id may be someone else's too
        every = relation.related_model._base_manager.using(rows.db)
        others = every.filter(**whose, **{f"{relation.field.attname}__in": named})
        if relation.on_delete is models.CASCADE:
            removed += remove(others, **whose)
        else:
            others.update(**{relation.field.name: None})
    return removed + (rows._raw_delete(rows.db) or 0)


def remove_all_of(user_id: uuid.UUID) -> None:
    """Every row of this person, the key too. Inside a transaction: rows may name what is gone until it ends."""
    for model in Owned.every():
        rows: Any = model._base_manager.filter(user=user_id)
        rows._raw_delete(rows.db)


class DataKey(Owned):
    """The key that seals one person's words, itself sealed by the keyring. Without this row they are noise."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    wrapped = models.BinaryField()


class KeyringProof(models.Model):
    """One sealed constant, by which a start finds out whether its keyring is the one of this database."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    sealed = models.BinaryField()
