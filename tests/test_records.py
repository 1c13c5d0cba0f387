"""Sealing, keys, undo: the ground under every feature."""

import base64
import os
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.records import rowsecurity, sealing
from exercises.records.models import DataKey, purge, uuid7
from exercises.records.rowsecurity import acting_as
from exercises.records.sealing import CannotUnseal, seal, unseal
from kwetsbaar.keys import keyring

KEY = bytes(range(32))
in_one_transaction = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@given(st.binary(), st.binary())
def test_what_was_sealed_opens_again(plain, about):
    assert unseal(KEY, seal(KEY, plain, about), about) == plain


@given(st.binary(max_size=40), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_gives_an_error_and_never_the_bytes(plain, place, change):
    sealed = bytearray(seal(KEY, plain, b"here"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(CannotUnseal):
        unseal(KEY, bytes(sealed), b"here")


@given(st.binary(max_size=60))
def test_bytes_that_were_never_sealed_do_not_open(noise):
    with pytest.raises(CannotUnseal):
        unseal(KEY, noise, b"here")


def test_another_key_or_another_place_does_not_open():
    sealed = seal(KEY, b"plain", b"here")
    with pytest.raises(CannotUnseal):
        unseal(os.urandom(32), sealed, b"here")
    with pytest.raises(CannotUnseal):
        unseal(KEY, sealed, b"there")


def test_the_same_sentence_never_looks_the_same_twice():
    assert seal(KEY, b"plain", b"here") != seal(KEY, b"plain", b"here")


@in_one_transaction
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_as_it_was_written(emma, text):
    with acting_as(emma.pk):
        entry = JournalEntry.objects.create(user=emma, body=text)
        assert JournalEntry.objects.get(pk=entry.pk).body == text


@in_one_transaction
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), max_size=3))
def test_every_list_of_words_comes_back_as_it_was(emma, words):
    with acting_as(emma.pk):
        feeling, _made = DailyFeeling.objects.update_or_create(
            user=emma, day=timezone.localdate(), defaults={"words": words}
        )
        assert DailyFeeling.objects.get(pk=feeling.pk).words == words


def raw(row, column: str) -> bytes | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {row._meta.db_table} WHERE id = %s", [row.pk])
        found = cursor.fetchone()[0]
        return None if found is None else bytes(found)


def test_the_database_holds_no_word_of_it(emma):
    with acting_as(emma.pk):
        entry = JournalEntry.objects.create(user=emma, body="pearblossom")
        assert b"pearblossom" not in raw(entry, "body")
        assert raw(entry, "takeaway") is None


def test_words_moved_to_another_row_or_column_do_not_open(emma):
    with acting_as(emma.pk):
        one = JournalEntry.objects.create(user=emma, body="one")
        two = JournalEntry.objects.create(user=emma, body="two", takeaway="three")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE exercises_journalentry SET body = %s WHERE id = %s", [raw(one, "body"), two.pk])
        with pytest.raises(CannotUnseal):
            _ = JournalEntry.objects.get(pk=two.pk).body
        with connection.cursor() as cursor:
            cursor.execute("UPDATE exercises_journalentry SET body = takeaway WHERE id = %s", [two.pk])
        with pytest.raises(CannotUnseal):
            _ = JournalEntry.objects.get(pk=two.pk).body


def test_under_a_wrong_keyring_words_stay_closed_and_are_not_lost_by_saving(emma, settings):
    with acting_as(emma.pk):
        entry = JournalEntry.objects.create(user=emma, body="pearblossom")
    right, settings.SEALING_KEYS = settings.SEALING_KEYS, [os.urandom(32)]
    with acting_as(emma.pk):
        again = JournalEntry.objects.get(pk=entry.pk)
        with pytest.raises(CannotUnseal):
            _ = again.body
        again.module = "dimmer"
        again.save()
    settings.SEALING_KEYS = right
    with acting_as(emma.pk):
        assert JournalEntry.objects.get(pk=entry.pk).body == "pearblossom"


