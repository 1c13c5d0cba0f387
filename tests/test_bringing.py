"""A guest who signs in to an account they have already: brought along, left, or thrown away; all of it or nothing."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, connections, models
from django.test import Client
from django.utils import timezone

from exercises.drafts.models import Draft
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.privacy.portable import kinds, points_at
from exercises.privacy.words import WORDS
from exercises.reading.models import ModuleRead
from exercises.records.models import DataKey, Owned, Record
from exercises.records.rowsecurity import acting_as
from exercises.records.settings import Settings
from exercises.reminders.models import Device
from kwetsbaar.accounts import moving
from kwetsbaar.accounts.moving import Move, bring_along
from tests.conftest import signed_in
from tests.test_boundary import one_of_each

PAGE = "/en/account/bring/"
LONG_AGO = datetime(2025, 5, 1, 12, tzinfo=UTC)
User = get_user_model()


def fill(user) -> None:
    """One row of each kind, some hidden ones, all made and changed long ago."""
    rows = one_of_each(user)
    assert set(rows) == set(kinds())
    JournalEntry.objects.create(user=user, body="pearblossom, deleted").discard()
    DailyFeeling.objects.create(user=user, day=date(2026, 1, 3), sentence="pearblossom, deleted").discard()
    user.reads.update(finished_at=LONG_AGO)
    for model in kinds():
        model.with_deleted.update(created_at=LONG_AGO, updated_at=LONG_AGO + timedelta(hours=1))


def all_of(user) -> dict:
    """Everything a person has, deleted or not, opened: kind → id → values by field, but what a kind keeps to itself."""

    def values(row) -> dict:
        left_out = {"user"} | getattr(row, "not_portable", set())
        return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name not in left_out}

    with acting_as(user.pk):
        return {model: {row.pk: values(row) for row in model.with_deleted.all()} for model in kinds()}


@pytest.fixture
def account(emma):
    return emma


@pytest.fixture
def guest_(malik):
    with acting_as(malik.pk):
        fill(malik)
    return malik


@pytest.fixture
def client(account, guest_) -> Client:
    return after_signing_in(account, guest_)


def after_signing_in(account, guest) -> Client:
    client = signed_in(account)
    session = client.session
    session["guest"], session["guest_proof"] = str(guest.pk), guest.get_session_auth_hash()
    session.save()
    return client


def brings(client: Client, **picked: str):
    return client.post(PAGE, {"choice": "bring"} | {day.replace("_", "-")[1:]: which for day, which in picked.items()})


# What is there, found by walking


def test_every_kind_is_counted_in_words_or_is_nothing_that_one_counts():
    assert set(WORDS) == set(kinds())


def test_a_person_has_nothing_but_records_a_key_and_devices_which_go_with_the_guest():
    assert {model for model in Owned.every() if not issubclass(model, Record)} == {DataKey, Device}


def test_wherever_there_is_room_for_one_it_is_settled_what_becomes_of_both():
    room_for_one = {
        model for model in kinds() if any(isinstance(c, models.UniqueConstraint) for c in model._meta.constraints)
    }
    assert room_for_one <= set(moving.SETTLED)
    assert not room_for_one & {target for model in kinds() for target in points_at(model)}, "ids have to stay"


def test_the_page_says_how_much_there_is_in_words_and_shows_none_of_it(client):
    page = client.get(PAGE).text
    for words in ("1 day with a feeling", "1 journal entry", "1 step", "1 piece of evidence", "1 person", "1 draft"):
        assert words in page
    assert "pearblossom" not in page


def test_looking_at_the_page_changes_nothing(client, account, guest_):
    before = all_of(account), all_of(guest_)
    client.get(PAGE)
    client.get("/en/today/")
    assert (all_of(account), all_of(guest_)) == before


# Brought along


def test_everything_comes_along_as_it_was_with_the_same_ids(client, account, guest_):
    before = all_of(guest_)
    assert all(before.values())
    answer = brings(client)
    assert answer["Location"] == "/en/today/"
    assert all_of(account) == before


def test_the_guest_is_gone_with_the_key(client, guest_):
    key = DataKey.objects.filter(user=guest_.pk)
    with acting_as(guest_.pk):
        assert key.exists()
    elsewhere = signed_in(guest_)
    brings(client)
    assert not User.objects.filter(pk=guest_.pk).exists()
    with acting_as(guest_.pk):
        assert not key.exists()
        assert not any(model.with_deleted.exists() for model in kinds())
    assert elsewhere.get("/en/today/").status_code == 302


def test_what_came_along_opens_with_the_accounts_key_on_the_pages_and_in_links(client, account, guest_):
    brings(client)
    for path in ("journal/", "evidence/", "dimmer/", "feeling/2026-01-02/"):
        assert "pearblossom" in client.get(f"/en/{path}").text, path
    with acting_as(account.pk):
        attempt = account.attempts.get()
        assert (attempt.dimmer.person.name, attempt.evidence.feared) == ("Samira", "pearblossom")
        assert account.entries.get().attempt == attempt


def test_what_the_account_had_stays_as_it_was(account, guest_, client):
    with acting_as(account.pk):
        JournalEntry.objects.create(user=account, body="from before")
        Person.objects.create(user=account, name="Samira", relation="friend")
    before = all_of(account)
    brings(client)
    after = all_of(account)
    for model, rows in before.items():
        assert rows.items() <= after[model].items()
    assert [row["name"] for row in after[Person].values()] == ["Samira", "Samira"], "the same nickname: both are kept"


def test_a_second_click_the_back_button_and_a_retry_find_it_done(client, account, guest_):
    brings(client)
    once = all_of(account)
    assert brings(client)["Location"] == "/en/today/"
    assert client.get(PAGE)["Location"] == "/en/today/"
    assert all_of(account) == once
    assert "guest" not in client.session


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_bring_it_once(account, guest_, client):
    before, start = all_of(guest_), Barrier(2)
    clicks = [Client(), Client()]
    for click in clicks:
        click.cookies = client.cookies

    def click(client) -> int:
        try:
            start.wait()
            return brings(client).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(click, clicks)) == [302, 302]
    assert all_of(account) == before


# Days that both have


@pytest.fixture
def same_day(account, guest_):
    with acting_as(account.pk):
        return DailyFeeling.objects.create(
            user=account, day=date(2026, 1, 2), words=["calm"], sentence="the accounts own", intensity=3
        )


def test_a_day_that_both_have_is_shown_side_by_side_with_nothing_chosen(client, same_day):
    page = client.get(PAGE).text
    for shown in ("the accounts own", "calm", "pearblossom", "sad", "Samira", "Friday 2 January 2026"):
        assert shown in page
    assert re.findall(r'type="radio" name="2026-01-02" value="(\w+)"([^>]*)>', page) == [
        ("here", ""),
        ("there", ""),
    ]


def test_nothing_moves_before_each_day_has_been_picked(client, account, guest_, same_day):
    before = all_of(account), all_of(guest_)
    for wrong in ({}, {"_2026_01_02": ""}, {"_2026_01_02": "both"}, {"_2026_01_03": "here"}):
        answer = brings(client, **wrong)
        assert answer.status_code == 200
        assert "Choose one for each day" in answer.text
    assert (all_of(account), all_of(guest_)) == before


@pytest.mark.parametrize(("which", "sentence"), [("here", "the accounts own"), ("there", "pearblossom")])
def test_the_feeling_that_was_picked_stays_and_the_other_goes(client, account, same_day, which, sentence):
    brings(client, _2026_01_02=which)
    with acting_as(account.pk):
        assert [row.sentence for row in account.feelings.all()] == [sentence]
        assert account.evidence.get().feared == "pearblossom", "what stands with the evidence stays there"
        assert account.feelings(manager="with_deleted").count() == 3, "hidden as if deleted, and purged a day later"


def test_two_that_were_deleted_on_the_same_day_are_no_choice(client, account, guest_, same_day):
    with acting_as(account.pk):
        same_day.discard()
    assert brings(client).status_code == 302


# Where there is room for one


@pytest.mark.parametrize(
    ("mine", "brought", "kept"), [(None, 5, 5), (5, None, 5), (5, 3, 3), (3, 5, 3), (None, None, None)]
)
def test_a_module_read_in_either_place_is_read_since_the_first_time(account, guest_, client, mine, brought, kept):
    def at(day):
        return day and LONG_AGO + timedelta(days=day)

    with acting_as(account.pk):
        ModuleRead.objects.create(user=account, module="dimmer", finished_at=at(mine))
    with acting_as(guest_.pk):
        guest_.reads.update(finished_at=at(brought))
    brings(client)
    with acting_as(account.pk):
        assert account.reads.get().finished_at == at(kept)


def test_of_two_places_in_a_module_the_later_one_is_kept(account, guest_, client):
    first, later = "when-someone-gets-too-close", "een-regel-die-je-niet-zelf-koos"  # in either language
    for one, section in ((account, first), (guest_, later)):
        with acting_as(one.pk):
            one.reads(manager="with_deleted").update_or_create(
                module="why-no-is-easier", defaults={"user": one, "section": section}
            )
    brings(client)
    with acting_as(account.pk):
        assert account.reads.get(module="why-no-is-easier").section == later


def test_the_accounts_settings_stay_and_only_what_was_empty_is_filled(account, guest_, client):
    with acting_as(account.pk):
        Settings.objects.create(user=account, blur=False, progress_on=False)
    brings(client)
    with acting_as(account.pk):
        kept = account.settings.get()
    assert (kept.blur, kept.progress_on, kept.start_with) == (False, False, {"with": "friend"})


@pytest.mark.parametrize("has_wishes", [True, False])
def test_a_guests_pin_does_not_lock_the_account(account, guest_, client, has_wishes):
    with acting_as(guest_.pk):
        guest_.settings.update(pin="hashed", pin_missed=2)
    if has_wishes:
        with acting_as(account.pk):
            Settings.objects.create(user=account)
    brings(client)
    with acting_as(account.pk):
        assert account.settings.values_list("pin", "pin_missed").get() == ("", 0)


def test_two_drafts_of_the_same_form_are_both_kept(account, guest_, client):
    with acting_as(guest_.pk):
        theirs = guest_.drafts.get()
    with acting_as(account.pk):
        Draft.objects.create(user=account, form=theirs.form, row=theirs.row, body={"body": ["my own"]})
    brings(client)
    with acting_as(account.pk):
        assert {draft.body["body"][0] for draft in account.drafts.all()} == {"my own", "pearblossom"}


# All or nothing


@pytest.mark.django_db(transaction=True)
def test_where_a_row_cannot_be_stored_everything_stays_where_it_was(account, guest_, client):
    """The same day begun on another device between the page and the click: the database itself refuses."""
    before = all_of(guest_)
    with acting_as(account.pk):
        DailyFeeling.objects.create(user=account, day=date(2026, 1, 2), sentence="just now")
    after = all_of(account)
    with pytest.raises(Exception, match="one_feeling_a_day"), acting_as(account.pk):
        bring_along(Move(guest_, account, {}, timezone.now()))
    assert (all_of(guest_), all_of(account)) == (before, after)
    assert User.objects.filter(pk=guest_.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_fault_halfway_leaves_both_as_they_were_and_the_request_goes_on_as_the_account(account, guest_):
    """In the same transaction, as the page does it: what is read afterwards is the account's."""
    before = all_of(guest_)
    with acting_as(account.pk):
        DailyFeeling.objects.create(user=account, day=date(2026, 1, 2), sentence="just now")
        with pytest.raises(Exception, match="one_feeling_a_day"):
            bring_along(Move(guest_, account, {}, timezone.now()))
        assert [row.sentence for row in DailyFeeling.objects.all()] == ["just now"]
    assert all_of(guest_) == before


