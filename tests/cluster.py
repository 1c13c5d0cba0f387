"""A data directory of their own for tests, never that of `make run`; below KWETSBAAR_DATA where that is set.

KWETSBAAR_TEST_DATABASE_URL, KWETSBAAR_TEST_DATABASE_OWNER_URL and so on, where set, have the tests use another server than
the embedded one, such as a pool with a server behind it (benchmarks/hosts.py). pytest loads this before anything else.
`python -m tests.cluster ARGUMENTS …` runs Python with such a directory.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SETTINGS = ("DATABASE_URL", "DATABASE_OWNER_URL", "KWETSBAAR_URL", "KWETSBAAR_KEYS", "SECRET_KEY", "EMAIL_URL", "DEBUG")

if "KWETSBAAR_TESTING" not in os.environ:  # parallel workers inherit it from the process that starts them
    below = os.environ.get("KWETSBAAR_DATA")
    if below:
        Path(below).mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="kwetsbaar-", dir=below))
    home.chmod(0o755)  # as root, the server runs as another user
    os.environ |= {"KWETSBAAR_TESTING": str(os.getpid()), "KWETSBAAR_DATA": str(home)}
    for name in (*SETTINGS, "PORT"):
        os.environ.pop(name, None)
    os.environ |= {name: os.environ[test] for name in SETTINGS if (test := f"KWETSBAAR_TEST_{name}") in os.environ}
    atexit.register(shutil.rmtree, home, ignore_errors=True)  # registered first, so it runs after the server's own
    if __name__ != "__main__":
        subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], check=True)

if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, *sys.argv[1:]], check=False).returncode)
