"""Everything in one file: what is in it, what is not, how it reads, and that it takes little memory."""

import json
import os
import re
import tracemalloc
import unicodedata
import zipfile
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.people.names import hiding, initials
from exercises.privacy.diary import markdown
from exercises.privacy.export import Wanted, bundle, zipped
from exercises.privacy.portable import fields_of, kinds
from exercises.privacy.words import WORDS
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from exercises.records.sealing import SealedJSONField, SealedTextField
from tests.test_boundary import one_of_each

EXPORT = "/en/privacy/export/"
names = pytest.mark.parametrize
committed = pytest.mark.django_db(transaction=True)  # an export makes a transaction of its own
NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)


def exported(user, language="en", **wanted) -> zipfile.ZipFile:
    return zipfile.ZipFile(BytesIO(b"".join(bundle(user, Wanted(language, NOW, **wanted)))))


def texts(archive) -> dict[str, str]:
    return {name: archive.read(name).decode() for name in archive.namelist()}


def data_of(user, **wanted) -> dict:
    return json.loads(exported(user, **wanted).read("data.json"))


def page_text(html: str) -> str:
    """What someone sees of a page."""

    class Text(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen = ""

        def handle_data(self, data: str) -> None:
            self.seen += data

    reader = Text()
    reader.feed(html.partition("</style>")[2])
    return reader.seen


def a_marked_value(model, field):
    """Something to write in a sealed field, and the word by which it is found again; None where only keys fit."""
    if isinstance(field, SealedTextField) and not isinstance(field, SealedJSONField) and (field.max_length or 0) > 20:
        return f"mark{model.__name__}{field.name}".replace("_", "")
    return None


@pytest.fixture
def emmas(emma):
    """One row of each kind, each sentence a word by which it is found again; the words."""
    marks = set()
    with acting_as(emma.pk):
        for model, row in one_of_each(emma).items():
            for field in fields_of(model):
                if mark := a_marked_value(model, field):
                    setattr(row, field.name, mark)
                    marks.add(mark)
            row.save()
        emma.drafts.update_or_create(defaults={"body": {"body": ["markDraftbody"]}})
        emma.feelings.update_or_create(defaults={"words": ["markDailyFeelingwords"]})
    return marks | {"markDraftbody", "markDailyFeelingwords"}


# The walk


def test_no_kind_of_record_is_without_words_and_each_says_what_its_day_is():
    assert WORDS.keys() == set(kinds())
    for model in kinds():
        assert "days" in vars(model), f"{model.__name__}: name its day, or () where it has none"
        assert {model._meta.get_field(name).get_internal_type() for name in model.days} <= {
            "DateField",
            "DateTimeField",
        }


@committed
def test_every_kind_and_every_field_stands_in_the_data(emma, emmas):
    records = data_of(emma)["records"]
    assert list(records) == [model.__name__ for model in kinds()]
    for model in kinds():
        [row] = records[model.__name__]
        assert list(row) == [field.name for field in fields_of(model)]


@committed
def test_every_sentence_someone_wrote_stands_in_the_data_the_diary_and_the_page(emma, emmas):
    files = texts(exported(emma))
    diary = "".join(text for name, text in files.items() if name.endswith(".md"))
    assert len(emmas) > 15
    for mark in emmas:
        assert mark in files["data.json"]
        assert mark in diary
        assert mark in page_text(files["index.html"])


@committed
@names("model", kinds(), ids=lambda m: m.__name__)
def test_what_was_deleted_stays_out_and_so_does_its_name_elsewhere(emma, model):
    with acting_as(emma.pk):
        row = one_of_each(emma)[model]
        row.discard()
    assert str(row.pk) not in exported(emma).read("data.json").decode()


@committed
def test_what_hangs_on_something_deleted_stays_out(emma):
    with acting_as(emma.pk):
        rows = one_of_each(emma)
        Person.objects.filter(pk=rows[Person].pk).update(deleted_at=timezone.now())
    records = data_of(emma)["records"]
    assert not records["Person"] + records["Dimmer"] + records["Attempt"]
    assert [entry["attempt"] for entry in records["JournalEntry"]] == [None]
    assert "Samira" not in "".join(texts(exported(emma)).values())


@committed
def test_the_pin_and_someone_elses_words_stay_out(emma, malik, emmas):
    with acting_as(emma.pk):
        emma.settings.update(pin="hashedpin")
    with acting_as(malik.pk):
        one_of_each(malik)
        malik.entries.update_or_create(defaults={"body": "not Emma's"})
    files = "".join(texts(exported(emma)).values())
    assert "hashedpin" not in files
    assert "not Emma's" not in files
    assert all(mark not in "".join(texts(exported(malik)).values()) for mark in emmas)


# The files


@committed
def test_the_data_says_what_it_is(emma):
    head = data_of(emma, language="nl")
    del head["records"], head["reactions"]
    assert head == {
        "format": "notes",
        "version": 1,
        "exported_at": "2026-11-23T20:15:00+00:00",
        "language": "nl",
        "time_zone": "Europe/Amsterdam",
        "initials": False,
    }


@committed
def test_days_are_those_of_the_person_and_the_months_have_a_file_each(emma):
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)  # half past midnight in Amsterdam
    with acting_as(emma.pk):
        JournalEntry.objects.create(user=emma, written_at=late, body="late")
        DailyFeeling.objects.create(user=emma, day=date(1999, 12, 31), words=["calm"])
        Attempt.objects.create(user=emma, planned_for=date(2026, 9, 1), expectation="planned")
    files = texts(exported(emma, "nl"))
    months = [name for name in files if name.endswith(".md") and "/" in name]
    assert months == ["1999/1999-12.md", "2026/2026-09.md", "2026/2026-11.md"]
    assert "zondag 1 november 2026" in files["2026/2026-11.md"]
    assert "late" in files["2026/2026-11.md"]
    assert "rustig" in files["1999/1999-12.md"]
    for year in ("y1999", "y2026"):
        assert files["index.html"].count(f'id="{year}"') == files["index.html"].count(f'href="#{year}"') == 1


