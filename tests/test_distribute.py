"""A database split by person (Citus): the SQL that does it, and the app on the keys that it needs.

No server here has the extension. So what plain PostgreSQL has of it, the keys and relations, is really made, and the
app runs on that. And PostgreSQL's planner is asked what Citus asks it: whether each table that a statement reads is
held to one person. Where it is, one server answers; where it is not, all of them have to, or Citus refuses.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections
from django.utils import timezone

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.privacy.importing import bring_back, read
from exercises.records.distribution import look, plan, tables
from exercises.records.models import Owned, purge
from exercises.records.rotation import reseal
from exercises.records.rowsecurity import acting_as
from exercises.reminders import sending
from exercises.reminders.models import Reminder
from tests.test_boundary import one_of_each
from tests.test_export import exported
from tests.test_leaks import filled, walk

PERSONAL = {model._meta.db_table for model in Owned.every()}
READS = re.compile(rf"\(*(SELECT|UPDATE|DELETE|WITH)\b.*({'|'.join(PERSONAL)})", re.S)
ONE_PERSON = re.compile(r"user_id = ('[0-9a-f-]{36}'::uuid|ANY \('\{)")
KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype IN ('p', 'f') AND connamespace = 'public'::regnamespace ORDER BY contype DESC, conname"""  # keys first


def owner(sql: str, params: object = None) -> list[tuple]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def planned() -> list[str]:
    wanted = tables(connections["owner"])
    return list(plan(look(connections["owner"]), wanted, "app", ["owner", "app"]))


# The statements


def test_every_personal_table_is_spread_by_person_and_all_of_them_alike(db):
    spread = re.findall(r"create_distributed_table\('(\w+)', 'user_id', colocate_with => '(\w+)'", "\n".join(planned()))
    assert {table for table, _beside in spread} == PERSONAL
    assert [beside for _table, beside in spread] == ["none"] + [spread[0][0]] * (len(PERSONAL) - 1)


def test_users_and_what_hangs_on_them_are_everywhere_and_nothing_personal_is(db):
    everywhere = set(re.findall(r"create_reference_table\('(\w+)'\)", "\n".join(planned())))
    assert {"accounts_user", "account_emailaddress", "mfa_authenticator", "exercises_reaction"} < everywhere
    assert not everywhere & PERSONAL


def test_each_relation_is_made_again_under_its_name_and_between_rows_of_one_person_it_names_that_person(db):
    off = re.findall(r'ALTER TABLE "(\w+)" DROP CONSTRAINT "(\w+)"$', "\n".join(planned()), re.M)
    on = re.findall(r'ALTER TABLE "(\w+)" ADD CONSTRAINT "(\w+)" FOREIGN KEY (.+)', "\n".join(planned()))
    assert sorted(off) == sorted((table, name) for table, name, _what in on)
    assert len(on) == len([what for *_key, what in owner(KEYS) if what.startswith("FOREIGN")])
    for _table, name, what in on:
        (here, to, there) = re.fullmatch(
            r'\((.+)\) REFERENCES "(\w+)" \((.+)\) DEFERRABLE INITIALLY DEFERRED', what
        ).groups()
        if to in PERSONAL:
            assert (here.split(", ")[0], there) == ('"user_id"', '"user_id", "id"'), name
        else:
            assert (here.count(","), there) == (0, '"id"'), name


def test_policies_and_rights_are_made_again_when_all_tables_stand(db):
    statements = planned()
    last = max(n for n, statement in enumerate(statements) if "create_" in statement or " FOREIGN KEY " in statement)
    assert {re.search(r'ON "(\w+)"', each)[1] for each in statements[last:] if "CREATE POLICY" in each} == PERSONAL
    assert "ALTER DATABASE \"app\" SET citus.propagate_set_commands TO 'local'" in statements


def test_each_statement_stands_alone_because_citus_passes_on_one_at_a_time(db):
    assert [each for each in planned() if ";" in each and "DO $do$" not in each] == []


def test_printing_it_takes_no_citus_and_running_it_says_so_in_one_sentence(db, capsys):
    call_command("distribute", sql=True)
    assert "create_distributed_table('exercises_person'" in capsys.readouterr().out
    before = owner(KEYS)
    with pytest.raises(CommandError, match=r"^This PostgreSQL has no Citus extension, so nothing was changed\."):
        call_command("distribute")
    assert owner(KEYS) == before


# The keys, for real


def test_what_is_done_is_not_done_again_and_a_table_that_came_later_is_added(transactional_db):
    """As Citus itself lists it, in a table of that name."""
    owner("CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod char, repmodel char)")
    try:
        wanted = tables(connections["owner"])
        for table in wanted:
            owner("INSERT INTO pg_dist_partition VALUES (%s, %s, 't')", [table.name, "h" if table.by else "n"])
        changes = re.compile(r"create_|CONSTRAINT")
        assert [statement for statement in planned() if changes.search(statement)] == []
        owner("DELETE FROM pg_dist_partition WHERE logicalrelid = 'exercises_share'::regclass")
        (off, spread, on) = [statement for statement in planned() if changes.search(statement)]
        assert ("DROP" in off, "ADD" in on) == (True, True)
        assert spread.startswith(
            "SELECT create_distributed_table('exercises_share', 'user_id', colocate_with => 'exerc"
        )
    finally:
        owner("DROP TABLE pg_dist_partition")


