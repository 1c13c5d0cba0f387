"""Load: what the site can bear beside bare views, and whether it grows slower. `make bench`; needs wrk (Debian: wrk).

Served as production does (Granian, 2 workers × 4 blocking threads) on loopback, with throw-away data; wrk asks, gzip as
browsers do, on a few kept connections. Every page is warmed, then `--rounds` rounds of `--seconds` each take turns, so
that whatever else the machine does falls on all alike; the median of the rounds is shown. Latency (ms) is measured with
one connection, so that the server has nothing else to do, and with 8; requests a second with 8. wrk takes its share of
the same processors, so only what stands in one run may be compared.

Limits: a `bare` view answers with the bytes of the module page, ready made; `select` selects 50 (or 20) pieces of
evidence in one transaction, opens and renders them in a small template. Both with the site's settings, through all of
its middleware or none of it. The timeline shows 20 pieces on a page; with 50 on it, it stands beside `select 50`. A
save is a form sent by someone who is signed in, with an id of its own, until the answer, which comes after the commit;
the database is asked afterwards whether all of them are there.

Growth: the same typical person (100 days) in bases of so many rows, made by `manage.py seed_load`, and the one person
with 50,000 rows; p50 with one connection. `--data DIR` keeps these bases and uses them again. `--memory N`, by itself:
what each worker holds (resident, MB) while it answers N requests.
"""

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks import sending, wrk
from benchmarks.sending import Ask, Someone
from benchmarks.wrk import Figures
from tests.running import START_WITHIN, as_owner, free_port, running

MANY = 8  # connections
A_SECOND = {1: 250, MANY: 500}  # saves that are made ready, by connections
MODULE, WORD = "/nl/read/dimmer/", "vuurtoren"
ONE_WITH = 50_000  # rows
LONGEST = 60  # seconds
SAME = 0.9  # of the first answer's bytes; less is another page
GOALS: dict[str, tuple[float, float]] = {  # at least so much of its limit, at most so many ms (p50, one connection)
    "module page": (0.8, 0),
    "timeline, 50 on a page": (0.5, 8),
    "feeling save": (0, 5),
    "journal save": (0, 5),
    "attempt save": (0, 5),
    "search in 3,650 entries": (0, 100),
}
GROWTH = 1.2  # at most, from the smallest base to the largest
LIMITS = {"module page": "bare", "timeline, 50 on a page": "select 50", "evidence timeline": "select 20"}


class Page(NamedTuple):
    """A line of the table: what is asked where, for so many seconds and connections, and which status is right."""

    name: str
    site: str
    asks: Callable[[int, int], list[Ask]]
    status: int = 200
    saves: "Saves | None" = None


class Saves:
    """What some people save: their sessions are put back after a round, for each save leaves a message in one."""

    def __init__(self, home: Path, people: Sequence[Someone]) -> None:
        self._database, self._ids = as_owner(home), [one.user for one in people]
        mine = "SELECT session_data, session_key FROM accounts_session WHERE user_id = ANY(%s::uuid[])"
        self._sessions = self._database.execute(mine, [self._ids]).fetchall()

    def stored(self) -> int:
        """How many rows these people have, of the kinds that are saved; steps count once they were looked back on."""
        kinds = ["exercises_dailyfeeling", "exercises_journalentry", "exercises_evidence"]
        each = " + ".join(f"(SELECT count(*) FROM {kind} WHERE user_id = ANY(%(ids)s::uuid[]))" for kind in kinds)
        return self._database.execute(f"SELECT {each}", {"ids": self._ids}).fetchone()[0]  # type: ignore[index]

    def tidy(self) -> None:
        put_back = "UPDATE accounts_session SET session_data = %s WHERE session_key = %s"
        self._database.cursor().executemany(put_back, self._sessions)


def main() -> None:
    asked = arguments()
    wrk.check()
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as place:
        os.chmod(place, 0o755)  # as root, the database's server runs as another user
        home = Path(place)
        if asked.memory:
            figures: dict[str, Any] = {"memory": memory(home / "site", asked.memory)}
        else:
            figures = {"pages": pages(home / "site", asked)}
            if asked.rows:
                figures["growth"] = growth(asked.data or home, asked)
    if asked.json:
        asked.json.write_text(json.dumps({"processors": os.cpu_count()} | figures, indent=1))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument(
        "--rows", default=[], type=lambda text: [int(n) for n in text.split(",")], help="sizes of bases"
    )
    parser.add_argument("--data", type=Path, help="keeps these bases here")
    parser.add_argument("--memory", type=int, help="so many requests")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",") if size]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# The people, made in a process of its own: Django knows one data directory.