def bring_and_die(guest, account) -> None:
    with acting_as(account.pk):
        bring_along(Move(guest, account, {}, timezone.now()))
        assert account.entries.exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_dies_halfway_leaves_both_as_they_were(account, guest_, client):
    before = all_of(account), all_of(guest_)
    with pytest.raises(OperationalError):
        bring_and_die(guest_, account)
    connections.close_all()
    assert (all_of(account), all_of(guest_)) == before
    assert brings(client).status_code == 302, "and trying again brings it along"
    assert all_of(account) == before[1]


def test_three_thousand_entries_come_along(account, guest_, client):
    with acting_as(guest_.pk):
        JournalEntry.objects.bulk_create(JournalEntry(user=guest_, body=f"entry {n}") for n in range(3000))
    started = time.perf_counter()
    assert brings(client).status_code == 302
    print(f"3,000 entries: {time.perf_counter() - started:.1f} s")
    with acting_as(account.pk):
        bodies = {row.body for row in account.entries.all()}
    assert {f"entry {n}" for n in range(3000)} <= bodies


# The other two ways, and who may


def test_left_where_it_is_the_guest_stays_and_this_browser_forgets_it(client, guest_):
    before = all_of(guest_)
    page = client.post(PAGE, {"choice": "leave"}, follow=True).text
    assert "return code" in page
    assert all_of(guest_) == before
    assert "guest" not in client.session
    brings(client)
    assert all_of(guest_) == before


