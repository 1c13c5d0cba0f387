"""The embedded PostgreSQL: it starts, is shared, survives, stops, and says plainly why it cannot run."""

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kwetsbaar.embedded import server

ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not ROOT, reason="about what root meets")
KEEP = "drop table if exists notes; create table notes as select 7 as seven"
KEPT = "select seven from notes"
PROGRAM = """
import json, os, shutil, subprocess, sys, time
from pathlib import Path
import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections
home, before = sys.argv[1:]
place = {"ENGINE": "kwetsbaar.embedded", "HOST": home, "NAME": "app"}
settings.configure(DATABASES={"default": place | {"USER": "app"}, "owner": place | {"USER": "owner"}})
django.setup()
from kwetsbaar.embedded import base, server

def ask(sql, role="default"):
    with connections[role].cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0]) if cursor.description else None

def fork(then):
    connections.close_all()
    if os.fork() == 0:
        exec(then)
        sys.exit()

exec(before)
for line in sys.stdin:
    try:
        answer = {"is": eval(line)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
"""


class Trouble(Exception):
    """What went wrong in the app, as its type and its words."""


class App:
    """A process of its own with the embedded database at `home`, that answers Python expressions until it is ended."""

    def __init__(self, home: Path, before: str = "", **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(home), before],
            cwd=Path(__file__).parents[1],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, expression: str) -> object:
        self.say(expression)
        return self.hear()

    def ask(self, sql: str, role: str = "default") -> object:
        """The first value of the first row, as text."""
        return self(f"ask({sql!r}, {role!r})")

    def start_asking(self, sql: str, role: str = "default") -> None:
        self.say(f"ask({sql!r}, {role!r})")

    def fork(self, then: str) -> None:
        """Have it make a child that does `then` and ends."""
        self(f"fork({then!r})")

    def say(self, expression: str) -> None:
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()

    def hear(self) -> object:
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": self.process.stderr.read()}
        if "error" in answer:
            raise Trouble(answer["error"])
        return answer["is"]

    def end(self) -> str:
        """End as a program does by itself; what it has said on stderr."""
        return self.process.communicate(timeout=60)[1]

    def kill(self) -> None:
        """End as by a power cut, with everything in its session."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def running(home: Path) -> list[int]:
    """The server's processes: those that work in its data directory."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if Path(f"/proc/{number}/cwd").readlink().is_relative_to(home.resolve()):
                found.append(int(number))
    return found


def kill_server(home: Path) -> None:
    for number in running(home):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    eventually(lambda: not running(home))


def postmaster(home: Path) -> int:
    return int((home / "data/postmaster.pid").read_text().split()[0])


