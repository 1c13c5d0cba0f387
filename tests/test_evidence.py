"""What was survived: the timeline and its pieces."""

import re
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.dimmer.models import Attempt
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.people.models import Person
from exercises.records.paging import PAGE, Cursor
from exercises.records.rowsecurity import acting_as

LIST, NEW = "/en/evidence/", "/en/evidence/new/"
DAY = date(2025, 11, 22)


def pieces(user) -> list[Evidence]:
    with acting_as(user.pk):
        return [row for row in user.evidence.before(None).select_related("person") if row.texts]


def keep(user, happened: str = "It was fine.", on: date = DAY, **fields) -> Evidence:
    with acting_as(user.pk):
        return Evidence.objects.create(user=user, happened=happened, happened_on=on, **fields)


def someone(user, name: str = "Samira") -> Person:
    with acting_as(user.pk):
        return Person.objects.create(user=user, name=name)


def shown(client, address: str = LIST, **query) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def ids(page: str) -> list[UUID]:
    return [UUID(id) for id in re.findall(r'href="/en/evidence/([0-9a-f-]{36})/"', page)]


def form(**answers) -> dict[str, str]:
    return {
        "shared": "",
        "feared": "",
        "happened": "",
        "happened_on": "2025-11-22",
        "person": "",
        "level": "",
    } | answers


# One piece


def test_a_piece_of_ones_own_is_kept_as_it_was_written(as_emma, emma):
    sam = someone(emma)
    answers = form(shared="A worry.", feared="A laugh.", happened="A nod.", person=str(sam.pk), level="30")
    assert as_emma.post(NEW, answers).url == LIST
    (piece,) = pieces(emma)
    assert (piece.kind, piece.shared, piece.feared, piece.happened, piece.happened_on, piece.person, piece.level) == (
        ("own", "A worry.", "A laugh.", "A nod.", DAY, sam, 30)
    )


def test_a_new_piece_is_of_today_on_the_persons_own_clock_unless_told_otherwise(as_emma, emma):
    today = timezone.localdate(timezone=emma.zone)
    assert as_emma.get(NEW).context["form"]["happened_on"].value() == today
    assert f'value="{today}"' in shown(as_emma, NEW)
    assert f'value="{today}"' in as_emma.get("/nl/evidence/new/").content.decode()


def test_sending_twice_keeps_one_piece(as_emma, emma):
    id = str(as_emma.get(NEW).context["form"]["id"].value())
    for _click in range(2):
        as_emma.post(NEW, form(id=id, happened="Once."))
    assert [piece.happened for piece in pieces(emma)] == ["Once."]


@pytest.mark.parametrize("kind", ["own", "attempt", "feeling"])
def test_any_piece_can_be_changed_and_stays_what_it_is(as_emma, emma, kind):
    piece = keep(emma, kind=kind, feared="A laugh.")
    page = shown(as_emma, f"{LIST}{piece.pk}/")
    assert ("came from" in page) == (kind != "own")
    as_emma.post(f"{LIST}{piece.pk}/", form(happened="More.", feared="A laugh.", level="0", kind="own"))
    (changed,) = pieces(emma)
    assert (changed.pk, changed.kind, changed.happened, changed.level) == (piece.pk, kind, "More.", 0)


def test_a_piece_from_a_feeling_leads_to_the_day_of_that_feeling_whatever_its_own_day(as_emma, emma):
    piece = keep(emma, kind="feeling", on=DAY - timedelta(days=3))
    with acting_as(emma.pk):
        feeling = DailyFeeling.objects.create(user=emma, day=DAY, evidence=piece)
    assert re.findall("/en/feeling/[^/]+/", shown(as_emma, f"{LIST}{piece.pk}/")) == ["/en/feeling/2025-11-22/"]
    with acting_as(emma.pk):
        feeling.deleted_at = timezone.now()
        feeling.save()
    assert "/en/feeling/2" not in shown(as_emma, f"{LIST}{piece.pk}/")


