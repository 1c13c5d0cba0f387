"""A request as the views see it."""

from typing import Any

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """`user` is the person (the product knows them only by AUTH_USER_MODEL); `htmx` is true for a fragment."""

    user: Any
    htmx: HtmxDetails
