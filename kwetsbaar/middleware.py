"""What holds for every answer of this site."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.templatetags.static import static
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, get_conditional_response, patch_cache_control

from exercises.privacy.importing import LARGEST
from exercises.records.http import Request
from kwetsbaar import errors
from kwetsbaar.accounts import reauthentication

MOST_WORDS = 2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # bytes: Django counts the words itself, this is with all around
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


class ConstantPages:
    """A visitor's page that never changes (`exercises.records.http.constant`), made and gzipped once a process.

    What is asked with a session or a query string goes the whole way. Kept with the instance: new settings, new pages.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.pages: dict[tuple[str, bool], tuple[ResolverMatch, bytes, dict[str, str]]] = {}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != "GET" or settings.SESSION_COOKIE_NAME in request.COOKIES or request.META["QUERY_STRING"]:
            return self.get_response(request)
        request.get_host()  # refuses a host that is not ours
        which = request.path, "gzip" in request.headers.get("Accept-Encoding", "")
        if which in self.pages:
            request.resolver_match, content, headers = self.pages[which]
            page = HttpResponse(content, headers=headers)
            return get_conditional_response(request, headers["ETag"], response=page) or page
        response = self.get_response(request)
        match = request.resolver_match
        constant = not settings.DEBUG and match and getattr(match.func, "is_constant", False)
        if match and constant and isinstance(response, HttpResponse) and response.status_code == 200:
            self.pages[which] = match, response.content, dict(response.items())
        return response


class Sessions(SessionMiddleware):
    """A page that was only asked for is shown also where its session cannot be stored now, as on a full disk."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except (OperationalError, InterfaceError):
            if request.method in ("GET", "HEAD") and settings.SESSION_COOKIE_NAME in request.COOKIES:
                return response
            raise


class SavedTogether:
    """What was sent, and what the session says of it ("Saved."), are stored in one transaction: both, or neither."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        session = request.session
        went_well = request.method == "POST" and response.status_code < 400 and connection.in_atomic_block
        if went_well and session.modified and not session.is_empty():
            with suppress(UpdateError):  # ended meanwhile: Django's own middleware says so
                session.save()
        return response


class NotTooLarge:
    """What is larger than a page can take is refused before it is read, so that it keeps no worker busy: 413."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        size = request.META.get("CONTENT_LENGTH") or "0"
        if size.isdecimal() and int(size) > MOST_WORDS and int(size) > self._most(request):
            raise RequestDataTooBig
        return self.get_response(request)

    @staticmethod
    def _most(request: HttpRequest) -> int:
        """Bytes: one page takes a file."""
        with suppress(Resolver404):
            if resolve(request.path_info).url_name == "import":
                return LARGEST + MOST_WORDS
        return MOST_WORDS


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
