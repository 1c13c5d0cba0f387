"""Slow and hostile clients over real sockets: they stop nobody else, and find nothing."""

from pathlib import Path

import pytest

from tests import slowly, sockets
from tests.visits import served, workers

REQUESTS = 150
WHILE = 12  # pages that somebody else asks for meanwhile


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for place in (tmp_path, *tmp_path.parents[:2]):
        place.chmod(0o755)  # as root, the database's server runs as another user
    return tmp_path / "site"


def test_whoever_sends_or_reads_slowly_keeps_nobody_else_waiting(home):
    with slowly.behind_proxy(home) as port, slowly.crowd(port) as there:
        assert slowly.waits(port, WHILE)["longest"] < slowly.SLOWEST
        assert there() > slowly.READERS, "they are still there"


def test_nothing_that_is_sent_byte_for_byte_finds_a_fault_or_anyones_words(home):
    with served(home) as site:
        before = workers(site.server)
        mine, visitor = sockets.someone(site.port), sockets.nobody(site.port)
        theirs = sockets.someone(site.port, sockets.THEIRS, like=mine)
        written = sockets.written(site.port, theirs)
        counted, wrong = sockets.attack(site.port, REQUESTS, 7, list(theirs.ids.values()), mine, visitor)
        assert wrong == []
        assert counted["status 200"] > REQUESTS / 10
        assert sockets.written(site.port, theirs) == written
        assert any(sockets.THEIRS in words for words in written)
        assert workers(site.server) == before
    assert sockets.told((home / "log").read_text()) == []
