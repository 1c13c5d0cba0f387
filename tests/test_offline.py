"""Reading without a connection, and a save that loses it: in a real Chromium, with the network cut."""

import http.client
import inspect
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as site_settings
from django.db import connection
from django.utils import translation
from django.utils.module_loading import import_string
from playwright.sync_api import Error, Page, expect

from exercises.offline import worker
from exercises.records.typed import SECRET
from tests.running import as_owner
from tests.test_main_path import save, someone, starts

__all__ = ["someone"]

TEXT = "pearblossom in the margin"
LEFT_BEHIND = """Promise.all([caches.keys(), navigator.serviceWorker.getRegistrations(), indexedDB.databases()])
    .then((found) => found.map((each) => each.length))"""
KEPT = """caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((cache) => cache.keys()
    .then((asked) => Promise.all(asked.map((each) => cache.match(each, { ignoreVary: true }).then((answer) => answer.text()
    .then((text) => [name, new URL(each.url).pathname, text]))))))))).then((all) => all.flat())"""
names = pytest.mark.parametrize


# What the worker is told


@names("language", ["nl", "en"])
def test_the_worker_is_the_same_for_everybody_and_asks_nothing_of_the_database(client, as_emma, language):
    with connection.execute_wrapper(lambda *_args: pytest.fail("a query")):
        answer = client.get(f"/sw.js?language={language}")
        assert as_emma.get(f"/sw.js?language={language}").content == answer.content
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert "no-cache" in answer["Cache-Control"]
    assert not answer.cookies
    assert f'"language": "{language}"' in answer.text


def test_an_unknown_language_gets_the_sites_own(client):
    assert (
        client.get("/sw.js?language=xx").content
        == client.get("/sw.js").content
        == client.get("/sw.js?language=nl").content
    )


@names("language", ["nl", "en"])
def test_every_page_that_is_kept_is_a_visitors_page_without_a_form_to_fill_in(client, language):
    kept = worker.addresses(language)
    assert len(kept) == len(set(kept)) > 20
    with connection.execute_wrapper(lambda *_args: pytest.fail("a query")):
        for address in kept:
            page = client.get(address)
            assert (page.status_code, dict(page.cookies)) == (200, {}), address
            assert f'<html lang="{language}"' in page.text
            assert "csrfmiddlewaretoken" not in page.text


def test_the_version_is_the_same_in_every_process_whatever_the_first_reader_speaks():
    seen = set()
    for language in ("nl", "en"):
        worker.version.cache_clear()
        with translation.override(language):
            seen.add(worker.version())
    assert len(seen) == 1


def test_the_version_looks_at_all_code_of_this_house_that_gives_public_pages_their_words(settings):
    given = settings.TEMPLATES[0]["OPTIONS"]["context_processors"]
    code = [path for path in (*given, *settings.MIDDLEWARE) if path.startswith(("exercises.", "kwetsbaar."))]
    files = {Path(inspect.getsourcefile(inspect.unwrap(import_string(path)))) for path in code}
    assert len(files) > 1
    assert files <= set(worker._sources())


def test_the_version_changes_with_a_course_with_a_setting_and_with_nothing_else(settings, tmp_path):
    def version() -> str:
        worker.version.cache_clear()
        return worker.version()

    first = version()
    assert version() == first
    settings.CONTROLLER = "someone else"
    second = version()
    (tmp_path / "01-a.md").write_text("one")
    settings.COURSES = [tmp_path]
    third = version()
    (tmp_path / "01-a.md").write_text("two")
    fourth = version()
    worker.version.cache_clear()
    assert len({first, second, third, fourth}) == 4


def test_signing_out_tells_the_browser_to_forget_what_it_stores(as_emma):
    assert as_emma.post("/en/account/sign-out/")["Clear-Site-Data"] == '"storage"'


def test_the_worker_never_shows_again_what_the_error_pages_never_show_again(client):
    told = json.loads(re.search(r"^const told = (.*);$", client.get("/sw.js").text, re.M)[1])
    assert set(told["typed"]["secret"]) == SECRET
    assert told["exit"] == site_settings.EXIT_URL


# A connection that fails in each way that connections do


