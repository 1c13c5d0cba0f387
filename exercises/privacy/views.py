"""What is promised, the person's settings, and deleting everything."""

from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from exercises.privacy.forms import DeleteForm, SettingsForm
from exercises.records.forms import sent
from exercises.records.http import Request
from exercises.records.views import saved
from exercises.safety.views import EVERYTHING


@require_safe
def privacy(request: Request) -> HttpResponse:
    """The promises in plain words, and the way to each thing a person can do about their own."""
    return render(request, "privacy/privacy.html")


def settings(request: Request) -> HttpResponse:
    """Language and time zone; then this page again, in the language chosen."""
    form = SettingsForm(sent(request), instance=request.user)
    if not form.is_valid():
        return render(request, "privacy/settings.html", {"form": form})
    with translation.override(form.save().language):
        return saved(request, "settings")


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
