"""A download brought back: all of it or none, twice without harm, and whatever the file holds, no page breaks."""

import io
import json
import tracemalloc
import zipfile
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.dimmer.models import Attempt, CameTrue, Dimmer, Done, Reaction
from exercises.drafts.models import Draft
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person, Relation
from exercises.people.trust import CHOICES, OUTCOMES
from exercises.privacy import importing
from exercises.privacy.export import FORMAT, VERSION
from exercises.privacy.importing import MOST_TOLD, Reader, bring_back, read
from exercises.privacy.portable import kinds, rows_of, values_of
from exercises.reading.models import ModuleRead
from exercises.records.rowsecurity import acting_as
from exercises.records.settings import Settings
from tests.test_boundary import one_of_each
from tests.test_export import exported

NOBODYS = "01890a5d-ac96-774b-bcce-b302099a8057"  # an id that is of no row
IMPORT = "/en/privacy/import/"
names = pytest.mark.parametrize
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _as_many_files_as_a_test_needs(settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"export": None, "import": None}


def brought(user, data) -> Any:
    with acting_as(user.pk):
        return bring_back(user, read(json.dumps(data).encode()))


def records_of(user) -> dict[str, list[dict[str, Any]]]:
    """What someone has, as an export lists it."""
    with acting_as(user.pk):
        found = {model.__name__: [values_of(row) for row in rows_of(user, model)] for model in kinds()}
    return json.loads(json.dumps(found, default=str))


def without_ids(records) -> dict[str, list[Any]]:
    """Each id replaced by where it first stood, so that two accounts can be compared."""
    places: dict[str, str] = {}
    for kind, rows in records.items():
        for number, row in enumerate(rows):
            places[row["id"]] = f"{kind} {number}"
    text = json.dumps(records)
    for id, place in places.items():
        text = text.replace(id, place)
    return json.loads(text)


def file_of(records, **head) -> dict[str, Any]:
    return {"format": FORMAT, "version": VERSION, "records": records} | head


@pytest.fixture
def emmas(emma):
    """Emma with one of each kind; her data as a download holds it."""
    with acting_as(emma.pk):
        one_of_each(emma)
        day = datetime(2020, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)
        for model in kinds():
            model.objects.update(created_at=day, updated_at=day + timedelta(days=1))
    return file_of(records_of(emma))


def forget(user) -> None:
    """Everything of this person really gone, the account left."""
    with acting_as(user.pk):
        for model in reversed(kinds()):
            model.with_deleted.all().delete()


# There and back


@names("kept", [True, False], ids=["ids that are free", "ids that are someone else's"])
def test_everything_comes_back_as_it_was_with_its_moments(emma, malik, emmas, kept):
    if kept:
        forget(emma)
    result = brought(malik, deepcopy(emmas))
    assert sum(result.new.values()) == len(kinds())
    assert (result.there, result.back, result.no_room, result.unknown) == (0, 0, [], [])
    mine = records_of(malik)
    assert without_ids(mine) == without_ids(emmas["records"])
    same = {row["id"] for rows in mine.values() for row in rows} & {
        r["id"] for rows in emmas["records"].values() for r in rows
    }
    assert len(same) == len(kinds())
    if not kept:
        assert records_of(emma) == emmas["records"], "what was there stays as it was"


@committed
@names("name", ["data.json", "zip"])
def test_a_download_can_be_sent_whole_or_only_its_data(emma, malik, emmas, as_malik, name):
    archive = exported(emma)
    raw = archive.fp.getvalue() if name == "zip" else archive.read("data.json")  # type: ignore[union-attr]
    response = as_malik.post(IMPORT, {"file": SimpleUploadedFile(name, raw)})
    assert response.status_code == 200
    assert "New here:" in response.text
    assert without_ids(records_of(malik)) == without_ids(emmas["records"])


def test_twice_is_as_once(emma, malik, emmas):
    brought(malik, deepcopy(emmas))
    once = records_of(malik)
    result = brought(malik, deepcopy(emmas))
    assert records_of(malik) == once
    assert result.there == len(kinds())
    assert not sum(result.new.values())


def test_twice_is_as_once_also_when_the_other_account_went_in_between(emma, malik, emmas):
    brought(malik, deepcopy(emmas))
    once = records_of(malik)
    with acting_as(emma.pk):
        emma.delete()
    brought(malik, deepcopy(emmas))
    assert records_of(malik) == once


