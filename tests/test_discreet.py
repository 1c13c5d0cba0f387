"""What others may see gives nothing away: the name and picture of this site, titles, an installed app; and no page is fetched
ahead for who is signed in."""
# ruff: noqa: F811  # `someone` is a fixture

import json
import re
import struct
import unicodedata
from email.utils import parseaddr

import pytest
from allauth.account.models import EmailAddress
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import mail
from django.utils import translation
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from exercises.feeling.vocabulary import FAMILIES
from exercises.records.rowsecurity import acting_as
from exercises.records.shown import one_line
from kwetsbaar.accounts.models import Icon
from tests.chromium import find
from tests.conftest import signed_in
from tests.test_boundary import PRIVATE, ROUTES, address, is_public, one_of_each
from tests.test_main_path import PHONE, SECRETS, fill, save, someone, starts  # noqa: F401
from tests.test_wishes import SETTINGS, sent_by

MANIFEST = "/manifest.webmanifest"
PUBLIC = sorted(route for route, pattern in ROUTES.items() if is_public(pattern))
LANGUAGES = ("nl", "en")
NAME = "Boodschappen & zo"
ALSO_NO_FEELING = {"safe", "veilig", "welcome", "welkom"}  # the page about safe use, and the first
NAMES_THE_NEUTRAL_ONE = {
    "en/privacy/settings/",
    "en/account/email/",
}  # what an empty name gives; the sender to an address not yet confirmed
TELLING = r"feeling|gevoel|fear|angst|shame|schaam|kwetsb|vulnerab|openness|openheid|therap"
names = pytest.mark.parametrize
both_languages = names("language", LANGUAGES)


@pytest.fixture
def emmas(emma):
    with acting_as(emma.pk):
        return one_of_each(emma)


@pytest.fixture
def named(emma, as_emma):
    as_emma.post(SETTINGS, sent_by(as_emma, shown_name=NAME, shown_icon="sun"))
    emma.refresh_from_db()
    return emma


def pages(client, rows, language):
    """Every page that this client is shown, by its route."""
    for route in (*PRIVATE, *PUBLIC):
        if ROUTES[route].name == "leave" or ROUTES[route].name == "sign_out":
            continue
        for row in rows.values() if "<uuid:id>" in route else [None]:
            response = client.get(address(route, row and row.pk).replace("/en/", f"/{language}/", 1))
            if response.status_code in (200, 403) and response["Content-Type"].startswith("text/html"):
                yield route, response.text
                break


def title_of(page: str) -> str:
    return re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]


# The name and the picture


def test_the_chosen_name_and_picture_stand_on_every_page(emmas, named):
    for route, page in pages(signed_in(named), emmas, "nl"):
        if "data-signed-in" not in page:  # a page for whoever is there, such as a shared piece
            continue
        assert title_of(page).endswith(f" · {escape(NAME)}"), route
        assert re.search(r'class="site-name"[^>]*><span[^>]*></span>(.*?)</a>', page)[1] == escape(NAME), route
        assert re.search(r'rel="icon" href="/static/icons/sun[^"]*\.svg"', page), route
        assert re.search(r'rel="apple-touch-icon" href="/static/icons/sun-180[^"]*\.png"', page), route
        assert "Notities" not in page or route in NAMES_THE_NEUTRAL_ONE, route


def test_they_can_be_chosen_where_someone_is_near_and_taken_back(as_emma, named):
    page = as_emma.get(SETTINGS)
    assert re.search(r"home screen, and as the sender of e-mails", page.text)
    assert [page.context["form"][name].value() for name in ("shown_name", "shown_icon")] == [NAME, "sun"]
    as_emma.post(SETTINGS, sent_by(as_emma, shown_name="", shown_icon="note"))
    assert title_of(as_emma.get("/en/today/").text).endswith(" · Notes")


