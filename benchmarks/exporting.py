"""The measuring itself; imported once Django is set up."""

import random
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence, Kind
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.privacy.export import Wanted, bundle
from exercises.privacy.importing import bring_back, read
from exercises.records.rowsecurity import acting_as

MB = 1024 * 1024
DAYS = 365
CHANCE = random.Random(1)
WORDS = ["".join(CHANCE.choices("aaabcdeeeefghiijklmnnooprsttuvwz", k=CHANCE.randint(2, 9))) for _ in range(5000)]
last: dict[str, Any] = {}


def prepare() -> None:
    call_command("migrate", database="owner", verbosity=0)


def line(years: int) -> str:
    """One row of the table: a person is filled, then exported twice, once with tracing, which slows it down."""
    user = get_user_model().objects.start_guest(None, language="nl", time_zone="Europe/Amsterdam", now=timezone.now())
    with acting_as(user.pk):
        records = fill(user, years * DAYS)
    wanted = Wanted("nl", timezone.localtime())
    before, began, busy = resident(), time.perf_counter(), time.process_time()
    size = most = 0
    for piece in bundle(user, wanted):
        size += len(piece)
        most = max(most, resident())
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    last["zip"] = b"".join(bundle(user, wanted))
    words = sum(info.file_size for info in zipfile.ZipFile(BytesIO(last["zip"])).infolist())
    tracemalloc.start()
    for _piece in bundle(user, wanted):
        pass
    traced = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (
        f"{years:>5}{records:>9}{seconds:>9.1f}{busy:>7.1f}{size / MB:>9.1f}{words / MB:>11.1f}{traced / MB:>12.1f}"
        f"{(most - before) / MB:>11.1f}"
    )


def import_line() -> str:
    """The last export into a fresh account, and once more."""
    user = get_user_model().objects.start_guest(None, language="nl", time_zone="Europe/Amsterdam", now=timezone.now())
    seconds = []
    for _time in range(2):
        began = time.perf_counter()
        with acting_as(user.pk):
            result = bring_back(user, read(last["zip"]))
        seconds.append(time.perf_counter() - began)
    return f"import of the last: {seconds[0]:.1f} s; again: {seconds[1]:.1f} s ({result.there} were there already)"


def resident() -> int:
    """The memory that this process has now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def text(words: int) -> str:
    return " ".join(CHANCE.choices(WORDS, k=words)).capitalize() + "."


def fill(user: Any, days: int) -> int:
    """A feeling and a journal page of 200 words a day, 100 steps a year with evidence; how many records that is."""
    now = timezone.now()
    people = [Person(user=user, name=text(1)[:20], relation="friend") for _ in range(20)]
    dimmers = [Dimmer(user=user, person=person, topic=text(3)) for person in people for _ in range(3)]
    when = [now - timedelta(days=n) for n in range(days)]
    feelings = (
        DailyFeeling(
            user=user, day=at.date(), words=["tense", "open"], intensity=4, sentence=text(12), person=people[0]
        )
        for at in when
    )
    pages = (JournalEntry(user=user, written_at=at, body=text(200), takeaway=text(8)) for at in when)
    total = 0
    for model, rows in (
        (Person, iter(people)),
        (Dimmer, iter(dimmers)),
        (DailyFeeling, feelings),
        (JournalEntry, pages),
    ):
        total += store(model, rows)
    for at in sorted(CHANCE.sample(when, days * 1000 // 3650)):
        dimmer = CHANCE.choice(dimmers)
        piece = Evidence(user=user, kind=Kind.ATTEMPT, happened_on=at.date(), person=dimmer.person, shared=text(15), feared=text(15), happened=text(25))  # fmt: skip  # noqa: E501
        step = Attempt(
            user=user, dimmer=dimmer, level=30, usual=text(12), more=text(15), expectation=text(15), chance=60,
            fear_expected=5, fear_peak=6, fear_after=3, done="full", done_on=at.date(), came_true="no", bore_it="yes",
            habits=["joke"], signs=["calm_voice", "phone_away"], reaction="ok", happened=text(25), learned=text(20),
            chance_next=30, evidence=piece,
        )  # fmt: skip
        total += store(Evidence, iter([piece])) + store(Attempt, iter([step]))
    return total


def store(model: Any, rows: Iterator[Any]) -> int:
    made = model.objects.bulk_create(rows, batch_size=500)
    return len(made)
