"""Our own download brought back: read in memory, checked field by field, then stored all at once or not at all.

Twice without harm: what is there already stays as it is. docs/export.md says what a file holds.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any, NamedTuple
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from exercises.dimmer.forms import StartWithForm
from exercises.dimmer.models import Attempt, Reaction
from exercises.dimmer.next_step import is_reason
from exercises.drafts.forms import ADDRESS
from exercises.drafts.models import Draft
from exercises.feeling.forms import LONGEST
from exercises.feeling.models import DailyFeeling
from exercises.feeling.vocabulary import MOST
from exercises.people.models import Person, Relation
from exercises.people.trust import CHOICES, OUTCOMES
from exercises.privacy.export import DATA, FORMAT, VERSION
from exercises.privacy.portable import fields_of, keep_moments, kinds, lists_ids, named_by
from exercises.privacy.words import in_words
from exercises.progress.models import SelfCheck
from exercises.progress.statements import known
from exercises.records.models import Record
from exercises.records.paging import YEARS
from exercises.records.sealing import SealedJSONField, SealedTextField
from exercises.records.settings import Settings
from exercises.reminders.models import Reminder

LARGEST = 32 * 1024 * 1024  # bytes, of the file sent and of the data in it: three times ten busy years
MOST_PARTS = 1_000_000  # lists and objects in the data: what they take in memory
MOST_FILES = 5_000  # in a zip
MOST_RECORDS = 100_000
LONGEST_FIGURES = 2000  # characters of a field that is stored as it is
MOST_TOLD = 20  # problems that are shown
AT_ONCE = 500  # rows in a statement
ZIP, ZIP_ENTRY = b"PK\x03\x04", b"PK\x01\x02"


class OnlyImport(MemoryFileUploadHandler):
    """A file that is sent is read in memory, and only by the import page; anywhere else it is dropped unread."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        match = self.request.resolver_match  # type: ignore[union-attr]
        self.activated = bool(match and match.url_name == "import" and content_length <= LARGEST)


# Reading the file


def read(raw: bytes) -> dict[str, Any]:
    """The data in a download: the zip, or its data.json. Raises ValidationError with a plain sentence."""
    text = _unzipped(raw) if raw.startswith(ZIP) else raw
    if text.count(b"{") + text.count(b"[") > MOST_PARTS:
        raise ValidationError(_too_large())
    try:
        data = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValidationError(
            _("This is not a download from this site. Choose the zip, or the data.json that is in it.")
        )
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValidationError(_("This file does not say which version it is."))
    if version > VERSION:
        raise ValidationError(_("This file comes from a newer version than this site knows. Nothing was changed."))
    return data


def _unzipped(raw: bytes) -> bytes:
    if raw.count(ZIP_ENTRY) > MOST_FILES:
        raise ValidationError(_too_large())
    try:
        with ZipFile(BytesIO(raw)) as archive:
            if archive.getinfo(DATA).compress_type not in (ZIP_STORED, ZIP_DEFLATED):  # the others open all at once
                raise BadZipFile
            with archive.open(DATA) as file:
                text = file.read(LARGEST + 1)
    except (BadZipFile, KeyError, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, zlib.error):
        raise ValidationError(_("This zip can’t be read, or there is no data.json in it.")) from None
    if len(text) > LARGEST:
        raise ValidationError(_too_large())
    return text


def _too_large() -> str:
    return _("There is more in this file than this page can take.")


def _no_number(name: str) -> None:
    raise ValueError(name)


# Reading a record


class Read(NamedTuple):
    """A record of the file: `number` counts from 1 within its kind; other records stand in `values` as ids."""

    model: type[Record]
    number: int
    values: dict[str, Any]


class Problems(ValidationError):
    """What is wrong with records of the file: at most MOST_TOLD sentences."""


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    """Text that can be stored: no NUL, no half of a surrogate pair."""
    return isinstance(value, str) and "\0" not in value and not re.search("[\ud800-\udfff]", value)


def _id(value: Any) -> UUID:
    if not isinstance(value, str):
        raise TypeError
    return UUID(value)


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None or moment.year not in YEARS:
        raise ValueError
    return moment.astimezone(UTC)