def eventually(true: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kw-", ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def made(place: Path) -> Path:
    """A cluster that was made, used and stopped."""
    one = App(place / "made")
    one.ask("select 1")
    one.end()
    return place / "made"


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    """Where a stopped cluster is. The tests take turns with it: a first start takes longer than all else they do."""
    yield made
    kill_server(made)


@pytest.fixture
def empty(place: Path) -> Iterator[Path]:
    """Where a cluster may come; not there yet."""
    directory = Path(tempfile.mkdtemp(dir=place))
    directory.chmod(0o755)
    yield directory / "postgres"
    kill_server(directory)
    shutil.rmtree(directory)


@pytest.fixture
def app(home: Path) -> Iterator[Callable[..., App]]:
    """Starts a process, with its database at `home` or elsewhere."""
    apps = []

    def start(where: Path = home, before: str = "", **environment: str) -> App:
        apps.append(App(where, before, **environment))
        return apps[-1]

    yield start
    for one in apps:
        one.kill()


@pytest.fixture(scope="module")
def standing(place: Path) -> Iterator[App]:
    """One that runs for all tests that only look."""
    one = App(place / "standing", KWETSBAAR_KEYS="this-is-a-key")
    one.ask("select 1")
    yield one
    one.end()


# Starting, sharing, stopping


def test_the_first_connection_starts_postgresql_18_and_the_last_process_stops_it(empty, app):
    one = app(empty)
    assert not empty.exists()
    assert one.ask("show server_version").startswith("18.")
    assert running(empty)
    assert one.end() == ""
    assert not running(empty)


def test_two_processes_that_start_at_once_share_one_server_until_the_last_has_left(empty, app):
    one, two = app(empty), app(empty)
    for each in (one, two):
        each.start_asking("select pg_postmaster_start_time()")
    assert one.hear() == two.hear()
    one.end()
    assert two.ask("select 1") == "1"
    two.end()
    assert not running(empty)


def test_what_was_kept_is_still_there_after_the_directory_was_moved_to_an_odd_name(empty, app):
    one = app(empty)
    one.ask(KEEP, "owner")
    one.end()
    odd = empty.rename(empty.with_name('it\'s "$HOME" `pwd` ; ü %'))
    assert app(odd).ask(KEPT, "owner") == "7"


def test_the_log_of_the_last_two_starts_is_kept_and_no_more(home, app):
    for _ in range(3):
        one = app()
        one.ask("select 1")
        one.end()
    assert {path.name for path in home.iterdir()} == {"data", "log", "log.1"}


def test_a_forked_worker_that_leaves_does_not_stop_its_parents_server(home, app):
    one = app()
    before = one.ask("select pg_postmaster_start_time()")
    one.fork("ask('select 1')")
    one("os.wait()")
    assert one.ask("select pg_postmaster_start_time()") == before
    one.end()
    assert not running(home)


def test_a_forked_worker_that_is_cut_off_does_not_keep_the_server(home, app):
    one = app()
    one.ask("select 1")
    one.fork("ask('select 1'); os.kill(os.getpid(), 9)")
    one("os.wait()")
    one.end()
    assert not running(home)


def test_a_forked_worker_that_outlives_its_parent_keeps_the_server_until_it_leaves(home, app):
    one = app()
    one.ask("select 1")
    sign, asked = home.with_name("sign"), home.with_name("asked")
    one.fork(
        f"ask('select 1')\nPath({str(asked)!r}).touch()\nwhile not os.path.exists({str(sign)!r}):\n    time.sleep(0.02)"
    )
    eventually(asked.exists)
    one.say("sys.exit()")
    one.process.wait()
    assert running(home)
    sign.touch()
    eventually(lambda: not running(home))


# Who may come in


def test_only_its_own_user_can_reach_it_and_nothing_listens_on_tcp(standing, place):
    home = place / "standing"
    assert {mode(home), mode(home / "data"), mode(home / ".s.PGSQL.5432")} == {0o700}
    number = postmaster(home)
    sockets = {os.readlink(path) for path in Path(f"/proc/{number}/fd").iterdir()}

    def known(kind: str, column: int) -> set[str]:
        lines = Path(f"/proc/{number}/net/{kind}").read_text().splitlines()[1:]
        return {f"socket:[{line.split()[column]}]" for line in lines}

    assert sockets & known("unix", 6)
    assert not sockets & (known("tcp", 9) | known("tcp6", 9))


def test_the_apps_role_owns_nothing_and_may_make_nothing(standing):
    power = "select rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication from pg_roles"
    assert standing.ask(f"{power} where rolname = current_user") == "False"
    assert standing.ask(f"{power} where rolname = 'owner'") == "True"
    assert standing.ask("select count(*) from pg_shdepend where refobjid = 'app'::regrole", "owner") == "0"
    assert standing.ask("select datname from pg_database where datname = current_database()") == "app"
    for forbidden in ("table mine ()", "schema mine", "role mine", "database mine"):
        with pytest.raises(Trouble, match="permission denied"):
            standing.ask(f"create {forbidden}")


def test_the_server_does_not_see_the_environment_where_the_keys_are(standing, place):
    assert standing("os.environ['KWETSBAAR_KEYS']") == "this-is-a-key"
    for number in running(place / "standing"):
        assert b"this-is-a-key" not in Path(f"/proc/{number}/environ").read_bytes()


def test_connecting_leaves_nothing_in_the_log(standing, place):
    log = place / "standing/log"
    before = log.read_text()
    standing("connections.close_all()")
    assert standing.ask("select 1") == "1"
    assert log.read_text() == before
    assert "FATAL" not in before


def test_no_statement_and_no_row_reaches_the_log_not_even_of_a_crash(home, app):
    one = app()
    one.ask("drop table if exists notes; create table notes (word text unique, number int)", "owner")
    one.ask("insert into notes values ('lantern', 1)", "owner")
    for wrong in ("insert into notes values ('lantern', 2)", "select 'lantern'::int", "lantern", "select lantern"):
        with pytest.raises(Trouble, match="lantern"):
            one.ask(wrong, "owner")
    number = int(one.ask("select pg_backend_pid()", "owner"))
    one.start_asking("select 'lantern', pg_sleep(60)", "owner")
    two = app()
    busy = f"select query like 'select ''lantern%' from pg_stat_activity where pid = {number}"
    eventually(lambda: two.ask(busy, "owner") == "True")
    os.kill(number, signal.SIGKILL)
    with pytest.raises(Trouble):
        one.hear()
    log = home / "log"
    eventually(lambda: "ready to accept" in log.read_text().partition("signal 9")[2])
    assert "lantern" not in log.read_text()


# Surviving


def test_when_the_app_is_killed_the_server_goes_on_and_the_next_process_takes_over(home, app):
    one = app()
    before = one.ask("select pg_postmaster_start_time()")
    one.kill()
    assert running(home)
    two = app()
    assert two.ask("select pg_postmaster_start_time()") == before
    two.end()
    assert not running(home)


def test_when_the_server_is_killed_the_same_process_starts_it_again_and_nothing_is_lost(home, app):
    one = app()
    one.ask(KEEP, "owner")
    kill_server(home)
    with pytest.raises(Trouble, match="OperationalError"):
        one.ask("select 1", "owner")
    one("connections.close_all()")
    assert one.ask(KEPT, "owner") == "7"
    one.end()
    assert not running(home)


def test_two_processes_whose_server_was_killed_start_one_together(home, app):
    one, two = app(), app()
    before = one.ask("select pg_postmaster_start_time()")
    assert two.ask("select pg_postmaster_start_time()") == before
    os.kill(postmaster(home), signal.SIGKILL)
    for each in (one, two):
        each("connections.close_all()")
    for each in (one, two):
        each.start_asking("select pg_postmaster_start_time()")
    assert before != one.hear() == two.hear()


def test_when_everything_is_killed_at_once_the_next_process_starts_it_again(home, app):
    one = app()
    one.ask(KEEP, "owner")
    one.kill()
    kill_server(home)
    assert app().ask(KEPT, "owner") == "7"


def test_a_server_is_not_started_while_a_back_end_of_a_killed_one_still_works(home, app):
    one, two = app(), app()
    two.ask("select 1", "owner")
    two("connections.close_all()")
    busy = int(one.ask("select pg_backend_pid()", "owner"))
    one.start_asking("do $$ begin while clock_timestamp() < now() + interval '1.5 s' loop end loop; end $$", "owner")
    time.sleep(0.2)
    os.kill(postmaster(home), signal.SIGKILL)
    assert two.ask("select 1", "owner") == "1"
    assert busy not in running(home)


@pytest.mark.parametrize("left", ["number of another program", "nothing but an empty file"])
def test_what_a_power_cut_left_does_not_block_the_start(home, app, left):
    one = app()
    one.ask("select 1")
    user = home.stat()
    one.kill()
    kill_server(home)
    other = subprocess.Popen(["sleep", "60"], **({"user": user.st_uid, "group": user.st_gid} if ROOT else {}))
    try:
        for lock in (home / "data/postmaster.pid", home / ".s.PGSQL.5432.lock"):
            rest = lock.read_text().partition("\n")[2]
            lock.write_text(f"{other.pid}\n{rest}" if "number" in left else "")
        assert app().ask("select 1") == "1"
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_first_start_that_was_cut_off_halfway_does_not_spoil_the_next(empty, app):
    one = app(empty)
    one.start_asking("select 1")
    eventually(lambda: (empty / "new/base").exists())
    one.kill()
    assert not (empty / "data").exists()
    assert app(empty).ask("select current_user") == "app"


# As root and as an ordinary user


@only_root
def test_for_root_the_server_runs_as_nobody(standing, place):
    nobody = pwd.getpwnam("nobody").pw_uid
    assert {Path(f"/proc/{number}").stat().st_uid for number in running(place / "standing")} == {nobody}


@only_root
def test_an_ordinary_user_can_use_it_too(empty, app):
    nobody = pwd.getpwnam("nobody")
    os.chown(empty.parent, nobody.pw_uid, nobody.pw_gid)
    # Where root's programs are closed, an ordinary user would have programs of their own.
    programs = f"server.INSTALLED = server._programs(Path({str(empty.parent)!r})).parents[2]"
    drop = f"os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})"
    one = app(empty, before=f"{programs}; {drop}")
    assert one.ask("select current_user") == "app"
    assert one("os.getuid()") == empty.stat().st_uid == nobody.pw_uid
    assert one.end() == ""
    assert not running(empty)


@only_root
def test_root_can_use_what_an_ordinary_user_made_and_leaves_it_to_them(empty, app):
    daemon = pwd.getpwnam("daemon")
    one = app(empty)
    one.ask("select 1")
    one.end()
    subprocess.run(["chown", "-R", f"{daemon.pw_uid}:{daemon.pw_gid}", empty], check=True)
    two = app(empty)
    assert two.ask("select 1") == "1"
    two.end()
    assert {path.stat().st_uid for path in empty.rglob("*")} == {daemon.pw_uid}


@only_root
def test_in_closed_directories_root_is_told_once_where_the_database_is(empty, app):
    closed, opened = empty.parent / "closed", empty.parent / "open"
    closed.mkdir(mode=0o700)
    (closed / "packages").symlink_to(server.INSTALLED)
    where = closed / "postgres"
    before = f"server.OPEN = Path({str(opened)!r}); server.INSTALLED = Path({str(closed / 'packages')!r})"

    one = app(where, before)
    one.ask(KEEP, "owner")
    said = one.end().splitlines()
    assert len(said) == 2
    assert str(where.readlink()) in said[0]
    assert str(opened / f"programs-{server.PACKAGE.version}") in said[1]
    assert mode(where.resolve()) == 0o700

    two = app(where, before)
    assert two.ask(KEPT, "owner") == "7"
    assert two.end() == ""

    shutil.rmtree(closed)
    closed.mkdir(mode=0o700)
    three = app(where, before.partition(";")[0])
    with pytest.raises(Trouble, match='"notes" does not exist'):
        three.ask(KEPT, "owner")
    assert len(three.end().splitlines()) == 1

    shutil.rmtree(where.resolve())
    with pytest.raises(Trouble, match=f"CannotRun: .*{where.readlink()} is gone; remove .*fresh start.$"):
        app(where, before).ask("select 1")


@only_root
def test_when_a_cluster_was_moved_to_a_closed_directory_root_is_told_as_whom_it_runs(empty, app):
    closed = empty.parent / "closed"
    closed.mkdir(mode=0o700)
    one = app(empty)
    one.ask("select 1")
    one.end()
    empty.rename(closed / "postgres")
    assert "Permission denied, for root runs it as nobody" in sentence(app(closed / "postgres"))


@only_root
def test_when_the_owner_of_a_cluster_has_no_name_here_root_is_told(home, app):
    owner = home.stat()
    os.chown(home, 54321, 54321)
    try:
        assert "uid not found: 54321" in sentence(app())
    finally:
        os.chown(home, owner.st_uid, owner.st_gid)


# One clear sentence


def sentence(one: App, expression: str = "ask('select 1')") -> str:
    """What the app's owner reads: one sentence of ours."""
    with pytest.raises(Trouble) as caught:
        one(expression)
    kind, _, words = str(caught.value).partition(": ")
    assert kind == "CannotRun", words
    assert words.count("\n") == 0
    assert words.startswith("The database in /")
    assert words.endswith(".")
    return words


def test_a_path_too_long_for_a_socket_is_said_and_the_longest_that_fits_works(empty, app):
    fits = empty.with_name("n" * (93 - len(os.fsencode(empty.parent)) - 1))
    assert app(fits).ask("select 1") == "1"
    assert "shorter path (at most 93 bytes)" in sentence(app(fits.with_name(fits.name + "n")))


def test_a_cluster_of_another_major_version_is_said_and_left_alone(home, app):
    one = app()
    one.ask(KEEP, "owner")
    one.end()
    (home / "data/PG_VERSION").write_text("17\n")
    assert "PostgreSQL 17 made it and this is 18" in sentence(app())
    (home / "data/PG_VERSION").write_text("18\n")
    assert app().ask(KEPT, "owner") == "7"


def test_a_directory_that_cannot_be_made_is_said(empty, app):
    empty.parent.joinpath("file").touch()
    assert "/file: " in sentence(app(empty.parent / "file/postgres"))


def test_a_directory_that_cannot_be_written_is_said(empty, app):
    empty.parent.chmod(0o555)
    drop = f"os.setgid({os.getgid() or 65534}); os.setuid({os.getuid() or 65534})"
    assert f"{empty}: Permission denied" in sentence(app(empty, before=drop))
    empty.parent.chmod(0o755)


@pytest.fixture
def small_disk(empty: Path) -> Iterator[Path]:
    """A disk with room for half a cluster; remounted larger it takes a whole one."""
    empty.mkdir()
    if not ROOT or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", empty], check=False).returncode:
        pytest.skip("only who may mount can fill a disk")
    yield empty
    kill_server(empty)
    subprocess.run(["umount", empty], check=True)


def test_a_full_disk_is_said_at_the_first_start_and_at_a_later_one(small_disk, app):
    assert "the disk is full" in sentence(app(small_disk / "postgres"))

    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    one = app(small_disk / "postgres")
    one.ask("select 1")
    one.end()
    with suppress(OSError), (small_disk / "filling").open("wb", buffering=0) as filling:
        while filling.write(bytes(4096)):
            pass
    assert "the disk is full" in sentence(app(small_disk / "postgres"))

    (small_disk / "filling").unlink()
    assert app(small_disk / "postgres").ask("select 1") == "1"


def test_a_server_that_does_not_answer_is_said_with_the_last_line_of_its_log_and_left_alone(home, app):
    one = app()
    before = one.ask("select pg_postmaster_start_time()")
    number = postmaster(home)
    os.kill(number, signal.SIGSTOP)
    assert "no answer within 1.5 seconds, its log ends with: " in sentence(app(), "str(server.use(home, timeout=1.5))")
    os.kill(number, signal.SIGCONT)
    assert postmaster(home) == number
    assert app().ask("select pg_postmaster_start_time()") == before


WAITS = """
import threading
from django.db import OperationalError
server.AGAIN = 1

def waits():
    over, ticks = threading.Event(), []
    other = threading.Thread(target=lambda: [ticks.append(1) for _ in iter(lambda: over.wait(0.01), True)])
    other.start()
    try:
        ask("select 1")
    except OperationalError as error:
        return [type(error).__name__, len(ticks)]
    finally:
        over.set()
        other.join()
"""


def test_a_site_that_runs_waits_only_for_seconds_and_its_other_pages_go_on_meanwhile(home, app):
    one = app(before=WAITS)
    one.ask("select 1")
    number = postmaster(home)
    os.kill(number, signal.SIGSTOP)
    one("connections.close_all()")
    kind, ticks = one("waits()")
    os.kill(number, signal.SIGCONT)
    assert kind == "CannotRun"
    assert ticks > 20
    assert one.ask("select 1") == "1"


def test_settings_without_a_directory_are_said(app):
    with pytest.raises(Trouble, match="^ImproperlyConfigured: The embedded database needs HOST"):
        app("").ask("select 1")


# What comes with it


def test_django_makes_and_removes_its_test_database_as_the_owner(home, app):
    one = app()
    assert one("connections['owner'].creation.create_test_db(verbosity=0, serialize=False)") == "test_app"
    assert one.ask("select current_database()", "owner") == "test_app"
    one("connections['default'].close() or connections['default'].settings_dict.update(NAME='test_app')")
    assert one.ask("select current_database() || current_user") == "test_appapp"
    one("connections['default'].close()")
    one("connections['owner'].creation.destroy_test_db('app', verbosity=0)")
    assert one.ask("select count(*) from pg_database where datname = 'test_app'", "owner") == "0"


def test_pg_dump_comes_with_it_and_fits(standing):
    arguments = "[server.program('pg_dump'), '--host', home, '--username', 'owner', 'app']"
    assert "PostgreSQL database dump complete" in standing(f"subprocess.check_output({arguments}, text=True)")


def test_dbshell_starts_the_server_and_opens_its_own_psql(home, app):
    one, out = app(), home.parent / "out"
    one(f"call_command('dbshell', '--', '--no-psqlrc', '--tuples-only', '--output={out}', '--command=select 6 * 7')")
    assert out.read_text().strip() == "42"
