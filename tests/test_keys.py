"""Keys change and bytes are tampered with: what was written opens, or gives one clear error; nothing in between."""

import base64
import os
import threading
import time
from io import StringIO

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection, connections
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.privacy.portable import kinds
from exercises.records import rotation, rowsecurity
from exercises.records.models import DataKey, KeyringProof, uuid7
from exercises.records.rowsecurity import acting_as
from exercises.records.sealing import CannotUnseal
from tests.everything import SEALED, one_of_each, put, raw, words_for

WORD = "pearblossom"
committed = pytest.mark.django_db(transaction=True)
names = pytest.mark.parametrize


def run(*command: str) -> str:
    """What a management command says."""
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.fixture
def add_key(settings):
    """Puts a new key in front of the keyring; gives the ring without the old one."""

    def add() -> list[bytes]:
        settings.SEALING_KEYS = [os.urandom(32), *settings.SEALING_KEYS]
        return settings.SEALING_KEYS[:1]

    return add


def write(user, body: str = WORD) -> JournalEntry:
    with acting_as(user.pk):
        return JournalEntry.objects.create(user=user, body=body)


def reads(user) -> list[str]:
    with acting_as(user.pk):
        return [entry.body for entry in JournalEntry.objects.order_by("id")]


def with_second_step(user) -> str:
    """Someone with codes from an app; the secret."""
    secret = get_adapter().encrypt("a secret of the app")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": secret})
    return "a secret of the app"


# The keyring


@committed
def test_after_rotating_the_newest_key_alone_opens_all_that_is_kept(emma, malik, settings, add_key):
    write(emma), write(malik)
    secret = with_second_step(emma)
    newest = add_key()
    said = run("rotate_keys")
    assert "4 of 4 put under the newest key" in said  # two people, a second step, the proof
    assert "Nothing needs an older key: it may be removed" in said
    settings.SEALING_KEYS = newest
    assert (reads(emma), reads(malik)) == ([WORD], [WORD])
    assert get_adapter().decrypt(Authenticator.objects.get().data["secret"]) == secret
    rowsecurity._passed.clear()
    rowsecurity.check_database(connection)


@committed
def test_a_run_that_was_ended_goes_on_where_it_was(guest, add_key, monkeypatch):
    people = [guest() for _ in range(5)]
    add_key()
    monkeypatch.setattr(rotation, "BATCH", 1)
    batches = rotation.data_keys(write=True)
    next(batches), next(batches)
    batches.close()  # as if it were killed here
    with pytest.raises(CommandError, match="4 still need an older key"):  # three people and the proof
        run("rotate_keys", "--check")
    assert "4 of 6 put under the newest key" in (said := run("rotate_keys"))
    assert "2 were already" in said
    assert "keys of people: 5" in said
    assert "Nothing needs an older key" in run("rotate_keys", "--check")
    assert [reads(user) for user in people] == [[]] * 5


@committed
def test_people_read_and_write_and_start_while_keys_are_rotated(emma, malik, guest, add_key, monkeypatch):
    write(emma), write(malik)
    add_key()
    monkeypatch.setattr(rotation, "BATCH", 1)
    batches = rotation.data_keys(write=True)
    for _batch in range(3):
        next(batches)
        write(emma, "more")
        assert reads(emma)[0] == reads(malik)[0] == WORD
        assert reads(guest()) == []
    assert reads(emma) == [WORD, "more", "more", "more"]


@committed
def test_someone_who_starts_at_a_worker_with_the_old_ring_is_found_by_the_check(guest, settings, add_key):
    newest = add_key()
    run("rotate_keys")
    both, settings.SEALING_KEYS = settings.SEALING_KEYS, settings.SEALING_KEYS[1:]
    late = guest()
    settings.SEALING_KEYS = both
    with pytest.raises(CommandError, match="1 still need an older key"):
        run("rotate_keys", "--check")
    run("rotate_keys")
    settings.SEALING_KEYS = newest
    assert reads(late) == []


@committed
def test_a_check_changes_nothing(emma, add_key):
    add_key()
    before = bytes(DataKey.objects.using("owner").get().wrapped)
    with pytest.raises(CommandError, match="2 still need an older key"):
        run("rotate_keys", "--check")
    assert bytes(DataKey.objects.using("owner").get().wrapped) == before


@committed
def test_a_key_that_is_missing_from_the_ring_is_said_and_the_start_without_the_old_one_refused(emma, settings, add_key):
    lost, newest = os.urandom(32), add_key()
    kept, settings.SEALING_KEYS = settings.SEALING_KEYS, [lost]
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM exercises_datakey")
    with acting_as(emma.pk):
        Person.objects.create(user=emma, name=WORD)  # under a key that nobody has
    settings.SEALING_KEYS = kept
    with pytest.raises(CommandError, match="1 do not open with any key given"):
        run("rotate_keys")
    settings.SEALING_KEYS = newest
    rowsecurity._passed.clear()
    with pytest.raises(Exception, match="does not open this database"):  # the proof is still under the old key
        rowsecurity.check_database(connection)


