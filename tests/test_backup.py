"""The drill: a backup comes back in another place, with the same keys, and what was written is read there."""

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from kwetsbaar.embedded.server import program
from tests.running import Browser, as_owner, manage, running

WORD, LEFT = "pearblossom", "quinceblossom"
READ = """
from exercises.journal.models import JournalEntry
from exercises.records.rowsecurity import acting_as
from exercises.records.sealing import CannotUnseal
for entry in JournalEntry.objects.using("owner"):
    with acting_as(entry.user_id):
        try:
            print(entry.body)
        except CannotUnseal:
            print("closed")
"""


class Site(NamedTuple):
    """Where a site stands, its backup, the return code of its one guest, what the guest wrote, and what
    the command said."""

    home: Path
    backup: Path
    code: str
    entry: str
    said: str


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix="drill-", dir=os.environ["KWETSBAAR_DATA"], ignore_cleanup_errors=True
    ) as home:
        os.chmod(home, 0o755)
        yield Path(home)


def start(browser: Browser) -> str:
    """As a guest; the return code."""
    consent = [("csrfmiddlewaretoken", browser.token()), ("adult", "on"), ("consent", "on")]
    return re.search(r'class="code"[^>]*>([\w-]{24})<', browser.ask("/en/start/", consent).text)[1]


def write(browser: Browser, words: str) -> str:
    """A page in the journal; its path."""
    form = [("csrfmiddlewaretoken", browser.token("/en/journal/new/")), ("body", words)]
    browser.ask("/en/journal/new/", form)
    return re.search(r'href="(/en/journal/[0-9a-f-]{36}/)"', browser.ask("/en/journal/").text)[1]


def come_back(browser: Browser, code: str) -> None:
    browser.ask("/en/account/return/", [("csrfmiddlewaretoken", browser.token("/en/account/return/")), ("code", code)])


@pytest.fixture(scope="module")
def first(place: Path) -> Site:
    """A site with one guest, one page in the journal, and a backup that was made while it ran.

    Then one more wrote, and deleted everything; and another came. Before and after, backups with people's keys apart.
    """
    home, backup = place / "first", place / "backup"
    with running(home) as (address, _server):
        browser = Browser(address)
        code = start(browser)
        entry = write(browser, WORD)
        done = manage(home, "backup", str(backup))
        leaver = Browser(address)
        start(leaver)
        write(leaver, LEFT)
        keep_apart(home, place, "before")
        sure = [("csrfmiddlewaretoken", leaver.token("/en/privacy/delete/")), ("sure", "on")]
        leaver.ask("/en/privacy/delete/", sure)
        assert "/start/" in leaver.ask("/en/today/").url
        newcomer = Browser(address)
        start(newcomer)
        write(newcomer, "later")
        keep_apart(home, place, "after")
    assert done.returncode == 0, done.stderr
    return Site(home, backup, code, entry, done.stdout)


def keep_apart(home: Path, place: Path, when: str) -> None:
    backup, keys = apart(place, when)
    done = manage(home, "backup", str(backup), "--keys", str(keys))
    assert done.returncode == 0, done.stderr


def empty(place: Path, name: str, keys: Path | None) -> Path:
    """A directory for another site, with these keys."""
    home = place / name
    home.mkdir(mode=0o755)
    if keys:
        shutil.copytree(keys / "keys", home / "keys")
    return home


def test_a_backup_is_for_one_user_alone_and_says_where_the_keys_are(first):
    assert first.backup.stat().st_mode & 0o777 == 0o600
    assert first.backup.stat().st_uid == os.geteuid()
    assert f"Keep a copy of {first.home / 'keys' / 'keyring'} too" in first.said
    assert not list(first.backup.parent.glob(".backup*"))


def test_a_backup_holds_no_word_no_key_and_no_session(first):
    script = subprocess.run(
        [program("pg_restore"), "--file=-", first.backup], capture_output=True, text=True, check=True
    )
    assert WORD not in script.stdout
    for key in (first.home / "keys").iterdir():
        held = base64.b64decode(key.read_text())
        assert held.hex() not in script.stdout
        assert key.read_text().strip() not in script.stdout
    for table in ("accounts_session", "accounts_limit"):
        assert re.search(rf"^COPY public\.{table} ", script.stdout, re.M) is None
        assert f"CREATE TABLE public.{table} " in script.stdout
    assert re.search(r"^COPY public\.exercises_journalentry ", script.stdout, re.M)


def test_a_file_that_is_there_is_not_overwritten(first):
    before = first.backup.read_bytes()
    done = manage(first.home, "backup", str(first.backup))
    assert (done.returncode, "is there already" in done.stderr) == (1, True)
    assert first.backup.read_bytes() == before