def test_an_older_key_of_the_keyring_still_opens(emma, settings):
    with acting_as(emma.pk):
        entry = JournalEntry.objects.create(user=emma, body="pearblossom")
    settings.SEALING_KEYS = [os.urandom(32), *settings.SEALING_KEYS]
    with acting_as(emma.pk):
        assert JournalEntry.objects.get(pk=entry.pk).body == "pearblossom"


def test_a_key_swapped_with_another_persons_does_not_open(emma, malik):
    with acting_as(emma.pk):
        entry = JournalEntry.objects.create(user=emma, body="pearblossom")
    with acting_as(malik.pk):
        sealing.key_of(malik.pk)
        other = bytes(DataKey.objects.get().wrapped)
    with acting_as(emma.pk):
        DataKey.objects.update(wrapped=other)
    with acting_as(emma.pk), pytest.raises(CannotUnseal):
        _ = JournalEntry.objects.get(pk=entry.pk).body


def test_sealed_words_cannot_be_searched_or_changed_behind_the_seal(emma):
    with acting_as(emma.pk):
        entry = JournalEntry.objects.create(user=emma, body="pearblossom")
        with pytest.raises(TypeError, match="sealed"):
            JournalEntry.objects.filter(body="pearblossom").exists()
        with pytest.raises(TypeError, match="sealed"), transaction.atomic():
            JournalEntry.objects.update(body="other")
        assert JournalEntry.objects.get(pk=entry.pk).body == "pearblossom"


def test_a_row_shows_none_of_its_words_when_printed(emma):
    with acting_as(emma.pk):
        JournalEntry.objects.create(user=emma, body="pearblossom")
        row = JournalEntry.objects.get()
        assert "pearblossom" not in f"{row!r} {row} {row.__dict__}"


@pytest.fixture
def fresh_check():
    """As at the start of a process."""
    rowsecurity._passed.clear()
    yield rowsecurity.check_database
    rowsecurity._passed.clear()


def test_a_keyring_of_another_database_is_refused_at_the_start(db, settings, fresh_check):
    fresh_check(connection)
    settings.SEALING_KEYS = [os.urandom(32)]
    rowsecurity._passed.clear()
    with pytest.raises(ImproperlyConfigured, match="does not open this database"):
        fresh_check(connection)


def test_a_role_that_could_read_everyone_is_refused_at_the_start(db, fresh_check):
    owner = connections["owner"].copy("default")
    try:
        with pytest.raises(ImproperlyConfigured, match="bypass row security"):
            owner.ensure_connection()  # the signal of every new connection asks
    finally:
        owner.close()


@pytest.mark.django_db(transaction=True)
def test_a_role_that_could_become_the_owner_is_refused_too(db, fresh_check):
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE ROLE sneaky LOGIN NOINHERIT IN ROLE owner")
    sneaky = connections["default"].copy("default")
    sneaky.settings_dict = sneaky.settings_dict | {"USER": "sneaky"}
    try:
        with pytest.raises(ImproperlyConfigured, match="bypass row security"):
            sneaky.ensure_connection()
    finally:
        sneaky.close()
        with connections["owner"].cursor() as cursor:
            cursor.execute("DROP ROLE sneaky")


