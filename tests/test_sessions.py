"""Where someone is signed in: seeing it, ending it, and what a session gives away (nothing)."""

import base64
import re
from datetime import timedelta

import pytest
from django.conf import settings as site
from django.contrib.sessions.backends.db import SessionStore as Readable
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kwetsbaar.accounts.models import Session
from kwetsbaar.accounts.sessions import SessionStore, device, fingerprint, renew
from tests.test_accounts import starts, who
from tests.test_sign_in import ADDRESS, PASSWORD, asks_code, give_ways, mailed_code, signs_in

PHONE = "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0"
LAPTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
names = pytest.mark.parametrize


@pytest.fixture
def account(emma):
    emma.renew_return_code()
    return give_ways(emma)


def signed_in_with(agent: str) -> Client:
    client = Client(headers={"User-Agent": agent})
    assert signs_in(client).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/en/today/").status_code == 200


def row_of(client: Client) -> Session:
    return Session.objects.get(pk=fingerprint(client.session.session_key))


def day_passes(client: Client, days: int = 1) -> None:
    """As if that session had been used that many days ago."""
    row = row_of(client)
    row.used_on -= timedelta(days)
    row.expire_date -= timedelta(days)
    row.save()


# Seeing and ending


def test_someone_sees_where_they_are_signed_in_and_which_one_is_here(account):
    phone, laptop = signed_in_with(PHONE), signed_in_with(LAPTOP)
    page = phone.get("/en/account/sessions/").text
    rows = re.findall(r'<li class="row">(.*?)</li>', page, re.S)
    assert len(rows) == 2
    here = [row for row in rows if "this one" in row]
    assert ["Firefox, Android" in row for row in here] == [True]
    assert sum("Chrome, Windows" in row for row in rows) == 1
    assert row_of(laptop).pk in page
    assert row_of(phone).pk not in page, "the session of this page is ended by signing out"


