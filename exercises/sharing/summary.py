"""The one page that one takes along: what was picked of one's steps and evidence, and what one wants to say and ask."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple, Self
from uuid import UUID

from django import forms
from django.db.models.functions import Coalesce, TruncDate
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _p

from exercises.dimmer.models import Attempt
from exercises.drafts.keeping import kept
from exercises.evidence.models import Evidence
from exercises.people.names import hiding, initials
from exercises.records.fields import Chips, ManyChips
from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.records.views import saved
from exercises.sharing.forms import GrowingForm
from exercises.sharing.models import Names, Summary

AT_ONCE = 50  # pieces that are offered at first, and as many more each time
LEFT_OUT = "…"  # stands for a name on a page without names
FEARED, HAPPENED = _p("summary", "What I feared"), _p("summary", "What happened")
SHOWED, KNOWN = _p("summary", "What I showed"), _p("summary", "What I know now")


def summary(request: Request) -> HttpResponse:
    """The sheet, where there is one; else, or to change it (`?edit=1`), its form."""
    row = request.user.summaries.first()
    if row and request.method != "POST" and "edit" not in request.GET:
        return render(request, "sharing/summary.html", {"summary": row, "sheet": sheet(request.user, row)})
    form = SummaryForm(sent(request), user=request.user, instance=row)
    if form.is_valid() and not form.wants_older:
        form.save()
        return saved(request, "summary")
    form = kept(request, form, f"{reverse('summary')}?edit=1")
    return render(request, "sharing/summary.html", {"summary": row, "form": form})


@dataclass(frozen=True)
class Piece:
    """A step or a piece of evidence, its words by their labels; `name` is with whom, empty with nobody.

    No tuple: as the label of a choice that would be taken for a group of choices.
    """

    id: UUID
    day: date
    name: str
    said: tuple[tuple[Any, str], ...]

    @classmethod
    def of_step(cls, step: Attempt) -> Self:
        said = (FEARED, step.expectation), (HAPPENED, step.happened), (KNOWN, step.learned)
        day = step.done_on or timezone.localdate(step.created_at)
        return cls(step.pk, day, step.person.name if step.person else "", said)

    @classmethod
    def of_evidence(cls, row: Evidence) -> Self:
        said = (SHOWED, row.shared), (FEARED, row.feared), (HAPPENED, row.happened)
        return cls(row.pk, row.happened_on, row.nickname, said)

    def __str__(self) -> str:
        """What the list of choices shows: the first words of each part."""
        return " → ".join(text.splitlines()[0] for _label, text in self.said if text.strip())

    def hidden(self, hide: Callable[[str], str]) -> Self:
        return replace(self, name=hide(self.name), said=tuple((label, hide(text)) for label, text in self.said))


class Offer(NamedTuple):
    """All that someone can pick, the newest first: steps that were done, and evidence that no such step repeats."""

    ids: list[UUID]
    step_of: dict[UUID, UUID]  # evidence → the step here that it came from, and which stands in its place

    @classmethod
    def to(cls, user: Any) -> "Offer":
        """Two queries, which open no words."""
        steps = user.attempts.whole().was_done().exclude(expectation=None, happened=None, learned=None)
        on = Coalesce("done_on", TruncDate("created_at"))
        days, step_of = {}, {}
        for step, day, evidence in steps.values_list("pk", on, "evidence"):
            days[step] = day
            if evidence:
                step_of[evidence] = step
        own = user.evidence.exclude(shared=None, feared=None, happened=None).values_list("pk", "happened_on")
        days |= {piece: day for piece, day in own if piece not in step_of}
        return cls(sorted(days, key=lambda id: (days[id], id), reverse=True), step_of)

    def among(self, values: Iterable[Any]) -> list[UUID]:
        """Which of these ids can be picked, the newest first; what is gone, another's or no id at all is dropped."""
        by_text = {str(id): id for id in self.ids} | {str(old): id for old, id in self.step_of.items()}
        wanted = {by_text.get(str(value)) for value in values}
        return [id for id in self.ids if id in wanted]


