"""Serves the limits of `benchmarks.load`, bare_views.py: `/site/…` through all middleware, `/none/…` through none."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from kwetsbaar.requests import readable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kwetsbaar.settings")
settings.ROOT_URLCONF = "benchmarks.bare_views"
django.setup()


def handler(middleware: list[str]) -> WSGIHandler:
    settings.MIDDLEWARE = middleware
    return WSGIHandler()


through_all, through_none = handler(settings.MIDDLEWARE), handler([])


def application(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
    """One request, one answer."""
    chosen = through_none if environ["PATH_INFO"].startswith("/none/") else through_all
    return chosen(readable(environ), start_response)
