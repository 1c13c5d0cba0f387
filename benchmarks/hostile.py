"""Hostile inputs, as many as wanted: `python -m benchmarks.hostile 20000` tries about so many and says what they were.

The same tests as in `make test`, with more examples. Exits with 1 where any input found something.
"""

import os
import re
import subprocess
import sys

PER_EXAMPLE = 7  # requests that one example of each test makes together


def main() -> int:
    """Print the figures, and whatever was found."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    environ = os.environ | {"HOSTILE": str(max(10, wanted // PER_EXAMPLE))}
    command = [sys.executable, "-m", "pytest", "tests/test_hostile.py", "-q", "-s", "--tb=short", "-p", "no:logging"]
    run = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    figures = re.findall(r"^hostile inputs: .*$", run.stdout, re.M)
    print(*figures, *run.stdout.splitlines()[-1:], sep="\n")
    if run.returncode:
        print(run.stdout[run.stdout.find("= FAILURES =") :])
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