def opened(user: Any, ids: Iterable[UUID]) -> list[Piece]:
    """These pieces in this order, with their words; two queries."""
    ids = list(ids)
    steps = user.attempts.whole().filter(pk__in=ids)
    own = user.evidence.select_related("person").filter(pk__in=ids)
    found = {piece.id: piece for piece in [*map(Piece.of_step, steps), *map(Piece.of_evidence, own)]}
    return [found[id] for id in ids if id in found]


def sheet(user: Any, row: Summary) -> dict[str, Any]:
    """What stands on the page, the oldest piece first, with the names as wished for."""
    hide = hides(user, row.names)
    picked = opened(user, Offer.to(user).among(row.pieces))
    return {
        "today": timezone.localdate(),
        "practised": hide(row.practised),
        "pieces": [piece.hidden(hide) for piece in reversed(picked)],
        "ask": hide(row.ask),
    }


def hides(user: Any, names: str) -> Callable[[str], str]:
    """Puts the nicknames of this person's people in the form that is wished for, wherever they stand."""
    if names == Names.NICKNAME:
        return str
    return hiding((person.name for person in user.people.all()), initials if names == Names.INITIAL else _left_out)


def _left_out(name: str) -> str:
    return LEFT_OUT


class Picked(forms.MultipleChoiceField):
    """Ids of what is on offer; whatever else is sent is dropped, and holds nothing back."""

    offer = Offer([], {})

    def clean(self, value: Any) -> list[str]:
        return [str(id) for id in self.offer.among(value or [])]


class SummaryForm(GrowingForm):
    """What one wants to say and ask, and which pieces go along."""

    at_once = AT_ONCE
    pieces = Picked(
        label=_("Which pieces do you want on it?"),
        help_text=_("Only what you tick here goes on the page. About five fit on one sheet."),
        required=False,
        widget=ManyChips,
    )
    names = forms.ChoiceField(
        label=_("How should people appear on it?"),
        help_text=_(
            "This goes for your own words too. A nickname is only found where it is written as it is under ‘People’."
        ),
        choices=Names.choices,
        initial=Names.INITIAL,
        required=False,
        widget=Chips,
    )

    class Meta:
        model = Summary
        fields = ["practised", "pieces", "ask", "names"]
        labels = {"practised": _("What did you practise?"), "ask": _("What do you want to ask or say?")}
        help_texts = {
            "practised": _(
                "Write for someone who has never seen this site. For example: with whom, about what, since when."
            ),
            "ask": _(
                "One question is enough. For example: ‘How do you see this?’ or ‘Will you practise this with me?’"
            ),
        }
        widgets = {"practised": forms.Textarea({"rows": 3}), "ask": forms.Textarea({"rows": 3})}

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.offer = self.fields["pieces"].offer = Offer.to(self.user)  # type: ignore[attr-defined]
        self.initial["pieces"] = list(map(str, self.offer.among(self.instance.pieces)))
        self._list()

    def fill(self, typed: Any) -> None:
        """The list too is as it was left."""
        super().fill(typed)
        self._list()

    def _list(self) -> None:
        """Offer the newest, and whatever is ticked or was, however old."""
        ticked = self.offer.among([*self.initial["pieces"], *(self["pieces"].value() or [])])
        ids = dict.fromkeys([*self.offer.ids[: self.count], *ticked])
        self.fields["pieces"].choices = [(str(piece.id), piece) for piece in opened(self.user, ids)]  # type: ignore[attr-defined]

    @property
    def there(self) -> int:
        return len(self.offer.ids)

    def clean_names(self) -> str:
        return self.cleaned_data["names"] or self.instance.names

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        empty = not (data.get("practised") or data.get("ask") or data.get("pieces"))
        if empty and not self.errors and not self.wants_older:
            raise forms.ValidationError(_("Nothing is filled in yet. One sentence is enough."))
        return data

    def twin(self) -> Summary | None:
        """The one that is there: one each, whatever was clicked."""
        return self.user.summaries.select_for_update().first()
