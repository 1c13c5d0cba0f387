"""A copy of the database in a file, and back from it, by PostgreSQL's own programs. The keyring is never in it.

People's own keys, wrapped by the keyring, can go to a file of their own. Without that file nobody opens the copy, the
keyring or not; and who deletes everything can be read in no copy any more, once the older files of keys are gone.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE

from django.apps import apps
from django.core.management import call_command
from django.db import connections, transaction
from psycopg.conninfo import make_conninfo

from exercises.records.sealing import proves
from kwetsbaar.embedded.server import program

OWNER = "owner"  # sees every row
LEFT_OUT = ("accounts.Session", "sessions.Session", "accounts.Limit")  # the tables come along, empty
PEOPLE, KEYS = "accounts.User", "exercises.DataKey"
STRANGERS = "DELETE FROM public.{keys} WHERE user_id NOT IN (SELECT id FROM public.{people});"
PROOF = re.compile(r"^1\t\\\\x([0-9a-f]+)$", re.M)  # the one row of exercises_keyringproof, as COPY writes it


class CannotDo(Exception):
    """Why not, in one sentence; then nothing was changed."""


def back_up(file: Path, keys: Path | None = None) -> int:
    """Copy the database to `file`, for its owner alone to read; how many bytes. Sessions and limits stay out.

    With `keys`, people's wrapped keys go to that file instead, as they were at the same moment. Raises CannotDo: a file
    that is there is never overwritten, and half a backup is never left.
    """
    left_out = [f"--exclude-table-data={_table(name)}" for name in LEFT_OUT]
    with _moment() as moment:
        if keys:
            left_out.append(f"--exclude-table-data={_table(KEYS)}")
            _dump(keys, moment, "--data-only", f"--table={_table(KEYS)}")
        try:
            _dump(file, moment, *left_out)
        except BaseException:
            if keys:
                keys.unlink()
            raise
    return file.stat().st_size


def _table(name: str) -> str:
    return apps.get_model(name)._meta.db_table


@contextmanager
def _moment() -> Iterator[str]:
    """The database as it is now, to be dumped more than once: for pg_dump's --snapshot."""
    with transaction.atomic(using=OWNER, durable=True), connections[OWNER].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


def _dump(file: Path, moment: str, *options: str) -> None:
    if file.exists():
        raise CannotDo(f"{file} is there already: choose another name.")
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # pg_dump would make it for all to read
        plain = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}")
        _run("pg_dump", *plain, *options, f"--file={part}")
        os.link(part, file)
    except FileExistsError:
        raise CannotDo(f"{file} is there already: choose another name.") from None
    finally:
        part.unlink(missing_ok=True)


def bring_back(file: Path, keys: Path | None = None, *, replace: bool = False) -> None:
    """Put the database in `file` in place of an empty one; or of whatever there is, with `replace`. All or nothing.

    Afterwards tables are brought up to date, row security and the app's rights stand. Raises CannotDo: not a backup of
    ours, not its keyring, a file with people's keys that is missing or too much, or a database that is not empty.
    """
    proof = PROOF.search(_run("pg_restore", "--data-only", "--table=exercises_keyringproof", "--file=-", str(file)))
    if not proof:
        raise CannotDo(f"{file} is not a backup of this site.")
    if not proves(bytes.fromhex(proof[1])):
        raise CannotDo("The keyring does not open this backup: give the keys that were there when it was made.")
    if _holds_keys(file) == bool(keys):
        raise CannotDo(f"{file} is whole: without --keys." if keys else f"{file} needs its keys: --keys FILE.")
    if keys and not _holds_keys(keys):
        raise CannotDo(f"{keys} holds no keys of people.")
    present = connections[OWNER].introspection.table_names()
    if present and not replace:
        raise CannotDo("The database is not empty. With --replace, what is in it is lost.")
    _pour(file, keys, present)
    call_command("migrate", database=OWNER, verbosity=0)


def _holds_keys(file: Path) -> bool:
    return f"TABLE DATA public {_table(KEYS)} " in _run("pg_restore", "--list", str(file))


def _pour(file: Path, keys: Path | None, present: list[str]) -> None:
    """In one transaction: drop what is present, make what is in the files. Its last word is COMMIT, said by us.

    Constraints come last, so that keys of people who came after `file` was made can be left out.
    """
    quote = connections[OWNER].ops.quote_name
    drop = f"DROP TABLE {', '.join(map(quote, present))} CASCADE" if present else "SELECT"
    first = ("--command=BEGIN", f"--command={drop}", "--file=-")
    command, environ = _client("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *first)
    with subprocess.Popen(command, env=environ, stdin=PIPE, stdout=DEVNULL, stderr=PIPE, text=True) as psql:
        reasons = _pour_part(psql, file, "--section=pre-data", "--section=data")
        if keys:
            reasons += _pour_part(psql, keys, "--data-only")
            with suppress(BrokenPipeError):  # psql ended: what it said tells why
                psql.stdin.write(STRANGERS.format(keys=_table(KEYS), people=_table(PEOPLE)))  # type: ignore[union-attr]
                psql.stdin.flush()  # type: ignore[union-attr]
        reasons += _pour_part(psql, file, "--section=post-data")
        said = psql.communicate("" if reasons else "COMMIT;")[1]
    if psql.returncode or reasons:
        raise CannotDo(_reason(said + reasons))


def _pour_part(psql: subprocess.Popen, file: Path, *part: str) -> str:
    """What pg_restore complained of; empty where all of that part went in."""
    command = [str(program("pg_restore")), "--no-owner", "--no-privileges", *part, "--file=-", str(file)]
    done = subprocess.run(command, stdout=psql.stdin, stderr=PIPE, text=True, check=False)
    return (done.stderr or "error: pg_restore ended early") if done.returncode else ""


def _run(name: str, *args: str) -> str:
    """Run one of PostgreSQL's programs: pg_dump on the database, pg_restore on a file; what it wrote."""
    command, environ = _client(name, *args) if name == "pg_dump" else ([str(program(name)), *args], None)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotDo(_reason(done.stderr))
    return done.stdout


def _client(name: str, *args: str) -> tuple[list[str], dict[str, str]]:
    """A program on the database, as its owner, and what it may know of our environment: that holds keys."""
    connection = connections[OWNER]
    connection.ensure_connection()
    known = connection.connection.info
    database = make_conninfo(**known.get_parameters())
    environ = {"PATH": os.defpath, "HOME": os.environ.get("HOME", "/"), "PGPASSWORD": known.password}
    return [str(program(name)), *args, f"--dbname={database}"], environ


def _reason(words: str) -> str:
    """The first error among a program's words: never the lines after it, which may quote a row."""
    errors = re.findall(r"(?:ERROR|FATAL|error): +(.*)", words)
    return (errors or ["PostgreSQL's program ended early."])[0]
