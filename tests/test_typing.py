"""Typing in a real browser: whatever happens to the tab, the session, the connection or the site, it comes back."""

import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.running import free_port, running
from tests.test_main_path import PHONE, save, someone, starts

__all__ = ["someone"]

NEW = "/en/journal/new/"
TEXT = "I almost said it today, and then"
SOON = 12_000  # ms in which what is typed is surely kept
ONE_DRAFT = re.compile(r"^/en/journal/new/\?draft=")


@pytest.fixture
def writer(someone) -> Page:
    """Someone on the page of a new entry."""
    page = someone("en")
    page.code = starts(page, "en")
    page.goto(NEW)
    return page


def types(page: Page, text: str = TEXT) -> None:
    page.locator("[name=body]").press_sequentially(text)


def body(page: Page):
    return page.locator("[name=body]")


def is_kept(page: Page) -> None:
    expect(page.locator(".kept")).to_contain_text("Kept at", timeout=SOON)


def says(page: Page, text: str) -> None:
    expect(page.locator(".kept [role=status]")).to_contain_text(text, timeout=SOON)


def in_a_new_tab(page: Page, path: str = NEW) -> Page:
    tab = page.context.new_page()
    tab.goto(path)
    return tab


def comes_back(tab: Page, code: str) -> None:
    tab.goto("/en/account/return/")
    tab.fill("[name=code]", code)
    save(tab)


def drafts_of(page: Page) -> int:
    tab = in_a_new_tab(page, "/en/drafts/")
    count = tab.locator("main .items li").count()
    tab.close()
    return count


