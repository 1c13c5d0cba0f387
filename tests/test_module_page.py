"""A module's page, alive: the moving dimmer, words in the margin, a voice, paper."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from exercises.course.pages import course
from exercises.drafts.models import Draft
from exercises.journal.models import JournalEntry
from exercises.reading.margins import SHOWN
from exercises.records.rowsecurity import acting_as
from tests.test_looks import WCAG
from tests.test_main_path import someone, starts

__all__ = ["someone"]

SLUG = "dimmer"
MODULE, MODUUL = course("en").module(SLUG), course("nl").module(SLUG)
QUESTIONS = [part.prompt for part in MODULE.parts if part.prompt]
READ, MARGIN = f"/en/read/{SLUG}/", f"/en/read/{SLUG}/margin/1/"
MARGINS = [(m, n) for code in ("nl", "en") for m in course(code).modules for n in range(1, len(m.parts))]
HTMX = {"HX-Request": "true"}
SECRET = "I said I was fine & was not"
SENTENCES = [f"“{notch.sentence}”" for notch in MODULE.exercise.ladder]
VOICES = """Object.defineProperty(window, "speechSynthesis", {value: {
    said: [], stopped: 0, getVoices: () => VOICES.map(([lang, localService]) => ({lang, localService})),
    speak(words) { this.said.push(words.text); }, cancel() { this.stopped += 1; }, addEventListener() {},
}});
window.SpeechSynthesisUtterance = function (text) { this.text = text; };"""


def written(user) -> list[tuple[str, str, str]]:
    """Module, question and words of each entry, the newest first."""
    with acting_as(user.pk):
        return [(entry.module, entry.prompt, entry.body) for entry in user.entries.before(None)]


def write(user, *bodies: str, module: str = SLUG, prompt: str = QUESTIONS[0]) -> list[JournalEntry]:
    at = datetime(2026, 11, 1, 20, tzinfo=UTC)
    made = [{"written_at": at + timedelta(hours=n), "body": body} for n, body in enumerate(bodies)]
    with acting_as(user.pk):
        return [JournalEntry.objects.create(user=user, module=module, prompt=prompt, **each) for each in made]


def block(page: str, number: int) -> str:
    """The margin with this number, as it stands on a module's page."""
    return re.search(
        rf'<div class="margin" id="margin-{number}".*?(?=<div class="margin"|class="read-mark")', page, re.S
    )[0]


# Writing in the margin


def test_every_module_asks_something_in_its_margin_and_as_much_in_both_languages():
    asked = [[len(module.parts) for module in course(code).modules] for code in ("nl", "en")]
    assert asked[0] == asked[1]
    assert min(asked[0]) > 1


@pytest.mark.parametrize(("module", "number"), MARGINS, ids=lambda value: getattr(value, "slug", str(value)))
def test_a_visitor_is_asked_the_question_and_can_start_to_keep_the_answer(client, module, number):
    page = block(client.get(f"/{module.language}/read/{module.slug}/").text + 'class="read-mark"', number)
    assert module.parts[number - 1].prompt in unescape(page)
    start = f"/{module.language}/start/?next=/{module.language}/read/{module.slug}/%23margin-{number}"
    assert f'href="{start}"' in page
    assert client.get(start).status_code == 200


def test_words_in_the_margin_become_a_journal_entry_with_the_modules_name_and_the_question(as_emma, emma):
    assert as_emma.post(MARGIN, {"body": SECRET}).url == f"{READ}#margin-1"
    assert written(emma) == [(SLUG, QUESTIONS[0], SECRET)]
    assert SECRET in unescape(as_emma.get("/en/journal/").text)


def test_what_was_written_is_shown_again_below_its_own_question_with_a_link_to_it(as_emma, emma):
    (entry,) = write(emma, SECRET)
    page = as_emma.get(READ).text
    first, second = unescape(block(page, 1)), unescape(block(page, 2))
    assert f'<blockquote class="own">{SECRET}</blockquote>' in first
    assert f'href="/en/journal/{entry.pk}/"' in first
    assert "<details open>" in first
    assert SECRET not in second
    assert "<details>" in second


def test_it_is_shown_again_to_who_reads_on_in_the_other_language(as_emma, emma):
    write(emma, SECRET, prompt=MODUUL.parts[1].prompt)
    assert SECRET in unescape(block(as_emma.get(READ).text, 2))
    assert SECRET not in unescape(block(as_emma.get(READ).text, 1))


def test_the_newest_stand_first_and_the_journal_has_the_rest(as_emma, emma):
    write(emma, *(f"words {n}" for n in range(SHOWN + 2)))
    assert re.findall(r"words \d", block(as_emma.get(READ).text, 1)) == [f"words {n}" for n in (4, 3, 2)]


