"""Row security: the database itself shows a person only their own rows.

It stops a forgotten filter, not someone who can run SQL as the owner.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

from exercises.records.models import Owned
from exercises.records.sealing import check_keyring, keys_kept

_passed: set[str] = set()  # once is enough for a process
NOBODY = UUID(int=0)  # a visitor sees no rows; code that names no one at all gets an error


@contextmanager
def acting_as(user_id: UUID | None) -> Iterator[None]:
    """A transaction in which only this person's rows exist. Not inside another: the setting would outlive it."""
    with transaction.atomic(durable=True), keys_kept():
        set_user(user_id)
        yield


@contextmanager
def reading_as(user_id: UUID) -> Iterator[None]:
    """For this block only this person's rows exist, in someone else's request or in none. A fault leaves no trace."""
    if not connection.in_atomic_block:
        with acting_as(user_id):
            yield
        return
    with transaction.atomic(), keys_kept():  # a fault takes the setting back, with all else that was done here
        before = _acting_now()
        set_user(user_id)
        yield
        set_user(before)


def _acting_now() -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.user_id', true)")
        (who,) = cursor.fetchone()
    return UUID(who) if who else None


@contextmanager
def alone_with(user_id: UUID) -> Iterator[None]:
    """As `acting_as`, after this person's running requests and before their next: for a change of their key."""
    with transaction.atomic(durable=True), keys_kept():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(user_id)])
        set_user(user_id)
        yield


def set_user(user_id: UUID | None) -> None:
    """Until this transaction ends (LOCAL), so that no pool can hand it on. SET, which Citus passes to its workers.

    A shared lock comes with it: a change of this person's key waits for it to end. Citus passes on both, but its
    workers need no lock: where one of them is this server, a transaction would wait for itself.
    """
    who = str(user_id or NOBODY)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL app.user_id = %s; SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"
            " WHERE NOT starts_with(current_setting('application_name'), 'citus_internal')",
            [who, who],
        )


class RowSecurityMiddleware:
    """A transaction for each request of someone who is signed in; none for a visitor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user_id = self._user_id(request)
        if user_id is None:
            return self.get_response(request)
        with acting_as(user_id):
            response = self.get_response(request)
            if getattr(request, "failed", False):
                transaction.set_rollback(True)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        request.failed = True  # type: ignore[attr-defined]  # an error page may read; nothing that the view wrote is kept

    @staticmethod
    def _user_id(request: HttpRequest) -> UUID | None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        try:
            return request.user.pk
        except (OperationalError, InterfaceError):
            if not _is_public(request):
                raise
            request.user = AnonymousUser()  # the database is away: a public page answers as for a visitor
            return None


def _is_public(request: HttpRequest) -> bool:
    """Whether this shows a page that is for everybody; what is sent needs the database anyhow."""
    if request.method not in ("GET", "HEAD"):
        return False
    try:
        return not getattr(resolve(request.path_info).func, "login_required", True)
    except Resolver404:
        return False


def protect_tables(using: str, **kwargs: object) -> None:
    """After every migrate, as the owner: each personal table gets its policy, and only then is it opened to the app."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in protection():
            cursor.execute(statement)


def protection() -> Iterator[str]:
    """What that takes, in one transaction. One statement at a time and one place at a time, as Citus asks for it."""
    quote = connection.ops.quote_name
    app = quote(settings.DATABASES["default"]["USER"])
    yield "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"
    for model in apps.get_models(include_auto_created=True):
        table = quote(model._meta.db_table)
        if issubclass(model, Owned):
            yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
            yield f"DROP POLICY IF EXISTS own_rows ON {table}"
            yield f"CREATE POLICY own_rows ON {table} USING (user_id = current_setting('app.user_id')::uuid)"
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {app}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app}"
    yield f"GRANT SELECT ON django_migrations TO {app}"


def check_database(connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    """At a process's first connection: refuse a role that row security does not bind, or a wrong keyring."""
    if connection.alias != "default" or _passed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND pg_has_role(oid, 'MEMBER'))"
            " OR EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND pg_has_role(relowner, 'MEMBER')),"
            " to_regclass('exercises_keyringproof') IS NOT NULL"
        )
        bypasses, migrated = cursor.fetchone()
    if bypasses:
        raise ImproperlyConfigured(
            "DATABASE_URL names a role that could bypass row security (a superuser, one with BYPASSRLS, or the tables'"
            " owner). Use a role that owns nothing, and give the owner as DATABASE_OWNER_URL to `migrate` alone."
        )
    if migrated:
        check_keyring(connection)
        _passed.add(connection.alias)