def test_what_was_changed_since_stays_as_it_is_now(emma, emmas):
    with acting_as(emma.pk):
        entry = JournalEntry.objects.get()
        entry.body = "better"
        entry.save()
    result = brought(emma, deepcopy(emmas))
    assert result.there == len(kinds())
    assert records_of(emma)["JournalEntry"][0]["body"] == "better"


def test_what_was_deleted_just_now_comes_back(emma, emmas):
    with acting_as(emma.pk):
        Person.objects.get().discard(also_named=True)
    gone = sum(map(len, emmas["records"].values())) - sum(map(len, records_of(emma).values()))
    assert brought(emma, deepcopy(emmas)).back == gone > 3
    assert without_ids(records_of(emma)) == without_ids(emmas["records"])


def test_someone_elses_rows_are_untouched_and_their_ids_are_not_taken_over(emma, malik, emmas):
    before = records_of(emma)
    brought(malik, deepcopy(emmas))
    assert records_of(emma) == before


def test_a_draft_follows_the_row_that_it_is_about(emma, malik):
    with acting_as(emma.pk):
        entry = JournalEntry.objects.create(user=emma, body="x")
        Draft.objects.create(user=emma, form=f"/journal/{entry.pk}/", row=entry.pk, body={"body": ["y"]})
    brought(malik, file_of(records_of(emma)))
    with acting_as(malik.pk):
        draft, here = Draft.objects.get(), JournalEntry.objects.get()
    assert draft.row == here.pk == entry.pk
    assert draft.form == f"/journal/{here.pk}/"


def test_where_there_is_room_for_one_what_was_there_stays_and_the_other_is_shown(emma, malik, emmas, as_malik):
    with acting_as(malik.pk):
        DailyFeeling.objects.create(user=malik, day=date(2026, 1, 2), words=["calm"], sentence="mine")
        Settings.objects.create(user=malik, blur=True)
        ModuleRead.objects.create(user=malik, module="dimmer", section="mine")
    response = as_malik.post(IMPORT, {"file": SimpleUploadedFile("data.json", json.dumps(emmas).encode())})
    assert "Feeling · Friday 2 January 2026" in response.text
    assert "3 were left out" in response.text
    assert "pearblossom" in response.text
    mine = records_of(malik)
    assert [row["sentence"] for row in mine["DailyFeeling"]] == ["mine"]
    assert [row["blur"] for row in mine["Settings"]] == [True]
    assert [row["section"] for row in mine["ModuleRead"]] == ["mine"]
    assert len(mine["Attempt"]) == 1


# Generated people

text = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
day = st.dates(date(1900, 1, 1), date(2199, 12, 31)) | st.sampled_from([date(2024, 2, 29), date(2026, 3, 29)])
moment = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
figure = st.none() | st.integers(0, 10)

ids = (UUID(int=(0x019 << 116) + (n << 80) + (0x7 << 76) + (0x2 << 62)) for n in count())  # a millisecond apart


@st.composite
def people(draw) -> Any:
    """Makes someone's rows, in many scripts, on odd days, with loose ends."""

    def some(model, most, **fields):
        numbers = range(draw(st.integers(0, most)))
        return lambda user: [model(id=next(ids), user=user, **{k: draw(v) for k, v in fields.items()}) for _ in numbers]

    def make(user):
        persons = some(
            Person,
            3,
            name=text,
            relation=st.sampled_from(["", *Relation.values]),
            trust_outcome=st.sampled_from(["", *OUTCOMES]),
            trust_answers=st.fixed_dictionaries(
                {}, optional={key: st.sampled_from([*answers]) for key, answers in CHOICES.items()}
            ),
            paused_at=st.none() | moment,
        )(user)
        person = st.none() | st.sampled_from(persons) if persons else st.none()
        dimmers = (
            some(Dimmer, 2, person=st.sampled_from(persons), topic=text, ceiling=st.sampled_from([10, 60, 100]))(user)
            if persons
            else []
        )
        pieces = some(
            Evidence,
            2,
            happened_on=day,
            person=person,
            feared=text,
            happened=text,
            level=st.none() | st.integers(0, 100),
        )(user)
        piece = st.none() | st.sampled_from(pieces) if pieces else st.none()
        attempts = some(
            Attempt, 3, dimmer=st.sampled_from(dimmers), level=st.sampled_from(range(0, 101, 10)), more=text, fear_peak=figure, done=st.sampled_from(["", *Done.values]),
            done_on=st.none() | day, came_true=st.sampled_from(["", *CameTrue.values]), reaction=st.sampled_from(["", *Reaction.values]), habits=st.lists(st.sampled_from(["joke", "unsend"])), evidence=piece,
            advice=st.none() | st.just({"rule": "H2", "facts": {"level": 20, "times": 1, "came_true": 0, "ceiling": 60}}),
        )(user) if dimmers else []  # fmt: skip
        days = draw(st.lists(day, max_size=3, unique=True))
        feelings = [
            DailyFeeling(
                id=next(ids),
                user=user,
                day=d,
                words=draw(st.lists(text.filter(bool), max_size=3)),
                intensity=draw(figure),
                sentence=draw(text),
                person=draw(person),
                evidence=draw(piece),
            )
            for d in days
        ]
        entries = some(
            JournalEntry,
            3,
            written_at=moment,
            body=text,
            takeaway=text,
            attempt=st.none() | st.sampled_from(attempts) if attempts else st.none(),
        )(user)
        wishes = some(Settings, 1, blur=st.booleans(), start_with=st.just({"with": "friend", "minutes": 10}))(user)
        for rows in (persons, dimmers, pieces, attempts, feelings, entries, wishes):
            for row in rows:
                row.save()

    return make


