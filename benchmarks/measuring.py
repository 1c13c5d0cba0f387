"""The measuring itself; imported once Django is set up."""

import re
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.records.rowsecurity import acting_as

COMPRESSED = {"host": "127.0.0.1", "accept-encoding": "gzip"}
clients = {"visitor": Client(headers=COMPRESSED), "signed in": Client(headers=COMPRESSED)}


def prepare(rows: int) -> None:
    """Tables, static files, and a guest with `rows` feelings, pages, steps and pieces of evidence."""
    call_command("migrate", database="owner", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    now = timezone.now()
    user = get_user_model().objects.start_guest(None, language="nl", time_zone="Europe/Amsterdam", now=now)
    with acting_as(user.pk):
        person = Person.objects.create(user=user, name="Noor", relation="friend")
        dimmer = Dimmer.objects.create(user=user, person=person, topic="geld")
        for n in range(rows):
            day = (now - timedelta(days=n)).date()
            mine = {"user": user}
            piece = Evidence.objects.create(
                **mine, happened_on=day, person=person, feared="lacht", happened="luisterde"
            )
            Attempt.objects.create(
                **mine, dimmer=dimmer, level=10 * (n % 7), expectation="lacht", chance=60, fear_expected=5, fear_peak=6,
                fear_after=3, done="full", done_on=day, came_true="no", evidence=piece,
            )  # fmt: skip
            DailyFeeling.objects.create(**mine, day=day, words=["tense"], intensity=4, sentence="een eerlijke zin")
            JournalEntry.objects.create(**mine, written_at=now - timedelta(days=n), body="een bladzijde " * 50)
    clients["signed in"].force_login(user)


def line(who: str, path: str) -> str:
    """One row of the table."""
    client = clients[who]
    client.get(path)  # warm: templates read, connection open
    with CaptureQueriesContext(connection) as queries:
        response = client.get(path)
    statements = len(queries)  # now: the next request empties the log
    html = len(response.content)
    text = Client(headers={"host": "127.0.0.1"}, SERVER_NAME="127.0.0.1")
    text.cookies = client.cookies
    assets = sorted(set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text.get(path).text)))
    sizes = [int(text.get(asset, headers={"accept-encoding": "br, gzip"})["Content-Length"]) for asset in assets]
    return f"{path:<28}{who:<12}{statements:>10}{html:>8}{html + sum(sizes):>8}{1 + len(assets):>10}"
