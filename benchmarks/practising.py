"""The guest of `benchmarks.practice`; imported once Django is set up."""

import random
import time
from datetime import date, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exercises.dimmer.habits import HABITS, SIGNS
from exercises.dimmer.models import Attempt, Bore, CameTrue, Dimmer, Reaction
from exercises.evidence.models import Evidence, Kind
from exercises.feeling.models import DailyFeeling
from exercises.feeling.vocabulary import WORDS
from exercises.people.models import Person
from exercises.records.rowsecurity import acting_as

CHANCE = random.Random(1)
SENTENCE = "een eerlijke zin van een woord of acht"
client = Client(headers={"host": "127.0.0.1"})


def prepare(steps: int, feelings: int) -> Dimmer:
    """Tables, static files, and a guest with so many of each, signed in to `client`; the dimmer used most."""
    call_command("migrate", database="owner", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    now = timezone.now()
    user = get_user_model().objects.start_guest(None, language="nl", time_zone="Europe/Amsterdam", now=now)
    days = [now.date() - timedelta(days=n) for n in range(feelings)]
    with acting_as(user.pk):
        people = Person.objects.bulk_create(Person(user=user, name=f"Noor {n}", relation="friend") for n in range(8))
        dimmers = Dimmer.objects.bulk_create(
            Dimmer(user=user, person=person, topic=SENTENCE) for person in people for _ in range(2)
        )
        DailyFeeling.objects.bulk_create(_feeling(user, day) for day in days)
        made = [_step(user, dimmers, day) for day in sorted(CHANCE.choices(days, k=steps))]
        Evidence.objects.bulk_create(step.evidence for step in made)
        Attempt.objects.bulk_create(made)
    client.force_login(user)
    return dimmers[0]


def _feeling(user: Any, day: date) -> DailyFeeling:
    words = CHANCE.sample([*WORDS], 2)
    return DailyFeeling(user=user, day=day, words=words, intensity=CHANCE.randint(0, 10), sentence=SENTENCE)


def _step(user: Any, dimmers: list[Dimmer], day: date) -> Attempt:
    """A third of all steps are with the first dimmer."""
    dimmer = CHANCE.choice([dimmers[0]] * (len(dimmers) // 2) + dimmers)
    piece = Evidence(user=user, kind=Kind.ATTEMPT, happened_on=day, person=dimmer.person, feared=SENTENCE, happened=SENTENCE)  # fmt: skip  # noqa: E501
    return Attempt(
        user=user, dimmer=dimmer, evidence=piece, level=10 * CHANCE.randint(1, 6), usual=SENTENCE, more=SENTENCE,
        expectation=SENTENCE, chance=10 * CHANCE.randint(0, 10), fear_expected=5, leave_out=CHANCE.choice([*HABITS]),
        done="full", done_on=day, happened=SENTENCE, came_true=CHANCE.choice(CameTrue.values), learned=SENTENCE,
        fear_peak=CHANCE.randint(3, 10), fear_after=3, bore_it=CHANCE.choice(Bore.values), chance_next=30,
        habits=CHANCE.sample([*HABITS], 2), signs=CHANCE.sample([*SIGNS], 3), reaction=CHANCE.choice(Reaction.values),
    )  # fmt: skip


def milliseconds(path: str) -> tuple[float, float]:
    """How long one page takes, and how much of that this process was at work; it must succeed."""
    began, busy = time.perf_counter(), time.process_time()
    status = client.get(path).status_code
    took = 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - busy)
    assert status == 200, status
    return took


def weight(path: str) -> tuple[int, int]:
    """How many statements one page needs, and how many bytes it is."""
    with CaptureQueriesContext(connection) as queries:
        size = len(client.get(path).content)
    return len(queries), size