generated = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.django_db
@generated
@given(people())
def test_whatever_someone_wrote_comes_back_the_same(guest, make):
    first, second, third = guest(), guest(), guest()
    with acting_as(first.pk):
        make(first)
    data = file_of(records_of(first))
    brought(second, deepcopy(data))
    assert without_ids(records_of(second)) == without_ids(data["records"])
    brought(third, file_of(records_of(second)))
    brought(third, deepcopy(file_of(records_of(second))))
    assert without_ids(records_of(third)) == without_ids(data["records"])


# What is refused


def wrong(data, kind, field, value) -> dict[str, Any]:
    """The file with one value changed."""
    changed = deepcopy(data)
    changed["records"][kind][0][field] = value
    return changed


WRONG = [
    ("Person", "id", "no id"), ("Person", "id", None), ("Person", "id", 5), ("Person", "name", 5), ("Person", "name", "x" * 41),
    ("Person", "name", "a\0b"), ("Person", "name", "\ud800"), ("Person", "relation", "enemy"), ("Person", "trust_answers", ["x"]),
    ("Person", "trust_answers", {"a": {"b": 1}}), ("Person", "paused_at", "2026-01-01T00:00:00"), ("Person", "paused_at", "yesterday"),
    ("Dimmer", "person", None), ("Dimmer", "person", NOBODYS), ("Dimmer", "ceiling", 55), ("Dimmer", "ceiling", "60"),
    ("Attempt", "dimmer", None), ("Attempt", "level", 101), ("Attempt", "level", 10**30), ("Attempt", "level", True), ("Attempt", "level", 10.0),
    ("Attempt", "done", "maybe"), ("Attempt", "reaction", "love"), ("Attempt", "habits", "joke"), ("Attempt", "habits", ["x" * 21]),
    ("Attempt", "signs", [None]), ("Attempt", "advice", "do it"), ("Attempt", "advice", {"x": "y" * 3000}), ("Attempt", "advice", {"x": "\0"}),
    ("Attempt", "fear_peak", 11), ("Attempt", "evidence", NOBODYS), ("Attempt", "planned_for", "2026-02-30"), ("Attempt", "too_much", "no"),
    ("DailyFeeling", "day", None), ("DailyFeeling", "day", "0001-01-01"), ("DailyFeeling", "day", "9999-12-31"), ("DailyFeeling", "day", 20260101),
    ("DailyFeeling", "words", ["a", "b", "c", "d"]), ("DailyFeeling", "words", ["x" * 41]), ("DailyFeeling", "words", [""]), ("DailyFeeling", "words", {"a": "b"}),
    ("DailyFeeling", "intensity", -1), ("Evidence", "kind", "rumour"), ("Evidence", "level", 101), ("Evidence", "happened_on", None),
    ("JournalEntry", "body", ["x"]), ("JournalEntry", "body", "x" * 50_001), ("JournalEntry", "body", None), ("JournalEntry", "written_at", "9999-12-31T23:59:59-12:00"),
    ("JournalEntry", "module", "x" * 81), ("ModuleRead", "module", None), ("Settings", "start_with", {"with": ["x"]}), ("Settings", "start_with", {"minutes": "10"}),
    ("Settings", "start_with", {"more": "x"}), ("Settings", "blur", 1), ("Draft", "form", "https://evil.example/"), ("Draft", "form", "x\ny"),
    ("Draft", "body", {"body": "not a list"}), ("Draft", "row", None), ("JournalEntry", "created_at", "soon"),
]  # fmt: skip


