"""What `benchmarks.faults` is made of: the site and who starts it again, people who save, a line that drops answers.

Imported once Django is set up. Nothing here is part of the site: it looks on from outside, as a browser does.
"""

import contextlib
import http.client
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from html import escape
from pathlib import Path
from string import ascii_letters
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import psycopg
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client
from django.utils import timezone

from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from kwetsbaar.embedded import server
from tests.running import free_port

PATIENCE = 20  # seconds that a person waits for an answer
AFTER_A_FAULT = 0.3  # seconds until a person presses again; the site asks for more (Retry-After), this is harder on it
WORDS = ["ik zei", "„dat”", "&", "«dit»", "<zacht>", "'t", "bleef stil", "é", "ü ñ", "toen", "lachte iemand", "mee"]


class Site:
    """`python -m kwetsbaar` and a supervisor, which starts it again when it ends, as systemd does."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.starts, self._ends = home, free_port(), 0, threading.Event()
        self.database = home / "postgres"
        self._process: subprocess.Popen | None = None
        self._supervisor = threading.Thread(target=self._supervise)
        self._supervisor.start()

    def _supervise(self) -> None:
        own = {"KWETSBAAR_DATA": str(self.home), "PORT": str(self.port)}
        while not self._ends.wait(0.1 if self.starts else 0):
            with (self.home / "log").open("a") as log:
                command = [sys.executable, "-m", "kwetsbaar"]
                self._process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
            self.starts += 1
            self._process.wait()

    def end(self) -> None:
        """Ctrl-C."""
        self._ends.set()
        if self._process:
            self._process.send_signal(signal.SIGINT)
        self._supervisor.join(60)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def workers(self) -> list[int]:
        """The processes that answer: its children which run the same program."""
        own = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        children = Path(f"/proc/{self.pid}/task").glob("*/children")
        numbers = [int(number) for file in children for number in file.read_text().split()]
        return [number for number in numbers if _command(number) == own or b"spawn_main" in _command(number)]

    def postmaster(self) -> int:
        """The process number of PostgreSQL."""
        return int((self.database / "data/postmaster.pid").read_text().split()[0])

    def connect(self, user: str = "owner") -> psycopg.Connection:
        """Into its database, past the site."""
        return psycopg.connect(host=str(self.database.resolve()), user=user, dbname="app", autocommit=True)

    def control(self, *arguments: str) -> None:
        """`pg_ctl`, as the owner of the cluster."""
        server._run(self.database.resolve(), "pg_ctl", *arguments, "--pgdata=data")


def _command(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return b""


class Answer(NamedTuple):
    """What came back; status 0 where the line was cut, -1 where nothing came in time."""

    status: int
    text: str = ""
    retry_after: str = ""


CUT, HUNG = 0, -1


class Person:
    """Somebody who is signed in, with a browser that keeps its connection."""

    def __init__(self, site: Site, stage: "Stage") -> None:
        now = timezone.now()
        self.user = get_user_model().objects.start_guest(None, language="nl", time_zone="Europe/Amsterdam", now=now)
        browser = Client()
        browser.force_login(self.user)
        self.token = "".join(secrets.choice(ascii_letters) for _ in range(32))
        session = browser.cookies[settings.SESSION_COOKIE_NAME].value
        self.cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={self.token}"
        self.line = Line(stage)

    def ask(self, path: str, fields: list[tuple[str, str]] | None = None) -> Answer:
        headers = {"Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode([*fields, ("csrfmiddlewaretoken", self.token)]) if fields else None
        return self.line.ask("POST" if fields else "GET", path, body, headers)


class Line:
    """One connection that is kept, and made anew when it was cut or when the way to the site changed."""

    def __init__(self, stage: "Stage") -> None:
        self._stage, self._port = stage, 0
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        try:
            if self._connection is None or self._port != self._stage.port:
                self.close()
                self._port = self._stage.port
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
            self._connection.request(method, path, body, headers or {})
            answer = self._connection.getresponse()
            text = answer.read().decode(errors="replace")
            return Answer(answer.status, text, answer.headers.get("Retry-After", ""))
        except TimeoutError:
            self.close()
            return Answer(HUNG)
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(CUT)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


class Save(NamedTuple):
    """One thing that a person saves; its words stand nowhere else."""

    id: UUID
    words: str
    day: date | None  # of a feeling; None for a page of the journal

    def form(self) -> tuple[str, list[tuple[str, str]]]:
        """Where it goes, and what is sent."""
        if self.day:
            return f"/nl/feeling/{self.day}/", [("id", str(self.id)), ("sentence", self.words), ("intensity", "4")]
        return "/nl/journal/new/", [("id", str(self.id)), ("body", self.words)]


class Stage:
    """What the actors share: the way to the site, when to go on, and the counts of this fault."""

    def __init__(self, site: Site, clients: int) -> None:
        self.site, self.port, self.fault_is_over = site, site.port, 0.0
        self.going, self.ended = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.savers = [Saver(self, number) for number in range(clients)]
        self.readers = [Reader(self, None), Reader(self, Person(site, self))]

    def count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    @property
    def actors(self) -> list["Actor"]:
        return [*self.savers, *self.readers]

    def rest(self) -> None:
        """Have everybody stop and wait until nothing is under way."""
        self.going.clear()
        for actor in self.actors:
            actor.resting.wait(3 * PATIENCE)

    def close(self) -> None:
        self.ended.set()
        self.going.set()
        for actor in self.actors:
            actor.join(3 * PATIENCE)


class Actor(threading.Thread):
    """Does one thing after another while the stage is going."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self.stage, self.resting = stage, threading.Event()

    def run(self) -> None:
        while not self.stage.ended.is_set():
            if not self.stage.going.is_set():
                self.resting.set()
                self.stage.going.wait()
            self.resting.clear()
            self.act()

    def act(self) -> None:
        raise NotImplementedError