@committed
def test_an_empty_account_gives_a_whole_zip_too(emma):
    archive = exported(emma)
    assert archive.testzip() is None
    assert archive.namelist() == ["data.json", "index.html", "other.md"]


@committed
def test_the_page_runs_nothing_fetches_nothing_and_shows_signs_as_they_were_written(emma):
    hostile = "<script>alert(1)</script><img src=//evil.example/x onerror=alert(1)> \"'& <!-- --> </p></main>"
    with acting_as(emma.pk):
        person = Person.objects.create(user=emma, name="<b>Sam</b>")
        DailyFeeling.objects.create(
            user=emma, day=date(2026, 1, 1), words=[hostile[:25]], sentence=hostile, person=person
        )
        JournalEntry.objects.create(user=emma, body=hostile, takeaway=hostile)
    page = texts(exported(emma))["index.html"]
    tags = set(re.findall(r"<(/?[a-z0-9]+)", page))
    assert not {tag for tag in tags if tag.strip("/") in ("script", "img", "link", "iframe", "b", "main", "object")}
    assert page_text(page).count(hostile) == 3
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page


@names(
    "text",
    [
        "# not a heading",
        "1. not a list\n- nor this",
        "*stars* _lines_ `code` [link](x) <b> &amp; a|b ~~x~~",
        "    four spaces",
        "a\nb\n\nc  \nd",
        "---",
        "===\n",
        "3) x",
        "\\*",
        "![x](//evil)",
        "> no",
        "+ no",
        "<3",
    ],
)
def test_markdown_shows_the_words_and_lines_as_they_were_written(text):
    assert shown(markdown(text)) == seen(text)


@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("#>*_-+=`~[]()<>!&|\\:. \n\t1a"),
            st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]),
        ),
        max_size=40,
    )
)
def test_markdown_shows_any_words_as_they_were_written(text):
    assert shown(markdown(text)) == seen(text)


