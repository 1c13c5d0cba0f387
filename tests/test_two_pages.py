"""The same record open on two pages or devices: the second is told, shown both, and nothing is silently overwritten."""

import re

import pytest

from exercises.dimmer.models import Attempt
from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.journal.models import JournalEntry
from exercises.people.models import Person
from exercises.records.rowsecurity import acting_as
from tests.test_boundary import one_of_each

FORMS = {
    JournalEntry: ("journal/{}/", "body", {"takeaway": "t"}),
    Evidence: ("evidence/{}/", "feared", {"shared": "s", "happened_on": "2026-01-02"}),
    DailyFeeling: ("feeling/2026-01-02/", "sentence", {"words": ["sad"]}),
    Person: ("people/{}/", "name", {"relation": "friend"}),
    Attempt: ("attempts/{}/after/", "happened", {"done": "full", "done_on": "2026-01-03"}),
}


@pytest.fixture(params=FORMS.items(), ids=lambda each: each[0].__name__)
def record(request, emma):
    model, (path, field, rest) = request.param
    with acting_as(emma.pk):
        row = one_of_each(emma)[model]
    return row, "/en/" + path.format(row.pk), field, rest


def seen_on(page) -> str:
    return re.search(r'name="seen"(?: value="([^"]*)")?', page.text)[1] or ""


def stored(emma, row, field) -> str:
    with acting_as(emma.pk):
        return getattr(type(row).objects.get(pk=row.pk), field)


def test_the_second_is_told_shown_both_and_may_keep_its_own(as_emma, emma, record):
    row, path, field, rest = record
    first = second = seen_on(as_emma.get(path))
    assert as_emma.post(path, rest | {field: "from the phone", "seen": first}).status_code == 302
    answer = as_emma.post(path, rest | {field: "from the laptop", "seen": second})
    assert answer.status_code == 200
    assert "changed in the meantime" in answer.text
    assert "from the phone" in answer.text
    assert "from the laptop" in answer.text
    assert stored(emma, row, field) == "from the phone"
    assert as_emma.post(path, rest | {field: "from the laptop", "seen": seen_on(answer)}).status_code == 302
    assert stored(emma, row, field) == "from the laptop"


def test_a_double_click_is_not_told_anything(as_emma, emma, record):
    row, path, field, rest = record
    sent = rest | {field: "once", "seen": seen_on(as_emma.get(path))}
    assert [as_emma.post(path, sent).status_code for _click in range(2)] == [302, 302]
    assert stored(emma, row, field) == "once"


def test_a_form_without_a_version_is_taken_as_it_is(as_emma, emma, record):
    row, path, field, rest = record
    assert as_emma.post(path, rest | {field: "plain"}).status_code == 302
    assert stored(emma, row, field) == "plain"


def test_two_who_both_begin_a_day_keep_both_until_one_chooses(as_emma, emma):
    empty = {"seen": ""}
    as_emma.post("/en/feeling/2026-02-03/", empty | {"words": ["calm"], "sentence": "from the phone"})
    answer = as_emma.post("/en/feeling/2026-02-03/", empty | {"words": ["sad"], "sentence": "from the laptop"})
    assert "from the phone" in answer.text
    assert "calm" in answer.text
    with acting_as(emma.pk):
        assert emma.feelings.get().sentence == "from the phone"
