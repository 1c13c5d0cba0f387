"""For whoever runs the site for others: the documented command, what it tells of itself, and what deploy/ holds."""

import base64
import http.cookiejar
import json
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

import psycopg
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from kwetsbaar import operating
from kwetsbaar.reporting import Discreet, DiscreetJSON
from tests.running import Browser, free_port

WORD, ADDRESS, TOKEN = "pearblossom", "203.0.113.7", "the-token-for-figures"
BIN = Path(sys.executable).parent
UNIT = Path("deploy/systemd/kwetsbaar.service")
COMPOSE = yaml.safe_load(Path("deploy/compose.yml").read_text())
OUTSIDE = {"Host": "notes.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": ADDRESS}
LABELS = re.compile(r'(\w+)="([^"]*)"')


def documented() -> list[str]:
    """What the unit starts, from the program's own flags on."""
    started = re.search(r"^ExecStart=(\S+) ((?:.*\\\n)*.*)", UNIT.read_text(), re.M)
    return shlex.split(started[2].replace("\\\n", " "))


class Production(Browser):
    """A browser that the proxy speaks for: over https, as far as the site can tell."""

    def __init__(self, site: str) -> None:
        super().__init__(site)
        self.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(secure_protocols=("http",)))

    def ask(self, path, data=None, headers=None, method=""):
        same = {"Origin": "https://notes.example"} if data else {}
        return super().ask(path, data, OUTSIDE | same | (headers or {}), method)


class Served:
    """The site as the unit serves it: its address, its process, and what it logged."""

    def __init__(self, port: int, server: subprocess.Popen, log: Path) -> None:
        self.address, self.server, self.log = f"http://127.0.0.1:{port}", server, log

    def metrics(self, host: str = "10.0.0.5:8000", token: str = TOKEN) -> tuple[int, str]:
        """As Prometheus asks, under whichever name it knows this machine by."""
        answer = Browser(self.address).ask("/metrics", headers={"Host": host, "Authorization": f"Bearer {token}"})
        return answer.status, answer.text

    def counted(self) -> int:
        """Answers so far, of all workers."""
        return sum(float(line.split()[-1]) for line in self.metrics()[1].splitlines() if "requests_total{" in line)

    def workers(self) -> set[int]:
        return {
            int(pid) for pid in Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        }


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    """The documented command in production's settings, on the database of the tests; someone walked through it."""
    place = tmp_path_factory.mktemp("served")
    with django_db_blocker.unblock():
        connection.ensure_connection()
        known = connection.settings_dict
        host = str((settings.DATA / "postgres").resolve()).replace("/", "%2F")
    port = free_port()
    command = documented()
    for flag, value in (("--port", str(port)), ("--workers", "1"), ("--respawn-interval", "7")):
        command[command.index(flag) + 1] = value
    environ = {
        "PATH": os.defpath,
        "DATABASE_URL": f"postgres://app@{host}/{known['NAME']}",
        "EMAIL_URL": "smtp://127.0.0.1:1",
        "KWETSBAAR_CONTROLLER": "Someone",
        "KWETSBAAR_DATA": str(settings.DATA),
        "KWETSBAAR_KEYS": " ".join(base64.b64encode(key).decode() for key in settings.SEALING_KEYS),
        "KWETSBAAR_METRICS_TOKEN": TOKEN,
        "KWETSBAAR_URL": "https://notes.example",
        "PROMETHEUS_MULTIPROC_DIR": str(place / "figures"),
        "SECRET_KEY": base64.b64encode(os.urandom(48)).decode(),
    }
    with (place / "log").open("w") as log:
        server = subprocess.Popen([BIN / "granian", *command], env=environ, stdout=log, stderr=log)
    try:
        served = Served(port, server, place / "log")
        wait_until_ready(served)
        walk(served)
        yield served
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(40)
        with django_db_blocker.unblock():
            call_command("flush", database="owner", interactive=False, verbosity=0)


