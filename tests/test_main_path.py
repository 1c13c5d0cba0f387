"""The main path in a real browser, as someone new walks it on a phone: Dutch and English, with and without JavaScript."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from kwetsbaar.embedded import server
from tests.running import Page as Html

PHONE = {"width": 360, "height": 740}
WAYS = [("nl", True), ("nl", False), ("en", True), ("en", False)]
# One word a field, found nowhere else, so that a dump can be searched for them
SECRETS = {
    "name": "Zwaluwtje", "topic": "kersenpit", "usual": "wilgenkat", "more": "madelief", "expectation": "boterbloem",
    "if_then": "hazelnoot", "happened": "kwikstaart", "learned": "lindeblad", "sentence": "korenaar", "own_word": "rietpluim",
    "body": "vuurtoren", "takeaway": "schelpenpad",
}  # fmt: skip


@pytest.fixture
def someone(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens a browser of one's own on the site: `someone("nl", javascript=False)`."""
    contexts: list[BrowserContext] = []

    def opens(language: str = "nl", *, javascript: bool = True, **options) -> Page:
        usual = {"base_url": site, "viewport": PHONE, "locale": language, "java_script_enabled": javascript}
        context = browser.new_context(**usual | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    yield opens
    for context in contexts:
        context.close()


def starts(page: Page, language: str = "nl", then: str = "") -> str:
    """As `consents`, for a test about what comes after: nothing is drawn but the page that it leads to."""
    path, zone = f"/{language}/start/{then}", page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    form = next(form for form in Html(page.request.get(path).text()).forms if "consent" in str(form.fields))
    ticked = {name: value for _kind, name, value in form.fields} | {"adult": "on", "consent": "on", "time_zone": zone}
    answer = page.request.post(path, form=ticked).text().partition("<main")[2]
    page.goto(unescape(re.search(r'<a class="button" href="([^"]*)"', answer)[1]))
    return re.search(r'class="code"[^>]*>([^<]*)<', answer)[1].strip()


def consents(page: Page, language: str = "nl", then: str = "") -> str:
    """Starts on the page itself, and comes away with a return code."""
    page.goto(f"/{language}/start/{then}")
    page.check("[name=adult]")
    page.check("[name=consent]")
    save(page)
    code = page.locator("main .code").inner_text().strip()
    page.locator("main a.button").first.click()
    return code


def save(page: Page, clicks: int = 1) -> None:
    """Presses the page's own save button, and waits for what comes after."""
    with page.expect_event("framenavigated"):
        bar = page.locator("main form .save-bar button")
        button = bar if bar.count() else page.locator("main form button.button:not(.text)")
        button.first.click(click_count=clicks)
    page.wait_for_load_state()


def chooses(page: Page, name: str, value: str) -> None:
    """Picks a radio or box, opening what it is folded into."""
    box = page.locator(f"[name={name}][value='{value}']")
    folded = page.locator("details:not([open])", has=box)
    if folded.count():
        folded.first.locator("summary").first.click()
    box.check()


def fill(page: Page, *names: str) -> None:
    for name in names:
        field = page.locator(f"[name={name}]")
        folded = page.locator("details:not([open])", has=field)
        if folded.count():
            folded.first.locator("summary").first.click()
        field.fill(f"iets met {SECRETS[name]} erin" if name not in ("name", "own_word") else SECRETS[name])


def plans(page: Page, language: str, clicks: int = 1) -> None:
    """From an exercise to a plan with someone new."""
    page.goto(f"/{language}/exercises/dimmer/")
    page.locator(f"main a[href*='/{language}/dimmer/new/']").click()
    fill(page, "name", "topic")
    save(page, clicks)
    expect(page).to_have_url(re.compile("/attempt/"))
    chooses(page, "level", "30")
    fill(page, "usual", "more", "expectation", "if_then")
    chooses(page, "chance", "60")
    chooses(page, "fear_expected", "5")
    save(page, clicks)
    expect(page.locator("main")).to_contain_text(SECRETS["expectation"])


def looks_back(page: Page, language: str, clicks: int = 1) -> None:
    page.locator("main a[href*='/stay/']").first.click()
    expect(page.locator("main")).to_contain_text(SECRETS["expectation"])
    page.locator("main a[href*='/after/']").first.click()
    expect(page.locator(".prediction")).to_contain_text(SECRETS["expectation"])
    for name, value in {
        "done": "full",
        "came_true": "no",
        "fear_peak": "6",
        "fear_after": "3",
        "bore_it": "yes",
    }.items():
        chooses(page, name, value)
    fill(page, "happened", "learned")
    expect(page.locator("[name=add_evidence]")).to_be_checked()
    save(page, clicks)
    expect(page.locator("main")).to_contain_text(SECRETS["learned"])


def logs(page: Page, language: str, clicks: int = 1) -> None:
    page.goto(f"/{language}/feeling/")
    chooses(page, "words", "tense")
    fill(page, "own_word", "sentence")
    chooses(page, "intensity", "4")
    save(page, clicks)
    page.goto(f"/{language}/journal/new/")
    fill(page, "body", "takeaway")
    save(page, clicks)


def walks(page: Page, language: str, clicks: int = 1) -> None:
    plans(page, language, clicks)
    looks_back(page, language, clicks)
    logs(page, language, clicks)


@pytest.mark.parametrize(("language", "javascript"), WAYS)
def test_someone_new_reads_practises_logs_and_looks_back(someone, site, language, javascript):
    page = someone(language, javascript=javascript)
    page.goto("/")
    expect(page).to_have_url(re.compile(f"/{language}/$"))
    page.locator(f"main a[href='/{language}/read/']").first.click()
    page.locator("main a[href*='/read/safe-answer/']").click()
    expect(page.locator(".prose")).to_contain_text("Emma")
    consents(page, language)
    expect(page).to_have_url(re.compile(f"/{language}/today/"))
    walks(page, language)

    page.goto(f"/{language}/evidence/")
    expect(page.locator(".feared")).to_contain_text(SECRETS["expectation"])
    expect(page.locator(".happened")).to_contain_text(SECRETS["happened"])
    page.goto(f"/{language}/journal/")
    expect(page.locator("main")).to_contain_text(SECRETS["body"])
    page.goto(f"/{language}/progress/")
    expect(page.locator("main table").first).to_be_attached()
    expect(page.locator(".totals")).to_contain_text("1")
    page.goto(f"/{language}/today/")
    expect(page.locator("main")).to_contain_text(SECRETS["own_word"])
    expect(page.locator("main")).to_contain_text(SECRETS["expectation"])
    page.goto(f"/{language}/evidence/new/")
    page.fill("[name=happened]", "First it was still.\nThen she laughed.")
    save(page)
    assert page.locator(".happened .own").first.inner_text() == "First it was still.\nThen she laughed."


@pytest.mark.parametrize("javascript", [True, False])
def test_a_double_click_on_every_save_stores_once(someone, javascript):
    page = someone("nl", javascript=javascript)
    starts(page)
    walks(page, "nl", clicks=2)
    page.goto("/nl/people/")
    assert page.locator("main .items a[href*='/people/']").count() == 1
    page.goto("/nl/dimmer/")
    assert page.locator("main a[href*='/dimmer/']", has_text=SECRETS["topic"]).count() == 1
    page.locator("main a[href*='/dimmer/']", has_text=SECRETS["topic"]).first.click()
    assert page.locator("main .items a[href*='/attempts/']").count() == 1
    page.goto("/nl/exercises/safe-answer/")
    fill(page, "expectation")
    save(page, clicks=2)
    page.goto("/nl/dimmer/")
    assert page.locator("main a[href*='/attempts/']").count() == 1
    page.goto("/nl/progress/")
    assert page.locator(".calendar td[data-level]").count() == 1
    page.goto("/nl/evidence/")
    assert page.locator(".evidence").count() == 1
    page.goto("/nl/journal/")
    assert page.locator("main .items li").count() == 1
    page.locator("main .items a").first.click()
    expect(page.locator("[name=body]")).to_have_value(re.compile(SECRETS["body"]))


def test_after_the_main_path_the_database_its_log_and_a_dump_hold_none_of_the_words(someone, data: Path):
    page = someone("nl")
    code = starts(page)
    walks(page, "nl")
    environ = os.environ | {"PGHOST": str((data / "postgres").resolve()), "PGUSER": "owner", "PGDATABASE": "app"}
    dump = subprocess.run([server.program("pg_dump")], env=environ, capture_output=True, check=True).stdout
    assert b"exercises_journalentry" in dump
    own = re.sub(rb"COPY public\.exercises_passage .*?\n\\\.\n", b"", dump, flags=re.DOTALL)  # the course is for all
    assert b"tense" not in own  # the feeling's word is sealed too, though it is one of ours
    for word in [*SECRETS.values(), code, code.replace("-", "")]:
        for written in (word.encode(), word.lower().encode(), word.encode().hex().encode()):
            assert written not in dump, word
            for file in [*data.glob("log"), *data.resolve().glob("postgres/log*")]:
                assert written not in file.read_bytes(), (word, file)


def test_the_return_code_brings_someone_back_after_leaving_quickly(someone):
    page = someone("nl")
    code = starts(page)
    logs(page, "nl")
    page.locator("header .exit").click()
    expect(page).to_have_url(re.compile("healthz"))
    page.goto("/nl/journal/")
    expect(page).to_have_url(re.compile("/start/"))
    page.goto("/nl/account/return/?next=/nl/journal/")
    page.fill("[name=code]", code.lower().replace("-", " "))
    save(page)
    expect(page.locator("main")).to_contain_text(SECRETS["body"])


def test_back_after_leaving_shows_nothing(someone):
    page = someone("nl")
    starts(page)
    logs(page, "nl")
    page.goto("/nl/journal/")
    page.locator("header .exit").click()
    expect(page).to_have_url(re.compile("healthz"))
    page.go_back()
    page.wait_for_load_state()
    expect(page.locator("body")).not_to_contain_text(SECRETS["body"])


def test_three_times_shift_leaves_and_another_key_in_between_does_not(someone):
    page = someone("nl")
    page.goto("/nl/")
    for key in ("Shift", "Shift", "a", "Shift"):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert page.url.endswith("/nl/")
    for _ in range(3):
        page.keyboard.press("Shift")
    expect(page).to_have_url(re.compile("healthz"))


def test_what_was_deleted_can_be_taken_back_at_once(someone):
    page = someone("en")
    starts(page, "en")
    logs(page, "en")
    page.goto("/en/journal/")
    page.locator("main .items a").first.click()
    page.locator("form[action*='/delete/'] button").click()
    expect(page.locator("main .items")).to_have_count(0)
    page.locator("form[action*='/undo/'] button").click()
    expect(page.locator("main .items")).to_contain_text(SECRETS["body"])


def test_a_form_with_an_old_token_keeps_the_text_and_can_be_sent_again(someone):
    page = someone("nl")
    starts(page)
    page.goto("/nl/journal/new/")
    fill(page, "body")
    page.evaluate("document.querySelector('main [name=csrfmiddlewaretoken]').value = 'x'.repeat(64)")
    save(page)
    expect(page.locator("textarea").first).to_have_value(re.compile(SECRETS["body"]))
    save(page)
    page.goto("/nl/journal/")
    expect(page.locator("main .items li")).to_have_count(1)


def test_a_lost_session_keeps_the_text_until_one_has_signed_in_in_another_tab(someone):
    page = someone("nl")
    code = starts(page)
    page.goto("/nl/journal/new/")
    fill(page, "body")
    cookies = [cookie for cookie in page.context.cookies() if cookie["name"] != "session"]
    page.context.clear_cookies()
    page.context.add_cookies(cookies)
    save(page)
    expect(page.locator("textarea").first).to_have_value(re.compile(SECRETS["body"]))
    other = page.context.new_page()
    other.goto("/nl/account/return/")
    other.fill("[name=code]", code)
    save(other)
    save(page)  # its token is of before the sign-in: the text is shown once more
    if page.locator("textarea").count() and "journal/new" in page.url:
        save(page)
    page.goto("/nl/journal/")
    expect(page.locator("main .items li")).to_have_count(1)
    expect(page.locator("main .items")).to_contain_text(SECRETS["body"])


def test_a_module_read_to_its_end_is_marked_by_itself(someone):
    page = someone("en")
    starts(page, "en")
    page.goto("/en/read/dimmer/")
    with page.expect_response(re.compile("/mark/")):
        page.locator("[data-read-end]").scroll_into_view_if_needed()
    page.goto("/en/read/")
    expect(page.locator("main li", has_text="dimmer").first).to_contain_text("read")


def test_the_light_of_the_page_follows_the_dimmer(someone):
    page = someone("en")
    starts(page, "en")
    plans(page, "en")
    page.goto(page.url + "?edit=1")
    for level in ("0", "80"):
        chooses(page, "level", level)
        expect(page.locator("html")).to_have_attribute("data-light", level)


def test_the_days_are_those_of_the_browsers_time_zone(someone):
    page = someone("en", timezone_id="Pacific/Kiritimati")
    consents(page, "en")
    page.goto("/en/privacy/settings/")
    expect(page.locator("[name=time_zone]")).to_have_value("Pacific/Kiritimati")


def test_nothing_is_fetched_from_another_host_and_nothing_kept_in_the_browser_but_two_cookies_and_public_pages(
    someone, site
):
    page = someone("nl", service_workers="allow")
    hosts = set()
    page.context.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto("/nl/")
    page.goto("/nl/read/safe-answer/")
    consents(page)
    walks(page, "nl")
    for path in ("today", "evidence", "progress", "journal", "help", "privacy", "safe-use", "about"):
        page.goto(f"/nl/{path}/")
    assert hosts == {urlsplit(site).netloc}
    assert {cookie["name"] for cookie in page.context.cookies()} == {"session", "csrf"}
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("indexedDB.databases().then(all => all.length)") == 0
    kept = page.evaluate("caches.keys()")  # what is in them: test_offline
    assert [name for name in kept if not name.startswith("pages-")] == ["signed-in"]


def test_the_whole_path_works_with_the_keyboard_alone(someone):
    page = someone("en")
    page.goto("/en/start/")

    def tab_to(selector: str) -> None:
        for _ in range(150):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({selector!r})"):
                return
        pytest.fail(f"the keyboard does not reach {selector}")

    tab_to("[name=adult]")
    page.keyboard.press("Space")
    tab_to("[name=consent]")
    page.keyboard.press("Space")
    tab_to("main form button")
    page.keyboard.press("Enter")
    page.wait_for_selector("main .code")
    page.goto("/en/feeling/")
    tab_to("main summary")
    page.keyboard.press("Enter")
    tab_to("[name=words]")
    page.keyboard.press("Space")
    tab_to("[name=sentence]")
    page.keyboard.type("by keyboard")
    tab_to(".save-bar button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/today/")
    expect(page.locator("main")).to_contain_text("by keyboard")


def test_back_and_save_again_changes_what_was_saved_instead_of_adding_to_it(someone):
    page = someone("nl")
    starts(page)
    page.goto("/nl/journal/new/")
    fill(page, "body")
    save(page)
    page.go_back()
    page.locator("[name=body]").fill("nu anders")
    save(page)
    page.goto("/nl/journal/")
    expect(page.locator("main .items li")).to_have_count(1)
    expect(page.locator("main .items")).to_contain_text("nu anders")
    page.goto("/nl/journal/new/")
    fill(page, "body")
    save(page)
    page.goto("/nl/journal/")
    expect(page.locator("main .items li")).to_have_count(2)


def test_the_return_code_is_still_there_after_a_reload(someone):
    page = someone("nl")
    page.goto("/nl/start/")
    page.check("[name=adult]")
    page.check("[name=consent]")
    save(page)
    code = page.locator("main .code").inner_text()
    page.reload()
    assert page.locator("main .code").inner_text() == code
