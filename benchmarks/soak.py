"""An hour's traffic in ten minutes, and whether anything grows: `python -m benchmarks.soak [--minutes 10]`.

A busy hour is taken to be 600 visits of ten minutes, so 100 people at once (`--people`). Here each visit is made six
times as fast: the same 100 people are there at once, and an hour passes in ten minutes. Of a hundred visits about 45
only read (course, help, search, reactions), 15 start as a guest and take a first step, and 40 are people who come back
for an evening: a feeling while drafts of it are kept, a step planned and looked back on, the journal, the timeline,
progress, a search in one's own words, the privacy page; some delete something and undo it, some sign out and return
with their code. As many people as are there at once have started before the hour begins. Served as on the internet
(`python -m kwetsbaar`, throw-away data, Linux alone).

A line a minute: requests a second, how many were answered wrongly (a fault, no answer, or not what that page answers),
p50 and p95 in ms; at its end the memory of the workers together and of the main process (MiB, resident), the workers'
open files, the connections to the database, its size (MB). Verdict: the middle third of the run against the last one,
by the median of what is sampled every other second; memory, files and connections may grow by 3 % at most, errors not
at all. The first third is for warming up. Exits with 1 where anything grew. `--json FILE` also writes the figures.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

from tests.running import as_owner
from tests.visits import Got, Served, Visitor, served, workers

PEOPLE = 100
VISIT = 10 * 60 / 6  # seconds that a visit takes here
GROWTH = 1.03
EVERY = 2.0  # seconds between two samples
READING = (
    "", "read/", "read/dimmer/", "read/search/?q=schaamte", "help/", "read/key-points/", "read/safe-answer/",
    "safe-use/", "read/dimmer/reactions/", "exercises/dimmer/", "read/questions/", "about/",
)  # fmt: skip
EVENING = "Vandaag zei ik iets wat ik anders voor me houd. Het werd even stil, en toen knikte hij. "
Asked = tuple[float, float, bool]  # when, seconds, whether it was answered as it should


class Sample(NamedTuple):
    """What the site takes at one moment: seconds since the start, MiB, files, connections, MB."""

    at: float
    memory: float
    main: float
    files: int
    connections: int
    size: float


def main() -> int:
    """Print a line a minute and the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        with served(Path(home)) as site:
            figures = soaked(site, asked.minutes * 60, asked.people)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))
    return int(not all(row["well"] for row in figures["verdict"].values()))


def soaked(site: Served, seconds: float, people: int) -> dict[str, Any]:
    """Traffic for so long: the samples, what each minute was like, the verdict."""
    crowd = Crowd(site.port)
    crowd.gathers(people)
    crowd.until = time.monotonic() + seconds
    threads = [threading.Thread(target=crowd.one_after_another, args=(n,), daemon=True) for n in range(people)]
    before, start = workers(site.server), time.monotonic()
    for thread in threads:
        thread.start()
    samples, minutes = watched(site, crowd, start, seconds)
    for thread in threads:
        thread.join(60)
    figures = verdict(samples, crowd.answered(start), seconds)
    figures["workers"] = {"well": workers(site.server) == before, "middle": len(before), "last": len(before)}
    say(figures, crowd)
    return {"samples": samples, "minutes": minutes, "verdict": figures, "visits": crowd.visits, "wrong": crowd.wrong}


# People


