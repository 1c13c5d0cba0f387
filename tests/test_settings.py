"""Safe when unset, strict when wrong: each start in a process of its own."""

import base64
import os
import socket
import subprocess
import sys

import pytest

KEY = base64.b64encode(bytes(range(32))).decode()
PRODUCTION = {
    "DATABASE_URL": "postgres://app:secret@127.0.0.1:1/site",
    "KWETSBAAR_URL": "https://notes.example",
    "KWETSBAAR_KEYS": KEY,
    "SECRET_KEY": base64.b64encode(os.urandom(48)).decode(),
}


def manage(tmp_path, environ, *arguments):
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "manage.py", *arguments]
    clean |= {"KWETSBAAR_DATA": str(tmp_path / "data"), "PYTHONWARNINGS": "error::ResourceWarning"}
    return subprocess.run(command, env=clean | environ, capture_output=True, text=True, timeout=60, check=False)


def setting(tmp_path, environ, *names):
    values = ", ".join(f"settings.{name}" for name in names)
    done = manage(tmp_path, environ, "shell", "-v0", "-c", f"from django.conf import settings; print([{values}])")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_production_setting_passes_djangos_deployment_check(tmp_path):
    done = manage(tmp_path, PRODUCTION, "check", "--deploy", "--fail-level", "WARNING")
    assert (done.returncode, "no issues" in done.stdout + done.stderr) == (0, True), done.stderr


def test_on_https_cookies_are_secure_and_bound_to_the_host(tmp_path):
    names = (
        "SESSION_COOKIE_NAME",
        "CSRF_COOKIE_NAME",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SECURE_SSL_REDIRECT",
    )
    assert setting(tmp_path, PRODUCTION, *names) == "['__Host-session', '__Host-csrf', True, True, True]"


def test_on_this_machine_alone_cookies_have_plain_names(tmp_path):
    assert setting(tmp_path, {"PORT": "8123"}, "SESSION_COOKIE_NAME", "SITE_URL", "DEBUG") == (
        "['session', 'http://127.0.0.1:8123', False]"
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"KWETSBAAR_URL": "http://notes.example"}, "KWETSBAAR_URL"),
        ({"KWETSBAAR_URL": "notes.example"}, "KWETSBAAR_URL"),
        ({"KWETSBAAR_URL": "https://notes.example/below"}, "KWETSBAAR_URL"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"DATABASE_URL": "sqlite:///x.db"}, "DATABASE_URL: only PostgreSQL"),
        ({"KWETSBAAR_KEYS": ""}, "Set KWETSBAAR_KEYS"),
        ({"SECRET_KEY": ""}, "Set SECRET_KEY"),
        ({"SECRET_KEY": "", "KWETSBAAR_KEYS": ""}, "Set SECRET_KEY and KWETSBAAR_KEYS"),
        ({"KWETSBAAR_KEYS": "short"}, "KWETSBAAR_KEYS: keys of 32 bytes"),
    ],
)
def test_what_is_wrong_stops_the_start_and_says_why(tmp_path, wrong, said):
    done = manage(tmp_path, PRODUCTION | wrong, "check")
    assert done.returncode != 0
    assert said in done.stderr


def test_missing_keys_are_refused_with_the_way_to_make_them(tmp_path):
    done = manage(tmp_path, PRODUCTION | {"KWETSBAAR_KEYS": ""}, "check")
    assert "base64.b64encode(os.urandom(32))" in done.stderr
    assert not (tmp_path / "data/keys").exists()


def test_the_keys_of_the_embedded_database_are_made_once_and_readable_by_one_user(tmp_path):
    first = manage(tmp_path, {}, "check")
    second = manage(tmp_path, {}, "check")
    assert "Made" in first.stderr
    assert "Made" not in second.stderr
    for name in ("keyring", "secret_key"):
        file = tmp_path / "data/keys" / name
        assert file.stat().st_mode & 0o777 == 0o600
        assert len(base64.b64decode(file.read_text())) == 32
    assert (tmp_path / "data/keys").stat().st_mode & 0o777 == 0o700


def test_two_first_starts_at_once_end_with_the_same_keys(tmp_path):
    code = "from django.conf import settings; print(settings.SEALING_KEYS, settings.SECRET_KEY)"
    environ = os.environ | {"KWETSBAAR_DATA": str(tmp_path / "data")}
    starts = [
        subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-v0", "-c", code], env=environ, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert len({start.communicate(timeout=60)[0] for start in starts}) == 1


def test_two_sites_without_keys_have_different_ones(tmp_path):
    assert setting(tmp_path / "a", {}, "SEALING_KEYS") != setting(tmp_path / "b", {}, "SEALING_KEYS")


def test_the_site_serves_reading_while_the_database_is_away(tmp_path):
    environ = PRODUCTION | {"KWETSBAAR_URL": "http://127.0.0.1:8000"}
    manage(tmp_path, environ, "collectstatic", "--noinput", "-v0")
    code = (
        "from django.test import Client; from kwetsbaar.wsgi import application; visitor, known = (Client(headers={'host': '127.0.0.1'}) for _ in range(2));"
        "visitor.raise_request_exception = known.raise_request_exception = False;"
        "known.cookies['session'] = 'x' * 32;"
        "print([c.get(p).status_code for c in (visitor, known) for p in ('/nl/read/dimmer/', '/nl/help/')],"
        "(r := known.get('/nl/today/')).status_code, r['Retry-After'], known.get('/readyz').status_code,"
        "'session' in known.cookies and known.cookies['session'].value == 'x' * 32)"
    )
    done = manage(tmp_path, environ, "shell", "-v0", "-c", code)
    assert done.stdout.strip() == "[200, 200, 200, 200] 503 10 503 True", done.stderr[-2000:]


def start(tmp_path, port):
    environ = os.environ | {"KWETSBAAR_DATA": str(tmp_path / "data"), "PORT": port}
    return subprocess.run(
        [sys.executable, "-m", "kwetsbaar"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = start(tmp_path, str(port))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"Cannot start: port {port} is taken; choose another with PORT=…."


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1"])
def test_a_port_that_is_none_is_said_in_one_sentence(tmp_path, port):
    done = start(tmp_path, port)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"Cannot start: PORT: a number from 1 to 65535, not {port}."
