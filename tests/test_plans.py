"""At size: what the database really does for each personal page, and how often it is asked.

The plans are the server's own, for the app's role with row security on, in a base of 100,000 rows: nothing is forced.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exercises.reading.models import ModuleRead
from exercises.records.models import Owned, Record, uuid7
from exercises.records.rowsecurity import acting_as
from exercises.records.settings import Settings
from tests.conftest import signed_in
from tests.test_boundary import MODELS, PRIVATE, ROUTES, address, one_of_each

PERSONAL = {model._meta.db_table for model in Owned.every()}
KEYS = {model._meta.pk.column for model in Owned.every()}
OPENS_A_LINK = {"share", "reminders"}  # not a page of the one who is signed in
People = get_user_model()


class Scan:
    """One way in which a plan reaches a personal table; `index` is None where it reads all of it."""

    def __init__(self, table: str, node: dict[str, Any], kept_by: str) -> None:
        self.table, self.index = table, node.get("Index Name")
        self.condition, self.kept_by = node.get("Index Cond", ""), kept_by

    def starts_with_the_person(self, first: dict[str, str]) -> bool:
        """By an index on the person, or a row by its own key that is then kept only if it is the person's."""
        if self.index is None:
            return False
        column = first[self.index]
        if column == "user_id":
            return bool(re.search(r"\buser_id = ", self.condition))
        return column in KEYS and bool(re.match(r"\(+id = ", self.condition)) and "user_id = " in self.kept_by

    def __str__(self) -> str:
        return f"{self.table} by {self.index or 'reading all of it'} {self.condition}"


def scans(plan: dict[str, Any], table: str = "", kept_by: str = "") -> Iterator[Scan]:
    """Every scan of a personal table; that of a bitmap with the table, and the filter, above it."""
    table = plan.get("Relation Name", table)
    kept_by = f"{plan.get('Filter', '')} {plan.get('Recheck Cond', '')} {kept_by}"
    if table in PERSONAL and ("Scan" in plan["Node Type"]) and plan["Node Type"] != "Bitmap Heap Scan":
        yield Scan(table, plan, kept_by)
    below = table if plan["Node Type"].startswith("Bitmap") else ""
    for part in plan.get("Plans", []):
        yield from scans(part, below, kept_by if below else "")


