"""The site as a WSGI application; a database that is wrong (not merely away) stops the start."""

import contextlib
import os

from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kwetsbaar.settings")
application = get_wsgi_application()

with contextlib.suppress(OperationalError):  # away: reading still works, and the first connection checks again
    connection.ensure_connection()
connection.close()  # a connection made here must not be shared by forked workers
