"""What holds for every answer of this site."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.templatetags.static import static
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_cache_control

from exercises.records.http import Request
from kwetsbaar import errors
from kwetsbaar.accounts import reauthentication

WORKER = "/sw.js"  # browsers ask for it after each page: the same for everybody, so nobody is looked up for it
Handler = Callable[[HttpRequest], HttpResponseBase]


class PrivateHeaders:
    """A page of someone who is signed in is stored nowhere; a visitor's page may be kept, and asked after each time.

    From a visitor's page the browser may fetch public pages ahead (static/ahead.rules says which); for who is signed in
    never, because that would be a page of their own.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == WORKER:
            request.COOKIES = {}
        response = self.get_response(request)
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        if settings.SESSION_COOKIE_NAME in request.COOKIES or response.cookies or request.method != "GET":
            add_never_cache_headers(response)
        elif not response.has_header("Cache-Control"):
            patch_cache_control(response, public=True, no_cache=True)
            if response.status_code == 200 and response.get("Content-Type", "").startswith("text/html"):
                response["Speculation-Rules"] = f'"{static("ahead.rules")}"'
        return response


class LoginRequired(LoginRequiredMiddleware):
    """Every page asks for a person unless it is marked public; what a lost session was sending is shown, not lost."""

    def get_login_url(self, view_func: Callable) -> str:
        """To begin with, or at the administration to sign in."""
        administers = hasattr(view_func, "admin_site") or hasattr(view_func, "model_admin")
        return "account_login" if administers else super().get_login_url(view_func)

    def handle_no_permission(self, request: HttpRequest, view_func: Callable) -> Any:
        if request.headers.get("HX-Request"):  # a fragment: let the page itself find out
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        if request.method == "POST":
            return errors.signed_out(request)
        return super().handle_no_permission(request, view_func)


class Confirmed:
    """Before what matters most, the person shows that it is them (`exercises.records.http.confirmed`)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: Request, view: Callable, args: Any, kwargs: Any) -> HttpResponse | None:
        return reauthentication.ask_first(request) if reauthentication.is_needed(request) else None


class OwnTime:
    """Days and hours are those of the person."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        zone = (
            request.user.zone
            if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated
            else None
        )
        with timezone.override(zone):
            return self.get_response(request)
