"""The whole site: the product, the accounts, and what stands outside the languages."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path
from django.utils.translation import override
from django.views.decorators.http import require_safe

from exercises.safety.views import leave
from kwetsbaar.accounts import views as accounts

handler400 = "kwetsbaar.errors.bad_request"
handler403 = "kwetsbaar.errors.forbidden"
handler404 = "kwetsbaar.errors.not_found"
handler500 = "kwetsbaar.errors.fault"


@login_not_required
@require_safe
def healthy(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The process answers and its database does; else 503."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """On to the language that a person chose, else the browser's, else Dutch."""
    if request.user.is_authenticated:
        with override(request.user.language):
            return redirect("today")
    return redirect("landing")


urlpatterns = [
    path("", home),
    path("weg/", leave, name="leave"),
    path("healthz", healthy),
    path("readyz", ready),
    *i18n_patterns(
        path("", accounts.landing, name="landing"),
        path("start/", accounts.start, name="start"),
        path("account/return/", accounts.come_back, name="come_back"),
        path("account/code/", accounts.return_code, name="return_code"),
        path("account/sign-out/", accounts.sign_out, name="sign_out"),
        path("", include("exercises.urls")),
    ),
]
