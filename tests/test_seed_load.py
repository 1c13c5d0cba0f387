"""People who never were, to measure with: as real as the others, and never beside them."""

from collections import Counter
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from exercises.evidence.models import Evidence
from exercises.management.seeding import Life, plans
from exercises.records.models import Owned
from exercises.records.rotation import sealed_fields
from exercises.records.rowsecurity import acting_as
from tests.conftest import signed_in

NOW = datetime(2026, 6, 1, 21, tzinfo=UTC)
PAGES = (
    "today", "read", "feeling", "journal", "evidence", "evidence/card", "dimmer", "people", "progress", "progress/predictions",
    "progress/self-check", "progress/enough", "summary", "share", "drafts", "privacy", "privacy/settings", "privacy/delete/year",
)  # fmt: skip
People = get_user_model()


def seed(**wanted: object) -> str:
    return call_command("seed_load", processes=1, **wanted)


@pytest.fixture
def seeded(transactional_db):
    """The one with 300 rows, among some others."""
    seed(people=5, one_with=[300])
    return People.objects.get(username="seed-5")


def rows_of(user) -> dict[type, list]:
    """All that this person has, of every kind, the deleted too."""
    with acting_as(user.pk):
        return {model: list(model._base_manager.filter(user=user)) for model in Owned.every()}


def test_every_word_of_someone_who_never_was_opens_under_a_key_of_their_own(seeded):
    opened: Counter = Counter()
    for user in People.objects.all():
        with acting_as(user.pk):
            for model in Owned.every():
                for row in model._base_manager.all():
                    assert row.user_id == user.pk
                    row.clean_fields()
                    opened.update({model: sum(bool(getattr(row, field.attname)) for field in sealed_fields(model))})
    assert opened.total() > 300
    assert all(opened[model] for model in Owned.every() if sealed_fields(model) and len(rows_of(seeded)[model]) > 2)


def test_the_one_asked_for_has_so_many_rows_of_most_kinds(seeded):
    counts = {model: len(rows) for model, rows in rows_of(seeded).items()}
    assert sum(counts.values()) == 300 + 1  # and the key
    assert sum(bool(count) for count in counts.values()) > 8


@pytest.mark.parametrize("language", ["nl", "en"])
def test_pages_show_someone_who_never_was_as_they_show_anyone(seeded, language):
    client = signed_in(seeded)
    answers = {page: client.get(f"/{language}/{page}/").status_code for page in PAGES}
    assert set(answers.values()) == {200}, answers


def test_their_days_are_those_of_their_own_calendar(seeded):
    with acting_as(seeded.pk):
        for piece in Evidence.objects.all():
            assert piece.created_at.astimezone(seeded.zone).date() == piece.happened_on


def test_someone_else_sees_nothing_of_it(seeded, malik):
    piece = next(row for row in rows_of(seeded)[Evidence] if row.deleted_at is None)
    assert signed_in(malik).get(f"/en/evidence/{piece.pk}/").status_code == 404
    assert signed_in(seeded).get(f"/en/evidence/{piece.pk}/").status_code == 200


def test_told_again_it_adds_others(seeded):
    seed(people=2)
    assert set(People.objects.values_list("username", flat=True)) == {f"seed-{n}" for n in range(8)}


def test_nobody_is_made_up_beside_real_people_unless_one_says_so(transactional_db, emma):
    with pytest.raises(CommandError, match="Real people are here"):
        seed(people=1)
    assert list(People.objects.all()) == [emma]
    seed(people=1, yes=True)
    assert People.objects.count() == 2


def test_nobody_is_made_up_in_production(transactional_db, settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="in production"):
        seed(people=1, yes=True)
    assert not People.objects.exists()


def test_it_asks_how_many(db):
    with pytest.raises(CommandError, match="How many"):
        seed()


def test_the_same_seed_makes_the_same_people_but_for_their_keys():
    (plan,) = plans(1, 0, NOW, 1, people=0, rows=0, ones=[200])
    first, again = Life(plan, NOW), Life(plan, NOW)
    assert {model: len(rows) for model, rows in first.made.items()} == {m: len(rows) for m, rows in again.made.items()}
    unsealed = [
        [[v for v in row if not isinstance(v, bytes)] for row in life.made[Evidence]] for life in (first, again)
    ]
    assert unsealed[0] == unsealed[1]
    assert first.made[Evidence] != again.made[Evidence]


@pytest.mark.parametrize(("seed", "same"), [(1, True), (2, False)])
def test_another_seed_makes_others(seed, same):
    wanted = {"people": 0, "rows": 5000, "ones": [100]}
    assert (plans(seed, 0, NOW, 3, **wanted) == plans(1, 0, NOW, 3, **wanted)) is same


def test_most_people_are_there_for_some_days_and_a_few_for_years():
    sizes = sorted(plan.rows for plan in plans(1, 0, NOW, 3, people=10_000, rows=0, ones=[]))
    assert sizes[5000] < 20
    assert sum(sizes[-1000:]) > sum(sizes) / 2
    assert sizes[-1] > 1000


@pytest.mark.filterwarnings("default:.*fork:DeprecationWarning")  # other tests of this process may have left a thread
def test_several_processes_put_in_all_that_was_asked_for(transactional_db):
    told = StringIO()
    call_command("seed_load", rows=21_000, one_with=[1000], processes=2, stdout=told, stderr=told)
    rows, whose = told.getvalue().splitlines()[-1].split()
    assert "21,0" in told.getvalue()
    assert (rows, len(list(People.objects.filter(pk=whose)))) == ("1000", 1)
    everyone = [model._base_manager.using("owner") for model in Owned.every()]
    assert 21_000 <= sum(rows.count() for rows in everyone) - People.objects.count() < 24_000  # each has a key too
    assert sum(rows.filter(user=whose).count() for rows in everyone) == 1001
