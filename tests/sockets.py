"""Hostile requests byte for byte, as no client library would send them, to a site that is served; and their judge.

Made at random from a seed: the same seed makes the same requests (but for ids). What they are made of: tests/hostile.py.
"""

import gzip
import random
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import quote, quote_from_bytes, urlencode, urlsplit
from uuid import uuid4

from tests.hostile import CODE, HEADERS, MARKUP, METHODS, NAMES, ODD, OURS, PARTS, THEIRS, TYPES, Answer
from tests.test_bad_input import Forms
from tests.test_boundary import ROUTES, address
from tests.visits import CSRF, FORM, HOST, SESSION, Visitor

PATIENCE = 20  # seconds without an answer that count as hanging
QUIET = 0.2  # seconds after which what no server can take for a whole request is ended by us
FEW = 300  # requests that one person makes: then nobody's pages grow long
LAST = 8  # of those, the last ones may end the session, or everything
ENDINGS = ("/privacy/delete/", "/account/", "/privacy/lock/", "/privacy/settings/", "/weg/", "/sessions/")
STEPS = [  # what someone has before the hostile requests begin: page and fields; `{}` is where the step before led to
    ("people/new/", {"name": "Samira", "relation": "friend"}),
    ("dimmer/new/", {"name": "Kim", "topic": "WORD"}),
    ("{}", {"level": "10", "more": "WORD", "expectation": "WORD", "chance": "60", "fear_expected": "5"}),
    ("{}after/", {"done": "full", "came_true": "no", "happened": "WORD", "add_evidence": "on", "bore_it": "yes"}),
    ("feeling/", {"words": "tense", "intensity": "4", "sentence": "WORD"}),
    ("journal/new/", {"body": "WORD", "takeaway": "WORD"}),
    ("evidence/new/", {"shared": "WORD", "happened_on": "2026-01-02"}),
    ("progress/self-check/", {"sharing": "1"}),
]
IDS = re.compile(r"/en/(\w+)/([0-9a-f]{8}-[0-9a-f-]{27})/")
VALUES = re.compile(r'<textarea[^>]*>([^<]*)<|<input type="text"[^>]* value="([^"]*)"')
FAULT = re.compile(r"Traceback|panicked|\[50\d |\"status\": ?50\d")
QUOTED = re.compile(f"{OURS}|{THEIRS}|pwn")
CONTROL = bytes([*range(32), 127])
NO_ID = str(uuid4())
LISTS = ("people", "dimmer", "feeling", "journal", "evidence", "drafts")


@dataclass
class Someone:
    """Whoever sends: the session (empty for a visitor), and the ids (by the first part of an address) and forms."""

    session: str
    ids: dict[str, str]
    forms: list[tuple[str, dict[str, Any]]]

    @cached_property
    def pages(self) -> list[str]:
        """Every address of the site."""
        return [address(route, self.ids.get((route + "/").split("/")[1], NO_ID)) for route in ROUTES]


class Sent(NamedTuple):
    """A request as bytes. `whole` where any server has to answer it; else it may also hang up."""

    kind: str
    raw: bytes
    method: str
    whole: bool = True
    inside: bool = False


class Wrong(NamedTuple):
    """What should not have happened, and after which request."""

    what: str
    kind: str
    raw: bytes


# Who sends


def someone(port: int, word: str = OURS, like: Someone | None = None) -> Someone:
    """A new guest with one of most things, in whose words `word` stands; with the forms of an earlier one."""
    visitor = Visitor(port, f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}")
    visitor.starts()
    led, places = "", ""
    for page, fields in STEPS:
        path = page.format(led) if "{}" in page else f"/en/{page}"
        words = {name: value.replace("WORD", word) for name, value in fields.items()}
        led = visitor.fills(path, words).headers.get("Location", led)
        places += led
    ids = dict(IDS.findall("".join(visitor.get(f"/en/{page}/").text for page in LISTS) + places))
    person = Someone(visitor.cookies[SESSION], ids, [])
    person.forms.extend(_own(like, ids) if like else _forms(visitor, person.pages))
    visitor.close()
    return person


