"""A known word goes in everywhere, everything goes wrong with it, and then everything that was written is searched."""

import base64
import contextlib
import http.client
import json
import logging
import os
import re
import socket
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg
import pytest
from django.apps import apps
from django.utils.log import AdminEmailHandler

from exercises.privacy.portable import kinds
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from exercises.records.sealing import unseal
from kwetsbaar.accounts.sessions import about
from kwetsbaar.keys import keyring
from kwetsbaar.reporting import Discreet, DiscreetJSON
from tests.everything import SEALED, one_of_each
from tests.running import Browser, Form, Page, as_owner, running

WORD, MAIL = "pearblossom", "mirabelle@example.org"  # what is private; what the tables of accounts may hold
SEEN = {"shown_name"}  # is there to be seen, so it stands in the tables as it is
ENDS = re.compile(
    r"sign-out|logout|account/sessions|account/bring|privacy/delete/$|weg/|account/return|account/code|/undo/"
)  # would end the walk
NOT_TYPED = {"hidden", "radio", "checkbox", "select", "submit", "button", "file"}


class Written(NamedTuple):
    """All that a site left behind: its log, the database's log, the files, and the tables as the owner sees them."""

    home: Path
    log: str
    tables: dict[str, str]
    forms: set[str]
    statuses: set[int]


def filled(form: Form, *, wrong: bool) -> list[tuple[str, str]]:
    """What a browser would send, with the word in all that is typed; in everything, where it is to be `wrong`."""
    sent: dict[str, str] = {}
    for kind, name, value in form.fields:
        if name == "csrfmiddlewaretoken":
            sent[name] = value
        elif "email" in name or name == "login":
            sent[name] = MAIL
        elif name in SEEN:
            sent[name] = value
        elif kind not in NOT_TYPED and kind not in ("date", "number"):
            sent[name] = f"{WORD} {name}" if kind == "textarea" else WORD
        elif wrong and kind != "file":
            sent[name] = WORD
        else:
            sent.setdefault(name, value or ("on" if kind == "checkbox" else ""))
    return list(sent.items())


def walk(browser: Browser) -> dict[str, list[Form]]:
    """Every page that can be reached from today, and the forms on it."""
    waiting, seen = ["/en/today/"], {}
    while waiting and len(seen) < 150:
        path = waiting.pop(0)
        shape = re.sub(r"[0-9a-f-]{36}|\d{4}-\d\d-\d\d", "…", path)
        if shape in seen or ENDS.search(path):
            continue
        seen[shape] = []
        page = Page(browser.ask(path).text)
        seen[shape] = [Form(form.action or path, form.method, form.fields) for form in page.forms]
        waiting += [link for link in page.links if link.startswith("/en/") and link not in waiting]
    return {path: forms for path, forms in seen.items() if forms}


