"""Loaded by pytest before anything else: tests get a data directory of their own, never that of `make run`."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if "KWETSBAAR_TESTING" not in os.environ:  # parallel workers inherit it from the process that starts them
    home = Path(tempfile.mkdtemp(prefix="kwetsbaar-"))
    home.chmod(0o755)  # as root, the server runs as another user
    os.environ |= {"KWETSBAAR_TESTING": str(os.getpid()), "KWETSBAAR_DATA": str(home), "PORT": "8000"}
    for name in (
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "KWETSBAAR_URL",
        "KWETSBAAR_KEYS",
        "SECRET_KEY",
        "EMAIL_URL",
        "DEBUG",
    ):
        os.environ.pop(name, None)
    atexit.register(shutil.rmtree, home, ignore_errors=True)  # registered first, so it runs after the server's own
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], check=True)
