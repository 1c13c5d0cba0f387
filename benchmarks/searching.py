"""The measuring itself; imported once Django is set up."""

import time
from statistics import median

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client

from exercises.reading.index import plain
from exercises.reading.search import find, nearest

KEPT = 'language, page, title, section, heading, text, vector, "order", digest'
client = Client(headers={"host": "127.0.0.1"})


def prepare(times: int) -> int:
    """Tables, static files, and every passage that many times; how many passages that makes."""
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"search": None}  # more in a minute than anyone asks
    call_command("migrate", database="owner", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO exercises_passage (course, {KEPT}) SELECT course || n, {KEPT}"
            " FROM exercises_passage, generate_series(2, %s) n",
            [times],
        )
        cursor.execute("VACUUM ANALYZE exercises_passage")
        cursor.execute("SELECT count(*) FROM exercises_passage")
        return cursor.fetchone()[0]


def line(language: str, asked: str, rounds: int) -> str:
    """One row of the table."""
    ask(language, asked)  # warm: templates read, connection open, words counted
    took = []
    for _round in range(rounds):
        started = time.perf_counter()
        ask(language, asked)
        took.append(1000 * (time.perf_counter() - started))
    words = plain(asked).split()
    found = len(find(words, language))
    offered = "" if found else ", ".join(nearest(words, language))
    return f"{asked:<28}{found:>6}{offered:>28}{median(took):>9.1f}{max(took):>9.1f}"


def ask(language: str, asked: str) -> None:
    """One search, from request to page."""
    assert client.get(f"/{language}/read/search/", {"q": asked}).status_code == 200
