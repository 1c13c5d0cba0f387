"""The people of `benchmarks.load`, signed in; imported once Django is set up."""

import secrets
from datetime import timedelta
from string import ascii_letters
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client
from django.utils import timezone

from benchmarks.sending import Someone
from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence, Kind
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.records.forms import mark_of
from exercises.records.rowsecurity import acting_as

SENTENCE = "Ik zei dat ik het spannend vond, en dat ik er al een week tegenop zag."
BODY = "Vandaag zei ik iets wat ik anders inslik. Het bleef even stil, en toen kwam er een antwoord. " * 6
RARE = "vuurtoren"  # stands in one entry out of RARELY, so that a search opens them all
RARELY = 400
SAVERS = 40


def typical() -> Someone:
    """A hundred days: half with a step that became evidence, each with a feeling and a page."""
    return signed_in(someone(feelings=100, entries=100, steps=50))


def practised() -> Someone:
    """1,000 steps taken."""
    return signed_in(someone(feelings=365, entries=10, steps=1000))


def writer() -> Someone:
    """3,650 pages of the journal: one a day for ten years."""
    return signed_in(someone(entries=3650))


def savers(stock: int) -> list[Someone]:
    """People who save, together with `stock` planned steps."""
    return [_saver(-(-stock // SAVERS)) for _ in range(SAVERS)]


def known(user_id: str) -> Someone:
    """Somebody who is there already."""
    return signed_in(get_user_model().objects.get(pk=user_id))


def settle() -> int:
    """Let the database look at its tables; how many personal rows there are in all."""
    tables = [model._meta.db_table for model in (Person, Dimmer, Attempt, Evidence, DailyFeeling, JournalEntry)]
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT " + " + ".join(f"(SELECT count(*) FROM {table})" for table in tables))
        return cursor.fetchone()[0]


def someone(*, feelings: int = 0, entries: int = 0, steps: int = 0, planned: int = 0) -> Any:
    """A guest with so many rows of each kind, one of each a day, the last of them today."""
    now = timezone.now()
    user = get_user_model().objects.start_guest(None, language="nl", time_zone="Europe/Amsterdam", now=now)
    with acting_as(user.pk):
        person = Person.objects.create(user=user, name="Noor", relation="friend")
        dimmers = [Dimmer.objects.create(user=user, person=person, topic=SENTENCE) for _ in range(4)]
        taken = [_taken(user, dimmers[n % 4], (now - timedelta(n % 700)).date()) for n in reversed(range(steps))]
        Evidence.objects.bulk_create((step.evidence for step in taken), batch_size=500)
        Attempt.objects.bulk_create(taken, batch_size=500)
        Attempt.objects.bulk_create([_planned(user, dimmers[0]) for _ in range(planned)], batch_size=500)
        DailyFeeling.objects.bulk_create(
            [_feeling(user, (now - timedelta(n)).date()) for n in range(feelings)], batch_size=500
        )
        JournalEntry.objects.bulk_create([_entry(user, n, now - timedelta(n)) for n in range(entries)], batch_size=500)
    return user


def _planned(user: Any, dimmer: Dimmer) -> Attempt:
    return Attempt(
        user=user, dimmer=dimmer, level=20, usual=SENTENCE, more=SENTENCE, expectation=SENTENCE, chance=60,
        fear_expected=5,
    )  # fmt: skip


def _taken(user: Any, dimmer: Dimmer, day: Any) -> Attempt:
    piece = Evidence(
        user=user, kind=Kind.ATTEMPT, happened_on=day, person=dimmer.person, level=20, shared=SENTENCE, feared=SENTENCE,
        happened=SENTENCE,
    )  # fmt: skip
    return Attempt(
        user=user, dimmer=dimmer, evidence=piece, level=20, usual=SENTENCE, more=SENTENCE, expectation=SENTENCE,
        chance=60, fear_expected=5, done="full", done_on=day, happened=SENTENCE, came_true="no", fear_peak=6,
        fear_after=3, bore_it="yes", habits=["joke"], reaction="ok", learned=SENTENCE,
    )  # fmt: skip


def _feeling(user: Any, day: Any) -> DailyFeeling:
    return DailyFeeling(user=user, day=day, words=["tense"], intensity=day.day % 11, sentence=SENTENCE)


def _entry(user: Any, n: int, written_at: Any) -> JournalEntry:
    return JournalEntry(user=user, written_at=written_at, body=BODY + (RARE if n % RARELY == 0 else ""))


def _saver(steps: int) -> Someone:
    user = someone(planned=steps)
    with acting_as(user.pk):
        rows = user.attempts.values_list("pk", "updated_at")
        return signed_in(user)._replace(steps=[(str(pk), updated_at.isoformat()) for pk, updated_at in rows])


def signed_in(user: Any) -> Someone:
    """A session as a browser has it, already used today."""
    client = Client()
    client.force_login(user)
    token = "".join(secrets.choice(ascii_letters) for _ in range(32))  # in the cookie, and as it is in the forms
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"
    return Someone(str(user.pk), cookie, token, mark_of(user))