class Plans:
    """Explains each statement just before it runs, where it runs."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
            )
            self.first = dict(cursor.fetchall())
        self.seen: Counter[str] = Counter()
        self.bad: list[str] = []

    def __call__(self, execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if re.match(r"\(?(SELECT|UPDATE|DELETE|WITH)\b", sql) and any(table in sql for table in PERSONAL):
            with context["connection"].connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
                (found,) = cursor.fetchone()
            self._read(found if isinstance(found, list) else json.loads(found), sql)
        return execute(sql, params, many, context)

    def _read(self, found: list[dict[str, Any]], sql: str) -> None:
        for scan in scans(found[0]["Plan"]):
            self.seen[scan.table] += 1
            if not scan.starts_with_the_person(self.first):
                self.bad.append(f"{scan}\n    {sql[:600]}")


TODAY = timezone.localdate()
DAY = date(2026, 1, 2)  # of what `one_of_each` makes
FILLED = {  # what fits each field of each form
    "body": "x", "takeaway": "x", "sentence": "x", "words": "sad", "intensity": "3", "shared": "x", "feared": "x", "happened": "x",
    "happened_on": str(TODAY), "name": "Robin", "relation": "friend", "topic": "x", "ceiling": "60", "level": "20", "usual": "x",
    "more": "x", "if_then": "x", "expectation": "x", "chance": "50", "fear_expected": "5", "planned_for": str(TODAY), "done": "full",
    "done_on": str(TODAY), "came_true": "no", "fear_peak": "5", "fear_after": "2", "bore_it": "yes", "reaction": "ok", "learned": "x",
    "add_evidence": "on", "look_back": "x", "answers_1": "3", "practised": "x", "names": "initial", "expires_at": "7",
    "q": "nothing", "message": "x", "endpoint": "https://updates.push.services.mozilla.com/x", "ask": "on", "language": "en", "time_zone": "Europe/Amsterdam", "weekdays": "1", "hour": "20", "channel": "calendar",
    "draft_page": "/journal/new/", "section": "look", "with": "friend", "confirm": "on", "year": str(TODAY.year - 2),
}  # fmt: skip
NOT_SENT = {"privacy_delete", "export", "import"}  # the first ends it all, the others are no saves
MISSING: dict[type[Record], dict[str, Any]] = {  # of what the person may have none
    MODELS["drafts"]: {"form": "/journal/new/", "row": uuid7(), "body": {"body": ["x"]}},
    MODELS["share"]: {"expires_at": timezone.now() + timedelta(days=1)},
    MODELS["summary"]: {},
    MODELS["reminders"]: {"weekdays": [1]},
}


def seeded(*ones: int, **wanted: float) -> list[Any]:
    """People with so many rows each, the first of all first."""
    call_command("seed_load", one_with=list(ones), processes=1, verbosity=0, **wanted)
    last = People.objects.count()
    found = [People.objects.get(username=f"seed-{last - n}") for n in range(len(ones), 0, -1)]
    for user in found:
        with acting_as(user.pk):
            for model, values in MISSING.items():
                if not model.objects.exists():
                    model.objects.create(user=user, **values)
    return found


class Walk:
    """One person on every personal page; each asks for another row of theirs, for one that was deleted is gone."""

    def __init__(self, user: Any) -> None:
        self.client: Client = signed_in(user)
        with acting_as(user.pk):
            self.ids = {name: list(model.objects.values_list("pk", flat=True)) for name, model in MODELS.items()}
            self.shared = list(MODELS["attempts"].objects.was_done().exclude(dimmer=None).values_list("pk", flat=True))

    def path(self, route: str) -> str:
        of = self.ids[route.split("/")[1]] if "<uuid:id>" in route else [None]
        of.append(of.pop(0))
        return address(route, of[0])

    def get(self) -> dict[str, int]:
        return {route: self.client.get(self.path(route)).status_code for route in PERSONAL_PAGES}

    def post(self) -> dict[str, int]:
        sent = [route for route in PERSONAL_PAGES if ROUTES[route].name not in NOT_SENT]
        filled = FILLED | {"pieces": self.ids["evidence"][-1]}
        return {route: self.client.post(self.path(route), filled).status_code for route in sent}


PERSONAL_PAGES = [
    route
    for route in sorted(
        {*PRIVATE, *(route for route, pattern in ROUTES.items() if pattern.name in {"module", "exercise", "landing"})}
    )
    if "account/" not in route and route.split("/")[1] not in {"reactions"}
]


@contextmanager
def explained() -> Iterator[Plans]:
    plans = Plans()
    with connection.execute_wrapper(plans):
        yield plans


@pytest.mark.django_db(transaction=True)
def test_every_query_of_a_personal_page_is_an_index_scan_that_starts_with_the_person(settings):
    settings.PUSH_KEY = "x" * 43
    (user,) = seeded(2000, rows=80_000, years=2)
    seeded(rows=20_000, years=0.05)  # who came lately has drafts
    walk = Walk(user)
    with explained() as plans:
        shown, sent = walk.get(), walk.post()
    assert list(shown.values()).count(200) > 40
    assert list(sent.values()).count(302) > 40
    assert set(plans.seen) == PERSONAL
    assert plans.bad == []


ASKED = {  # address → statements for a page with someone signed in; BEGIN, COMMIT, the session and the user are among them
    "": 6, "attempts/<uuid:id>/": 9, "attempts/<uuid:id>/after/": 10, "attempts/<uuid:id>/delete/": 8,
    "attempts/<uuid:id>/look-back/": 8, "attempts/<uuid:id>/stay/": 8, "dimmer/": 12, "dimmer/<uuid:id>/": 11,
    "dimmer/<uuid:id>/attempt/": 10, "dimmer/how-advice-works/": 6, "dimmer/new/": 10, "dimmer/not-kept/": 6,
    "dimmer/start-with/": 8, "drafts/": 8, "evidence/": 9, "evidence/<uuid:id>/": 10, "evidence/card/": 9,
    "evidence/new/": 9, "exercises/<slug:slug>/": 8, "feeling/": 10, "feeling/<day:day>/": 10, "journal/": 8,
    "journal/<uuid:id>/": 10, "journal/new/": 8, "journal/put-down/": 6, "offline/kept/": 9, "people/": 8,
    "people/<uuid:id>/": 13, "people/<uuid:id>/delete/": 9, "people/<uuid:id>/trust/": 9, "people/new/": 7, "privacy/": 7,
    "privacy/delete/": 6, "privacy/delete/year/": 11, "privacy/device/": 6, "privacy/export/": 6, "privacy/import/": 6,
    "privacy/reminders/": 11, "privacy/settings/": 6, "progress/": 14, "progress/enough/": 17, "progress/predictions/": 10,
    "progress/self-check/": 11, "read/<slug:slug>/": 11, "read/<slug:slug>/margin/<int:number>/": 8,
    "read/<slug:slug>/reactions/new/": 9, "share/": 10, "share/<uuid:id>/": 10, "share/new/": 9, "summary/": 13,
    "today/": 17,
}  # fmt: skip


def both() -> tuple[Any, Any]:
    """Someone with some rows and someone with over 1,000, each with one of each kind of which we know the state."""
    few, many = seeded(20, 1200)
    for user in (few, many):
        with acting_as(user.pk):
            for model in (*MISSING, Settings, ModuleRead):
                model._base_manager.filter(user=user).delete()
            for model in (MODELS["feeling"], MODELS["progress"]):
                model._base_manager.filter(user=user, day=DAY).delete()
            user.known = one_of_each(user)
    return few, many


def asked(user: Any) -> dict[str, int]:
    """How many statements each page takes, the second time."""
    client, counts = signed_in(user), {}
    for route in PERSONAL_PAGES:
        kind = MODELS.get(route.split("/")[1])
        path = address(route, user.known[kind].pk if kind else None)
        if client.get(path).status_code == 200:
            with CaptureQueriesContext(connection) as queries:
                client.get(path)
            counts[route.removeprefix("en/")] = len(queries)
    return counts


@pytest.mark.django_db(transaction=True)
def test_what_a_page_asks_of_the_database_does_not_depend_on_how_much_there_is():
    few, many = both()
    assert asked(few) == ASKED
    assert asked(many) == ASKED