@names(("kind", "field", "value"), WRONG)
def test_a_wrong_value_is_named_and_nothing_is_stored(emma, malik, emmas, as_malik, kind, field, value):
    raw = json.dumps(wrong(emmas, kind, field, value)).encode()
    response = as_malik.post(IMPORT, {"file": SimpleUploadedFile("data.json", raw)})
    assert response.status_code == 200
    [*problems] = response.context["form"].errors["file"]
    assert any(problem.startswith(f"{kind}, number 1:") and field in problem for problem in problems), problems
    assert not any(records_of(malik).values())


@names(
    "raw",
    [
        b"", b"x", b"[]", b"{}", b"null", b"5", b'"x"', b'{"format": "other"}', b'{"format": "notes"}',
        b'{"format": "notes", "version": 1}', b'{"format": "notes", "version": "1", "records": {}}',
        b'{"format": "notes", "version": true, "records": {}}', b'{"format": "notes", "version": 2, "records": {}}',
        b'{"format": "notes", "version": 1, "records": []}', b'{"format": "notes", "version": 1, "records": {"Person": {}}}',
        b'{"format": "notes", "version": 1, "records": {"Person": [5]}}', b'{"format": "notes", "version": 1, "records": {"Person": [{}]}}',
        b'{"format": "notes", "version": NaN}', b"[" * 100_000, b"1" * 10_000, b"PK\x03\x04 and no more", b"\xff\xfe{}", b"\xef\xbb\xbf",
    ],
)  # fmt: skip
def test_what_is_no_download_gets_a_plain_answer(as_emma, emma, raw):
    response = as_emma.post(IMPORT, {"file": SimpleUploadedFile("x", raw)})
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"file"}
    assert 'id="id_file_error"' in response.text


def test_without_a_file_the_page_asks_for_one(as_emma):
    assert "Choose your download first" in as_emma.post(IMPORT).text


def a_zip(files: dict[str, bytes], **kwargs) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **kwargs) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def broken(raw: bytes) -> bytes:
    """The zip with a byte of its first file changed."""
    return raw[:60] + bytes([raw[60] ^ 255]) + raw[61:]


@names(
    "raw",
    [
        a_zip({"other.json": b"{}"}),
        a_zip({"data.json": b" " * (importing.LARGEST + 1)}),
        broken(a_zip({"data.json": b'{"format": "notes", "version": 1, "records": {}}' * 9})),
        a_zip({f"{n}": b"" for n in range(importing.MOST_FILES + 1)}),
        a_zip({"../data.json": b"{}", "/data.json": b"{}"}),
    ],
    ids=["no data in it", "a bomb", "a changed byte", "very many files", "paths"],
)
def test_a_zip_that_is_not_ours_gets_a_plain_answer(as_emma, raw):
    response = as_emma.post(IMPORT, {"file": SimpleUploadedFile("x.zip", raw)})
    assert response.context["form"].errors.keys() == {"file"}


def test_a_file_of_very_many_parts_is_refused_before_it_is_read(as_emma):
    raw = b'{"format": "notes", "x": [' + b"[]," * importing.MOST_PARTS + b"[]]}"
    response = as_emma.post(IMPORT, {"file": SimpleUploadedFile("x.json", raw)})
    assert "more in this file" in response.text


def test_too_large_a_file_is_not_even_taken_and_the_page_says_how_large_it_may_be(as_emma):
    response = as_emma.post(IMPORT, {"file": SimpleUploadedFile("x.json", b" " * (importing.LARGEST + 1))})
    assert "at most 32 MB" in response.context["form"].errors["file"][0]


def test_the_first_problems_are_told_not_thousands(malik, as_malik, emmas):
    emmas["records"]["Person"] = [{"id": 5}] * 1000
    response = as_malik.post(IMPORT, {"file": SimpleUploadedFile("x.json", json.dumps(emmas).encode())})
    assert len(response.context["form"].errors["file"]) == importing.MOST_TOLD


def test_the_same_id_twice_is_refused(malik, as_malik, emmas):
    emmas["records"]["JournalEntry"] *= 2
    response = as_malik.post(IMPORT, {"file": SimpleUploadedFile("x.json", json.dumps(emmas).encode())})
    assert "JournalEntry, number 2" in response.text


def test_what_this_site_does_not_know_is_told_and_left_out(emma, malik, emmas):
    emmas["records"]["Diploma"] = [{"id": "x"}]
    emmas["records"]["Person"][0]["phone"] = "112"
    assert brought(malik, emmas).unknown == ["Diploma", "Person.phone"]
    assert len(records_of(malik)["Person"]) == 1