class Crowd:
    """Who is there at once, until a moment; what each request took, and what was wrong."""

    def __init__(self, port: int) -> None:
        self.port, self.until, self.pause = port, float("inf"), 0.0
        self.asked: list[Asked] = []
        self.wrong: list[str] = []
        self.visits: Counter[str] = Counter()
        self.known: list[Person] = []  # who started, and is not there now

    def gathers(self, people: int) -> None:
        """So many have started before the hour begins."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self.begins, [random.Random(-n) for n in range(1, people + 1)]))
        self.asked.clear()
        self.pause = VISIT / 22  # seconds: a visit is about so many requests

    def one_after_another(self, number: int) -> None:
        """A visit, then the next; they don't all begin at once."""
        chance = random.Random(number)
        time.sleep(chance.random() * min(VISIT, 15))
        while time.monotonic() < self.until:
            kinds = (self.reads, self.begins, self.comes_back) if self.known else (self.reads, self.begins)
            visit: Callable[[random.Random], None] = chance.choices(kinds, (45, 15, 40)[: len(kinds)])[0]
            try:
                visit(chance)
            except Over:
                return
            except (OSError, HTTPException, LookupError, TypeError) as error:
                self.wrong.append(f"{visit.__name__}: {error!r}")
                self.asked.append((time.monotonic(), 0, False))
            self.visits[visit.__name__] += 1

    def reads(self, chance: random.Random) -> None:
        person = Person(self, chance)
        for page in chance.choices(READING, k=12):
            person.sees(page)
        person.leaves()

    def begins(self, chance: random.Random) -> None:
        person = Person(self, chance)
        for page in ("", "read/", "read/dimmer/", "exercises/dimmer/", "start/"):
            person.sees(page)
        person.code = person.does(person.browser.starts, "nl")
        person.takes_a_step()
        person.says_a_feeling()
        person.leaves()
        self.known.append(person)

    def comes_back(self, chance: random.Random) -> None:
        person = self.known.pop(chance.randrange(len(self.known)))
        person.sees("today/")
        evening = [
            person.says_a_feeling,
            person.takes_a_step,
            person.writes,
            person.looks,
            person.searches,
            person.deletes,
        ]
        for does in chance.sample(evening, k=4):
            does()
        if chance.random() < 0.2:
            person.signs_out_and_in()
        person.leaves()
        self.known.append(person)

    def answered(self, start: float) -> list[Asked]:
        """Every request so far, its moment in seconds since the start."""
        return [(at - start, took, well) for at, took, well in self.asked]


class Over(Exception):
    """The hour is over."""


class Person:
    """Someone in a browser of their own; each thing done is followed by a pause."""

    def __init__(self, crowd: Crowd, chance: random.Random) -> None:
        self.crowd, self.chance, self.code = crowd, chance, ""
        self.browser = Visitor(
            crowd.port, f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
        )

    def does(self, act: Callable[..., Any], *given: Any, well: tuple[int, ...] = (200, 302)) -> Any:
        """It, timed; then a pause. Raises Over at the end of the hour."""
        if time.monotonic() > self.crowd.until:
            raise Over
        started = time.monotonic()
        got = act(*given)
        now = time.monotonic()
        right = not isinstance(got, Got) or got.status in well
        self.crowd.asked.append((now, now - started, right))
        if not right:
            self.crowd.wrong.append(f"{got.status} {given}")
        time.sleep(self.crowd.pause * self.chance.uniform(0.5, 1.5))
        return got

    def sees(self, page: str) -> Got:
        got: Got = self.does(self.browser.get, f"/nl/{page}")
        return got

    def sends(self, page: str, fields: dict[str, str]) -> Got:
        got: Got = self.does(self.browser.post, page, fields)
        return got

    def types(self, page: str, fields: dict[str, str]) -> Got:
        """A form, opened; what is typed is kept twice before it is sent."""
        form = self.sees(page).hidden | fields
        for _time in range(2):
            draft = form | {"draft_page": f"/{page}", "whose": form.get("whose", "")}
            self.does(self.browser.post, "/drafts/", draft, well=(200,))
        return self.sends(f"/nl/{page}", form)

    def says_a_feeling(self) -> None:
        self.types("feeling/", {"words": "tense", "intensity": "4", "sentence": EVENING[:60]})

    def writes(self) -> None:
        self.types("journal/new/", {"body": EVENING * self.chance.randrange(1, 20), "takeaway": "Het viel mee."})

    def takes_a_step(self) -> None:
        """Planned, done, looked back on."""
        step = self.sends("/nl/dimmer/new/", self.sees("dimmer/new/").hidden | {"name": "Noor", "topic": "geld"})
        plan = {"level": "10", "more": EVENING[:80], "expectation": EVENING[:70], "chance": "60", "fear_expected": "5"}
        where = step.headers["Location"]
        after = self.sends(where, self.sees(where[4:]).hidden | plan).headers["Location"]
        done = {
            "done": "full",
            "came_true": "no",
            "fear_peak": "6",
            "fear_after": "3",
            "bore_it": "yes",
            "happened": EVENING[:70],
        }
        self.sees(f"{after[4:]}stay/")
        self.sends(
            f"{after}after/",
            self.sees(f"{after[4:]}after/").hidden | done | {"add_evidence": "on", "learned": "Het kan."},
        )

    def looks(self) -> None:
        for page in ("evidence/", "progress/", "progress/predictions/", "evidence/card/", "privacy/"):
            self.sees(page)

    def searches(self) -> None:
        for page in ("journal/", "evidence/"):
            self.sees(page)
            self.sends(f"/nl/{page}", {"q": "stil"})

    def deletes(self) -> None:
        """A page of the journal, and has it back."""
        self.sends("/nl/journal/new/", self.sees("journal/new/").hidden | {"body": "weg ermee"})
        entry = self.sees("journal/").text.partition("/nl/journal/0")[2][:35]
        if entry:
            self.sends(f"/nl/journal/0{entry}/delete/", {})
            self.sends(f"/nl/journal/0{entry}/undo/", {})

    def signs_out_and_in(self) -> None:
        self.sees("account/sign-out/")
        self.sends("/nl/account/sign-out/", {})
        self.sends("/nl/account/return/", {"code": self.code})
        self.sees("today/")

    def leaves(self) -> None:
        self.browser.close()


