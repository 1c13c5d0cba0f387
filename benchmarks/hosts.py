"""Does the site stand behind a pool of connections, with a second server after the first? `python -m benchmarks.hosts`

On throw-away data it starts a primary, a streaming replica (pg_basebackup -R), pgbouncer in transaction mode, and app
processes as in production. Then, in this order (--only chooses some of them by name):

- privacy: the tests about it, through the pool; and on the replica each person's rows, as the app's role sees them.
- speed: pages and saves a second, and their p50 and p99 in ms: straight to the primary, through the pool, and saves
  that wait for the replica too; 8 connections (wrk), rounds interleaved, medians. Beside it how far the replica is
  behind meanwhile, in ms, median/worst: `told` by the primary (replay_lag), `seen` from an acknowledged commit until a
  query at the replica finds it; and the bytes that it had still to apply, at worst.
- backup: `manage.py backup` from the replica, which leaves the primary alone.
- failover: people save all the time; all processes of the primary are killed at once, the replica is promoted and the
  pool pointed at it; the apps are told nothing. How many saves were acknowledged, how many of those are lost or
  doubled, how many were refused or cut (each is sent again), and seconds from the end of the primary until every
  person has saved again. With and without waiting for the replica; and where the line between the two broke a second
  before.

About 4 minutes on two quiet cores; needs pgbouncer and wrk. Exit code 1 where a test fails, anything was doubled, or
anything was lost that had waited for the replica.
"""

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks import servers, wrk
from tests.hosts import Host, wait_for

PARTS = ("privacy", "speed", "backup", "failover")
PRIVACY = (
    *("boundary", "records", "keys", "privacy", "sessions", "delete", "export", "sharing", "drafts", "once"),
    *("main_path", "bringing", "import"),
)
ELSEWHERE = (  # a role that no pool knows; the files and the log of the embedded server
    "test_records.py::test_a_role_that_could_become_the_owner_is_refused_too",
    "test_main_path.py::test_after_the_main_path_the_database_its_log_and_a_dump_hold_none_of_the_words",
)
TESTED = ("DATABASE_URL", "DATABASE_OWNER_URL", "KWETSBAAR_KEYS", "SECRET_KEY")
POOL_SIZE = 6  # connections to the server, for 2 × 8 threads of apps
SAVERS = 4
URLS = (("DATABASE_URL", "app"), ("DATABASE_OWNER_URL", "owner"))


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="of each kind of load in each round (4)")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part (may be given more than once)")
    parser.add_argument("--tests", default=" ".join(PRIVACY), help="which test files, without test_ and .py")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    servers.check()
    wrk.check()
    with ExitStack() as closing:
        place = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="kw-", ignore_cleanup_errors=True)))
        place.chmod(0o755)  # as root, the database's server runs as another user
        scene = Scene(place, closing)
        figures = {part: getattr(scene, part)(options) for part in PARTS if part in (options.only or PARTS)}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(any(part.pop("failed", False) for part in figures.values()))


