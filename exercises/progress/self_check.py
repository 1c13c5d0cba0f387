"""Seven statements of our own, answers side by side (practice.md 7). No total, no norm."""

from datetime import date
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exercises.drafts.keeping import kept
from exercises.progress.models import SelfCheck
from exercises.progress.statements import SCALE, STATEMENTS, backs_off_more, in_words, known, side_by_side
from exercises.records.fields import Chips
from exercises.records.forms import RecordForm, sent
from exercises.records.http import Request
from exercises.records.paging import Cursor, page
from exercises.records.views import saved

NAMES = [f"answers_{n}" for n, _statement in enumerate(STATEMENTS, 1)]


class OpenChips(Chips):
    """Nothing is chosen until someone chooses, not even to leave it open."""

    def format_value(self, value: Any) -> list[str]:
        return [] if value is None else super().format_value(value)


def answer_field(statement: Any) -> forms.TypedChoiceField:
    """How often, 0–4, or None."""
    choices = [*enumerate(SCALE), ("", _("leave open"))]
    return forms.TypedChoiceField(
        label=statement, choices=choices, coerce=int, empty_value=None, required=False, widget=OpenChips
    )


class SelfCheckForm(RecordForm):
    """One day's answers; `instance` is the day's row, or a new one with its day filled in."""

    class Meta:
        model = SelfCheck
        fields = ["answers"]  # not shown: gathered from the seven fields
        labels = {"answers": _("Your answers")}

    def __init__(self, data: Any = None, *, instance: SelfCheck, **kwargs: Any) -> None:
        initial = dict(zip(NAMES, known(instance.answers), strict=True))
        super().__init__(data, instance=instance, initial=initial, **kwargs)
        self.fields |= dict(zip(NAMES, map(answer_field, STATEMENTS), strict=True))

    @property
    def statements(self) -> list[forms.BoundField]:
        """The seven fields, for the page."""
        return [self[name] for name in NAMES]

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        data["answers"] = [data.get(name) for name in NAMES]
        if not self.errors and data["answers"] == [None] * len(NAMES):
            raise forms.ValidationError(_("Nothing is filled in yet. One answer is enough."))
        return data

    def twin(self) -> Any:
        """The row that this form was made from, also past midnight; else the day's: there is one a day."""
        days = self.user.self_checks.on(self.instance.day).select_for_update()
        return super().twin() or days.first()

    def _shown(self, name: str, value: Any) -> str:
        return "\n".join(f"{statement} {word}" for statement, word in in_words(value) if word)


def self_check(request: Request) -> HttpResponse:
    """Today's answers, and the earlier ones beside them."""
    today, checks = timezone.localdate(), request.user.self_checks
    row = (checks.select_for_update() if request.method == "POST" else checks).on(today).first()
    form = SelfCheckForm(sent(request), user=request.user, instance=row or SelfCheck(user=request.user, day=today))
    if form.is_valid():
        form.save()
        return saved(request, "self_check")
    context = {"form": kept(request, form), "row": row} | _earlier(request, list(checks.oldest_first()))
    return render(request, f"progress/self_check.html{'#days' if request.htmx else ''}", context)


def _earlier(request: Request, checks: list[SelfCheck]) -> dict[str, Any]:
    """What was answered, item by item; and all days, a page at a time."""
    places = side_by_side(checks)
    answers = [[word for _statement, word in place.check.answer_words()] for place in places]
    cursor = Cursor.read(request.GET.get("before", ""), date)
    days, older = page(request.user.self_checks.before(cursor))
    return {
        "items": [
            (statement, list(zip(places, words, strict=True)))
            for statement, *words in zip(STATEMENTS, *answers, strict=True)
        ],
        "checks": checks,
        "backs_off_more": len(checks) > 1 and backs_off_more(checks[-2].answers, checks[-1].answers),
        "days": days,
        "older": older,
        "cursor": cursor,
    }
