"""Every page in a real browser: accessible, in both languages, light and dark, large and narrow."""

import re
import time
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.test_boundary import ROUTES
from tests.test_main_path import PHONE, SECRETS, fill, logs, save, starts, walks

LEFT_OUT = {"drafts/", "healthz", "manifest.webmanifest", "metrics", "readyz", "sw.js", "weg/"}  # no pages
LEFT_OUT |= {"en/offline/kept/", "en/offline/send/"}  # what kept.js asks
LEFT_OUT |= {
    "calendar/<str:token>.ics",
    "en/privacy/reminders/calendar/",
    "en/privacy/reminders/device/",
}  # no pages either
LEFT_OUT |= {"reminders/stop/<str:token>/"}  # its link is known to a mail alone: below, and test_reminders
NO_PAGE = re.compile(  # only a POST; pages among them: below
    "/(undo|mark|code|delete|remove|not-today|not-safe|withdraw|report)/$"
)
ON_THE_WAY = re.compile(  # lead elsewhere, or are nowhere, until one is halfway: test_the_pages_on_the_way_in
    "/(bring|logout|signup|lock|authenticate|reauthenticate|confirm|confirm-email|complete|set|change|webauthn/login"
    "|recovery-codes|recovery-codes/download|totp/deactivate|edit)/$"
)
EXTRA = ["en/account/login/code/", "en/privacy/delete/", "en/people/<uuid:id>/delete/", "en/attempts/<uuid:id>/delete/"]
PAGES = sorted(
    {route for route in ROUTES if route not in LEFT_OUT and not (NO_PAGE.search(route) or ON_THE_WAY.search(route))}
    | set(EXTRA)
)
PUBLIC = ["en/", "en/start/", "en/account/return/", "en/read/", "en/exercises/<slug:slug>/", "en/read/<slug:slug>/"]
WCAG = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # what is right is looked at too, but not written out: that takes as long again
}


@pytest.fixture(scope="session")
def walked(browser: Browser, site: str) -> tuple[dict, dict[str, str]]:
    """Someone who went the whole path: their cookies, and the ids of what they made."""
    context = browser.new_context(base_url=site, viewport=PHONE, locale="nl")
    page = context.new_page()
    starts(page)
    walks(page, "nl")
    ids = {}
    for list_page, part in [
        ("people", "people"), ("dimmer", "dimmer"), ("evidence", "evidence"), ("journal", "journal"), ("today", "attempts"),
    ]:  # fmt: skip
        page.goto(f"/nl/{list_page}/")
        ids[part] = first_id(page, part)
    if not ids["attempts"]:
        page.goto(f"/nl/dimmer/{ids['dimmer']}/")
        ids["attempts"] = first_id(page, "attempts")
    page.goto("/nl/share/new/")
    page.locator("[name=pieces]").first.check()
    save(page)
    ids["share"], ids["token"] = (url.rstrip("/").rpartition("/")[2] for url in (page.url, page.input_value("#link")))
    state = context.storage_state()
    context.close()
    assert all(ids.values()), ids
    return state, ids


def first_id(page: Page, part: str) -> str:
    links = [link.get_attribute("href") or "" for link in page.locator("main a").all()]
    found = [re.search(rf"/{part}/([0-9a-f-]{{36}})/", link) for link in links]
    return next((match[1] for match in found if match), "")


def address(route: str, language: str, ids: dict[str, str]) -> str:
    part = route.split("/")[1] if "/" in route else ""
    path = route.replace("en/", f"{language}/", 1).replace("<slug:slug>", "dimmer").replace("<day:day>", "2026-11-01")
    path = path.replace("<int:number>", "1").replace("<slug:name>", "openness")
    return "/" + path.replace("<uuid:id>", ids.get(part, "")).replace("<str:token>", ids.get("token", ""))


@pytest.mark.parametrize(("language", "scheme"), [("nl", "light"), ("en", "dark")])
@pytest.mark.parametrize("known", [True, False], ids=["signed in", "visitor"])
def test_every_page_is_accessible_and_fits_a_small_screen(browser, site, walked, language, scheme, known):
    state, ids = walked
    context = browser.new_context(
        base_url=site, viewport=PHONE, color_scheme=scheme, locale=language, storage_state=state if known else None
    )
    page = context.new_page()
    loud = []
    page.on("console", lambda message: loud.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: loud.append(str(error)))
    found = []
    for route in PAGES if known else PUBLIC:
        path = address(route, language, ids)
        response = page.goto(path)
        if response.status != 200:
            found.append((path, response.status))
            continue
        violations = Axe().run(page, options=WCAG).response["violations"]
        found += [(path, v["id"], [node["html"][:120] for node in v["nodes"]]) for v in violations]
        for width, size in ((320, "100%"), (360, "200%")):
            page.set_viewport_size({"width": width, "height": 740})
            page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append((path, f"wider than {width} px at {size} text"))
        page.set_viewport_size(PHONE)
    context.close()
    assert found == []
    assert loud == []


