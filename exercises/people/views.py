"""The people one practises with, what was tried with them, and the trust check."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from exercises.drafts.keeping import kept
from exercises.drafts.models import forget
from exercises.people.forms import DeletePersonForm, EditPersonForm, PersonForm, TrustForm
from exercises.people.models import Person
from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.records.paging import Cursor, page
from exercises.records.views import saved, say_deleted, to_delete

SOME = 3  # pieces of evidence on a person's page


def people(request: Request) -> HttpResponse:
    """Everyone, those put away apart."""
    everyone = list(request.user.people.newest_first())
    lists = {
        "people": [person for person in everyone if not person.archived_at],
        "put_away": [person for person in everyone if person.archived_at],
    }
    return render(request, "people/people.html", lists)


def new(request: Request) -> HttpResponse:
    """Someone new."""
    form = PersonForm(sent(request), user=request.user)
    if form.is_valid():
        return saved(request, "person", form.save().pk)
    return render(request, "people/new.html", {"form": kept(request, form)})


def person(request: Request, id: UUID) -> HttpResponse:
    """One person: the dimmers and what was tried with them, the trust check, and the form that changes them."""
    one = _person(request, id)
    form = EditPersonForm(sent(request), user=request.user, instance=one)
    if form.is_valid():
        form.save()
        return saved(request, "person", id)
    context = {
        "person": one,
        "form": kept(request, form),
        "dimmers": request.user.dimmers.filter(person=one).with_level(request.user).newest_first(),
        "trust_is_due": one.trust_is_due(timezone.localdate()),
        "pieces": request.user.evidence.like(person=one).before(None)[:SOME],
    }
    return render(request, "people/person.html", context | _tried(request, one))


def _tried(request: Request, one: Person) -> dict[str, Any]:
    """The steps with this person, a page at a time; and over all of them, how they reacted and which signs were met."""
    steps = request.user.attempts.with_person(one).answered()
    cursor = Cursor.read(request.GET.get("before", ""), datetime)
    shown, older = page(steps.select_related("dimmer").before(cursor))
    met = list(steps.only("user", "reaction", "signs"))
    return {
        "steps": shown,
        "older": older,
        "cursor": cursor,
        "reactions": Counter(str(step.reaction_name) for step in met if step.reaction).most_common(),
        "signs": Counter(str(name) for step in met for name in step.sign_names).most_common(),
    }


def _person(request: Request, id: UUID) -> Person:
    """One of one's own. A POST holds the row, so that a pause that begins meanwhile is not written over."""
    people = request.user.people.all()
    return get_object_or_404(people.select_for_update() if request.method == "POST" else people, pk=id)


def delete(request: Request, id: UUID) -> HttpResponse:
    """Asks what goes along; then it is gone, with a day to undo."""
    person = get_object_or_404(to_delete(request, request.user.people), pk=id)
    form = DeletePersonForm(sent(request))
    if form.is_valid():
        if person.deleted_at is None:
            person.discard(also_named=form.cleaned_data["named"] == "delete")
        say_deleted(request, reverse("person_undo", args=[id]))
        return redirect("people")
    named = person.evidence.exists() or person.feelings.exists()
    return render(request, "people/delete.html", {"person": person, "form": form, "named": named})


def trust(request: Request, id: UUID) -> HttpResponse:
    """The trust check. A stop sign pauses this person; one in which nothing is answered changes nothing."""
    one = _person(request, id)
    was_paused = one.paused_at is not None
    form = TrustForm(sent(request), user=request.user, instance=one)
    if not form.is_valid():
        return render(request, "people/trust.html", {"person": one, "form": kept(request, form)})
    if not form.given:
        forget(TrustForm, form)  # what was typed before, and taken back now
        messages.info(request, _("You left everything open. That is fine. Nothing was saved, and nothing changed."))
        return redirect("person", id)
    form.save()
    if form.missing:
        messages.info(request, _pause_stays(form.missing))
    elif was_paused and one.paused_at is None:
        messages.info(request, _("The pause with this person has ended. You choose whether to take a step, and when."))
    return saved(request, "person", id)


def _pause_stays(missing: int) -> str:
    return ngettext(
        "The pause stays. %(n)d question under ‘Stop’ is still open. The pause ends when you answer ‘no’ to all three.",
        "The pause stays. %(n)d questions under ‘Stop’ are still open."
        " The pause ends when you answer ‘no’ to all three.",
        missing,
    ) % {"n": missing}


@require_POST
def trust_remove(request: Request, id: UUID) -> HttpResponse:
    """The answers of the trust check go; what came of it stays."""
    _person(request, id).forget_trust_answers()
    messages.success(request, _("Your answers have been removed. The outcome and its day are still there."))
    return redirect("person", id)
