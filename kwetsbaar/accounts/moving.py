"""A guest's records become an account's: read as the guest, sealed anew and written as the account, all or nothing.

They keep their ids, so that whatever names them still does. Where there is room for one alone, SETTLED says what
becomes of both.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import transaction

from exercises.course.courses import every
from exercises.drafts.models import Draft
from exercises.feeling.models import DailyFeeling
from exercises.privacy.portable import keep_moments, kinds
from exercises.progress.models import SelfCheck
from exercises.progress.statements import known
from exercises.reading.models import ModuleRead
from exercises.records.models import Record, remove, uuid7
from exercises.records.rowsecurity import set_user
from exercises.records.settings import Settings
from exercises.reminders.models import Reminder
from exercises.sharing.models import Share, Summary

AT_ONCE = 500  # rows in memory
HERE, THERE = "here", "there"  # the day's feeling of the account, or the one that the guest brings


class Both(NamedTuple):
    """A day of which the account and the guest each have a feeling."""

    day: date
    here: DailyFeeling
    there: DailyFeeling


class Move(NamedTuple):
    """Who brings what to whom: `picked` names HERE or THERE for each day that both have."""

    guest: Any
    account: Any
    picked: Mapping[date, str]
    now: datetime


@contextmanager
def as_guest(guest: Any, account: Any) -> Iterator[None]:
    """Inside a request of `account`: for this block only the guest's rows exist. A fault leaves it as it was, too."""
    with transaction.atomic():
        set_user(guest.pk)
        yield
        set_user(account.pk)


def counted(guest: Any, account: Any) -> dict[type[Record], int]:
    """How many of each kind the guest has."""
    with as_guest(guest, account):
        return {model: model.objects.filter(user=guest).count() for model in kinds()}


def both(guest: Any, account: Any) -> list[Both]:
    """The days that both have a feeling of, the first day first; read, and opened."""
    with as_guest(guest, account):
        rows = guest.feelings.select_related("person").order_by("day")
        there = {row.day: _opened(row) for row in rows if row.person is None or _opened(row.person)}
    here = {row.day: row for row in account.feelings.select_related("person").filter(day__in=there)}
    return [Both(day, here[day], row) for day, row in there.items() if day in here]


def bring_along(move: Move) -> None:
    """All of the guest's rows, deleted ones and reactions too; then the guest is gone. What names others goes first."""
    with transaction.atomic():
        for model in reversed(kinds()):
            for rows in _taken(move, model):
                settle = SETTLED.get(model)
                _put(model, settle(rows, move) if settle else rows)
        move.guest.reactions.update(author=move.account)
        throw_away(move.guest, move.account)


def throw_away(guest: Any, account: Any) -> None:
    """The guest, all rows and the key."""
    with as_guest(guest, account):
        copy(guest).delete()  # who is asked about afterwards, should this fail


def _taken(move: Move, model: type[Record]) -> Iterator[list[Any]]:
    """The guest's rows of a kind, a bit at a time, opened and gone from where they were."""
    while True:
        with as_guest(move.guest, move.account):
            mine = model.with_deleted.filter(user=move.guest)
            rows = [_opened(row) for row in mine.select_for_update().order_by("id")[:AT_ONCE]]
            remove(mine.filter(pk__in=[row.pk for row in rows]), user=move.guest)
        if not rows:
            return
        for row in rows:
            row.user_id = move.account.pk
        yield rows


def _opened(row: Any) -> Any:
    for field in row._meta.concrete_fields:
        getattr(row, field.attname)
    return row


def _put(model: type[Record], rows: list[Any]) -> None:
    moments = [(row.pk, row.created_at, row.updated_at) for row in rows]
    model.objects.bulk_create(rows)
    if rows:
        keep_moments(rows[0].user_id, model, moments)


def _feelings(rows: list[Any], move: Move) -> list[Any]:
    """The one that was not picked is hidden as if deleted; what stands with the evidence stays there."""
    live = {row.day: row for row in rows if row.deleted_at is None}
    for here in move.account.feelings.filter(day__in=[day for day in live if day in move.picked]):
        loser = here if move.picked[here.day] == THERE else live[here.day]
        loser.deleted_at = move.now
        if loser is here:
            here.save(update_fields=["deleted_at"])
    return rows