class Reader(Actor):
    """Reads a page that is for everybody, as a visitor or signed in."""

    def __init__(self, stage: Stage, person: Person | None) -> None:
        super().__init__(stage)
        self.person, self._line = person, Line(stage)

    def act(self) -> None:
        path = "/nl/read/dimmer/"
        status = (self.person.ask(path) if self.person else self._line.ask("GET", path)).status
        self.stage.count("read" if status == 200 else "read: cut" if status == CUT else "not read")
        time.sleep(0.1)


class Saver(Actor):
    """Saves, and sends again what was not acknowledged: every second person at once, the others once all is well."""

    def __init__(self, stage: Stage, number: int) -> None:
        super().__init__(stage)
        self.person, self._at_once, self._number = Person(stage.site, stage), number % 2 == 0, 0
        self.acknowledged: list[Save] = []
        self.unacknowledged: list[Save] = []
        self.well_at = 0.0

    def act(self) -> None:
        save = self._next()
        began = time.monotonic()
        well = self.send(save)
        while not well and self._at_once and self.stage.going.is_set():
            time.sleep(AFTER_A_FAULT)
            began = time.monotonic()
            well = self.send(save)
        if not well:
            self.unacknowledged.append(save)
            time.sleep(AFTER_A_FAULT)
        elif began > self.stage.fault_is_over > self.well_at:
            self.well_at = time.monotonic()

    def _next(self) -> Save:
        self._number += 1
        if self._number % 10 == 0:  # a page that shows the messages, else they would pile up
            self.person.ask("/nl/today/")
        words = f"{secrets.token_hex(8)} {' '.join(random.choices(WORDS, k=random.randint(20, 120)))}"
        feeling = self._number % 2 and timezone.localdate() - timedelta(days=self._number // 2)
        return Save(uuid7(), words, feeling or None)

    def send(self, save: Save) -> bool:
        """Whether it was acknowledged."""
        path, fields = save.form()
        answer = self.person.ask(path, fields)
        if answer.status in (302, 303):
            self.acknowledged.append(save)
            self.stage.count("acknowledged")
            return True
        kind = {CUT: "cut", HUNG: "no answer"}.get(answer.status) or self._refused(save, answer)
        self.stage.count(kind)
        return False

    def _refused(self, save: Save, answer: Answer) -> str:
        """Politely is: that it is away, when to try again, what was typed, and a button that sends it."""
        kept = escape(save.words) in answer.text
        polite = answer.status == 503 and answer.retry_after.isdecimal() and kept and "<button" in answer.text
        how = f"with {answer.status}" if kept else f"with {answer.status} and without the text"
        return "refused politely" if polite else f"refused {how}"

    def stored(self) -> Counter[str]:
        """How often each text stands there, read as this person reads it."""
        user = self.person.user
        with acting_as(user.pk):
            pages = [row.body for row in JournalEntry.objects.filter(user=user)]
            return Counter(pages + [row.sentence for row in DailyFeeling.objects.filter(user=user)])

    def send_the_rest(self) -> None:
        """Now that all is well: what was not acknowledged, with the same id."""
        until = time.monotonic() + 3 * PATIENCE
        while self.unacknowledged and time.monotonic() < until:
            if self.send(self.unacknowledged[-1]):
                self.unacknowledged.pop()
            else:
                time.sleep(AFTER_A_FAULT)


class Found(NamedTuple):
    """What a comparison of sent and stored gives: counts of texts."""

    lost: int
    doubled: int
    unknown: int  # stands there and was never sent


def compare(stage: Stage) -> Found:
    """Every person's saves against what stands there."""
    lost = doubled = unknown = 0
    for saver in stage.savers:
        stored = saver.stored()
        sent = {save.words for save in (*saver.acknowledged, *saver.unacknowledged)}
        lost += sum(save.words not in stored for save in saver.acknowledged)
        doubled += sum(number > 1 for number in stored.values())
        unknown += len(stored.keys() - sent)
    connections.close_all()
    return Found(lost, doubled, unknown)


class Dropping(threading.Thread):
    """A line to the site that now and then is cut once the request was sent, before the answer is passed on."""

    def __init__(self, port: int, share: float) -> None:
        super().__init__(daemon=True)
        self._port, self._share = port, share
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self.dropped = 0

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self._door.accept()
                threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._port)) as far, contextlib.suppress(OSError):
            threading.Thread(target=self._there, args=(near, far), daemon=True).start()
            while answer := far.recv(65536):
                if answer.startswith(b"HTTP/") and random.random() < self._share:
                    self.dropped += 1
                    break
                near.sendall(answer)
            for end in (near, far):
                end.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _there(near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while sent := near.recv(65536):
                far.sendall(sent)
            far.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()


@contextlib.contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[bool]:
    """A disk of its own at `place`; whether this machine allows it (only who may mount can fill a disk)."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    may = os.geteuid() == 0 and subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode == 0
    try:
        yield may
    finally:
        if may:
            subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left; the file that holds them."""
    filling = disk / "filling"
    with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    return filling


def take_every_connection(site: Site, seconds: float) -> list[Any]:
    """Everything that PostgreSQL has for the app's role, also what the site had."""
    taken: list[psycopg.Connection] = []
    until = time.monotonic() + seconds
    with site.connect() as owner:
        while time.monotonic() < until:
            try:
                taken.append(site.connect("app"))
            except psycopg.OperationalError:
                mine = [one.info.backend_pid for one in taken]
                end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' AND pid <> ALL(%s)"
                if not owner.execute(end, [mine]).fetchall():
                    time.sleep(0.05)
    return taken
