"""The site as a WSGI application; a database that is wrong (not merely away) stops the start."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connection
from django.utils.module_loading import import_string

from kwetsbaar.requests import readable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kwetsbaar.settings")
django_application = get_wsgi_application()

with contextlib.suppress(OperationalError):  # away: reading still works, and the first connection checks again
    connection.ensure_connection()
import_string("exercises.offline.worker.version")()  # of the files as they are now, not at the first request
connection.close()  # a connection made here must not be shared by forked workers

FINISHING = 5  # seconds for what is being answered


def leave_with(server: Any) -> None:
    """A worker ends when its server was killed: it would hold the port, and nobody could start the site again."""
    server.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(FINISHING)
    os._exit(1)


if server := multiprocessing.parent_process():
    threading.Thread(target=leave_with, args=(server,), daemon=True).start()


def application(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
    """One request, one answer."""
    return django_application(readable(environ), start_response)
