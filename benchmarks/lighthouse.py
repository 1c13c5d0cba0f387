"""Lighthouse's marks for a phone: `make` first, then `python -m benchmarks.lighthouse`; needs a Chromium and Node 18.

Lighthouse itself comes by `npx`, which fetches it the first time. The site is served as it is (`python -m kwetsbaar`,
throw-away data); today and evidence are a guest's with one feeling and one piece of evidence. Median of `ROUNDS`, and
each audit that fell short in any of them. Private pages are not for search engines, so they get no mark for that.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.pocket import served
from tests.chromium import find
from tests.running import Browser

LIGHTHOUSE = "lighthouse@12.8.2"
ROUNDS = 3
PUBLIC, PRIVATE = ("", "read/dimmer/", "help/"), ("today/", "evidence/")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
GOALS = {"performance": 98, "accessibility": 100, "best-practices": 100, "seo": 100}
FLAGS = "--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu"
Marks = dict[str, float]  # category → 0–100


def main() -> None:
    """Print one line a page, and what fell short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    check_tools()
    with served() as site, tempfile.TemporaryDirectory() as place:
        cookies = Path(place) / "headers.json"
        cookies.write_text(json.dumps({"Cookie": guest(site)}))
        print(f"{'page':<18}" + "".join(f"{name:>16}" for name in CATEGORIES))
        for path in (*PUBLIC, *PRIVATE):
            reports = [marked(f"{site}/nl/{path}", cookies if path in PRIVATE else None) for _ in range(asked.rounds)]
            print(line(path, [marks(report, path in PRIVATE) for report in reports]), flush=True)
            for audit in sorted({each for report in reports for each in short(report, path in PRIVATE)}):
                print(f"    {audit}", flush=True)
    print("(goals: {})".format(", ".join(f"{name} {mark}" for name, mark in GOALS.items())))


def check_tools() -> None:
    """Ends with a sentence where something is missing."""
    node = shutil.which("npx") and shutil.which("node")
    version = subprocess.check_output([node, "--version"], text=True) if node else "v0"  # such as v20.20.2
    if int(version.lstrip("v").partition(".")[0]) < 18:
        sys.exit("Lighthouse needs Node 18 or newer, with npx: install the packages `nodejs` and `npm`.")
    if not find():
        sys.exit("Lighthouse needs a Chromium: `python tests/chromium.py` finds or installs one.")


def guest(site: str) -> str:
    """The cookies of someone who has just started, and kept one feeling and one piece of evidence."""
    browser = Browser(site)

    def sends(path: str, **fields: str) -> None:
        answer = browser.ask(path, [*fields.items(), ("csrfmiddlewaretoken", browser.token(path))])
        assert answer.status == 200, (path, answer.status)

    sends("/nl/start/", adult="on", consent="on")
    sends("/nl/feeling/", words="calm", intensity="3", sentence="Een eerlijke zin")
    sends("/nl/evidence/new/", feared="Lacht me uit", happened="Luisterde", happened_on="2026-01-02")
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)


def marked(address: str, headers: Path | None) -> dict[str, Any]:
    """Lighthouse's report of one visit."""
    command = ["npx", "--yes", LIGHTHOUSE, address, "--quiet", "--output=json", f"--chrome-flags={FLAGS}"]
    command += [f"--only-categories={','.join(CATEGORIES)}"] + ([f"--extra-headers={headers}"] if headers else [])
    environ = os.environ | {"CHROME_PATH": find() or ""}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Lighthouse did not finish: {done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    if problem := report.get("runtimeError"):
        sys.exit(f"Lighthouse: {problem['message']}")
    return report


def marks(report: dict[str, Any], private: bool) -> Marks:
    return {name: 100 * report["categories"][name]["score"] for name in CATEGORIES if not (private and name == "seo")}


def short(report: dict[str, Any], private: bool) -> list[str]:
    """The audits that count for a mark and are not full, each with what it measured."""
    found = []
    for name in marks(report, private):
        for counted in report["categories"][name]["auditRefs"]:
            audit = report["audits"][counted["id"]]
            if counted["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                found.append(f"{name}: {audit['id']} {audit.get('displayValue', '')}".rstrip())
    return found


def line(path: str, rounds: list[Marks]) -> str:
    """One row of the table."""
    shown = {name: f"{median(each[name] for each in rounds):.0f}" for name in rounds[0]}
    return f"{'/nl/' + path:<18}" + "".join(f"{shown.get(name, '–'):>16}" for name in CATEGORIES)


if __name__ == "__main__":
    main()
