"""What `benchmarks.hosts` is made of: a primary, a replica that follows it, and a pool of connections before them.

All of the embedded PostgreSQL's own programs, and Debian's pgbouncer. Knows no Django.
"""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import psycopg

from kwetsbaar.embedded import server

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
PASSWORD = "only-here"  # of the app's role, between the app and the pool
# In transaction mode a connection to the server is a client's for one transaction. That the app needs nothing of a
# session is what `benchmarks.hosts` shows. The last three: who waits gets an answer soon, and a new server is found.
POOL = """[databases]
* = host={server} port=5432

[pgbouncer]
listen_addr =
unix_socket_dir = {home}
listen_port = 6432
auth_type = scram-sha-256
auth_file = {home}/users
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 1000
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
logfile = {home}/log
pidfile = {home}/pid
query_wait_timeout = 5
server_connect_timeout = 3
server_login_retry = 1
"""


def check() -> None:
    """End with one sentence where pgbouncer is missing."""
    if not PGBOUNCER:
        sys.exit("The pool is pgbouncer, which is not on this machine (on Debian: apt install pgbouncer).")


class Server:
    """A PostgreSQL in `home`; a replica where `of` is given, made from that one while it works."""

    def __init__(self, home: Path, of: "Server | None" = None) -> None:
        self.home, self.name = home.resolve(), home.name
        if of:
            home.mkdir()
            owner = of.home.stat()
            os.chown(home, owner.st_uid, owner.st_gid)
            home.chmod(0o700)
            line = f"host={of.home} port=5432 user=owner application_name={self.name}"
            options = (f"--dbname={line}", "--pgdata=data", "--write-recovery-conf", "--checkpoint=fast")
            server._run(self.home, "pg_basebackup", *options, must=True)
        server.use(self.home)

    def connect(self, user: str = "owner") -> psycopg.Connection:
        return psycopg.connect(host=str(self.home), user=user, dbname="app", autocommit=True)

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """As the owner."""
        with self.connect() as connection:
            answer = connection.execute(sql, values)
            return answer.fetchall() if answer.description else []

    def url(self, role: str, name: str) -> str:
        """Its address for the site, whose connections then bear that name."""
        return f"postgres://{role}@{quote(str(self.home), safe='')}/app?application_name={name}"

    def waits_for(self, replica: "Server | None") -> None:
        """From now on a commit is acknowledged once that replica has it on disk too; or, with None, at once."""
        self.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{replica.name if replica else ''}'")
        self.ask("SELECT pg_reload_conf()")

    def loses_its_line(self) -> None:
        """The replica no longer hears its primary."""
        self.ask("ALTER SYSTEM SET primary_conninfo = ''")
        self.ask("SELECT pg_reload_conf()")
        while self.ask("SELECT FROM pg_stat_wal_receiver"):
            time.sleep(0.01)

    def dies(self) -> None:
        """All its processes at once, as when its machine loses power; nobody starts it again."""
        postmaster = int((self.home / "data/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for number in (postmaster, *map(int, children)):
            os.kill(number, signal.SIGKILL)

    def is_promoted(self) -> None:
        """A replica becomes a primary; returns once it takes writes."""
        self.ask("SELECT pg_promote(wait => true)")


class Pool:
    """pgbouncer in transaction mode, before a server that may become another."""

    def __init__(self, home: Path, before: Server, size: int) -> None:
        self.home, self.size = home, size
        before.ask(f"ALTER ROLE app PASSWORD '{PASSWORD}'")
        ((secret,),) = before.ask("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'")
        owner = before.home.stat()
        home.mkdir(mode=0o755)
        (home / "users").write_text(f'"app" "{secret}"\n')
        self._write(before)
        for path in (home, *home.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)
        self.process = subprocess.Popen(
            [str(PGBOUNCER), "--quiet", str(home / "ini")], cwd=home, env={}, **server._as(owner.st_uid)
        )
        while not (home / ".s.PGSQL.6432").exists():
            time.sleep(0.02)

    def _write(self, before: Server) -> None:
        (self.home / "ini").write_text(POOL.format(server=before.home, home=self.home, size=self.size))

    def points_at(self, other: Server) -> None:
        """Whoever is connected stays so, and meets the other server from the next transaction on."""
        self._write(other)
        self.process.send_signal(signal.SIGHUP)

    def url(self, name: str) -> str:
        """Its address for the app's role."""
        return f"postgres://app:{PASSWORD}@{quote(str(self.home), safe='')}:6432/app?application_name={name}"

    def ends(self) -> None:
        self.process.terminate()
        self.process.wait(30)


class Lag(NamedTuple):
    """How far the replica is behind: median and worst, in ms; `unseen`: bytes it had still to apply, at worst."""

    told: float
    told_worst: float
    seen: float
    seen_worst: float
    unseen: int


@contextmanager
def watched(primary: Server, replica: Server) -> Iterator[list[Lag]]:
    """The lag while the block runs; in the list afterwards."""
    primary.ask("CREATE TABLE IF NOT EXISTS beats (n bigserial)")
    watchers, lags = (Told(primary), Seen(primary, replica)), []  # type: tuple[Told, Seen], list[Lag]
    for watcher in watchers:
        watcher.start()
    try:
        yield lags
    finally:
        for watcher in watchers:
            watcher.over.set()
            watcher.join()
        figures = [figure(watcher.ms) for watcher in watchers for figure in (statistics.median, max)]
        lags.append(Lag(*figures, max(watchers[0].sizes)))


class Watcher(threading.Thread):
    """Notes figures, in ms, until it is over."""

    pause = 0.02  # seconds

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over, self.ms = threading.Event(), []  # type: threading.Event, list[float]


class Told(Watcher):
    """What the primary says of its replica."""

    SQL = (
        "SELECT extract(epoch FROM coalesce(replay_lag, '0')) * 1000,"
        " pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) FROM pg_stat_replication"
    )

    def __init__(self, primary: Server) -> None:
        super().__init__()
        self._primary, self.sizes = primary, []  # type: Server, list[int]

    def run(self) -> None:
        with self._primary.connect() as one:
            while not self.over.wait(self.pause):
                for ms, size in one.execute(self.SQL):
                    self.ms.append(float(ms))
                    self.sizes.append(int(size))


class Seen(Watcher):
    """From a commit that was acknowledged at the primary until a query at the replica finds it."""

    def __init__(self, primary: Server, replica: Server) -> None:
        super().__init__()
        self._primary, self._replica = primary, replica

    def run(self) -> None:
        with self._primary.connect() as one, self._replica.connect() as other:
            while not self.over.wait(self.pause):
                ((n,),) = one.execute("INSERT INTO beats DEFAULT VALUES RETURNING n").fetchall()
                began = time.perf_counter()
                while not other.execute("SELECT FROM beats WHERE n = %s", [n]).rowcount:
                    pass
                self.ms.append((time.perf_counter() - began) * 1000)
