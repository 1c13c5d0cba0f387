"""Load from wrk (Debian: wrk), through load.lua."""

import http.client
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.sending import Ask

LUA = Path(__file__).with_name("load.lua")
TIMEOUT = 60  # seconds
Figures = dict[str, float]


class Answer(NamedTuple):
    """Its status, its mark, and the bytes of its body as they came."""

    status: int
    etag: str
    size: int


def check() -> None:
    """End with one sentence where wrk is missing."""
    if not shutil.which("wrk"):
        sys.exit("The load comes from wrk, which is not on this machine (on Debian: apt install wrk).")


def run(site: str, asks: Iterable[Ask], *, seconds: int, connections: int) -> Figures:
    """These requests in turn, again and again: `requests`, `seconds`, `bytes` on the wire, `failed`, `p50` … (ms).

    Failed: no answer, or a status from 400 up.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".requests") as file:
        file.writelines(map(str, asks))
        file.flush()
        how = [f"-c{connections}", f"-d{seconds}s", f"--timeout={TIMEOUT}s", f"-s{LUA}"]
        command = ["wrk", "-t1", *how, site, "--", file.name]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: Figures = json.loads(said.stdout.splitlines()[-1])
    return figures


def one(site: str, ask: Ask) -> Answer:
    """The answer to one request; a redirect is not followed."""
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=TIMEOUT)
    given = {"Cookie": ask.cookie, "If-None-Match": ask.etag}
    headers = {"Accept-Encoding": "gzip"} | {name: value for name, value in given.items() if value}
    if ask.body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(ask.method, ask.path, ask.body or None, headers)
    with connection.getresponse() as answer:
        found = Answer(answer.status, answer.headers["ETag"] or "", len(answer.read()))
    connection.close()
    return found