def _wishes(rows: list[Any], move: Move) -> list[Any]:
    """The account's stay; what it left empty is filled."""
    for row in rows:
        row.pin, row.pin_missed = "", 0  # the account's browsers would lock with a PIN that was never made there
    mine, live = move.account.settings.first(), [row for row in rows if row.deleted_at is None]
    if mine is None or not live:
        return rows
    empty = [field for field in mine._meta.concrete_fields if getattr(mine, field.attname) in ("", {}, [], None)]
    for field in empty:
        setattr(mine, field.attname, getattr(live[0], field.attname))
    mine.save()
    return [row for row in rows if row not in live]


def _reads(rows: list[Any], move: Move) -> list[Any]:
    """Read is read, since the first time; and the reader was at the later of the two headings."""
    twins = {mark.module: mark for mark in move.account.reads.all()}
    live = [row for row in rows if row.deleted_at is None and row.module in twins]
    for row in live:
        mark = twins[row.module]
        mark.finished_at = min(filter(None, [mark.finished_at, row.finished_at]), default=None)
        mark.section = max(mark.section, row.section, key=lambda section: _place(row.module, section))
        mark.save(update_fields=["finished_at", "section"])
    return [row for row in rows if row not in live]


def _place(slug: str, section: str) -> int:
    """Which heading this is, counted from 0, in whichever language; -1 for none."""
    headings = [[heading.id for heading in module.headings] for module in every(slug)]
    return max((ids.index(section) for ids in headings if section in ids), default=-1)


def _drafts(rows: list[Any], move: Move) -> list[Any]:
    """Both are kept: where two are of the same form and row, the guest's becomes that of a new row."""
    taken = set(move.account.drafts.values_list("form", "row"))
    for row in rows:
        if row.deleted_at is None and (row.form, row.row) in taken:
            row.row = uuid7()
    return rows


def _self_checks(rows: list[Any], move: Move) -> list[Any]:
    """Of a day that both have, the account's stays; a statement that it left open takes the guest's answer."""
    mine = {check.day: check for check in move.account.self_checks.all()}
    twins = [row for row in rows if row.deleted_at is None and row.day in mine]
    for row in twins:
        check = mine[row.day]
        check.answers = [b if a is None else a for a, b in zip(known(check.answers), known(row.answers), strict=True)]
        check.save(update_fields=["answers"])
    return [row for row in rows if row not in twins]


def _summaries(rows: list[Any], move: Move) -> list[Any]:
    """One page of both: the guest's words below the account's, and what each picked."""
    mine, live = move.account.summaries.first(), [row for row in rows if row.deleted_at is None]
    if mine is None or not live:
        return rows
    for name in ("practised", "ask"):
        setattr(mine, name, "\n\n".join(filter(None, (getattr(mine, name), getattr(live[0], name)))))
    mine.pieces = list(dict.fromkeys([*mine.pieces, *live[0].pieces]))
    mine.save()
    return [row for row in rows if row not in live]


def _reminders(rows: list[Any], move: Move) -> list[Any]:
    """The account's stays; the guest's comes off: the address of its calendar and its devices were the guest's."""
    taken = move.account.reminders.exists()
    for row in rows:
        row.on, row.feed, row.paused_at = False, None, None
        row.schedule(move.now)
    return [row for row in rows if row.deleted_at or not taken]


def _shares(rows: list[Any], move: Move) -> list[Any]:
    """A link of the guest opens nothing once the guest is gone, so it is shown as ended."""
    for row in rows:
        row.expires_at = None
    return rows


SETTLED: dict[type[Record], Callable[[list[Any], Move], list[Any]]] = {
    DailyFeeling: _feelings,
    Draft: _drafts,
    ModuleRead: _reads,
    Reminder: _reminders,
    SelfCheck: _self_checks,
    Settings: _wishes,
    Share: _shares,
    Summary: _summaries,
}