def wait_until_ready(served: Served) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{served.address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(served.log.read_text())


def walk(served: Served) -> None:
    """Pages read, words written, and what goes wrong, with a word in all of it."""
    browser = Production(served.address)
    for path in ("/en/", "/en/read/dimmer/", f"/en/{WORD}/", f"/static/{WORD}.css", f"/en/read/search/?q={WORD}"):
        browser.ask(path)
    consent = [("csrfmiddlewaretoken", browser.token()), ("adult", "on"), ("consent", "on")]
    assert browser.ask("/en/start/", consent).status == 200
    browser.ask("/en/journal/new/", [("csrfmiddlewaretoken", browser.token("/en/journal/new/")), ("body", WORD)])
    entry = re.search(r"/en/journal/[0-9a-f-]{36}/", browser.ask("/en/journal/").text)[0]
    assert WORD in browser.ask(entry).text
    browser.ask("/en/journal/new/", b"body=" + WORD.encode())  # without its token
    browser.ask("/en/today/", method=WORD.upper())
    browser.ask("/en/today/", headers={"Host": f"{WORD}.example"})


def test_the_unit_and_the_image_start_the_site_by_one_command_and_each_flag_is_explained():
    image = re.search(r'^CMD \["granian", ((?:.*\\\n)*.*)\]', Path("deploy/Dockerfile").read_text(), re.M)
    in_image = json.loads(f"[{image[1]}]".replace("\\\n", ""))
    assert documented() == ["127.0.0.1" if word == "0.0.0.0" else word for word in in_image]
    told = Path("docs/operating.md").read_text()
    assert [word for word in documented() if word.startswith("--") and f"`{word}" not in told] == []


def test_figures_are_for_who_has_the_token_and_for_nobody_else(site):
    assert site.metrics()[0] == 200
    assert site.metrics(token="other")[0] == site.metrics(token="")[0] == 404
    assert Production(site.address).ask("/metrics").status == 404


def test_without_a_token_set_there_are_no_figures(client, settings):
    assert settings.METRICS_TOKEN == ""
    for given in ("", "Bearer", "Bearer "):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


def test_figures_count_pages_by_name_and_hold_no_word_no_id_and_no_address(site):
    status, text = site.metrics()
    assert re.search(r'kwetsbaar_requests_total\{method="POST",page="\w+",status="302"\}', text)
    assert 'page="module"' in text
    assert re.search(r'kwetsbaar_requests_total\{method="other",page="today",status="4\d\d"\}', text)
    for private in (WORD, WORD.upper(), ADDRESS, "127.0.0.1", "/en/", "notes.example"):
        assert private not in text
    assert re.search(r"[0-9a-f]{8}-", text) is None
    known = {"none", "static"} | {str(name) for name in get_resolver().reverse_dict}
    known |= {str(getattr(name, "__name__", name)) for name in get_resolver().reverse_dict}
    labels = set(LABELS.findall(text))
    assert {name for name, _value in labels} == {"le", "kind", "method", "page", "status"} - {"kind"}
    assert {value for name, value in labels if name == "method"} <= {"GET", "HEAD", "OPTIONS", "POST", "other"}
    assert {value.rpartition(".")[2] for name, value in labels if name == "page"} <= known


def test_the_log_in_production_is_lines_of_json_without_a_word_of_anyone(site):
    lines = [
        line for line in site.log.read_text().splitlines() if not line.startswith("[")
    ]  # granian's own, at its start
    told = [json.loads(line) for line in lines]
    assert {one["status"] for one in told if one.get("route") is None and "method" in one} >= {404}
    fields = {"time", "level", "logger", "event", "place", "status", "method", "route", "milliseconds", "exceptions"}
    for line, one in zip(lines, told, strict=True):
        assert set(one) <= fields
        for private in (WORD, WORD.upper(), ADDRESS, TOKEN):
            assert private not in line


def test_a_restart_of_the_workers_ends_nothing_and_forgets_no_figure(site):
    before, workers, answers = site.counted(), site.workers(), Counter()
    stop = threading.Event()
    asking = threading.Thread(target=lambda: ask_until(stop, site.address, answers))
    asking.start()
    site.server.send_signal(signal.SIGHUP)  # what `systemctl reload` sends
    until = time.monotonic() + 40
    while site.workers() & workers and time.monotonic() < until:
        time.sleep(0.2)
    stop.set()
    asking.join()
    assert site.workers() & workers == set()
    assert list(answers) == [200], answers
    assert site.counted() >= before + answers[200]


def ask_until(stop: threading.Event, address: str, answers: Counter) -> None:
    """One page after the other, each over a connection of its own, as new visitors come."""
    while not stop.is_set():
        try:
            answers[Production(address).ask("/en/help/").status] += 1
        except OSError as error:
            answers[repr(error)] += 1
        time.sleep(0.05)


# What probes ask


def test_probes_are_answered_under_any_name_and_without_https_and_pages_are_not(db, settings):
    settings.SECURE_SSL_REDIRECT = True
    probing = Client(headers={"host": "10.0.0.5:8000"})
    assert [probing.get(path).status_code for path in ("/healthz", "/readyz", "/en/")] == [200, 200, 400]


@pytest.fixture
def owner(db):
    """Into the database of the tests, at once for everyone to see; what is noted of migrations is as it was afterwards."""
    place = {"host": str((settings.DATA / "postgres").resolve()), "dbname": connection.settings_dict["NAME"]}
    with psycopg.connect(**place, user="owner", autocommit=True) as owner:
        yield owner
        owner.execute("UPDATE django_migrations SET app = 'exercises' WHERE app = 'away'")
        owner.execute("DELETE FROM django_migrations WHERE name = '9999_later'")


def test_a_process_is_ready_only_when_its_database_has_all_that_its_code_needs(client, owner, monkeypatch):
    monkeypatch.setattr(operating, "_migrated", set())
    last = "SELECT max(name) FROM django_migrations WHERE app = 'exercises'"
    owner.execute(f"UPDATE django_migrations SET app = 'away' WHERE app = 'exercises' AND name = ({last})")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "migrate first")
    assert int(answer["Retry-After"]) > 0
    assert client.get("/healthz").status_code == 200
    owner.execute("UPDATE django_migrations SET app = 'exercises' WHERE app = 'away'")
    assert client.get("/readyz").status_code == 200


