"""The database away, in whichever way: reading goes on, private pages say so, and nothing is lost or stored twice."""

import os
import selectors
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone, translation

from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.records import patience
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from kwetsbaar.__main__ import prepare_static_files
from tests.running import Browser, running
from tests.test_boundary import PUBLIC, ROUTES, address
from tests.test_embedded import eventually, kill_server, postmaster
from tests.test_errors import form_on, presses_send_again, seen
from tests.test_safety import database_away

WORDS = "pearblossom under the bridge"
names = pytest.mark.parametrize
commits = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hers(emma) -> Client:
    """Emma's browser, which sees the page of a fault as a real one does."""
    browser = Client(raise_request_exception=False)
    browser.force_login(emma)
    return browser


def forms() -> list[tuple[str, dict[str, str]]]:
    """What is saved: where it goes and what is sent."""
    return [
        ("/en/journal/new/", {"id": str(uuid7()), "body": WORDS}),
        (f"/en/feeling/{timezone.localdate()}/", {"id": str(uuid7()), "sentence": WORDS}),
    ]


def stored(user) -> list[str]:
    with acting_as(user.pk):
        return [row.body for row in JournalEntry.objects.all()] + [row.sentence for row in DailyFeeling.objects.all()]


def says_so(response) -> bool:
    """That it is away, and when to try again; what was typed stands there, and can be sent again."""
    action, _fields = form_on(response)
    return response.status_code == 503 and int(response["Retry-After"]) > 0 and WORDS in seen(response) and bool(action)


# Reading, and the pages that are private


NEEDS_IT = {"calendar_feed", "reactions", "reminder_stop", "search", "shared"}  # what the database alone knows


@commits
def test_what_everybody_may_read_is_there_for_visitors_and_for_who_is_signed_in(hers):
    with translation.override("en"):
        public = {address(route): page.name for route, page in ROUTES.items() if page.name in PUBLIC - NEEDS_IT}
    visitor = Client(raise_request_exception=False)
    with database_away():
        answers = {path: [one.get(path).status_code for one in (visitor, hers)] for path in public}
        assert len(answers) >= 15
        assert {path: found for path, found in answers.items() if not {*found} <= {200, 302, 303}} == {}
        assert hers.get("/healthz").status_code == 200
        assert hers.get("/readyz").status_code == 503


@commits
@names("language, again", [("nl", "Probeer opnieuw"), ("en", "Try again")])
def test_a_private_page_says_that_it_is_away_and_has_a_button_to_try_again(hers, language, again):
    with database_away():
        response = hers.get(f"/{language}/progress/?year=2026&x=%22")
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert f'<html lang="{language}"' in response.text
    assert f'href="/{language}/progress/?year=2026&amp;x=%22">{again}</a>' in response.text


# Whatever PostgreSQL may say