class Scene:
    """The servers, the pool, the site's tables; and each part of what is shown."""

    def __init__(self, place: Path, closing: ExitStack) -> None:
        self.place, self.closing = place, closing
        self.primary = servers.Server(place / "primary")
        self.pool = servers.Pool(place / "pool", self.primary, POOL_SIZE)
        closing.callback(self.pool.ends)
        self.replica = servers.Server(place / "replica_1", self.primary)
        key = b64encode(secrets.token_bytes(32)).decode()
        os.environ |= {
            "DATABASE_URL": self.pool.url("here"),
            "DATABASE_OWNER_URL": self.primary.url("owner", "here"),
            "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings",
            "KWETSBAAR_DATA": str(place),
            "KWETSBAAR_KEYS": key,
            "SECRET_KEY": key,
        }
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", database="owner", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)

    def host(self, name: str, database: str) -> Host:
        """An app process with that database."""
        host = Host(name, self.place / name, {"DATABASE_URL": database}, "--workers", "2")
        (host.home / "static").symlink_to(self.place / "static")
        self.closing.callback(host.stops)
        wait_for(host.port)
        return host

    # What passes through

    def privacy(self, options: argparse.Namespace) -> dict[str, Any]:
        """The tests, through the pool; then row security on the replica."""
        here = {f"KWETSBAAR_TEST_{name}": os.environ[name] for name in TESTED}
        files = [f"tests/test_{name}.py" for name in options.tests.split()]
        but = [f"--deselect=tests/{name}" for name in ELSEWHERE]
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "0", "--no-header", *but, *files],
            env=os.environ | here, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - began
        said = done.stdout.strip().splitlines()
        print(*(said[-1:] if done.returncode == 0 else said[-80:]), sep="\n")
        rows = self._seen_on_replica()
        print(f"{len(files)} files of tests through the pool: {seconds:.0f} s; on the replica: {rows}", flush=True)
        return {"tests": said[-1], "seconds": round(seconds), "replica": rows, "failed": done.returncode != 0}

    def _seen_on_replica(self) -> str:
        from benchmarks import loading
        from exercises.records.models import Owned

        people = [loading.someone(feelings=3, entries=3, steps=3).pk for _ in range(5)]
        tables = [model._meta.db_table for model in Owned.every()]
        of_them = "SELECT count(*) FROM {} WHERE user_id = ANY(%s)"
        everything = {table: self.primary.ask(of_them.format(table), people)[0][0] for table in tables}
        (until,) = self.primary.ask("SELECT pg_current_wal_lsn()")[0]
        while not self.replica.ask("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", until)[0][0]:
            time.sleep(0.01)
        with self.replica.connect("app") as app:
            for who in people:
                for table in tables:
                    with app.transaction():
                        app.execute(f"SET LOCAL app.user_id = '{who}'")
                        owners = app.execute(f"SELECT user_id FROM {table}").fetchall()
                    assert {str(owner) for (owner,) in owners} <= {str(who)}, table
                    everything[table] -= len(owners)
        assert not any(everything.values()), "all their rows were seen, each by its person alone"
        return f"{len(people)} people see their own rows in {len(tables)} tables, and no others"

    # How fast

    def speed(self, options: argparse.Namespace) -> dict[str, Any]:
        """Reading and saving, straight and through the pool; and the lag meanwhile."""
        from benchmarks import loading
        from benchmarks.sending import entries

        people = [loading.signed_in(loading.someone(feelings=60, entries=60, steps=30)) for _ in range(10)]
        reads = [person.get(path) for person in people for path in ("/nl/today/", "/nl/evidence/", "/nl/journal/")]
        straight = self.host("straight", self.primary.url("app", "straight"))
        pooled = self.host("pooled", self.pool.url("pooled"))
        kinds: list[tuple[str, Host, bool, bool]] = [
            ("pages, straight", straight, False, False),
            ("pages, through the pool", pooled, False, False),
            ("saves, straight", straight, True, False),
            ("saves, through the pool", pooled, True, False),
            ("saves, pool, replica waited for", pooled, True, True),
        ]
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name, *_ in kinds}
        for n in range(options.rounds + 1):
            for name, host, saves, waits in kinds:
                self.primary.waits_for(self.replica if waits else None)
                asks = list(islice(entries(people), 1500 * options.seconds)) if saves else reads
                with servers.watched(self.primary, self.replica) as lags:
                    found = wrk.run(
                        f"http://127.0.0.1:{host.port}", asks, seconds=options.seconds if n else 1, connections=8
                    )
                if n:  # the first round warms
                    rounds[name].append({"rate": found["requests"] / found["seconds"], **found, **lags[0]._asdict()})
        self.primary.waits_for(None)
        print(f"\n{'':<34}{'a second':>9}{'p50':>7}{'p99':>8}{'failed':>8}{'told':>14}{'seen':>14}{'bytes':>10}")
        return {name: self._line(name, found) for name, found in rounds.items()}

    @staticmethod
    def _line(name: str, rounds: list[dict[str, float]]) -> dict[str, float]:
        middle = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        worst = {key: max(one[key] for one in rounds) for key in ("told_worst", "seen_worst", "unseen", "failed")}
        row = middle | worst
        told, seen = (f"{row[key]:.1f}/{row[f'{key}_worst']:.0f}" for key in ("told", "seen"))
        print(f"{name:<34}{row['rate']:>9.0f}{row['p50']:>7.1f}{row['p99']:>8.1f}{row['failed']:>8.0f}", end="")
        print(f"{told:>14}{seen:>14}{row['unseen']:>10.0f}", flush=True)
        return {key: round(value, 2) for key, value in row.items()}

    # What a replica is for

    def backup(self, _options: argparse.Namespace) -> dict[str, Any]:
        """A copy of the whole, made from the replica."""
        file = self.place / "backup"
        urls = {name: self.replica.url(role, "backup") for name, role in URLS}
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "manage.py", "backup", str(file)],
            env=os.environ | urls, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds, size = time.monotonic() - began, file.stat().st_size if file.exists() else 0
        print(f"\nbackup from the replica: {size / 2**20:.1f} MiB in {seconds:.1f} s {done.stderr}", flush=True)
        return {"bytes": size, "seconds": round(seconds, 1), "failed": done.returncode != 0}

    def failover(self, _options: argparse.Namespace) -> dict[str, Any]:
        """The primary is gone, again and again; each time its replica goes on, and gets a new one."""
        from benchmarks import faulting

        host = self.host("goes-on", self.pool.url("goes-on"))
        stage = faulting.Stage(SimpleNamespace(port=host.port), SAVERS)  # type: ignore[arg-type]
        self.closing.callback(stage.close)
        for actor in stage.actors:
            actor.start()
        print(
            f"\n{'failover':<36}{'acknowledged':>13}{'lost':>6}{'doubled':>9}{'refused':>9}{'seconds':>9}", flush=True
        )
        rows, failed = {}, False
        for waits in (False, True):
            for breaks in (False, True):
                name = f"{'waited for' if waits else 'not waited for'}{', line broken before' if breaks else ''}"
                row = rows[name] = self._fail_over(faulting, stage, waits, breaks)
                told = "{acknowledged:>13}{lost:>6}{doubled:>9}{refused:>9}{seconds:>9.1f}".format(**row)
                print(f"{name:<36}{told}", flush=True)
                failed |= bool(row["doubled"] or (waits and row["lost"]))
        return rows | {"failed": failed}

    def _fail_over(self, faulting: Any, stage: Any, waits: bool, breaks: bool) -> dict[str, Any]:
        self.primary.waits_for(self.replica if waits else None)
        time.sleep(0.5)
        stage.counts.clear()
        stage.going.set()
        time.sleep(2)
        if breaks:
            self.replica.loses_its_line()
            time.sleep(1)
        self.primary.dies()
        stage.fault_is_over = died = time.monotonic()
        self.replica.is_promoted()
        self.pool.points_at(self.replica)
        while any(saver.well_at < died for saver in stage.savers) and time.monotonic() < died + 60:
            time.sleep(0.05)
        seconds = max(saver.well_at for saver in stage.savers) - died
        stage.rest()
        lost = faulting.compare(stage).lost
        for saver in stage.savers:
            saver.send_the_rest()
        doubled = faulting.compare(stage).doubled
        acknowledged = stage.counts["acknowledged"]
        refused = sum(number for what, number in stage.counts.items() if "read" not in what) - acknowledged
        for saver in stage.savers:
            saver.acknowledged.clear()
        self.primary = self.replica
        self.replica = servers.Server(self.place / f"{self.primary.name}_1", self.primary)
        row = {"acknowledged": acknowledged, "lost": lost, "doubled": doubled, "refused": refused}
        return row | {"seconds": round(seconds, 2)}


if __name__ == "__main__":
    sys.exit(main())
