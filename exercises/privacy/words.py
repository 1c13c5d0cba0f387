"""What each kind of record is called, and how one row of it reads to a person; a test sees that no kind is missing."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _p

from exercises.course.courses import find
from exercises.course.pages import Module
from exercises.dimmer.forms import said
from exercises.dimmer.models import Attempt, Dimmer
from exercises.drafts.models import Draft
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.progress.models import SelfCheck
from exercises.reading.models import ModuleRead
from exercises.records.models import Record
from exercises.records.settings import Settings
from exercises.reminders.models import Reminder
from exercises.sharing.models import Share, Summary

Pairs = Iterable[tuple[Any, Any]]  # a label, or '' where the text speaks for itself, and a value


class Words(NamedTuple):
    """`heading` stands above a row, `several` counts rows (`several % 3`), `told` is what a row says.

    `follows` are the relations that `told` reads along, so that they come with the row.
    """

    heading: Any
    several: Any
    told: Callable[[Any], Pairs]
    follows: tuple[str, ...] = ()


class Telling(NamedTuple):
    """A row as a person reads it: plain text, nothing escaped. Labels may be empty, texts may have several lines."""

    heading: str
    pairs: list[tuple[str, str]]


def as_is(text: str) -> str:
    return text


def tell(row: Record, hide: Callable[[str], str] = as_is) -> Telling:
    """What this row says, in the language of the page. `hide` replaces names in each text."""
    words = WORDS[type(row)]
    texts = ((label, text_of(value)) for label, value in words.told(row))
    return Telling(str(words.heading), [(str(label), hide(text)) for label, text in texts if text])


def tell_all(rows: Iterable[Record]) -> list[Telling]:
    """What each of these says, with its day where it has one."""
    return [
        told._replace(heading=" · ".join(filter(None, [told.heading, _day(row)])))
        for row in rows
        for told in [tell(row)]
    ]


def _day(row: Record) -> str:
    return next((text_of(value) for name in row.days if (value := getattr(row, name))), "")


def in_words(counts: Mapping[type[Record], int]) -> str:
    """How many there are of each kind, such as `3 steps · 1 journal entry`; nothing of what there is none of."""
    return " · ".join(str(words.several % counts[model]) for model, words in WORDS.items() if counts.get(model))


def text_of(value: Any) -> str:
    """A value as text: nothing for what was left open, lists after one another."""
    if isinstance(value, dict):
        return text_of(list(value.values()))
    if isinstance(value, list | tuple):
        return " · ".join(filter(None, map(text_of, value)))
    if isinstance(value, date):
        return date_format(value, "l j F Y")
    return str(_("yes")) if value is True else "" if value is None or value is False else str(value)


def _yes_or_no(value: bool) -> Any:
    return _("yes") if value else _("no")


def _name(person: Person | None) -> str:
    return person.name if person and person.deleted_at is None else ""


def _per_cent(value: int | None) -> str:
    return "" if value is None else f"{value}%"


def _out_of_ten(value: int | None) -> str:
    return "" if value is None else f"{value}/10"


def _module(slug: str) -> Module | None:
    return find(slug, get_language())


def _feeling(row: DailyFeeling) -> Pairs:
    yield _("I feel"), row.names
    yield _("How strong is it?"), _out_of_ten(row.intensity)
    yield _("One honest sentence"), row.sentence
    yield _("Who did you tell?"), _name(row.person)
    yield _("I said it out loud"), row.named_aloud


def _step(row: Attempt) -> Pairs:
    module = _module(row.exercise)
    yield _("Who with?"), _name(row.person)
    yield _("Topic"), row.dimmer and row.dimmer.topic
    yield _("Exercise"), module.exercise.title if module else row.exercise
    yield _("Level"), row.level if row.dimmer_id else _("only looking")
    yield _p("step", "Planned for"), row.planned_for
    yield _("Normally"), row.usual
    yield _("10% more") if row.dimmer_id else _("The true sentence"), row.more
    yield _("In one sentence"), row.if_then
    yield _("Left out for once"), row.leave_out_name
    yield _("Your prediction"), row.expectation
    yield _p("step", "Chance"), _per_cent(row.chance)
    yield _p("step", "Tension you expected"), _out_of_ten(row.fear_expected)
    yield _p("step", "Done"), row.get_done_display()
    yield _("Happened"), row.happened
    yield _("Came true"), row.get_came_true_display()
    yield _("Highest tension"), _out_of_ten(row.fear_peak)
    yield _("Tension afterwards"), _out_of_ten(row.fear_after)
    yield _("Could bear it"), row.get_bore_it_display()
    yield _("Too much"), row.too_much
    yield _("Their reaction"), row.reaction_name
    yield _("Signs of safety"), row.sign_names
    yield _("Habits you noticed"), row.habit_names
    yield _("What you know now"), row.learned
    yield _("Chance next time"), _per_cent(row.chance_next)
    yield _p("step", "Looking back a day later"), row.look_back


def _evidence(row: Evidence) -> Pairs:
    yield _p("evidence", "Shared"), row.shared
    yield _p("evidence", "Feared"), row.feared
    yield _p("evidence", "Happened"), row.happened
    yield _("Who with?"), row.nickname
    yield _("Level"), row.level
    yield _("Where from"), row.get_kind_display()


def _entry(row: JournalEntry) -> Pairs:
    module = _module(row.module)
    yield _("Module"), module.title if module else row.module
    yield _p("journal", "Question"), row.prompt
    yield "", row.body
    yield _("What will you take with you?"), row.takeaway


def _person(row: Person) -> Pairs:
    yield _("Nickname"), row.name
    yield _("How do you know this person?"), row.relation_name
    yield _p("person", "Looked at trust on"), row.trust_checked_on
    yield _p("person", "What came of it"), row.trust_words
    yield from row.trust_told
    yield _p("person", "Put away"), bool(row.archived_at)


def _dimmer(row: Dimmer) -> Pairs:
    yield _("Who with?"), _name(row.person)
    yield _("Topic"), row.topic
    yield _("How bright is enough?"), row.ceiling
    yield _p("dimmer", "Put away"), bool(row.archived_at)


def _read(row: ModuleRead) -> Pairs:
    module = _module(row.module)
    yield _("Module"), module.title if module else row.module
    yield _p("module", "Read to the end"), bool(row.finished_at)


def _self_check(row: SelfCheck) -> Pairs:
    yield from row.answer_words()


def _share(row: Share) -> Pairs:
    yield _p("link", "Pieces of evidence"), len(row.pieces)
    yield _p("link", "Times opened"), str(row.views)


def _summary(row: Summary) -> Pairs:
    yield _("What I practised"), row.practised
    yield _p("summary", "Pieces picked"), len(row.pieces)
    yield _("What I want to ask"), row.ask


def tell_reaction(row: Any, hide: Callable[[str], str] = as_is) -> Telling:
    """What someone said below a module (a Reaction, which is no record of theirs)."""
    module = _module(row.module)
    texts = {
        _("Module"): module.title if module else row.module,
        _p("reaction", "Sent on"): row.created_at,
        _("A name to use here"): hide(row.nickname),
        _("Your reaction"): hide(row.text),
        _p("reaction", "State"): row.get_state_display(),
        _("Reason"): hide(row.reason),
    }
    pairs = [(str(label), text_of(value)) for label, value in texts.items()]
    return Telling(str(_p("download", "Reaction")), [(label, text) for label, text in pairs if text])


def _draft(row: Draft) -> Pairs:
    yield row.place, row.words


def _reminder(row: Reminder) -> Pairs:
    yield _p("reminder", "Days"), [WEEKDAYS[day] for day in row.weekdays]
    yield _p("reminder", "Time"), f"{row.hour:02}:00"
    yield _p("reminder", "What it says"), row.message
    yield _p("reminder", "How it comes"), row.get_channel_display()


def _settings(row: Settings) -> Pairs:
    yield _("The three small questions"), said(row.start_with)
    yield _p("settings", "Blurred text"), _yes_or_no(row.blur)
    yield _p("settings", "Progress page"), _yes_or_no(row.progress_on)
    yield _p("settings", "Keeping drafts"), _yes_or_no(row.drafts_on)


WORDS: dict[type[Record], Words] = {  # in the order in which a person reads them
    Person: Words(_p("download", "Person"), ngettext_lazy("%d person", "%d people"), _person),
    Dimmer: Words(_p("download", "Dimmer"), ngettext_lazy("%d dimmer", "%d dimmers"), _dimmer, ("person",)),
    DailyFeeling: Words(
        _p("download", "Feeling"),
        ngettext_lazy("%d day with a feeling", "%d days with a feeling"),
        _feeling,
        ("person",),
    ),
    Attempt: Words(_p("download", "Step"), ngettext_lazy("%d step", "%d steps"), _step, ("dimmer__person",)),
    Evidence: Words(
        _p("download", "Evidence"),
        ngettext_lazy("%d piece of evidence", "%d pieces of evidence"),
        _evidence,
        ("person",),
    ),
    JournalEntry: Words(_p("download", "Journal"), ngettext_lazy("%d journal entry", "%d journal entries"), _entry),
    ModuleRead: Words(
        _p("download", "Reading"), ngettext_lazy("%d module that you opened", "%d modules that you opened"), _read
    ),
    SelfCheck: Words(_p("download", "Self check"), ngettext_lazy("%d self check", "%d self checks"), _self_check),
    Summary: Words(_p("download", "Summary"), ngettext_lazy("%d summary", "%d summaries"), _summary),
    Share: Words(
        _p("download", "Link"), ngettext_lazy("%d link to your evidence", "%d links to your evidence"), _share
    ),
    Draft: Words(_p("download", "Draft"), ngettext_lazy("%d draft", "%d drafts"), _draft),
    Reminder: Words(_p("download", "Reminder"), ngettext_lazy("%d reminder", "%d reminders"), _reminder),
    Settings: Words(_p("download", "Settings"), ngettext_lazy("your settings", "your settings"), _settings),
}