@contextmanager
def fails(table: str, code: str) -> Iterator[None]:
    """Everything that is written to this table meets that error, as when the disk is full."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION 'of a test' USING ERRCODE = '{code}'; END $$;"
            f"CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION fail()"
        )
    try:
        yield
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"DROP TRIGGER fail ON {table}; DROP FUNCTION fail")


CODES = {
    "53100": "disk full", "53200": "out of memory", "53300": "too many connections", "57014": "took too long",
    "55P03": "waited too long for a lock", "57P01": "shut down", "57P02": "crashed", "58030": "cannot read its files",
    "40P01": "two waited for each other", "25006": "a standby that only reads", "25P03": "a transaction out of time",
}  # fmt: skip


@commits
def test_whatever_keeps_the_database_from_storing_something_it_is_saved_once_when_that_is_over(hers, emma):
    for code, meaning in CODES.items():
        path, sent = forms()[0]
        sent["body"] = f"{WORDS} {code}"
        with fails("exercises_journalentry", code):
            response = hers.post(path, sent)
            assert says_so(response), meaning
        for _ in range(2):
            assert presses_send_again(hers, response).status_code == 302, meaning
    assert sorted(stored(emma)) == sorted(f"{WORDS} {code}" for code in CODES)


@commits
def test_where_a_session_cannot_be_stored_pages_are_shown_and_a_save_says_so(hers, emma):
    path, sent = forms()[0]
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE accounts_session SET used_on = used_on - 1")  # so that every page renews it
    with fails("accounts_session", "53100"):
        assert [hers.get(page).status_code for page in ("/en/read/dimmer/", "/en/today/")] == [200, 200]
        response = hers.post(path, sent)
        assert says_so(response)
    assert presses_send_again(hers, response).status_code == 302
    assert stored(emma) == [WORDS]


@commits
def test_while_a_migration_holds_a_table_a_page_does_not_wait_for_long(hers, emma):
    path, sent = forms()[0]
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("LOCK TABLE exercises_journalentry")
        response = hers.post(path, sent)
    assert says_so(response)
    assert presses_send_again(hers, response).status_code == 302
    connection.close()


@commits
def test_only_the_apps_role_has_limits_and_no_connection_needs_to_ask_for_them(db):
    connection.close()
    for role, limits in (("default", patience.LIMITS), ("owner", dict.fromkeys(patience.LIMITS, "0"))):
        with connections[role].cursor() as cursor:
            for name, limit in limits.items():
                cursor.execute(f"SHOW {name}")
                assert cursor.fetchone()[0] in (limit, limit.replace("60s", "1min")), (role, name)
    assert settings.DATABASES["default"]["OPTIONS"].keys() == {"connect_timeout", "tcp_user_timeout"}


def test_an_owner_who_may_not_set_them_is_told_what_to_run(db, capsys):
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE ROLE plain; SET LOCAL ROLE plain")
        patience.limit("owner")
        cursor.execute("RESET ROLE; DROP ROLE plain")
    said = capsys.readouterr().err
    assert 'ALTER ROLE "app" IN DATABASE' in said
    assert "superuser" in said


# The line to it is cut


class Line:
    """A way to PostgreSQL that is cut, once, when a given word passes: before it gets there, or with its answer."""

    def __init__(self, place: Path, home: Path) -> None:
        (place / "data").symlink_to(home / "data")
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(place / ".s.PGSQL.5432"))
        self._door.listen()
        self._home, self.word, self.arrives = home, b"", False
        threading.Thread(target=self._open, daemon=True).start()

    def cut_at(self, word: bytes, *, arrives: bool) -> None:
        self.word, self.arrives = word, arrives

    def _open(self) -> None:
        with suppress(OSError):
            while True:
                near, _address = self._door.accept()
                threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far, selectors.DefaultSelector() as ready:
            far.connect(str(self._home / ".s.PGSQL.5432"))
            for end, other in ((near, far), (far, near)):
                ready.register(end, selectors.EVENT_READ, other)
            while True:
                for key, _events in ready.select():
                    words = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not words:
                        return
                    cut = key.fileobj is near and self.word and self.word in words
                    if not cut or self.arrives:
                        key.data.sendall(words)
                    if cut:
                        self.word = b""
                        if self.arrives:
                            far.recv(65536)  # it is done; nobody hears of it
                        return

    def close(self) -> None:
        self._door.close()


@pytest.fixture
def line(tmp_path_factory) -> Iterator[Line]:
    """The connection of this thread goes through it."""
    home = Path(connection.settings_dict["HOST"]).resolve()
    place = tmp_path_factory.mktemp("line")
    made = Line(place, home)
    connection.close()
    connection.settings_dict["HOST"] = str(place)
    yield made
    connection.close()
    connection.settings_dict["HOST"] = str(home)
    made.close()


@commits
@names(
    "word, arrives, rows",
    [
        (b"INSERT INTO", False, 0),
        (b"COMMIT", False, 0),
        (b"COMMIT", True, 1),
        (b'UPDATE "accounts_session"', False, 0),
        (b'UPDATE "accounts_session"', True, 0),
    ],
)
def test_wherever_the_line_is_cut_a_save_is_there_at_most_once_and_exactly_once_when_sent_again(
    hers, emma, line, word, arrives, rows
):
    for number, (path, sent) in enumerate(forms()):
        hers.get("/en/today/")
        line.cut_at(word, arrives=arrives)
        response = hers.post(path, sent)
        assert not line.word, "it was not cut"
        assert says_so(response)
        assert len(stored(emma)) == number + rows
        for _ in range(2):
            assert presses_send_again(hers, response).status_code == 302
        assert stored(emma) == [WORDS] * (number + 1)


# A site that runs


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the server can enter, also where root runs it as another user."""
    with tempfile.TemporaryDirectory(prefix="kw-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
        return False


def test_a_running_site_starts_its_killed_database_again_and_when_killed_itself_leaves_its_port(place):
    with running(place / "site") as (site, server):

        def asks(_number: int) -> int:
            return Browser(site).ask("/readyz").status

        def every_thread_answers() -> bool:
            with ThreadPoolExecutor(8) as people:
                return {*people.map(asks, range(24))} == {200}

        for _ in range(2):
            eventually(every_thread_answers)
            os.kill(postmaster(place / "site/postgres"), signal.SIGKILL)
        eventually(every_thread_answers)
        server.kill()
        eventually(lambda: port_is_free(int(site.rpartition(":")[2])))
    kill_server(place / "site/postgres")  # it outlives a site that was killed, for the next start to find


def test_static_files_are_packed_at_a_start_only_where_they_have_changed(tmp_path, settings, capsys):
    source = tmp_path / "source"
    source.mkdir()
    settings.DATA, settings.STATIC_ROOT, settings.STATICFILES_DIRS = tmp_path, tmp_path / "static", [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    packed = []
    for words in ("a {}", "a {}", "b { color: red }"):
        if not (source / "own.css").exists() or (source / "own.css").read_text() != words:
            (source / "own.css").write_text(words)
        prepare_static_files()
        packed.append("Preparing" in capsys.readouterr().err)
    assert packed == [True, False, True]
    assert len([*settings.STATIC_ROOT.glob("own.*.css")]) == 2
    (settings.STATIC_ROOT / "staticfiles.json").unlink()
    prepare_static_files()
    assert "Preparing" in capsys.readouterr().err