def test_a_backup_that_cannot_be_made_leaves_nothing(first, tmp_path):
    done = manage(first.home, "backup", str(tmp_path / "nowhere" / "backup"))
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_with_the_same_keys_what_was_written_is_read_in_an_empty_cluster_elsewhere(first, place):
    home = empty(place, "second", first.home)
    done = manage(home, "restore", str(first.backup))
    assert done.returncode == 0, done.stderr
    assert "Restored" in done.stdout
    with running(home) as (address, _server):
        browser = Browser(address)
        assert WORD not in browser.ask(first.entry).text  # sessions did not come along
        come_back(browser, first.code)
        assert WORD in browser.ask(first.entry).text
        other = Browser(address)
        start(other)
        assert other.ask(first.entry).status == 404
        with as_owner(home) as owner:
            assert owner.execute("SELECT count(*) FROM pg_policy WHERE polname = 'own_rows'").fetchone()[0] > 8
        app = psycopg.connect(host=str((home / "postgres").resolve()), user="app", dbname="app")
        with app, pytest.raises(psycopg.errors.UndefinedObject):  # names nobody
            app.execute("SELECT count(*) FROM exercises_journalentry")


def apart(place: Path, when: str) -> tuple[Path, Path]:
    """A backup of then, and the keys of people at the same moment."""
    return place / f"apart-{when}", place / f"keys-{when}"


def opened(home: Path) -> set[str]:
    """Every page in the journal of a site that is not running, as its writer would read it."""
    done = manage(home, "shell", "-v0", "-c", READ)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def another(first: Site, place: Path) -> Path:
    """A site elsewhere, with the keys of the first."""
    return empty(place, "fifth", first.home)


def test_without_the_file_of_keys_a_copy_opens_for_nobody_the_keyring_or_not(first, place, another):
    backup, keys = apart(place, "before")
    assert (backup.stat().st_mode | keys.stat().st_mode) & 0o777 == 0o600
    script = subprocess.run([program("pg_restore"), "--file=-", backup], capture_output=True, text=True, check=True)
    assert re.search(r"^COPY public\.exercises_datakey ", script.stdout, re.M) is None
    done = manage(another, "restore", "--replace", str(backup))
    assert (done.returncode, "needs its keys" in done.stderr) == (1, True)
    done = manage(another, "restore", "--replace", str(backup), "--keys", str(keys))
    assert done.returncode == 0, done.stderr
    assert opened(another) == {WORD, LEFT}


def test_with_later_keys_an_older_copy_shows_nothing_of_who_deleted_everything_since(first, place, another):
    older, later = apart(place, "before")[0], apart(place, "after")[1]
    done = manage(another, "restore", "--replace", str(older), "--keys", str(later))
    assert done.returncode == 0, done.stderr
    assert opened(another) == {WORD, "closed"}


def test_with_other_keys_it_is_refused_in_one_sentence_and_nothing_is_changed(first, place):
    home = empty(place, "third", None)
    done = manage(home, "restore", str(first.backup))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "CommandError: Nothing was changed: The keyring does not open this backup"
    )
    assert f"The keyring is read from {home / 'keys' / 'keyring'}." in done.stderr
    shutil.copy(first.home / "keys" / "keyring", home / "keys" / "keyring")
    done = manage(home, "restore", str(first.backup))
    assert done.returncode == 0, done.stderr


def test_a_database_that_is_not_empty_is_replaced_only_when_told(first, place):
    home = empty(place, "fourth", first.home)
    with running(home) as (address, _server):
        browser = Browser(address)
        code = start(browser)
        entry = write(browser, "of the fourth site")
    done = manage(home, "restore", str(first.backup))
    assert (done.returncode, "is not empty" in done.stderr) == (1, True)
    damaged = place / "damaged"
    damaged.write_bytes(first.backup.read_bytes()[:-3000])
    assert manage(home, "restore", "--replace", str(damaged)).returncode == 1
    with running(home) as (address, _server):
        assert "of the fourth site" in browser_back(address, code).ask(entry).text
    done = manage(home, "restore", "--replace", str(first.backup))
    assert done.returncode == 0, done.stderr
    with running(home) as (address, _server):
        assert WORD in browser_back(address, first.code).ask(first.entry).text


def browser_back(address: str, code: str) -> Browser:
    browser = Browser(address)
    come_back(browser, code)
    return browser


@pytest.mark.parametrize("content", [b"", b"not a backup", b"PGDMP" + bytes(100)])
def test_a_file_that_is_no_backup_is_refused_in_one_sentence(first, tmp_path, content):
    file = tmp_path / "file"
    file.write_bytes(content)
    done = manage(first.home, "restore", "--replace", str(file))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("CommandError: Nothing was changed: ")
    assert "Traceback" not in done.stderr