def shown(source: str) -> str:
    """What a Markdown viewer shows, HTML in the text allowed."""
    html = MarkdownIt("commonmark", {"html": True}).render(source)
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= {"p", "br"}, html
    return seen(page_text(f"</style>{html.replace('<br />', '')}"))


def seen(text: str) -> str:
    """Without the white space that no viewer shows: at the ends of lines, and empty lines."""
    lines = (re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in re.split(r"\r\n|\r|\n", text))
    return "\n".join(filter(None, lines))


# Initials


@names(
    ("name", "short"),
    [
        ("Samira", "S."),
        ("Jan-Peter", "J.P."),
        ("oma Riet", "O.R."),
        ("O'Neil", "O."),
        ("💜", "…"),
        ("(Sam)", "S."),
        ("小明", "小."),
        ("José", "J."),
        (unicodedata.normalize("NFD", "Élise"), "É."),
        ("ßam", "SS."),
    ],
)
def test_a_nickname_becomes_its_initials(name, short):
    assert initials(name) == short


@names(
    ("names", "text", "hidden"),
    [
        (["Sam"], "Sam and Samira, sam; Sam's cat. (Sam)", "S. and Samira, sam; S.'s cat. (S.)"),
        (["Jan", "Jan Peter"], "Jan Peter saw Jan.", "J.P. saw J.."),
        (["José"], unicodedata.normalize("NFD", "José came"), "J. came"),
        (["Jose"], unicodedata.normalize("NFD", "José came"), unicodedata.normalize("NFD", "José came")),
        (["A.*", "B"], "A.* is B, not ABC", "A. is B., not ABC"),
        (["💜"], "for 💜!", "for …!"),
        ([], "nobody", "nobody"),
        ([""], "nobody", "nobody"),
    ],
)
def test_names_are_hidden_where_they_stand_as_a_word(names, text, hidden):
    assert hiding(names)(text) == hidden


@committed
def test_with_initials_no_file_shows_a_nickname(emma):
    with acting_as(emma.pk):
        rows = one_of_each(emma)
        JournalEntry.objects.create(user=emma, body="Samira listened.", takeaway="ask Samira")
        Evidence.objects.create(user=emma, happened_on=date(2026, 1, 1), happened="Samira smiled", person=rows[Person])
        emma.drafts.update_or_create(defaults={"body": {"body": ["to Samira"]}})
    assert "Samira" in "".join(texts(exported(emma)).values())
    files = texts(exported(emma, initials=True))
    assert "Samira" not in "".join(files.values())
    assert "S. listened." in files["index.html"]
    assert json.loads(files["data.json"])["initials"] is True
    with acting_as(emma.pk):
        assert Person.objects.get().name == "Samira"


# Streaming


@committed
def test_all_of_it_is_of_one_moment(emma):
    with acting_as(emma.pk):
        rows = one_of_each(emma)
        JournalEntry.objects.bulk_create(JournalEntry(user=emma, body=random_words(n)) for n in range(300))
    pieces = bundle(emma, Wanted("en", NOW))
    first = next(pieces)
    write_meanwhile(emma, rows[Dimmer].pk)
    records = json.loads(zipfile.ZipFile(BytesIO(first + b"".join(pieces))).read("data.json"))["records"]
    assert len(records["Attempt"]) == 1