@contextmanager
def peopled(home: Path) -> Iterator[Callable[..., Any]]:
    """Calls functions of loading.py by name, in a process that is set up for the data in `home`."""
    with ProcessPoolExecutor(1, get_context("spawn"), set_up, (str(home),)) as process:
        yield lambda name, *args: process.submit(made, name, *args).result()


def set_up(home: str) -> None:
    import django

    os.environ |= {"KWETSBAAR_DATA": home, "DJANGO_SETTINGS_MODULE": "kwetsbaar.settings"}
    django.setup()


def made(name: str, *args: Any) -> Any:
    from benchmarks import loading

    return getattr(loading, name)(*args)


# What is asked


def same(ask: Ask) -> Callable[[int, int], list[Ask]]:
    """The same again and again."""
    return lambda seconds, connections: [ask]


def fresh(asks: Iterator[Ask]) -> Callable[[int, int], list[Ask]]:
    """Each one once."""
    return lambda seconds, connections: list(itertools.islice(asks, seconds * A_SECOND[connections]))


def of_visitors(site: str) -> list[Page]:
    etag = wrk.one(site, Ask(MODULE)).etag
    return [
        Page("landing", site, same(Ask("/nl/"))),
        Page("module page", site, same(Ask(MODULE))),
        Page("module page, 304", site, same(Ask(MODULE, etag=etag)), 304),
        Page("help", site, same(Ask("/nl/help/"))),
    ]


def of(one: Someone, site: str) -> list[Page]:
    """The pages that read what one person wrote, whatever it is."""
    return [
        Page("today", site, same(one.get("/nl/today/"))),
        Page("evidence timeline", site, same(one.get("/nl/evidence/"))),
        Page("progress", site, same(one.get("/nl/progress/"))),
        Page("search", site, same(sending.search(one, WORD))),
    ]


def saved_by(people: Sequence[Someone], site: str, home: Path) -> list[Page]:
    saves = Saves(home, people)
    return [
        Page("feeling save", site, fresh(sending.feelings(people)), 302, saves),
        Page("journal save", site, fresh(sending.entries(people)), 302, saves),
        Page("attempt save", site, fresh(sending.steps(people)), 302, saves),
    ]


# Measuring


def rounds(
    all_pages: Sequence[Page], asked: argparse.Namespace, connections: Sequence[int]
) -> list[dict[int, Figures]]:
    """For each page the medians of all rounds, by the number of connections."""
    for page in all_pages:
        measured(page, 1, connections[-1])  # warms
    found: list[dict[int, list[Figures]]] = [{n: [] for n in connections} for _ in all_pages]
    for turn in range(asked.rounds):
        say(f"round {turn + 1} of {asked.rounds}: {len(all_pages) * len(connections) * asked.seconds} seconds")
        for page, figures in zip(all_pages, found, strict=True):
            for n in connections:
                figures[n].append(measured(page, asked.seconds, n))
    return [{n: middle(each) for n, each in figures.items()} for figures in found]


def middle(figures: Sequence[Figures]) -> Figures:
    return {name: round(median(each[name] for each in figures), 3) for name in figures[0]}


def measured(page: Page, seconds: int, connections: int) -> Figures:
    """One run; ends the benchmark where an answer was not the right one, or a save is not there."""
    asks = page.asks(seconds, connections)
    before = page.saves.stored() if page.saves else 0
    answer = wrk.one(page.site, asks[0])
    figures = wrk.run(page.site, asks[1:] or asks, seconds=seconds, connections=connections)
    while figures["requests"] < connections and seconds < LONGEST:  # what takes longer than a round gets a longer one
        seconds *= 3
        figures = wrk.run(page.site, asks[1:] or asks, seconds=seconds, connections=connections)
    smaller = figures["bytes"] < SAME * answer.size * figures["requests"]
    if answer.status != page.status or figures["failed"] or not figures["requests"] or smaller:
        sys.exit(f"{page.name}: wrong answers. The first was {answer}, all others: {figures}.")
    if page.saves:
        page.saves.tidy()
        if (stored := page.saves.stored() - before) < min(figures["requests"], len(asks) - 1):
            sys.exit(f"{page.name}: {figures['requests']:.0f} saves were answered, {stored} are stored.")
    return figures | {"a second": figures["requests"] / figures["seconds"]}


