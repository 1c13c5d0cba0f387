"""What who looks for a word in the course may rely on, and what is known of it all."""

import re
import threading
from html import unescape

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from django.db import connections
from django.utils import translation
from django.utils.html import strip_tags
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from exercises.course.courses import shelf
from exercises.course.pages import course
from exercises.course.passages import pieces
from exercises.reading.index import WORD, index, plain
from exercises.reading.models import Passage
from exercises.reading.search import MOST_FOUND, MOST_NEAR, MOST_WORDS, _vocabulary, find, nearest
from exercises.records.search import fold
from tests.test_courses import QUESTIONS, make, text
from tests.test_looks import WCAG
from tests.test_main_path import PHONE

LANGUAGES = ("nl", "en")
BESIDE = [(language, page) for language in LANGUAGES for page in ("key-points", "questions", "what-we-know")]
names = pytest.mark.parametrize


@pytest.fixture(autouse=True)
def _as_many_searches_as_a_test_needs(settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"search": None}


def seen(html: str) -> str:
    return " ".join(unescape(strip_tags(html)).split())


# What there is to find


@names("language", LANGUAGES)
def test_every_word_of_a_module_stands_in_a_passage(language):
    found = " ".join(f"{piece.heading} {piece.text}" for piece in pieces(course(language)))
    for module in course(language).modules:
        missing = set(WORD.findall(seen(module.html.replace(">", "> ")))) - set(WORD.findall(found))
        assert not missing, module.slug


@names("language", LANGUAGES)
def test_questions_answers_points_exercises_and_what_is_known_are_there(language):
    found = {(piece.page, piece.section) for piece in pieces(course(language))}
    wanted = {("questions", f"q{n}") for n in range(1, 6)} | {("key-points", f"point-{n}") for n in range(1, 4)}
    wanted |= {(module.slug, "exercise") for module in course(language).modules}
    wanted |= {(module.slug, heading.id) for module in course(language).modules for heading in module.headings}
    assert wanted <= found
    assert len([page for page, _section in found if page == "what-we-know"]) > 4


def test_margin_questions_are_not_found_as_if_they_were_text():
    module = next(module for module in course("en").modules if module.parts[0].prompt)
    text = " ".join(piece.text for piece in pieces(course("en")) if piece.page == module.slug)
    assert module.parts[0].prompt not in text


# Filling the table


def test_the_table_is_filled_after_migrating_for_every_course_and_language(db):
    there = set(Passage.objects.values_list("course", "language"))
    assert there == {(book.name, code) for book in shelf().books for code in book.editions}


def test_filling_it_again_writes_nothing(db, capsys):
    before = list(Passage.objects.values_list("pk", flat=True))
    call_command("index_course")
    assert capsys.readouterr().out == "0 passages written\n"
    assert list(Passage.objects.values_list("pk", flat=True)) == before


def test_only_what_changed_is_written_anew(db):
    dutch, english = (Passage.objects.using("owner").filter(language=code) for code in LANGUAGES)
    english_before, dutch_count = set(english.values_list("pk", flat=True)), dutch.count()
    dutch.update(digest="of an older text")
    dutch.filter(section="exercise").delete()
    assert index("owner") == dutch_count == dutch.count()
    assert set(english.values_list("pk", flat=True)) == english_before


def test_a_course_that_is_gone_is_found_no_more(db):
    gone = Passage.objects.using("owner").filter(course="gone")
    row = Passage.objects.using("owner").first()
    row.pk, row.course = None, "gone"
    row.save()
    assert gone.exists()
    index("owner")
    assert not gone.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_fill_it_once(db):
    count = Passage.objects.count()
    Passage.objects.using("owner").all().delete()
    faults = []

    def fill():
        try:
            index("owner")
        except Exception as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=fill) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert Passage.objects.count() == count > 100


# Looking for a word


def ask(client, words, language="nl"):
    response = client.get(f"/{language}/read/search/", {"q": words})
    assert response.status_code == 200
    return response