class Provoking:
    """One site, and all that is done to it."""

    def __init__(self, home: Path, site: str) -> None:
        self.home, self.site, self.browser = home, site, Browser(site)
        self.token = ""
        self.forms: set[str] = set()
        self.statuses: set[int] = set()

    def ask(self, *args, **kwargs):
        answer = self.browser.ask(*args, **kwargs)
        self.statuses.add(answer.status)
        return answer

    def still_in(self) -> None:
        """Whatever was sent before, a guest is signed in now: the same, or a new one."""
        if "/start/" not in self.browser.ask("/en/today/").url:
            return
        self.browser = Browser(self.site)
        consent = [("csrfmiddlewaretoken", self.browser.token()), ("adult", "on"), ("consent", "on")]
        self.ask("/en/start/", consent)

    def send_forms(self, *, wrong: bool = False, token: bool = True) -> None:
        """Every form that a walk finds; twice, for what the first sending made has forms of its own."""
        self.still_in()
        for _round in range(1 if wrong or not token else 2):
            for forms in walk(self.browser).values():
                for form in forms:
                    if ENDS.search(form.action):
                        continue
                    sent = [pair for pair in filled(form, wrong=wrong) if token or pair[0] != "csrfmiddlewaretoken"]
                    self.forms.add(re.sub(r"[0-9a-f-]{36}|\?.*|\d{4}-\d\d-\d\d", "…", form.action))
                    self.ask(form.action, sent, {"HX-Request": "true"} if form.method == "get" else {})

    def every_page(self) -> None:
        self.still_in()
        for path in list(walk(self.browser)) + ["/en/today/", "/en/journal/", "/en/evidence/", "/en/people/"]:
            if "…" not in path:
                self.ask(path)

    def odd_requests(self) -> None:
        """Addresses, headers and bodies that no form sends."""
        self.still_in()
        plain = "application/x-www-form-urlencoded"
        for path in (
            f"/en/{WORD}/",
            f"/en/today/?q={WORD}",
            f"/{WORD}?next={WORD}",
            f"/static/{WORD}.css",
            f"/beheer/{WORD}/",
        ):
            self.ask(path)
        for header in (
            "User-Agent",
            "Referer",
            "Accept-Language",
            "X-Forwarded-For",
            "Accept",
            "Origin",
            "Range",
            "HX-Current-URL",
        ):
            self.ask("/en/today/", headers={header: WORD})
        Browser(self.site).ask("/en/today/", headers={"Cookie": f"session={WORD * 3}; csrf={WORD}"})
        self.ask("/en/today/", headers={"Host": f"{WORD}.example"})
        self.ask("/en/journal/new/", f"body={WORD}&".encode() * 100_000)
        self.ask("/en/journal/new/", f"a{WORD}=1&".encode() * 500)
        self.ask("/en/journal/new/", WORD.encode(), {"Content-Type": f"multipart/form-data; boundary={WORD}"})
        self.ask(
            "/en/journal/new/", b"--x\r\n" + WORD.encode() * 9, {"Content-Type": "multipart/form-data; boundary=x"}
        )
        self.ask("/en/journal/new/", b"{" + WORD.encode(), {"Content-Type": "application/json"})
        self.ask("/en/journal/new/", b"body=%ff%fe\x00" + WORD.encode(), {"Content-Type": plain + f"; charset={WORD}"})
        self.ask("/en/journal/new/", None, method=WORD.upper())
        file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%b.txt"\r\n\r\n' % WORD.encode()
        many = WORD.encode() * 400_000  # over what is kept in memory, so that it would go to a temporary file
        sent = file + many + b"\r\n--x--\r\n", {"Content-Type": "multipart/form-data; boundary=x"}
        with contextlib.suppress(OSError):  # it is refused unread
            self.ask("/en/journal/new/", *sent)
        with contextlib.suppress(OSError, http.client.HTTPException):  # half a body, then away
            place = urlsplit(self.site)
            with socket.create_connection((place.hostname, place.port), 5) as line:
                head = f"POST /en/journal/new/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {plain}\r\nContent-Length: 5000\r\n\r\n"
                line.sendall(head.encode() + f"body={WORD}".encode())
                time.sleep(0.3)

    def draft(self) -> None:
        """What static/drafts.js sends while someone types."""
        self.still_in()
        form = next(
            form for form in Page(self.ask("/en/journal/new/").text).forms if ("textarea", "body", "") in form.fields
        )
        typed = [*((name, value) for _kind, name, value in form.fields if name != "body"), ("body", WORD)]
        assert self.ask("/drafts/", [*typed, ("draft_page", "/journal/new/")]).status == 200
        assert self.ask("/drafts/", [*typed, ("draft_page", f"/{WORD}/")]).status == 400
        assert WORD in self.ask("/en/journal/new/").text

    def import_files(self) -> None:
        """A download with the word in it, one that is not as it should be, and one that is none."""
        self.still_in()
        token = self.browser.token("/en/privacy/import/")
        entry = {"id": str(uuid7()), "body": f"{WORD} from a file"}
        entry |= dict.fromkeys(("created_at", "updated_at", "written_at"), "2026-01-02T10:00:00+00:00")
        for records in ({"JournalEntry": [entry]}, {"JournalEntry": [entry | {"written_at": WORD}], WORD: WORD}, WORD):
            self.ask(
                "/en/privacy/import/",
                *uploaded(token, json.dumps({"format": "notes", "version": 1, "records": records})),
            )
        self.ask("/en/privacy/import/", *uploaded(token, WORD))
        assert "from a file" in self.ask(f"/en/journal/{entry['id']}/").text

    def new_entry(self) -> int:
        """Someone saves a page with the word; the answer's status."""
        return self.ask("/en/journal/new/", [("csrfmiddlewaretoken", self.token), ("body", f"{WORD} again")]).status

    def database_faults(self) -> None:
        """Errors whose words would quote a row, a table that is not as expected, a connection that dies in between."""
        self.still_in()
        self.token = self.browser.token("/en/journal/new/")
        with as_owner(self.home) as owner:
            owner.execute(
                "ALTER TABLE exercises_journalentry ADD CONSTRAINT nothing_fits CHECK (module = 'x') NOT VALID"
            )
            assert self.new_entry() == 500
            owner.execute("ALTER TABLE exercises_journalentry DROP CONSTRAINT nothing_fits")
            owner.execute("ALTER TABLE exercises_journalentry RENAME COLUMN body TO other")
            assert self.new_entry() == 500
            owner.execute("ALTER TABLE exercises_journalentry RENAME COLUMN other TO body")
            self.killed_in_between(owner)

    def killed_in_between(self, owner: psycopg.Connection) -> None:
        with owner.transaction():
            owner.execute("LOCK TABLE exercises_journalentry IN ACCESS EXCLUSIVE MODE")
            answers: list[int] = []
            sending = threading.Thread(target=lambda: answers.append(self.new_entry()))
            sending.start()
            until = time.monotonic() + 20
            while time.monotonic() < until and not answers:
                ended = owner.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' AND wait_event_type = 'Lock'"
                ).fetchall()
                if ended:
                    break
                time.sleep(0.05)
            sending.join(20)
        assert answers == [503]

    def tampered_rows(self) -> None:
        """Every sealed text of everyone is changed by a byte: pages break in the middle."""
        self.still_in()
        assert self.new_entry() == 200
        with as_owner(self.home) as owner:
            for model, field in SEALED:
                table, column = model._meta.db_table, field.column
                owner.execute(
                    f"UPDATE {table} SET {column} = set_byte({column}, length({column}) - 1,"
                    f" get_byte({column}, length({column}) - 1) # 1) WHERE {column} IS NOT NULL"
                )
        self.every_page()