@pytest.mark.parametrize(("language", "scheme"), [("nl", "light"), ("en", "dark")])
def test_the_answers_to_what_one_sends_are_accessible_too(browser, site, language, scheme):
    """The code, a form with faults, search, a kept text, deleting: pages that only a POST shows."""
    context = browser.new_context(base_url=site, viewport=PHONE, color_scheme=scheme, locale=language)
    page = context.new_page()
    found = []

    def look(name: str) -> None:
        violations = Axe().run(page, options=WCAG).response["violations"]
        found.extend((name, v["id"], [node["html"][:120] for node in v["nodes"]]) for v in violations)

    page.goto(f"/{language}/account/return/")
    page.fill("[name=code]", "nothing")
    save(page)
    look("an unknown code")
    page.goto(f"/{language}/start/")
    page.check("[name=adult]")
    page.check("[name=consent]")
    save(page)
    look("the code")
    logs(page, language)
    page.goto(f"/{language}/journal/new/")
    save(page)
    look("an empty page")
    page.goto(f"/{language}/journal/")
    page.fill("[name=q]", SECRETS["body"])
    page.keyboard.press("Enter")
    page.wait_for_selector("mark")
    look("search")
    page.goto(f"/{language}/journal/new/")
    fill(page, "body")
    page.evaluate("document.querySelector('main [name=csrfmiddlewaretoken]').value = 'x'.repeat(64)")
    save(page)
    look("an expired form")
    page.goto(f"/{language}/journal/new/")
    fill(page, "body")
    page.context.clear_cookies(name="session")
    save(page)
    look("signed out")
    starts(page, language)
    page.goto(f"/{language}/privacy/delete/")
    page.check("[name=sure]")
    save(page)
    look("goodbye")
    context.close()
    assert found == []


@pytest.mark.parametrize(("language", "scheme"), [("nl", "light"), ("en", "dark")])
def test_the_pages_on_the_way_in_are_accessible_too(browser, site, data, language, scheme):
    """A guest adds an address, a password and a second step, locks, signs in again, and finds another guest's words."""
    context = browser.new_context(base_url=site, viewport=PHONE, color_scheme=scheme, locale=language)
    page = context.new_page()
    found, mailed = [], f"{language}-{scheme}@example.org"

    def look(name: str) -> None:
        violations = Axe().run(page, options=WCAG).response["violations"]
        found.extend((name, v["id"], [node["html"][:120] for node in v["nodes"]]) for v in violations)

    def goes(path: str, name: str = "", **fields: str) -> None:
        page.goto(f"/{language}/{path}")
        sends(name, **fields)

    def sends(name: str = "", **fields: str) -> None:
        for field, value in fields.items():
            page.fill(f"main [name={field}]", value)
        with page.expect_event("framenavigated"):
            page.locator(f"main [name={field}]").press("Enter")
        page.wait_for_load_state()
        if name:
            look(name)

    starts(page, language)
    goes("account/email/", "the code for a new address", email=mailed)
    sends("the ways in", code=code_in_mail(data, mailed))
    goes("account/password/set/", "a password", password1="purple crocus 7")
    page.goto(f"/{language}/account/password/change/")
    look("another password")
    page.goto(f"/{language}/account/2fa/totp/activate/")
    secret = re.search(r"secret=([A-Z2-7]{32})", page.content())[1]
    sends("recovery codes", code=code_of_app(secret))
    recovery = page.locator(".recovery-codes li").first.inner_text().strip()
    page.goto(f"/{language}/account/2fa/totp/deactivate/")
    look("the second step off")
    page.goto(f"/{language}/privacy/settings/")
    page.locator("#lock summary").click()
    page.fill("[name=pin]", "1357")
    page.fill("[name=pin_again]", "1357")
    page.locator("#lock form button").last.click()
    page.wait_for_load_state()
    page.goto(f"/{language}/privacy/settings/")
    page.locator("footer [data-lock-now] button").click()
    page.wait_for_selector("main [name=lock_pin]")
    look("locked")
    context.clear_cookies()
    starts(page, language)
    logs(page, language)
    goes("account/login/", "the second step", login=mailed, password="purple crocus 7")
    sends("bringing along", code=recovery)
    assert "/account/bring/" in page.url
    context.close()
    assert found == []


def code_in_mail(data: Path, address: str) -> str:
    """The code in the newest mail to that address."""
    mails = sorted((data / "mail").glob("*"), key=lambda file: file.stat().st_mtime_ns)
    text = next(text for file in reversed(mails) if f"To: {address}" in (text := file.read_text()))
    return re.search(r"^[A-Z0-9]{4,}(-[A-Z0-9]+)*$", text, re.MULTILINE)[0]


def code_of_app(secret: str) -> str:
    """What an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_nothing_moves_for_who_asks_for_less_motion(browser, site):
    context = browser.new_context(base_url=site, viewport=PHONE, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/nl/read/dimmer/")
    moving = """[...document.querySelectorAll('*')].filter(each => {
        const style = getComputedStyle(each);
        return [style.transitionDuration, style.animationDuration].some(text => parseFloat(text) > 0.01);
    }).length"""
    assert page.evaluate(moving) == 0
    context.close()


@pytest.mark.parametrize("path", ["/nl/nothing-here/", "/nl/read/nothing-here/", "/reminders/stop/x/"])
def test_the_page_for_what_is_not_there_is_accessible_too(browser, site, path):
    page = browser.new_context(base_url=site, viewport=PHONE).new_page()
    assert page.goto(path).status == 404
    assert Axe().run(page, options=WCAG).response["violations"] == []
    page.context.close()


def test_a_printed_page_holds_the_text_and_none_of_the_menus(browser, site):
    page = browser.new_context(base_url=site).new_page()
    page.goto("/nl/read/dimmer/")
    page.emulate_media(media="print")
    assert page.locator(".prose").is_visible()
    for menu in (".site-nav", ".exit", ".site-foot"):
        assert not page.locator(menu).is_visible(), menu
    page.context.close()
