"""Hostile requests, as many as wanted: `python -m benchmarks.hostile [REQUESTS] [--json FILE] [--slow]` (20000).

One in 25 goes through Django's own client, made by hypothesis (the tests of tests/test_hostile.py, with more
examples), each on the same untouched site. The others go byte for byte over sockets to a site of its own, served as on
the internet (two workers, throw-away data), by PROCESSES at once, each as ever new guests and as a visitor: forms,
addresses, headers, bodies, files, and what is hardly HTTP (tests/sockets.py).

Prints how each was answered (`hung up`: no answer to what no server needs to answer) and whatever was wrong: a status
from 500 on, no answer within 20 s, words of someone else, anything not escaped, a fault or a word in the log, a worker
that died, a row of someone else that changed. Then it exits with 1. `--seed` makes the same requests again.

`--slow` instead: 200 clients that send a byte a second and 50 that hardly read, behind the documented proxy, and how
long others then wait for a page (ms).
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

PROCESSES = 6
INSIDE = 25  # one in so many goes through Django's own client
PER_EXAMPLE = 7  # requests that one example of each test makes together
MOST_SHOWN = 20  # of what was wrong


def main() -> int:
    """Print the figures, and whatever was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("requests", type=int, nargs="?", default=20_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--slow", action="store_true")
    asked = parser.parse_args()
    with home() as place:
        figures = slow(place) if asked.slow else hostile(place, asked.requests, asked.seed)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))
    return int(bool(figures.get("wrong")))


@contextmanager
def home() -> Iterator[Path]:
    """A directory for a site of its own, and Django ready to say what addresses that has."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as place:
        os.chmod(place, 0o755)  # as root, the database's server runs as another user
        os.environ |= {"KWETSBAAR_DATA": place, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
        import django

        django.setup()
        yield Path(place)


def hostile(place: Path, requests: int, seed: int) -> dict[str, Any]:
    """Both ways at once: how the requests were answered, and what was wrong."""
    print(f"{requests} requests, seed {seed}", flush=True)
    started, inside = time.monotonic(), requests // INSIDE
    tests = through_django(inside)
    counted, wrong = over_sockets(place, requests - inside, seed)
    found, made = result(tests)
    seconds = time.monotonic() - started
    print(f"over sockets: {sum(number for what, number in counted.items() if not what.startswith('status'))}")
    for what, number in sorted(counted.items()):
        print(f"  {what:<20}{number:>8}")
    print(made, f"{seconds:.0f} seconds", *(wrong + found)[:MOST_SHOWN], sep="\n")
    print(f"wrong: {len(wrong) + len(found)}")
    return {"seed": seed, "seconds": seconds, "sockets": counted, "inside": made, "wrong": wrong + found}


def through_django(requests: int) -> subprocess.Popen[str]:
    """The tests, with as many examples as make about so many requests."""
    environ = os.environ | {"HOSTILE": str(max(10, requests // PER_EXAMPLE))}
    environ.pop("KWETSBAAR_DATA")
    command = [sys.executable, "-m", "pytest", "tests/test_hostile.py", "-q", "-s", "--tb=short", "-p", "no:logging"]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def result(tests: subprocess.Popen[str]) -> tuple[list[str], str]:
    """What they found, and what they made."""
    said, _nothing = tests.communicate()
    made = " ".join(re.findall(r"^hostile inputs: .*$", said, re.M))
    return ([said[said.find("= FAILURES =") :]] if tests.returncode else []), f"through Django's client: {made}"


def over_sockets(place: Path, requests: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How so many requests were answered by a site in `place`, and all that was wrong with it then."""
    from tests import sockets
    from tests.visits import served, workers

    with served(place) as site:
        before = workers(site.server)
        like, visitor = sockets.someone(site.port), sockets.nobody(site.port)
        theirs = sockets.someone(site.port, sockets.THEIRS, like=like)
        written = sockets.written(site.port, theirs)
        each = [
            (site.port, requests // PROCESSES, seed + n, list(theirs.ids.values()), like, visitor)
            for n in range(PROCESSES)
        ]
        counted: Counter[str] = Counter()
        wrong: list[str] = []
        with ProcessPoolExecutor(PROCESSES, get_context("spawn"), initializer=ready) as pool:
            for some, bad in pool.map(attack, each):
                counted += some
                wrong += [f"{one.what} · {one.kind} · {len(one.raw)} bytes: {one.raw[:600]!r}" for one in bad]
        if workers(site.server) != before:
            wrong.append("a worker died")
        if sockets.written(site.port, theirs) != written:
            wrong.append("somebody else's words changed")
    return counted, wrong + [f"in the log: {line}" for line in sockets.told((place / "log").read_text())]


def ready() -> None:
    """A process of its own: Django says which addresses there are."""
    import django

    django.setup()


def attack(given: tuple[Any, ...]) -> Any:
    from tests import sockets

    return sockets.attack(*given)


def slow(place: Path) -> dict[str, Any]:
    """What others wait for a page, before and while slow clients are there."""
    from tests import slowly

    with slowly.behind_proxy(place) as site:
        quiet = slowly.waits(site, 100)
        with slowly.crowd(site) as there:
            busy = slowly.waits(site, 100)
            alive = there()
    print(f"{'':<24}{'p50':>8}{'p95':>8}{'longest':>9}   (ms)")
    for name, figures in (("nobody else", quiet), (f"{alive} slow clients", busy)):
        print(f"{name:<24}{figures['p50']:>8.1f}{figures['p95']:>8.1f}{figures['longest']:>9.1f}")
    return {"quiet": quiet, "busy": busy, "slow clients": alive}


if __name__ == "__main__":
    sys.exit(main())
