"""The people, the mail server and the counting of `benchmarks.reminders`; imported once Django is set up."""

import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.utils import timezone

from exercises.records.models import uuid7
from exercises.reminders.models import Reminder
from kwetsbaar.accounts.models import User

OWNER = "owner"


class Figures(NamedTuple):
    """What the mail server took."""

    sent: int
    seconds: float  # from the first to the last
    twice: int
    missing: int


def prepare(people: int) -> None:
    """Tables, and so many people with a confirmed address and a reminder in our own words."""
    call_command("migrate", database=OWNER, verbosity=0)
    zone = f"Etc/GMT{timezone.now().hour - 12:+d}"  # about noon there: no day ends meanwhile
    users = [User(id=uuid7(), username=secrets.token_urlsafe(18), time_zone=zone, language="en") for _ in range(people)]
    addresses = [EmailAddress(user=user, email=f"{n}@example.org", verified=True) for n, user in enumerate(users)]
    rows = [Reminder(user=user, on=True, weekdays=list(range(7)), hour=12) for user in users]
    for model, made in ((User, users), (EmailAddress, addresses), (Reminder, rows)):
        model.objects.using(OWNER).bulk_create(made, batch_size=1000)  # type: ignore[attr-defined]


def make_due() -> None:
    """All of them, since a minute, as if none had ever been sent."""
    due = timezone.now() - timedelta(minutes=1)
    Reminder.objects.using(OWNER).update(due_at=due, sent_on=None, unanswered=0, claim=None, claimed_until=None)


def let_go() -> None:
    """As if the minutes of every claim had passed."""
    held = Reminder.objects.using(OWNER).filter(claimed_until__isnull=False)
    held.update(claimed_until=timezone.now() - timedelta(seconds=1))


def figures(log: Path, people: int) -> Figures:
    """How many were taken, how many of them once too often, and how many people got none."""
    words = log.read_text().split()
    moments, counts = [*map(float, words[::2])], Counter(words[1::2])
    seconds = max(moments, default=0) - min(moments, default=0)
    return Figures(counts.total(), seconds, counts.total() - len(counts), people - len(counts))


@contextmanager
def mail_server(log: Path) -> Iterator[str]:
    """A mail server of its own, which writes what it takes into `log`: its URL."""
    command = [sys.executable, "-m", "benchmarks.taking", str(log)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin
    assert server.stdout
    try:
        url = server.stdout.readline().strip()
        assert url, "the mail server did not start"
        yield url
    finally:
        server.stdin.close()
        server.wait(30)
