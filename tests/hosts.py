"""Several hosts of one site, as docs/operating.md has it: each granian with a place of its own, behind deploy/Caddyfile.

They share the database and the keys and nothing else. The proxy speaks TLS with a certificate of its own making.
"""

import http.client
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import Message
from pathlib import Path

from tests.running import free_port

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
CADDY = PROGRAMS / "caddy"
CADDYFILE = ROOT / "deploy/Caddyfile"
GRANIAN = (PROGRAMS / "granian", "--interface", "wsgi", "--blocking-threads", "4", "--log-level", "warning")
KEYS = (("SECRET_KEY", "secret_key"), ("KWETSBAAR_KEYS", "keyring"))
WITHIN = 60  # seconds
ALONE = "admin off\n\tskip_install_trust\n\tauto_https disable_redirects"  # no port 80, no certificate for the machine


class Host:
    """One machine's share: its port, its directory, and its processes (a group of their own)."""

    def __init__(self, name: str, home: Path, environ: dict[str, str], *options: str) -> None:
        self.name, self.home, self.port, self.options = name, home, free_port(), options
        self.environ = os.environ | environ | {"KWETSBAAR_DATA": str(home), "TMPDIR": str(home / "tmp")}
        (home / "tmp").mkdir(parents=True)
        self.starts()

    def starts(self) -> None:
        command = [*GRANIAN, *self.options, "--port", str(self.port), "kwetsbaar.wsgi:application"]
        with (self.home / "log").open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environ, stdout=log, stderr=log, start_new_session=True
            )

    def dies(self) -> None:
        """At once, all of it: nothing is finished, no connection is closed politely."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stops(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def database(home: Path, role: str, name: str) -> str:
    """The address of the database in `home`, whose connections then bear that name."""
    socket = urllib.parse.quote(str((home / "postgres").resolve()), safe="")
    return f"postgres://{role}@{socket}/app?application_name={name}"


@contextmanager
def hosting(site: Path, place: Path, url: str, names: tuple[str, ...]) -> Iterator[list[Host]]:
    """Hosts of the site in `site`, at `url` for the world; each has a directory of its own below `place`."""
    keys = {name: (site / "keys" / file).read_text().strip() for name, file in KEYS}
    hosts = []
    for name in names:
        own = {"DATABASE_URL": database(site, "app", name), "KWETSBAAR_URL": url}
        hosts.append(Host(name, place / name, keys | own))
        (place / name / "static").symlink_to(site / "static")  # built with the code, and only read
    try:
        for host in hosts:
            wait_for(host.port)
        yield hosts
    finally:
        for host in hosts:
            host.stops()


@contextmanager
def proxied(place: Path, url: str, ports: list[int], **changes: str) -> Iterator[Path]:
    """The documented proxy at `url` before the apps on those ports; yields what it logs to. `changes`: word=word."""
    words = CADDYFILE.read_text().replace("admin off", ALONE)
    for old, new in changes.items():
        assert re.search(rf"\b{old} .*", words), old
        words = re.sub(rf"\b{old} .*", f"{old} {new}", words)
    place.mkdir(exist_ok=True)
    (place / "Caddyfile").write_text(words)
    own = {
        "KWETSBAAR_URL": url,
        "KWETSBAAR_APPS": " ".join(f"127.0.0.1:{port}" for port in ports),
        "XDG_DATA_HOME": str(place),
        "XDG_CONFIG_HOME": str(place),
    }
    with (place / "log").open("w") as log:
        command = [CADDY, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
        process = subprocess.Popen(command, cwd=place, env=os.environ | own, stdout=log, stderr=log)
    try:
        wait_for(int(url.rpartition(":")[2]), tls=place if url.startswith("https") else None)
        yield place / "log"
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port: int, tls: Path | None = None) -> None:
    """Until something answers there."""
    until = time.monotonic() + WITHIN
    while True:
        try:
            ask(over_tls(port, tls) if tls else over_tcp(port), "/healthz")
            return
        except (OSError, http.client.HTTPException):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def over_tcp(port: int) -> http.client.HTTPConnection:
    """To a port of this machine."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def over_tls(port: int, place: Path, source: str = "127.0.0.1") -> http.client.HTTPSConnection:
    """To the proxy in `place`, whose certificate is checked, from that address of this machine."""
    trusted = ssl.create_default_context(cafile=str(place / "caddy/pki/authorities/local/root.crt"))
    return http.client.HTTPSConnection("localhost", port, timeout=30, context=trusted, source_address=(source, 0))


def ask(
    connection: http.client.HTTPConnection, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, Message, str]:
    """GET, or POST where there is a body: the status, the headers, the text. The connection is closed."""
    with closing(connection):
        form = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("GET" if body is None else "POST", path, body, form | (headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")