def uploaded(token: str, content: str) -> tuple[bytes, dict[str, str]]:
    """A file in a form, as a browser sends it."""
    part = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    body = part.format("csrfmiddlewaretoken", "", token) + part.format("file", f'; filename="{WORD}.json"', content)
    return f"{body}--x--\r\n".encode(), {"Content-Type": "multipart/form-data; boundary=x"}


def tables_of(home: Path) -> dict[str, str]:
    """Every row of every table as text, and what is in the sessions."""
    found = {}
    with as_owner(home) as owner:
        for (table,) in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
            rows = owner.execute(f'SELECT t::text FROM "{table}" t').fetchall()
            found[table] = "\n".join(text for (text,) in rows)
        sessions = owner.execute("SELECT session_key, session_data FROM accounts_session").fetchall()
    ring = keyring((home / "keys" / "keyring").read_text())
    opened = [unseal(ring[0], base64.b64decode(data), about(key)).decode() for key, data in sessions]
    found["in sessions"] = "\n".join(opened)
    return found


@pytest.fixture(scope="module")
def written() -> Iterator[Written]:
    """A site to which all of it was done, with someone named whom errors would be mailed to."""
    with tempfile.TemporaryDirectory(
        prefix="leaks-", dir=os.environ["KWETSBAAR_DATA"], ignore_cleanup_errors=True
    ) as place:
        os.chmod(place, 0o755)
        home, temporary = Path(place) / "site", Path(place) / "tmp"
        temporary.mkdir()
        environ = {"TMPDIR": str(temporary), "DJANGO_SETTINGS_MODULE": "tests.with_admins", "DEBUG": "0"}
        with running(home, **environ) as (site, _server):
            provoking = Provoking(home, site)
            provoking.send_forms()
            provoking.send_forms(wrong=True)
            provoking.send_forms(token=False)
            provoking.odd_requests()
            provoking.draft()
            provoking.import_files()
            provoking.database_faults()
            tables = tables_of(home)
            provoking.tampered_rows()
        yield Written(home, (home / "log").read_text(), tables, provoking.forms, provoking.statuses)


def holding(home: Path, *words: str) -> list[str]:
    """The files below `home` that hold one of these words, in whichever way text is often kept."""
    forms = [
        form
        for word in words
        for form in (word.encode(), word.encode("utf-16-le"), base64.b64encode(word.encode())[:-4])
    ]
    files = (file for file in home.rglob("*") if file.is_file() and not file.is_symlink())
    return [str(file.relative_to(home)) for file in files if any(form in file.read_bytes() for form in forms)]


def test_the_run_really_provoked(written):
    assert len(written.forms) > 15, written.forms
    assert {200, 400, 403, 404, 500, 503} <= written.statuses
    assert "CannotUnseal" in written.log
    assert "psycopg.errors.CheckViolation" in written.log
    assert "psycopg.errors.AdminShutdown" in written.log
    for model, field in SEALED:
        assert model._meta.db_table in written.tables, field
    assert "\\\\x01" in written.tables["exercises_journalentry"]


def test_the_log_says_what_went_wrong_and_where_and_not_a_word_of_anyone(written):
    assert WORD not in written.log.lower()
    assert MAIL not in written.log
    assert re.search(r"ERROR django.request .*\[500 POST en/journal/new/\] .*exercises/\S+\.py:\d+", written.log)
    assert "Traceback" not in written.log