@names(
    ("language", "words", "heading"),
    [
        ("nl", "café", "Donderdagavond in het café"),
        ("nl", "CAFE", "Donderdagavond in het café"),
        ("nl", "cafe\u0301", "Donderdagavond in het café"),
        ("nl", "handrem mes", "Wat een beeld is"),
        ("en", "chips", "Thursday night in the café"),
        ("en", "trusting", "Start small"),
    ],
)
def test_a_word_is_found_whatever_its_case_accents_and_ending(client, db, language, words, heading):
    assert heading in [seen(hit.heading) for hit in ask(client, words, language).context["hits"]]


def test_the_hit_is_marked_in_its_sentence_as_it_is_written(client, db):
    text = ask(client, "cafe").text
    assert re.search(r"<p>Emma zit in een <mark>café</mark> waar [^<]+\.</p>", text)


@names("language", LANGUAGES)
def test_a_hit_in_a_heading_comes_before_one_in_the_text(client, db, language):
    word = {"nl": "schaamte", "en": "shame"}[language]
    marked = ["<mark>" in hit.heading for hit in ask(client, word, language).context["hits"]]
    assert marked[0]
    assert marked == sorted(marked, reverse=True)


@names("language", LANGUAGES)
def test_every_heading_question_and_point_is_found_by_its_words_and_leads_to_its_place(client, db, language):
    pages = {}
    with translation.override(language):
        for piece in pieces(course(language)):
            hits = find(list(dict.fromkeys(plain(piece.heading).split()))[:MOST_WORDS], language)
            own = {hit.address for hit in hits if seen(hit.heading) == piece.heading}
            assert own or not hits, piece.heading  # small words alone find nothing
            for address in own:
                path, _, anchor = address.partition("#")
                pages[path] = pages.get(path) or client.get(path).text
                assert not anchor or f'id="{anchor}"' in pages[path], address
    assert len(pages) > 15


def test_what_is_typed_is_shown_as_text_and_never_as_html(client, db):
    text = ask(client, '<script>alert("x")</script> schaamte').text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


def test_who_has_started_finds_the_same(client, as_emma):
    assert ask(as_emma, "schaamte").context["hits"] == ask(client, "schaamte").context["hits"] != []


def test_words_have_to_stand_in_one_place(client, db):
    hits = ask(client, "emma café").context["hits"]
    assert [hit.address for hit in hits] == ["/nl/read/safe-answer/#donderdagavond-in-het-café"]


def test_the_list_is_short_and_says_how_to_come_closer(client, db):
    response = ask(client, "people", "en")
    assert len(response.context["hits"]) == MOST_FOUND
    assert "One more word brings you closer." in response.text


@names(
    ("language", "typed", "offered"),
    [
        ("nl", "shcaamte", "schaamte"),
        ("nl", "angts", "angst"),
        ("nl", "kwetsb", "kwetsbaar"),
        ("en", "vunlerable", "vulnerable"),
        ("en", "Becker-Pehlps", "Becker Phelps"),
    ],
)
def test_for_a_word_that_finds_nothing_the_nearest_word_is_offered(client, db, language, typed, offered):
    response = ask(client, typed, language)
    assert response.context["hits"] == []
    assert response.context["offers"][0].casefold() == offered.casefold()
    link = re.search(r'<a href="(/../read/search/\?q=[^"]+)">', response.text)[1]
    assert client.get(unescape(link)).context["hits"]


def test_words_that_never_stand_together_are_offered_one_by_one(client, db):
    assert ask(client, "friet handrem").context["offers"] == ["friet", "handrem"]


@names("typed", ["qqqqqq", "de", "🙂", "?!", "   ", "", "'", "a", "qq:*", "&|!<->", '"', "%", "\\"])
def test_where_nothing_is_found_the_page_says_so_in_plain_words(client, db, typed):
    response = ask(client, typed, "en")
    assert response.context["hits"] == []
    assert re.search("Nothing found|Type a word", response.text)


@names("typed", ["schaamte\0", "\0", "schaamte & !", "-schaamte", '"schaamte', "schaamte:*", "*schaamte*", "(schaamte"])
def test_signs_do_not_count(client, db, typed):
    assert bool(ask(client, typed).context["hits"]) == ("schaamte" in typed)