def write_meanwhile(user, dimmer_id) -> None:
    """Through another connection, as another request would."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SET app.user_id = %s", [str(user.pk)])
        cursor.execute(
            "INSERT INTO exercises_attempt (id, user_id, dimmer_id, created_at, updated_at, exercise, level, leave_out,"
            " done, came_true, bore_it, habits, signs, too_much)"
            " VALUES (%s, %s, %s, now(), now(), '', 10, '', '', '', '', '{}', '{}', false)",
            [uuid7(), user.pk, dimmer_id],
        )
    other.close()


def random_words(n: int) -> str:
    """Text that does not shrink in a zip, so that it is sent in several pieces."""
    return "".join(chr(0x4E00 + (n * 7919 + i * i * 104729) % 20000) for i in range(500))


@committed
def test_who_leaves_halfway_leaves_nothing_open(emma):
    with acting_as(emma.pk):
        one_of_each(emma)
        JournalEntry.objects.bulk_create(JournalEntry(user=emma, body=random_words(n)) for n in range(300))
    pieces = bundle(emma, Wanted("en", NOW))
    next(pieces)
    pieces.close()
    assert not connection.in_atomic_block
    with acting_as(emma.pk):
        assert JournalEntry.objects.count() == 301


def peak(user) -> int:
    """The most memory that an export takes at once, in bytes."""
    tracemalloc.start()
    for _piece in bundle(user, Wanted("en", NOW)):
        pass
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


@committed
def test_ten_times_as_much_takes_no_more_memory(emma):
    def write(days: range) -> None:
        with acting_as(emma.pk):
            for n in days:
                at = NOW - timedelta(days=n)
                JournalEntry.objects.bulk_create([JournalEntry(user=emma, written_at=at, body="a page " * 200)])
                DailyFeeling.objects.bulk_create(
                    [DailyFeeling(user=emma, day=at.date(), words=["calm"], sentence="so" * 9)]
                )

    write(range(200))
    peak(emma)  # what is loaded once
    few = peak(emma)
    write(range(200, 2000))
    many = peak(emma)
    assert many < few * 1.5 + 300_000, (few, many)


def test_a_zip_is_made_while_its_texts_are():
    made = []

    def numbers():
        for n in range(400):
            made.append(n)
            yield os.urandom(1000).hex()

    pieces = zipped([("a.txt", numbers())], NOW)
    next(pieces)
    assert 0 < len(made) < 400
    assert b"".join(pieces)


# The page


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_did_not_confirm_lately_is_asked_first_and_gets_no_file(as_emma, emmas, method):
    session = as_emma.session
    session["account_authentication_methods"] = []
    session.save()
    response = getattr(as_emma, method)(EXPORT, {"initials": "on"})
    assert response.get("Content-Type", "").startswith("text/html")
    assert 'name="initials" id=' not in response.text
    assert b"PK" not in response.content[:4]


def test_the_page_says_what_is_in_it_and_asks_one_thing(as_emma):
    page = as_emma.get(EXPORT).text
    assert "index.html" in page
    assert re.search(r'<input type="checkbox" name="initials"[^>]*>', page)
    assert "The file is not locked" in page


@committed
@names(("language", "name"), [("nl", "notities"), ("en", "notes")])
def test_the_download_has_a_neutral_name_and_is_stored_nowhere(as_emma, emmas, language, name):
    response = as_emma.post(f"/{language}/privacy/export/", headers={"accept-encoding": "gzip"})
    assert response.status_code == 200
    assert response["Content-Disposition"] == f'attachment; filename="{name}-{timezone.localdate()}.zip"'
    assert response["Content-Type"] == "application/zip"
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Encoding"] == "identity"
    archive = zipfile.ZipFile(BytesIO(response.getvalue()))
    assert archive.testzip() is None
    assert (f'<html lang="{language}">') in archive.read("index.html").decode()


@committed
def test_the_tick_replaces_names(as_emma, emma):
    with acting_as(emma.pk):
        one_of_each(emma)
    plain, short = (as_emma.post(EXPORT, tick).getvalue() for tick in ({}, {"initials": "on"}))
    assert b"Samira" in zipfile.ZipFile(BytesIO(plain)).read("data.json")
    assert b"Samira" not in zipfile.ZipFile(BytesIO(short)).read("data.json")


@committed
def test_what_someone_said_below_a_module_is_in_the_data_and_is_no_record(emma, malik):
    for user, text in ((emma, "apricot"), (malik, "blackthorn")):
        user.reactions.create(module="dimmer", language="en", nickname="E", text=text)
    data = data_of(emma)
    assert [reaction["text"] for reaction in data["reactions"]] == ["apricot"]
    assert "apricot" not in json.dumps(data["records"])