@committed
def test_rotating_tells_how_far_it_is(guest, monkeypatch, add_key):
    for _ in range(12):
        guest()
    add_key()
    monkeypatch.setattr(rotation, "BATCH", 1)
    lines = run("rotate_keys").splitlines()
    assert lines[:2] == ["keys of people: 10 …", "keys of people: 12"]


# One person's key


def stored(user) -> dict[tuple, bytes | None]:
    """All sealed bytes of this person."""
    with acting_as(user.pk):
        rows = {model: model._base_manager.filter(user_id=user.pk) for model in kinds()}
        return {
            (row.pk, field.column): raw(row, field.column, connection)
            for model, field in SEALED
            for row in rows[model]
        }  # fmt: skip


@committed
def test_resealing_changes_every_byte_and_no_word_and_leaves_others_alone(emma, malik):
    with acting_as(emma.pk):
        rows = one_of_each(emma, WORD)
        gone = JournalEntry.objects.create(user=emma, body="deleted")
        gone.discard()
        seen = {row.pk: type(row)._base_manager.get(pk=row.pk).updated_at for row in rows.values()}
    write(malik)
    before, his = stored(emma), stored(malik)
    assert "rows now stand under a new key" in run("reseal", str(emma.pk))
    after = stored(emma)
    assert before.keys() == after.keys()
    assert [place for place in before if before[place] is not None and before[place] == after[place]] == []
    assert stored(malik) == his
    with acting_as(emma.pk):
        for model, field in SEALED:
            row = model._base_manager.get(pk=rows[model].pk)
            assert getattr(row, field.name) == words_for(field, WORD), field
            assert row.updated_at == seen[row.pk]  # an open form is not told of a change
        gone.restore()
        assert JournalEntry.objects.get(pk=gone.pk).body == "deleted"


@committed
def test_bytes_of_before_a_resealing_no_longer_open(emma):
    entry = write(emma)
    with acting_as(emma.pk):
        old = raw(entry, "body", connection)
    run("reseal", str(emma.pk))
    with acting_as(emma.pk):
        put(entry, "body", old, connection)
        with pytest.raises(CannotUnseal):
            _ = JournalEntry.objects.get().body


@committed
def test_when_one_text_does_not_open_resealing_changes_nothing(emma):
    write(emma)
    broken = write(emma, "broken")
    with acting_as(emma.pk):
        put(broken, "body", b"\x01 nothing", connection)
    before = stored(emma)
    with pytest.raises(CommandError, match="Nothing was changed") as error:
        run("reseal", str(emma.pk))
    assert "nothing" not in str(error.value).replace("Nothing", "")
    assert stored(emma) == before


@committed
def test_resealing_someone_who_is_not_there_says_so(db):
    with pytest.raises(CommandError, match="no such person"):
        run("reseal", str(uuid7()))


@committed
def test_what_is_written_while_resealing_waits_is_resealed_too(emma):
    write(emma)
    inside, go_on = threading.Event(), threading.Event()

    def request() -> None:
        with acting_as(emma.pk):
            entry = JournalEntry.objects.create(user=emma, body="early")
            inside.set()
            go_on.wait(20)
            entry.takeaway = "late"
            entry.save()
        connection.close()

    worker = threading.Thread(target=request)
    worker.start()
    inside.wait(20)
    resealing = threading.Thread(target=lambda: (run("reseal", str(emma.pk)), connections.close_all()))
    resealing.start()
    wait_for_waiting_lock()
    go_on.set()
    worker.join(20), resealing.join(20)
    assert reads(emma) == [WORD, "early"]
    with acting_as(emma.pk):
        assert JournalEntry.objects.get(body__isnull=False, takeaway__isnull=False).takeaway == "late"


def wait_for_waiting_lock() -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    pytest.fail("resealing did not wait")


# Bytes that are not what was written

hostile = hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=100,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
place = st.integers(min_value=0, max_value=10_000)
harm = st.one_of(
    st.tuples(st.just("one bit"), place, st.integers(0, 7)),
    st.tuples(st.just("cut off"), place, st.just(0)),
    st.tuples(st.just("longer"), st.binary(min_size=1, max_size=20), st.just(0)),
    st.tuples(st.just("noise"), st.binary(max_size=80), st.just(0)),
    st.tuples(st.just("moved"), st.sampled_from(SEALED), st.booleans()),
)


def harmed(own: bytes, how: tuple, elsewhere) -> bytes:
    kind, what, more = how
    if kind == "one bit":
        changed = bytearray(own)
        changed[what % len(own)] ^= 1 << more
        return bytes(changed)
    if kind == "cut off":
        return own[: what % len(own)]
    if kind == "moved":
        return elsewhere(*what, more)
    return own + what if kind == "longer" else what