# The table of pages


def pages(home: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """All pages beside their limits: figures by name."""
    stock = (A_SECOND[1] + A_SECOND[MANY]) * asked.seconds * asked.rounds + A_SECOND[MANY]
    with ExitStack() as stack:
        site, _server = stack.enter_context(running(home))
        people = stack.enter_context(peopled(home))
        say("Making people …")
        typical, practised, writer, savers = (
            people("typical"),
            people("practised"),
            people("writer"),
            people("savers", stock),
        )
        people("settle")
        limits = stack.enter_context(bare(home, site, typical))
        listed = [
            *(Page(f"{name}{less}", limits, same(Ask(f"/{how}/{path}/"))) for name, path in BARE for how, less in HOW),
            *of_visitors(site),
            *of(typical, site)[:2],
            Page("timeline, 50 on a page", limits, same(typical.get("/nl/evidence/"))),
            *saved_by(savers, site, home),
            Page("progress for 1,000 attempts", site, same(practised.get("/nl/progress/"))),
            Page("search in 3,650 entries", site, same(sending.search(writer, WORD))),
        ]
        found = dict(zip([page.name for page in listed], rounds(listed, asked, [1, MANY]), strict=True))
    print(f"{'':<32}{'1 connection':>21}{'8 connections':>29}{'of its':>8}")
    print(f"{'page':<28}" + f"{'p50':>8}{'p95':>8}{'p99':>8}" * 2 + f"{'/s':>9}{'limit':>8}  goal   (ms)")
    for name in found:
        print(line(name, found), flush=True)
    beside = found["module page"][MANY]["a second"] / found["bare, no middleware"][MANY]["a second"]
    print(f"(the module page, which comes kept and compressed, is {beside:.2f} × the bare view without middleware)")
    return found


BARE = [("bare", "bare"), ("select 50", "select/50"), ("select 20", "select/20")]
HOW = [("site", ""), ("none", ", no middleware")]


@contextmanager
def bare(home: Path, site: str, typical: Someone) -> Iterator[str]:
    """The limits, served like the site: their address."""
    with urllib.request.urlopen(site + MODULE) as answer:
        given = {"page": answer.read().decode(), "user": typical.user}
    (home / "limits.json").write_text(json.dumps(given))
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4"]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "warning", "benchmarks.bare:application"],
        env=os.environ | {"KWETSBAAR_DATA": str(home), "PORT": str(port)},
    )
    try:
        answers(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def answers(address: str, server: subprocess.Popen) -> None:
    """Wait until it does."""
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            wrk.one(address, Ask("/healthz"))
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("The bare views did not start.")


def line(name: str, found: dict[str, dict[int, Figures]]) -> str:
    """One row: figures, how much of its limit it reaches, and whether that is enough."""
    alone, many = found[name][1], found[name][MANY]
    shown = f"{name:<28}" + "".join(f"{each[p]:>8.1f}" for each in (alone, many) for p in ("p50", "p95", "p99"))
    limit = LIMITS.get(name)
    ratio = many["a second"] / found[limit][MANY]["a second"] if limit else None
    return shown + f"{many['a second']:>9.1f}" + (f"{ratio:>8.2f}" if ratio else " " * 8) + goal(name, alone, ratio)


def goal(name: str, alone: Figures, ratio: float | None) -> str:
    if name not in GOALS:
        return ""
    part, most = GOALS[name]
    wanted = [f"≥ {part:g} × {LIMITS.get(name)}"] * bool(part) + [f"p50 ≤ {most:g} ms"] * bool(most)
    reached = (not part or (ratio or 0) >= part) and (not most or alone["p50"] <= most)
    return f"  {' and '.join(wanted)}: {'reached' if reached else 'MISSED'}"


# The growth table


def growth(bases: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """p50 of each page for the same person in each base, and for the one person with 50,000 rows; one connection."""
    stock = A_SECOND[1] * (asked.seconds * asked.rounds + 1)
    columns: dict[str, list[Page]] = {}
    with ExitStack() as stack:
        for size in asked.rows:
            home = bases / f"rows-{size}"
            columns |= {f"{head}": listed for head, listed in base(stack, home, size, stock).items()}
        listed = [page for column in columns.values() for page in column]
        found = iter(rounds(listed, asked, [1]))
    table = {head: {page.name: next(found)[1]["p50"] for page in column} for head, column in columns.items()}
    show_growth(table)
    return table


def base(stack: ExitStack, home: Path, size: int, stock: int) -> dict[str, list[Page]]:
    """One base, served: the pages of its typical person, and of the one with 50,000 rows where it holds one."""
    home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    site, _server = stack.enter_context(running(home))
    rich = seeded(home, size)
    with peopled(home) as people:
        typical, savers = people("typical"), people("savers", stock)
        the_one = people("known", rich) if rich else None
        rows = people("settle")
    columns = {f"{rows:,} rows": [*of_visitors(site), *of(typical, site), *saved_by(savers, site, home)]}
    return columns | ({f"50,000 of {rows:,}": of(the_one, site)} if the_one else {})


def seeded(home: Path, size: int) -> str:
    """A base of so many rows, made once; the id of the person with 50,000 of them, or empty."""
    kept = home / "seeded"
    if not kept.exists():
        say(f"Making {size:,} rows …")
        more = ["--one-with", str(ONE_WITH)] if size > ONE_WITH else []
        said = subprocess.run(
            [sys.executable, "manage.py", "seed_load", "--rows", str(size), *more],
            env=os.environ | {"KWETSBAAR_DATA": str(home)}, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        kept.write_text(said.stdout)
    found = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", kept.read_text())
    return found[-1] if found and size > ONE_WITH else ""


def show_growth(table: dict[str, dict[str, float]]) -> None:
    """A line a page: p50 at each size, and how much more that is in the largest base than in the smallest."""
    sizes = [head for head in table if " of " not in head]
    print(f"\n{'p50 (ms), 1 connection':<28}" + "".join(f"{head:>22}" for head in table) + f"{'factor':>8}")
    for name in table[sizes[0]]:
        cells = "".join(f"{column[name]:>22.2f}" if name in column else " " * 22 for column in table.values())
        factor = table[sizes[-1]][name] / table[sizes[0]][name]
        print(f"{name:<28}{cells}{factor:>8.2f}  {'' if factor <= GROWTH else 'MISSED'}")
    print(f"(goal: from the smallest base to the largest at most × {GROWTH})")


# Memory


def memory(home: Path, requests: int) -> list[dict[str, Any]]:
    """What each worker holds after a tenth, a half and all of so many requests: reading, and a save now and then."""
    with running(home) as (site, server), peopled(home) as people:
        typical, savers = people("typical"), people("savers", 0)
        read = [page.asks(1, 1)[0] for page in (*of_visitors(site), *of(typical, site))]
        saves, asked, seen = Saves(home, savers), 0, []
        print(f"{'requests':>10}{'workers (MB, resident)':>30}")
        for share in (0.1, 0.5, 1):
            while asked < share * requests:
                asks = [ask for save in itertools.islice(sending.entries(savers), 40) for ask in (*read, save)]
                asked += int(wrk.run(site, asks, seconds=5, connections=MANY)["requests"])
                saves.tidy()
            seen.append({"requests": asked, "MB": [round(held(worker), 1) for worker in workers(server.pid)]})
            print(f"{asked:>10}{str(seen[-1]['MB']):>30}", flush=True)
    return seen


def workers(server: int) -> list[int]:
    """The processes below that one that hold the most: its two workers."""
    children = Path(f"/proc/{server}/task").glob("*/children")
    found = sorted((int(child) for each in children for child in each.read_text().split()), key=held)
    return sorted(found[-2:])


def held(process: int) -> float:
    """Resident memory, MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000  # type: ignore[index]


if __name__ == "__main__":
    main()
