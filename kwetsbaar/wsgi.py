"""The site as a WSGI application; a database that is wrong (not merely away) stops the start."""

import contextlib
import os
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


def application(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
    """One request, one answer."""
    return django_application(readable(environ), start_response)
