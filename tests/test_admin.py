"""The administration: only for staff with a second factor; who there is, and nothing of what anyone wrote."""

import re
from io import StringIO
from uuid import uuid4

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from exercises.reactions.models import Reaction
from exercises.records.models import Owned
from exercises.records.rowsecurity import acting_as
from exercises.records.sealing import SealedTextField
from kwetsbaar.accounts.admin import site
from kwetsbaar.accounts.models import User
from tests.conftest import signed_in
from tests.test_boundary import one_of_each
from tests.test_second_step import STEP, digits, switched_on

HOME = "/beheer/"
PEOPLE = "/beheer/accounts/user/"


@pytest.fixture
def sam(guest) -> User:
    """Someone of the staff."""
    user = guest("en")
    call_command("staff", str(user.pk), stdout=StringIO())
    user.refresh_from_db()
    return user


@pytest.fixture
def as_sam(sam) -> Client:
    """Signed in with the return code and the app."""
    code = sam.renew_return_code()
    secret = switched_on(signed_in(sam))
    client = Client()
    client.post("/en/account/return/", {"code": code})
    assert client.post(STEP, {"code": digits(secret)}).status_code == 302
    return client


def test_a_visitor_is_led_to_our_sign_in(client, db):
    answer = client.get(PEOPLE, follow=True)
    assert answer.redirect_chain[-1][0].endswith("/account/login/?next=/beheer/accounts/user/")


def test_for_others_there_is_no_administration(as_emma):
    assert as_emma.get(PEOPLE, follow=True).status_code == 404


def test_staff_without_a_second_factor_is_asked_to_add_one(sam):
    answer = signed_in(sam).get(HOME, follow=True)
    assert answer.redirect_chain[-1][0] == "/en/account/2fa/"
    assert "Then the administration opens." in answer.text


def test_staff_who_did_not_use_it_in_this_session_is_asked_for_it(sam):
    code = sam.renew_return_code()
    client = signed_in(sam)
    secret = switched_on(client)
    answer = client.get(HOME, follow=True)
    page = answer.redirect_chain[-1][0]
    assert page == "/en/account/reauthenticate/?next=%2Fbeheer%2F&only=second"
    assert client.post(page, {"confirm-code": code}).status_code == 200
    assert client.get(HOME).status_code == 302
    assert client.post(page, {"confirm-code": digits(secret)})["Location"] == HOME
    assert client.get(HOME).status_code == 200


def test_after_a_working_day_it_is_asked_again(as_sam):
    assert as_sam.get(PEOPLE).status_code == 200
    session = as_sam.session
    records = session[AUTHENTICATION_METHODS_SESSION_KEY]
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [record | {"at": record["at"] - 9 * 3600} for record in records]
    session.save()
    assert as_sam.get(PEOPLE).status_code == 302


def test_only_people_and_reactions_are_there_and_nothing_registers_by_itself():
    assert set(site._registry) == {Reaction, User}
    assert admin.site._registry == {}


def test_the_list_shows_id_and_days_alone(as_sam, emma):
    emma.username, emma.email = "pearblossom", "pearblossom@example.org"
    emma.save()
    emma.emailaddress_set.create(email="pearblossom@example.org", verified=True)
    with acting_as(emma.pk):
        one_of_each(emma)
    for page in (PEOPLE, f"{PEOPLE}{emma.pk}/change/", f"{PEOPLE}{emma.pk}/history/", HOME):
        answer = as_sam.get(page)
        assert answer.status_code == 200
        assert "pearblossom" not in answer.text
        assert "Samira" not in answer.text
    assert str(emma.pk) in as_sam.get(PEOPLE).text


def test_nobody_is_made_or_removed_there(as_sam, emma):
    assert as_sam.get(f"{PEOPLE}add/").status_code == 403
    assert as_sam.get(f"{PEOPLE}{emma.pk}/delete/").status_code == 403
    assert as_sam.post(f"{PEOPLE}{emma.pk}/delete/", {"post": "yes"}).status_code == 403


def test_someone_is_switched_off_and_on_again(as_sam, emma, as_emma):
    assert as_sam.post(f"{PEOPLE}{emma.pk}/change/", {}).status_code == 302
    assert as_emma.get("/en/today/").status_code == 302
    assert as_sam.post(f"{PEOPLE}{emma.pk}/change/", {"is_active": "on"}).status_code == 302
    assert as_emma.get("/en/today/").status_code == 200


def test_nothing_else_of_a_person_can_be_changed(as_sam, emma):
    before = User.objects.filter(pk=emma.pk).values().get()
    sent = {
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "email": "a@example.org",
        "password": "x",
        "id": uuid4(),
    }
    as_sam.post(f"{PEOPLE}{emma.pk}/change/", sent)
    assert User.objects.filter(pk=emma.pk).values().get() == before


def test_staff_cannot_switch_staff_off(as_sam, sam):
    assert as_sam.post(f"{PEOPLE}{sam.pk}/change/", {}).status_code == 403


@pytest.mark.parametrize(("language", "words"), [("nl", "Zoeken"), ("en", "Search")])
def test_it_speaks_the_language_of_whoever_is_there(as_sam, sam, language, words):
    sam.language = language
    sam.save()
    page = as_sam.get(PEOPLE, headers={"Accept-Language": "fr"}).text
    assert f'<html lang="{language}' in page
    assert words in page


def test_raw_sql_through_the_apps_role_opens_no_record(sam, emma):
    """As staff in a request: no row of anyone else. Naming another person in the database: sealed bytes."""
    with acting_as(emma.pk):
        rows = one_of_each(emma)
    words = [b"pearblossom", b"Samira"]
    for model in Owned.every():
        with acting_as(sam.pk), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {model._meta.db_table} WHERE user_id = %s", [emma.pk])
            assert cursor.fetchone() == (0,)
            cursor.execute("SET LOCAL app.user_id = %s", [str(emma.pk)])
            cursor.execute(f"SELECT t::text, * FROM {model._meta.db_table} t")
            found = cursor.fetchall()
        assert found or model not in rows
        stored = b" ".join(
            bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
            for row in found
            for value in row
        )
        assert not [word for word in words if word in stored or word.hex().encode() in stored]
    assert any(isinstance(field, SealedTextField) for model in rows for field in model._meta.concrete_fields)


def test_someone_becomes_staff_and_no_longer(emma):
    say = StringIO()
    call_command("staff", str(emma.pk), stdout=say)
    assert say.getvalue() == f"{emma.pk} may open /beheer/.\n"
    emma.refresh_from_db()
    assert emma.is_staff
    call_command("staff", str(emma.pk), "--off", stdout=say)
    emma.refresh_from_db()
    assert not emma.is_staff


@pytest.mark.parametrize("who", ["nobody", "6b8d2c7e-0f4e-4a7e-9a39-2d6c1a5f3e10"])
def test_whoever_is_not_there_becomes_nothing(db, who):
    with pytest.raises(CommandError, match="no one"):
        call_command("staff", who)


def test_the_pages_obey_our_policy(as_sam):
    answer = as_sam.get(PEOPLE)
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*src=)(?![^>]*application/json)[^>]*>|style=|\son\w+=", answer.text)