def test_keys_sort_by_the_time_they_were_made():
    made = [uuid7() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000
    assert all((key.version, key.variant) == (7, uuid.RFC_4122) for key in made)
    later = uuid7().int >> 80
    assert made[0].int >> 80 <= later < (made[0].int >> 80) + 60_000  # milliseconds


def test_deleting_a_person_takes_what_hangs_on_them_and_undo_brings_all_of_it_back(emma):
    with acting_as(emma.pk):
        person = Person.objects.create(user=emma, name="Samira")
        dimmer = Dimmer.objects.create(user=emma, person=person, topic="work")
        Attempt.objects.create(user=emma, dimmer=dimmer, level=10)
        gone_before = Attempt.objects.create(user=emma, dimmer=dimmer, level=20)
        gone_before.discard(timezone.now() - timedelta(hours=1))
        Evidence.objects.create(user=emma, person=person, happened_on=timezone.localdate())

        person.discard()
        assert [model.objects.count() for model in (Person, Dimmer, Attempt, Evidence)] == [0, 0, 0, 1]
        Person.with_deleted.get().restore()
        assert [model.objects.count() for model in (Person, Dimmer, Attempt, Evidence)] == [1, 1, 1, 1]
        assert Attempt.with_deleted.get(pk=gone_before.pk).deleted_at

        person.discard(also_named=True)
        assert Evidence.objects.count() == 0
        Person.with_deleted.get().restore()
        assert Evidence.objects.count() == 1


def test_what_was_deleted_is_really_gone_after_a_day_and_not_before(emma):
    now = timezone.now()
    with acting_as(emma.pk):
        for hours in (23, 25):
            JournalEntry.objects.create(user=emma, body="x").discard(now - timedelta(hours=hours))
        JournalEntry.objects.create(user=emma, body="kept")
        assert purge(now) == 1
        assert JournalEntry.with_deleted.count() == 2


def rows_of(table: str) -> int:
    """As the owner, who sees everyone's."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_deleting_a_persons_account_deletes_every_row_and_the_key(emma):
    with acting_as(emma.pk):
        JournalEntry.objects.create(user=emma, body="x").discard()
        Person.objects.create(user=emma, name="Samira")
    tables = ("accounts_user", "exercises_journalentry", "exercises_person", "exercises_datakey")
    assert [rows_of(table) for table in tables] == [1, 1, 1, 1]
    with acting_as(emma.pk):
        emma.delete()
    assert [rows_of(table) for table in tables] == [0, 0, 0, 0]


def test_the_keyring_is_32_byte_keys_and_nothing_else():
    good = base64.b64encode(os.urandom(32)).decode()
    assert len(keyring(f"{good}\n{good}")) == 2
    for bad in ("", " ", "short", "!" * 44, base64.b64encode(b"x" * 31).decode(), f"{good} x"):
        with pytest.raises(ImproperlyConfigured, match="32 bytes"):
            keyring(bad)


def test_a_second_click_on_delete_says_the_same_and_undo_still_brings_everything_back(as_emma, emma):
    with acting_as(emma.pk):
        person = Person.objects.create(user=emma, name="Samira")
        dimmer = Dimmer.objects.create(user=emma, person=person, topic="work")
        attempt = Attempt.objects.create(user=emma, dimmer=dimmer, level=10)
        entry = JournalEntry.objects.create(user=emma, body="x")
    for path in (f"attempts/{attempt.pk}", f"dimmer/{dimmer.pk}", f"people/{person.pk}", f"journal/{entry.pk}"):
        for _click in range(2):
            assert as_emma.post(f"/en/{path}/delete/").status_code == 302, path
    for path in (f"people/{person.pk}", f"dimmer/{dimmer.pk}", f"attempts/{attempt.pk}", f"journal/{entry.pk}"):
        as_emma.post(f"/en/{path}/undo/")
    with acting_as(emma.pk):
        assert [model.objects.count() for model in (Person, Dimmer, Attempt, JournalEntry)] == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_the_daily_purge_removes_for_everyone_what_was_deleted_over_a_day_ago(emma, malik, capsys):
    for user in (emma, malik):
        with acting_as(user.pk):
            JournalEntry.objects.create(user=user, body="x").discard(timezone.now() - timedelta(hours=25))
            JournalEntry.objects.create(user=user, body="kept")
    call_command("purge")
    assert "2 rows" in capsys.readouterr().out
    assert rows_of("exercises_journalentry") == 2


def test_undo_ends_after_a_day(as_emma, emma):
    with acting_as(emma.pk):
        entry = JournalEntry.objects.create(user=emma, body="x")
        entry.discard(timezone.now() - timedelta(hours=25))
    assert as_emma.post(f"/en/journal/{entry.pk}/undo/").status_code == 404