def test_throwing_away_asks_plainly_and_takes_the_guest_with_rows_and_key(client, account, guest_):
    before = all_of(guest_)
    answer = client.post(PAGE, {"choice": "throw"})
    assert "Tick this if you are sure" in answer.text
    assert all_of(guest_) == before
    assert client.post(PAGE, {"choice": "throw", "sure": "on"}).status_code == 302
    assert not User.objects.filter(pk=guest_.pk).exists()
    assert not any(all_of(guest_).values())
    assert not any(all_of(account).values())


def test_deciding_later_asks_nothing_and_forgets_nothing(client):
    assert client.get("/en/today/").status_code == 200
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("named", ["", "not-an-id", "01890a5d-ac96-774b-bcce-b302099a8057"])
def test_without_a_guest_there_is_nothing_to_ask(account, db, named):
    client = signed_in(account)
    session = client.session
    session["guest"] = named
    session.save()
    assert client.get(PAGE)["Location"] == "/en/today/"
    assert brings(client)["Location"] == "/en/today/"


def test_ones_own_account_is_never_the_guest(account, db):
    client = after_signing_in(account, account)
    assert client.post(PAGE, {"choice": "throw", "sure": "on"})["Location"] == "/en/today/"
    assert User.objects.filter(pk=account.pk).exists()


