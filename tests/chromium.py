"""Find a Chromium for the browser tests, or install one; run as a program it prints where it is.

Most tests use the headless shell where there is one, which takes a sixth less time. It knows no installed sites, no
notifications and no passkeys: tests of those use the whole browser.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "google-chrome")
SHELL = "chromium-headless-shell"


def find() -> str | None:
    """CHROMIUM from the environment, else what stands on the PATH, else Playwright's own; None without any."""
    given = os.environ.get("CHROMIUM")
    if given and not shutil.which(given):
        sys.exit(f"CHROMIUM is set to {given}, which is not a program.")
    return given or next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()


def quick() -> str | None:
    """The headless shell; without one, what `find` finds."""
    return shutil.which(SHELL) or find()


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install() -> None:
    """Debian's package where that is allowed, else Playwright's own download."""
    say("No Chromium here: installing one (a minute or two) …")
    root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    quiet = {
        "stdout": sys.stderr,
        "stdin": subprocess.DEVNULL,
        "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
    }
    if shutil.which("apt-get") and (not root or shutil.which("sudo")):
        commands = (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-qq", "--no-install-recommends", NAMES[0], SHELL],
        )
        if all(subprocess.run([*root, *command], check=False, **quiet).returncode == 0 for command in commands):
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, **quiet)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if not find():
        _install()
    found = find()
    if not found:
        sys.exit("The browser tests need a Chromium: install the package `chromium`, or set CHROMIUM to one.")
    print(found)