def test_words_to_another_question_or_another_module_are_not_shown(as_emma, emma):
    write(emma, "elsewhere one", prompt="")
    write(emma, "elsewhere two", module="safe-answer")
    assert "elsewhere" not in as_emma.get(READ).text


def test_nobody_else_finds_them_there(as_malik, emma):
    write(emma, SECRET)
    assert SECRET not in unescape(as_malik.get(READ).text + as_malik.get(MARGIN).text)


def test_a_deleted_entry_is_gone_from_the_margin_too(as_emma, emma):
    (entry,) = write(emma, SECRET)
    as_emma.post(f"/en/journal/{entry.pk}/delete/")
    assert SECRET not in unescape(as_emma.get(READ).text)


def test_sending_twice_keeps_one_entry_and_the_next_is_another(as_emma, emma):
    id = str(as_emma.get(MARGIN).context["form"]["id"].value())
    for _click in range(2):
        fresh = as_emma.post(MARGIN, {"id": id, "body": "Once."}, headers=HTMX).text
    assert [body for _module, _prompt, body in written(emma)] == ["Once."]
    another = re.search(r'name="id" value="([0-9a-f-]{36})"', fresh)[1]
    as_emma.post(MARGIN, {"id": another, "body": "Twice."}, headers=HTMX)
    assert [body for _module, _prompt, body in written(emma)] == ["Twice.", "Once."]


def test_saving_in_place_answers_with_the_margin_alone(as_emma):
    answer = as_emma.post(MARGIN, {"body": SECRET}, headers=HTMX)
    assert answer.text.strip().startswith('<div class="margin" id="margin-1"')
    assert SECRET in unescape(answer.text)
    assert 'role="status"' in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "in place"])
@pytest.mark.parametrize("bad", ["", "  \n", "x" * 50_001, "nul\0nul"])
def test_what_cannot_be_saved_gets_a_message_and_stays_typed(as_emma, emma, headers, bad):
    answer = as_emma.post(MARGIN, {"body": bad}, headers=headers)
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.text
    assert bad.strip().replace("\0", "") in answer.text.replace("\0", "")
    assert written(emma) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=200))
def test_any_words_come_back_as_they_were_typed(as_emma, words):
    as_emma.post(MARGIN, {"body": words})
    shown = re.search(r'<blockquote class="own">(.*?)</blockquote>', as_emma.get(MARGIN).text, re.S)[1]
    assert unescape(shown) == unicodedata.normalize("NFC", words)  # what cuts long texts shows them so; stored as typed