def test_a_piece_from_a_step_leads_to_that_step_while_it_is_there(as_emma, emma):
    piece = keep(emma, kind="attempt")
    with acting_as(emma.pk):
        attempt = Attempt.objects.create(user=emma, evidence=piece)
    link = f'href="/en/attempts/{attempt.pk}/"'
    assert link in shown(as_emma, f"{LIST}{piece.pk}/")
    as_emma.post(f"/en/attempts/{attempt.pk}/delete/", {"evidence": "keep"})
    assert link not in shown(as_emma, f"{LIST}{piece.pk}/")


def test_a_piece_can_be_deleted_and_brought_back(as_emma, emma):
    piece = keep(emma, "Precious.")
    page = as_emma.post(f"{LIST}{piece.pk}/delete/", follow=True).content.decode()
    assert "Precious." not in page
    assert f"{LIST}{piece.pk}/undo/" in page
    as_emma.post(f"{LIST}{piece.pk}/undo/")
    assert "Precious." in shown(as_emma)


def test_the_attempt_stays_when_its_piece_is_deleted(as_emma, emma):
    piece = keep(emma, kind="attempt")
    with acting_as(emma.pk):
        Attempt.objects.create(user=emma, evidence=piece)
    as_emma.post(f"{LIST}{piece.pk}/delete/")
    with acting_as(emma.pk):
        assert emma.attempts.count() == 1


def test_a_wholly_empty_piece_gets_a_kind_word_and_is_not_kept(as_emma, emma):
    assert "One sentence is enough" in as_emma.post(NEW, form(shared=" ")).content.decode()
    assert pieces(emma) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"happened_on": ""},
        {"happened_on": "1899-12-31"},
        {"happened_on": "0001-01-01"},
        {"happened_on": "9999-12-31"},
        {"happened_on": "2025-02-30"},
        {"happened_on": "soon"},
        {"shared": "x" * 2001},
        {"feared": "a\0b"},
        {"level": "35"},
        {"level": "110"},
        {"level": "-10"},
        {"level": "bright"},
        {"person": "nobody"},
        {"person": str(uuid4())},
        {"id": "no id"},
    ],
)
def test_wrong_input_gets_a_message_and_the_rest_stays(as_emma, emma, wrong):
    answer = as_emma.post(NEW, form(happened="Kept here.") | wrong)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == list(wrong)
    assert "Kept here." in answer.content.decode()
    assert pieces(emma) == []


def test_tomorrow_is_refused_and_today_is_not(as_emma, emma):
    today = timezone.localdate(timezone=emma.zone)
    answer = as_emma.post(NEW, form(happened="Later.", happened_on=str(today + timedelta(days=1))))
    assert answer.context["form"].errors["happened_on"]
    assert f'max="{today}"' in answer.content.decode()
    assert as_emma.post(NEW, form(happened="Now.", happened_on=str(today))).status_code == 302


def test_someone_elses_person_and_piece_are_refused(as_malik, emma, malik):
    sam, piece = someone(emma, "Zacharias"), keep(emma, "Mine.")
    answer = as_malik.post(NEW, form(happened="Theirs.", person=str(sam.pk)))
    assert answer.context["form"].errors["person"]
    assert "Zacharias" not in answer.content.decode()
    for method, path in (("get", ""), ("post", ""), ("post", "delete/"), ("post", "undo/")):
        assert getattr(as_malik, method)(f"{LIST}{piece.pk}/{path}", form(happened="Theirs.")).status_code == 404
    assert ([each.happened for each in pieces(emma)], pieces(malik)) == (["Mine."], [])


def test_a_person_who_was_deleted_is_named_nowhere(as_emma, emma):
    sam = someone(emma, "Zacharias")
    piece = keep(emma, person=sam)
    assert "Zacharias" in shown(as_emma)
    with acting_as(emma.pk):
        sam.discard()
    for address in (LIST, f"{LIST}{piece.pk}/"):
        assert "Zacharias" not in shown(as_emma, address)
    assert ids(as_emma.post(LIST, {"q": "zacharias"}).content.decode()) == []


