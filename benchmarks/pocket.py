"""A module on a slow phone, first and again: `make` first, then `python -m benchmarks.pocket`; needs a Chromium.

The site as it is served (`python -m kwetsbaar`, throw-away data), in Chromium with Lighthouse's slow 4G (150 ms a round
trip, 1.6 Mbit/s down, 750 kbit/s up) and a processor four times as slow. Median of `ROUNDS`; `--json FILE` also writes
the figures. Bytes are those on the wire, heads included; `all` adds what the service worker fetches to read offline,
after the page. Largest paint of three visits: `first`; `again`, in a fresh tab whose service worker has to be started;
`next`, from another page of the site. Needs a quiet machine: on a busy one worker and paint wait for a processor.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Request, sync_playwright

from tests.chromium import find
from tests.running import running

ROUNDS = 5
PAGES = ("read/dimmer/", "", "help/")
PHONE = {"width": 412, "height": 823}
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1_638_400 / 8, "uploadThroughput": 768_000 / 8}
SLOW_CPU = {"rate": 4}
# What painted and what moved, asked of the page afterwards: what is measured carries no script of ours
OBSERVED = """async () => {
  const noted = async (type) => new Promise((done) => {
    const observer = new PerformanceObserver((list) => done(list.getEntries()));
    observer.observe({ type, buffered: true });
    setTimeout(() => done([]), 300);
  });
  const [largest, shifts] = await Promise.all(["largest-contentful-paint", "layout-shift"].map(noted));
  const moved = shifts.filter((shift) => !shift.hadRecentInput).reduce((sum, shift) => sum + shift.value, 0);
  return { painted: largest.at(-1)?.startTime ?? 0, moved };
}"""
KEPT = """async () => {
  const late = new Promise((_, fail) => setTimeout(fail, 60000, new Error("no service worker")));
  await Promise.race([navigator.serviceWorker.ready, late]);
}"""
GOALS = {"first": 1500, "again": 300, "cls": 0, "kB": 60}  # ms, –, kB, ms


def main() -> None:
    """Print one line a page, and whether it reaches the goals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures = {}
    os.environ["PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS"] = "1"  # what the worker fetches is counted too
    with served() as site, chromium() as browser:
        print(f"{'page':<18}{'first':>7}{'again':>7}{'next':>7}{'CLS':>8}{'requests':>10}{'kB':>8}{'all kB':>8}")
        for path in PAGES:
            rounds = [visits(browser, f"{site}/nl/", path) for _round in range(asked.rounds)]
            figures[path] = middle = {name: median(each[name] for each in rounds) for name in rounds[0]}
            print(line(path, middle), flush=True)
    print("(ms; goals for a module: first under {first}, again under {again}, CLS {cls}, {kB} kB)".format(**GOALS))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


@contextmanager
def served() -> Iterator[str]:
    """The address of a site of its own."""
    with tempfile.TemporaryDirectory(prefix="kwetsbaar-", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # as root, the database's server runs as another user
        with running(Path(home)) as (address, _server):
            yield address


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-dev-shm-usage"])


def visits(browser: Browser, site: str, path: str) -> dict[str, float]:
    """A first visit by a new phone, and two more once its service worker keeps the pages."""
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    fetched: list[Request] = []
    context.on("requestfinished", lambda request: fetched.append(request))
    page = context.new_page()
    slow = slowed(page)
    first = seen(page, site + path)
    wait_until_kept(page)
    own = [bytes_of(request) for request in fetched if not request.service_worker]
    everything = sum(map(bytes_of, fetched))
    page.goto("about:blank")
    slow.send("ServiceWorker.enable")
    slow.send("ServiceWorker.stopAllWorkers")
    again = seen(page, site + path)
    seen(page, f"{site}safe-use/")
    following = seen(page, site + path)
    context.close()
    figures = {"requests": len(own), "kB": sum(own) / 1000, "all": everything / 1000}
    painted = {"first": first["painted"], "again": again["painted"], "next": following["painted"]}
    return painted | {"cls": max(each["moved"] for each in (first, again, following))} | figures


def bytes_of(request: Request) -> int:
    """What its answer weighed on the wire, head and body."""
    sizes = request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]


def slowed(page: Page) -> CDPSession:
    """The network and the processor of a slow phone."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_4G)
    session.send("Emulation.setCPUThrottlingRate", SLOW_CPU)
    return session


def seen(page: Page, address: str) -> dict[str, float]:
    """When it painted, and how much it moved, until it has been still for a second."""
    page.goto(address, wait_until="load")
    page.wait_for_timeout(1000)
    found: dict[str, float] = page.evaluate(OBSERVED)
    return found


def wait_until_kept(page: Page) -> None:
    """Until the service worker keeps the public pages. Raises playwright's Error after a minute."""
    page.evaluate(KEPT)
    page.wait_for_timeout(500)


def line(path: str, figures: dict[str, Any]) -> str:
    """One row of the table."""
    shown = "{first:>7.0f}{again:>7.0f}{next:>7.0f}{cls:>8.3f}{requests:>10.0f}{kB:>8.1f}{all:>8.1f}"
    return f"{'/nl/' + path:<18}" + shown.format(**figures)


if __name__ == "__main__":
    main()