def _own(like: Someone, ids: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for action, fields in like.forms:
        kind = action.split("/")[2] if action.count("/") > 2 else ""
        yield action.replace(like.ids.get(kind, NO_ID), ids.get(kind, NO_ID)), fields


def written(port: int, who: Someone) -> list[str]:
    """What stands in the forms of someone's own records."""
    visitor = Visitor(port, "10.0.0.2")
    visitor.cookies[SESSION] = who.session
    pages = [page for page in who.pages if page.endswith(tuple(f"/{id}/" for id in who.ids.values()))]
    found = [VALUES.findall(visitor.get(page).text) for page in pages]
    visitor.close()
    return ["".join("".join(each) for each in values) for values in found]


def nobody(port: int) -> Someone:
    """A visitor."""
    visitor = Visitor(port, "10.0.0.1")
    person = Someone("", {}, [])
    person.forms.extend(_forms(visitor, person.pages))
    visitor.close()
    return person


def _forms(visitor: Visitor, pages: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The forms of these pages, each once."""
    seen = set()
    for page in pages:
        parser = Forms()
        if page.startswith("/en/") and (got := visitor.get(page)).status == 200:
            parser.feed(got.text if got.headers.get_content_type() == "text/html" else "")
        for action, fields in parser.found:
            if (form := (action or page, tuple(fields))) not in seen:
                seen.add(form)
                yield action or page, fields


# What is sent


class Maker:
    """Makes requests, one after the other."""

    def __init__(self, seed: int, theirs: list[str]) -> None:
        self.random = random.Random(seed)
        self.theirs = theirs  # ids of somebody else

    def request(self, who: Someone, *, endings: bool = False) -> Sent:
        """Any kind of request, by or without this person. `endings`: also to the pages that end something."""
        kinds: dict[Callable[[Someone], Sent], int] = {
            self.form: 25, self.address: 25, self.headers: 17, self.body: 19, self.file: 5, self.protocol: 9,
        }  # fmt: skip
        while True:
            sent = self.random.choices(list(kinds), list(kinds.values()))[0](who)
            if endings or not any(part in sent.raw[:200].decode("latin-1") for part in ENDINGS):
                return sent

    def value(self, who: Someone) -> str:
        one = self.random.random()
        if one < 0.6:
            return self.random.choice(MARKUP + CODE + ODD)
        if one < 0.75:
            return "".join(self.random.choices(MARKUP + CODE + ODD[:30], k=self.random.choice((2, 3))))
        if one < 0.9:
            return self.random.choice([*self.theirs, *who.ids.values(), NO_ID])
        return "".join(chr(self.random.choice((self.random.randrange(256), self.random.randrange(0x110000)))) for _ in range(self.random.randrange(30)))  # fmt: skip

    def head(self, who: Someone, method: str, target: bytes, extra: list[tuple[str, bytes]]) -> bytes:
        """The first line and the usual headers; of those in `extra` only what is given there."""
        given = {name.lower() for name, _value in extra}
        usual = {
            "Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": f"10.9.{self.random.randrange(9)}.1",
            "Origin": f"https://{HOST}", "Cookie": f"{CSRF}={'A' * 32}" + (f"; {SESSION}={who.session}" if who.session else ""),
        }  # fmt: skip
        lines = [f"{name}: {value}".encode() for name, value in usual.items() if name.lower() not in given]
        lines += [name.encode() + b": " + value for name, value in extra]
        return b"\r\n".join([method.encode() + b" " + target + b" HTTP/1.1", *lines, b"", b""])

    def sized(self, who: Someone, method: str, target: bytes, extra: list[tuple[str, bytes]], body: bytes) -> bytes:
        size = [("Content-Length", str(len(body)).encode())] if body or method == "POST" else []
        return self.head(who, method, target, extra + size) + body

    def form(self, who: Someone) -> Sent:
        """A form of the site: mostly as the page would send it, some of it hostile, some twice, some left out."""
        action, fields = self.random.choice(who.forms)
        pairs = [("csrfmiddlewaretoken", "A" * 32)]
        for name, field in fields.items():
            for _time in range(self.random.choice((1, 1, 1, 1, 0, 2))):
                odd = field.kind in ("text", "textarea") or self.random.random() < 0.3
                pairs.append((name, self.value(who) if odd else self.random.choice(field.values)))
        pairs = [pair for pair in pairs[1:] if pair[0] != "csrfmiddlewaretoken"] + pairs[:1]
        kind, body = self._multipart(pairs) if self.random.random() < 0.2 else (FORM.encode(), encoded(pairs))
        extra = [("Content-Type", kind)] + ([("HX-Request", b"true")] if self.random.random() < 0.2 else [])
        return Sent("forms", self.sized(who, "POST", target(action), extra, body), "POST", inside=bool(who.session))

    def _multipart(self, pairs: list[tuple[str, str]]) -> tuple[bytes, bytes]:
        parts = [
            b'--pwn\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (utf8(name), utf8(value))
            for name, value in pairs
        ]
        return b"multipart/form-data; boundary=pwn", b"".join(parts) + b"--pwn--\r\n"

    def address(self, who: Someone) -> Sent:
        """Any address, perhaps with odd parts, and any query."""
        path = self.random.choice(who.pages)
        if self.random.random() < 0.5:
            parts = path.split("/")
            parts[self.random.randrange(1, len(parts))] = self.value(who)
            path = "/".join(parts)[:8_000]
        query = encoded([(self.random.choice(NAMES), self.value(who)) for _ in range(self.random.randrange(4))])
        odd = [b"%", b"&&==;", b"next=%ff%fe", b"a=1&" * 1_500, b"[]=1&x[y]=2", b"q=%00", b"q=" + b"x" * 30_000]
        raw = self.random.choice(odd) if self.random.random() < 0.2 else query[:40_000]
        method = self.random.choice(METHODS[:3])
        asked = quote_from_bytes(utf8(path), safe="/%").encode() + b"?" + raw
        return Sent(
            "addresses", self.sized(who, method, asked, self._token(method), b""), method, inside=bool(who.session)
        )

    def _token(self, method: str) -> list[tuple[str, bytes]]:
        return [("X-CSRFToken", b"A" * 32)] if method == "POST" else []

    def headers(self, who: Someone) -> Sent:
        """Any header, some twice, with bytes that no header may hold; any method."""
        extra: list[tuple[str, bytes]] = []
        for name in self.random.sample(sorted(HEADERS), self.random.randrange(1, 4)):
            some = [
                utf8(self.random.choice([*HEADERS[name], self.value(who)]))
                for _ in range(self.random.choice((1, 1, 2)))
            ]
            extra += [(name, value if self.random.random() < 0.1 else printable(value)) for value in some]
        method = self.random.choice(METHODS)
        raw = self.head(who, method, target(self.random.choice(who.pages)), extra)
        inside = bool(who.session) and "Cookie" not in dict(extra)
        clean = {"Content-Length", "Host"}.isdisjoint(dict(extra)) and all(is_clean(value) for _name, value in extra)
        return Sent("headers", raw, method, whole=clean, inside=inside)

    def body(self, who: Someone) -> Sent:
        """Any body of any type, in one piece or in chunks, packed, cut off, or far too large."""
        how = self.random.choice(("parts", "parts", "parts", "chunks", "gzip", "json", "large", "cut", "bomb"))
        body = b"".join(self.random.choices([*PARTS, self.random.randbytes(40)], k=self.random.randrange(8)))
        extra = [("Content-Type", printable(utf8(self.random.choice(TYPES)))), ("X-CSRFToken", b"A" * 32)]
        where = target(self.random.choice(who.pages))
        if how == "large" and self.random.random() < 0.2:
            body *= 1 + self.random.choice((1_100_000, 2_300_000)) // (len(body) or 1)
        elif how == "gzip":
            body, extra = gzip.compress(body), [*extra, ("Content-Encoding", b"gzip")]
        elif how == "bomb":
            body, extra = BOMB, [*extra, ("Content-Encoding", self.random.choice((b"gzip", b"deflate", b"br")))]
        elif how == "json":
            extra[0], body = ("Content-Type", b"application/json"), b"[" * self.random.choice((1, 5_000)) + body
        if how == "chunks":
            raw = self.head(who, "POST", where, [*extra, ("Transfer-Encoding", b"chunked")]) + self._chunks(body)
            return Sent("bodies", raw, "POST", whole=False, inside=bool(who.session))
        raw = self.sized(who, "POST", where, extra, body)
        if how == "cut" and body:
            return Sent(
                "bodies", raw[: -self.random.randrange(1, len(body) + 1)], "POST", whole=False, inside=bool(who.session)
            )
        return Sent("bodies", raw, "POST", whole=len(body) < 1_000_000, inside=bool(who.session))

    def _chunks(self, body: bytes) -> bytes:
        good = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body) or 1, body or b"x")
        odd = [b"zz\r\n", b"f" * 17 + b"\r\nx\r\n", b"5\r\nab\r\n0\r\n\r\n", b"-1\r\nx\r\n", b"1;" + b"x" * 20_000 + b"\r\na\r\n0\r\n\r\n",
               b"0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n", b"1\nx\n0\n\n"]  # fmt: skip
        return self.random.choice([good, good, *odd])

    def file(self, who: Someone) -> Sent:
        """Files of the site, and what is none of its files."""
        up = self.random.choice(
            ["../", "..%2f", "%2e%2e/", "..%5c", "....//", "%252e%252e%252f", "..;/", "./../", "\\..\\"]
        )
        wanted = self.random.choice(
            ["etc/passwd", "kwetsbaar/settings.py", "keys/keyring", ".env", "postgres/PG_VERSION", "log"]
        )
        path = self.random.choice(
            [f"/static/{up * self.random.randrange(1, 9)}{wanted}", f"/{up * 5}{wanted}", f"//{wanted}", f"/static//{wanted}",
             "/static/", "/static/site.css", "/static/staticfiles.json", "/static/%00", "/static/site.css%00.png", "/sw.js", "/.git/config",
             "/beheer/", "/beheer/login/", "/metrics", "/favicon.ico", "/manifest.webmanifest"]
        )  # fmt: skip
        spans = [b"bytes=0-0", b"bytes=-5", b"bytes=9-1", b"bytes=0-0,2-3", b"pwn", b"bytes=" + b"9" * 50]
        extra = [("Range", self.random.choice(spans))] if self.random.random() < 0.4 else []
        method = self.random.choice(METHODS[:4])
        return Sent("files", self.head(who, method, path.encode(), extra), method, inside=bool(who.session))

    def protocol(self, who: Someone) -> Sent:
        """What is hardly HTTP, or may be read in two ways."""
        line = self.random.choice(BROKEN)
        raw = line.replace(b"HOST", f"Host: {HOST}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 10.9.9.9".encode())
        return Sent(
            "protocol",
            raw.replace(b"NOISE", self.random.randbytes(200)),
            raw.split(b" ")[0].decode("latin-1"),
            whole=False,
        )


BOMB = gzip.compress(b"0" * 50_000_000)
AGAIN = b"GET /en/help/ HTTP/1.1\r\nHOST\r\n\r\n"  # smuggled along: asked for by nobody
BROKEN = [
    b"GET /healthz\r\n\r\n", b"GET  /healthz  HTTP/1.1\r\nHOST\r\n\r\n", b"GET /healthz HTTP/9.9\r\nHOST\r\n\r\n", b"GET /healthz HTTP/1.0\r\nHOST\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\nHOST\n\n", b"\r\n\r\n\r\nGET / HTTP/1.1\r\nHOST\r\n\r\n", b"GET /%s HTTP/1.1\r\nHOST\r\n\r\n" % (b"x" * 70_000),
    b"GET /en/%s HTTP/1.1\r\nHOST\r\n\r\n" % (b"x/" * 15_000), b"GET / HTTP/1.1\r\nHOST\r\nX: %s\r\n\r\n" % (b"x" * 600_000),
    b"GET / HTTP/1.1\r\nHOST\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(300)) + b"\r\n", b"GET / HTTP/1.1\r\nHOST\r\n" + b"X: y\r\n" * 90 + b"\r\n",
    b"GET / HTTP/1.1\r\nHOST\r\nX: a\r\n b\r\n\r\n", b"GET / HTTP/1.1\r\nHOST\r\nX : a\r\n\r\n", b"GET / HTTP/1.1\r\nHOST\r\n: a\r\n\r\n", b"GET / HTTP/1.1\r\nHOST\r\nX\r\n\r\n",
    b"GET / HTTP/1.1\r\nHOST\r\nX: \x00\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHOST\r\n\r\n", b"GET /en/\xff HTTP/1.1\r\nHOST\r\n\r\n", b"GET /\xc3\xa9?q=\xc3\xa9 HTTP/1.1\r\nHOST\r\n\r\n",
    b"GET / HTTP/1.1\r\nHOST\r\nHost: pwn.example\r\n\r\n", b"GET http://pwn.example/en/help/ HTTP/1.1\r\nHOST\r\n\r\n", b"GET //pwn.example/ HTTP/1.1\r\nHOST\r\n\r\n",
    b"CONNECT pwn.example:443 HTTP/1.1\r\nHOST\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHOST\r\n\r\n", b"GET * HTTP/1.1\r\nHOST\r\n\r\n", b"G\xffT / HTTP/1.1\r\nHOST\r\n\r\n",
    b"%s / HTTP/1.1\r\nHOST\r\n\r\n" % (b"P" * 5_000), b"TRACE /en/today/ HTTP/1.1\r\nHOST\r\nX: <pwn>\r\n\r\n", b"GET / HTTP/1.1\r\nHOST\r\nConnection: close, keep-alive, pwn\r\n\r\n",
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + AGAIN,
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + AGAIN,
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + AGAIN, b"POST /en/start/ HTTP/1.1\r\nHOST\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + AGAIN,
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + AGAIN,
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: pwn\r\n\r\n0\r\n\r\n" + AGAIN,
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + AGAIN, b"POST /en/start/ HTTP/1.1\r\nHOST\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nhello" + AGAIN,
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nContent-Length: 5, 5\r\n\r\nhello" + AGAIN, b"POST /en/start/ HTTP/1.1\r\nHOST\r\nContent-Length: +5\r\n\r\nhello" + AGAIN,
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nContent-Length: 0x5\r\n\r\nhello" + AGAIN, b"POST /en/start/ HTTP/1.1\r\nHOST\r\nContent-Length: 9\xc2\xb2\r\n\r\nhello" + AGAIN,
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nContent-Length: 99999999999\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n",
    b"POST /en/privacy/import/ HTTP/1.1\r\nHOST\r\nContent-Length: 99999999999\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n",
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", b"POST /en/start/ HTTP/1.1\r\nHOST\r\nExpect: pwn\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /en/start/ HTTP/1.1\r\nHOST\r\nContent_Length: 5\r\n\r\n" + AGAIN, b"GET /healthz HTTP/1.1\r\nHOST\r\nContent-Length: 30\r\n\r\nGET /en/today/ HTTP/1.1\r\n\r\n\r\n" + AGAIN,
    AGAIN * 3, AGAIN * 100, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nNOISE", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00NOISE",
    b"GET / HTTP/1.1\r\nHOST\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    b"GET / HTTP/1.1\r\nHOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    b"NOISE", b"NOISE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03NOISE", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHOST\r\n\r\n", b"\x00", b"GET",
    b"GET / HTTP/1.1\r\nHost: " + HOST.encode(), b"{\"jsonrpc\": \"2.0\"}\r\n\r\n", b"\r\n" * 3_000, b"GET /share/%s/ HTTP/1.1\r\nHOST\r\n\r\n" % (b"A" * 3_000),
    b"GET /calendar/..%2f..%2f.ics HTTP/1.1\r\nHOST\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHOST\r\nCookie: " + b"a=b; " * 5_000 + b"\r\n\r\n",
]  # fmt: skip


def encoded(pairs: list[tuple[str, str]]) -> bytes:
    return urlencode([(utf8(name), utf8(value)) for name, value in pairs]).encode()


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def printable(value: bytes) -> bytes:
    """Without what ends a header: so that a server has to take the rest."""
    return value.translate(None, CONTROL).strip()


def is_clean(value: bytes) -> bool:
    return value == printable(value) and len(value) < 100_000


def target(path: str) -> bytes:
    """The address of a form or page, as a browser would ask for it."""
    parts = urlsplit(path)
    return quote(parts.path, safe="/%").encode() + (b"?" + parts.query.encode() if parts.query else b"")


# What comes back


class Got(NamedTuple):
    """An answer: its head as it came, and its body, unpacked."""

    status: int
    head: bytes
    body: bytes


class Line:
    """A connection that is kept as long as the site keeps it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None
        self._come = b""

    def ask(self, sent: Sent) -> Got | None:
        """The answer; None where the site hung up without one. Raises TimeoutError where it does neither."""
        kept = self._socket is not None
        got = self._once(sent)
        return self._once(sent) if got is None and kept and sent.whole else got  # it was ending that connection

    def _once(self, sent: Sent) -> Got | None:
        line = self._open()
        with suppress(OSError):  # refused before the end of it: the answer may be there nevertheless
            line.sendall(sent.raw)
        try:
            return self._answer(sent)
        except (ConnectionError, EOFError):
            self.close()
            return None
        except TimeoutError:
            self.close()
            raise

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket, self._come = None, b""

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _answer(self, sent: Sent) -> Got:
        self._until = time.monotonic() + PATIENCE
        self._waits = not sent.whole
        head = self._upto(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 100"):
            head = self._upto(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.") else 0
        fields = {
            name.strip().lower(): value.strip()
            for name, _colon, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
        }
        body = b"" if sent.method == "HEAD" or status in (204, 304) else self._body(fields)
        if (
            fields.get(b"connection") == b"close"
            or not sent.whole
            or not fields.keys() & {b"content-length", b"transfer-encoding"}
        ):
            self.close()
        packed = fields.get(b"content-encoding") == b"gzip" and body
        return Got(status, head, gzip.decompress(body) if packed else body)

    def _body(self, fields: dict[bytes, bytes]) -> bytes:
        if b"content-length" in fields:
            return self._exactly(int(fields[b"content-length"]))
        if fields.get(b"transfer-encoding") != b"chunked":
            return self._all()
        body = b""
        while size := int(self._upto(b"\r\n").partition(b";")[0], 16):
            body += self._exactly(size + 2)[:-2]
        self._upto(b"\r\n")
        return body

    def _upto(self, end: bytes) -> bytes:
        while end not in self._come:
            self._come += self._more()
        found, _end, self._come = self._come.partition(end)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._come) < size:
            self._come += self._more()
        found, self._come = self._come[:size], self._come[size:]
        return found

    def _all(self) -> bytes:
        try:
            while True:
                self._come += self._more()
        except (EOFError, ConnectionError):
            found, self._come = self._come, b""
            return found

    def _more(self) -> bytes:
        """What comes next. Where no server could have seen the end of what was sent, we end it after a moment."""
        line = self._open()
        line.settimeout(QUIET if self._waits else max(0.01, self._until - time.monotonic()))
        try:
            more = line.recv(262_144)
        except TimeoutError:
            if not self._waits:
                raise
            self._waits = False
            line.shutdown(socket.SHUT_WR)
            return self._more()
        if not more:
            raise EOFError
        return more


def judge(sent: Sent, got: Got | None) -> str:
    """What is wrong with this answer; empty where nothing is."""
    if got is None:
        return "hung up" if sent.whole else ""
    if not 200 <= got.status < 500 and got.status:
        return f"status {got.status}"
    if THEIRS.encode() in got.head + got.body:
        return "somebody else's words"
    if not sent.inside and OURS.encode() in got.head + got.body:
        return "words of a person shown to a visitor"
    if b"Traceback (most recent call last)" in got.body or b"/site-packages/" in got.body:
        return "a traceback"
    return _odd_head(got.head.lower()) or _odd_page(got)


def _odd_head(head: bytes) -> str:
    if b"\r\nset-cookie: pwn" in head or b"\r\npwn" in head:
        return "a header of ours"
    if re.search(rb"\r\nlocation: (//|https?://pwn|javascript)", head):
        return "sent on to somewhere else"
    return ""


def _odd_page(got: Got) -> str:
    if b"pwn" not in got.body or b"text/html" not in got.head.lower():
        return ""
    wrong = Answer(got.body.decode("utf-8", "replace")).wrong
    return f"not escaped: {wrong[:2]}" if wrong else ""


def attack(
    port: int, requests: int, seed: int, theirs: list[str], like: Someone, visitor: Someone
) -> tuple[Counter[str], list[Wrong]]:
    """So many requests, one after the other, by ever new people and by visitors: how each was answered, what was wrong."""
    maker, line = Maker(seed, theirs), Line(port)
    counted: Counter[str] = Counter()
    wrong: list[Wrong] = []
    for number in range(requests):
        if number % FEW == 0:
            person = someone(port, like=like)
        who = person if maker.random.random() < 0.7 else visitor
        sent = maker.request(who, endings=who is visitor or number % FEW >= FEW - LAST)
        try:
            got = line.ask(sent)
            found = judge(sent, got)
        except TimeoutError:
            got, found = None, "no answer"
        counted[sent.kind] += 1
        counted[f"status {got.status or 'other' if got else 'hung up'}"] += 1
        if found:
            wrong.append(Wrong(found, sent.kind, sent.raw))
    line.close()
    return counted, wrong


def told(log: str) -> list[str]:
    """The lines of a log that tell of a fault, or that quote anyone."""
    return [line for line in log.splitlines() if FAULT.search(line) or QUOTED.search(line)]
