"""The cast, and what every test may use."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client
from django.utils import timezone, translation

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's sync API keeps an event loop in this thread

pytest_plugins = ["tests.e2e"]
BOTH = [
    "default",
    "owner",
]  # the app's role and the owner's: without the second, nobody makes or empties the test database


# Where a test says nothing else: 50 examples, and no deadline, which fails on a busy machine and not on a fault.
hypothesis.settings.register_profile("house", max_examples=50, deadline=None)
hypothesis.settings.load_profile("house")


def pytest_configure() -> None:
    """A client of a test asks for pages: it need not list all static files first. The real site does, in the browser tests."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Every test that touches the database says so for both roles. What takes a minute in one piece does not come last."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        fixtures = set(getattr(item, "fixturenames", ()))
        commits = bool({"live_server", "transactional_db"} & fixtures or (marker and marker.kwargs.get("transaction")))
        if commits or marker or "db" in fixtures:
            item.add_marker(pytest.mark.django_db(transaction=commits, databases=BOTH), append=False)
    yield
    items.sort(key=lambda item: "test_leaks" not in item.nodeid)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Whoever is still connected (the app's role, a thread of a test) leaves before the owner drops the database."""
    yield
    connections["default"].close()
    with django_db_blocker.unblock(), connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def guest(db) -> Callable:
    """Makes someone who has just started, in Amsterdam."""

    def make(language: str = "nl", now: datetime | None = None):
        now = now or timezone.now()
        return get_user_model().objects.start_guest(None, language=language, time_zone="Europe/Amsterdam", now=now)

    return make


@pytest.fixture
def emma(guest):
    return guest()


@pytest.fixture
def malik(guest):
    return guest()


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_emma(emma) -> Client:
    return signed_in(emma)


@pytest.fixture
def as_malik(malik) -> Client:
    return signed_in(malik)
