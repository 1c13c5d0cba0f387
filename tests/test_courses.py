"""Several courses side by side, margins in them, and what is wrong with one that is not sound."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from django.core.checks import ERROR
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from exercises.course import checks, courses
from exercises.course.checks import check_courses, faults
from exercises.course.pages import CONTENT, EXERCISE_KEYS, PAGE_KEYS, Source, course
from exercises.records.rowsecurity import acting_as
from tests.running import Browser as Client
from tests.running import manage, running
from tests.test_looks import WCAG

EXERCISE = {
    "kind": "share",
    "title": "Eén zin over moe zijn",
    "purpose": "Je kijkt of het anders gaat dan je dacht.",
    "minutes": 10,
    "needs": ["Iemand die je een beetje vertrouwt"],
    "steps": ["Kies een rustig moment.", "Zeg je zin."],
    "start": 10,
    "situations": ["message"],
    "with": ["friend"],
    "moment": "Iemand vraagt of je meegaat.",
    "ladder": {level: f"Zin {level}." for level in range(0, 101, 10)},
    "prompts": ["Wat zei je?"],
}
FRONT = {"title": "Een pauze", "summary": "Even niets doen.", "exercise": EXERCISE}
ABOUT = {
    "title": "Leren rusten",
    "summary": "Over pauzes.",
    "languages": ["nl"],
    "licence": "CC BY 4.0",
    "author": "Sam",
}
BODY = "Begin.\n\n## Een kop\n\nMidden.\n"
QUESTIONS = {
    "title": "Vragen",
    "summary": "Kort.",
    "questions": [{"question": "Hoe lang?", "answer": "Zo lang als nodig."}],
}

POINTS = {"title": "Kort", "summary": "De punten.", "points": [{"point": "Eén.", "detail": "Meer.", "gain": "Rust."}]}


def text(front: dict | str, body: str = BODY) -> str:
    front = front if isinstance(front, str) else yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n{body}"


def make(directory: Path, slugs=("een-pauze", "nog-een-pauze"), there=("nl",), **about) -> Path:
    """A sound course; `about` changes what course.yaml says."""
    for language in there:
        (directory / language).mkdir(parents=True)
        for number, slug in enumerate(slugs, 1):
            front = FRONT | {"title": f"{slug} {language}"}
            (directory / language / f"{number:02}-{slug}.md").write_text(text(front))
    (directory / "course.yaml").write_text(yaml.safe_dump(ABOUT | {"languages": list(there)} | about))
    return directory


@pytest.fixture
def rest(tmp_path, settings):
    """A site with one further course, in Dutch alone."""
    settings.COURSES = [tmp_path]
    return make(tmp_path / "rest")


def said() -> list[str]:
    """What the check says of further courses: file:line and the fault."""
    return [f"{Path(each.obj).name} {each.msg}" for each in check_courses(None) if each.id == "course.W001"]


def read(client, slug: str) -> None:
    client.post(f"/en/read/{slug}/mark/", {"read": "1"})


# Margins


def parsed(tmp_path: Path, body: str) -> Source:
    file = tmp_path / "nl" / "01-een-pauze.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text(FRONT, body))
    return Source(file, "nl")


def test_the_prose_comes_in_parts_up_to_each_margin_question(tmp_path):
    body = "Een.\n\n::: margin\nWelke *zin*\nslikte je in?\n:::\n\n## Twee\n\nTwee.\n\n::: margin\nWat nu?\n:::\n"
    module = parsed(tmp_path, body).module()
    assert module.parts == (
        ("<p>Een.</p>\n", "Welke zin slikte je in?"),
        ('<h2 id="twee">Twee</h2>\n<p>Twee.</p>\n', "Wat nu?"),
        ("", ""),
    )
    assert module.html == "".join(part.html for part in module.parts)
    assert module.words == len(["Een", "Twee", "Twee"])


def test_prose_without_a_margin_is_one_part(tmp_path):
    module = parsed(tmp_path, BODY).module()
    assert module.parts == ((module.html, ""),)


PIECES = st.lists(
    st.sampled_from(["Tekst.", "::: scene\nTekst.\n:::", "::: margin\nVraag?\n:::", "- een\n- twee", "> zo"])
)


@hypothesis(deadline=None)  # each writes a file
@given(PIECES)
def test_the_parts_are_the_whole_prose_in_its_order(tmp_path_factory, pieces):
    margins = "::: margin\nVraag?\n:::"
    module = parsed(tmp_path_factory.mktemp("parts"), "\n\n".join(pieces) + "\n").module()
    without = parsed(tmp_path_factory.mktemp("whole"), "\n\n".join(each for each in pieces if each != margins) + "\n")
    assert [part.prompt for part in module.parts] == ["Vraag?"] * pieces.count(margins) + [""]
    assert module.words == without.module().words
    assert [part.html for part in module.parts if part.html] or not module.html
    assert "margin" not in module.html


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("Een.\n\n::: margin\n:::\n", 5, "an empty margin"),
        ("::: margin\n\n:::\n", 3, "an empty margin"),
        ("::: margin\nEen?\n\nTwee?\n:::\n", 3, "one question, in one paragraph"),
        ("::: margin\n## Een?\n:::\n", 3, "one question, in one paragraph"),
        ("::: scene\nZo.\n\n:::: margin\nEen?\n::::\n\n:::\n", 6, "by itself, not in a block"),
        (f"::: margin\n{'x' * 501}\n:::\n", 3, "longer than 500 characters"),
        ("Een.\n\nTODO: schrijf dit\n", 5, "left to fill in"),
        ("![een foto](foto.png)\n", 3, "a picture"),
        ("[weg](http://example.com/)\n", 3, "a link that leads nowhere"),
    ],
)
def test_what_cannot_be_shown_is_named_with_its_line(tmp_path, body, line, said):
    front = text(FRONT, "").count("\n")
    [fault] = parsed(tmp_path, body).faults
    assert (fault.line - front + 2, said in fault.text) == (line, True), fault


def test_a_margin_that_a_translation_lacks_is_a_fault(tmp_path):
    make(tmp_path / "rest", there=("nl", "en"))
    (tmp_path / "rest/nl/01-een-pauze.md").write_text(text(FRONT, f"{BODY}\n::: margin\nWat?\n:::\n"))
    [fault] = faults(tmp_path / "rest")
    assert (fault.file, fault.line) == (tmp_path / "rest/en/01-een-pauze.md", 1)
    assert fault.text == "0 margins, where nl has 1"


def test_links_to_a_site_that_is_safe_and_to_other_modules_are_sound(tmp_path):
    body = "[a](https://example.com/) [b](../dimmer/) [c](#een-kop) [d](../../help/)\n"
    assert parsed(tmp_path, body).faults == []


# Several courses


def test_with_one_course_nothing_speaks_of_others(client, settings):
    assert settings.COURSES == []
    assert "Other courses" not in client.get("/en/read/").text
    assert courses.further() == ()


def test_another_course_is_listed_and_shown(client, rest):
    page = client.get("/nl/read/").text
    assert "/nl/read/course/rest/" in page
    page = client.get("/nl/read/course/rest/").text
    for shown in ("Leren rusten", "Over pauzes.", "CC BY 4.0", "Sam", "/nl/read/een-pauze/", "/nl/read/nog-een-pauze/"):
        assert shown in page
    assert "dimmer/" not in page.partition("<main")[2].partition("</main>")[0]


def test_the_list_of_modules_of_the_own_course_stays_as_it_was(client, rest):
    assert "een-pauze" not in client.get("/nl/read/").text


def test_a_module_of_another_course_leads_to_its_own_neighbours_and_back(client, rest):
    first, last = client.get("/nl/read/een-pauze/").text, client.get("/nl/read/nog-een-pauze/").text
    assert 'rel="next" href="/nl/read/nog-een-pauze/"' in first
    assert 'rel="prev" href="/nl/read/een-pauze/"' in last
    assert 'rel="next" href="/nl/read/course/rest/"' in last
    assert "/key-points/" not in last.partition("<main")[2].partition("</main>")[0]
    assert "2 van 2" in last or "2 of 2" in last


def test_a_course_in_one_language_is_shown_in_it_and_says_so(client, rest):
    for path in ("/en/read/course/rest/", "/en/read/een-pauze/", "/en/exercises/een-pauze/"):
        page = client.get(path).text
        assert "You can read this in Dutch only." in page
        assert 'lang="nl"' in page.partition("<main")[2]
    assert 'class="prose" lang="nl"' in client.get("/en/read/een-pauze/").text
    for path in ("/nl/read/course/rest/", "/nl/read/een-pauze/", "/en/read/dimmer/", "/en/exercises/dimmer/"):
        assert "only." not in client.get(path).text.partition("</header>")[2].partition("</header>")[0]


def test_a_course_in_two_languages_is_read_in_ones_own(client, tmp_path, settings):
    settings.COURSES = [
        make(
            tmp_path / "rest",
            there=("en", "nl"),
            title={"nl": "Rust", "en": "Rest"},
            summary={"nl": "N.", "en": "E."},
        )
    ]
    assert ">Rust<" in client.get("/nl/read/course/rest/").text
    assert ">Rest<" in client.get("/en/read/course/rest/").text
    assert "een-pauze en" in client.get("/en/read/een-pauze/").text
    assert "een-pauze nl" in client.get("/nl/read/een-pauze/").text


@pytest.mark.parametrize(
    "path", ["/en/read/", "/en/read/course/rest/", "/en/read/een-pauze/", "/en/exercises/een-pauze/"]
)
def test_another_course_costs_a_visitor_no_query_and_no_form(client, django_assert_num_queries, db, rest, path):
    with django_assert_num_queries(0):
        response = client.get(path)
    assert (response.status_code, response.cookies) == (200, {})
    assert "<form" not in response.text


def test_questions_of_another_course_stand_on_its_page(client, rest):
    (rest / "nl/questions.md").write_text(text(QUESTIONS, "[Een pauze](../../een-pauze/)\n"))
    page = client.get("/nl/read/course/rest/").text
    assert said() == []
    assert "Hoe lang?" in page
    assert "Zo lang als nodig." in page


def test_the_own_course_has_one_address(client):
    response = client.get("/en/read/course/openness/")
    assert (response.status_code, response["Location"]) == (302, "/en/read/")


@pytest.mark.parametrize("name", ["nothing", "Rest", "rest2"])
def test_a_course_that_is_not_there_is_a_404(client, rest, name):
    assert client.get(f"/en/read/course/{name}/").status_code == 404


def test_each_course_has_its_own_progress(as_emma, rest):
    read(as_emma, "een-pauze")
    assert "1 of 2 parts read" in as_emma.get("/en/read/course/rest/").text
    page = as_emma.get("/en/read/").text
    assert "1 of 2 parts read" in page
    assert page.count("<strong>read</strong>") == 0
    page = as_emma.get("/en/progress/").text
    assert "1 of the 2 parts." in page
    total = len(course("en").modules)
    assert f"of the {total} parts." not in page
    read(as_emma, "dimmer")
    page = as_emma.get("/en/progress/").text
    assert ("1 of the 2 parts." in page, f"1 of the {total} parts." in page) == (True, True)


def test_the_place_in_a_module_of_another_course_is_kept(as_emma, rest):
    as_emma.post("/en/read/een-pauze/mark/", {"section": "een-kop"})
    assert "/en/read/een-pauze/#een-kop" in as_emma.get("/en/read/course/rest/").text


def next_module(client) -> str:
    page = client.get("/en/today/").text
    return page.partition('<a class="card" href="/en/read/')[2].partition("/")[0]


def test_the_evening_goes_on_with_the_course_that_was_opened_last(as_emma, rest):
    first, second, *_others = [module.slug for module in course("en").modules]
    as_emma.post("/en/feeling/", {"words": ["sad"], "intensity": "3"})
    assert next_module(as_emma) == first
    read(as_emma, "een-pauze")
    assert next_module(as_emma) == "nog-een-pauze"
    read(as_emma, first)
    assert next_module(as_emma) == second
    read(as_emma, "nog-een-pauze")
    assert next_module(as_emma) == second


def test_what_was_read_of_a_course_that_is_gone_does_no_harm(as_emma, emma):
    with acting_as(emma.pk):
        emma.reads.create(module="een-pauze", finished_at=timezone.now())
        emma.entries.create(module="een-pauze", prompt="Wat zei je?", body="Iets.")
    for path in ("/en/today/", "/en/read/", "/en/progress/", "/en/journal/", "/en/privacy/export/"):
        assert as_emma.get(path).status_code == 200
    assert next_module(as_emma) == course("en").modules[0].slug


def test_words_to_a_question_of_another_course_keep_its_name(as_emma, emma, rest):
    page = as_emma.get("/en/journal/new/?module=een-pauze&prompt=1").text
    assert "Wat zei je?" in page
    as_emma.post("/en/journal/new/", {"module": "een-pauze", "prompt": "Wat zei je?", "body": "Dat ik moe was."})
    with acting_as(emma.pk):
        entry = emma.entries.get()
    assert (entry.module, entry.prompt) == ("een-pauze", "Wat zei je?")


def test_a_course_is_read_once(client, rest):
    assert client.get("/nl/read/een-pauze/").status_code == 200
    shutil.rmtree(rest)
    assert client.get("/nl/read/een-pauze/").status_code == 200


# What is not sound


@pytest.mark.parametrize(
    ("about", "line"),
    [
        ({"author": ""}, "author is not a text"),
        ({"licence": None}, "licence is not a text"),
        ({"licence": "TODO: which?"}, "licence is left to fill in"),
        ({"languages": []}, "languages is not a list of languages"),
        ({"languages": ["nl", "fr"]}, "languages is not a list of languages"),
        ({"languages": "nl"}, "languages is not a list of languages"),
        ({"languages": [["nl"]]}, "languages is not a list of languages"),
        ({"title": 7}, "title is not a text"),
        ({"title": {"en": "Rest"}}, "title has not a text for each language"),
        ({"summary": {"nl": " "}}, "summary has not a text for each language"),
        ({"name": "Leren Rusten"}, "name is not of the letters"),
        ({"name": "openness"}, "name is that of another course: openness"),
        ({"name": 5}, "name is not of the letters"),
        ({"colour": "red"}, "colour is not a key that is known"),
    ],
)
def test_a_fault_in_course_yaml_is_named_and_the_course_left_out(client, tmp_path, settings, about, line):
    settings.COURSES = [make(tmp_path / "rest", **about)]
    lines = (tmp_path / "rest/course.yaml").read_text().split("\n")
    number = next(n for n, each in enumerate(lines, 1) if each.startswith(f"{line.split()[0]}:"))
    assert any(each.startswith(f"course.yaml:{number} {line}") for each in said()), said(check_courses(None))
    assert "rest" not in [book.name for book in courses.further()]
    assert client.get("/nl/read/een-pauze/").status_code == 404
    assert client.get("/nl/read/").status_code == 200


@pytest.mark.parametrize("key", ["title", "summary", "languages", "licence", "author"])
def test_a_key_that_course_yaml_lacks_is_named(tmp_path, settings, key):
    settings.COURSES = [make(tmp_path / "rest")]
    (tmp_path / "rest/course.yaml").write_text(yaml.safe_dump({name: ABOUT[name] for name in ABOUT if name != key}))
    assert said() == [f"course.yaml:1 {key} is missing"]


@pytest.mark.parametrize(
    "content",
    ["", "- a\n", "title: [\n", "a: &x {b: *x}\n", "day: 2026-13-45\n", "a: \0\n", "name: é\n".encode("latin-1")],
)
def test_a_course_yaml_that_is_none_is_named(tmp_path, settings, content):
    settings.COURSES = [make(tmp_path / "rest")]
    (tmp_path / "rest/course.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert len(said()) == 1
    assert courses.further() == ()


def test_a_course_without_its_course_yaml_is_named(tmp_path, settings):
    settings.COURSES = [tmp_path]
    (make(tmp_path / "rest") / "course.yaml").unlink()
    assert said() == ["course.yaml:1 cannot be read"]


def nowhere(place: Path) -> None: ...


def a_file(place: Path) -> None:
    place.write_text("a file")


def empty(place: Path) -> None:
    place.mkdir()


def a_loop(place: Path) -> None:
    place.symlink_to(place)


def a_file_within(place: Path) -> None:
    place.mkdir()
    (place / "notes.txt").write_text("not a course")


@pytest.mark.parametrize("kind", [nowhere, a_file, empty, a_loop, a_file_within])
def test_a_directory_that_cannot_be_used_is_named_and_takes_nothing_down(client, tmp_path, settings, kind):
    kind(tmp_path / "place")
    settings.COURSES = [tmp_path / "place", tmp_path / ("x" * 300), make(tmp_path / "other/rest")]
    assert len(said()) == 2
    assert [book.name for book in courses.further()] == ["rest"]
    assert "Leren rusten" in client.get("/nl/read/").text


def test_a_module_of_which_the_name_is_taken_is_left_out_and_named(client, tmp_path, settings):
    make(tmp_path / "a", slugs=("een-pauze", "dimmer"))
    make(tmp_path / "b", slugs=("een-pauze", "eigen-pauze"))
    settings.COURSES = [tmp_path]
    assert said() == [
        "02-dimmer.md:1 the course openness has a module with this name",
        "01-een-pauze.md:1 the course a has a module with this name",
    ]
    assert "Een pauze" not in client.get("/nl/read/dimmer/").text
    assert [module.slug for module in courses.named("b").edition("nl").course.modules] == ["eigen-pauze"]


def test_two_courses_of_one_name_are_named_and_the_first_is_kept(tmp_path, settings):
    settings.COURSES = [make(tmp_path / "a/rest"), make(tmp_path / "b/rest", slugs=("anders",))]
    assert said() == ["course.yaml:1 name is that of another course: rest"]
    assert courses.home("een-pauze").name == "rest"
    assert courses.home("anders") is None


@pytest.mark.parametrize("slug", ["search", "booklet", "key-points", "questions", "what-we-know", "course"])
def test_a_module_with_the_address_of_another_page_is_named(tmp_path, settings, slug):
    settings.COURSES = [make(tmp_path / "rest", slugs=(slug, "een-pauze"))]
    assert said() == [f"01-{slug}.md:1 the site has another page at read/{slug}/"]


def test_a_draft_is_left_out_until_all_is_filled_in(client, rest):
    ladder = EXERCISE["ladder"] | {20: "TODO: een zin"}
    front = text(FRONT | {"exercise": EXERCISE | {"ladder": ladder}})
    (rest / "nl/01-een-pauze.md").write_text(front)
    line = front[: front.index("TODO")].count("\n") + 1
    assert said() == [f"01-een-pauze.md:{line} exercise.ladder.20 is left to fill in"]
    assert client.get("/nl/read/een-pauze/").status_code == 404
    assert client.get("/nl/read/nog-een-pauze/").status_code == 200


@pytest.mark.parametrize(
    ("spoil", "said_of"),
    [
        (lambda rest: (rest / "nl/01-een-pauze.md").write_bytes(b"---\ntitle: caf\xe9\n---\n"), "01-een-pauze.md:1 not UTF-8"),
        (lambda rest: (rest / "nl/03-map.md").mkdir(), "03-map.md:1 cannot be read"),
        (lambda rest: (rest / "nl/03-weg.md").symlink_to("nowhere"), "03-weg.md:1 cannot be read"),
        (lambda rest: (rest / "nl/3-Odd Name.md").write_text(text(FRONT)), "3-Odd Name.md:1 the file's name is not"),
        (lambda rest: (rest / "nl/03-een-pauze.md").write_text(text(FRONT)), "03-een-pauze.md:1 a second module with the name een-pauze"),
        (lambda rest: (rest / "nl/questions.md").write_text(text(QUESTIONS | {"questions": ["hoe?"]})), "questions.md:5 questions.0 has not just the keys"),
        (lambda rest: (rest / "nl/about.md").write_text(text(QUESTIONS)), "about.md:1 a page that nothing shows"),
        (lambda rest: shutil.copytree(rest / "nl", rest / "en"), "en:1 not among the languages"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_sound_is_left_out_and_the_rest_stays(client, rest, spoil, said_of):
    spoil(rest)
    found = said()
    assert len(found) == 1
    assert found[0].startswith(said_of)
    assert client.get("/nl/read/course/rest/").status_code == 200
    assert client.get("/nl/read/nog-een-pauze/").status_code == 200


def test_a_language_that_a_course_says_it_has_but_has_not_is_named(client, tmp_path, settings):
    settings.COURSES = [make(tmp_path / "rest")]
    about = ABOUT | {
        "title": {"nl": "Rust", "en": "Rest"},
        "summary": {"nl": "N.", "en": "E."},
        "languages": ["nl", "en"],
    }
    (tmp_path / "rest/course.yaml").write_text(yaml.safe_dump(about))
    assert "en:1 a language without a module" in said()
    assert "You can read this in Dutch only." in client.get("/en/read/course/rest/").text


def test_a_fault_in_another_course_stops_no_command_unless_that_is_asked(rest):
    (rest / "nl/01-een-pauze.md").write_text("no front matter")
    call_command("check", verbosity=0)
    with pytest.raises(SystemCheckError, match="01-een-pauze.md:1"):
        call_command("check", fail_level="WARNING", verbosity=0)


def test_a_fault_in_the_own_course_is_an_error(tmp_path, monkeypatch):
    copy = shutil.copytree(CONTENT, tmp_path / "copy")
    (copy / "nl/05-dimmer.md").write_text("no front matter")
    monkeypatch.setattr(checks, "CONTENT", copy)
    assert f"{copy}/nl/05-dimmer.md:1" in {each.obj for each in check_courses(None) if each.level == ERROR}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.sampled_from(["share", "TODO", "nl"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


@hypothesis(deadline=None)  # each writes a file
@given(st.sampled_from(sorted(FRONT) + sorted(EXERCISE_KEYS)), VALUES)
def test_whatever_stands_under_a_key_a_module_is_sound_or_its_fault_is_named(tmp_path_factory, key, value):
    front = FRONT | ({key: value} if key in FRONT else {"exercise": EXERCISE | {key: value}})
    file = tmp_path_factory.mktemp("nl") / "01-een-pauze.md"
    file.write_text(text(front), encoding="utf-8", errors="surrogatepass")
    source = Source(file, "nl")
    if not source.faults:
        module = source.module()
        assert isinstance(module.title, str)
        assert len(module.exercise.ladder) == 11
    assert all(fault.line >= 1 for fault in source.faults)


@hypothesis(deadline=None)  # each writes a file
@given(st.sampled_from(["points", "questions"]), VALUES)
def test_whatever_a_page_lists_it_is_sound_or_its_fault_is_named(tmp_path_factory, key, value):
    slug = {"points": "key-points", "questions": "questions"}[key]
    file = tmp_path_factory.mktemp("nl") / f"{slug}.md"
    file.write_text(text({"title": "T", "summary": "S", key: value}), encoding="utf-8", errors="surrogatepass")
    source = Source(file, "nl")
    assert source.faults or source.page().items


@hypothesis(deadline=None)  # each writes a file
@given(st.dictionaries(st.sampled_from(sorted(courses.KEYS)), VALUES))
def test_whatever_course_yaml_says_it_is_a_course_or_its_fault_is_named(tmp_path_factory, about):
    directory = tmp_path_factory.mktemp("rest")
    (directory / "course.yaml").write_text(yaml.safe_dump(ABOUT | about), encoding="utf-8", errors="surrogatepass")
    sheet = courses.Sheet(directory)
    assert sheet.faults or sheet.editions(()) == {}


# The whole of it


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> Path:
    """A shelf with a sound course and a broken one, beside it a course with a draft; a third directory is not there."""
    home = tmp_path_factory.mktemp("courses")
    rest = make(home / "shelf/rest")
    (rest / "nl/questions.md").write_text(text(QUESTIONS))
    (rest / "nl/key-points.md").write_text(text(POINTS))
    make(home / "shelf/broken", slugs=("kapot",), author="")
    make(home / "alone", slugs=("alleen",))
    (home / "alone/nl/02-half.md").write_text(text(FRONT, "pearblossom TODO\n"))
    return home


@pytest.fixture(scope="module")
def environ(places) -> dict[str, str]:
    return {"KWETSBAAR_COURSES": ":".join(str(places / name) for name in ("shelf", "alone", "missing"))}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("site") / "home"


@pytest.fixture(scope="module")
def shelf_site(home, environ) -> Iterator[str]:
    with running(home, **environ) as (address, _server):
        yield address


def test_a_site_serves_other_courses_beside_its_own(shelf_site):
    browser = Client(shelf_site)
    page = browser.ask("/nl/read/").text
    assert ("course/rest/" in page, "course/alone/" in page, "course/broken/" in page) == (True, True, False)
    assert "een-pauze nl" in browser.ask("/en/read/een-pauze/").text
    assert browser.ask("/nl/read/alleen/").status == 200
    assert (browser.ask("/nl/read/kapot/").status, browser.ask("/nl/read/half/").status) == (404, 404)
    assert browser.ask("/nl/exercises/een-pauze/").status == 200


def test_the_check_of_a_site_names_what_was_left_out_and_the_log_quotes_nothing(shelf_site, places, home, environ):
    Client(shelf_site).ask("/nl/read/")
    check = manage(home, "check", **environ)
    assert check.returncode == 0
    for named in ("broken/course.yaml:1: (course.W001) author is", "alone/nl/02-half.md:", "missing:1: (course.W001)"):
        assert named in check.stderr
    log = (home / "log").read_text()
    assert "Left out of the courses" in log
    assert ("pearblossom" in log, str(places) in log) == (False, False)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_another_course_is_accessible_and_fits_a_small_screen(browser, shelf_site, language):
    page = browser.new_context(base_url=shelf_site, viewport={"width": 320, "height": 740}, locale=language).new_page()
    for path in ("read/", "read/course/rest/", "read/een-pauze/", "read/nog-een-pauze/", "exercises/een-pauze/"):
        page.goto(f"/{language}/{path}")
        assert Axe().run(page, options=WCAG).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.context.close()


# Content notes


NOTE = "::: note\nGaat even over ruzie.\n:::\n"


def test_a_content_note_stands_before_the_passage_that_it_warns_about(client, rest):
    (rest / "nl/01-een-pauze.md").write_text(text(FRONT, f"Begin.\n\n{NOTE}\nDe ruzie.\n"))
    assert said() == []
    shown = client.get("/nl/read/een-pauze/").text
    assert '<p>Begin.</p>\n<div class="note">\n<p>Gaat even over ruzie.</p>\n</div>\n<p>De ruzie.</p>' in shown


def test_a_content_note_in_the_front_matter_is_named(rest):
    (rest / "nl/01-een-pauze.md").write_text(text({"note": "Gaat over ruzie."} | FRONT))
    assert said() == ["01-een-pauze.md:2 note is not a key that is known"]


def test_a_content_note_that_a_translation_lacks_is_named(tmp_path, settings):
    settings.COURSES = [tmp_path]
    place = make(tmp_path / "rest", there=("nl", "en"), title={"nl": "a", "en": "b"}, summary={"nl": "a", "en": "b"})
    (place / "nl/01-een-pauze.md").write_text(text(FRONT, NOTE + BODY))
    assert said() == ["01-een-pauze.md:1 0 content notes, where nl has 1"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_touches_on_something_heavy_says_so_on_the_page_and_on_paper(client, language):
    noted = [module for module in course(language).modules if '<div class="note">' in module.html]
    assert len(noted) == 4
    booklet = client.get(f"/{language}/read/booklet/").text
    for module in noted:
        note = module.html.partition('<div class="note">')[2].partition("</div>")[0]
        assert note in client.get(f"/{language}/read/{module.slug}/").text
        assert note in booklet


def test_the_guide_names_every_key_and_box():
    guide = Path("docs/authoring.md").read_text()
    for key in (*courses.KEYS, *FRONT, *EXERCISE_KEYS, *set.union(*PAGE_KEYS.values())):
        assert f"{key}:" in guide, key
    for box in ("scene", "key", "aside", "note", "margin"):
        assert f"| `{box}` |" in guide