def test_a_schema_that_is_newer_than_the_code_is_ready_too(client, owner, monkeypatch):
    monkeypatch.setattr(operating, "_migrated", set())
    owner.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('exercises', '9999_later', now())")
    assert client.get("/readyz").status_code == 200


def test_once_it_was_ready_a_probe_costs_one_query(client, db, django_assert_num_queries):
    client.get("/readyz")
    with django_assert_num_queries(1):
        client.get("/readyz")


# What is slow


@pytest.mark.parametrize("formatter", [Discreet, DiscreetJSON])
def test_an_answer_that_took_long_is_told_by_its_page_and_not_by_its_address(client, monkeypatch, caplog, formatter):
    monkeypatch.setattr(operating, "SLOW", 0)
    client.get(f"/en/read/dimmer/?q={WORD}")
    (record,) = [record for record in caplog.records if record.name == "kwetsbaar.slow"]
    line = formatter().format(record)
    assert re.search(r"\[200 GET en/read/<slug:slug>/\] \d+ ms$|\"milliseconds\": \d+", line)
    assert WORD not in line


def test_an_answer_in_time_is_not_told(client, caplog):
    with caplog.at_level(logging.DEBUG, "kwetsbaar"):
        client.get("/en/read/dimmer/")
    assert [record for record in caplog.records if record.name.startswith("kwetsbaar")] == []


# What is in deploy/


def test_the_image_and_the_compose_file_are_sound():
    schema = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "deploy/compose.yml"]
    for command in ([BIN / "hadolint", "--failure-threshold", "info", "deploy/Dockerfile"], schema):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_runs_as_nobody_in_particular_and_gets_only_what_it_needs():
    image = Path("deploy/Dockerfile").read_text()
    assert int(re.findall(r"^USER (\d+)", image, re.M)[-1]) > 0
    allowed = Path(".dockerignore").read_text().splitlines()
    assert [line for line in allowed if line == "*"]
    assert {line[1:] for line in allowed if line.startswith("!")} == {
        "manage.py", "requirements.txt", "kwetsbaar", "exercises", "templates", "static", "locale"
    }  # fmt: skip


def variables(of: str) -> set[str]:
    return set(COMPOSE["services"][of].get("environment", {}))


def test_only_what_works_across_people_gets_the_owners_password():
    with_it = {
        name
        for name, service in COMPOSE["services"].items()
        if "OWNER_PASSWORD" in yaml.dump(service.get("environment"))
    }
    assert with_it == {"database", "migrate", "reminders", "purge"}
    assert variables("proxy") == {"KWETSBAAR_URL", "KWETSBAAR_APPS"}
    assert "SECRET_KEY" not in variables("database")


def test_the_example_names_every_value_that_the_compose_file_asks_for_and_gives_no_secret():
    asked = set(re.findall(r"\$\{(\w+)", Path("deploy/compose.yml").read_text()))
    example = dict(
        line.split("=", 1) for line in Path("deploy/example.env").read_text().splitlines() if re.match(r"\w+=", line)
    )
    assert set(example) == asked
    assert {name for name in example if example[name]} == {"KWETSBAAR_URL", "EMAIL_URL"}


def test_every_unit_runs_what_is_there_walled_in_alike():
    units = sorted(Path("deploy/systemd").glob("*.service"))
    walls = [re.search(r"# It may write nothing.*?(?=\n\n|\Z)", unit.read_text().strip(), re.S)[0] for unit in units]
    assert len(units) == 3
    assert len(set(walls)) == 1
    timers = {timer.stem for timer in Path("deploy/systemd").glob("*.timer")}
    assert timers == {unit.stem for unit in units} - {"kwetsbaar"}
