"""A request as the views see it."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """`user` is the person (the product knows them only by AUTH_USER_MODEL); `htmx` is true for a fragment.

    `wishes` are how this person likes it (Settings).
    """

    user: Any
    htmx: HtmxDetails
    wishes: Any


def confirmed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Marks a view that asks first whether this is really the person: who signed in or confirmed it just now passes.

    The site's middleware sees to it (`kwetsbaar.middleware.Confirmed`); the product only says where it is needed.
    """
    view.needs_confirmation = True  # type: ignore[attr-defined]
    return view


def constant(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A public page that is the same for every visitor as long as the site runs: made once, then kept.

    The site's middleware sees to it (`kwetsbaar.middleware.ConstantPages`). For a visitor such a page asks nothing of
    the database, of the clock or of a cookie.
    """
    view.is_constant = True  # type: ignore[attr-defined]
    return login_not_required(view)


def own_address(request: HttpRequest, otherwise: str) -> str:
    """Where a page or its form wants to go on to (`next`), if that is a page of this site; else `otherwise`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if own_path(request, wanted) else reverse(otherwise)


def own_path(request: HttpRequest, url: str) -> bool:
    """Whether `url` is a path on this site."""
    own = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return own and url.startswith("/")
