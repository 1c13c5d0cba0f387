"""The real thing for browser tests: the site as `make run` serves it, and a real Chromium on a phone's screen."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.chromium import find

START_WITHIN = 60  # seconds


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {
        "executable_path": os.environ.get("CHROMIUM") or find(),
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environ = os.environ | {"KWETSBAAR_DATA": str(data), "PORT": str(port), "KWETSBAAR_EXIT_URL": f"{address}/healthz"}
    with (data / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "kwetsbaar"], env=environ, stdout=log, stderr=log)
    try:
        _wait_for(f"{address}/healthz", server)
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)


def _wait_for(address: str, server: subprocess.Popen) -> None:
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            urlopen(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the site did not start")
