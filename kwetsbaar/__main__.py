"""`python -m kwetsbaar`: set up what is missing, then serve this site on this machine.

This process holds the embedded database; the workers come and go, and it stops the database when it ends.
"""

import io
import os
import socket
import sys
import threading
import time
from collections.abc import Callable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kwetsbaar.settings")

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connections
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels


def set_up() -> None:
    """The database's tables, the static files, and the end of what was deleted long ago."""
    say("Preparing the database …")
    call_command("migrate", database="owner", verbosity=0)
    purge()
    prepare_static_files()
    connections["default"].ensure_connection()  # refuses a wrong role or keyring here, once, with one sentence
    connections.close_all()


def prepare_static_files() -> None:
    """Gather and pack them; not where they are the same ones as at the last start, for that takes seconds."""
    made_from = settings.DATA / "static.made-from"
    found = [(path, place.path(path)) for finder in get_finders() for path, place in finder.list([])]
    now = repr([(path, os.path.getsize(file), os.path.getmtime(file)) for path, file in found])
    if (settings.STATIC_ROOT / "staticfiles.json").exists() and made_from.exists() and made_from.read_text() == now:
        return
    say("Preparing the static files …")
    made_from.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    made_from.write_text(now)


def check_port() -> None:
    """Refuse a port that is taken: the server itself would share it with whoever has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(settings.PORT)))
        except OSError as error:
            raise ImproperlyConfigured(f"port {settings.PORT} is taken; choose another with PORT=….") from error


def purge() -> None:
    """The end of what was deleted over a day ago, and of sessions that ended."""
    call_command("purge", stdout=io.StringIO())


def send_reminders() -> None:
    """Those that are due."""
    call_command("send_reminders", stdout=io.StringIO())


def again_and_again(seconds: float, work: Callable[[], None]) -> None:
    """In the background, so often as long as the site runs."""
    while True:
        time.sleep(seconds)
        try:
            work()
        except (CommandError, ImproperlyConfigured) as error:
            say(str(error))
        except DatabaseError:  # away for a moment: the next time will do
            pass
        except Exception as error:  # one odd hour does not end those that follow
            say(type(error).__name__)
        connections.close_all()


def in_background() -> None:
    """What a machine of one's own does by itself; elsewhere a timer does (docs/operating.md)."""
    for seconds, work in IN_BACKGROUND:
        threading.Thread(target=again_and_again, args=(seconds, work), daemon=True).start()


IN_BACKGROUND = [(60, send_reminders), (60 * 60, purge)]  # every so many seconds


def say(text: str) -> None:
    """One line of what is going on, at once."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Serve until Ctrl-C."""
    started = time.monotonic()
    try:
        django.setup()
        check_port()
        set_up()
    except (ImproperlyConfigured, OperationalError) as error:
        sys.exit(f"Cannot start: {error}")
    server = Granian(
        "kwetsbaar.wsgi:application",
        address="127.0.0.1",
        port=int(settings.PORT),
        interface=Interfaces.WSGI,
        workers=2,
        blocking_threads=4,
        blocking_threads_idle_timeout=600,  # seconds; a thread that rests keeps its connection to the database
        respawn_failed_workers=True,
        workers_kill_timeout=5,  # seconds
        log_level=LogLevels.warning,
        websockets=False,
    )
    server.on_startup(in_background)
    server.on_startup(
        lambda: say(f"Open {settings.SITE_URL} (ready in {time.monotonic() - started:.1f} s; Ctrl-C stops)")
    )
    server.serve()


if __name__ == "__main__":
    main()