def test_something_too_long_is_refused_in_plain_words_and_still_there(client, db):
    response = ask(client, "x" * 10_000, "en")
    assert "One or two words are enough." in response.text
    assert "x" * 10_000 in response.text


def test_bytes_that_are_no_text_are_no_fault(client, db):
    assert client.get("/nl/read/search/?q=%ff%fe%00%ed%a0%80").status_code == 200


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(max_size=110))
def test_whatever_is_typed_gives_a_page(client, db, typed):
    ask(client, typed)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_long_word_of_the_course_finds_its_sentence_and_survives_a_slip(client, db, data):
    words = sorted({fold(word) for piece in pieces(course("nl")) for word in WORD.findall(piece.text) if len(word) > 8})
    word = data.draw(st.sampled_from(words))
    hits = find([word], "nl")
    assert hits
    assert all("<mark>" in hit.sentence + hit.heading for hit in hits)
    at = data.draw(st.integers(1, len(word) - 3))
    slip = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert find([slip], "nl") or nearest([slip], "nl")


def test_the_page_says_that_what_is_typed_stands_in_the_address(client, db):
    text = client.get("/en/read/search/").text
    assert "appears in the address of the page" in text
    assert '<meta name="robots" content="noindex">' in text
    assert "csrf" not in text


def test_what_was_looked_for_is_kept_nowhere(client, db):
    response = ask(client, "schaamte")
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies
    assert "schaamte" not in re.search("<title>.*?</title>", response.text)[0]


def test_who_asks_very_often_waits_a_minute_and_keeps_what_was_typed(client, db, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"search": "2/m/ip"}
    assert [client.get("/en/read/search/", {"q": "shame"}).status_code for _ in range(3)] == [200, 200, 429]
    response = client.get("/en/read/search/", {"q": "shame & light"})
    assert response.status_code == 429
    assert "Wait a minute, and try again." in response.text
    assert 'value="shame &amp; light"' in response.text
    assert not response.cookies
    assert client.get("/en/read/search/").status_code == 200
    assert client.get("/en/read/search/", {"q": " "}).status_code == 200
    assert client.get("/en/read/search/", {"q": "shame"}, REMOTE_ADDR="192.0.2.7").status_code == 200


def test_a_question_of_many_words_looks_for_the_nearest_of_a_few(client, db, django_assert_max_num_queries):
    slips = ["shcaamte", "angts", "hadnrem", "kwetsbar", "spaning", "vrineden", "dimemr", "schildrij"]
    with django_assert_max_num_queries(1 + MOST_NEAR):
        assert len(nearest(slips, "nl")) == MOST_NEAR


def test_search_only_answers_to_a_question(client, db):
    assert client.post("/nl/read/search/", {"q": "schaamte"}).status_code in (403, 405)


# Further courses


@pytest.fixture
def rest(db, tmp_path, settings):
    """A site with one further course, in Dutch alone, with a question beside it."""
    settings.COURSES = [tmp_path]
    make(tmp_path / "rest", ["een-pauze"])
    (tmp_path / "rest" / "nl" / "questions.md").write_text(text(QUESTIONS))
    _vocabulary.cache_clear()
    index("default")  # the connection that the pages use here
    yield
    _vocabulary.cache_clear()


@names("language", LANGUAGES)
def test_a_further_course_is_found_too_in_the_language_it_has(client, rest, language):
    response = ask(client, "midden", language)
    hit = next(hit for hit in response.context["hits"] if hit.address.startswith(f"/{language}/read/een-pauze/"))
    assert hit.title == "Leren rusten · een-pauze nl"
    assert f'href="{hit.address}"' in response.text
    assert ('<li lang="nl">' in response.text) == (language == "en")
    assert client.get(hit.address).status_code == 200


def test_what_stands_beside_a_further_course_is_found_on_its_own_page(client, rest):
    hits = ask(client, "zo lang als nodig").context["hits"]
    (address,) = [hit.address for hit in hits if seen(hit.heading) == "Hoe lang?"]
    assert address == "/nl/read/course/rest/#q1"
    assert 'id="q1"' in client.get(address).text


