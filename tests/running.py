"""A whole site of its own, as `python -m kwetsbaar` serves it, and a plain browser without JavaScript."""

import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

START_WITHIN = 180  # seconds

Fields = list[tuple[str, str]]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def running(home: Path, port: int = 0, **environ: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """A site with its data in `home`: its address and its process. What it says goes to home/log."""
    home.mkdir(mode=0o755, exist_ok=True)
    address = f"http://127.0.0.1:{port or free_port()}"
    own = {"KWETSBAAR_DATA": str(home), "PORT": address.rpartition(":")[2], "KWETSBAAR_EXIT_URL": f"{address}/healthz"}
    with (home / "log").open("a") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "kwetsbaar"], env=os.environ | own | environ, stdout=log, stderr=log
        )
    try:
        _wait_for(f"{address}/healthz", server, home / "log")
        yield address, server
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the site did not start: {log.read_text()}")


def manage(home: Path, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`manage.py …` of the site in `home`."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        env=os.environ | {"KWETSBAAR_DATA": str(home)} | environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def as_owner(home: Path) -> psycopg.Connection:
    """Into the database of a site that runs, seeing everything."""
    return psycopg.connect(host=str((home / "postgres").resolve()), user="owner", dbname="app", autocommit=True)


class Form(NamedTuple):
    """One form on a page: where it goes, and its fields as (kind, name, value)."""

    action: str
    method: str
    fields: list[tuple[str, str, str]]


class Page(HTMLParser):
    """The links and forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._open: tuple[str, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self.forms.append(Form(given.get("action") or "", given.get("method", "get"), []))
        elif tag in ("input", "textarea", "select") and given.get("name") and self.forms:
            kind = given.get("type", "text") if tag == "input" else tag
            self.forms[-1].fields.append((kind, given["name"], given.get("value") or ""))
        elif tag == "option" and given.get("value") and self.forms and self.forms[-1].fields:
            kind, name, value = self.forms[-1].fields[-1]
            self.forms[-1].fields[-1] = (kind, name, value or given["value"])


class Answer(NamedTuple):
    """What came back: status, the address in the end, the text."""

    status: int
    url: str
    text: str


class Browser:
    """Cookies, links and forms."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def ask(
        self, path: str, data: bytes | Fields | None = None, headers: dict[str, str] | None = None, method: str = ""
    ) -> Answer:
        body = urllib.parse.urlencode(data).encode() if isinstance(data, list) else data
        request = urllib.request.Request(urllib.parse.urljoin(self.site, path), body, headers or {})
        request.method = method or ("GET" if body is None else "POST")
        try:
            with self._opener.open(request, timeout=30) as answer:
                return Answer(answer.status, answer.url, answer.read().decode(errors="replace"))
        except urllib.error.HTTPError as answer:
            return Answer(answer.code, answer.url, answer.read().decode(errors="replace"))

    def token(self, path: str = "/en/start/") -> str:
        """The token on that page."""
        return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.ask(path).text)[1]
