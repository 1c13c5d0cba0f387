"""What a reader may rely on."""

from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.utils import timezone

from exercises.course.checks import faults
from exercises.course.pages import CONTENT, course
from exercises.records.rowsecurity import acting_as

LANGUAGES = ("nl", "en")
MODULES = [(language, module) for language in LANGUAGES for module in course(language).modules]
PAGES = [f"/{language}/read/" for language in LANGUAGES] + [
    f"/{language}/read/{slug}/"
    for language in LANGUAGES
    for slug in [*(module.slug for module in course("nl").modules), "key-points", "questions", "booklet"]
]


def ids(value):
    return getattr(value, "slug", str(value))


def test_the_course_and_the_whole_site_are_sound():
    assert run_checks() == []


def test_there_are_seven_modules_in_both_languages():
    assert [m.slug for m in course("nl").modules] == [m.slug for m in course("en").modules]
    assert [m.number for m in course("nl").modules] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("language", "module"), MODULES, ids=ids)
def test_a_module_takes_a_few_minutes_to_read(language, module):
    assert 450 <= module.words <= 900
    assert 3 <= module.minutes <= 6
    assert module.minutes <= module.slow_minutes


@pytest.mark.parametrize(("language", "module"), MODULES, ids=ids)
def test_every_exercise_has_eleven_sentences_that_differ(language, module):
    assert [notch.level for notch in module.exercise.ladder] == list(range(0, 101, 10))
    assert len({notch.sentence for notch in module.exercise.ladder}) == 11
    assert module.exercise.prompts


def test_only_the_first_two_exercises_are_for_watching_alone():
    assert [m.exercise.observes for m in course("nl").modules] == [True, True] + [False] * 5


@pytest.fixture
def copy(tmp_path: Path):
    """A copy of the course in which one piece of one file is replaced; returns what is found wrong."""

    def changed(file: str, old: str, new: str, encoding: str = "utf-8") -> list[str]:
        for source in CONTENT.rglob("*.md"):
            target = tmp_path / source.relative_to(CONTENT)
            target.parent.mkdir(exist_ok=True)
            text = source.read_text()
            if str(source.relative_to(CONTENT)) == file:
                assert old in text
                text = text.replace(old, new, 1)
            target.write_text(text, encoding=encoding)
        return [f"{fault.file.relative_to(tmp_path)}:{fault.line}: {fault.text}" for fault in faults(tmp_path)]

    return changed


def test_a_sound_copy_has_no_faults(copy):
    assert copy("nl/05-dimmer.md", "---\n", "---\n") == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("---\n", "", "no front matter"),
        ("title:", "titel:", "title is missing"),
        ("title:", "titel:", "titel is not a key"),
        ("summary:", "summary: 'never closed\nx:", "front matter:"),
        ("    10:", "    15:", "exercise.ladder needs one sentence for each notch"),
        ("  ladder:", "  leader:", "exercise.ladder is missing"),
        ("  kind: share", "  kind: shout", "exercise.kind has a value"),
        ("  minutes: ", "  minutes: -", "exercise.minutes has a value"),
        ("\n## ", "\n[nowhere](../no-such-module/)\n\n## ", "a link that leads nowhere: ../no-such-module/"),
        ("\n## ", "\n[nowhere](../../nothing/)\n\n## ", "a link that leads nowhere"),
        ("\n## ", "\n## One more\n\n## ", "headings, where nl has"),
    ],
)
def test_a_fault_in_a_course_file_is_named_with_its_file_and_line(copy, old, new, said):
    found = copy("en/05-dimmer.md", old, new)
    assert any(line.startswith("en/05-dimmer.md:") and said in line for line in found), found


def test_a_fault_names_the_line_it_stands_on(copy):
    text = (CONTENT / "en/05-dimmer.md").read_text()
    line = text[: text.index("  kind: share")].count("\n") + 1
    assert copy("en/05-dimmer.md", "  kind: share", "  kind: shout")[0].startswith(f"en/05-dimmer.md:{line}: ")


def test_a_missing_translation_is_named(copy, tmp_path):
    copy("nl/05-dimmer.md", "---\n", "---\n")
    (tmp_path / "en/05-dimmer.md").unlink()
    course.cache_clear()
    assert "a missing translation" in [fault.text for fault in faults(tmp_path)]


@pytest.mark.parametrize("page", PAGES)
def test_reading_costs_a_visitor_no_query_no_form_and_no_cookie(client, django_assert_num_queries, db, page):
    with django_assert_num_queries(0):
        response = client.get(page)
    assert response.status_code == 200
    assert not response.cookies
    for trace in (b"<form", b"csrf", b"hx-"):
        assert trace not in response.content


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_a_visitor_has_is_not_sent_again(client, page):
    tag = client.get(page)["ETag"]
    again = client.get(page, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(("language", "module"), MODULES, ids=ids)
def test_a_module_says_what_it_takes_and_where_to_go_on(client, language, module):
    text = client.get(f"/{language}/read/{module.slug}/").text
    assert f'lang="{language}"' in text
    for heading in module.headings:
        assert f'href="#{heading.id}"' in text
        assert f'<h2 id="{heading.id}">' in text
    assert f"/{language}/exercises/{module.slug}/" in text
    assert f"/{language}/help/" in text
    assert 'rel="next"' in text


def test_every_module_but_the_first_can_be_skipped(client):
    skips = [
        f"/en/read/{m.slug}/" for m in course("en").modules if "Skip this one" in client.get(f"/en/read/{m.slug}/").text
    ]
    assert skips == [f"/en/read/{m.slug}/" for m in course("en").modules[1:]]


def test_a_module_that_is_not_there_is_a_friendly_404(client):
    assert client.get("/en/read/no-such-module/").status_code == 404


def test_who_has_started_can_mark_a_module_as_read_and_take_the_mark_away(as_emma):
    def read():
        return as_emma.get("/en/read/").text.count("<strong>read</strong>")

    assert read() == 0
    for _twice in range(2):
        as_emma.post("/en/read/dimmer/mark/", {"read": "1"})
        assert read() == 1
    as_emma.post("/en/read/dimmer/mark/", {"read": "0"})
    assert read() == 0


def test_the_place_in_a_module_is_kept_and_does_not_undo_the_mark(as_emma, emma):
    section = course("en").module("dimmer").headings[2].id
    as_emma.post("/en/read/dimmer/mark/", {"section": section})
    assert f"/en/read/dimmer/#{section}" in as_emma.get("/en/read/").text
    as_emma.post("/en/read/dimmer/mark/", {"read": "1"})
    as_emma.post("/en/read/dimmer/mark/", {"section": section})
    with acting_as(emma.pk):
        assert emma.reads.get().finished_at <= timezone.now()


@pytest.mark.parametrize("bad", [{"section": "no-such-heading"}, {"read": "yes"}, {"section": "x" * 500}, {}])
def test_a_mark_that_makes_no_sense_changes_nothing(as_emma, emma, bad):
    assert as_emma.post("/en/read/dimmer/mark/", bad).status_code == 302
    with acting_as(emma.pk):
        assert not emma.reads.exists()


def test_marks_are_ones_own(as_emma, as_malik):
    as_emma.post("/en/read/dimmer/mark/", {"read": "1"})
    assert "<strong>read</strong>" not in as_malik.get("/en/read/").text