def test_a_file_from_before_a_field_gets_what_a_new_row_would_have(emma, malik, emmas):
    for name in ("ceiling", "archived_at", "created_at", "topic"):
        del emmas["records"]["Dimmer"][0][name]
    brought(malik, emmas)
    [dimmer] = records_of(malik)["Dimmer"]
    assert (dimmer["ceiling"], dimmer["archived_at"], dimmer["topic"]) == (60, None, "")
    assert dimmer["created_at"] > "2020"


# Files


def test_a_file_sent_to_any_other_page_is_dropped_unread(as_emma, emma):
    response = as_emma.post("/en/journal/new/", {"body": "x", "file": SimpleUploadedFile("a.txt", b"pearblossom")})
    assert response.status_code == 302
    assert not response.wsgi_request.FILES


def test_nothing_that_is_sent_touches_the_disk(as_emma, emmas, tmp_path, settings):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "not there")  # writing to it would fail
    raw = json.dumps(emmas | {"padding": "x" * 5_000_000}).encode()
    response = as_emma.post(IMPORT, {"file": SimpleUploadedFile("x.json", raw)})
    assert "here already" in response.text


def test_a_form_of_another_site_brings_nothing_in(emma, emmas):
    client = Client(enforce_csrf_checks=True)
    client.force_login(emma)
    raw = json.dumps(emmas).encode()
    assert client.post(IMPORT, {"file": SimpleUploadedFile("x.json", raw)}).status_code == 403


# Hostile files: whatever is accepted, every page still works

PAGES = [
    "today",
    "dimmers",
    "people",
    "journal",
    "evidence",
    "progress",
    "drafts",
    "settings",
    "feeling",
    "read",
    "year_delete",
    "import",
]
odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([10, 60, 0.5, 1e999]), text, st.text(max_size=3), st.lists(text, max_size=4), st.dictionaries(text, text, max_size=2),
    st.dates().map(str), st.datetimes(timezones=st.just(UTC)).map(lambda m: m.isoformat()), st.uuids().map(str), st.sampled_from(["full", "punish", "friend", "own", "/journal/new/", "//x", "dimmer", "<b>"]),
)  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_odd_values_is_refused_in_words_or_every_page_still_works(guest, data):
    emma, malik = guest(), guest()
    with acting_as(emma.pk):
        one_of_each(emma)
    file = file_of(records_of(emma))
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.sampled_from([row for rows in file["records"].values() for row in rows]))
        row[data.draw(st.sampled_from(sorted(row)))] = data.draw(odd)
    client = Client()
    client.force_login(malik)
    response = client.post(IMPORT, {"file": SimpleUploadedFile("x", json.dumps(file).encode())})
    assert response.status_code == 200
    if "form" in response.context:
        assert response.context["form"].errors["file"]
        assert not any(records_of(malik).values())
        return
    for page in PAGES:
        assert client.get(reverse(page)).status_code == 200, page
    for model, route in [
        (Attempt, "attempt"),
        (Attempt, "after"),
        (Dimmer, "dimmer"),
        (Person, "person"),
        (Evidence, "evidence_item"),
        (JournalEntry, "entry"),
    ]:
        for row in records_of(malik)[model.__name__]:
            assert client.get(reverse(route, args=[row["id"]])).status_code == 200, route


@pytest.mark.parametrize("method", ["bzip2", "lzma"])
def test_a_zip_packed_in_a_way_that_opens_all_at_once_is_refused_unopened(as_emma, method):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", {"bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}[method]) as archive:
        archive.writestr("data.json", b"0" * 50_000_000)
    tracemalloc.start()
    answer = as_emma.post(IMPORT, {"file": SimpleUploadedFile("notes.zip", packed.getvalue())})
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "This zip can’t be read" in answer.text
    assert peak < 20_000_000


def test_of_names_that_are_not_known_here_only_the_first_are_kept_however_many_there_are():
    rows = [{"id": str(UUID(int=n)), "module": f"m{n}"} | {f"x{n}-{i}": 1 for i in range(20)} for n in range(50)]
    assert len(Reader({"ModuleRead": rows, "Strange": []}).unknown) == MOST_TOLD


def test_downloads_and_files_in_a_row_are_limited(as_emma, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"import": "2/m/user"}
    answers = [as_emma.post(IMPORT, {}).status_code for _try in range(3)]
    assert answers == [200, 200, 429]
