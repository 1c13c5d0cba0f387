"""A year taken away and put back; and what the walk says of every kind: a day or none, exported, imported, erased."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from exercises.dimmer.models import Attempt
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.privacy.portable import dated, kinds
from exercises.privacy.years import discard_year, restore, years
from exercises.records.models import UNDO_FOR
from exercises.records.rowsecurity import acting_as
from tests.test_boundary import one_of_each

YEAR, UNDO = "/en/privacy/delete/year/", "/en/privacy/delete/year/undo/"


def write(user, day: date) -> None:
    """A feeling with its evidence, a page, a step of that day."""
    feeling = DailyFeeling.objects.create(user=user, day=day, words=["calm"], sentence="so")
    feeling.put_with_evidence(anew=True)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    JournalEntry.objects.create(user=user, written_at=noon, body="page")
    Attempt.objects.create(user=user, expectation="x", done="no", done_on=day)


@pytest.fixture
def emmas(emma, malik):
    """Emma has two days of 2024 and one of 2025; Malik one of 2024."""
    for user, day in (
        (emma, date(2024, 1, 1)),
        (emma, date(2024, 12, 31)),
        (emma, date(2025, 6, 1)),
        (malik, date(2024, 5, 5)),
    ):
        with acting_as(user.pk):
            write(user, day)
    return emma


def counts(user) -> dict[int, list[int]]:
    with acting_as(user.pk):
        return {year: list(found.values()) for year, found in years(user).items()}


FULL = {2025: [1, 1, 1, 1], 2024: [2, 2, 2, 2]}


def test_the_page_lists_the_years_that_have_something_and_how_much(as_emma, emmas):
    page = as_emma.get(YEAR).text
    for year, said in (
        (2025, "1 day with a feeling · 1 step · 1 piece of evidence · 1 journal entry"),
        (2024, "2 days with a feeling · 2 steps · 2 pieces of evidence · 2 journal entries"),
    ):
        assert re.search(rf'value="{year}"[^>]*>\s*{year} <small>{said}</small>', page), page
    assert counts(emmas) == FULL


def test_a_year_goes_and_the_rest_stays(as_emma, emmas, malik):
    response = as_emma.post(YEAR, {"year": "2024", "sure": "on"}, follow=True)
    assert response.redirect_chain == [(YEAR, 302)]
    assert counts(emmas) == {2025: FULL[2025]}
    assert counts(malik) == {2024: [1, 1, 1, 1]}


def test_people_dimmers_reading_drafts_and_settings_stay(as_emma, emma):
    with acting_as(emma.pk):
        one_of_each(emma)
        JournalEntry.objects.update(written_at=datetime(2026, 1, 2, 12, tzinfo=UTC))
        Attempt.objects.update(done_on=date(2026, 1, 2))
    as_emma.post(YEAR, {"year": "2026", "sure": "on"})
    with acting_as(emma.pk):
        left = {model for model in kinds() if model.objects.filter(user=emma).exists()}
    assert left == set(kinds()) - set(dated())
    assert Person in left


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"year": "2024"},
        {"sure": "on"},
        {"year": "1999", "sure": "on"},
        {"year": "x", "sure": "on"},
        {"year": "\0", "sure": "on"},
    ],
)
def test_without_a_year_of_ones_own_and_the_tick_everything_stays(as_emma, emmas, sent):
    response = as_emma.post(YEAR, sent)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert counts(emmas) == FULL


def test_it_can_be_undone_from_the_message_and_from_the_page(as_emma, emmas):
    for how in ("message", "panel"):
        page = as_emma.post(YEAR, {"year": "2024", "sure": "on"}, follow=True).text
        pattern = {
            "message": rf'action="({UNDO}\?[^"]+)"><input',
            "panel": rf'class="panel" method="post" action="({UNDO}\?[^"]+)"',
        }[how]
        if how == "panel":
            page = as_emma.get(YEAR).text
        found = re.search(pattern, page.replace("&amp;", "&"))
        assert found, page
        assert as_emma.post(found[1]).status_code == 302
        assert counts(emmas) == FULL
    assert "You deleted" not in as_emma.get(YEAR).text


def test_after_a_day_it_cannot_come_back(as_emma, emmas):
    long_ago = timezone.now() - UNDO_FOR - timedelta(minutes=1)
    with acting_as(emmas.pk):
        discard_year(emmas, 2024, long_ago)
    assert as_emma.post(f"{UNDO}?at={quote(long_ago.isoformat())}").status_code == 404
    assert counts(emmas) == {2025: FULL[2025]}


@pytest.mark.parametrize(
    "at", ["", "x", "2026-01-01", "2026-01-01T00:00:00", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00", "\0"]
)
def test_an_odd_moment_brings_nothing_back(as_emma, emmas, at):
    assert as_emma.post(f"{UNDO}?at={quote(at)}").status_code == 404


def test_a_moment_of_someone_else_brings_nothing_back(as_malik, emmas):
    now = timezone.now()
    with acting_as(emmas.pk):
        discard_year(emmas, 2024, now)
    assert as_malik.post(f"{UNDO}?at={quote(now.isoformat())}").status_code == 404
    assert 2024 not in counts(emmas)


def test_where_a_day_has_something_new_that_stays_and_all_else_comes_back(emmas):
    now = timezone.now()
    with acting_as(emmas.pk):
        discard_year(emmas, 2024, now)
        DailyFeeling.objects.create(user=emmas, day=date(2024, 1, 1), sentence="new")
        assert restore(emmas, now) == 1
        assert DailyFeeling.objects.on(date(2024, 1, 1)).get().sentence == "new"
        assert years(emmas)[2024][JournalEntry] == 2


def test_what_was_deleted_before_does_not_come_back_with_the_year(emmas):
    now = timezone.now()
    with acting_as(emmas.pk):
        JournalEntry.objects.filter(written_at__year=2024).first().discard()
        discard_year(emmas, 2024, now)
        assert restore(emmas, now) == 0
        assert years(emmas)[2024][JournalEntry] == 1


def test_a_year_is_that_of_the_persons_own_days(as_emma, emma):
    with acting_as(emma.pk):  # in Amsterdam it was 2026 already
        JournalEntry.objects.create(user=emma, written_at=datetime(2025, 12, 31, 23, 30, tzinfo=UTC), body="x")
    assert re.search(r'value="2026"', as_emma.get(YEAR).text)


def test_a_double_click_deletes_once_and_one_undo_brings_all_back(as_emma, emmas):
    sent = {"year": "2024", "sure": "on"}
    as_emma.post(YEAR, sent)
    as_emma.post(YEAR, sent)
    [(_year, at)] = as_emma.session["years_deleted"]
    as_emma.post(f"{UNDO}?at={quote(at)}")
    assert counts(emmas) == FULL


def test_a_year_that_has_nothing_is_not_offered(as_emma):
    assert "nothing here yet that belongs to a year" in as_emma.get(YEAR).text


def test_a_feelings_evidence_goes_with_it_wherever_it_was_dated(emma):
    now = timezone.now()
    with acting_as(emma.pk):
        write(emma, date(2024, 1, 1))
        Evidence.objects.update(happened_on=date(2023, 12, 31))
        discard_year(emma, 2024, now)
        assert not Evidence.objects.exists()
        restore(emma, now)
        assert Evidence.objects.count() == 1


@pytest.mark.parametrize("model", kinds(), ids=lambda m: m.__name__)
def test_every_kind_has_a_day_or_says_that_it_has_none_and_is_erased_with_the_person(emma, model):
    assert isinstance(vars(model)["days"], tuple)
    with acting_as(emma.pk):
        one_of_each(emma)
        emma.delete()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")
            assert cursor.fetchone() == (0,)
