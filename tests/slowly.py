"""Clients that send a byte a second, and such that hardly read: on purpose, or on a train; and how long others wait."""

import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles

from tests.hosts import proxied
from tests.running import free_port, running
from tests.visits import Visitor

SENDERS, READERS = 200, 50
SLOWEST = 5_000  # ms that somebody else may wait: generous, for a busy machine; without the proxy it is for ever
PAGES = ("/en/help/", "/en/read/dimmer/", "/en/journal/", "/readyz")
LONG = "/en/read/booklet/"  # the longest page
BODY = (
    "POST /en/start/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 60000\r\n\r\nadult=on&consent="
)
HEAD = "GET /en/help/ HTTP/1.1\r\nHost: {host}\r\nX: "


@contextmanager
def behind_proxy(home: Path) -> Iterator[int]:
    """A site behind the documented proxy: the proxy's port."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (
        running(home, KWETSBAAR_URL=url) as (address, _server),
        tempfile.TemporaryDirectory() as place,
        proxied(Path(place), url, [int(address.rpartition(":")[2])]),
    ):
        yield port


@contextmanager
def crowd(port: int, senders: int = SENDERS, readers: int = READERS) -> Iterator[Callable[[], int]]:
    """They are there during the block; the function says how many still wait for their answer, or read it."""
    host = f"127.0.0.1:{port}"
    lines = [_sends(port, (BODY if n % 2 else HEAD).format(host=host)) for n in range(senders)]
    lines += [_reads(port, host) for _n in range(readers)]
    over = threading.Event()
    dripping = threading.Thread(target=_drip, args=(lines[:senders], lines[senders:], over))
    dripping.start()
    try:
        yield lambda: sum(map(_is_open, lines))
    finally:
        over.set()
        dripping.join()
        for line in lines:
            line.close()


def _sends(port: int, begin: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(begin.encode())
    line.setblocking(False)
    return line


def _reads(port: int, host: str) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    line.connect(("127.0.0.1", port))
    line.sendall(f"GET {LONG} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\n\r\n".encode() * 20)
    line.setblocking(False)
    return line


def _drip(senders: list[socket.socket], readers: list[socket.socket], over: threading.Event) -> None:
    """A byte a second for each, until it is over."""
    while not over.wait(1):
        for line in senders:
            _quietly(line.send, b"x")
        for line in readers:
            _quietly(line.recv, 1)


def _quietly(act: Callable[..., object], given: bytes | int) -> None:
    with suppress(OSError):  # refused meanwhile, or full
        act(given)


def _is_open(line: socket.socket) -> bool:
    with selectors.DefaultSelector() as ready:
        ready.register(line, selectors.EVENT_READ)
        try:
            return not ready.select(0) or bool(line.recv(1, socket.MSG_PEEK))
        except OSError:
            return False


def waits(port: int, times: int) -> dict[str, float]:
    """What someone else waits for a page (ms), asking so many times for public and private ones."""
    person = Visitor(port, "10.0.0.1", host=f"127.0.0.1:{port}")
    person.starts()
    each = []
    for n in range(times):
        started = time.monotonic()
        status = person.get(PAGES[n % len(PAGES)]).status
        each.append((time.monotonic() - started) * 1000)
        assert status == 200, (PAGES[n % len(PAGES)], status)
    person.close()
    return {"p50": median(each), "p95": quantiles(each, n=20)[-1], "longest": max(each)}
