"""The private journal."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.course.pages import course
from exercises.dimmer.models import Attempt, Dimmer
from exercises.journal.forms import QUESTIONS
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.records.paging import PAGE, Cursor
from exercises.records.rowsecurity import acting_as
from exercises.records.search import MOST_FOUND, excerpt, fold, words_of

YEARS = datetime(1900, 1, 2), datetime(2199, 12, 30)  # noqa: DTZ001 - hypothesis adds the zone
LIST, NEW = "/en/journal/", "/en/journal/new/"
BMP = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))
MODULE = course("en").modules[0]


def entries(user) -> list[JournalEntry]:
    with acting_as(user.pk):
        return [row for row in user.entries.before(None) if row.texts]


def write(user, *bodies: str, at: datetime | None = None, step=timedelta(hours=1)) -> list[JournalEntry]:
    """Entries of these texts, the last one the newest."""
    at = at or datetime(2025, 11, 22, 20, tzinfo=UTC)
    with acting_as(user.pk):
        rows = [JournalEntry(user=user, body=body, written_at=at + n * step) for n, body in enumerate(bodies)]
        return [row.save() or row for row in rows]


def ids(page: str) -> list[UUID]:
    return [UUID(id) for id in re.findall(r'href="/en/journal/([0-9a-f-]{36})/"', page)]


def asked(client, query: str, **headers) -> str:
    answer = client.post(LIST, {"q": query}, **headers)
    assert answer.status_code == 200
    return answer.content.decode()


# Writing


def test_a_page_is_kept_and_stands_first_in_the_list(as_emma, emma):
    write(emma, "Long ago.")
    assert as_emma.post(NEW, {"body": "First line.\nSecond line.", "takeaway": "Say it."}).url == LIST
    assert [(row.body, row.takeaway) for row in entries(emma)][0] == ("First line.\nSecond line.", "Say it.")
    page = as_emma.get(LIST).content.decode()
    assert page.index("First line.") < page.index("Long ago.")
    assert "Second line." not in page


def test_sending_twice_keeps_one_page(as_emma, emma):
    id = str(as_emma.get(NEW).context["form"]["id"].value())
    for _click in range(2):
        as_emma.post(NEW, {"id": id, "body": "Once."})
    assert [row.body for row in entries(emma)] == ["Once."]


def test_a_page_can_be_changed_and_keeps_its_moment(as_emma, emma):
    (row,) = write(emma, "Before.")
    assert "Before." in as_emma.get(f"/en/journal/{row.pk}/").content.decode()
    as_emma.post(f"/en/journal/{row.pk}/", {"body": "After.", "takeaway": ""})
    (changed,) = entries(emma)
    assert (changed.pk, changed.body, changed.written_at) == (row.pk, "After.", row.written_at)


def test_a_page_can_be_deleted_and_brought_back(as_emma, emma):
    (row,) = write(emma, "Precious.")
    page = as_emma.post(f"/en/journal/{row.pk}/delete/", follow=True).content.decode()
    assert "Precious." not in page
    assert f"/en/journal/{row.pk}/undo/" in page
    assert as_emma.get(f"/en/journal/{row.pk}/").status_code == 404
    as_emma.post(f"/en/journal/{row.pk}/undo/")
    assert "Precious." in as_emma.get(LIST).content.decode()


@pytest.mark.parametrize("body", ["", "  ", "\n\r\n"])
def test_an_empty_page_gets_a_kind_word_and_is_not_kept(as_emma, emma, body):
    answer = as_emma.post(NEW, {"body": body, "takeaway": "", "prompt": str(QUESTIONS[0])})
    assert "One sentence is enough" in answer.content.decode()
    assert entries(emma) == []


def test_only_a_line_to_take_along_is_enough(as_emma, emma):
    as_emma.post(NEW, {"body": "", "takeaway": "Breathe first."})
    assert "Breathe first." in as_emma.get(LIST).content.decode()


def test_fifty_thousand_characters_are_kept_whole(as_emma, emma):
    body = "é" * 49_999 + "!"
    assert as_emma.post(NEW, {"body": body}).status_code == 302
    assert entries(emma)[0].body == body


def test_a_line_end_counts_once_although_a_browser_sends_two_characters(as_emma, emma):
    assert as_emma.post(NEW, {"body": "a\r\n" * 24_999 + "bc"}).status_code == 302
    assert entries(emma)[0].body == "a\n" * 24_999 + "bc"


def test_one_character_more_is_refused_with_the_text_still_there(as_emma, emma):
    answer = as_emma.post(NEW, {"body": "x" * 50_001, "takeaway": "Keep."})
    assert answer.status_code == 200
    assert answer.context["form"].errors["body"]
    assert "x" * 50_001 in answer.content.decode()
    assert entries(emma) == []


@pytest.mark.parametrize(
    "wrong", [{"body": "a\0b"}, {"takeaway": "x" * 1001}, {"takeaway": "a\0b"}, {"id": "no id"}, {"id": "a\0b"}]
)
def test_wrong_input_gets_a_message_and_the_rest_stays(as_emma, emma, wrong):
    answer = as_emma.post(NEW, {"body": "Kept here.", "takeaway": "Kept here."} | wrong)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "Kept here." in answer.content.decode()
    assert entries(emma) == []


def test_someone_elses_page_is_not_found(as_malik, emma):
    (row,) = write(emma, "Mine.")
    for method, path in (("get", ""), ("post", ""), ("post", "delete/"), ("post", "undo/")):
        assert getattr(as_malik, method)(f"/en/journal/{row.pk}/{path}", {"body": "Theirs."}).status_code == 404
    assert entries(emma)[0].body == "Mine."


def test_someone_elses_id_does_not_reach_their_page(as_malik, emma, malik):
    (row,) = write(emma, "Mine.")
    as_malik.post(NEW, {"id": str(row.pk), "body": "Theirs."})
    assert ([each.body for each in entries(emma)], [each.body for each in entries(malik)]) == (["Mine."], ["Theirs."])


def test_a_moment_is_shown_on_the_persons_own_clock(as_emma, emma):
    (row,) = write(emma, "Late.", at=datetime(2025, 11, 30, 23, 30, tzinfo=UTC))
    assert "Monday 1 December, 00:30" in as_emma.get(LIST).content.decode()
    assert "1 December 2025 at 00:30" in as_emma.get(f"/en/journal/{row.pk}/").content.decode()


# Questions


def test_a_modules_question_is_shown_and_kept_with_the_page(as_emma, emma):
    page = as_emma.get(f"{NEW}?module={MODULE.slug}&prompt=2")
    form = page.context["form"]
    assert MODULE.exercise.prompts[1] in page.content.decode().replace("&#x27;", "'")
    as_emma.post(NEW, {name: form[name].value() or "" for name in ("id", "module", "prompt")} | {"body": "Yes."})
    (row,) = entries(emma)
    assert (row.module, row.prompt) == (MODULE.slug, MODULE.exercise.prompts[1])
    assert MODULE.exercise.prompts[1] in as_emma.get(f"/en/journal/{row.pk}/").content.decode().replace("&#x27;", "'")
    as_emma.post(f"/en/journal/{row.pk}/", {"body": "Changed.", "prompt": "", "module": ""})
    assert entries(emma)[0].prompt == MODULE.exercise.prompts[1]


def test_a_question_stays_above_the_text_when_something_is_wrong(as_emma):
    answer = as_emma.post(NEW, {"module": MODULE.slug, "prompt": MODULE.exercise.prompts[0], "body": ""})
    assert answer.context["form"].asked == (MODULE.slug, MODULE.exercise.prompts[0])


@pytest.mark.parametrize("prompt", ["0", "-1", "99", "²", "x", "", "9" * 5000, "1\0"])
def test_a_question_that_does_not_exist_is_left_out(as_emma, prompt):
    answer = as_emma.get(NEW, {"module": MODULE.slug, "prompt": prompt, "attempt": prompt})
    assert answer.status_code == 200
    assert answer.context["form"].asked == (MODULE.slug, "")


@pytest.mark.parametrize(
    ("module", "prompt"), [("no-module", "Mine!"), ("", "Mine!"), ("a\0", "b\0"), ("x" * 500, "y" * 5000)]
)
def test_words_that_are_not_ours_are_not_kept_as_a_question(as_emma, emma, module, prompt):
    assert as_emma.post(NEW, {"module": module, "prompt": prompt, "body": "Yes."}).status_code == 302
    assert [(row.module, row.prompt) for row in entries(emma)] == [("", "")]


def test_a_general_question_may_be_chosen_in_either_language(as_emma, emma):
    for language in ("en", "nl"):
        with translation.override(language):
            as_emma.post(f"/{language}/journal/new/", {"prompt": str(QUESTIONS[3]), "body": "Yes."})
            assert entries(emma)[0].prompt == str(QUESTIONS[3])


def test_a_page_belongs_to_ones_own_attempt_and_to_no_one_elses(as_emma, as_malik, emma, malik):
    with acting_as(emma.pk):
        attempt = Attempt.objects.create(user=emma)
    for client, user, linked in ((as_emma, emma, attempt.pk), (as_malik, malik, None)):
        form = client.get(f"{NEW}?attempt={attempt.pk}").context["form"]
        assert form["attempt"].value() == linked
        client.post(NEW, {"attempt": str(attempt.pk), "body": "After it."})
        assert entries(user)[0].attempt_id == linked


def test_a_page_leads_back_to_its_step_while_that_is_there(as_emma, emma):
    (page,) = write(emma, "After it.")
    with acting_as(emma.pk):
        someone = Person.objects.create(user=emma, name="Samira")
        dimmer = Dimmer.objects.create(user=emma, person=someone, topic="Plans")
        page.attempt = Attempt.objects.create(user=emma, dimmer=dimmer, level=10)
        page.save()
    link = f'href="/en/attempts/{page.attempt_id}/"'
    assert link in as_emma.get(f"/en/journal/{page.pk}/").content.decode()
    as_emma.post(f"/en/dimmer/{dimmer.pk}/delete/")
    assert link not in as_emma.get(f"/en/journal/{page.pk}/").content.decode()


def test_a_page_about_no_step_leads_to_none(as_emma, emma):
    (page,) = write(emma, "Just so.")
    assert "/en/attempts/" not in as_emma.get(f"/en/journal/{page.pk}/").content.decode()


# The list


def test_an_empty_journal_invites(as_emma):
    page = as_emma.get(LIST).content.decode()
    assert 'class="empty"' in page
    assert NEW in page
    assert 'name="q"' not in page


def test_the_list_is_grouped_by_month(as_emma, emma):
    write(emma, "October.", "November.", at=datetime(2025, 10, 31, 12, tzinfo=UTC), step=timedelta(days=1))
    page = as_emma.get(LIST).content.decode()
    assert re.findall(r'class="month">([^<]+)', page) == ["November 2025", "October 2025"]


def test_older_pages_show_every_entry_exactly_once(as_emma, emma):
    rows = write(emma, *(f"Page {n}." for n in range(2 * PAGE + 5)))
    address, seen = LIST, []
    while address:
        page = as_emma.get(address).content.decode()
        seen += ids(page)
        older = re.search(r'href="(\?before=[^"]+)"', page)
        address = f"{LIST}{older[1]}" if older else ""
    assert seen == [row.pk for row in reversed(rows)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 5))
def test_whatever_the_page_size_and_equal_moments_each_row_comes_once(emma, minutes, size):
    start = datetime(2025, 11, 22, 20, tzinfo=UTC)
    with acting_as(emma.pk):
        emma.entries.all().delete()
        for minute in minutes:
            JournalEntry(user=emma, body="x", written_at=start + timedelta(minutes=minute)).save()
        cursor, seen = None, []
        while rows := list(emma.entries.before(cursor)[:size]):
            seen += rows
            cursor = Cursor.read(str(rows[-1].cursor), datetime)
    assert len(seen) == len({row.pk for row in seen}) == len(minutes)
    assert [row.cursor for row in seen] == sorted((row.cursor for row in seen), reverse=True)


def test_older_loads_in_place_without_a_second_heading_for_the_same_month(as_emma, emma):
    write(emma, *(f"Page {n}." for n in range(PAGE + 2)))
    cursor = as_emma.get(LIST).context["older"]
    part = as_emma.get(LIST, {"before": cursor}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Page 1." in part
    assert 'class="month"' not in part
    assert 'class="month"' in as_emma.get(LIST, {"before": cursor}).content.decode()


@pytest.mark.parametrize(
    "cursor",
    ["x", "~", "2025-01-01", "2025-01-01~x", f"x~{UUID(int=7)}", f"0001-01-01~{UUID(int=7)}", "\0", "~" * 9999],
)
def test_a_cursor_that_is_none_shows_the_first_page(as_emma, emma, cursor):
    write(emma, "Here.")
    assert "Here." in as_emma.get(LIST, {"before": cursor}).content.decode()


@given(st.datetimes(*YEARS, timezones=st.timezones()), st.uuids())
def test_a_cursor_reads_back_as_it_was_written(at, id):
    moment = Cursor(at.astimezone(UTC), id)
    assert Cursor.read(str(moment), datetime) == Cursor.read(str(Cursor(at, id)), datetime) == moment
    assert Cursor.read(str(Cursor(at.date(), id)), date) == (at.date(), id)


def test_the_number_of_queries_does_not_grow_with_the_journal(as_emma, emma):
    write(emma, "Page one.")
    few = (queries(as_emma.get, LIST), queries(as_emma.post, LIST, {"q": "page"}))
    write(emma, *(f"Page {n}." for n in range(PAGE * 2)))
    assert (queries(as_emma.get, LIST), queries(as_emma.post, LIST, {"q": "page"})) == few


def queries(ask, *args) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert ask(*args).status_code == 200
    return len(captured)


# Search


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("cafe", "Café"),
        ("CAFÉ", "Café"),
        ("afé", "afé"),
        ("quiet cafe", "Café"),
        ("strasse", "Straße"),
        ("say it", "Say"),
    ],
)
def test_search_finds_words_inside_the_text_whatever_case_and_accents(as_emma, emma, query, marked):
    (row, *_others) = write(emma, "It was quiet. In the Café on the Straße I was quiet.", "Nothing of the kind.")
    with acting_as(emma.pk):
        row.takeaway = "Say it sooner."
        row.save()
    page = asked(as_emma, query)
    assert ids(page) == [row.pk]
    assert f"<mark>{marked}</mark>" in page


def test_every_word_has_to_occur(as_emma, emma):
    write(emma, "Only bread.", "Bread and butter.", "Only butter.")
    page = asked(as_emma, "butter bread")
    assert "<mark>Bread</mark> and <mark>butter</mark>." in page
    assert len(ids(page)) == 1


def test_the_hit_is_shown_in_its_sentence(as_emma, emma):
    write(emma, "One thing. Another café thing! A third?\nA new line.")
    assert ">Another <mark>café</mark> thing!</a>" in asked(as_emma, "cafe")


def test_search_puts_no_word_in_an_address(as_emma, emma):
    write(emma, "About a lighthouse.")
    page = asked(as_emma, "lighthouse")
    assert "lighthouse" in page
    assert not any("lighthouse" in address for address in re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', page))
    assert "lighthouse" not in as_emma.get(LIST, {"q": "lighthouse"}).context["search"].data


def test_what_is_found_comes_as_a_part_of_the_page_when_asked_so(as_emma, emma):
    write(emma, "A lighthouse.")
    part = asked(as_emma, "lighthouse", headers={"HX-Request": "true"})
    assert "<html" not in part
    assert "<mark>lighthouse</mark>" in part


def test_a_search_that_finds_nothing_says_so_and_leads_back(as_emma, emma):
    write(emma, "Something.")
    page = asked(as_emma, "lighthouse")
    assert "These words aren’t here" in page
    assert f'href="{LIST}"' in page


@pytest.mark.parametrize("query", ["", "   ", "\u0301", "x" * 101, "a\0b"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_search_for_nothing_or_nonsense_shows_the_list(as_emma, emma, query, headers):
    write(emma, "Something.")
    page = asked(as_emma, query, headers=headers)
    assert "Something." in page
    assert ('id="id_q_error"' in page) == (len(query) > 100 or "\0" in query)


def test_what_is_found_is_shown_as_text_not_as_markup(as_emma, emma):
    write(emma, "<script>alert(1)</script> & <mark>")
    page = asked(as_emma, "alert")
    assert "&lt;script&gt;<mark>alert</mark>(1)&lt;/script&gt; &amp; &lt;mark&gt;" in page


def test_search_finds_nothing_of_someone_else_or_deleted(as_malik, as_emma, emma):
    (row,) = write(emma, "A lighthouse.")
    assert ids(asked(as_malik, "lighthouse")) == []
    with acting_as(emma.pk):
        row.discard()
    assert ids(asked(as_emma, "lighthouse")) == []


def test_a_very_common_word_shows_the_newest_and_says_so(as_emma, emma):
    rows = write(emma, *(f"Page {n}." for n in range(MOST_FOUND + 3)))
    page = asked(as_emma, "page")
    assert ids(page) == [row.pk for row in reversed(rows)][:MOST_FOUND]
    assert "These are the newest." in page


@given(BMP, BMP)
def test_folding_works_letter_by_letter_and_only_once(a, b):
    assert fold(a + b) == fold(a) + fold(b)
    assert fold(fold(a)) == fold(a)


@given(st.lists(BMP.filter(lambda text: words_of(text)), min_size=1, max_size=3), BMP)
def test_whatever_was_written_can_be_found_and_is_marked(texts, query):
    words = words_of(texts[-1])[:1]
    assert "<mark>" in excerpt(texts, words)
    assert "<mark>" in excerpt([*texts, query], words)


def test_a_long_sentence_is_cut_around_its_hit():
    shown = excerpt([f"{'word ' * 500}lighthouse {'word ' * 500}"], ["lighthouse"])
    assert "<mark>lighthouse</mark>" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < 300


def test_ten_years_of_evenings_are_searched_in_a_moment(as_emma, emma):
    body = "Today I told someone a little more than usual, and it was fine — really. " * 12
    with acting_as(emma.pk):
        rows = [JournalEntry(user=emma, body=f"{body} {n}") for n in range(3650)]
        JournalEntry.objects.bulk_create(rows, batch_size=500)
    write(emma, "A lighthouse.", at=timezone.now() - timedelta(days=4000))
    best = min(_seconds(as_emma) for _try in range(3))
    print(f"searched 3651 entries, {len(body)} characters each, in {best:.3f} s")
    assert best < 1  # about 0.2 s on an idle machine; a busy one gets room


def _seconds(client) -> float:
    start = time.perf_counter()
    assert "<mark>lighthouse</mark>" in asked(client, "lighthouse")
    return time.perf_counter() - start
