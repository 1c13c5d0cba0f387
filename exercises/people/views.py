"""The people one practises with."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from exercises.drafts.keeping import kept
from exercises.people.forms import DeletePersonForm, EditPersonForm, PersonForm
from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.records.views import saved, say_deleted, to_delete


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
    """One person, the dimmers with them, and the form that changes them."""
    one = get_object_or_404(request.user.people, pk=id)
    form = EditPersonForm(sent(request), user=request.user, instance=one)
    if form.is_valid():
        form.save()
        return saved(request, "person", id)
    dimmers = one.dimmers.with_level().newest_first()
    return render(request, "people/person.html", {"person": one, "dimmers": dimmers, "form": kept(request, form)})


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
