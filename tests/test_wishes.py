"""How one likes it: the settings page, the blur over one's own words, figures and drafts switched off."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, expect

from exercises.drafts.models import Draft
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from tests.conftest import signed_in
from tests.test_boundary import PRIVATE, one_of_each
from tests.test_looks import LEFT_OUT, NO_PAGE
from tests.test_main_path import PHONE, SECRETS, fill, save, someone, starts, walks  # noqa: F401  # a fixture

SETTINGS = "/en/privacy/settings/"
SHOWN = re.compile(r'name="(initial-[a-z_]+)"(?: value="([^"]*)")?')
BOXES = {"show_exit", "blur", "progress_on", "drafts_on"}


def kept(user):
    with acting_as(user.pk):
        return user.settings.get()


def sent_by(client, **changes) -> dict[str, str]:
    """What a browser sends from the settings page as it is now, with these changes; None unticks."""
    page = client.get(SETTINGS)
    form = page.context["form"]
    fields = {name: "on" if name in BOXES else form[name].value() for name in form.fields if form[name].value()}
    fields |= dict(SHOWN.findall(page.text)) | {f"initial-{name}": form[name].value() for name in form.fields}
    return {name: value for name, value in (fields | changes).items() if value is not None}


# The settings page


def test_each_switch_is_kept_and_shown(as_emma, emma):
    as_emma.post(SETTINGS, sent_by(as_emma, show_exit=None, blur="on", progress_on=None, drafts_on=None))
    emma.refresh_from_db()
    wished = kept(emma)
    assert (emma.show_exit, wished.blur, wished.progress_on, wished.drafts_on) == (False, True, False, False)
    form = as_emma.get(SETTINGS).context["form"]
    assert [form[name].value() for name in ("show_exit", "blur", "progress_on", "drafts_on")] == [
        False,
        True,
        False,
        False,
    ]
    as_emma.post(SETTINGS, sent_by(as_emma, show_exit="on", blur=None, progress_on="on", drafts_on="on"))
    emma.refresh_from_db()
    wished = kept(emma)
    assert (emma.show_exit, wished.blur, wished.progress_on, wished.drafts_on) == (True, False, True, True)


def test_the_page_carries_what_it_showed(as_emma):
    shown = dict(SHOWN.findall(as_emma.get(SETTINGS).text))
    assert shown.keys() == {f"initial-{name}" for name in (*BOXES, "language", "time_zone", "shown_name", "shown_icon")}


def test_an_older_page_takes_nothing_back(as_emma, emma):
    old = sent_by(as_emma, language="en")
    as_emma.post(SETTINGS, sent_by(as_emma, blur="on", show_exit=None, time_zone="Asia/Tokyo"))
    as_emma.post(SETTINGS, old)
    emma.refresh_from_db()
    assert (emma.language, emma.time_zone, emma.show_exit, kept(emma).blur) == ("en", "Asia/Tokyo", False, True)


@pytest.mark.django_db(transaction=True)
def test_two_first_wishes_at_the_same_moment_are_both_kept(emma):
    def wishes_for(switch):
        try:
            sent = {"form": "switch", "switch": switch, "on": "on" if switch == "blur" else ""}
            return signed_in(emma).post(SETTINGS, sent).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(wishes_for, ["blur", "progress_on"] * 4)) == [302] * 8
    assert (kept(emma).blur, kept(emma).progress_on) == (True, False)


def test_settings_of_other_pages_stay(as_emma, emma):
    as_emma.post("/en/dimmer/start-with/", {"with": "friend"})
    as_emma.post(SETTINGS, {"form": "pin", "pin": "4711", "pin_again": "4711"})
    as_emma.post(SETTINGS, sent_by(as_emma, blur="on"))
    assert (kept(emma).blur, kept(emma).start_with["with"], kept(emma).pin[:6]) == (True, "friend", "argon2")


def test_the_page_leads_to_what_is_here_and_to_taking_back_consent(as_emma):
    page = as_emma.get(SETTINGS).text
    for name in ("account/keep", "account/sessions", "privacy/export", "privacy/import", "drafts", "privacy/delete"):
        assert f'href="/en/{name}/"' in page
    assert "Take back your consent" in page


@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "", "x"]
)
def test_a_switch_leads_only_back_into_this_site(as_emma, wanted):
    response = as_emma.post(SETTINGS, {"form": "switch", "switch": "blur", "on": "on", "next": wanted})
    assert (response.status_code, response["Location"]) == (302, SETTINGS)


@pytest.mark.parametrize("switch", ["pin", "user", "drafts_on", "", "id"])
def test_only_these_two_can_be_switched_from_elsewhere(as_emma, emma, switch):
    as_emma.post(SETTINGS, {"form": "switch", "switch": switch, "on": "on"})
    with acting_as(emma.pk):
        assert not emma.settings.exists()


# Figures and drafts


def test_without_figures_their_page_says_so_and_nothing_leads_there(as_emma, emma):
    with acting_as(emma.pk):
        one_of_each(emma)
    as_emma.post(SETTINGS, {"form": "switch", "switch": "progress_on"})
    page = as_emma.get("/en/progress/").text
    assert "Your figures are off" in page
    for path in ("/en/today/", "/en/evidence/", "/en/journal/"):
        assert "/en/progress/" not in re.sub(r'<input type="hidden" name="next"[^>]*>', "", as_emma.get(path).text)
    with acting_as(emma.pk):
        assert emma.evidence.exists()
    back = {"form": "switch", "switch": "progress_on", "on": "on", "next": "/en/progress/"}
    assert as_emma.post(SETTINGS, back)["Location"] == "/en/progress/"
    assert "Your figures are off" not in as_emma.get("/en/progress/").text
    assert "/en/progress/" in as_emma.get("/en/evidence/").text


def test_switching_drafts_off_says_so_first_and_deletes_them(as_emma, emma):
    with acting_as(emma.pk):
        for _n in range(3):
            Draft.objects.create(user=emma, form="/journal/new/", row=uuid7(), body={"body": ["pearblossom"]})
        emma.drafts.first().discard()
    assert "what is kept of it now is deleted" in as_emma.get(SETTINGS).text
    as_emma.post(SETTINGS, sent_by(as_emma, drafts_on=None))
    with acting_as(emma.pk):
        assert not Draft.with_deleted.filter(user=emma).exists()


# Blur

WORDS = [*SECRETS.values()]
UNBLURRED = """words => {
  const blurred = part => { for (; part; part = part.parentElement) if (getComputedStyle(part).filter.startsWith("blur")) return true; };
  const holds = text => words.some(word => (text ?? "").includes(word));
  const seen = part => part.checkVisibility({visibilityProperty: true}) && !part.closest(".visually-hidden");
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; text = texts.nextNode();) if (holds(text.data) && seen(text.parentElement) && !blurred(text.parentElement)) found.push(text.parentElement.outerHTML.slice(0, 160));
  for (const field of document.querySelectorAll("input:not([type=hidden]), textarea, select"))
    if (holds(field.value) && seen(field) && !["radio", "checkbox"].includes(field.type) && !blurred(field)) found.push(field.name);
  return found;
}"""
SHOWS = "words => words.some(word => document.body.innerText.includes(word)) || [...document.querySelectorAll('input, textarea')].some(field => words.some(word => field.value.includes(word)))"


@pytest.fixture(scope="module")
def blurred(browser: Browser, site: str):
    """Someone who went the whole path, and has the blur on."""
    context = browser.new_context(base_url=site, viewport=PHONE, locale="en")
    page = context.new_page()
    starts(page, "en")
    walks(page, "en")
    page.goto("/en/exercises/safe-answer/")
    fill(page, "expectation", "usual", "more")
    save(page)
    page.goto(SETTINGS)
    page.check("[name=blur]")
    save(page)
    yield page
    context.close()


def walk(page: Page) -> Iterator[str]:
    """Goes to every private page by name, and to one of each kind that they lead to."""
    waiting = [
        f"/{route}"
        for route in PRIVATE
        if "<" not in route and route not in LEFT_OUT and not NO_PAGE.search(route) and "account" not in route
    ]
    kinds = set(waiting)
    for path in waiting:
        page.goto(path, wait_until="domcontentloaded")
        yield path
        for link in page.locator("main a").evaluate_all("links => links.map(link => link.pathname + link.search)"):
            kind = re.sub("[0-9a-f-]{36}|[0-9-]{10}", "", link).partition("=")[0]
            if kind.startswith("/en/") and "/read/" not in kind and "/account/" not in kind and kind not in kinds:
                kinds.add(kind)
                waiting.append(link)


def opens(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")


def test_on_every_page_ones_own_words_are_blurred(blurred):
    readable, showing = {}, 0
    for path in walk(blurred):
        opens(blurred)
        blurred.evaluate("document.activeElement?.blur()")
        blurred.mouse.move(0, 0)
        showing += blurred.evaluate(SHOWS, WORDS)
        if found := blurred.evaluate(UNBLURRED, WORDS):
            readable[path] = found
    assert readable == {}
    assert showing > 12
    blurred.goto("/en/evidence/")
    blurred.evaluate("document.documentElement.removeAttribute('data-blur')")
    assert blurred.evaluate(UNBLURRED, WORDS), "what finds nothing would prove nothing"


@pytest.mark.parametrize("path", ["/en/journal/", "/en/evidence/"])
def test_what_is_searched_for_is_blurred_too(blurred, path):
    blurred.goto(path)
    word = SECRETS["body"] if "journal" in path else SECRETS["happened"]
    blurred.fill("[name=q]", word)
    blurred.press("[name=q]", "Enter")
    expect(blurred.locator("mark").first).to_be_visible()
    blurred.evaluate("document.activeElement?.blur()")
    assert blurred.evaluate(UNBLURRED, [word]) == []


def sharp(page: Page, part: str) -> bool:
    return page.locator(part).first.evaluate("part => getComputedStyle(part).filter") == "none"


def test_pointing_focus_and_the_keyboard_make_them_readable(blurred):
    blurred.goto("/en/evidence/")
    blurred.mouse.move(0, 0)
    assert not sharp(blurred, ".feared .own, .feared.own")
    blurred.locator(".feared").first.hover()
    assert sharp(blurred, ".feared .own, .feared.own")
    blurred.mouse.move(0, 0)
    blurred.locator(".feared .own, .feared.own").first.focus()
    assert sharp(blurred, ".feared .own, .feared.own")
    blurred.goto("/en/journal/")
    blurred.locator("main .items a").first.click()
    blurred.evaluate("document.activeElement?.blur()")
    blurred.mouse.move(0, 0)
    assert not sharp(blurred, "[name=body]")
    blurred.focus("[name=body]")
    assert sharp(blurred, "[name=body]")


def test_labels_headings_and_buttons_stay_readable(blurred):
    blurred.goto("/en/journal/new/")
    for part in ("h1", "label[for=id_body]", ".save-bar button", "header a", "footer a"):
        assert sharp(blurred, part), part


@pytest.mark.parametrize("javascript", [True, False])
def test_the_switch_below_every_page_works_and_keeps_the_page(someone, javascript):  # noqa: F811
    page = someone("en", javascript=javascript)
    starts(page, "en")
    page.goto("/en/journal/new/")
    if javascript:
        page.fill("[name=body]", "pearblossom")
    page.get_by_role("button", name="Blur my words").click()
    expect(page.locator("html")).to_have_attribute("data-blur", "")
    expect(page.get_by_role("button", name="Blur my words")).to_be_hidden()
    expect(page).to_have_url(re.compile("/journal/new/"))
    if javascript:
        expect(page.locator("[name=body]")).to_have_value("pearblossom")
    other = page.context.new_page()
    other.goto("/en/journal/")
    expect(other.locator("html")).to_have_attribute("data-blur", "")
    page.get_by_role("button", name="Show my words").click()
    expect(page.locator("html")).not_to_have_attribute("data-blur", "")