class Line:
    """Between the browser and the site. `goes`: through · cut · dropped (arrives, no answer) · away (502) · slow."""

    def __init__(self, site: str) -> None:
        self.site, self.goes = urlsplit(site), "through"
        self.changed: dict[bytes, bytes] = {}  # what a new version of the site says instead
        self.version = b""  # which the worker is told instead of its own
        self.asked: list[str] = []
        line = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                line.pass_on(self)

            do_POST = do_GET

            def log_message(self, *args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pass_on(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        self.asked.append(f"{asked.command} {asked.path}")
        asked.close_connection = True
        if self.goes == "cut":
            return
        if self.goes == "slow":
            time.sleep(8)
        if self.goes == "away":
            asked.send_response(502)
            asked.send_header("Content-Length", "11")
            asked.end_headers()
            asked.wfile.write(b"Bad gateway")
            return
        self.answer(asked, body)

    def answer(self, asked: BaseHTTPRequestHandler, body: bytes) -> None:
        path = asked.path
        for old, new in self.changed.items():
            path = path.replace(new.decode(), old.decode())
        headers = {name: value for name, value in asked.headers.items() if name != "Accept-Encoding"}
        with closing(http.client.HTTPConnection(self.site.hostname, self.site.port, timeout=30)) as upstream:
            upstream.request(asked.command, path, body or None, headers)
            answer = upstream.getresponse()
            text = answer.read()
        if self.goes == "dropped":
            return
        for old, new in self.changed.items():
            text = text.replace(old, new)
        if self.version:  # whichever of the site's processes answers
            text = re.sub(rb'"version": "\w+"', b'"version": "%s"' % self.version, text)
        asked.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "etag", "date", "server"):
                asked.send_header(name, value)
        asked.send_header("Content-Length", str(len(text)))
        asked.send_header("Connection", "close")
        asked.end_headers()
        asked.wfile.write(text)


@pytest.fixture
def line(site: str) -> Iterator[Line]:
    line = Line(site)
    yield line
    line.server.shutdown()
    line.server.server_close()


@pytest.fixture
def reader(someone, line) -> Callable[..., Page]:
    """Opens a browser that keeps pages, on that line."""

    def opens(language: str = "en", path: str = "read/") -> Page:
        page = someone(language, service_workers="allow", base_url=line.address)
        page.goto(f"/{language}/{path}")
        until(page, "Boolean(navigator.serviceWorker.controller)")
        return page

    return opens


@pytest.fixture
def writer(reader) -> Page:
    """Someone who has started, in a browser that keeps pages."""
    page = reader()
    page.code = starts(page, "en")
    return page


def until(page: Page, holds: str, within: float = 60) -> None:
    """Waits until that JavaScript gives true (the page's walls forbid Playwright's own way).

    Long, because a browser on a busy machine takes its time to start a worker.
    """
    end = time.monotonic() + within
    while not page.evaluate(holds):
        assert time.monotonic() < end, holds
        page.wait_for_timeout(100)


def heading(page: Page) -> str:
    return page.locator("main h1").inner_text()


def status(page: Page):
    return page.locator("[data-connection]")


# Reading


@names("language", ["nl", "en"])
def test_all_of_it_is_readable_without_a_connection_after_the_first_visit(reader, language):
    page = reader(language, "read/dimmer/")
    page.context.set_offline(True)
    for address in worker.addresses(language):
        answer = page.goto(address)
        assert answer.status == 200
        assert page.locator("html").get_attribute("lang") == language
        assert heading(page)
        assert page.evaluate("getComputedStyle(document.querySelector('.site-head')).display") != "block", "styled"
        if not address.endswith("offline/"):
            expect(status(page)).to_contain_text("offline")
            expect(status(page)).to_contain_text("bewaard" if language == "nl" else "kept on this device")
    offline = {"nl": "Je bent offline", "en": "You are offline"}
    for address in ("today/", "journal/new/", "read/search/?q=pearblossom", "nothing-here/"):
        answer = page.goto(f"/{language}/{address}")
        assert (answer.status, heading(page)) == (503, offline[language])
    page.goto("/")
    assert urlsplit(page.url).path == f"/{language}/"
    page.goto(f"/{language}/today/")
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again" if language == "en" else "Probeer opnieuw").click()
    expect(page).to_have_url(re.compile("/start/"))


def test_a_page_that_loses_the_connection_says_so_and_takes_it_back(reader):
    page = reader()
    page.goto("/en/accessibility/")  # not kept
    page.context.set_offline(True)
    expect(status(page)).to_have_text("You are offline.")
    page.context.set_offline(False)
    expect(status(page)).to_have_text("")


def test_what_is_kept_is_a_visitors_and_who_is_signed_in_gets_their_own(writer, line):
    page = writer
    page.goto("/en/read/dimmer/")
    page.locator(".margin summary").first.click()
    page.locator(".margin textarea").first.fill(TEXT)
    page.locator(".margin form button").first.click()
    expect(page.locator(".margin").first).to_contain_text(TEXT)
    page.goto("/en/help/")
    line.asked.clear()
    page.goto("/en/read/dimmer/")
    expect(page.locator("main")).to_contain_text(TEXT)
    expect(status(page)).to_have_text("")
    assert "GET /en/read/dimmer/" in line.asked
    kept = page.evaluate(KEPT)
    assert {path for _name, path, _text in kept} >= set(worker.addresses("en"))
    assert not [path for _name, path, text in kept if TEXT in text]
    pages = {path: text for _name, path, text in kept if not path.startswith("/static/")}
    assert not [path for path, text in pages.items() if "csrfmiddlewaretoken" in text or "data-signed-in" in text]
    for goes in ("cut", "away", "slow"):
        line.goes = goes
        page.goto("/en/read/dimmer/")
        expect(page.locator("main")).not_to_contain_text(TEXT)
        expect(status(page)).to_have_text("This page was kept on this device.")
    line.goes = "cut"
    page.goto("/en/journal/")
    assert heading(page) == "You are offline"
    expect(page.locator("body")).not_to_contain_text("Bad gateway")


def test_a_new_version_leaves_no_page_half_old_in_any_tab(reader, line):
    first = reader(path="read/dimmer/")
    second = first.context.new_page()
    second.goto(f"{line.address}/en/help/")
    css = re.search(r"site\.[0-9a-f]{12}\.css", first.content())[0].encode()
    new_css = b"site.0123456789ab.css"
    line.version = b"f" * 12
    line.changed = {css: new_css, b"<h1>Help now": b"<h1>New help now"}
    first.evaluate("navigator.serviceWorker.getRegistration().then((each) => each.update())")
    is_there = "caches.match('/en/offline/', { cacheName: 'pages-ffffffffffff-en', ignoreVary: true }).then(Boolean)"
    until(first, is_there)
    took_over = "navigator.serviceWorker.getRegistration().then((each) => !each.waiting && !each.installing)"
    until(first, took_over, within=120)
    line.goes = "cut"
    assert heading(second) == "Help now", "a page that is open stays as it is"
    second.evaluate(f"fetch('/static/{css.decode()}').then((answer) => answer.text())")
    second.reload()
    assert heading(second) == "New help now"
    assert new_css.decode() in second.content()
    first.goto("/en/read/")
    assert new_css.decode() in first.content()
    assert css.decode() not in first.content()
    assert first.evaluate("getComputedStyle(document.querySelector('.site-head')).display") != "block", "styled"


def test_a_first_visit_that_is_cut_off_keeps_nothing_and_the_next_one_keeps_all(someone, line):
    page = someone("en", service_workers="allow", base_url=line.address)
    line.changed = {b'"/en/help/"': b'"/en/nowhere/"'}
    page.goto("/en/read/")
    page.wait_for_timeout(3000)
    assert page.evaluate("caches.keys()") == []
    line.changed = {}
    page.reload()
    until(page, "Boolean(navigator.serviceWorker.controller)")
    assert len(page.evaluate(KEPT)) > 20


# Leaving


def a_store(page: Page) -> None:
    page.evaluate(
        "new Promise((done) => { indexedDB.open('kept').onsuccess = (event) => done(event.target.result.close()); })"
    )


def signs_out(page: Page) -> None:
    page.goto("/en/account/sign-out/")
    page.locator("main form button.button").first.click()
    expect(page).to_have_url(re.compile("/en/#out"))


def deletes(page: Page) -> None:
    page.goto("/en/privacy/delete/")
    page.check("[name=sure]")
    page.locator("main form button.button").first.click()
    expect(page.locator("h1")).to_have_text("Everything is deleted")


def leaves(page: Page) -> None:
    page.locator(".exit").click()
    expect(page).to_have_url(re.compile("/healthz"))


@names("goes", [signs_out, deletes, leaves])
def test_nothing_stays_in_the_browser_after(writer, line, goes):
    page = writer
    page.goto("/en/journal/")
    a_store(page)
    assert all(page.evaluate(LEFT_BEHIND))
    goes(page)
    page.wait_for_timeout(700)
    if not page.url.startswith(line.address):
        page.goto("/healthz")
    assert page.evaluate(LEFT_BEHIND) == [0, 0, 0]
    page.go_back()
    expect(page.locator("body")).not_to_contain_text("My journal")


def test_leaving_works_without_a_connection_and_the_session_ends_before_anything_else_is_shown(writer, line):
    page = writer
    page.goto("/en/today/")
    a_store(page)
    other = page.context.new_page()
    other.goto(f"{line.address}/en/help/")
    line.goes = "cut"
    page.locator(".exit").click()
    expect(page).to_have_url(re.compile("/healthz"))
    assert other.evaluate("caches.keys()") == ["left"]
    assert other.evaluate("indexedDB.databases()") == []
    with suppress(Error):
        page.go_back()
    page.wait_for_timeout(500)
    expect(page.locator("body")).not_to_contain_text("Notes")
    page.close()
    for address in ("/en/today/", "/en/read/"):
        tab = other.context.new_page()
        with pytest.raises(Error, match="ERR_FAILED"):
            tab.goto(f"{line.address}{address}")
        tab.close()
    line.goes = "through"
    line.asked.clear()
    page = other.context.new_page()
    page.goto(f"{line.address}/en/today/")
    assert line.asked[:2] == ["GET /weg/", "GET /en/today/"]
    expect(page).to_have_url(re.compile("/start/"))
    assert [each["name"] for each in page.context.cookies() if each["name"] == "session"] == []


# A save that loses the connection


def entries(data) -> int:
    with as_owner(data) as database:
        return database.execute("SELECT count(*) FROM exercises_journalentry").fetchone()[0]


@names("goes", ["cut", "dropped", "away"])
def test_a_save_that_loses_the_connection_is_shown_sent_again_and_stored_once(writer, line, data, goes):
    page = writer
    before = entries(data)
    page.goto("/en/journal/new/")
    page.fill("[name=body]", "<b>pearblossom & “all” of it</b>\n\nand a second line, $& $1")
    line.goes = goes
    page.locator("main form .save-bar button").first.click()
    expect(page.locator("h1")).to_have_text("You are offline")
    words = page.locator("[data-lost] textarea[name=body]")
    expect(words).to_be_visible()
    expect(words).to_have_value("<b>pearblossom & “all” of it</b>\n\nand a second line, $& $1")
    page.locator("[data-lost] button").click()
    expect(words).to_have_value("<b>pearblossom & “all” of it</b>\n\nand a second line, $& $1")
    assert not [path for _name, path, text in page.evaluate(KEPT) if "pearblossom" in text]
    line.goes = "through"
    save(page)
    expect(page.locator("main")).to_contain_text("pearblossom & “all” of it")
    assert entries(data) == before + 1


def test_a_page_with_lost_words_stays_in_no_cache_and_is_asked_anew_when_one_comes_back_to_it(writer, line):
    page = writer
    page.goto("/en/journal/new/")
    page.fill("[name=body]", TEXT)
    line.goes = "cut"
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.from_service_worker) as lost:
        page.locator("main form .save-bar button").first.click()
    assert lost.value.headers["cache-control"] == "no-store"
    expect(page.locator("[data-lost] textarea[name=body]")).to_have_value(TEXT)
    with page.expect_event("framenavigated"):
        page.evaluate("void dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")