@pytest.fixture
def two_lives(emma, malik):
    """Emma with one of each and a second one (other rows), and Malik with one of each: bytes to move about."""
    found = {}
    for user in (malik, emma):
        with acting_as(user.pk):
            rows = one_of_each(user, WORD)
            found[user] = rows, {(model, field): raw(rows[model], field.column, connection) for model, field in SEALED}
    return found


@hostile
@given(target=st.sampled_from(SEALED), how=harm)
def test_bytes_that_were_harmed_or_moved_give_one_error_and_nothing_of_themselves(two_lives, emma, malik, target, how):
    model, field = target
    rows, own = two_lives[emma]
    other = two_lives[malik][1]
    original = own[target]
    changed = harmed(original, how, lambda m, f, his: (other if his else own)[m, f])
    if changed == original:
        return
    with acting_as(emma.pk):
        put(rows[model], field.column, changed, connection)
        row = model._base_manager.get(pk=rows[model].pk)
        with pytest.raises(CannotUnseal) as error:
            getattr(row, field.name)
        said = f"{error.value!r} {error.value} {row!r} {row} {vars(row)}"
        assert WORD not in said
        if len(changed) > 3:
            assert changed.hex() not in said
            assert repr(changed)[2:-1] not in said
        row.save()  # without having opened it
        assert raw(row, field.column, connection) == changed
        put(rows[model], field.column, original, connection)
        assert getattr(model._base_manager.get(pk=row.pk), field.name) == words_for(field, WORD)


@hostile
@given(how=harm.filter(lambda how: how[0] != "moved"))
def test_a_persons_key_that_was_harmed_opens_nothing_and_is_not_replaced(two_lives, emma, how):
    with acting_as(emma.pk):
        kept = bytes(DataKey.objects.get().wrapped)
    changed = harmed(kept, how, None)
    if changed == kept:
        return
    with acting_as(emma.pk):
        DataKey.objects.update(wrapped=changed)
    with acting_as(emma.pk):
        with pytest.raises(CannotUnseal):
            _ = JournalEntry.objects.get().body
        assert bytes(DataKey.objects.get().wrapped) == changed
        DataKey.objects.update(wrapped=kept)


def test_without_the_persons_key_words_stay_closed_and_no_new_key_is_made_by_reading(emma):
    write(emma)
    with acting_as(emma.pk):
        DataKey.objects.all().delete()
    with acting_as(emma.pk):
        with pytest.raises(CannotUnseal, match="there is no data key"):
            _ = JournalEntry.objects.get().body
        assert not DataKey.objects.exists()


@names(("model", "field"), SEALED, ids=lambda part: getattr(part, "__name__", None) or part.name)
def test_under_another_ring_no_text_opens_and_none_is_lost(emma, settings, model, field):
    with acting_as(emma.pk):
        row = one_of_each(emma, WORD)[model]
    right, settings.SEALING_KEYS = settings.SEALING_KEYS, [os.urandom(32)]
    with acting_as(emma.pk):
        again = model._base_manager.get(pk=row.pk)
        with pytest.raises(CannotUnseal, match="no key of the keyring opens data key"):
            getattr(again, field.name)
        again.save()
    settings.SEALING_KEYS = right
    with acting_as(emma.pk):
        assert getattr(model._base_manager.get(pk=row.pk), field.name) == words_for(field, WORD)


def test_a_key_that_is_bytes_of_another_kind_does_not_pass_for_a_text(emma):
    """A wrapped key or a proof put where a text stands is no text."""
    entry = write(emma)
    with acting_as(emma.pk):
        for other in (bytes(DataKey.objects.get().wrapped), bytes(KeyringProof.objects.get().sealed)):
            put(entry, "body", other, connection)
            with pytest.raises(CannotUnseal):
                _ = JournalEntry.objects.get().body


# What the person sees then


def test_a_text_that_does_not_open_gives_a_calm_page_and_the_other_pages_go_on(emma, as_emma):
    broken, whole = write(emma), write(emma, "still here")
    with acting_as(emma.pk):
        put(broken, "body", b"\x01" + b"tampered bytes" * 4, connection)
    as_emma.raise_request_exception = False
    answer = as_emma.get(f"/en/journal/{broken.pk}/")
    assert answer.status_code == 500
    assert "This is our fault, not yours" in answer.text
    assert "tampered" not in answer.text
    assert "still here" in as_emma.get(f"/en/journal/{whole.pk}/").text
    for other in ("people/", "dimmer/", "read/", "help/", "privacy/", "journal/new/"):
        assert as_emma.get(f"/en/{other}").status_code == 200, other


def test_a_text_that_does_not_open_can_still_be_thrown_away(emma, as_emma):
    broken = write(emma)
    with acting_as(emma.pk):
        put(broken, "body", base64.b64encode(os.urandom(40)), connection)
    assert as_emma.post(f"/en/journal/{broken.pk}/delete/").status_code == 302
    assert as_emma.get("/en/journal/").status_code == 200