@names(("name", "icon"), [("x" * 31, "note"), ("x", "heart"), ("x\0", "note"), ("x", "../note")])
def test_a_name_that_is_too_long_or_an_unknown_picture_is_refused(as_emma, emma, name, icon):
    response = as_emma.post(SETTINGS, sent_by(as_emma, shown_name=name, shown_icon=icon))
    emma.refresh_from_db()
    assert (response.status_code, emma.shown_name, emma.shown_icon) == (200, "", "note")


@pytest.mark.parametrize("language", ["en", "none"])
def test_a_picture_that_comes_without_a_name_changes_nothing(as_emma, emma, language):
    as_emma.post(SETTINGS, sent_by(as_emma, shown_icon="sun"))
    response = as_emma.post(SETTINGS, sent_by(as_emma, shown_icon="", language=language))
    emma.refresh_from_db()
    assert (response.status_code, emma.shown_icon) == (302 if language == "en" else 200, "sun")
    assert as_emma.get(SETTINGS).status_code == 200


@names("name", ["</title><script>x()</script>", '"><img src=x>', "{{ user.pk }}", "a\r\nBcc: b@example.org", "&amp;"])
def test_a_name_is_only_text_wherever_it_stands(as_emma, emma, name):
    as_emma.post(SETTINGS, sent_by(as_emma, shown_name=name[:30]))
    page = as_emma.get("/en/today/").text
    assert title_of(page) == f"Today · {escape(one_line(name[:30]))}"
    assert "<script>x" not in page
    assert json.loads(as_emma.get(MANIFEST).content)["name"] == one_line(name[:30])


@given(st.text())
def test_a_name_is_one_line_of_signs_that_can_be_seen(text):
    kept = one_line(text)
    assert {unicodedata.category(sign)[0] for sign in kept if sign != "\u200d"} & {"C"} == set()
    assert kept == one_line(kept)
    assert len(kept.splitlines()) <= 1
    assert not kept or kept.strip() == kept


def test_signs_that_belong_together_stay_together():
    assert one_line(" \u202eop\tslot\u2028\n🧑\u200d🌾 ") == "op slot 🧑\u200d🌾"


def test_mail_to_a_confirmed_address_comes_from_that_name(named, client, settings):
    EmailAddress.objects.create(user=named, email="emma@example.org", verified=True, primary=True)
    for asked, name in {"emma@example.org": NAME, "else@example.org": "Notities"}.items():
        client.post("/nl/account/login/code/", {"email": asked})
        assert parseaddr(mail.outbox[-1].from_email) == (name, settings.DEFAULT_FROM_EMAIL)


def test_nobody_can_send_mail_in_a_name_of_their_own_to_an_address_that_is_not_theirs(named, as_emma):
    """The name of a sender is read by whoever gets the mail: only who confirmed an address chooses it."""
    EmailAddress.objects.create(user=named, email="new@example.org", verified=False, primary=True)
    as_emma.post("/nl/account/email/", {"email": "stranger@example.org", "action_add": ""})
    assert mail.outbox
    assert NAME not in str([message.message() for message in mail.outbox])


# Titles


@both_languages
def test_no_title_has_a_word_for_a_feeling(emmas, as_emma, client, language):
    with translation.override(language):
        feelings = {str(word.name).lower() for family in FAMILIES for word in family.words} - ALSO_NO_FEELING
    telling = re.compile(rf"{TELLING}|\b({'|'.join(map(re.escape, feelings))})\b|pearblossom|samira", re.I)
    seen = 0
    for who in (as_emma, client):
        for route, page in pages(who, emmas, language):
            assert not telling.search(title_of(page)), (route, title_of(page))
            seen += 1
    assert seen > 80


@both_languages
def test_a_page_that_a_search_engine_may_show_says_what_it_is_in_a_sentence(client, db, language):
    found = {}
    for route, page in pages(client, {}, language):
        if 'name="robots"' not in page:
            found[route] = re.search(r'<meta name="description" content="([^"]{20,300})">', page)
    assert len(found) > 12
    assert [route for route, sentence in found.items() if not sentence] == []


