"""Sending what is due, by any number of workers at once: nothing twice, and nothing forgotten.

A worker claims some rows for a while (SKIP LOCKED; one by one, since the table may be split by person). Before it hands
a reminder over it marks it as sent, and commits. So one that dies before the mark leaves the rest to another, and what
one that dies after it had in hand is not sent again. The mark is taken back only where the other side surely did not
take it.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from copy import copy
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from exercises.reminders.mail import Mail
from exercises.reminders.models import Channel, Reminder
from exercises.reminders.outcomes import Away, Outcome
from exercises.reminders.push import Push

AT_ONCE = 50  # rows
REACH = 500  # rows that a worker looks at for those: others may hold the first
HOLD = (
    "SELECT FROM exercises_reminder WHERE user_id = %s AND id = %s AND (claimed_until IS NULL OR claimed_until <= %s)"
    " FOR UPDATE SKIP LOCKED"
)
LEASE = timedelta(minutes=5)  # after this a claim is anyone's
AGAIN = timedelta(minutes=10)  # until one that was not taken is tried again
LATE = timedelta(hours=3)  # later than this it no longer helps
PAUSE_AFTER = 3  # sent without a visit
READ = ("claim", "due_at", "sent_on", "unanswered", "paused_at", "on", "channel", "hour")  # what a worker goes by
WRITTEN = ("claim", "due_at", "sent_on", "unanswered", "paused_at", "claimed_until")
OWNER = "owner"  # everyone's rows, as for `purge`

logger = logging.getLogger(__name__)


class Way(Protocol):
    """How reminders go out."""

    def open(self) -> None:
        """Be ready to send. Raises Away."""

    def close(self) -> None:
        """Let go of what `open` took."""

    def prepare(self, row: Reminder, last: bool) -> Any:
        """What is to be sent to whom, the last one for now or not; None where the person cannot be reached this way."""

    def deliver(self, message: Any) -> Outcome:
        """Hand it over."""


def send_due(seconds: float) -> Counter[str]:
    """Work off what is due, for about so long: how many had which outcome, by its name. Raises DatabaseError."""
    until, counts = time.monotonic() + seconds, Counter[str]()
    ways: dict[str, Way] = {Channel.MAIL: Mail()}
    if settings.PUSH_KEY:  # without it, another host may have one
        ways[Channel.PUSH] = Push()
    try:
        while time.monotonic() < until and (rows := _claim(list(ways), now := _now())):
            counts.update(_work_off(rows, ways, until, now))
    finally:
        for way in ways.values():
            way.close()
    return counts


def _now() -> datetime:
    """By the clock of the database: that of a host may be wrong."""
    with connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT now()")
        (now,) = cursor.fetchone()
    return now


def _claim(channels: list[str], now: datetime) -> list[Reminder]:
    """The first that are due by these ways and nobody's, now ours for a while."""
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    due = _rows().filter(free, due_at__lte=now, on=True, paused_at=None, channel__in=channels)
    first = due.order_by("due_at").values_list("user_id", "pk")[:REACH]
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        held = list(islice((row for row in first if _held(cursor, row, now)), AT_ONCE))
        rows = due.filter(user__in=[user_id for user_id, _id in held], pk__in=[id for _user_id, id in held])
        ours = list(rows.select_related("user").order_by("due_at"))
        claim, until = uuid4(), now + LEASE
        rows.update(claim=claim, claimed_until=until)
    for row in ours:
        row.claim, row.claimed_until = claim, until
    return ours


def _held(cursor: Any, row: tuple[UUID, UUID], now: datetime) -> bool:
    """Whether the row of this person and id is nobody's and now locked; not where someone else holds it."""
    cursor.execute(HOLD, [*row, now])
    return cursor.fetchone() is not None


def _rows() -> Any:
    return Reminder.objects.using(OWNER)


def _work_off(rows: list[Reminder], ways: dict[str, Way], until: float, now: datetime) -> Iterator[str]:
    """The outcome of each; what it did not get to is free again, but for what went wrong: others go first."""
    held, people = {row.pk for row in rows}, {row.user_id for row in rows}
    try:
        for row in rows:
            if row.channel not in ways or time.monotonic() > until:
                continue
            try:
                yield _remind(row, ways[row.channel], now)
            except Away:
                yield Outcome.AWAY
                ways.pop(row.channel).close()
            except DatabaseError:
                raise
            except Exception as error:  # one odd row does not keep the others waiting
                logger.exception("A reminder could not be sent: %s", type(error).__name__)
                held.discard(row.pk)
                yield Outcome.FAILED
    finally:
        _rows().filter(user__in=people, pk__in=held, claim=rows[0].claim).update(claim=None, claimed_until=None)


def _remind(row: Reminder, way: Way, now: datetime) -> Outcome:
    """One reminder. Raises Away before anything was marked."""
    if _is_late(row, now):
        return _skip(row, now, Outcome.LATE)
    marked = _marked(row, now)
    message = way.prepare(row, last=marked.paused_at is not None) if row.user.is_active else None
    if message is None:
        return _skip(row, now, Outcome.NOBODY)
    way.open()
    if not _changes(row, marked):
        return Outcome.CHANGED
    outcome = way.deliver(message)
    if outcome is Outcome.NOT_TAKEN:
        _take_back(row, marked, now)
    return outcome


def _is_late(row: Reminder, now: datetime) -> bool:
    """Whether its moment is over: by some hours, by the day, or because that day had one."""
    zone, due = row.user.zone, row.due_at or now
    day = now.astimezone(zone).date()
    return now - due > LATE or due.astimezone(zone).date() != day or row.sent_on == day


def _skip(row: Reminder, now: datetime, why: Outcome) -> Outcome:
    """On to its next day."""
    later = copy(row)
    later.schedule(now)
    return why if _changes(row, later) else Outcome.CHANGED


def _marked(row: Reminder, now: datetime) -> Reminder:
    """As it will be once it is sent."""
    after = copy(row)
    after.sent_on = now.astimezone(row.user.zone).date()
    was_here = row.sent_on is not None and row.user.was_here_since(row.sent_on)
    after.unanswered = 1 if was_here else row.unanswered + 1
    after.paused_at = now if after.unanswered >= PAUSE_AFTER else None
    after.schedule(now)
    return after


def _changes(row: Reminder, after: Reminder) -> bool:
    """Store what it becomes, if it is still ours and as it was read."""
    same = {"user": row.user_id, "pk": row.pk} | {name: getattr(row, name) for name in READ}
    return bool(_rows().filter(**same).update(**{name: getattr(after, name) for name in WRITTEN}))


def _take_back(row: Reminder, marked: Reminder, now: datetime) -> None:
    """As if it had not been tried, but for a while; not where the person changed something since."""
    same = {name: getattr(marked, name) for name in ("user", "pk", *READ) if name != "unanswered"}
    _rows().filter(**same).update(
        due_at=row.due_at,
        sent_on=row.sent_on,
        paused_at=row.paused_at,
        unanswered=Greatest(F("unanswered") - 1, 0),  # a visit since then has made it 0
        claimed_until=now + AGAIN,
    )