def test_a_guest_who_became_an_account_meanwhile_can_no_longer_be_brought(client, guest_):
    guest_.set_password("a way in of one's own")
    guest_.save()
    before = all_of(guest_)
    assert client.get(PAGE)["Location"] == "/en/today/"
    assert brings(client)["Location"] == "/en/today/"
    assert all_of(guest_) == before


def test_a_new_return_code_ends_this_way_to_the_guest_too(client, guest_):
    """Whoever makes a new code puts everybody else out, also who signed in to an account of their own meanwhile."""
    guest_.renew_return_code()
    before = all_of(guest_)
    assert brings(client)["Location"] == "/en/today/"
    assert all_of(guest_) == before


def test_afterwards_one_goes_on_to_where_one_wanted_on_this_site_alone(account, guest_):
    sent = {"choice": "leave"}
    for wanted, to in (
        ("/en/journal/", "/en/journal/"),
        ("//pwn.example", "/en/today/"),
        ("https://pwn.example", "/en/today/"),
    ):
        assert after_signing_in(account, guest_).post(f"{PAGE}?next={wanted}", sent)["Location"] == to


def test_signing_in_as_a_guest_leads_to_the_question_and_brings_all_of_it(account, guest_):
    """The whole way, with a password."""
    account.email = "someone@example.org"
    account.set_password("a long way in 4 me")
    account.save()
    EmailAddress.objects.create(user=account, email=account.email, verified=True, primary=True)
    browser, before = signed_in(guest_), all_of(guest_)
    answer = browser.post("/en/account/login/", {"login": account.email, "password": "a long way in 4 me"})
    assert answer["Location"].startswith(PAGE)
    assert browser.post(answer["Location"], {"choice": "bring"}).status_code == 302
    assert all_of(account) == before


def test_nobody_can_name_a_guest_in_the_form_itself(as_emma, guest_):
    before = all_of(guest_)
    as_emma.post(PAGE, {"choice": "bring", "guest": str(guest_.pk)})
    as_emma.post(f"{PAGE}?guest={guest_.pk}", {"choice": "throw", "sure": "on"})
    assert all_of(guest_) == before


@pytest.mark.parametrize("choice", ["", "bring\x00", "everything", "BRING"])
def test_a_choice_that_is_none_shows_the_page_again(client, guest_, choice):
    before = all_of(guest_)
    assert client.post(PAGE, {"choice": choice}).status_code == 200
    assert all_of(guest_) == before


def test_three_hundred_days_that_both_have_can_be_picked(client, account, guest_):
    days = [date(2025, 1, 1) + timedelta(n) for n in range(300)]
    for one in (account, guest_):
        with acting_as(one.pk):
            DailyFeeling.objects.bulk_create(DailyFeeling(user=one, day=day, sentence=one.username) for day in days)
    picked = {str(day): "there" if n % 2 else "here" for n, day in enumerate(days)}
    assert client.post(PAGE, {"choice": "bring"} | picked).status_code == 302
    with acting_as(account.pk):
        kept = {row.day: row.sentence for row in account.feelings.filter(day__in=days)}
    assert kept == {day: guest_.username if n % 2 else account.username for n, day in enumerate(days)}