# The manifest


def described(client, query: str = "") -> dict:
    response = client.get(MANIFEST + query)
    assert (response.status_code, response["Content-Type"]) == (200, "application/manifest+json")
    return json.loads(response.content)


@names(("query", "language", "name"), [("?language=nl", "nl", "Notities"), ("?language=en", "en", "Notes")])
def test_a_visitor_installs_a_site_with_a_neutral_name_in_the_language_of_the_page(client, query, language, name):
    said = described(client, query)
    assert (said["lang"], said["dir"], said["name"], said["short_name"]) == (language, "ltr", name, name)
    assert (said["id"], said["start_url"], said["scope"], said["display"]) == ("/", "/", "/", "standalone")


def test_it_says_nothing_of_what_the_site_is_for(client):
    assert set(described(client)) == {
        "name", "short_name", "id", "start_url", "scope", "display", "lang", "dir", "theme_color", "background_color", "icons",
    }  # fmt: skip


def test_it_asks_nothing_of_the_database_for_a_visitor_and_may_be_kept(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get(f"{MANIFEST}?language=en")
    assert set(response["Cache-Control"].split(", ")) == {"public", "no-cache"}
    assert "Cookie" in response["Vary"]
    again = client.get(f"{MANIFEST}?language=en", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_ones_own_is_in_ones_own_name_and_stored_nowhere(named):
    client = signed_in(named)
    said = described(client, "?language=en")
    assert (said["name"], said["short_name"]) == (NAME, NAME)
    assert all("/icons/sun" in icon["src"] for icon in said["icons"])
    assert "no-store" in client.get(MANIFEST)["Cache-Control"]
    link = re.search(r'<link rel="manifest"[^>]*>', client.get("/nl/today/").text)[0]
    assert link == f'<link rel="manifest" href="{MANIFEST}?language=nl" crossorigin="use-credentials">'


@names("query", ["?language=de", "?language=", "?language=%00", "?language=" + "x" * 500, ""])
def test_an_unknown_language_gets_one_that_is_known(client, query):
    assert described(client, query)["lang"] in LANGUAGES


def test_its_colours_are_those_of_the_page(client):
    shown = dict(
        re.findall(
            r'name="theme-color" content="(#\w+)" media="\(prefers-color-scheme: (\w+)\)"', client.get("/nl/").text
        )
    )
    assert {scheme: colour for colour, scheme in shown.items()}["light"] == described(client)["theme_color"]


@names("icon", Icon.values)
def test_each_picture_is_there_in_the_sizes_that_it_says_and_light(icon, emma):
    emma.shown_icon = icon
    emma.save()
    listed = {(each["sizes"], each["type"], each["purpose"]) for each in described(signed_in(emma))["icons"]}
    assert {size for size, _type, _purpose in listed} == {"any", "192x192", "512x512"}
    assert {purpose for _size, _type, purpose in listed} == {"any", "maskable"}
    for size in (180, 192, 512):
        with open(finders.find(f"icons/{icon}-{size}.png"), "rb") as file:
            held = file.read()
        assert held.startswith(b"\x89PNG")
        assert struct.unpack(">II", held[16:24]) == (size, size)
        assert len(held) < 6000


# Fetching ahead


@names("path", ["/nl/", "/en/read/", "/en/read/dimmer/", "/nl/help/"])
def test_a_visitors_page_says_which_pages_may_be_fetched_ahead(client, path):
    assert client.get(path)["Speculation-Rules"] == f'"{staticfiles_storage.url("ahead.rules")}"'


@names("path", ["/en/read/", "/en/read/dimmer/", "/en/help/", "/en/today/", "/en/privacy/settings/"])
def test_for_who_is_signed_in_nothing_is_fetched_ahead(as_emma, path):
    assert not as_emma.get(path).has_header("Speculation-Rules")


@names(
    "path", ["/en/start/", "/en/read/search/?q=x", "/en/account/login/", "/share/x/", MANIFEST, "/weg/", "/en/today/"]
)
def test_nor_from_a_page_on_which_a_visitor_types_or_that_is_no_page(client, db, path):
    assert not client.get(path).has_header("Speculation-Rules")


# In a real browser


def follow(page: Page, link: str) -> None:
    """To that page by its link, with a look at it first."""
    page.locator(f"main a[href='{link}']").first.hover()
    page.wait_for_timeout(1000)
    page.locator(f"main a[href='{link}']").first.click()
    page.wait_for_url(f"**{link}")


ARRIVED = "performance.getEntriesByType('navigation')[0].deliveryType"


def test_a_public_page_that_is_pointed_at_is_there_before_it_is_clicked(someone):
    page = someone("en")
    page.goto("/en/read/")
    follow(page, "/en/read/dimmer/")
    assert page.evaluate(ARRIVED) == "navigational-prefetch"
    expect(page.locator("h1")).to_be_visible()


def test_for_who_is_signed_in_a_page_comes_when_it_is_clicked(someone):
    page = someone("en")
    starts(page, "en")
    page.goto("/en/read/")
    follow(page, "/en/read/dimmer/")
    assert page.evaluate(ARRIVED) == ""


MATCHED = """async ([rules, addresses]) => {
  const answer = await fetch(rules);
  const [{ where: { and: [{ href_matches: public }, { not: { href_matches: but } }] } }] = (await answer.json()).prefetch;
  const hit = (patterns, address) => [patterns].flat().some(each => new URLPattern(each, location.origin).test(address, location.origin));
  return [answer.headers.get("Content-Type"), addresses.filter(each => hit(public, each) && !hit(but, each))];
}"""
READ_ALOUD = {  # pages that everybody may read, that cost no query, and that are not the whole course at once
    "about", "accessibility", "course", "exercise", "help", "key_points", "landing", "module", "privacy_statement", "questions",
    "read", "safe_use", "what_we_know",
}  # fmt: skip


def test_only_pages_that_everybody_may_read_are_fetched_ahead(someone):
    page = someone("en")
    page.goto("/en/help/")
    rules = page.evaluate("fetch('').then(answer => answer.headers.get('Speculation-Rules'))").strip('"')
    named = {address(route): ROUTES[route].name for route in ROUTES}
    kind, matched = page.evaluate(MATCHED, [rules, [*named, "/en/start/?next=/en/read/", "/en/read/dimmer/#look"]])
    assert kind == "application/speculationrules+json"
    assert {named.get(each, "module") for each in matched} == READ_ALOUD
    assert "/en/start/?next=/en/read/" not in matched


KEPT = """async () => {
  const late = new Promise((_, fail) => setTimeout(fail, 30000, new Error("no service worker")));
  await Promise.race([navigator.serviceWorker.ready, late]);
  const kept = await caches.match(location.href, { ignoreVary: true });
  return [kept.status, kept.headers.get("Speculation-Rules")];
}"""


def test_a_page_kept_on_the_device_fetches_nothing_ahead_whoever_reads_it(someone):
    page = someone("en", service_workers="allow")
    page.goto("/en/read/")
    assert page.evaluate(KEPT) == [200, None]


@names(("motion", "moves"), [("no-preference", True), ("reduce", False)])
def test_pages_change_softly_unless_someone_asks_for_less_motion(someone, motion, moves):
    page = someone("en", reduced_motion=motion)
    page.add_init_script("addEventListener('pagereveal', event => { window.moved = Boolean(event.viewTransition) })")
    page.goto("/en/read/")
    page.locator("footer a[href='/en/help/']").first.click()
    page.wait_for_url("**/en/help/")
    assert page.evaluate("window.moved") is moves


def test_leaving_waits_for_no_motion(someone):
    page = someone("en")
    page.add_init_script(
        "addEventListener('pageswap', event => sessionStorage.setItem('moved', Boolean(event.viewTransition)))"
    )
    starts(page, "en")
    page.goto("/en/today/")
    page.locator("a.exit").click()
    page.wait_for_url("**/healthz")
    page.goto("/en/")
    assert page.evaluate("sessionStorage.getItem('moved')") != "true"


@pytest.fixture
def installed(browser_type, browser_type_launch_args, site, tmp_path):
    """The site in a window of its own, as from a home screen: no bar of a browser."""
    arguments = browser_type_launch_args | {"args": [*browser_type_launch_args["args"], f"--app={site}/en/read/"]}
    arguments["executable_path"] = find()  # the headless shell has no windows of sites
    context = browser_type.launch_persistent_context(tmp_path, **arguments, base_url=site, viewport=PHONE)
    page = context.pages[0]
    page.goto("/en/read/")
    assert page.evaluate("matchMedia('(display-mode: standalone)').matches")
    yield page
    context.close()


def test_a_browser_finds_nothing_that_keeps_it_from_installing(installed):
    session = installed.context.new_cdp_session(installed)
    assert session.send("Page.getInstallabilityErrors") == {"installabilityErrors": []}
    starts(installed, "en")
    found = session.send("Page.getAppManifest")
    assert (found["errors"], found["manifest"]["name"]) == ([], "Notes")


def test_installed_one_can_blur_lock_and_leave_and_back_shows_nothing(installed):
    page = installed
    starts(page, "en")
    page.goto("/en/journal/new/")
    fill(page, "body")
    save(page)
    page.goto("/en/journal/")
    page.locator("[data-blur-switch].when-clear button").click()
    expect(page.locator(".when-blurred button")).to_be_visible()
    assert page.locator("main .own").first.evaluate("part => getComputedStyle(part).filter").startswith("blur")
    page.goto("/en/privacy/settings/")
    page.locator("#lock summary").click()
    page.fill("[name=pin]", "1357")
    page.fill("[name=pin_again]", "1357")
    page.locator("#lock form button").last.click()
    page.wait_for_load_state()
    page.goto("/en/journal/")
    page.locator("footer [data-lock-now] button").click()
    page.wait_for_selector("main [name=lock_pin]")
    page.go_back()
    page.wait_for_load_state()
    assert SECRETS["body"] not in page.content()
    page.goto("/en/journal/")
    page.fill("main [name=lock_pin]", "1357")
    save(page)
    expect(page.locator("main .own").first).to_contain_text(SECRETS["body"])
    page.locator("a.exit").click()
    page.wait_for_url("**/healthz")
    page.go_back()
    page.wait_for_load_state()
    assert SECRETS["body"] not in page.content()


NOTCH = {"top": 47, "bottom": 34, "left": 0, "right": 0}  # pixels, of a phone without a button


def test_nothing_lies_under_a_notch_or_a_swipe_bar(installed):
    page = installed
    page.context.new_cdp_session(page).send("Emulation.setSafeAreaInsetsOverride", {"insets": NOTCH})
    starts(page, "en")
    page.goto("/en/journal/new/")
    for part in (".site-name", ".exit", ".site-nav a", ".save-bar .button"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= NOTCH["top"], part
        assert box["y"] + box["height"] <= 740 - NOTCH["bottom"], part


def test_without_a_browsers_bar_every_page_leads_on_to_help_and_home(emmas, as_emma, client):
    for who in (as_emma, client):
        for route, page in pages(who, emmas, "en"):
            head, foot = page.split("<main")[0], page.split("</main>")[-1]
            assert re.search(r'class="site-name" href="/en/(today/)?"', head), route
            assert 'href="/en/read/"' in head, route
            assert 'href="/en/help/"' in foot, route
