"""Reactions below a module in a real browser: they come when a reader comes near, and a link leads there until then."""

import re
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from playwright.sync_api import Browser, Page, expect

from exercises.reactions.models import Reaction
from tests.running import as_owner
from tests.test_looks import WCAG
from tests.test_main_path import someone, starts

__all__ = ["someone"]

SLUG = "five-habits"  # a module that no other browser test reacts to
TEXT = "I laughed it off as well, until I read this."
PEOPLE, REACTIONS = get_user_model()._meta.db_table, Reaction._meta.db_table
SOON = 12_000  # ms in which what is typed is surely kept


@pytest.fixture(scope="module")
def shown(browser: Browser, data, site) -> None:
    """So many reactions of someone below the module that they take two pages, all shown."""
    context = browser.new_context(base_url=site)
    starts(context.new_page())
    context.close()
    with as_owner(data) as database:
        (author,) = database.execute(f"SELECT id FROM {PEOPLE} ORDER BY date_joined DESC LIMIT 1").fetchone()
        for number in range(21):
            database.execute(
                f"INSERT INTO {REACTIONS} (id, author_id, module, language, nickname, text, state, reason, reported_by,"
                " created_at, decided_at) VALUES (%s, %s, %s, 'nl', 'Lamp', %s, 'shown', '', '[]', %s, now())",
                [uuid4(), author, SLUG, f"{TEXT} Number {number}.", f"2026-11-{number + 1:02} 12:00+00"],
            )


def at(language: str) -> str:
    return f"/{language}/read/{SLUG}/"


def comes_near(page: Page):
    """Scrolls to where the reactions are, and gives that part of the page."""
    part = page.locator("#reactions")
    part.scroll_into_view_if_needed()
    expect(part.locator(".card").first).to_be_visible()
    return part


def loud(page: Page) -> list[str]:
    """Grows with each complaint of the browser; breaking the policy for content is one."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def violations(page: Page) -> list:
    found = Axe().run(page, options=WCAG).response["violations"]
    return [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found]


def levels(page: Page) -> list[int]:
    return [
        int(tag[1]) for tag in page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(each => each.tagName)")
    ]


@pytest.mark.parametrize(("language", "scheme"), [("nl", "light"), ("en", "dark")])
def test_a_visitor_finds_them_below_the_module_once_they_come_near(someone, shown, language, scheme):
    page = someone(language, color_scheme=scheme)
    said, asked = loud(page), []
    page.on("request", lambda request: asked.append(request.url) if "/reactions/" in request.url else None)
    page.goto(at(language))
    page.wait_for_load_state("networkidle")
    assert asked == [], "nothing is fetched for who does not read so far"
    above = page.evaluate("document.querySelector('#reactions').getBoundingClientRect().top + scrollY")
    part = comes_near(page)
    expect(part).to_contain_text(TEXT)
    assert len(asked) == 1
    assert page.locator("main form").count() == 0
    assert part.locator(f"a[href^='/{language}/start/']").count() == 1
    assert page.evaluate("document.querySelector('#reactions').getBoundingClientRect().top + scrollY") == above
    assert violations(page) == []
    assert said == []
    part.locator("a[href*='before=']").click()
    expect(page).to_have_url(re.compile(f"/{language}/read/{SLUG}/reactions/\\?before="))
    expect(page.locator("main")).to_contain_text("Number 0.")


@pytest.mark.parametrize(("language", "scheme"), [("nl", "dark"), ("en", "light")])
def test_who_has_started_writes_one_below_the_module_and_loses_nothing(someone, shown, language, scheme):
    page = someone(language, color_scheme=scheme)
    starts(page, language)
    said = loud(page)
    page.goto(at(language))
    part = comes_near(page)
    part.locator("[name=nickname]").fill("Lantern")
    part.locator("[name=text]").press_sequentially("Half a thought")
    expect(part.locator(".kept p").first).to_contain_text(re.compile(r"\d\d:\d\d"), timeout=SOON)
    assert all(after <= before + 1 for before, after in zip(levels(page), levels(page)[1:], strict=False))
    assert violations(page) == []
    page.reload()
    part = comes_near(page)
    expect(part.locator("[name=text]")).to_have_value("Half a thought")
    assert violations(page) == []
    part.locator("a[href*='before=']").click()
    expect(part).to_contain_text("Number 0.")
    assert page.url.endswith(at(language)), "who has started stays on the page"
    assert said == []
    with page.expect_event("framenavigated"):
        part.locator("form[action$='/reactions/new/'] button.button").click()
    expect(page).to_have_url(re.compile("/reactions/$"))
    expect(page.locator("#reactions-mine + ul")).to_contain_text("Half a thought")
    page.goto(f"/{language}/privacy/")
    expect(page.locator("#reactions + p + ul")).to_contain_text("Half a thought")
    assert violations(page) == []


def test_what_is_refused_below_the_module_stands_on_the_full_page_with_everything_typed(someone, shown):
    page = someone("en")
    starts(page, "en")
    page.goto(at("en"))
    part = comes_near(page)
    part.locator("[name=nickname]").fill("Lantern")
    part.locator("[name=text]").evaluate("field => { field.required = false; }")
    with page.expect_event("framenavigated"):
        part.locator("form[action$='/reactions/new/'] button.button").click()
    expect(page.locator("main .errors")).to_be_visible()
    expect(page.locator("[name=nickname]")).to_have_value("Lantern")


@pytest.mark.parametrize("fault", ["no connection", "locked meanwhile", "a fault"])
def test_where_they_do_not_come_a_link_leads_there(someone, shown, fault):
    page = someone("en")
    answers = {
        "no connection": {},
        "locked meanwhile": {"status": 204},
        "a fault": {"status": 500, "body": "<p>Oh</p>"},
    }

    def answer(route) -> None:
        if route.request.headers.get("hx-request") is None:
            return route.continue_()
        return route.fulfill(**answers[fault]) if answers[fault] else route.abort()

    page.route("**/reactions/", answer)
    page.goto(at("en"))
    with page.expect_event("requestfailed" if fault == "no connection" else "response"):
        page.locator("#reactions").scroll_into_view_if_needed()
    link = page.locator("#reactions a")
    expect(link).to_have_count(1)
    link.click()
    expect(page).to_have_url(re.compile("/reactions/$"))
    expect(page.locator("main")).to_contain_text(TEXT)


def test_without_javascript_the_link_stays(someone, shown):
    page = someone("en", javascript=False)
    page.goto(at("en"))
    page.locator("#reactions a").click()
    expect(page.locator("main")).to_contain_text(TEXT)


def test_who_comes_with_the_keyboard_keeps_their_place(someone, shown):
    page = someone("en")
    page.goto(at("en"))
    page.evaluate("document.querySelector('#reactions a').focus({ preventScroll: true })")
    comes_near(page)
    assert page.evaluate("document.querySelector('#reactions').contains(document.activeElement)")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#reactions').contains(document.activeElement)")


def test_on_paper_there_are_none(someone, shown):
    page = someone("en")
    page.goto(at("en"))
    comes_near(page)
    page.emulate_media(media="print")
    expect(page.locator("#reactions")).to_be_hidden()