def test_someone_put_away_is_no_longer_offered_but_stays_where_they_were_chosen(as_emma, emma):
    sam = someone(emma, "Zacharias")
    piece = keep(emma, person=sam)
    with acting_as(emma.pk):
        sam.archived_at = timezone.now()
        sam.save()
    assert "Zacharias" not in shown(as_emma, NEW)
    assert as_emma.post(NEW, form(happened="More.", person=str(sam.pk))).context["form"].errors["person"]
    assert f'value="{sam.pk}" selected' in shown(as_emma, f"{LIST}{piece.pk}/")
    as_emma.post(f"{LIST}{piece.pk}/", form(happened="More.", person=str(sam.pk)))
    assert [(each.happened, each.person) for each in pieces(emma)] == [("More.", sam)]


def test_the_filter_offers_someone_put_away_only_where_it_was_asked(as_emma, emma):
    sam = someone(emma, "Zacharias")
    piece = keep(emma, person=sam)
    keep(emma)
    with acting_as(emma.pk):
        sam.archived_at = timezone.now()
        sam.save()
    assert f'value="{sam.pk}"' not in shown(as_emma)
    page = shown(as_emma, person=str(sam.pk))
    assert f'value="{sam.pk}" selected' in page
    assert ids(page) == [piece.pk]


# The timeline


def test_an_empty_timeline_says_what_comes_here(as_emma):
    page = shown(as_emma)
    assert 'class="empty"' in page
    assert "/en/dimmer/" in page
    assert 'name="q"' not in page


def test_each_piece_shows_what_was_feared_before_what_happened(as_emma, emma):
    keep(
        emma, "They <nodded>.", shared="A worry.", feared="They laugh.", level=30, person=someone(emma), kind="attempt"
    )
    page = shown(as_emma)
    page = page[page.index("<article") :]
    places = [
        page.index(text) for text in ("A worry.", "They laugh.", "They &lt;nodded&gt;.", 'data-level="30"', ">Samira<")
    ]
    assert places == sorted(places)
    assert "from an exercise" in page
    assert 'href="/en/progress/"' in shown(as_emma)


def test_the_newest_day_comes_first_under_its_month(as_emma, emma):
    rows = [keep(emma, f"Number {day}.", on=day) for day in (date(2025, 9, 1), date(2025, 11, 2), date(2025, 9, 30))]
    page = shown(as_emma)
    assert re.findall(r'class="month">([^<]+)', page) == ["November 2025", "September 2025"]
    assert ids(page) == [rows[1].pk, rows[2].pk, rows[0].pk]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "abcd"),
        ({"kind": "feeling"}, "b"),
        ({"person": "sam"}, "ab"),
        ({"level": "30"}, "ac"),
        ({"level": "0"}, "d"),
        ({"person": "sam", "level": "30", "kind": "own"}, "a"),
        ({"person": "sam", "level": "0"}, ""),
        ({"kind": "nonsense"}, "abcd"),
        ({"kind": "a\0"}, "abcd"),
        ({"person": "nonsense"}, "abcd"),
        ({"person": str(UUID(int=3))}, "abcd"),
        ({"level": "31"}, "abcd"),
        ({"level": "9" * 5000}, "abcd"),
        ({"level": "nonsense", "kind": "feeling"}, "b"),
    ],
)
def test_filters_show_only_what_was_asked_and_ignore_what_is_no_choice(as_emma, emma, asked, expected):
    sam = someone(emma)
    rows = {
        "a": keep(emma, person=sam, level=30),
        "b": keep(emma, person=sam, kind="feeling"),
        "c": keep(emma, level=30),
        "d": keep(emma, level=0, kind="attempt"),
    }
    query = {name: str(sam.pk) if value == "sam" else value for name, value in asked.items()}
    assert set(ids(shown(as_emma, **query))) == {rows[letter].pk for letter in expected}


def test_someone_elses_person_filters_nothing(as_malik, emma, malik):
    keep(malik, "Theirs.")
    assert "Theirs." in shown(as_malik, person=str(someone(emma).pk))


