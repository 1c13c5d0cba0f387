"""Fills the table that search looks in from the files of the courses: after each migrate, and by `index_course`."""

import re
from hashlib import sha256
from typing import Any

from django.contrib.postgres.search import SearchVector
from django.db import connections, transaction
from django.db.models import Value
from django.db.models.expressions import Combinable

from exercises.course.courses import shelf
from exercises.course.passages import Piece, pieces
from exercises.reading.models import Passage
from exercises.records.search import fold

CONFIGS = {"nl": "dutch", "en": "english"}
WORD = re.compile(r"[^\W_]+")
SCHEME = 1  # of the index; one more after a change of how words are folded or weighed
ONE_AT_A_TIME = 7_302_651  # any number of our own

Whole = dict[tuple[str, str], list[Piece]]  # (course's name, language) → its pieces


def plain(text: str) -> str:
    """The words of a text, folded; the same for what stands in a course and for what is looked for."""
    return " ".join(WORD.findall(fold(text)))


def config_of(language: str) -> str:
    """PostgreSQL's name of what it knows of a language: endings, and words too small to look for."""
    return CONFIGS.get(language, "simple")


def everything() -> Whole:
    """All that can be found on this site."""
    editions = ((book.name, edition) for book in shelf().books for edition in book.editions.values())
    return {(name, edition.language): list(pieces(edition.course)) for name, edition in editions}


def index(using: str, **kwargs: Any) -> int:
    """Bring the table up to date; how many passages were written. What did not change is left alone. All or nothing."""
    if Passage._meta.db_table not in connections[using].introspection.table_names():
        return 0  # a migration back to before there was search
    whole = everything()
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        return _bring_up_to_date(whole, using)


def _bring_up_to_date(whole: Whole, using: str) -> int:
    rows = Passage.objects.using(using)
    wanted = {(*key, _digest(found)) for key, found in whole.items()}
    there = set(rows.values_list("course", "language", "digest").distinct())
    for name, language, digest in there - wanted:
        rows.filter(course=name, language=language, digest=digest).delete()
    made = [_row(*key, order, piece) for key in sorted(wanted - there) for order, piece in enumerate(whole[key[:2]])]
    return len(rows.bulk_create(made))


def _digest(found: list[Piece]) -> str:
    return sha256(repr((SCHEME, [tuple(piece) for piece in found])).encode()).hexdigest()


def _row(name: str, language: str, digest: str, order: int, piece: Piece) -> Passage:
    said = piece._asdict()
    vector = _vector(piece, config_of(language))
    return Passage(course=name, language=language, digest=digest, order=order, vector=vector, **said)


def _vector(piece: Piece, config: str) -> Combinable:
    heading, text = (Value(plain(part)) for part in (piece.heading, piece.text))
    return SearchVector(heading, weight="A", config=config) + SearchVector(text, weight="B", config=config)