def test_a_form_within_a_page_that_gets_no_answer_is_not_lost_either(writer, line):
    page = writer
    page.goto("/en/read/dimmer/")
    page.locator(".margin summary").first.click()
    page.locator(".margin textarea").first.fill(TEXT)
    line.goes = "cut"
    page.locator(".margin form button").first.click()
    expect(page.locator("[data-lost] textarea").first).to_have_value(TEXT)
    line.goes = "through"
    page.locator("[data-lost] button").click()
    expect(page.locator("main")).to_contain_text(TEXT)
    expect(page).to_have_url(re.compile("/read/dimmer/"))


def test_a_password_or_pin_is_never_shown_again_and_a_file_is_chosen_again(writer, line, tmp_path):
    page = writer
    page.goto("/en/privacy/settings/")
    page.locator("#lock summary").click()
    page.fill("[name=pin]", "8642")
    page.fill("[name=pin_again]", "8642")
    line.goes = "cut"
    page.locator("#lock details button").click()
    expect(page.locator("h1")).to_have_text("You are offline")
    assert "8642" not in page.content()
    line.goes = "through"
    page.goto("/en/privacy/import/")
    (tmp_path / "notes.zip").write_bytes(b"PK")
    page.set_input_files("[name=file]", tmp_path / "notes.zip")
    line.goes = "cut"
    page.locator("main form button.button").first.click()
    expect(page.get_by_label("Choose the file again")).to_be_visible()
    assert page.locator("[data-lost]").get_attribute("enctype") == "multipart/form-data"


def test_what_was_lost_is_blurred_and_covered_for_who_wishes_so(writer, line):
    page = writer
    page.goto("/en/privacy/settings/")
    page.locator("#lock summary").click()
    page.fill("[name=pin]", "8642")
    page.fill("[name=pin_again]", "8642")
    save_pin = page.locator("#lock details button")
    with page.expect_event("framenavigated"):
        save_pin.click()
    page.get_by_role("button", name="Blur my words").click()
    expect(page.locator("html")).to_have_attribute("data-blur", "")
    page.goto("/en/journal/new/")
    page.fill("[name=body]", TEXT)
    page.clock.install()
    line.goes = "cut"
    page.locator("main form .save-bar button").first.click()
    page.mouse.move(5, 5)
    words = page.locator("[data-lost] textarea[name=body]")
    expect(words).to_have_css("filter", re.compile("blur"))
    page.clock.fast_forward("05:01")
    expect(words).to_be_hidden()
    expect(page.locator("[data-covered]")).to_be_visible()
