"""An exercise of which nothing is kept: what is typed stands in the fields of its pages alone, each sending it on.

Nothing of it reaches the database, the session, a draft or an address. Closing the last page makes it gone.
"""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from exercises.dimmer.forms import AfterForm, PlanForm
from exercises.people.forms import name_field
from exercises.records.forms import sent
from exercises.records.http import Request

PAGES = ("before", "stay", "after", "end")
PLAN, LOOK_BACK = PlanForm.base_fields, AfterForm.base_fields  # the same questions as for a step that is kept


class BeforeForm(forms.Form):
    """What one will say to whom, and what one expects."""

    whom = name_field(label=_("Who with?"), required=False)
    topic = forms.CharField(label=_("About what?"), max_length=200, required=False)
    more = PLAN["more"]
    expectation = PLAN["expectation"]
    chance = PLAN["chance"]
    fear_expected = PLAN["fear_expected"]


class AfterwardsForm(forms.Form):
    """What came of it."""

    happened = LOOK_BACK["happened"]
    came_true = LOOK_BACK["came_true"]
    learned = LOOK_BACK["learned"]


def not_kept(request: Request) -> HttpResponse:
    """One of its four pages: the one asked for (`to`), or the first before it where something is to be mended."""
    forms_ = {"before": BeforeForm(sent(request)), "after": AfterwardsForm(sent(request))}
    wanted = request.POST.get("to", "")
    page = next((name for name in _before(wanted) if name in forms_ and not forms_[name].is_valid()), wanted)
    context: dict[str, Any] = {"page": page if page in PAGES else "before", **forms_}
    return render(request, "dimmer/not_kept.html", context)


def _before(page: str) -> tuple[str, ...]:
    return PAGES[: PAGES.index(page)] if page in PAGES else ()
