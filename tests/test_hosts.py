"""Many hosts behind the documented proxy: one may die, each may answer, and nothing is kept on any of them."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Response, expect

from exercises.safety.lines import LINES
from tests import hosts
from tests.hosts import Host
from tests.running import Page as Html
from tests.running import as_owner, free_port
from tests.test_main_path import PHONE, SECRETS, chooses, consents, fill, save


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hosts-", dir=os.environ["KWETSBAAR_DATA"]) as place:
        yield Path(place)


@pytest.fixture(scope="module")
def url() -> str:
    return f"https://localhost:{free_port()}"


@pytest.fixture(scope="module")
def two(site: str, data: Path, place: Path, url: str) -> Iterator[list[Host]]:
    """Two hosts of the tests' site, in production as far as that goes on one machine."""
    with hosts.hosting(data, place, url, ("host-1", "host-2")) as two:
        yield two


@pytest.fixture(scope="module")
def proxy(two: list[Host], place: Path, url: str) -> Iterator[Path]:
    with hosts.proxied(place / "proxy", url, [host.port for host in two]):
        yield place / "proxy"


class Somebody:
    """A browser without JavaScript that chooses which host answers, as the proxy would ask it."""

    def __init__(self, url: str) -> None:
        self.cookies: dict[str, str] = {}
        self.headers = {"Host": url.partition("//")[2], "Origin": url, "X-Forwarded-Proto": "https"}

    def ask(self, host: Host, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        """GET, or POST with those fields and a token from that same page."""
        if fields is not None:
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.ask(host, path)[1])[1]
            return self.send(host, path, fields | {"csrfmiddlewaretoken": token})
        return self.send(host, path, None)

    def send(self, host: Host, path: str, fields: dict[str, str] | None) -> tuple[int, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None if fields is None else urlencode(fields)
        status, headers, text = hosts.ask(hosts.over_tcp(host.port), path, body, self.headers | {"Cookie": cookies})
        for cookie in headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return status, text

    def starts(self, host: Host) -> "Somebody":
        form = next(form for form in Html(self.ask(host, "/en/start/")[1]).forms if "consent" in str(form.fields))
        fields = {name: value for _kind, name, value in form.fields}
        assert self.send(host, "/en/start/", fields | {"adult": "on", "consent": "on"})[0] == 302
        return self


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def count(data: Path, *tables: str) -> list[int]:
    with as_owner(data) as owner:
        return [owner.execute(f"SELECT count(*) FROM exercises_{table}").fetchone()[0] for table in tables]


def last_to_answer(data: Path, two: list[Host]) -> Host:
    """The host that spoke to the database last."""
    with as_owner(data) as owner:
        rows = owner.execute("SELECT application_name FROM pg_stat_activity ORDER BY state_change").fetchall()
    names = [name for (name,) in rows if name.startswith("host-")]
    return next(host for host in two if host.name == names[-1])


# The proxy


@pytest.mark.parametrize("url", ["https://your.host", "http://127.0.0.1:8080"])
def test_the_documented_proxy_is_sound_and_well_formed(url: str):
    for command in (["validate", "--adapter", "caddyfile", "--config"], ["fmt", "--diff"]):
        told = subprocess.run(
            [hosts.CADDY, *command, hosts.CADDYFILE],
            env=os.environ | {"KWETSBAAR_URL": url, "KWETSBAAR_APPS": "10.0.0.1:8000 10.0.0.2:8000"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        assert not re.search(r"^[-+]", told.stdout, re.M), told.stdout
        assert '"level":"warn"' not in told.stderr, told.stderr


def test_where_no_app_answers_the_proxy_says_so_in_both_languages_and_its_log_names_no_address(place: Path):
    url, nobody = f"http://127.0.0.1:{free_port()}", free_port()
    with hosts.proxied(place / "alone", url, [nobody], lb_try_duration="300ms") as log:
        for path, body in (("/share/madeliefje/", None), ("/nl/feeling/", "a=b")):
            status, headers, text = hosts.ask(hosts.over_tcp(port_of(url)), path, body)
            assert status in (502, 503), path
            assert "Retry-After" in headers
            assert "Permissions-Policy" not in headers, "the service worker knows the site's own pages by it"
            assert '<html lang="nl">' in text
            assert 'lang="en"' in text
            assert set(re.findall(r"tel:\d+", text)) == {line.numbers[0].href for line in LINES[:2]}
        assert "madeliefje" not in log.read_text()
        assert "connection refused" in log.read_text()


def test_nobody_can_choose_the_address_that_tries_are_counted_under(proxy: Path, url: str):
    def searches(source: str, said: str) -> int:
        connection = hosts.over_tls(port_of(url), proxy, source)
        return hosts.ask(connection, "/en/read/search/?q=shame", None, {"X-Forwarded-For": said})[0]

    answers = [searches("127.0.0.9", f"192.0.2.{n}") for n in range(61)]
    assert answers == [200] * 60 + [429], "what a client says about itself is dropped"
    assert searches("127.0.0.10", "127.0.0.9") == 200, "and nobody is counted for somebody else"


# The hosts


def test_what_was_begun_on_one_host_goes_on_on_the_other(two: list[Host], url: str):
    somebody = Somebody(url).starts(two[0])
    status, page = somebody.ask(two[1], "/en/journal/new/")
    assert status == 200, "who signed in at one is signed in at the other"
    form = next(form for form in Html(page).forms if "body" in str(form.fields))
    typed = {name: value for _kind, name, value in form.fields} | {"body": "half a madelief"}
    which = {"draft_page": re.search(r'data-page="([^"]*)"', page)[1]}
    assert somebody.send(two[0], "/drafts/", typed | which)[0] == 200
    assert "half a madelief" in somebody.ask(two[1], "/en/journal/new/")[1], "what was being typed is there"
    assert somebody.send(two[1], form.action or "/en/journal/new/", typed)[0] == 302
    assert "half a madelief" in somebody.ask(two[0], "/en/journal/")[1]


def test_tries_counted_on_one_host_count_on_the_other(two: list[Host], url: str):
    somebody = Somebody(url).starts(two[0])
    tries = [somebody.ask(two[n % 2], "/en/privacy/import/", {})[0] for n in range(6)]
    assert tries == [200, 200, 200, 200, 200, 429]


def test_a_request_leaves_nothing_on_the_disk_of_its_host(two: list[Host], url: str):
    somebody = Somebody(url).starts(two[0])
    assert somebody.ask(two[0], "/en/journal/new/", {"body": "madelief"})[0] in (200, 302)
    assert somebody.ask(two[0], "/en/privacy/export/", {})[1].startswith("PK"), "a download"
    assert somebody.ask(two[0], "/en/nowhere/")[0] == 404
    there = {str(file.relative_to(two[0].home)) for file in two[0].home.rglob("*") if not file.is_dir()}
    assert there == {"log"}, "what it says (where mail is sent; else there are files of that)"
    assert "madelief" not in (two[0].home / "log").read_text()


def test_one_host_dies_in_the_middle_of_an_evening_and_nobody_notices(
    browser: Browser, proxy: Path, two: list[Host], data: Path, url: str
):
    bad: list[str] = []

    def look(response: Response) -> None:
        if response.status >= 400:
            bad.append(f"{response.status} {response.request.method} {response.url}")

    context = browser.new_context(base_url=url, viewport=PHONE, locale="nl", ignore_https_errors=True)
    page = context.new_page()
    page.on("response", look)
    before = count(data, "dailyfeeling", "journalentry")
    consents(page, "nl")
    page.goto("/nl/feeling/")
    chooses(page, "words", "tense")
    page.locator("[name=sentence]").press_sequentially("een madelief", delay=20)
    dead = last_to_answer(data, two)
    dead.dies()
    fill(page, "own_word")
    save(page)
    for path in ("today/", "evidence/", "read/safe-answer/", "people/"):
        page.goto(f"/nl/{path}")
    page.goto("/nl/journal/new/")
    fill(page, "body")
    save(page)
    page.goto("/nl/journal/")
    expect(page.locator("main")).to_contain_text(SECRETS["body"])
    assert not bad
    assert count(data, "dailyfeeling", "journalentry") == [n + 1 for n in before]
    assert last_to_answer(data, two) is not dead
    context.close()
    dead.starts()
    hosts.wait_for(dead.port)
