"""The privacy boundary, found by walking the addresses, the models and the database; not by a list to remember."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import DataError, ProgrammingError, connection, models
from django.http import Http404
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.utils import timezone, translation

from exercises.dimmer.models import Attempt, Dimmer
from exercises.drafts.models import Draft
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.progress.models import SelfCheck
from exercises.reactions.models import Reaction
from exercises.reading.models import ModuleRead
from exercises.records.models import Owned, Record, uuid7
from exercises.records.rowsecurity import NOBODY, acting_as
from exercises.records.sealing import SealedTextField
from exercises.records.settings import Settings
from exercises.reminders.models import Reminder
from exercises.sharing.models import Share, Summary
from kwetsbaar import urls as root

MODELS = {  # the first part of an address with an id → whose id it is
    "attempts": Attempt,
    "dimmer": Dimmer,
    "drafts": Draft,
    "evidence": Evidence,
    "feeling": DailyFeeling,
    "journal": JournalEntry,
    "people": Person,
    "progress": SelfCheck,
    "reminders": Reminder,
    "share": Share,
    "summary": Summary,
}
PUBLIC = {
    "about", "accessibility", "booklet", "calendar_feed", "come_back", "course", "exercise", "help", "key_points", "landing", "leave", "manifest", "module",
    "offline", "offline_feeling", "privacy_statement", "questions", "reactions", "read", "reminder_stop", "safe_use", "search", "shared", "start",
    "what_we_know", "worker",
}  # fmt: skip
WAYS_IN = {  # public too: signing in, and what belongs to it
    "account_complete_password_reset", "account_confirm_login_code", "account_confirm_password_reset_code",
    "account_inactive", "account_login", "account_password_reset_completed",
    "account_request_login_code", "account_reset_password", "draft_keep", "mfa_authenticate", "mfa_login_webauthn",
}  # fmt: skip


def walk(patterns: list, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":  # it has a guard and tests of its own
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern), pattern


with translation.override("en"):
    ROUTES = dict(walk(get_resolver().url_patterns))


def address(route: str, id: object = None) -> str:
    route = (
        route.replace("<slug:slug>", "dimmer")
        .replace("<day:day>", "2026-01-02")
        .replace("<uuid:id>", str(id or uuid7()))
        .replace("<int:pk>", "1")
        .replace("<int:number>", "1")
        .replace("<slug:name>", "openness")
        .replace("<str:token>", "x")
    )
    return f"/{route}"


def is_public(pattern: URLPattern) -> bool:
    return not getattr(pattern.callback, "login_required", True)


PRIVATE = sorted(route for route, pattern in ROUTES.items() if not is_public(pattern))
MADE_TO_BE_READ = {"reactions": Reaction}  # no record: everybody reads it, once a moderator shows it (test_reactions)
WITH_ID = sorted(route for route in ROUTES if "<uuid:id>" in route and route.split("/")[1] not in MADE_TO_BE_READ)
PERSONAL = Owned.every()
NAMES_NOBODY = (ProgrammingError, DataError)  # never set on this connection, or set and over
names = pytest.mark.parametrize


def test_the_walk_finds_the_house():
    assert len(PRIVATE) > 30
    assert len(WITH_ID) > 15
    assert {route.split("/")[1] for route in WITH_ID} == set(MODELS)


def test_only_these_pages_are_public():
    assert {pattern.name for pattern in ROUTES.values() if is_public(pattern) and pattern.name} == PUBLIC | WAYS_IN


@names("route", PRIVATE)
def test_a_visitor_is_asked_to_start_first(client, db, route):
    response = client.get(address(route))
    assert response.status_code == 302
    assert response["Location"].startswith("/en/start/?next=")


@names("route", PRIVATE)
def test_a_visitor_cannot_send_anything_to_a_private_page(client, db, route):
    assert client.post(address(route), {"body": "x"}).status_code == 403


def one_of_each(user) -> dict[type[Record], Record]:
    day = date(2026, 1, 2)
    person = Person.objects.create(user=user, name="Samira", relation="friend")
    dimmer = Dimmer.objects.create(user=user, person=person, topic="pearblossom")
    evidence = Evidence.objects.create(user=user, person=person, happened_on=day, feared="pearblossom")
    attempt = Attempt.objects.create(user=user, dimmer=dimmer, level=10, expectation="pearblossom", evidence=evidence)
    feeling = DailyFeeling.objects.create(user=user, day=day, words=["sad"], sentence="pearblossom", person=person)
    entry = JournalEntry.objects.create(user=user, body="pearblossom", attempt=attempt)
    draft = Draft.objects.create(user=user, form="/journal/new/", row=uuid7(), body={"body": ["pearblossom"]})
    read = ModuleRead.objects.create(user=user, module="dimmer", section="look")
    settings = Settings.objects.create(user=user, start_with={"with": "friend"})
    check = SelfCheck.objects.create(user=user, day=day, answers=[0, 1, 2, 3, 4, None, 0])
    share = Share.objects.create(user=user, pieces=[str(evidence.pk)], expires_at=timezone.now() + timedelta(days=1))
    summary = Summary.objects.create(user=user, pieces=[str(evidence.pk)], practised="pearblossom")
    reminder = Reminder.objects.create(user=user, weekdays=[1], message="pearblossom")
    rows = (person, dimmer, evidence, attempt, feeling, entry, draft, read, settings, check, share, summary, reminder)
    return {type(row): row for row in rows}


def test_the_walk_has_one_of_each_kind(emma):
    with acting_as(emma.pk):
        assert set(one_of_each(emma)) == {model for model in PERSONAL if issubclass(model, Record)}


@pytest.fixture
def emmas(emma):
    with acting_as(emma.pk):
        return one_of_each(emma)


@names("method", ["get", "post"])
@names("route", WITH_ID)
def test_what_is_someone_elses_is_not_there(emmas, as_malik, route, method):
    row = emmas[MODELS[route.split("/")[1]]]
    response = getattr(as_malik, method)(address(route, row.pk))
    if response.status_code == 405:  # an address that only takes the other method
        return
    assert response.status_code == 404


@names("route", PRIVATE)
def test_no_page_shows_another_persons_words(emmas, as_malik, route):
    response = as_malik.get(address(route, emmas[Attempt].pk))
    assert b"pearblossom" not in response.content


@names("model", PERSONAL, ids=lambda m: m.__name__)
def test_every_personal_row_has_an_owner_and_goes_with_them(model):
    owner = model._meta.get_field("user")
    assert not owner.null
    assert owner.remote_field.on_delete is models.CASCADE


def test_every_table_that_names_a_person_is_personal():
    user = get_user_model()
    naming = {
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label == "exercises"
        and any(field.is_relation and field.related_model is user for field in model._meta.concrete_fields)
    }
    assert naming - set(MADE_TO_BE_READ.values()) == set(PERSONAL)


def test_every_personal_table_has_row_security_and_no_other_way_in(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid WHERE c.relrowsecurity GROUP BY 1"
            " HAVING count(*) = 1 AND min(pg_get_expr(polqual, polrelid))"
            " = '(user_id = (current_setting(''app.user_id''::text))::uuid)'"
        )
        protected = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("app", False)
    assert protected == {model._meta.db_table for model in PERSONAL}


@names("model", PERSONAL, ids=lambda m: m.__name__)
def test_raw_sql_that_names_nobody_sees_nothing(emmas, model):
    with acting_as(NOBODY), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
@names("model", PERSONAL, ids=lambda m: m.__name__)
def test_raw_sql_outside_a_request_is_an_error(db, model):
    with pytest.raises(NAMES_NOBODY, match=r"app\.user_id|type uuid"), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")


@pytest.mark.django_db(transaction=True)
def test_the_person_of_a_request_does_not_outlive_it(db, as_emma):
    as_emma.get("/en/journal/")
    with pytest.raises(NAMES_NOBODY, match=r"app\.user_id|type uuid"):
        JournalEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_row_cannot_be_written_in_someone_elses_name(emma, malik):
    with pytest.raises(ProgrammingError, match="row-level security"), acting_as(malik.pk):
        Person.objects.bulk_create([Person(user=emma)])


ACROSS_PEOPLE = {"reminders_due"}  # what `send_reminders` asks, as the owner, on each part of a split table


@names("model", PERSONAL, ids=lambda m: m.__name__)
def test_one_persons_rows_stand_together_so_that_the_tables_can_be_split_by_person(model):
    """Keeps sharding by person possible: every index starts with the person, no sequence, no trigger, no hidden table."""
    key = model._meta.pk
    assert key.get_internal_type() in ("UUIDField", "OneToOneField")
    assert not model._meta.many_to_many
    for index in model._meta.indexes:
        first = index.fields[0] if index.fields else index.expressions[0].name
        assert first == "user" or index.name in ACROSS_PEOPLE, index.name
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            assert constraint.fields[0] == "user", constraint.name
    loose = [
        field.name for field in model._meta.concrete_fields if field is not key and (field.db_index or field.unique)
    ]
    assert loose == []


def test_no_personal_table_has_a_trigger_of_its_own(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        assert cursor.fetchall() == []


def test_every_sentence_that_design_calls_sealed_is_bytes_in_the_database(db):
    sealed = {
        (model._meta.db_table, field.column)
        for model in PERSONAL
        for field in model._meta.concrete_fields
        if isinstance(field, SealedTextField)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'bytea' AND table_schema = 'public'"
        )
        stored = set(cursor.fetchall())
    assert sealed <= stored
    wanted = "name relation topic usual more if_then expectation happened reaction learned look_back words sentence body takeaway shared feared"
    assert set(wanted.split()) <= {column for _table, column in sealed}


def test_views_begin_with_the_person():
    """No view reaches for a personal table by itself: it goes through request.user."""
    views = list(Path(apps.get_app_config("exercises").path).glob("*/views.py"))
    assert len(views) > 8
    for file in views:
        for model in PERSONAL:
            assert not re.search(rf"\b{model.__name__}\.(objects|with_deleted)\b", file.read_text()), file


def writes_then_fails(request):
    Person.objects.create(user=request.user, name="half")
    raise RuntimeError


def writes_then_finds_nothing(request):
    Person.objects.create(user=request.user, name="half")
    raise Http404


urlpatterns = [path("fails", writes_then_fails), path("nothing", writes_then_finds_nothing), *root.urlpatterns]


@pytest.mark.urls(__name__)
@names(("address", "status"), [("/fails", 500), ("/nothing", 404)])
def test_a_request_that_fails_keeps_nothing_of_what_it_wrote(emma, as_emma, address, status):
    as_emma.raise_request_exception = False
    assert as_emma.post(address).status_code == status
    with acting_as(emma.pk):
        assert not Person.objects.exists()


def test_a_fragment_asked_for_after_the_session_ended_makes_the_page_ask_again(client, db):
    for answer in (
        client.get("/en/evidence/", headers={"HX-Request": "true"}),
        client.post("/en/journal/", {"q": "x"}, headers={"HX-Request": "true"}),
    ):
        assert (answer.status_code, answer["HX-Refresh"], answer.content) == (204, "true", b"")