def test_the_databases_own_log_holds_no_word_and_no_row(written):
    logs = [file.read_text() for file in (written.home / "postgres").resolve().glob("log*")]
    assert logs
    for log in logs:
        assert WORD not in log
        assert MAIL not in log
        assert "DETAIL" not in log
        assert "STATEMENT" not in log


def test_no_file_of_the_site_holds_the_word_the_disk_of_the_database_included(written):
    assert holding(written.home, WORD) == []
    assert holding((written.home / "postgres").resolve(), WORD) == []


def test_nothing_that_was_sent_lay_in_a_temporary_file(written):
    assert holding(written.home.parent / "tmp", WORD) == []


def test_no_error_is_mailed_although_someone_is_named(written):
    mails = list((written.home / "mail").glob("*")) if (written.home / "mail").exists() else []
    for mail in mails:
        text = mail.read_text(errors="replace")
        assert "admin@example.org" not in text
        assert WORD not in text


def test_no_table_holds_the_word_readably(written):
    assert [table for table, text in written.tables.items() if WORD in text.lower()] == []


def test_no_session_holds_the_word(written):
    assert "_auth_user_id" in written.tables["in sessions"]
    assert WORD not in written.tables["in sessions"].lower()


def test_the_admins_own_log_holds_nothing_of_anyone(written):
    assert WORD not in written.tables.get("django_admin_log", "")


# Without a site


def test_no_row_of_anyone_shows_its_words_when_printed(emma):
    with acting_as(emma.pk):
        made = one_of_each(emma, WORD)
        for model, row in made.items():
            stored = model._base_manager.get(pk=row.pk)
            closed = f"{stored!r} {stored} {vars(stored)}"
            for owner, field in SEALED:
                if owner is model:
                    assert getattr(stored, field.name)  # now it is open
            assert WORD not in f"{closed} {stored!r} {stored} {row!r} {row} {model._base_manager.all()!r}", model


def test_the_walk_over_rows_finds_all_kinds_that_hold_words():
    sealing = {model for model in apps.get_models() if any(owner is model for owner, _field in SEALED)}
    assert sealing <= set(kinds())
    assert len(SEALED) > 20


def raised(error: Exception, cause: Exception | None = None) -> tuple:
    try:
        try:
            if cause:
                raise cause
        finally:
            raise error
    except Exception as caught:
        return type(caught), caught, caught.__traceback__


def record(**given):
    """A log record of Django's, with the word wherever there is place for one."""
    return logging.makeLogRecord(
        {"name": "django.request", "levelname": "ERROR", "pathname": traceback.__file__} | given
    )


@pytest.mark.parametrize("form", [Discreet, DiscreetJSON])
@pytest.mark.parametrize(
    "given",
    [
        {"msg": "Not Found: %s", "args": (f"/en/{WORD}/",)},
        {"msg": f"Invalid HTTP_HOST header: '{WORD}'."},
        {"msg": "%(what)s %-10.3s %5d", "args": ({"what": WORD},)},
        {"msg": "x", "exc_info": raised(ValueError(WORD), KeyError(WORD))},
        {"name": "_granian.utils", "msg": f"Application callable raised an exception\nTraceback:\n  File \"{WORD}.py\", line 1\nValueError: {WORD}"},
        {"msg": WORD, "stack_info": WORD, "exc_text": WORD},
    ],
)  # fmt: skip
def test_a_line_of_the_log_never_quotes(given, form):
    assert WORD not in form().format(record(**given))


def test_a_line_of_the_log_names_both_exceptions_and_the_place():
    line = Discreet().format(
        record(msg="Internal Server Error: %s", args=("/",), exc_info=raised(ValueError("x"), KeyError("y")))
    )
    assert "Internal Server Error: …" in line
    assert re.search(r"builtins\.KeyError .*→ builtins\.ValueError tests/test_leaks\.py:\d+", line)


def test_a_line_of_json_tells_the_same():
    error = raised(ValueError("x"), KeyError("y"))
    told = json.loads(DiscreetJSON().format(record(msg="Internal Server Error: %s", args=("/",), exc_info=error)))
    assert (told["level"], told["logger"], told["event"]) == ("ERROR", "django.request", "Internal Server Error: …")
    assert [one["kind"] for one in told["exceptions"]] == ["builtins.KeyError", "builtins.ValueError"]
    assert told["exceptions"][1]["place"][0].startswith("tests/test_leaks.py:")
    assert datetime.fromisoformat(told["time"]).tzinfo


def test_no_logger_mails():
    handlers = [handler for name in logging.root.manager.loggerDict for handler in logging.getLogger(name).handlers]
    assert not [handler for handler in handlers if isinstance(handler, AdminEmailHandler)]
