"""The real thing for browser tests: the site as `make run` serves it, and a real Chromium on a phone's screen."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.chromium import find, quick
from tests.running import running


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {
        "executable_path": quick(),
        "args": [
            "--no-sandbox",  # as root in a container
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ],
    }


@pytest.fixture(scope="session")
def data() -> Iterator[Path]:
    """The data directory of the site that the browser talks to."""
    below = os.environ["KWETSBAAR_DATA"]  # the tests' own
    with tempfile.TemporaryDirectory(prefix="site-", dir=below, ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)
        yield Path(home)


@pytest.fixture(scope="session")
def site(data: Path) -> Iterator[str]:
    """The address of a running site: `python -m kwetsbaar` with a data directory and a port of its own."""
    with running(data) as (address, _server):
        yield address


@pytest.fixture(scope="session")
def browser(launch_browser: Callable[[], Browser]) -> Iterator[Browser]:
    """Keeps no pages for offline unless a test asks (service_workers="allow"): each new context would fetch forty.

    A browser without service workers, as old ones are: Playwright's own way to block them complains in the console.
    """
    yield from _without_workers(launch_browser())


@pytest.fixture(scope="module")
def whole_browser(launch_browser: Callable[..., Browser]) -> Iterator[Browser]:
    """With what the quick one lacks (tests/chromium.py). A module that needs it says `browser = whole_browser`."""
    yield from _without_workers(launch_browser(executable_path=find()))


def _without_workers(browser: Browser) -> Iterator[Browser]:
    opens = browser.new_context

    def new_context(*, service_workers: str = "none", **options: Any) -> BrowserContext:
        context = opens(**options)
        if service_workers != "allow":
            context.add_init_script("delete Navigator.prototype.serviceWorker")
        return context

    browser.new_context = new_context  # type: ignore[method-assign]
    yield browser
    browser.close()