@names(
    ("agent", "said"),
    [
        (PHONE, "Firefox, Android"),
        (LAPTOP, "Chrome, Windows"),
        (f"{LAPTOP} Edg/126.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) CriOS/126.0 Safari/604.1", "Chrome, iPad"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox, Mac"),
        ("Mozilla/5.0 (Linux; Android 14) SamsungBrowser/25.0 Chrome/121 Safari/537", "Samsung Internet, Android"),
        ("curl/8.5", ""),
        ("", ""),
        ("\x00🙂" * 5000, ""),
    ],
)
def test_a_device_is_named_in_coarse_words(agent, said):
    assert device(agent) == said


def test_one_session_is_ended_from_another(account):
    phone, laptop, tablet = signed_in_with(PHONE), signed_in_with(LAPTOP), signed_in_with("")
    phone.post("/en/account/sessions/", {"which": row_of(laptop).pk})
    assert [is_in(client) for client in (phone, laptop, tablet)] == [True, False, True]


def test_all_others_are_ended_at_once(account):
    phone, laptop, tablet = signed_in_with(PHONE), signed_in_with(LAPTOP), signed_in_with("")
    phone.post("/en/account/sessions/", {"which": "others"})
    assert [is_in(client) for client in (phone, laptop, tablet)] == [True, False, False]


def test_signing_out_everywhere_ends_this_one_too(account):
    phone, laptop = signed_in_with(PHONE), signed_in_with(LAPTOP)
    phone.post("/en/account/sign-out/", {"everywhere": "1"})
    assert [is_in(client) for client in (phone, laptop)] == [False, False]
    assert not account.sessions.exists()


def test_nobody_ends_a_session_of_someone_else(account, as_malik):
    phone = signed_in_with(PHONE)
    for which in (row_of(phone).pk, "others"):
        as_malik.post("/en/account/sessions/", {"which": which})
    assert is_in(phone)


@names("which", ["", "\x00", "nobody", "x" * 5000])
def test_an_odd_wish_ends_nothing(account, which):
    phone, laptop = signed_in_with(PHONE), signed_in_with(LAPTOP)
    assert phone.post("/en/account/sessions/", {"which": which}).status_code == 302
    assert is_in(laptop)


@names(
    ("path", "sent"),
    [
        ("password/change/", {"oldpassword": PASSWORD, "password1": "another long one"}),
        ("password/remove/", {}),
        ("code/", {}),
        ("email/", {"action_remove": "1", "email": ADDRESS}),
    ],
)
def test_a_way_in_that_changes_ends_all_other_sessions(account, path, sent):
    phone, laptop = signed_in_with(PHONE), signed_in_with(LAPTOP)
    assert phone.post(f"/en/account/{path}", sent).status_code == 302
    assert [is_in(client) for client in (phone, laptop)] == [True, False]
    assert [row.pk for row in account.sessions.all()] == [row_of(phone).pk], "none is left to be listed"


def test_a_forgotten_password_ends_every_session(account):
    phone = signed_in_with(PHONE)
    client = Client()
    client.post("/en/account/password/reset/", {"email": ADDRESS})
    client.post("/en/account/password/reset/confirm/", {"code": mailed_code()})
    client.post("/en/account/password/reset/complete/", {"password1": "another long one"})
    assert [is_in(phone), is_in(client)] == [False, True]


# A year from the last use


def test_a_session_that_is_used_never_ends(client, db):
    starts(client)
    for _half_year in range(4):
        day_passes(client, 180)
        assert is_in(client)
    assert row_of(client).expire_date > timezone.now() + timedelta(days=364)
    assert int(client.cookies["session"]["max-age"]) == site.SESSION_COOKIE_AGE


def test_a_session_that_nobody_uses_for_a_year_ends(client, db):
    starts(client)
    day_passes(client, 366)
    assert not is_in(client)


def test_of_a_visitor_who_asks_for_a_code_nothing_is_kept_longer_than_a_day(account):
    client = Client()
    asks_code(client)
    assert row_of(client).expire_date < timezone.now() + timedelta(days=1, minutes=1)
    assert int(client.cookies["session"]["max-age"]) == 24 * 60 * 60


def test_pages_of_one_day_do_not_write_the_session_again(client, db):
    starts(client)
    is_in(client)
    day_passes(client)
    writes = []
    for _page in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert is_in(client)
        writes.append(sum('UPDATE "accounts_session"' in query["sql"] for query in queries))
    assert writes == [1, 0]


# What it gives away


def test_a_copy_of_the_database_shows_nothing_of_what_a_session_holds(account):
    client = Client(headers={"User-Agent": PHONE}, REMOTE_ADDR="192.0.2.1")
    asks_code(client)
    code = mailed_code()
    assert code in str(client.session.items())
    signed_in_with(PHONE)
    stored = "".join(str(row) for row in Session.objects.values_list())
    for row in Session.objects.all():
        stored += str(Readable().decode(row.session_data)) + str(base64.b64decode(row.session_data))
    for word in (code, ADDRESS, client.session.session_key, "192.0.2.1", "Gecko", str(account.pk)[:8] + "_"):
        assert word not in stored


def test_what_one_session_holds_does_not_open_in_another(account, client):
    starts(client)
    phone = signed_in_with(PHONE)
    mine, theirs = row_of(client), row_of(phone)
    mine.session_data = theirs.session_data
    mine.save()
    assert client.get("/en/today/").status_code == 302


@names("data", ["", "AAAA", "not base64 at all", "eyJhIjoxfQ:1abc:xyz"])
def test_bytes_that_were_changed_sign_nobody_in(client, db, data):
    starts(client)
    row = row_of(client)
    row.session_data = data
    row.save()
    assert client.get("/en/today/").status_code == 302


def test_a_session_from_before_they_were_sealed_goes_on(client, db):
    starts(client)
    row, held = row_of(client), dict(client.session.items())
    row.session_data = Readable().encode(held)
    row.save()
    assert is_in(client)


def test_sessions_go_under_the_newest_key_and_go_on(client, db, settings):
    starts(client)
    settings.SEALING_KEYS = [bytes(32), *settings.SEALING_KEYS]
    row = row_of(client)
    assert renew(row) is True
    row.save()
    assert renew(row_of(client)) is False
    assert SessionStore(client.session.session_key)["_auth_user_id"] == who(client)


@pytest.mark.django_db(transaction=True)
def test_what_was_saved_and_the_word_that_it_was_are_stored_together(as_emma, emma):
    as_emma.get("/en/today/")
    with CaptureQueriesContext(connection) as queries:
        assert as_emma.post("/en/journal/new/", {"body": "lighthouse"}).status_code == 302
    said = [query["sql"] for query in queries]
    ends = [at for at, sql in enumerate(said) if sql == "COMMIT"]
    stores = [at for at, sql in enumerate(said) if sql.startswith('UPDATE "accounts_session"')]
    assert len(ends) == len(stores) == 1
    assert stores[0] < ends[0]
    assert "Saved." in as_emma.get("/en/journal/").text


@pytest.mark.django_db(transaction=True)
def test_what_could_not_be_saved_is_not_said_to_be(as_emma, emma):
    as_emma.get("/en/today/")
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE exercises_journalentry ADD CONSTRAINT never CHECK (false) NOT VALID")
    try:
        as_emma.raise_request_exception = False
        assert as_emma.post("/en/journal/new/", {"body": "lighthouse"}).status_code == 500
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE exercises_journalentry DROP CONSTRAINT never")
    page = as_emma.get("/en/journal/").text
    assert "Saved." not in page
    assert "lighthouse" not in page
