"""Writing in the margin: a question inside a module's text, what one wrote to it before, and the form for more."""

from typing import NamedTuple

from django.urls import reverse

from exercises.course.courses import every
from exercises.course.pages import Module, Part
from exercises.drafts.keeping import kept
from exercises.journal.models import JournalEntry
from exercises.reading.forms import MarginForm
from exercises.records.http import Request

SHOWN = 3  # of what was written to one question; the journal has the rest


class Margin(NamedTuple):
    """A question in the margin, as who has started sees it; the newest of what was written stands first."""

    number: int
    prompt: str
    form: MarginForm
    earlier: list[JournalEntry]


def parts(request: Request, module: Module) -> list[tuple[Part, Margin | None]]:
    """A module's prose in parts, each with its margin; for a visitor without, so that it costs no query."""
    known = request.user.is_authenticated
    return [
        (part, in_margin(request, MarginForm(user=request.user, module=module, number=number)))
        if part.prompt and known
        else (part, None)
        for number, part in enumerate(module.parts, 1)
    ]


def in_margin(request: Request, form: MarginForm) -> Margin:
    """What stands there around this form. To be called last, as `kept`."""
    module, number = form.module, form.number
    earlier = request.user.entries.answering(module.slug, _in_every_language(module, number))[:SHOWN]
    form = kept(request, form, reverse("margin", args=[module.slug, number]))
    return Margin(number, module.parts[number - 1].prompt, form, list(earlier))


def _in_every_language(module: Module, number: int) -> set[str]:
    """The question, also as it was asked in another language."""
    found = [each.parts[number - 1 : number] for each in (module, *every(module.slug))]
    return {part.prompt for parts in found for part in parts}
