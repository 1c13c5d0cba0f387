"""Everything a person kept, as one zip that is made while it is being sent: nothing on disk, little in memory."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import pgettext

from exercises.people.names import hiding
from exercises.privacy.diary import Diary, html, markdown_month, markdown_rest
from exercises.privacy.portable import kinds, plain, rows_of, values_of
from exercises.privacy.words import as_is
from exercises.privacy.years import years
from exercises.records.models import Record
from exercises.records.rowsecurity import set_user
from exercises.records.sealing import SealedTextField, keys_kept

FORMAT, VERSION = "notes", 1  # docs/export.md
DATA = "data.json"
PIECE = 64 * 1024  # bytes that are sent at once, about


class Wanted(NamedTuple):
    """What is asked for: in which language, at which moment of the person's own time zone, names as initials or not."""

    language: str
    now: datetime
    initials: bool = False

    @property
    def file_name(self) -> str:
        name = pgettext("file name", "notes")
        return f"{name}-{self.now.date()}.zip"


def bundle(user: Any, wanted: Wanted) -> Iterator[bytes]:
    """The zip in pieces, all of one moment. For after the request: it makes a transaction of its own."""
    with as_it_is(user.pk), translation.override(wanted.language), timezone.override(user.zone):
        hide = hiding(person.name for person in user.people.all()) if wanted.initials else as_is
        yield from zipped(_files(user, wanted, hide), wanted.now)


@contextmanager
def as_it_is(user_id: UUID) -> Iterator[None]:
    """A transaction in which only this person's rows exist, and nothing changes while it is being read."""
    with transaction.atomic(durable=True), keys_kept():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        set_user(user_id)
        yield


def _files(user: Any, wanted: Wanted, hide: Callable[[str], str]) -> Iterator[tuple[str, Iterable[str]]]:
    diary = Diary(user, hide)
    yield DATA, _data(user, wanted, hide)
    title = pgettext("the neutral name of this site", "Notes")
    yield "index.html", html(diary, wanted._asdict() | {"years": reversed(years(user)), "site_name": title})
    yield "other.md", markdown_rest(diary)
    for month, days in diary.months():
        year = f"{month[0]:04}"
        yield f"{year}/{year}-{month[1]:02}.md", markdown_month(month, days)


# JSON

# What someone said below modules is no record of theirs, and is not brought back; but it is theirs to read.
SAID = ("nickname", "text", "reason")
REACTION = ("module", "language", "nickname", "text", "state", "reason", "created_at")


def _data(user: Any, wanted: Wanted, hide: Callable[[str], str]) -> Iterator[str]:
    """One record a line, so that two exports can be compared."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": wanted.now,
        "language": wanted.language,
        "time_zone": user.time_zone,
        "initials": wanted.initials,
    }
    yield f'{_json(head)[:-1]}, "records": {{'
    for number, model in enumerate(kinds()):
        yield f'{"," if number else ""}\n"{model.__name__}": ['
        for first, row in enumerate(rows_of(user, model)):
            yield f"{',' if first else ''}\n{_json(_values(row, hide))}"
        yield "]"
    reactions = user.reactions.order_by("id").values(*REACTION)
    said = [{name: hide(value) if name in SAID else value for name, value in row.items()} for row in reactions]
    yield f'}},\n"reactions": {_json(said)}}}\n'


def _values(row: Record, hide: Callable[[str], str]) -> dict[str, Any]:
    """By field name; names are hidden only where people write."""
    sealed = {field.name for field in row._meta.concrete_fields if isinstance(field, SealedTextField)}
    return {name: _each(value, hide) if name in sealed else value for name, value in values_of(row).items()}


def _each(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _each(each, hide) for key, each in value.items()}
    if isinstance(value, list):
        return [_each(each, hide) for each in value]
    return hide(value) if isinstance(value, str) else value


def _json(value: Any) -> str:
    return json.dumps(value, default=plain, ensure_ascii=False)


# The zip


class Outlet:
    """A file that is only written to; what was written is taken out again, once."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def write(self, piece: bytes) -> int:
        self.pieces.append(bytes(piece))
        self.size += len(piece)
        return len(piece)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.__init__()  # type: ignore[misc]
        return taken


def zipped(files: Iterable[tuple[str, Iterable[str]]], now: datetime) -> Iterator[bytes]:
    """Named texts as a zip, in pieces, while the texts are being made."""
    outlet = Outlet()
    with ZipFile(outlet, "w") as archive:  # type: ignore[call-overload]
        for name, texts in files:
            info = ZipInfo(name, now.timetuple()[:6])
            info.compress_type = ZIP_DEFLATED
            with archive.open(info, "w") as file:
                for text in texts:
                    file.write(text.encode())
                    if outlet.size >= PIECE:
                        yield outlet.take()
    yield outlet.take()