@pytest.mark.parametrize("path", ["dimmer/margin/0/", "dimmer/margin/9/", "no-such-module/margin/1/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_margin_that_is_not_there_is_a_friendly_404(as_emma, path, method):
    assert getattr(as_emma, method)(f"/en/read/{path}", {"body": "x"}).status_code == 404


def test_reading_asks_as_much_of_the_database_for_twelve_entries_as_for_one(as_emma, emma):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert as_emma.get(READ).status_code == 200
        return len(asked)

    write(emma, "one")
    one = queries()
    for question in QUESTIONS:
        write(emma, *map(str, range(12)), prompt=question)
    assert queries() == one


def test_what_is_being_typed_waits_in_its_own_margin(as_emma, emma):
    with acting_as(emma.pk):
        id = JournalEntry().pk
        Draft.objects.create(user=emma, form=MARGIN.removeprefix("/en"), row=id, body={"body": ["half a sen"]})
    page = as_emma.get(READ).text
    assert "half a sen" in block(page, 1)
    assert f'name="id" value="{id}"' in block(page, 1)
    assert "half a sen" not in block(page, 2)
    assert "half a sen" in as_emma.get(MARGIN).text
    assert written(emma) == []
    as_emma.post(MARGIN, {"id": str(id), "body": "half a sentence"})
    assert "half a sen" not in as_emma.get("/en/drafts/").text
    assert written(emma) == [(SLUG, QUESTIONS[0], "half a sentence")]


# The booklet, and the way to it


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_booklet_holds_every_module_the_key_points_and_the_questions(client, language):
    page = client.get(f"/{language}/read/booklet/").text
    text = unescape(page)
    for module in course(language).modules:
        asked = [part.prompt for part in module.parts if part.prompt] + list(module.exercise.prompts)
        said = [notch.sentence for notch in module.exercise.ladder]
        for words in [module.title, *(heading.text for heading in module.headings), *asked, *said]:
            assert words in text, (module.slug, words)
    for item in course(language).pages["key-points"].items:
        assert item["gain"] in text
    for item in course(language).pages["questions"].items:
        assert item["question"] in text
        assert item["answer"] in page
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert page.count("<h1") == 1


def test_the_course_leads_to_what_stands_beside_the_modules(client):
    page = client.get("/en/read/").text
    for name in ("key-points", "questions", "what-we-know", "search", "booklet"):
        assert f'href="/en/read/{name}/"' in page


# The sentence dimmer


@pytest.fixture
def reader(someone) -> Page:
    """A visitor on a module's page."""
    page = someone("en")
    page.goto(READ)
    return page


@pytest.fixture
def writer(someone) -> Page:
    """Someone who has started, on a module's page, with the first margin open."""
    page = someone("en")
    starts(page, "en")
    page.goto(READ)
    opens(page)
    return page


def opens(page: Page, number: int = 1):
    margin = page.locator(f"#margin-{number}")
    if not margin.locator("details[open]").count():
        margin.locator("summary").click()
    return margin


def stands_at(page: Page, level: int) -> None:
    expect(page.locator("output")).to_have_text(SENTENCES[level // 10])
    expect(page.locator("html")).to_have_attribute("data-light", str(level))
    assert SENTENCES[level // 10] in page.locator("#notch").get_attribute("aria-valuetext")


def test_arrow_keys_move_through_the_eleven_notches_and_the_light_follows(reader):
    slider = reader.locator("#notch")
    slider.focus()
    slider.press("Home")
    for level in range(0, 101, 10):
        stands_at(reader, level)
        slider.press("ArrowRight")
    slider.press("ArrowLeft")
    stands_at(reader, 90)


def test_the_buttons_do_the_same_and_stop_at_the_ends(reader):
    darker, brighter = reader.locator("[data-step='-10']"), reader.locator("[data-step='10']")
    brighter.click()
    stands_at(reader, 50)
    for _step in range(5):
        darker.click()
    darker.click(force=True)
    stands_at(reader, 0)
    expect(reader.locator("[data-at]")).to_have_text("0")
    expect(darker).to_have_attribute("aria-disabled", "true")
    expect(brighter).to_have_attribute("aria-disabled", "false")


@pytest.mark.parametrize("usual", range(0, 100, 10))
def test_the_notch_ten_percent_above_ones_own_is_marked(reader, usual):
    reader.select_option("#usual", str(usual))
    stands_at(reader, usual + 10)
    expect(reader.locator("[data-at]")).to_have_text(f"{usual + 10} · 10% above yours")
    expect(reader.locator(".lamps .above")).to_have_attribute("data-level", str(usual + 10))


def test_who_is_at_the_top_is_not_sent_higher_and_nobody_has_to_say(reader):
    reader.select_option("#usual", "100")
    expect(reader.locator("[data-marked]")).to_contain_text("nothing above")
    stands_at(reader, 40)
    expect(reader.locator(".lamps .above")).to_have_count(0)
    reader.select_option("#usual", "30")
    reader.select_option("#usual", "")
    expect(reader.locator(".lamps .above")).to_have_count(0)


def test_playing_with_the_dimmer_stores_and_sends_nothing(reader):
    reader.wait_for_load_state("networkidle")
    asked = []
    reader.on("request", lambda request: asked.append(request.url))
    reader.select_option("#usual", "20")
    reader.locator("[data-step='10']").click()
    reader.wait_for_timeout(300)
    assert {url for url in asked if not url.endswith(f"{READ}reactions/")} == set()  # they come when one is near
    assert reader.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    reader.reload()
    expect(reader.locator("#usual")).to_have_value("")
    expect(reader.locator("html")).to_have_attribute("data-light", "40")


@pytest.mark.parametrize("width", [320, 1200])
def test_nothing_shifts_while_the_sentence_changes(reader, width):
    reader.set_viewport_size({"width": width, "height": 740})
    below = "document.querySelector('#exercise').getBoundingClientRect().top + scrollY"
    reader.locator("#notch").press("Home")
    tops = {reader.evaluate(below)}
    for _level in range(10):
        reader.locator("#notch").press("ArrowRight")
        tops.add(reader.evaluate(below))
    reader.select_option("#usual", "40")
    tops.add(reader.evaluate(below))
    assert len(tops) == 1


def test_without_javascript_the_sentences_are_a_list_to_read(someone):
    page = someone("en", javascript=False)
    page.goto(READ)
    notches = page.locator("#notches .ladder > li")
    expect(notches).to_have_count(11)
    for notch, sentence in zip(notches.all(), SENTENCES, strict=True):
        expect(notch).to_be_visible()
        expect(notch).to_contain_text(sentence)
    expect(page.locator("#notch")).to_have_count(0)
    expect(page.locator("[data-listen]")).to_be_hidden()


def test_the_light_changes_at_once_for_who_asks_for_less_motion(someone):
    page = someone("en", reduced_motion="reduce")
    page.goto(READ)
    page.locator("#notch").press("End")
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--light')") == "1"


# Words in the margin, in a browser


def test_words_are_saved_in_place_and_are_there_again_the_next_time(writer):
    margin = opens(writer)
    margin.locator("textarea").fill(SECRET)
    here = writer.url
    margin.locator("button.plain").click()
    expect(margin.locator(".earlier blockquote")).to_have_text(SECRET)
    expect(margin.locator("[role=status]").first).to_be_focused()
    expect(margin.locator("textarea")).to_have_value("")
    assert writer.url == here
    writer.reload()
    expect(writer.locator("#margin-1 .earlier blockquote")).to_have_text(SECRET)
    writer.locator("#margin-1 .earlier a").click()
    expect(writer.locator("[name=body]")).to_have_value(SECRET)


def test_going_back_and_writing_more_does_not_replace_what_was_saved(writer):
    for words in ("first", "second"):
        margin = opens(writer)
        margin.locator("textarea").fill(words)
        margin.locator("button.plain").click()
        expect(margin.locator(".earlier blockquote").first).to_have_text(words)
        writer.goto("/en/read/")
        writer.go_back()
    expect(writer.locator("#margin-1 .earlier blockquote")).to_have_text(["second", "first"])


def test_after_saving_in_place_what_is_typed_next_is_kept_too_and_nothing_comes_back_by_itself(writer):
    margin = opens(writer)
    margin.locator("textarea").press_sequentially("first")
    margin.locator("button.plain").click()
    expect(margin.locator(".earlier")).to_contain_text("first")
    expect(margin.locator(".kept")).to_be_visible()
    margin.locator("textarea").press_sequentially("second")
    expect(margin.locator(".kept")).to_contain_text("Kept at", timeout=12_000)
    writer.reload()
    expect(writer.locator("#margin-1 textarea")).to_have_value("second")
    expect(writer.locator("#margin-2 textarea")).to_have_value("")
    writer.goto("/en/drafts/")
    expect(writer.locator("main .items li")).to_have_count(1)


def test_an_empty_margin_says_so_in_place(writer):
    margin = opens(writer)
    margin.locator("textarea").evaluate("field => field.required = false")
    margin.locator("button.plain").click()
    expect(margin.locator(".errors").first).to_contain_text("One sentence is enough")


def test_who_was_signed_out_meanwhile_gets_the_words_back_on_the_next_page(writer):
    margin = opens(writer)
    margin.locator("textarea").fill(SECRET)
    writer.context.clear_cookies(name="session")
    margin.locator("button.plain").click()
    expect(writer.locator("main")).to_contain_text(SECRET)
    expect(writer).to_have_url(re.compile(f"{MARGIN}$"))


def test_without_a_connection_the_words_stay_and_the_page_says_so(writer):
    margin = opens(writer)
    margin.locator("textarea").fill(SECRET)
    writer.context.set_offline(True)
    margin.locator("button.plain").click()
    expect(margin.locator("[data-not-sent]")).to_be_visible()
    expect(margin.locator("textarea")).to_have_value(SECRET)
    writer.context.set_offline(False)
    margin.locator("button.plain").click()
    expect(margin.locator(".earlier blockquote")).to_have_text(SECRET)


def test_without_javascript_words_are_saved_and_one_is_back_at_the_question(someone):
    page = someone("en", javascript=False)
    starts(page, "en")
    page.goto(READ)
    opens(page).locator("textarea").fill(SECRET)
    page.locator("#margin-1 button.plain").click()
    expect(page).to_have_url(re.compile(f"{READ}#margin-1$"))
    expect(page.locator("#margin-1 .earlier blockquote")).to_have_text(SECRET)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_in_use_is_accessible_and_fits_a_small_screen(someone, scheme):
    """With words in the margin, a fault, a draft and the dimmer moved: what the walk over all pages does not see."""
    page = someone("en", color_scheme=scheme)
    starts(page, "en")
    page.goto(READ)
    for number, words in ((1, SECRET), (2, "w" * 80)):
        margin = opens(page, number)
        margin.locator("textarea").fill(words)
        margin.locator("button.plain").click()
        expect(margin.locator(".earlier")).to_be_visible()
    expect(margin.locator(".kept")).to_be_visible()
    margin.locator("textarea").press_sequentially("half")
    expect(margin.locator(".kept")).to_contain_text("Kept at", timeout=12_000)
    page.goto(READ)
    page.locator("#margin-1 textarea").evaluate("field => field.required = false")
    page.locator("#margin-1 button.plain").click()
    expect(page.locator("#margin-1 .errors").first).to_be_visible()
    page.select_option("#usual", "60")
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found] == []
    for width, size in ((320, "100%"), (360, "200%")):
        page.set_viewport_size({"width": width, "height": 740})
        page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


# Listening


def listening(someone, *voices: tuple[str, bool]) -> Page:
    """In a browser with these voices; the one that the tests use has none at all."""
    page = someone("en")
    starts(page, "en")
    given = str([[language, local] for language, local in voices]).replace("True", "true").replace("False", "false")
    page.add_init_script(VOICES.replace("VOICES", given))
    page.goto(READ)
    return page


@pytest.mark.parametrize("voices", [[], [("en-GB", False)], [("nl-NL", True)], [("nl-NL", True), ("en_US", False)]])
def test_listening_is_offered_only_with_a_voice_of_this_device_in_this_language(someone, voices):
    expect(listening(someone, *voices).locator("[data-listen]")).to_be_hidden()


def test_a_browser_without_voices_offers_no_listening(reader):
    expect(reader.locator("[data-listen]")).to_be_hidden()


def test_the_module_is_read_aloud_with_pause_and_stop_and_not_ones_own_words(someone):
    page = listening(someone, ("en-GB", True))
    opens(page).locator("textarea").fill(SECRET)
    page.locator("#margin-1 button.plain").click()
    expect(page.locator("#margin-1 .earlier")).to_be_visible()
    said = "speechSynthesis.said"
    play, stop = page.locator("[data-play]"), page.locator("[data-stop]")
    play.click()
    assert page.evaluate(said) == [MODULE.title]
    expect(play).to_have_text("Pause")
    play.click()
    assert page.evaluate("speechSynthesis.stopped") > 0
    play.click()
    assert page.evaluate(said) == [MODULE.title] * 2, "goes on with what it was saying"
    stop.click()
    expect(play).to_have_text("Listen to this module")
    expect(play).to_be_focused()
    expect(stop).to_be_hidden()
    page.evaluate(
        "() => { speechSynthesis.speak = (words) => { speechSynthesis.said.push(words.text); words.onend(); }; }"
    )
    play.click()
    expect(play).to_have_text("Listen to this module")
    lines = page.evaluate(said)[2:]
    assert max(map(len, lines)) <= 200
    text = re.sub(r"\s+", "", "".join(lines))
    prose = re.sub(r"<[^>]+>|\s+", "", MODULE.html)
    assert text == re.sub(r"\s+", "", MODULE.title + MODULE.summary) + unescape(prose)
    assert SECRET not in " ".join(lines)


@pytest.mark.parametrize(
    "leaves", ["document.documentElement.classList.add('left')", "dispatchEvent(new Event('pagehide'))"]
)
def test_leaving_silences_it_at_once(someone, leaves):
    page = listening(someone, ("en-GB", True))
    page.locator("[data-play]").click()
    before = page.evaluate("speechSynthesis.stopped")
    page.evaluate(leaves)
    assert page.evaluate("speechSynthesis.stopped") > before


# On paper


def test_a_printed_module_has_its_text_and_questions_and_none_of_the_controls_or_ones_own_words(writer):
    margin = opens(writer)
    margin.locator("textarea").fill(SECRET)
    margin.locator("button.plain").click()
    expect(margin.locator(".earlier")).to_be_visible()
    writer.emulate_media(media="print")
    for part in (".prose", "#margin-1 summary", "#margin-2 summary", "#notches .ladder"):
        expect(writer.locator(part)).to_be_visible()
    for part in (
        ".earlier",
        ".margin form >> nth=0",
        ".notches",
        ".read-mark",
        "details.contents",
        ".site-nav",
        ".site-foot",
    ):
        expect(writer.locator(part)).to_be_hidden()


def test_the_booklet_begins_each_module_on_a_new_page(reader):
    reader.goto("/en/read/booklet/")
    sheets = reader.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", sheets)) > len(course("en").modules) + 2
    reader.emulate_media(media="print")
    breaks = "[...document.querySelectorAll('.booklet > section')].map(each => getComputedStyle(each).breakBefore)"
    assert reader.evaluate(breaks) == ["page"] * (len(course("en").modules) + 2)
    for part in (".site-nav", ".exit", ".site-foot", "[data-print]"):
        expect(reader.locator(part)).to_be_hidden()
