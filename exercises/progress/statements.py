"""The self check of practice.md 7: its statements, when it is offered, and what stands beside what. Pure."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _p

STATEMENTS = (  # about the past two weeks; the last two are put the other way round
    _("I made my feeling smaller before I said it."),
    _("I changed the subject when it was about me."),
    _("I thought: anyone who really gets to know me will back off."),
    _("After an honest talk I kept replaying it."),
    _("I kept back something I did want to say."),
    _("I said how I really was."),
    _("I stayed when someone saw a side of me I find scary to show."),
)
BACK_OFF = 2  # the statement with which a pause is offered when its answer rises
SCALE = (  # an answer is the place of its word, 0–4
    _p("how often", "never"),
    _p("how often", "rarely"),
    _p("how often", "sometimes"),
    _p("how often", "often"),
    _p("how often", "nearly always"),
)

# When the second one is offered: never while the first is about the same two weeks, and not for ever.
ABOUT = timedelta(weeks=2)
HALFWAY, STEPS, MODULES = timedelta(weeks=4), 6, 4
OFFERED_FOR = timedelta(weeks=12)

Answers = list[int | None]


class Place(NamedTuple):
    """A check (with its `day`) and what it is called among the others: start, halfway or last."""

    name: str
    check: Any


def known(answers: Any) -> Answers:
    """Seven answers, each 0–4 or None, of whatever is stored: an import may have brought something odd."""
    given = answers if isinstance(answers, list) else []
    padded = [*given, *[None] * len(STATEMENTS)][: len(STATEMENTS)]
    return [answer if type(answer) is int and answer in range(len(SCALE)) else None for answer in padded]


def in_words(answers: Any) -> list[tuple[Any, Any]]:
    """Each statement with the word for how often; an empty word where it was left open."""
    words = ["" if answer is None else SCALE[answer] for answer in known(answers)]
    return list(zip(STATEMENTS, words, strict=True))


def due(checks_days: Sequence[date], today: date, modules_read: int, count_steps: Callable[[], int]) -> str:
    """Which check to offer today: "start", "halfway", or "" for none. It is an invitation, so each is over in time.

    The one at the end is offered by the page for who says that it is enough. Steps are counted only where it matters.
    """

    def well_under_way() -> bool:
        return modules_read >= MODULES or count_steps() >= STEPS

    if not checks_days:
        return "" if well_under_way() else "start"
    since = today - checks_days[0]
    in_time = len(checks_days) == 1 and ABOUT <= since < OFFERED_FOR
    return "halfway" if in_time and (since >= HALFWAY or well_under_way()) else ""


def side_by_side(checks: Sequence[Any]) -> list[Place]:
    """The first check, the one between that is nearest to the middle, and the last; `checks` oldest first."""
    if len(checks) < 2:
        return [Place("start", check) for check in checks]
    first, *between, last = checks
    middle = sorted(between, key=lambda check: abs((check.day - first.day) - (last.day - check.day)))[:1]
    return [Place("start", first), *(Place("halfway", check) for check in middle), Place("last", last)]


def backs_off_more(before: Any, now: Any) -> bool:
    """Whether the thought that people will back off came more often; both are answers as they are stored."""
    then, since = known(before)[BACK_OFF], known(now)[BACK_OFF]
    return then is not None and since is not None and since > then
