"""What is promised, the person's settings, taking everything along, and deleting."""

from datetime import datetime
from urllib.parse import urlencode

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from exercises.course.courses import find
from exercises.privacy import importing
from exercises.privacy.export import Wanted, bundle
from exercises.privacy.forms import DeleteForm, ExportForm, ImportForm, PinForm, SettingsForm, SwitchForm, YearForm
from exercises.privacy.lock import note_seen
from exercises.privacy.words import in_words, tell_all
from exercises.privacy.years import discard_year, hidden, restore, years
from exercises.records.forms import sent
from exercises.records.http import Request, confirmed, own_address
from exercises.records.views import saved, say_deleted
from exercises.safety.views import EVERYTHING


@require_safe
def privacy(request: Request) -> HttpResponse:
    """The promises in plain words, the way to each thing a person can do about their own, and their reactions."""
    mine = request.user.reactions.order_by("-created_at")
    reactions = [(row, find(row.module, get_language())) for row in mine]
    return render(request, "privacy/privacy.html", {"reactions": reactions})


def settings(request: Request) -> HttpResponse:
    """How one likes it, and the PIN (`form` says which was sent); then this page again, in the language chosen."""
    which = request.POST.get("form", "settings") if request.method == "POST" else ""
    if which == "switch":
        return _switch(request)
    if which == "no_pin":
        request.user.settings.update(pin="")
        return saved(request, "settings")
    form = SettingsForm(request.POST if which == "settings" else None, user=request.user)
    pin = PinForm(request.POST if which == "pin" else None)
    if form.is_valid():
        with translation.override(form.save().language):
            return saved(request, "settings")
    if pin.is_valid():
        pin.save(request.user)
        note_seen(request)
        return saved(request, "settings")
    return render(request, "privacy/settings.html", {"form": form, "pin": pin})


def _switch(request: Request) -> HttpResponse:
    """One switch from elsewhere, then back there."""
    form = SwitchForm(request.POST)
    if form.is_valid():
        form.save(request.user)
    return redirect(own_address(request, "settings"))


def delete(request: Request) -> HttpResponse:
    """Consent taken back: person, rows and key go in this request's transaction, and the browser forgets."""
    form = DeleteForm(sent(request))
    if not form.is_valid():
        return render(request, "privacy/delete.html", {"form": form})
    request.user.delete()
    logout(request)
    response = render(request, "privacy/goodbye.html")
    response["Clear-Site-Data"] = EVERYTHING
    return response


@confirmed
def export(request: Request) -> HttpResponseBase:
    """What is in it and one choice; then everything at once, while it is being made."""
    form = ExportForm(sent(request))
    if not form.is_valid():
        return render(request, "privacy/export.html", {"form": form})
    if too_often := ratelimit.consume_or_429(request, action="export"):
        return too_often
    wanted = Wanted(get_language() or "nl", timezone.localtime(), form.cleaned_data["initials"])
    response = StreamingHttpResponse(bundle(request.user, wanted), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{wanted.file_name}"'
    response["Content-Encoding"] = "identity"  # a zip is small already: not through gzip once more
    return response


def bring_back(request: Request) -> HttpResponse:
    """A download brought back; what came of it is shown at once, and the file is kept nowhere."""
    form = ImportForm(sent(request), request.FILES or None)
    if request.method == "POST" and (too_often := ratelimit.consume_or_429(request, action="import")):
        return too_often
    if form.is_valid():
        try:
            result = importing.bring_back(request.user, form.cleaned_data["file"])
            return render(request, "privacy/import.html", {"result": result, "no_room": tell_all(result.no_room)})
        except ValidationError as problem:
            form.add_error("file", problem)
    return render(request, "privacy/import.html", {"form": form})


def delete_year(request: Request) -> HttpResponse:
    """Which years there are and what is in them; then one of them is gone, with a day to undo."""
    now = timezone.now()
    form = YearForm(sent(request), years=years(request.user))
    if form.is_valid():
        discard_year(request.user, form.cleaned_data["year"], now)
        undo = f"{reverse('year_undo')}?{urlencode({'at': now.isoformat()})}"
        request.session["years_deleted"] = [*_deleted(request), (form.cleaned_data["year"], now.isoformat())]
        say_deleted(request, undo)
        return redirect("year_delete")
    gone = [(y, at, in_words(hidden(request.user, datetime.fromisoformat(at), now))) for y, at in _deleted(request)]
    return render(request, "privacy/delete_year.html", {"form": form, "gone": [each for each in gone if each[2]]})


def _deleted(request: Request) -> list[tuple[int, str]]:
    """The years that were deleted in this session, each with its moment."""
    return request.session.get("years_deleted", [])


@require_POST
def restore_year(request: Request) -> HttpResponse:
    """Everything that was hidden at one moment, within a day."""
    try:
        moment = datetime.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        raise Http404 from None
    if moment.tzinfo is None or not hidden(request.user, moment, timezone.now()):
        raise Http404
    if restore(request.user, moment):
        messages.info(request, _("Some of it could not come back: there is already something new in its place."))
    else:
        messages.success(request, _("Back again."))
    return redirect("year_delete")
