"""What whoever runs the site asks of it: does it answer, is it ready, and figures. None of them is about a person.

Figures (Prometheus) are off without KWETSBAAR_METRICS_TOKEN. Each worker counts in files of its own, so that whichever
worker is asked tells of all of them.
"""

import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.signals import got_request_exception
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from kwetsbaar.errors import RETRY_AFTER
from kwetsbaar.middleware import Handler
from kwetsbaar.reporting import METHODS

PROBES = {"/healthz", "/readyz", "/metrics"}
SLOW = 1.0  # seconds; an answer that took longer gets a line in the log
ROOM = 2 * 1024 * 1024  # bytes for each kind of figure of one worker: four times what every page and status need
REQUESTS = Counter("kwetsbaar_requests", "Answers", ["page", "method", "status"])
SECONDS = Histogram("kwetsbaar_request_seconds", "How long an answer took to make", ["page"])
FAULTS = Counter("kwetsbaar_faults", "Requests that an exception ended", ["kind"])

slow = logging.getLogger("kwetsbaar.slow")
_migrated: set[str] = set()  # once is enough for a process


@login_not_required
@require_safe
def healthy(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The process answers, its database does too, and has every migration that this code knows; else 503."""
    try:
        reason = _not_ready()
    except (DatabaseError, InterfaceError):
        reason = "the database does not answer"
    if reason:
        return HttpResponse(reason, content_type="text/plain", status=503, headers={"Retry-After": RETRY_AFTER})
    return HttpResponse("ok", content_type="text/plain")


def _not_ready() -> str:
    if "default" in _migrated:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return ""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "migrate first"
    _migrated.add("default")
    return ""


@login_not_required
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """What all workers of this server counted, for who has the token; for everybody else there is no such page."""
    token = settings.METRICS_TOKEN
    if not token or not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        raise Http404
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return HttpResponse(
        generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )


class Watched:
    """First of all: times each answer, counts it where figures are on, and notes in the log what took long."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.counts = bool(settings.METRICS_TOKEN) and _has_room()
        if self.counts:
            got_request_exception.connect(count_fault, dispatch_uid="figures")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        if request.path in PROBES:  # asked under whichever name this machine has in its network
            request.META["HTTP_HOST"] = "localhost"
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        if seconds > SLOW:
            about = {"request": request, "status_code": response.status_code, "milliseconds": round(seconds * 1000)}
            slow.warning("slow", extra=about)
        if self.counts:
            page = page_of(request)
            method = request.method if request.method in METHODS else "other"
            REQUESTS.labels(page, method, response.status_code).inc()
            SECONDS.labels(page).observe(seconds)
        return response


def page_of(request: HttpRequest) -> str:
    """The name of the page, which is the same for everybody; never its address."""
    if request.resolver_match:
        return request.resolver_match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


def count_fault(sender: Any, **kwargs: Any) -> None:
    """An exception that no page of ours expected: of the database, or another."""
    FAULTS.labels("database" if isinstance(sys.exc_info()[1], DatabaseError | InterfaceError) else "other").inc()


def _has_room() -> bool:
    """Take the space for this worker's files: writing to a mapped file on a full disk would kill the process."""
    place = Path(settings.FIGURES)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for kind in ("counter", "histogram"):
            with (place / f"{kind}_{os.getpid()}.db").open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, ROOM)
    except OSError as error:
        slow.warning("no figures", exc_info=error)
        return False
    return True