def keep_asked(page: Page) -> list[str]:
    """Grows with each request that keeps something."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/drafts/") else None)
    return asked


def test_a_pause_keeps_it_and_leaving_a_field_keeps_it_sooner(writer):
    types(writer)
    is_kept(writer)
    writer.locator("[name=takeaway]").fill("one line")
    with writer.expect_request("**/drafts/", timeout=1500):
        writer.locator("[name=takeaway]").blur()


def test_who_types_on_and_on_without_a_pause_is_kept_every_few_seconds(writer):
    with writer.expect_request("**/drafts/", timeout=7000):
        for _ in range(12):
            types(writer, "and on ")
            writer.wait_for_timeout(400)


@pytest.mark.parametrize("asked_first", [True, False])
def test_closing_the_tab_in_the_middle_of_a_word_loses_nothing(writer, asked_first):
    context = writer.context
    types(writer)
    dialogs = []
    writer.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    anchor = context.new_page()
    writer.close(run_before_unload=asked_first)
    anchor.wait_for_timeout(700)
    anchor.goto(NEW)
    expect(body(anchor)).to_have_value(TEXT)
    expect(anchor.locator("main .note")).to_contain_text("This is what you were typing on")
    assert dialogs == [], "no question where nothing is in danger"


def test_after_a_crash_of_the_browser_it_is_there_on_another_one(writer, browser: Browser, site):
    types(writer)
    is_kept(writer)
    state = writer.context.storage_state()
    writer.context.close()
    context = browser.new_context(base_url=site, viewport=PHONE, storage_state=state)
    page = context.new_page()
    page.goto(NEW)
    expect(body(page)).to_have_value(TEXT)
    save(page)
    assert drafts_of(page) == 0
    context.close()


def test_following_a_link_or_leaving_quickly_loses_nothing(writer):
    types(writer)
    writer.locator("header a", has_text="Today").click()
    writer.goto(NEW)
    expect(body(writer)).to_have_value(TEXT)
    body(writer).press("End")
    types(writer, " I left")
    dialogs = []
    writer.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    writer.locator("header .exit").click()
    writer.wait_for_url("**/healthz")
    comes_back(writer, writer.code)
    writer.goto(NEW)
    expect(body(writer)).to_have_value(TEXT + " I left")
    assert dialogs == []


def test_saving_at_once_after_typing_leaves_no_draft_behind(writer):
    for pause in (0, 290, 310, 1990, 2010):  # around the moments at which it is kept by itself
        writer.goto(NEW)
        types(writer, f"after {pause}")
        body(writer).blur()
        writer.wait_for_timeout(pause)
        save(writer)
        expect(writer.locator("main .items li").first).to_contain_text(f"after {pause}")
    writer.wait_for_timeout(500)
    assert drafts_of(writer) == 0
    writer.goto("/en/journal/")
    assert writer.locator("main .items li").count() == 5


def test_nothing_typed_stays_nothing(writer):
    asked = keep_asked(writer)
    writer.goto("/en/today/")
    writer.goto(NEW)
    types(writer, "h")
    is_kept(writer)
    body(writer).press("Backspace")
    expect(writer.locator(".kept")).to_contain_text("What you type is kept until you save it.", timeout=SOON)
    assert len(asked) == 2
    assert drafts_of(writer) == 0


def test_thrown_away_is_gone_from_the_page_and_can_be_undone(writer):
    types(writer)
    is_kept(writer)
    writer.reload()
    expect(body(writer)).to_have_value(TEXT)
    body(writer).press("End")
    types(writer, " more")
    writer.get_by_role("button", name="Throw away").click()
    expect(body(writer)).to_have_value("")
    writer.wait_for_timeout(500)
    assert drafts_of(writer) == 0
    writer.get_by_role("button", name="Undo").click()
    writer.locator("main .items a").click()
    expect(writer).to_have_url(re.compile(r"/en/journal/new/\?draft="))
    expect(body(writer)).to_have_value(re.compile(TEXT))


def test_back_to_a_saved_page_never_puts_other_words_in_its_place(writer):
    types(writer, "the first entry")
    save(writer)
    tab = in_a_new_tab(writer)
    types(tab, "another one")
    is_kept(tab)
    tab.close()
    writer.go_back()
    expect(body(writer)).to_have_value("another one")
    save(writer)
    expect(writer.locator("main .items li")).to_have_count(2)


def test_signed_out_while_typing_it_is_kept_after_signing_in_in_another_tab(writer):
    types(writer)
    is_kept(writer)
    writer.context.clear_cookies()  # as after an idle night, or "sign out everywhere"
    types(writer, " it was quiet")
    says(writer, "You are signed out. Your text is still here.")
    link = writer.locator(".kept [role=status] a")
    with writer.context.expect_page() as opened:
        link.click()
    comes_back(opened.value, writer.code)
    opened.value.close()
    writer.bring_to_front()
    is_kept(writer)
    save(writer)  # at once, though signing in has changed the token
    expect(writer.locator("main .items li")).to_contain_text(f"{TEXT} it was quiet")
    assert drafts_of(writer) == 0


def test_signed_in_again_also_the_other_buttons_of_the_page_work(writer):
    types(writer)
    save(writer)
    writer.locator("main .items a").first.click()
    tab = in_a_new_tab(writer, "/en/today/")
    tab.context.clear_cookies()
    comes_back(tab, writer.code)
    tab.close()
    body(writer).press("End")
    types(writer, " more")
    is_kept(writer)
    assert writer.evaluate(
        "document.body.getAttribute('hx-headers').includes(document.querySelector('main [name=csrfmiddlewaretoken]').value)"
    )
    writer.get_by_role("button", name="Delete this page").click()
    expect(writer.locator(".message")).to_contain_text("Deleted.")
    assert drafts_of(writer) == 0


def test_someone_else_who_signs_in_meanwhile_never_gets_it(writer):
    types(writer)
    is_kept(writer)
    writer.context.clear_cookies()
    tab = writer.context.new_page()
    other = starts(tab, "en")
    types(writer, " for me alone")
    says(writer, "Someone else is signed in now in this browser.")
    writer.wait_for_timeout(4500)  # it goes on trying, and is refused each time
    assert drafts_of(writer) == 0, "the list is now the other person's"
    expect(body(writer)).to_have_value(f"{TEXT} for me alone")

    writer.once("dialog", lambda dialog: dialog.accept())
    save(writer)  # the form as it was: an old token, and not theirs
    send_again = writer.get_by_role("button", name="Send it again")
    with writer.expect_event("framenavigated"):
        send_again.click()
    expect(writer.locator("main")).to_contain_text(
        "Someone else is signed in now in this browser, so this was not saved."
    )
    expect(body(writer)).to_have_value(f"{TEXT} for me alone")
    assert in_a_new_tab(writer, "/en/journal/").locator("main .items li").count() == 0

    tab.goto("/en/account/sign-out/")
    tab.locator("main form button").first.click()
    comes_back(tab, writer.code)
    tab.goto(NEW)
    expect(body(tab)).to_have_value(re.compile(TEXT))
    assert other


def test_without_a_connection_it_says_so_and_keeps_it_once_that_is_back(writer):
    dialogs = []
    writer.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.dismiss()))
    writer.context.set_offline(True)
    types(writer)
    says(writer, "Not kept yet, no connection. Your text is still on this page.")
    writer.close(run_before_unload=True)
    writer.wait_for_timeout(500)
    assert dialogs == ["beforeunload"], "while something is in danger, the browser asks"
    expect(body(writer)).to_have_value(TEXT)
    writer.context.set_offline(False)
    says(writer, "Kept at")
    assert body(in_a_new_tab(writer)).input_value() == TEXT
    writer.close(run_before_unload=True)
    assert dialogs == ["beforeunload"]


def test_nothing_of_it_stays_in_the_browser(writer):
    types(writer)
    is_kept(writer)
    writer.reload()
    types(writer, "x")
    is_kept(writer)
    assert writer.evaluate(
        "async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length, (await caches.keys()).length]"
    ) == [0, 0, 0, 0]
    assert TEXT not in writer.evaluate("JSON.stringify(history.state) + document.cookie + location.href")


def test_a_very_long_entry_is_kept_too(writer):
    text = "Een lange zin over vandaag, met é en €. " * 1200
    body(writer).fill(text)
    is_kept(writer)
    expect(body(in_a_new_tab(writer))).to_have_value(text)


def test_turned_off_the_page_asks_nothing_and_says_that_unsaved_text_goes(writer):
    asked = keep_asked(writer)
    writer.goto("/en/privacy/settings/")
    box = writer.locator("[name=drafts_on]")
    if box.count() == 0:
        pytest.skip("no such setting on this page")
    box.uncheck()
    with writer.expect_event("framenavigated"):
        writer.locator("main form", has=box).locator("button").first.click()
    writer.goto(NEW)
    types(writer)
    body(writer).blur()
    writer.wait_for_timeout(3000)
    assert asked == []
    expect(writer.locator("main")).to_contain_text("What you have not saved is gone when you leave this page.")


def workers_of(server: subprocess.Popen) -> list[int]:
    children = Path(f"/proc/{server.pid}/task").glob("*/children")
    pids = [int(pid) for file in children for pid in file.read_text().split()]
    return [pid for pid in pids if b"postgres" not in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture
def own_data():
    with tempfile.TemporaryDirectory(
        prefix="own-", dir=os.environ["KWETSBAAR_DATA"], ignore_cleanup_errors=True
    ) as home:
        os.chmod(home, 0o755)
        yield Path(home)


def test_whatever_happens_to_the_site_while_someone_types_it_comes_back(browser: Browser, own_data):
    port = free_port()
    with running(own_data, port) as (address, server):
        context = browser.new_context(base_url=address, viewport=PHONE, locale="en")
        page = context.new_page()
        starts(page, "en")
        page.goto(NEW)
        types(page)
        is_kept(page)
        workers = workers_of(server)
        assert workers
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        types(page, " the worker died")
        expect(page.locator(".kept")).to_contain_text("Kept at", timeout=30_000)
        server.send_signal(signal.SIGINT)
        server.wait(20)
        types(page, " and the site was gone")
        says(page, "Not kept yet, no connection.")
    with running(own_data, port):
        expect(page.locator(".kept")).to_contain_text("Kept at", timeout=70_000)
        page.close()
        page = context.new_page()
        page.goto(NEW)
        expect(body(page)).to_have_value(f"{TEXT} the worker died and the site was gone")
        save(page)
        context.close()
