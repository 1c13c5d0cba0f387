"""People who never were, at size, for benchmarks and tests: rows of every kind, really sealed, put in by COPY.

What someone may write is made once from our own few words, as rows without an owner; each person gets some of these,
with ids, days and a key of their own. With the same seed on the same day everything is the same but the sealed bytes.
"""

import os
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from math import ceil
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.auth import get_user_model
from django.db import connections, models, transaction

from exercises.course.pages import NOTCHES, course
from exercises.dimmer.habits import HABITS, SIGNS
from exercises.dimmer.models import Attempt, Bore, CameTrue, Dimmer, Reaction
from exercises.drafts.models import KEPT_FOR, Draft
from exercises.evidence.models import Evidence, Kind
from exercises.feeling.models import DailyFeeling
from exercises.feeling.vocabulary import WORDS
from exercises.journal.models import JournalEntry
from exercises.people import trust
from exercises.people.models import Person, Relation
from exercises.progress.models import SelfCheck
from exercises.progress.statements import STATEMENTS
from exercises.reading.models import ModuleRead
from exercises.records.models import DataKey
from exercises.records.sealing import NONCE, VERSION, SealedTextField, about_key, wrap
from exercises.records.settings import Settings
from exercises.reminders.models import Channel, Device, Reminder
from exercises.sharing.models import Share, Summary

NAME = "seed-"  # how the user name of such a person begins
DAY = timedelta(days=1)
MEDIAN, SPREAD, LEAST = 12, 1.5, 1  # rows of a person, lognormal: most stay some days, a few for years
ROWS_A_DAY = 2.2
AT_ONCE = 10_000  # rows of one COPY: many people side by side, as they would come in, and little in memory
FEW, SOME = 20, 200  # different rows to take from
MOST_PEOPLE, MOST_DIMMERS = 12, 30
ZONES = ["Europe/Amsterdam"] * 7 + ["Europe/London", "America/New_York", "Pacific/Auckland"]
SENTENCES = {  # how one begins, goes on and ends
    "nl": (
        ["Ik zei dat ik", "Ik wilde zeggen dat ik", "Ik schreef dat ik", "Vandaag merkte ik dat ik"],
        ["moe was", "het spannend vond", "je had gemist", "het niet wist", "er tegen opzag", "me alleen voelde"],
        ["en we bleven praten", "en er gebeurde niets ergs", "en het werd even stil", "en daarna kon ik slapen"],
    ),
    "en": (
        ["I said that I", "I wanted to say that I", "I wrote that I", "Today I noticed that I"],
        ["was tired", "found it scary", "had missed you", "did not know", "was dreading it", "felt alone"],
        ["and we went on talking", "and nothing bad happened", "and it went quiet for a bit", "and then I slept"],
    ),
}
NAMES = ("Noor", "Sam", "Robin", "Jip", "Charlie", "Alex", "Kim", "Bo", "Ravi", "Mila", "Yusuf", "Anna")

Row = dict[str, Any]


class Shape(NamedTuple):
    """A table as COPY fills it; `blank` is a row without an owner, `sealed` what each sealed value is bound to."""

    model: type[models.Model]
    columns: str
    types: list[str]
    blank: Row
    sealed: list[tuple[str, str]]
    order: int  # the place of the primary key


@cache
def shape(model: type[models.Model]) -> Shape:
    fields, connection = model._meta.concrete_fields, connections["owner"]
    quote = connection.ops.quote_name
    return Shape(
        model,
        f"{quote(model._meta.db_table)} ({', '.join(quote(field.attname) for field in fields)})",
        [re.sub(r"\(\d+\)", "", field.db_type(connection) or "") for field in fields],
        {f.attname: None if isinstance(f, SealedTextField) or f.primary_key else f.get_default() for f in fields},
        [(f.attname, f"{model._meta.db_table}.{f.column}") for f in fields if isinstance(f, SealedTextField)],
        next(place for place, field in enumerate(fields) if field.primary_key),
    )


