"""A copy of the database in one file, and back from it, by PostgreSQL's own programs. The keys are never in it."""

import os
import re
import subprocess
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import connections
from psycopg.conninfo import make_conninfo

from exercises.records.sealing import proves
from kwetsbaar.embedded.server import program

OWNER = "owner"  # sees every row
LEFT_OUT = ("accounts.Session", "sessions.Session", "accounts.Limit")  # the tables come along, empty
PROOF = re.compile(r"^1\t\\\\x([0-9a-f]+)$", re.M)  # the one row of exercises_keyringproof, as COPY writes it


class CannotDo(Exception):
    """Why not, in one sentence; then nothing was changed."""


def back_up(file: Path) -> int:
    """Copy the database to `file`, for its owner alone to read; how many bytes. Sessions and limits stay out.

    Raises CannotDo: a file that is there is never overwritten, and half a backup is never left.
    """
    if file.exists():
        raise CannotDo(f"{file} is there already: choose another name.")
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    left_out = [f"--exclude-table-data={apps.get_model(name)._meta.db_table}" for name in LEFT_OUT]
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # pg_dump would make it for all to read
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", *left_out, f"--file={part}")
        os.link(part, file)
    except FileExistsError:
        raise CannotDo(f"{file} is there already: choose another name.") from None
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


def bring_back(file: Path, *, replace: bool = False) -> None:
    """Put the database in `file` in place of an empty one; or of whatever there is, with `replace`. All or nothing.

    Afterwards tables are brought up to date, row security and the app's rights stand. Raises CannotDo: not a backup of
    ours, not its keyring, or a database that is not empty.
    """
    proof = PROOF.search(_run("pg_restore", "--data-only", "--table=exercises_keyringproof", "--file=-", str(file)))
    if not proof:
        raise CannotDo(f"{file} is not a backup of this site.")
    if not proves(bytes.fromhex(proof[1])):
        raise CannotDo("The keyring does not open this backup: give the keys that were there when it was made.")
    present = connections[OWNER].introspection.table_names()
    if present and not replace:
        raise CannotDo("The database is not empty. With --replace, what is in it is lost.")
    _pour(file, present)
    call_command("migrate", database=OWNER, verbosity=0)


def _pour(file: Path, present: list[str]) -> None:
    """In one transaction: drop what is present, make what is in the file. Its last word is COMMIT."""
    quote = connections[OWNER].ops.quote_name
    drop = f"DROP TABLE {', '.join(map(quote, present))} CASCADE" if present else "SELECT"
    first = ("--command=BEGIN", f"--command={drop}", "--file=-")
    command, environ = _client("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *first)
    options = ("--no-owner", "--no-privileges", "--single-transaction", "--file=-")
    script = [str(program("pg_restore")), *options, str(file)]
    with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as restore:
        psql = subprocess.run(
            command,
            env=environ,
            stdin=restore.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        said = psql.stderr + restore.communicate()[1]
    if psql.returncode or restore.returncode:
        raise CannotDo(_reason(said))


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
