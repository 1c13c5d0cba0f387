"""The promises, the settings, and deleting everything."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client

from exercises.records.models import Owned
from exercises.records.rowsecurity import acting_as
from tests.test_boundary import one_of_each

DELETE, SETTINGS = "/en/privacy/delete/", "/en/privacy/settings/"
User = get_user_model()


def rows_of(user_id) -> dict[str, int]:
    """How many rows of each kind a person has."""
    with acting_as(user_id):
        return {model.__name__: model._base_manager.filter(user_id=user_id).count() for model in Owned.every()}


@pytest.fixture
def filled(emma, malik):
    """Emma and Malik each have a bit of everything."""
    for user in (emma, malik):
        with acting_as(user.pk):
            one_of_each(user)
            user.settings.update_or_create(defaults={"start_with": {"with": "friend"}})
    return emma, malik


# The page


def test_the_page_leads_to_everything_one_can_do_about_ones_own(as_emma):
    page = as_emma.get("/en/privacy/").text
    for address in (SETTINGS, DELETE, "/en/account/sign-out/", "/en/privacy-statement/", "/en/safe-use/", "/en/help/"):
        assert f'href="{address}"' in page
    assert '<form method="post" action="/en/account/code/">' in page


def test_the_page_costs_no_more_queries_for_who_wrote_more(as_emma, filled, django_assert_max_num_queries):
    with django_assert_max_num_queries(7):  # session, person, transaction, one's own reactions
        as_emma.get("/en/privacy/")


# Settings


def test_a_new_language_is_kept_and_the_page_comes_back_in_it(as_emma, emma):
    response = as_emma.post(SETTINGS, {"language": "nl", "time_zone": "Pacific/Auckland"}, follow=True)
    assert response.redirect_chain == [("/nl/privacy/settings/", 302)]
    emma.refresh_from_db()
    assert (emma.language, emma.time_zone) == ("nl", "Pacific/Auckland")
    assert '<option value="Pacific/Auckland" selected>' in response.text


def test_the_page_shows_what_is_set_and_leads_to_the_three_questions(as_emma):
    page = as_emma.get(SETTINGS).text
    assert '<option value="Europe/Amsterdam" selected>Amsterdam</option>' in page
    assert re.search(r'value="nl"[^>]*checked', page)
    assert 'href="/en/dimmer/start-with/"' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Middle/Earth"), ("time_zone", ""), ("time_zone", "\x00"), ("language", "fr"), ("language", "")],
)
def test_an_unknown_zone_or_language_gets_a_message_and_changes_nothing(as_emma, emma, field, value):
    response = as_emma.post(SETTINGS, {"language": "en", "time_zone": "Asia/Tokyo"} | {field: value})
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {field}
    assert f'id="id_{field}_error"' in response.text
    emma.refresh_from_db()
    assert (emma.language, emma.time_zone) == ("nl", "Europe/Amsterdam")


def test_settings_touch_nothing_else_of_a_person(as_emma, emma):
    code = emma.renew_return_code()
    as_emma.post(SETTINGS, {"language": "en", "time_zone": "Asia/Tokyo", "is_superuser": "on", "return_code": "x"})
    emma.refresh_from_db()
    assert User.objects.with_return_code(code) == emma
    assert not emma.is_superuser


# Deleting everything


def test_asking_deletes_nothing_and_says_what_goes_and_what_stays(as_emma, emma):
    page = as_emma.get(DELETE).text
    assert "30 days" in page
    assert re.search(r'<input type="checkbox" name="sure" required[^>]*>', page)
    assert User.objects.filter(pk=emma.pk).exists()


def test_without_the_tick_everything_stays(as_emma, filled):
    emma, _malik = filled
    before = rows_of(emma.pk)
    response = as_emma.post(DELETE)
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"sure"}
    assert rows_of(emma.pk) == before
    assert User.objects.filter(pk=emma.pk).exists()


def test_deleting_everything_leaves_no_row_and_no_key_and_takes_only_ones_own(as_emma, filled):
    emma, malik = filled
    others = rows_of(malik.pk)
    assert sum(rows_of(emma.pk).values()) >= 8
    assert as_emma.post(DELETE, {"sure": "on"}).status_code == 200
    assert set(rows_of(emma.pk).values()) == {0}
    assert not User.objects.filter(pk=emma.pk).exists()
    assert rows_of(malik.pk) == others
    assert others["DataKey"] == 1


@pytest.mark.django_db(transaction=True)
def test_no_table_names_the_person_any_more(as_emma, filled):
    emma, malik = filled
    assert {table for table, people in named().items() if emma.pk in people} >= {"exercises_datakey", "accounts_user"}
    as_emma.post(DELETE, {"sure": "on"})
    assert not [table for table, people in named().items() if emma.pk in people]
    assert malik.pk in named()["exercises_datakey"]


def named() -> dict[str, set]:
    """Which people each table names, as the owner sees it."""
    columns = {model._meta.db_table: "user_id" for model in Owned.every()} | {User._meta.db_table: "id"}
    found = {}
    with connections["owner"].cursor() as cursor:
        for table, column in columns.items():
            cursor.execute(f"SELECT DISTINCT {column} FROM {table}")
            found[table] = {key for (key,) in cursor.fetchall()}
    return found


def test_after_deleting_one_is_signed_out_and_the_browser_forgets(as_emma, emma):
    response = as_emma.post(DELETE, {"sure": "on"})
    assert response["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert "no-store" in response["Cache-Control"]
    assert b"<form" not in response.content
    assert b"data-signed-in" not in response.content
    assert not Session.objects.exists()
    assert as_emma.get("/en/today/").status_code == 302


def test_the_code_of_who_deleted_everything_brings_nobody_back(as_emma, emma):
    code = as_emma.post("/en/account/code/", follow=True).context["code"]
    as_emma.post(DELETE, {"sure": "on"})
    assert Client().post("/en/account/return/", {"code": code}).status_code == 200


def test_another_device_of_the_person_is_a_visitor_from_then_on(as_emma, emma):
    other = Client()
    other.force_login(emma)
    as_emma.post(DELETE, {"sure": "on"})
    assert other.get("/en/today/").status_code == 302
    assert other.get("/en/").status_code == 200
