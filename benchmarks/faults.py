"""Is anything lost or doubled when something dies? `python -m benchmarks.faults [--saves 2000] [--json FILE]`

A whole site on this machine with throw-away data, and a supervisor that starts `python -m kwetsbaar` again when it
ends, as systemd does. Several people save pages of the journal and feelings all the time, each form with its record's
id, over connections that are kept; two more read a module, one as a visitor and one signed in. Meanwhile one thing
after the other dies. After each, what stands in the database is read as each person reads it and compared with what
was sent: an acknowledged save (its redirect was seen) stands there once, another at most once; then that is sent again
with the same id, and stands there once too.

Columns, in saves: acknowledged · lost (acknowledged, and not there) · doubled (there twice) · refused politely (503
with Retry-After, and the page holds the text and a button to send it) · cut (no answer; the browser says so) · other
(any other answer, or none within 20 s); then pages read and not read (cut lines left out); seconds from the end of the
fault until every person has saved again. Exit code 1 where anything was lost, doubled or refused otherwise.

A disk can be filled only by who may mount (root); elsewhere those rows say so, unless --disk names an empty directory
on a small disk. About 2 minutes for 2,000 saves on two quiet cores; stops by itself after ten at most.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

CLIENTS = 8
DISK = 320  # megabytes: a cluster, its log, and some room
LASTS = 4  # seconds of a fault that lasts
WELL_WITHIN = 120  # seconds until this gives up
ENOUGH_WITHIN = 60  # seconds for so many saves


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--saves", type=int, default=2000, help="acknowledged, in all (2000)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--disk", type=Path, metavar="DIRECTORY", help="an empty directory on a small disk")
    parser.add_argument("--only", metavar="WORD", default="", help="faults whose name holds this word")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that nothing is left behind
    with ExitStack() as closing:
        home = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="kw-", ignore_cleanup_errors=True)))
        home.chmod(0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": str(home), "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        from benchmarks import faulting

        fills = True
        if options.disk:
            (home / "postgres").symlink_to(options.disk.resolve())
        else:
            fills = closing.enter_context(faulting.small_disk(home / "postgres", DISK))
        closing.callback(faulting.server.leave)
        site = faulting.Site(home)
        closing.callback(site.end)
        rows = _play(faulting, site, options, fills)
    if options.json:
        options.json.write_text(json.dumps({"clients": CLIENTS, "faults": rows}, indent=2) + "\n")
    return int(any(row["lost"] or row["doubled"] or row["other"] or row["seconds"] is None for row in rows))


def _play(faulting: Any, site: Any, options: argparse.Namespace, fills: bool) -> list[dict[str, Any]]:
    _until_it_answers(faulting, site)
    stage = faulting.Stage(site, CLIENTS)
    for actor in stage.actors:
        actor.start()
    faults = [fault for fault in _faults(faulting, site, stage) if options.only in fault[0]]
    share = options.saves // len(faults)
    print(f"{'fault':<34}{'acknowledged':>13}{'lost':>6}{'doubled':>9}{'refused':>9}{'cut':>6}{'other':>7}", end="")
    print(f"{'read':>7}{'not read':>10}{'seconds until well':>20}", flush=True)
    rows = []
    for name, strike, needs_disk in faults:
        if needs_disk and not fills:
            print(f"{name:<34}  not tried: only who may mount can fill a disk (or give --disk)", flush=True)
            continue
        rows.append(_one(faulting, stage, name, strike, share))
        print(_line(rows[-1]), flush=True)
        for what, number in rows[-1]["in full"].items():
            if what.startswith("refused with") or what == "no answer":
                print(f"    {what}: {number}")
    stage.close()
    return rows


def _one(faulting: Any, stage: Any, name: str, strike: Callable[[], None], share: int) -> dict[str, Any]:
    """One fault in the middle of many saves, and what came of it."""
    stage.counts.clear()
    stage.fault_is_over = float("inf")
    stage.going.set()
    _wait(lambda: stage.counts["acknowledged"] >= share / 3, ENOUGH_WITHIN)
    strike()
    stage.fault_is_over = over = time.monotonic()
    well = _wait(lambda: all(saver.well_at > over for saver in stage.savers), WELL_WITHIN)
    seconds = max(saver.well_at for saver in stage.savers) - over if well else None
    _wait(lambda: stage.counts["acknowledged"] >= share, ENOUGH_WITHIN)
    stage.rest()
    before = faulting.compare(stage)
    for saver in stage.savers:
        saver.send_the_rest()
    after = faulting.compare(stage)
    counts = dict(stage.counts)
    refused, cut = counts.get("refused politely", 0), counts.get("cut", 0)
    other = sum(number for what, number in counts.items() if what.startswith("refused with") or what == "no answer")
    return {
        "fault": name,
        "acknowledged": counts.get("acknowledged", 0),
        "lost": max(before.lost, after.lost) + sum(len(saver.unacknowledged) for saver in stage.savers),
        "doubled": max(before.doubled, after.doubled) + max(before.unknown, after.unknown),
        "refused politely": refused,
        "cut": cut,
        "other": other,
        "read": counts.get("read", 0),
        "not read": counts.get("not read", 0),
        "seconds": seconds and round(seconds, 2),
        "in full": counts,
    }


def _faults(faulting: Any, site: Any, stage: Any) -> list[tuple[str, Callable[[], None], bool]]:
    """Name, what happens (it returns when it is over), whether it needs a disk that can be filled."""

    def killed(number: int) -> None:
        os.kill(number, signal.SIGKILL)

    def full(log_too: bool) -> None:
        filling = faulting.fill(site.database.resolve())
        try:
            until = time.monotonic() + LASTS
            while log_too and time.monotonic() < until:
                try:
                    with site.connect() as owner:
                        owner.execute("SELECT pg_switch_wal()")
                except faulting.psycopg.Error:
                    break
                time.sleep(0.05)
            time.sleep(max(0, until - time.monotonic()))
        finally:
            filling.unlink()

    def dropped() -> None:
        line = faulting.Dropping(site.port, share=0.3)
        line.start()
        stage.port = line.port
        time.sleep(LASTS)
        stage.port = site.port
        line.close()

    def dry() -> None:
        for one in faulting.take_every_connection(site, LASTS):
            one.close()

    return [
        ("nothing", lambda: None, False),
        ("a worker is killed", lambda: killed(site.workers()[0]), False),
        ("the site is killed", lambda: killed(site.pid), False),
        ("PostgreSQL is killed", lambda: killed(site.postmaster()), False),
        ("PostgreSQL restarts", lambda: site.control("restart", "--mode=fast", "--log=log", "--no-wait"), False),
        ("answers are dropped", dropped, False),
        ("no connections are left", dry, False),
        ("the disk is full", lambda: full(log_too=False), True),
        ("the disk is full, the log too", lambda: full(log_too=True), True),
    ]


def _wait(true: Callable[[], object], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _until_it_answers(faulting: Any, site: Any) -> None:
    class Way:
        port = site.port

    line = faulting.Line(Way())
    if not _wait(lambda: line.ask("GET", "/readyz").status == 200 or time.sleep(0.2), 180):
        sys.exit(f"The site did not start:\n{(site.home / 'log').read_text()}")


def _line(row: dict[str, Any]) -> str:
    said = "not within 120" if row["seconds"] is None else f"{row['seconds']:.2f}"
    figures = f"{row['acknowledged']:>13}{row['lost']:>6}{row['doubled']:>9}{row['refused politely']:>9}{row['cut']:>6}"
    return f"{row['fault']:<34}{figures}{row['other']:>7}{row['read']:>7}{row['not read']:>10}{said:>20}"


if __name__ == "__main__":
    sys.exit(main())