def test_the_database_itself_refuses_a_row_that_names_someone_elses(transactional_db, emma, malik):
    with acting_as(emma.pk):
        person = Person.objects.create(user=emma, name="Samira")
    with pytest.raises(IntegrityError, match="person_id"), acting_as(malik.pk):
        Dimmer.objects.create(user=malik, person_id=person.pk, topic="x")


@pytest.fixture
def said() -> Callable:
    """What the app says to the database about personal tables, each once."""

    @contextmanager
    def listening(alias: str = "default") -> Iterator[dict[str, object]]:
        found: dict[str, object] = {}

        def listen(execute, sql, params, many, context):
            if READS.match(str(sql)):
                found.setdefault(str(sql), params)
            return execute(sql, params, many, context)

        with connections[alias].execute_wrapper(listen):
            yield found

    return listening


def reaches_many(sql: str, params: object) -> bool:
    """Whether a statement reads any personal table without being held to one person there, or to some by name."""

    def scans(node: dict) -> Iterator[str]:
        if node.get("Relation Name") in PERSONAL and node["Node Type"] != "ModifyTable":
            yield " ".join(str(node.get(part)) for part in ("Index Cond", "Recheck Cond", "Filter"))
        for part in node.get("Plans", ()):
            yield from scans(part)

    ((found,),) = owner(f"EXPLAIN (FORMAT JSON) {sql}", params)
    return not all(ONE_PERSON.search(condition) for condition in scans(found[0]["Plan"]))


PARTS = {  # the last to be made first
    "journal": JournalEntry, "attempts": Attempt, "evidence": Evidence, "dimmer": Dimmer, "people": Person,
}  # fmt: skip


class InProcess:
    """What `walk` asks pages with."""

    def __init__(self, client) -> None:
        self.client, self.statuses = client, set()

    def ask(self, path: str, data: list | None = None) -> SimpleNamespace:
        fields: dict[str, list] = {}
        for name, value in data or ():
            fields.setdefault(name, []).append(value)
        answer = self.client.get(path) if data is None else self.client.post(path, fields)
        self.statuses.add(answer.status_code)
        return SimpleNamespace(text=b"".join(answer).decode(errors="replace"))


def test_every_page_and_form_works_and_every_statement_names_its_person(
    transactional_db, emma, as_emma, settings, said
):
    settings.ACCOUNT_RATE_LIMITS = dict.fromkeys(settings.ACCOUNT_RATE_LIMITS)
    with acting_as(emma.pk):
        rows = one_of_each(emma)
    browser = InProcess(as_emma)
    with said() as statements:
        for form in {
            form.action.partition("?")[0]: form for forms in walk(browser).values() for form in forms
        }.values():
            if form.method == "post":
                browser.ask(form.action, filled(form, wrong=False))
        for part, kind in PARTS.items():
            address = f"/en/{part}/{rows[kind].pk}"
            browser.ask(f"{address}/delete/", [("named", "keep")])
            browser.ask(f"{address}/undo/", [])
    assert browser.statuses <= {200, 204, 302, 303, 400, 403, 404, 405}
    assert len(statements) > 150
    assert [sql for sql, params in statements.items() if reaches_many(sql, params)] == []


def test_all_is_taken_away_brought_back_purged_resealed_and_deleted(transactional_db, emma, malik, said):
    with acting_as(emma.pk):
        one_of_each(emma)
    data = exported(emma).read("data.json")
    with said() as statements:
        with acting_as(malik.pk):
            bring_back(malik, read(data))
            gone = malik.entries.create(body="x")
            gone.discard(timezone.now() - timedelta(hours=25))
            malik.people.get().discard(timezone.now() - timedelta(hours=25), also_named=False)
            assert purge(timezone.now(), user=malik) >= 4  # the entry, and the person with dimmer and attempt
        reseal(malik.pk)
        with acting_as(malik.pk):
            assert [malik.people.count(), malik.evidence.get().person, malik.entries.get().body] == [
                0,
                None,
                "pearblossom",
            ]
            malik.delete()
    assert [sql for sql, params in statements.items() if reaches_many(sql, params)] == []
    assert {user for (user,) in owner("SELECT user_id FROM exercises_journalentry")} == {emma.pk}
    assert get_user_model().objects.get() == emma


def test_what_the_owner_does_for_everyone_locks_no_rows_of_several_people_at_once(transactional_db, emma, malik, said):
    """Citus refuses that. It may read and write across people."""
    now = timezone.now()
    for user in (emma, malik):
        with acting_as(user.pk):
            Reminder.objects.create(user=user, on=True, weekdays=[1], due_at=now)
    with said("owner") as statements:
        assert {row.user for row in sending._claim(["mail"], now)} == {emma, malik}
        call_command("rotate_keys", verbosity=0)
        call_command("purge")
    locking = [sql for sql in statements if "FOR UPDATE" in sql]
    assert locking
    assert [sql for sql in locking if reaches_many(sql, statements[sql])] == []
