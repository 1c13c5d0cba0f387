"""The trust check (practice.md 5): twelve questions by keys that stay, and which words come of the answers.

Pure: answers in, the key of an outcome out. Nobody is ranked and nobody is called safe: an outcome is a text, and the
figures below only choose which. They are choices of design.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _p

OVER_TIME = {
    "promises": _("Does this person do what they promise, in small things too?"),
    "steady": _("Is this person much the same on good and bad days?"),
    "no_is_fine": _("Can you say ‘no’ or ‘not now’?"),
    "says_sorry": _("Does this person say sorry, and does something then change?"),
    "stays_kind": _("Does this person stay kind on days when you are doing badly?"),
    "keeps_private": _("Does what you tell this person stay between the two of you?"),
    "listens": _("Does this person listen to your answer?"),
}
SLOWLY = {
    "very_fast": _("Did it go very fast, with grand declarations or gifts?"),
    "vanishes": _("Does this person sometimes disappear without explaining?"),
}
STOP = {
    "used_against": _("Has this person used something you told them against you?"),
    "afraid": _("Are you afraid of their reaction: shouting, days of silence, threats, being hurt?"),
    "controls": _("Does this person control your phone, your money or your contacts?"),
}
QUESTIONS = OVER_TIME | SLOWLY | STOP
HOW_OFTEN = {
    "often": _p("how often", "often"),
    "sometimes": _p("how often", "sometimes"),
    "rarely": _p("how often", "rarely"),
}
YES_OR_NO = {"yes": _("yes"), "no": _("no")}
NOT_KNOWN = _("I don’t know yet")
CHOICES = {key: HOW_OFTEN if key in OVER_TIME else YES_OR_NO for key in QUESTIONS}  # besides not knowing

POINTS = {"often": 2, "sometimes": 1, "rarely": 0}
ENOUGH_KNOWN = 4  # of the seven questions over time: with fewer, one knows too little
TAKES_CARE, SMALL_STEP = 1.4, 0.8  # the mean of what is known over time, 0–2, from which these are said
AGAIN_AFTER = timedelta(weeks=8)

STOPPED = "stop"
OUTCOMES = {  # in the order in which they are tried
    STOPPED: _("There is a stop sign. We suggest no step with this person."),
    "too_little": _("You don’t know enough yet. Begin small, and see what happens."),
    "take_time": _("Take your time. See what happens over a few weeks."),
    "takes_care": _("There are signs that this person is careful with you. You choose."),
    "small_step": _("Take a small step, on a harmless topic, and see what happens."),
    "maybe_not": _("Perhaps not this person, or not this topic."),
}


def outcome(answers: Mapping[str, str]) -> str:
    """The key in OUTCOMES of the first rule that fits. A question that is missing, or '', is not known."""
    if any(answers.get(key) == "yes" for key in STOP):
        return STOPPED
    known = [POINTS[answers[key]] for key in OVER_TIME if answers.get(key)]
    if len(known) < ENOUGH_KNOWN:
        return "too_little"
    if any(answers.get(key) == "yes" for key in SLOWLY):
        return "take_time"
    mean = sum(known) / len(known)
    if mean >= TAKES_CARE:
        return "takes_care"
    return "small_step" if mean >= SMALL_STEP else "maybe_not"


def open_stops(answers: Mapping[str, str]) -> list[str]:
    """The questions about stop signs that have no answer: not knowing is not a ‘no’."""
    return [key for key in STOP if not answers.get(key)]


def told(answers: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Each question that was answered, and the answer, in words; nothing of what is no answer of ours."""
    for key, question in QUESTIONS.items():
        for answer, words in CHOICES[key].items():
            if answers.get(key) == answer:
                yield question, words