def test_a_filter_that_leaves_nothing_leads_back_to_everything(as_emma, emma):
    keep(emma)
    page = shown(as_emma, level="90")
    assert "Show everything" in page
    assert 'class="empty"' not in page


def test_older_pages_keep_the_filter_and_show_every_piece_exactly_once(as_emma, emma):
    rows = [keep(emma, on=DAY + timedelta(days=n // 3), level=30) for n in range(2 * PAGE + 5)]
    keep(emma, level=40)
    address, seen = f"{LIST}?level=30", []
    while address:
        page = as_emma.get(address).content.decode()
        seen += ids(page)
        older = re.search(r'href="(\?[^"]*before=[^"]+)"', page)
        address = f"{LIST}{older[1].replace('&amp;', '&')}" if older else ""
    assert seen == [row.pk for row in reversed(rows)]


def test_older_loads_in_place(as_emma, emma):
    for n in range(PAGE + 1):
        keep(emma, f"Number {n}.")
    cursor = as_emma.get(LIST).context["older"]
    part = as_emma.get(LIST, {"before": cursor}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Number 0." in part
    assert 'class="month"' not in part


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 5))
def test_whatever_the_page_size_and_equal_days_each_piece_comes_once(emma, days, size):
    with acting_as(emma.pk):
        emma.evidence.all().delete()
        for day in days:
            Evidence.objects.create(user=emma, happened_on=DAY + timedelta(days=day))
        cursor, seen = None, []
        while rows := list(emma.evidence.before(cursor)[:size]):
            seen += rows
            cursor = Cursor.read(str(rows[-1].cursor), date)
    assert len(seen) == len({row.pk for row in seen}) == len(days)
    assert [row.cursor for row in seen] == sorted((row.cursor for row in seen), reverse=True)


@pytest.mark.parametrize(
    "cursor", ["x", "2025-11-22", f"2025-13-01~{UUID(int=7)}", f"0001-01-01~{UUID(int=7)}", "\0~\0"]
)
def test_a_cursor_that_is_none_shows_the_first_page(as_emma, emma, cursor):
    keep(emma, "Here.")
    assert "Here." in shown(as_emma, before=cursor)


def test_the_number_of_queries_does_not_grow_with_the_evidence(as_emma, emma):
    def queries(ask, *args) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert ask(*args).status_code == 200
        return len(captured)

    def both() -> tuple[int, int]:
        return queries(as_emma.get, LIST), queries(as_emma.post, LIST, {"q": "fine"})

    keep(emma, person=someone(emma))
    few = both()
    for n in range(PAGE * 2):
        keep(emma, person=someone(emma, f"Person {n}"))
    assert both() == few


# Search


@pytest.mark.parametrize("query", ["cafe", "CAFÉ nod", "vera", "worry laugh"])
def test_search_finds_words_in_all_that_a_piece_says(as_emma, emma, query):
    piece = keep(emma, "A nod.", shared="A worry.", feared="A laugh in the Café.", person=someone(emma, "Véra"))
    keep(emma, "Something else.")
    page = as_emma.post(LIST, {"q": query}).content.decode()
    assert ids(page) == [piece.pk]
    assert "<mark>" in page


def test_search_puts_no_word_in_an_address(as_emma, emma):
    keep(emma, "A lighthouse.")
    page = as_emma.post(LIST, {"q": "lighthouse"}).content.decode()
    assert "<mark>lighthouse</mark>" in page
    assert not any("lighthouse" in address for address in re.findall(r'(?:href|action|hx-\w+)="([^"]*)"', page))


@pytest.mark.parametrize("query", ["", "x" * 101, "a\0b"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_search_for_nothing_or_nonsense_shows_the_timeline(as_emma, emma, query, headers):
    keep(emma, "Here.")
    answer = as_emma.post(LIST, {"q": query}, headers=headers)
    assert answer.status_code == 200
    assert "Here." in answer.content.decode()
    assert ('id="id_q_error"' in answer.content.decode()) == bool(query)
