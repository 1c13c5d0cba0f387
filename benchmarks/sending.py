"""What is asked by someone who is signed in, and the forms that they send; knows no Django, wrk.py sends it."""

import os
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import count
from typing import NamedTuple
from urllib.parse import urlencode

WORDS = "Vandaag zei ik iets wat ik anders inslik. Het bleef even stil, en toen kwam er een antwoord. "


class Ask(NamedTuple):
    """One request; its text is a line of load.lua's file."""

    path: str
    cookie: str = ""
    etag: str = ""
    body: str = ""
    method: str = "GET"

    def __str__(self) -> str:
        return "\t".join((self.method, self.path, self.cookie, self.etag, self.body)) + "\n"


class Someone(NamedTuple):
    """A person who is signed in: the cookies; the token and the mark that their forms carry.

    `steps`: id and version of each step that is planned.
    """

    user: str
    cookie: str
    token: str
    whose: str
    steps: Sequence[tuple[str, str]] = ()

    def get(self, path: str) -> Ask:
        return Ask(path, self.cookie)

    def post(self, path: str, **fields: str | list[str]) -> Ask:
        return Ask(
            path, self.cookie, body=urlencode({"csrfmiddlewaretoken": self.token} | fields, doseq=True), method="POST"
        )

    def save(self, path: str, **fields: str | list[str]) -> Ask:
        """The form of a record; one that is new unless it says which (`id`, `seen`)."""
        return self.post(path, **{"id": uuid7(), "seen": "", "whose": self.whose} | fields)


def uuid7() -> str:
    """As a page makes one for a record that is new."""
    chance = int.from_bytes(os.urandom(10))
    bits = time.time_ns() // 1_000_000 << 80 | chance & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(uuid.UUID(int=bits))


def feelings(people: Sequence[Someone]) -> Iterator[Ask]:
    """Everyone's feeling of a day, day by day, each a new row: from a hundred days ago back."""
    for n in count(100):
        day = date.today() - timedelta(n)  # noqa: DTZ011  # which day it is does not matter
        for one in people:
            yield one.save(
                f"/nl/feeling/{day}/", words=["tense", "proud"], own_word="", sentence=WORDS, intensity="4", person=""
            )


def entries(people: Sequence[Someone]) -> Iterator[Ask]:
    """A new page of everyone's journal, and another one."""
    while True:
        for one in people:
            yield one.save("/nl/journal/new/", prompt="", module="", attempt="", body=WORDS * 6, takeaway="")


def steps(people: Sequence[Someone]) -> Iterator[Ask]:
    """A step that was planned, looked back on and put with the evidence: each once, as many as there are."""
    today = date.today().isoformat()  # noqa: DTZ011
    for planned in zip(*(one.steps for one in people), strict=True):
        for one, (id, seen) in zip(people, planned, strict=True):
            yield one.save(
                f"/nl/attempts/{id}/after/", id=id, seen=seen, done="full", done_on=today,
                happened=WORDS, came_true="no", fear_peak="6", fear_after="3", bore_it="yes", habits=["joke"],
                signs=["calm_voice", "feel_feet"], reaction="ok", learned=WORDS, chance_next="30", add_evidence="on",
            )  # fmt: skip


def search(one: Someone, word: str) -> Ask:
    """What in the journal holds this word."""
    return one.post("/nl/journal/", q=word)