# What it takes


def watched(site: Served, crowd: Crowd, start: float, seconds: float) -> tuple[list[Sample], list[dict[str, float]]]:
    """Samples until it is over; says what each minute was like."""
    samples: list[Sample] = []
    minutes: list[dict[str, float]] = []
    print(
        f"{'minute':>6}{'a second':>10}{'errors':>8}{'p50':>7}{'p95':>8}"
        f"{'workers':>9}{'main':>7}{'files':>7}{'conn':>6}{'db':>7}"
    )
    while (now := time.monotonic() - start) < seconds:
        samples.append(sample(site, now))
        if now // 60 > len(minutes):
            minutes.append(minute(crowd.answered(start), samples[-1], len(minutes)))
        time.sleep(EVERY)
    minutes.append(minute(crowd.answered(start), samples[-1], len(minutes)))
    return samples, minutes


def sample(site: Served, at: float) -> Sample:
    """Now."""
    own, main = workers(site.server), site.server.pid
    with as_owner(site.home) as connection:
        row = connection.execute(
            "SELECT count(*), pg_database_size(current_database()) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    connections, size = row or (0, 0)
    files = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in own)
    return Sample(at, sum(map(resident, own)), resident(main), files, connections, size / 1e6)


def resident(pid: int) -> float:
    """MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def minute(asked: list[Asked], now: Sample, number: int) -> dict[str, float]:
    """What this minute was like, printed."""
    took = sorted(1000 * took for at, took, well in asked if number * 60 <= at < number * 60 + 60 and well) or [0, 0]
    errors = sum(not well for at, _took, well in asked if number * 60 <= at < number * 60 + 60)
    row = {"a second": len(took) / 60, "errors": errors, "p50": median(took), "p95": quantiles(took, n=20)[-1]}
    shown = "{:>10.1f}{:>8}{:>7.0f}{:>8.0f}".format(*row.values())
    print(
        f"{number + 1:>6}{shown}{now.memory:>9.0f}{now.main:>7.0f}{now.files:>7}{now.connections:>6}{now.size:>7.0f}",
        flush=True,
    )
    return row


def verdict(samples: list[Sample], asked: list[Asked], seconds: float) -> dict[str, dict[str, Any]]:
    """For each figure the middle third and the last, and whether it is well."""
    thirds = [[one for one in samples if n <= 3 * one.at / seconds < n + 1] for n in (1, 2)]
    found = {}
    for name in ("memory", "main", "files", "connections"):
        middle, last = (median([getattr(one, name) for one in third] or [0]) for third in thirds)
        found[name] = {"middle": middle, "last": last, "well": last <= middle * GROWTH}
    wrong, last_wrong = (sum(not well for at, _took, well in asked if n <= 3 * at / seconds < n + 1) for n in (1, 2))
    return found | {"errors": {"middle": wrong, "last": last_wrong, "well": last_wrong <= wrong}}


def say(figures: dict[str, dict[str, Any]], crowd: Crowd) -> None:
    """The verdict, and what went wrong."""
    print(f"{len(crowd.asked)} requests, {crowd.visits.total()} visits: {dict(crowd.visits)}")
    for name, row in figures.items():
        growth = f"{100 * (row['last'] / row['middle'] - 1):+.1f} %" if row["middle"] else ""
        print(f"{name:<14}{row['middle']:>9.0f}{row['last']:>9.0f}{growth:>9}  {'well' if row['well'] else 'GREW'}")
    print(*crowd.wrong[:20], sep="\n")


if __name__ == "__main__":
    sys.exit(main())
