"""Help, safe use, what this is, and the quick exit: no page here asks anything of the database or the reader."""

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from exercises.records.http import constant
from exercises.safety.lines import LINES, SAFE_AT_HOME, by_country

EVERYTHING = '"cache", "cookies", "storage"'


@constant
@require_safe
def help_now(request: HttpRequest) -> HttpResponse:
    """Who can be called, the emergency number first."""
    return render(request, "safety/help.html", {"first": LINES[0], "countries": by_country()})


@constant
@require_safe
def safe_use(request: HttpRequest) -> HttpResponse:
    """When openness is not safe, and how not to be read by others."""
    return render(request, "safety/safe_use.html", {"lines": SAFE_AT_HOME})


@constant
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What this is for, and what it is not."""
    return render(request, "safety/about.html", {"controller": settings.CONTROLLER})


@constant
@require_safe
def privacy_statement(request: HttpRequest) -> HttpResponse:
    """What is kept, who can read it, and for how long."""
    return render(request, "safety/privacy_statement.html", {"controller": settings.CONTROLLER})


@constant
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """What was tested, and what is known not to work."""
    return render(request, "safety/accessibility.html", {"controller": settings.CONTROLLER})


@login_not_required
@csrf_exempt
def leave(request: HttpRequest) -> HttpResponse:
    """The quick exit: out at once, by any method. A browser that only fetches ahead takes nobody out."""
    if _is_fetching_ahead(request):
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
    try:
        logout(request)
    except (OperationalError, InterfaceError):  # the database is away; the browser forgets all the same
        request.session = type(request.session)()
    headers = {"Clear-Site-Data": EVERYTHING, "Cache-Control": "no-store"}
    response = HttpResponseRedirect(settings.EXIT_URL, status=303, headers=headers)
    for cookie in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        response.delete_cookie(cookie)
    return response


def _is_fetching_ahead(request: HttpRequest) -> bool:
    return any("prefetch" in request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose"))
