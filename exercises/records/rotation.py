"""Keys change: everyone's key under the newest key of the keyring, and a new key for one person.

Rotating touches no text: a person's key stays what it is, only its wrapping is new. The site may run meanwhile,
with both keys. The proof comes last: until it is under the newest key, the site refuses to start without the old one.
"""

import os
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models

from exercises.records.models import DataKey, KeyringProof, Owned
from exercises.records.rowsecurity import alone_with
from exercises.records.sealing import (
    ABOUT_PROOF,
    CannotUnseal,
    SealedTextField,
    about_key,
    keys_kept,
    rewrapped,
    wrap,
)

BATCH = 1000  # rows in memory
AT_ONCE = 100  # rows in one statement, a hundredth of a second


@dataclass
class Tally:
    """How many wrapped things were seen; of those, how many needed an older key, and how many no key opens."""

    seen: int = 0
    older: int = 0
    closed: int = 0

    def __iadd__(self, other: "Tally") -> "Tally":
        self.seen, self.older, self.closed = (
            self.seen + other.seen,
            self.older + other.older,
            self.closed + other.closed,
        )
        return self


Renew = Callable[
    [Any], bool
]  # puts a row's wrapping under the newest key, in memory; whether it was under an older one
Keep = Callable[[list[Any]], object]  # stores the rows that were renewed


def renew_data_key(row: DataKey) -> bool:
    """Raises CannotUnseal."""
    fresh = rewrapped(bytes(row.wrapped), about_key(row.user_id))
    row.wrapped = fresh or row.wrapped
    return fresh is not None


def renew_proof(row: KeyringProof) -> bool:
    """Raises CannotUnseal."""
    fresh = rewrapped(bytes(row.sealed), ABOUT_PROOF)
    row.sealed = fresh or row.sealed
    return fresh is not None


def in_batches(rows: models.QuerySet, renew: Renew, changed: list[str], *, write: bool) -> Iterator[Tally]:
    """Renew all `rows` (their owner's), some at a time; a run that was ended is simply started again.

    With `write` false nothing is stored, only counted. `changed` are the columns that hold the wrapping. Nothing is
    locked: a row is written where it still holds what was read, and else it is new by itself.
    """
    last = None
    while found := list((rows if last is None else rows.filter(pk__gt=last)).order_by("pk")[:BATCH]):
        last = found[-1].pk
        before = {row.pk: {name: copy(getattr(row, name)) for name in changed} for row in found}
        tally, renewed = _renew(found, renew)
        if write:
            for at in range(0, len(renewed), AT_ONCE):
                some = renewed[at : at + AT_ONCE]
                same = {f"{name}__in": [before[row.pk][name] for row in some] for name in changed}
                rows.filter(**same).bulk_update(some, changed)
        yield tally


def _renew(rows: list[Any], renew: Renew) -> tuple[Tally, list[Any]]:
    tally, renewed = Tally(seen=len(rows)), []
    for row in rows:
        try:
            if renew(row):
                renewed.append(row)
        except (CannotUnseal, ValueError):
            tally.closed += 1
    tally.older = len(renewed)
    return tally, renewed


def data_keys(*, write: bool) -> Iterator[Tally]:
    """Everyone's key; as the owner."""
    return in_batches(DataKey.objects.using("owner"), renew_data_key, ["wrapped"], write=write)


def proof(*, write: bool) -> Iterator[Tally]:
    """What a start finds out by whether its keyring fits; as the owner, after all else."""
    return in_batches(KeyringProof.objects.using("owner"), renew_proof, ["sealed"], write=write)


def sealed_fields(model: type[models.Model]) -> list[SealedTextField]:
    """The fields of a model that hold what someone wrote."""
    return [field for field in model._meta.concrete_fields if isinstance(field, SealedTextField)]


def reseal(user_id: UUID) -> int:
    """A new key for this person, and every text of theirs under it; how many rows. All or nothing.

    Waits for this person's running requests, and theirs wait for it. Raises CannotUnseal (and changes nothing) where
    one text does not open, and DataKey.DoesNotExist where there is no such person.
    """
    with alone_with(user_id):
        key = DataKey.objects.get(user_id=user_id)
        rows = [row for model in Owned.every() if sealed_fields(model) for row in _opened(model, user_id)]
        key.wrapped = wrap(os.urandom(32), about_key(user_id))
        key.save()
        with keys_kept():
            for row in rows:
                row.save(update_fields=[field.name for field in sealed_fields(type(row))])
        return len(rows)


def _opened(model: type[models.Model], user_id: UUID) -> Iterator[Any]:
    for row in model._base_manager.filter(user_id=user_id):  # what was deleted can still be undone
        for field in sealed_fields(model):
            getattr(row, field.attname)
        yield row