def _day(value: Any) -> date:
    day = date.fromisoformat(value)
    if day.year not in YEARS:
        raise ValueError
    return day


def _which(test: Callable[[Any], bool]) -> Callable[[Any], Any]:
    """The value itself where it passes this test."""

    def same(value: Any) -> Any:
        if not test(value):
            raise ValueError
        return value

    return same


def _is_simple(value: Any) -> bool:
    return value is None or isinstance(value, bool | int) or _is_text(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_answers(value: Any) -> bool:
    """What stands in a sealed JSON field: simple values, or by name a simple value or texts."""
    if isinstance(value, dict):
        return all(_is_text(key) and (_is_simple(each) or _is_texts(each)) for key, each in value.items())
    return isinstance(value, list) and all(map(_is_simple, value))


def _is_moments(value: Any) -> bool:
    return _is_texts(value) and all(map(_moment, value))


def _is_ids(value: Any) -> bool:
    return _is_texts(value) and all(map(UUID, value))


def _is_figures(value: Any) -> bool:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return len(text) <= LONGEST_FIGURES and "\\u0000" not in text and _is_text(text)


KIND_OF_VALUE: list[tuple[Any, Callable[[Any], Any]]] = [  # the first that fits a field
    ((models.UUIDField, models.ForeignKey), _id),
    (models.DateTimeField, _moment),
    (models.DateField, _day),
    (models.BooleanField, _which(lambda value: isinstance(value, bool))),
    (models.IntegerField, _which(_is_int)),
    (ArrayField, _which(_is_texts)),
    (SealedJSONField, _which(_is_answers)),
    (models.JSONField, _which(_is_figures)),
    ((models.CharField, models.TextField), _which(_is_text)),
]
FORM_HOLDS: dict[tuple[type[Record], str], Callable[[Any], bool]] = {  # what a form sees to, and the database cannot
    (Person, "relation"): lambda value: value in Relation,
    (Person, "trust_outcome"): lambda value: value in OUTCOMES,
    (Person, "trust_answers"): lambda answers: all(answers[key] in CHOICES.get(key, ()) for key in answers),
    (Attempt, "advice"): is_reason,
    (Attempt, "reaction"): lambda value: value in Reaction,
    (DailyFeeling, "words"): lambda words: len(words) <= MOST and all(0 < len(word) <= LONGEST for word in words),
    (SelfCheck, "answers"): lambda answers: answers == known(answers),
    (Reminder, "weekdays"): lambda days: all(map(_is_int, days)) and days == sorted(set(days) & set(range(7))),
    (Settings, "put_downs"): _is_moments,
    (Settings, "start_with"): lambda answers: _answered(StartWithForm(answers), answers),
    (Draft, "form"): lambda address: bool(re.search(ADDRESS.regex, address)),
    (Draft, "body"): lambda fields: all(map(_is_texts, fields.values())),
}


def _answered(form: StartWithForm, answers: dict[str, Any]) -> bool:
    """Whether these answers are what the form would store."""
    return form.is_valid() and answers.items() <= form.cleaned_data.items()


def _value(field: Any, value: Any) -> Any:
    """A JSON value as the field's own. Raises ValidationError or ValueError."""
    if value is None:
        if field.null and not isinstance(field, SealedTextField):
            return None
        raise ValueError
    read_as = next(how for kind, how in KIND_OF_VALUE if isinstance(field, kind))
    value = read_as(value)
    if isinstance(field, SealedTextField | models.JSONField) and not isinstance(value, _shape(field)):
        raise ValueError
    if isinstance(field, SealedTextField) and field.max_length and len(value) > field.max_length:
        raise ValueError
    if value and field.choices and value not in dict(field.flatchoices):
        raise ValueError
    held = _is_ids if getattr(field, "ids_of", ()) else FORM_HOLDS.get((field.model, field.name))
    if held and value and not held(value):
        raise ValueError
    return value if field.is_relation or value == field.get_default() else field.clean(value, None)


def _shape(field: Any) -> type:
    """What such a field holds: the same as its default, else figures by name."""
    default = field.get_default()
    return dict if default is None else type(default)


class Reader:
    """Reads all records of a file, and collects what is wrong with them and what is not known here."""

    def __init__(self, records: Any) -> None:
        self.problems: list[str] = []
        self.unknown: list[str] = []
        self.read: dict[type[Record], list[Read]] = {}
        if not isinstance(records, dict) or not all(isinstance(rows, list) for rows in records.values()):
            raise ValidationError(_("The records are missing in this file."))
        if sum(map(len, records.values())) > MOST_RECORDS:
            raise ValidationError(_too_large())
        known = {model.__name__: model for model in kinds()}
        self._note_unknown(name for name in records if name not in known)
        for name, model in known.items():
            rows = enumerate(records.get(name, []), 1)
            self.read[model] = [Read(model, number, self._record(model, number, row)) for number, row in rows]
        self._look_for_twins()

    def _record(self, model: type[Record], number: int, row: Any) -> dict[str, Any]:
        fields = {field.name: field for field in fields_of(model)}
        given = row if isinstance(row, dict) else {}
        self._note_unknown(f"{model.__name__}.{name}" for name in given if name not in fields)
        return {name: self._field(model, number, field, given) for name, field in fields.items()}

    def _note_unknown(self, names: Iterable[str]) -> None:
        for name in names:
            if len(self.unknown) < MOST_TOLD and name[:80] not in self.unknown:
                self.unknown.append(name[:80])

    def _field(self, model: type[Record], number: int, field: Any, given: dict[str, Any]) -> Any:
        if field.name not in given and not field.primary_key and (field.has_default() or field.blank or field.null):
            return field.get_default()  # a file from before this field
        try:
            return _value(field, given.get(field.name))
        except (ValueError, TypeError, OverflowError, ValidationError):
            self.wrong(model, number, field.name)

    def wrong(self, model: type[Record], number: int, name: str) -> None:
        """Note that this field of this record can't be used."""
        at = {"record": model.__name__, "number": number, "field": name}
        self.problems.append(_("%(record)s, number %(number)d: there is no usable ‘%(field)s’.") % at)
        self.check(stop_at=MOST_TOLD)

    def check(self, stop_at: int = 1) -> None:
        """Raises Problems where there are so many."""
        if len(self.problems) >= stop_at:
            raise Problems(self.problems)

    def _look_for_twins(self) -> None:
        seen: set[Any] = set()
        for row in self:
            if row.values["id"] in seen:
                self.wrong(row.model, row.number, "id")
            seen.add(row.values["id"])
        self.check()

    def __iter__(self) -> Iterator[Read]:
        return (row for rows in self.read.values() for row in rows)


# Storing


class Result:
    """What became of a file: what came new, what was there, what came back, what had no room; and what was unknown."""

    def __init__(self, unknown: list[str]) -> None:
        self.new: Counter[type[Record]] = Counter()
        self.there = self.back = 0
        self.no_room: list[Record] = []
        self.unknown = unknown

    @property
    def new_in_words(self) -> str:
        return in_words(self.new)


def bring_back(user: Any, data: dict[str, Any]) -> Result:
    """Store what is in the data and not here yet. All or nothing: raises ValidationError with sentences to show."""
    reader = Reader(data.get("records"))
    with transaction.atomic():
        return Import(user, reader).run()


class Import:
    """One file into one account, kind by kind, each after the kinds that it names."""

    def __init__(self, user: Any, reader: Reader) -> None:
        self.user, self.reader = user, reader
        self.result = Result(reader.unknown)
        self.mine = {model: self._stored(model) for model in kinds()}
        self.now: dict[UUID, UUID] = {}  # the id in the file → the id here

    def run(self) -> Result:
        for model in sorted(kinds(), key=lambda model: model is Draft):  # it may hold the ids of any other kind
            fresh = [row for row in self.reader.read[model] if not self._is_here(row)]
            for row in fresh:
                self._follow(row)
            self.reader.check()
            room, no_room = self._room(model, fresh)
            self._store(model, room)
            self.result.no_room += [self._made(row) for row in no_room]
        return self.result

    def _stored(self, model: type[Record]) -> dict[UUID, datetime | None]:
        """The ids of this kind that are this person's, and when each was deleted."""
        return dict(model.with_deleted.filter(user=self.user).values_list("pk", "deleted_at"))

    def _is_here(self, row: Read) -> bool:
        """Whether this person has it already. What was deleted just now is shown again."""
        mine, id = self.mine[row.model], row.values["id"]
        if id in mine and mine[id] is None:
            self.result.there += 1
        elif id in mine:
            self._show_again(row.model, id)
        return id in mine

    def _show_again(self, model: type[Record], id: UUID) -> None:
        row = model.with_deleted.filter(user=self.user, pk=id)
        try:
            with transaction.atomic():
                row.update(deleted_at=None)
            self.result.back += 1
        except IntegrityError:
            self.result.no_room += list(row)

    def _room(self, model: type[Record], rows: list[Read]) -> tuple[list[Read], list[Read]]:
        """The rows for which there is room, and those of which there can be one alone, and is."""
        taken: dict[Any, UUID] = {}
        for names in _one_each(model):
            for id, *place in model.objects.filter(user=self.user).values_list("pk", *names):
                taken[names, *place] = id
        room: list[Read] = []
        no_room: list[Read] = []
        for row in rows:
            places = [(names, *(row.values[name] for name in names)) for names in _one_each(model)]
            there = next((taken[place] for place in places if place in taken), None)
            (room if there is None else no_room).append(row)
            self.now[row.values["id"]] = there or row.values["id"]
            taken |= dict.fromkeys(places, row.values["id"]) if there is None else {}
        return room, no_room

    def _follow(self, row: Read) -> None:
        """What a record names, by the ids of here."""
        for field in named_by(row.model):
            old = row.values[field.name]
            if old is not None:
                row.values[field.name] = self._id_here(field.related_model, old)
                if row.values[field.name] is None:
                    self.reader.wrong(row.model, row.number, field.name)
        for field in lists_ids(row.model):
            row.values[field.name] = [str(self.now.get(UUID(id), id)) for id in row.values[field.name]]
        if row.model is Draft:
            row.values["row"] = self.now.get(row.values["row"], row.values["row"])
            row.values["form"] = re.sub(r"[0-9a-f-]{36}", self._id_in_address, row.values["form"])

    def _id_here(self, model: Any, old: UUID) -> UUID | None:
        """The id here for a record of this kind that the file names; None where there is none."""
        here = self.now.get(old, old)
        return here if here in self.mine[model] else None

    def _id_in_address(self, match: re.Match) -> str:
        try:
            return str(self.now.get(UUID(match[0]), match[0]))
        except ValueError:
            return match[0]

    def _store(self, model: type[Record], rows: list[Read]) -> None:
        """New rows, under the ids that they had: a key is person and id together."""
        made = [self._made(row) for row in rows]
        try:
            with transaction.atomic():
                model.objects.bulk_create(made, batch_size=AT_ONCE, ignore_conflicts=True)
        except IntegrityError:
            self._explain(rows)
        self.mine[model] = self._stored(model)
        self.result.new[model] = len(rows)
        moments = [(row.values["id"], row.values["created_at"], row.values["updated_at"]) for row in rows]
        keep_moments(self.user.pk, model, moments)

    def _made(self, row: Read) -> Record:
        values = {(f"{n}_id" if n in {f.name for f in named_by(row.model)} else n): v for n, v in row.values.items()}
        return row.model(user=self.user, **values)

    def _explain(self, rows: list[Read]) -> None:
        """Which rows break a rule of the database, and in which fields. Raises Problems."""
        for row in rows:
            for rule in row.model._meta.constraints:
                if isinstance(rule, models.CheckConstraint) and not _keeps(self._made(row), rule):
                    self.reader.wrong(row.model, row.number, _fields(rule))
        self.reader.check()
        raise ValidationError(_("This file could not be brought back. Nothing was changed."))


def _one_each(model: type[Record]) -> list[tuple[str, ...]]:
    """The fields that only one visible row of a person may have the same: `("day",)`, or `()` for one row in all."""
    rules = [rule for rule in model._meta.constraints if isinstance(rule, models.UniqueConstraint)]
    return [tuple(name for name in rule.fields if name != "user") for rule in rules]


def _keeps(row: Record, rule: models.CheckConstraint) -> bool:
    try:
        rule.validate(type(row), row)
    except ValidationError:
        return False
    return True


def _fields(rule: models.CheckConstraint) -> str:
    condition: Any = rule.condition
    return ", ".join(sorted(condition.referenced_base_fields))
