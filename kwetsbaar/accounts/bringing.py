"""A guest who signs in to an existing account is asked whether to bring along what they wrote.

The session's `guest` names that guest; it is put there at the moment of signing in, in the guest's own browser.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from exercises.privacy.words import WORDS
from exercises.records.fields import Chips
from exercises.records.forms import sent
from exercises.records.http import Request, own_address
from exercises.records.settings import Settings
from kwetsbaar.accounts.models import User
from kwetsbaar.accounts.moving import HERE, THERE, Both, Move, both, bring_along, counted, throw_away


class BringForm(forms.Form):
    """Which of the two for each day that both have; nothing is chosen beforehand."""

    def __init__(self, data: Any, days: list[Both]) -> None:
        super().__init__(data)
        self.days = days
        for each in days:
            self.fields[str(each.day)] = forms.ChoiceField(
                label=_("Which one stays for %(day)s?") % {"day": date_format(each.day, "j F Y")},
                choices=[(HERE, gettext_lazy("The one in this account")), (THERE, gettext_lazy("The one you bring"))],
                widget=Chips,
                error_messages={"required": gettext_lazy("Which of the two stays?")},
            )

    @property
    def pairs(self) -> list[tuple[Any, Both]]:
        """Each day's field with what stands in both places."""
        return [(self[str(each.day)], each) for each in self.days]

    @property
    def picked(self) -> dict[Any, str]:
        return {each.day: self.cleaned_data[str(each.day)] for each in self.days}


class ThrowForm(forms.Form):
    """One tick, not beforehand."""

    sure = forms.BooleanField(
        label=gettext_lazy("Yes, throw away what I wrote as a guest."),
        error_messages={"required": gettext_lazy("Tick this if you are sure. Until then, everything stays.")},
    )


def bring(request: Request) -> HttpResponse:
    """How much there is to bring; then brought along, left where it is, or thrown away, each once."""
    guest = _guest(request)
    if guest is None:
        return _done(request, "")
    days = both(guest, request.user)
    bring_form = BringForm(_sent(request, "bring"), days)
    throw_form = ThrowForm(_sent(request, "throw"))
    if request.POST.get("choice") == "leave":
        return _done(request, _("It stays where it is. Only its return code opens it."))
    if throw_form.is_valid():
        throw_away(guest, request.user)
        return _done(request, _("What you wrote as a guest has been thrown away."))
    if bring_form.is_valid() and _brought(request, guest, bring_form):
        return _done(request, _("You brought everything along. It is all here now."))
    next_page = own_address(request, "today")
    context = {"bring": bring_form, "throw": throw_form, "much": _much(guest, request.user), "next": next_page}
    return render(request, "accounts/bring.html", context)


def _guest(request: Request) -> User | None:
    """The guest of this session, held by a POST; None for one who is gone, became an account, or has a new code."""
    try:
        wanted = UUID(request.session.get("guest", ""))
    except ValueError:
        return None
    people = User.objects.select_for_update() if request.method == "POST" else User.objects.all()
    guest = people.exclude(pk=request.user.pk).filter(pk=wanted).first()
    if guest is None or not guest.is_guest:
        return None
    proof = request.session.get("guest_proof", "")
    return guest if constant_time_compare(proof, guest.get_session_auth_hash()) else None


def _sent(request: Request, choice: str) -> QueryDict | None:
    return sent(request) if request.POST.get("choice") == choice else None


def _much(guest: Any, account: Any) -> list[str]:
    """What there is, each kind in words; nothing of what there is none of."""
    much, reactions = counted(guest, account), guest.reactions.count()
    told = [words.several % much[model] for model, words in WORDS.items() if much[model] and model is not Settings]
    return told + [ngettext("%d reaction", "%d reactions", reactions) % reactions] * bool(reactions)


def _brought(request: Request, guest: Any, form: BringForm) -> bool:
    """Whether all of it is here now; else nothing happened, and the page asks again with what is here by now."""
    try:
        bring_along(Move(guest, request.user, form.picked, timezone.now()))
    except IntegrityError:
        form.add_error(None, _("Something was written here in the meantime. Nothing has changed yet: try once more."))
        return False
    return True


def _done(request: Request, said: str) -> HttpResponse:
    """Forget the guest, and go on."""
    request.session.pop("guest", None)
    request.session.pop("guest_proof", None)
    if said:
        messages.success(request, said)
    return redirect(own_address(request, "today"))