def test_an_exercise_of_a_further_course_leads_to_that_exercise(client, rest):
    hits = ask(client, "Eén zin over moe zijn").context["hits"]
    assert "/nl/exercises/een-pauze/" in [hit.address for hit in hits]
    assert client.get("/nl/exercises/een-pauze/").status_code == 200


def test_a_slip_in_a_word_of_a_further_course_is_seen(client, rest):
    assert ask(client, "pazue").context["offers"][0].casefold() == "pauze"


# The pages beside the course


@names(("language", "page"), BESIDE)
def test_a_page_beside_the_course_costs_a_visitor_no_query_and_no_form(
    client, db, django_assert_num_queries, language, page
):
    with django_assert_num_queries(0):
        text = client.get(f"/{language}/read/{page}/").text
    assert "<form" not in text
    assert f"/{language}/read/search/" in text


@names("language", LANGUAGES)
def test_what_we_know_names_its_sources_and_what_is_not_known(client, language):
    text = seen(client.get(f"/{language}/read/what-we-know/").text)
    for source in ("Bruk, Scholl", "Craske", "Kardas, Kumar", "Knowles", "Wolpe", "2020", "Becker-Phelps", "Larson"):
        assert source in text
    assert {"nl": "We vonden geen onderzoek", "en": "We found no study"}[language] in text


@names("language", LANGUAGES)
def test_key_points_are_a_table_that_also_names_its_columns_in_each_cell(client, language):
    text = client.get(f"/{language}/read/key-points/").text
    assert len(re.findall(r'<tr role="row" id="point-\d">', text)) == 3
    columns = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', text)
    assert re.findall(r'data-label="(.*?)"', text) == columns[1:] * 3


# In a browser


@pytest.fixture
def page(browser, site):
    context = browser.new_context(base_url=site, viewport=PHONE, locale="nl")
    yield context.new_page()
    context.close()


def test_a_hit_in_an_answer_opens_that_answer(page):
    page.goto("/nl/read/search/")
    page.fill("[name=q]", "therapeut")
    page.keyboard.press("Enter")
    page.locator("#found li a").first.click()
    assert page.url.endswith("/nl/read/questions/#q3")
    page.locator("#q3 .prose").wait_for()
    assert not page.locator("#q1 .prose").is_visible()
    page.locator("#q1 summary").click()
    page.locator("#q1 a").click()
    assert page.url.endswith("#q1")


def test_without_javascript_search_and_the_link_to_an_answer_work_too(browser, site):
    context = browser.new_context(base_url=site, viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto("/nl/read/search/")
    page.fill("[name=q]", "therapeut")
    page.locator("main form button").click()
    page.locator("#found li a").first.click()
    expect(page.locator("#q3 .prose")).to_be_visible()
    context.close()


def test_key_points_fit_a_phone_as_cards_and_are_a_table_on_a_desk(page):
    page.goto("/nl/read/key-points/")
    cells = page.locator("#point-1 td")
    below = [cell.bounding_box()["y"] for cell in cells.all()]
    assert below[0] < below[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.get_by_role("row").count() == 4
    page.set_viewport_size({"width": 1280, "height": 800})
    across = [cell.bounding_box()["y"] for cell in cells.all()]
    assert across[0] == across[1]


def test_every_answer_is_printed(page):
    page.goto("/nl/read/questions/")
    page.emulate_media(media="print")
    heights = [answer.bounding_box()["height"] for answer in page.locator("details .prose").all()]
    assert len(heights) == 5
    assert min(heights) > 20


@names(
    "path",
    [
        "search/?q=schaamte",
        "search/?q=shcaamte",
        f"search/?q={'x' * 200}",
        "questions/#q2",
        "key-points/",
        "what-we-know/",
    ],
)
def test_what_is_found_is_accessible_and_fits_a_small_screen(page, path):
    page.goto(f"/nl/read/{path}")
    assert Axe().run(page, options=WCAG).response["violations"] == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