def without_owner(model: type[models.Model], **values: Any) -> Row:
    """A row of this kind that is still nobody's; its words as bytes to seal."""
    row = shape(model).blank | values
    for name, _about in shape(model).sealed:
        field: Any = model._meta.get_field(name)
        row[name] = field.write(row[name]).encode() if row[name] else None
    return row


class Stock(NamedTuple):
    """Rows without an owner, in one language. A step comes with the evidence that it becomes, or None."""

    people: list[Row]
    dimmers: list[Row]
    steps: list[tuple[Row, Row | None]]
    observed: list[Row]
    pieces: list[Row]
    feelings: list[Row]
    entries: list[Row]
    drafts: list[Row]
    checks: list[Row]
    once: list[tuple[float, type[models.Model], Row]]  # with the chance that someone has one


@cache
def stock(language: str) -> Stock:
    writer = Writer(language)
    return Stock(
        people=[writer.person() for _ in range(FEW)],
        dimmers=[writer.dimmer() for _ in range(FEW)],
        steps=[writer.step() for _ in range(SOME)],
        observed=[writer.observed() for _ in range(FEW)],
        pieces=[writer.piece() for _ in range(SOME)],
        feelings=[writer.feeling() for _ in range(SOME)],
        entries=[writer.entry() for _ in range(SOME)],
        drafts=[without_owner(Draft, form="/journal/new/", body={"body": [writer.text(4)]}) for _ in range(FEW)],
        checks=[without_owner(SelfCheck, answers=writer.answers()) for _ in range(FEW)],
        once=writer.once(),
    )


