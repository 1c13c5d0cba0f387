"""`python -m tests.audit`: has any locked package a known hole? Asks pip-audit, which asks the package index.

Without a network nobody can know; then this says so, and fails only once the lock is too old to be trusted unseen.
"""

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

LOCK = Path("requirements-dev.txt")  # holds everything that requirements.txt holds
TRUSTED_FOR = 180  # days without an answer; our own choice


def locked_on(text: str) -> date:
    """The day in the first line of a lock, as `make lock` writes it."""
    found = re.match(r"# Locked on (\d{4}-\d{2}-\d{2})\n", text)
    if not found:
        raise SystemExit(f"{LOCK}: the first line should be '# Locked on YYYY-MM-DD'; run make lock.")
    return date.fromisoformat(found[1])


def verdict(packages: list[dict[str, Any]], days_old: int) -> tuple[str, bool]:
    """What to say of pip-audit's list and a lock of so many days, and whether all is well."""
    holes = [f"{each['name']} {each['version']}: {hole['id']}" for each in packages for hole in each.get("vulns", [])]
    asked = sum("vulns" in each for each in packages)
    if holes:
        return "Known holes:\n" + "\n".join(holes), False
    if asked == len(packages) > 0:
        return f"{asked} packages, no known hole.", True
    said = (
        f"{asked} of {len(packages) or 'the'} packages could be looked up (offline?); the lock is {days_old} days old."
    )
    return said, days_old <= TRUSTED_FOR


def main() -> None:
    """Exits with 1 where a locked package has a known hole, or where nobody has looked for too long."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(LOCK), "--disable-pip", "--no-deps", "--format", "json"]
    done = subprocess.run([*command, "--timeout", "10"], capture_output=True, text=True, check=False)
    packages = json.loads(done.stdout)["dependencies"] if done.stdout.startswith("{") else []
    said, well = verdict(packages, (datetime.now(UTC).date() - locked_on(LOCK.read_text())).days)
    print(said)
    sys.exit(not well)


if __name__ == "__main__":
    main()
