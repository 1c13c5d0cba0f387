"""Visitors of a site that is served as on the internet: behind a proxy with TLS, each with an address of their own.

Plain sockets and plain forms, a connection that is kept, no JavaScript; light enough for a hundred at once.
"""

import http.client
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple
from urllib.parse import urlencode

from tests.running import Fields, running

HOST = "notes.example"
PATIENCE = 20  # seconds that an answer may take
FORM = "application/x-www-form-urlencoded"
SESSION, CSRF = "__Host-session", "__Host-csrf"  # as they are called on https
HIDDEN = re.compile(r'name="(id|whose|seen)" value="([^"]*)"')
CODE = re.compile(r'<strong class="code"[^>]*>([^<]*)<')


class Served(NamedTuple):
    """A site of its own: where it listens, its main process, and the directory with its data and its log."""

    port: int
    server: Popen
    home: Path


@contextmanager
def served(home: Path, **environ: str) -> Iterator[Served]:
    """As on the internet: the proxy that it trusts is whoever connects."""
    with running(home, KWETSBAAR_URL=f"https://{HOST}", **environ) as (address, server):
        yield Served(int(address.rpartition(":")[2]), server, home)


def workers(server: Popen) -> list[int]:
    """The ids of the processes that answer: the copies of itself that it started (Linux alone)."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    own = Path(f"/proc/{server.pid}/cmdline").read_bytes()
    return sorted(int(pid) for pid in children if Path(f"/proc/{pid}/cmdline").read_bytes() == own)


def proxied(ip: str) -> dict[str, str]:
    """What the proxy in front says about a request from that address."""
    return {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": ip}


class Got(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def hidden(self) -> dict[str, str]:
        """What the first form on the page carries by itself: its record's id, whose it is, which version it shows."""
        found: dict[str, str] = {}
        for name, value in HIDDEN.findall(self.text):
            found.setdefault(name, unescape(value))
        return found


class Visitor:
    """A browser: cookies, and one connection that is kept."""

    def __init__(self, port: int, ip: str, host: str = "") -> None:
        """`host`: of a site that is plain http, behind a proxy of its own or behind none."""
        self.headers = {"Host": host} if host else proxied(ip) | {"Origin": f"https://{HOST}"}
        self.csrf = "csrf" if host else CSRF
        self.cookies: dict[str, str] = {self.csrf: secrets.token_hex(16)}
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def get(self, path: str, **headers: str) -> Got:
        return self.ask("GET", path, None, headers)

    def post(self, path: str, fields: Fields | dict[str, str], **headers: str) -> Got:
        """A form, with the token that makes it one of the site's own."""
        pairs = list(fields.items()) if isinstance(fields, dict) else fields
        body = urlencode([*pairs, ("csrfmiddlewaretoken", self.cookies[self.csrf])]).encode()
        return self.ask("POST", path, body, {"Content-Type": FORM} | headers)

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Got:
        """One request, one answer. Raises OSError or HTTPException where none comes."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self._line.sock is None:
            self._line.connect()
            self._line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._line.request(method, path, body, self.headers | {"Cookie": cookies} | headers)
            answer = self._line.getresponse()
            got = Got(answer.status, answer.headers, answer.read().decode("utf-8", "replace"))
        except BaseException:
            self.close()
            raise
        self._remember(answer.headers)
        return got

    def close(self) -> None:
        self._line.close()

    def _remember(self, headers: http.client.HTTPMessage) -> None:
        for line in headers.get_all("Set-Cookie", []):
            name, _is, rest = line.partition("=")
            value = rest.partition(";")[0]
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    # What people do

    def starts(self, language: str = "en") -> str:
        """As a guest: the return code that is shown."""
        here = f"/{language}/start/"
        fields = {"adult": "on", "consent": "on", "time_zone": "Europe/Amsterdam"}
        code = CODE.search(self.get(self.post(here, fields).headers["Location"]).text)
        return code[1].strip() if code else ""

    def fills(self, path: str, fields: dict[str, str]) -> Got:
        """Opens the page with a form, fills it in, and sends it."""
        return self.post(path, self.get(path).hidden | fields)