class Writer:
    """What someone may write and choose, in one language."""

    def __init__(self, language: str) -> None:
        self.chance = random.Random(language)  # nosec B311  # no secret: a person who never was
        self.language = language
        self.slugs = [module.slug for module in course(language).modules]

    def sentence(self) -> str:
        return f"{' '.join(map(self.chance.choice, SENTENCES[self.language]))}."

    def text(self, sentences: int) -> str:
        return " ".join(self.sentence() for _ in range(sentences))

    def perhaps(self, often: float, sentences: int = 1) -> str:
        return self.text(sentences) if self.chance.random() < often else ""

    def figure(self) -> int:
        return self.chance.randint(0, 10)

    def person(self) -> Row:
        outcome = self.chance.choice(["", "", *trust.OUTCOMES])
        name, relation = self.chance.choice(NAMES), self.chance.choice(Relation.values)
        return without_owner(Person, name=name, relation=relation, trust_outcome=outcome)

    def dimmer(self) -> Row:
        return without_owner(Dimmer, topic=self.sentence(), ceiling=self.chance.choice(NOTCHES[4:8]))

    def _plan(self) -> Row:
        return {
            "exercise": self.chance.choice(self.slugs), "usual": self.sentence(), "more": self.sentence(),
            "if_then": self.perhaps(0.5), "expectation": self.sentence(), "chance": 10 * self.figure(),
            "fear_expected": self.figure(), "leave_out": self.chance.choice(["", *HABITS]),
        }  # fmt: skip

    def _came_of_it(self) -> Row:
        choice, sample = self.chance.choice, self.chance.sample
        return {
            "done": choice(["full", "full", "full", "part"]), "happened": self.text(2), "learned": self.perhaps(0.7),
            "came_true": choice(["no", "no", *CameTrue.values]), "bore_it": choice(Bore.values),
            "fear_peak": self.figure(), "fear_after": self.figure(), "habits": sample([*HABITS], self.figure() // 4),
            "signs": sample([*SIGNS], self.figure() // 3), "chance_next": 10 * self.figure(),
            "reaction": choice([Reaction.OK] * 5 + [Reaction.COLD, Reaction.UNKNOWN]),
        }  # fmt: skip

    def step(self) -> tuple[Row, Row | None]:
        """Of twenty one is planned and one was not done; all others were, and most are evidence."""
        level, plan, fate = self.chance.choice(NOTCHES[1:7]), self._plan(), self.chance.random()
        plan |= {"level": level, "advice": _advice(level)}
        if fate < 0.1:
            return without_owner(Attempt, **plan, done="" if fate < 0.05 else "no"), None
        came = self._came_of_it()
        said = {"shared": plan["more"], "feared": plan["expectation"], "happened": came["happened"], "level": level}
        piece = without_owner(Evidence, kind=Kind.ATTEMPT, **said) if fate < 0.85 else None
        return without_owner(Attempt, **plan, **came), piece

    def observed(self) -> Row:
        return without_owner(Attempt, exercise=self.slugs[0], expectation=self.sentence(), done="full")

    def piece(self) -> Row:
        return without_owner(Evidence, feared=self.sentence(), happened=self.text(2), shared=self.perhaps(0.5))

    def feeling(self) -> Row:
        words = self.chance.sample([*WORDS], self.chance.randint(1, 3))
        intensity = self.chance.choice([None, *range(11)])
        return without_owner(DailyFeeling, words=words, intensity=intensity, sentence=self.perhaps(0.7, 2))

    def entry(self) -> Row:
        long = min(60, ceil(self.chance.lognormvariate(1.6, 0.8)))  # sentences of 60 to 80 letters
        return without_owner(JournalEntry, body=self.text(long), takeaway=self.perhaps(0.3))

    def answers(self) -> list[int]:
        return [self.chance.randint(0, 4) for _statement in STATEMENTS]

    def once(self) -> list[tuple[float, type[models.Model], Row]]:
        endpoint, keys = f"https://push.example/{'x' * 160}", {"p256dh": "x" * 87, "auth": "x" * 22}
        days = {"weekdays": [0, 2, 4], "message": self.sentence()[:80], "channel": Channel.CALENDAR}
        return [
            (0.5, Settings, without_owner(Settings, start_with={"with": "friend", "minutes": 10})),
            (0.3, Reminder, without_owner(Reminder, **days)),
            (0.2, Device, without_owner(Device, endpoint=endpoint, keys=keys)),
            (0.2, Summary, without_owner(Summary, practised=self.text(3), ask=self.text(2))),
            (0.2, Share, without_owner(Share, pieces=[])),
        ]


def _advice(level: int) -> Row:
    facts = {"level": level, "times": 2, "came_true": 0, "ceiling": 60}
    return {"move": "repeat", "level": level, "rule": "H1", "facts": facts, "from": level, "chosen": level}


class Plan(NamedTuple):
    """One person: the how manieth, how many rows, and since when."""

    seed: int
    number: int
    rows: int
    since: datetime


def plans(seed: int, first: int, now: datetime, years: float, *, people: int, rows: int, ones: list[int]) -> list[Plan]:
    """So many people, or as many as it takes for so many rows; then one with each of these `ones` of rows."""
    chance = random.Random(f"{seed}|{first}")  # nosec B311
    sizes: list[int] = []
    total = sum(ones)
    while len(sizes) < people or total < rows:
        sizes.append(min(ceil(chance.lognormvariate(0, SPREAD) * MEDIAN), ceil(years * 365 * ROWS_A_DAY)))
        total += sizes[-1]
    step, start = timedelta(days=years * 365) / max(1, len(sizes)), now - timedelta(days=years * 365)
    begun = [start + step * n for n in range(len(sizes))] + [start] * len(ones)
    together = zip([*sizes, *ones], begun, strict=True)
    return [Plan(seed, first + n, size, min(at, _in_time(now, size, start))) for n, (size, at) in enumerate(together)]


def _in_time(now: datetime, rows: int, earliest: datetime) -> datetime:
    """The last moment from which so many rows can have been made at leisure."""
    return max(earliest, now - DAY * (1.5 * rows / ROWS_A_DAY))


def bundles(planned: Iterable[Plan]) -> Iterator[list[Plan]]:
    """Some people at a time, so many that their rows make one good COPY."""
    bundle: list[Plan] = []
    for plan in planned:
        bundle.append(plan)
        if sum(each.rows for each in bundle) >= AT_ONCE:
            yield bundle
            bundle = []
    if bundle:
        yield bundle


class Life:
    """The rows of one person, from the first day on; `made` by kind, as COPY takes them."""

    def __init__(self, plan: Plan, now: datetime) -> None:
        self.chance = random.Random(f"{plan.seed}|{plan.number}|rows")  # nosec B311
        self.plan, self.now, self.count = plan, now, 0
        self.language = self.chance.choice(["nl", "nl", "en"])
        self.stock = stock(self.language)
        self.zone = ZoneInfo(self.chance.choice(ZONES))
        self.made: dict[type[models.Model], list[tuple[Any, ...]]] = defaultdict(list)
        self.at, self.day = plan.since, plan.since.date()
        self.user_id, self.marked = self._id(), str(self._id())
        self.people: list[UUID] = []
        self.dimmers: list[tuple[UUID, UUID]] = []  # with the person of each
        self.unread = [module.slug for module in course(self.language).modules]
        self.felt_on = self.checked_on = date.min
        self._begin()
        self._live()

    def _id(self) -> UUID:
        """As `uuid7` would have made it at this moment."""
        chance = self.chance.getrandbits(76) & ~(0x3 << 62) | 0x2 << 62
        return UUID(int=int(self.at.timestamp() * 1000) << 80 | 0x7 << 76 | chance)

    def _begin(self) -> None:
        """The user, and the key that all is sealed under."""
        key, user = os.urandom(32), get_user_model()
        self.cipher, self.spare = AESGCM(key), b""
        mine = {
            "id": self.user_id, "username": f"{NAME}{self.plan.number}", "password": "", "language": self.language,
            "time_zone": self.zone.key, "date_joined": self.at, "consented_at": self.at,
        }  # fmt: skip
        self.made[user].append(tuple((shape(user).blank | mine).values()))
        self.made[DataKey].append((self.user_id, wrap(key, about_key(self.user_id))))

    def add(self, model: type[models.Model], row: Row, /, **values: Any) -> UUID:
        """This row becomes one's own, now: its id."""
        id = self._id()
        own = {"id": id, "user_id": self.user_id, "created_at": self.at, **values}
        if "updated_at" in row:
            own["updated_at"] = self.at
        row = row | own
        for name, place in shape(model).sealed:
            if row[name] is not None:
                nonce = self._nonce()  # the format is that of `seal`, which would make a cipher each time
                about = f"{place}|{self.user_id}|{id}".encode()
                row[name] = VERSION + nonce + self.cipher.encrypt(nonce, row[name], about)
        self.made[model].append(tuple(row.values()))
        self.count += 1
        return id

    def _nonce(self) -> bytes:
        if not self.spare:
            self.spare = os.urandom(NONCE * 64)
        nonce, self.spare = self.spare[:NONCE], self.spare[NONCE:]
        return nonce

    def _live(self) -> None:
        """What is had once, then day after day until there are so many rows; several on a day where there are many."""
        for often, model, row in self.stock.once:
            if self.count < self.plan.rows // 3 and self.chance.random() < often:
                self.add(model, row)
        days = self._days()
        kinds = random.Random.choices(self.chance, [*MOST_OFTEN], [*MOST_OFTEN.values()], k=self.plan.rows)
        while self.count < self.plan.rows:
            self._go_to(days[self.count * len(days) // self.plan.rows])
            kinds[self.count](self)

    def _days(self) -> list[date]:
        first, last = (moment.astimezone(self.zone).date() for moment in (self.plan.since, self.now))
        there = (last - first).days + 1
        wanted = min(there, ceil(self.plan.rows / ROWS_A_DAY))
        return [first + DAY * n for n in sorted(self.chance.sample(range(there), wanted))]

    def _go_to(self, day: date) -> None:
        """The evening of that day, or some minutes later if it is that evening already; never the future."""
        if day != self.day:
            self.day = day
            self.at = datetime.combine(day, time(19, self.chance.randrange(60)), self.zone).astimezone(self.now.tzinfo)
        self.at = min(self.at + timedelta(minutes=4), self.now)

    def _gone(self) -> datetime | None:
        """Of a hundred rows one was deleted, less than a day ago."""
        if self.chance.random() > 0.01:
            return None
        return max(self.at, self.now - DAY * self.chance.random())

    def _archived(self) -> datetime | None:
        return self.at if self.chance.random() < 0.1 else None

    def _someone(self) -> UUID | None:
        return self.chance.choice(self.people) if self.people and self.chance.random() < 0.3 else None

    # Each of these makes at least one row: where its own kind has no room now, an entry in the journal.

    def entry(self) -> None:
        self.add(JournalEntry, self.chance.choice(self.stock.entries), written_at=self.at, deleted_at=self._gone())

    def feeling(self) -> None:
        if self.felt_on == self.day:
            return self.entry()
        self.felt_on = self.day
        row = self.chance.choice(self.stock.feelings)
        self.add(DailyFeeling, row, day=self.day, person_id=self._someone(), deleted_at=self._gone())
        return None

    def piece(self) -> None:
        row = self.chance.choice(self.stock.pieces)
        self.add(Evidence, row, happened_on=self.day, person_id=self._someone(), deleted_at=self._gone())

    def person(self) -> None:
        if len(self.people) == MOST_PEOPLE:
            return self.step()
        row = self.chance.choice(self.stock.people)
        checked = self.day if row["trust_outcome"] else None
        self.people.append(self.add(Person, row, trust_checked_on=checked, archived_at=self._archived()))
        return None

    def dimmer(self) -> None:
        if not self.people:
            return self.person()
        if len(self.dimmers) == MOST_DIMMERS:
            return self.step()
        whom, row = self.chance.choice(self.people), self.chance.choice(self.stock.dimmers)
        self.dimmers.append((self.add(Dimmer, row, person_id=whom, archived_at=self._archived()), whom))
        return None

    def step(self) -> None:
        """With its evidence, where there is room for two."""
        if not self.dimmers:
            return self.dimmer()
        (dimmer, whom), (row, piece) = self.chance.choice(self.dimmers), self.chance.choice(self.stock.steps)
        evidence = None
        if piece and self.count + 2 <= self.plan.rows:
            evidence = self.add(Evidence, piece, happened_on=self.day, person_id=whom)
        when = {"planned_for": self.day, "done_on": self.day if row["done"] else None}
        self.add(Attempt, row, dimmer_id=dimmer, evidence_id=evidence, **when, deleted_at=self._gone())
        return None

    def observed(self) -> None:
        self.add(Attempt, self.chance.choice(self.stock.observed), done_on=self.day, deleted_at=self._gone())

    def read(self) -> None:
        if not self.unread:
            return self.feeling()
        finished = self.at if self.chance.random() < 0.8 else None
        self.add(ModuleRead, shape(ModuleRead).blank, module=self.unread.pop(0), finished_at=finished)
        return None

    def check(self) -> None:
        if self.checked_on == self.day:
            return self.entry()
        self.checked_on = self.day
        self.add(SelfCheck, self.chance.choice(self.stock.checks), day=self.day)
        return None

    def draft(self) -> None:
        if self.now - self.at > KEPT_FOR / 2:
            return self.entry()
        self.add(Draft, self.chance.choice(self.stock.drafts), row=self._id())
        return None


MOST_OFTEN = {  # what comes in how often, of a hundred rows
    Life.feeling: 30, Life.step: 20, Life.entry: 18, Life.read: 10, Life.piece: 5, Life.person: 5, Life.dimmer: 5,
    Life.observed: 2, Life.check: 3, Life.draft: 2,
}  # fmt: skip


def store(bundle: list[Plan], now: datetime) -> tuple[int, list[UUID]]:
    """Put these people in, all or none, as the owner: how many rows, and whose."""
    made: dict[type[models.Model], list[tuple[Any, ...]]] = defaultdict(list)
    whose = []
    for plan in bundle:
        life = Life(plan, now)
        whose.append(life.user_id)
        for model, rows in life.made.items():
            made[model] += rows
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        for model, rows in made.items():
            _copy(cursor, shape(model), rows)
    return sum(plan.rows for plan in bundle), whose


def _copy(cursor: Any, shape: Shape, rows: list[tuple[Any, ...]]) -> None:
    """In the order of their keys, and so of time."""
    rows.sort(key=lambda row: row[shape.order].int)
    with cursor.copy(f"COPY {shape.columns} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(shape.types)
        for row in rows:
            copy.write_row(row)
