"""It is enough: one's own words shown back, and every way to leave well; nothing that pulls back."""

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone

from exercises.records.rowsecurity import acting_as
from exercises.records.settings import Settings
from tests.test_main_path import save, someone, starts  # noqa: F401 - fixture
from tests.test_self_check import main, text

PAGE = "/en/progress/enough/"
DAY = date(2026, 1, 5)
WAYS = ["/privacy/export/", "/summary/", "/account/keep/", "/privacy/delete/", "/read/"]
# Nobody is held back, praised, scolded or asked whether they are sure
UNWANTED = re.compile(
    r"are you sure|weet je het zeker|come back soon|tot snel|miss you|missen je|well done|goed gedaan|great|congrat|gefeliciteerd"
    r"|streak|goal|doel|only \d|nog maar|!",
    re.I,
)


@pytest.fixture
def practised(emma):
    """Keeps steps for Emma, one a day from DAY on: `practised(3, learned="…{n}")`."""

    def make(count: int, *, evidence: bool = False, **fields):
        with acting_as(emma.pk):
            dimmer = emma.dimmers.create(person=emma.people.create(name="Samira"), topic="work")
            for n in range(count):
                made = {"level": 20, "chance": 50, "expectation": "silence", "done": "full", "came_true": "no"}
                words = {name: each.format(n=n) for name, each in fields.items() if isinstance(each, str)}
                step = emma.attempts.create(dimmer=dimmer, done_on=DAY + timedelta(days=n), **made | fields | words)
                step.put_with_evidence(evidence, DAY)
        return dimmer

    return make


def without_figures(user) -> None:
    with acting_as(user.pk):
        Settings.objects.create(user=user, progress_on=False)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_whoever_did_hardly_anything_may_leave_well_too(as_emma, language):
    page = main(as_emma.get(f"/{language}/progress/enough/"))
    for way in WAYS:
        assert f'href="/{language}{way}"' in page
    assert not re.search(r"\b0\b", text(page))
    assert "<dl" not in page
    assert not UNWANTED.search(text(page))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_whoever_did_a_lot_is_not_held_back_or_praised(as_emma, emma, practised, language):
    practised(30, evidence=True, happened="nothing bad", learned="lesson {n}")
    page = main(as_emma.get(f"/{language}/progress/enough/"))
    for way in WAYS:
        assert f'href="/{language}{way}"' in page
    assert not UNWANTED.search(text(page))
    assert "<form" not in page


def test_the_first_and_the_last_of_ones_own_evidence_are_shown_back(as_emma, emma, practised):
    practised(5, evidence=True, expectation="fear {n}", happened="event {n}")
    page = text(main(as_emma.get(PAGE)))
    first, last = page.index("event 0"), page.index("event 4")
    assert page.index("The first thing you kept") < first < page.index("The last thing you kept") < last
    assert page.index("fear 0") < first
    assert page.index("5 January 2026") < page.index("9 January 2026")
    for n in (1, 2, 3):
        assert f"event {n}" not in page


def test_one_piece_is_shown_once(as_emma, emma, practised):
    practised(1, evidence=True, happened="event")
    page = text(main(as_emma.get(PAGE)))
    assert page.count("event") == 1
    assert "The first thing" not in page


def test_a_sentence_that_became_evidence_is_shown_back_once(as_emma, emma, practised):
    practised(3, evidence=True, happened="", learned="I can ask {n}")
    page = text(main(as_emma.get(PAGE)))
    assert [page.count(f"I can ask {n}") for n in range(3)] == [1, 0, 1]


def test_without_evidence_ones_own_learned_sentences_are_shown(as_emma, emma, practised):
    practised(4, learned="I can ask {n}")
    page = text(main(as_emma.get(PAGE)))
    assert [page.count(f"I can ask {n}") for n in range(4)] == [1, 0, 0, 1]
    assert "stays yours" in page


def test_it_says_how_often_what_was_feared_came_true(as_emma, emma, practised):
    practised(4)
    practised(1, came_true="yes")
    practised(1, came_true="part")
    page = text(main(as_emma.get(PAGE)))
    assert "You feared something 6 times. It came true once. And once in part." in page
    assert "practice steps 6" in page


def test_what_was_not_done_or_was_deleted_is_not_counted(as_emma, emma, practised):
    practised(2, done="no", came_true="")
    practised(1, learned="gone", happened="gone")
    practised(1)
    with acting_as(emma.pk):
        gone = next(step for step in emma.attempts.all() if step.learned)
        gone.dimmer.person.discard()
    page = text(main(as_emma.get(PAGE)))
    assert "practice step 1" in page
    assert "gone" not in page


def test_without_figures_there_are_none_and_the_words_are_there(as_emma, emma, practised):
    practised(3, evidence=True, happened="event {n}")
    without_figures(emma)
    page = main(as_emma.get(PAGE))
    assert "event 0" in page
    assert "<dl" not in page
    assert "You feared" not in page
    assert not re.search(r'href="/en/progress/(predictions/)?"', page)


def test_a_person_who_was_deleted_is_not_named(as_emma, emma):
    with acting_as(emma.pk):
        person = emma.people.create(name="Samira")
        emma.evidence.create(happened_on=DAY, person=person, shared="honest")
        person.discard()
    page = text(main(as_emma.get(PAGE)))
    assert "honest" in page
    assert "Samira" not in page


def test_the_seven_sentences_are_offered_once_more_until_they_were_answered_today(as_emma, emma):
    assert "answer them now" in as_emma.get(PAGE).text
    with acting_as(emma.pk):
        emma.self_checks.create(day=DAY, answers=[1] * 7)
    assert "answer them once more" in as_emma.get(PAGE).text
    with acting_as(emma.pk):
        emma.self_checks.create(day=timezone.localdate(timezone=emma.zone), answers=[1] * 7)
    page = as_emma.get(PAGE).text
    assert "You answered them today." in page
    assert 'href="/en/progress/self-check/"' in page


def test_ones_own_words_can_be_blurred(as_emma, emma, practised):
    practised(
        2,
        evidence=True,
        expectation="pearblossom",
        more="pearblossom",
        happened="pearblossom",
        learned="pearblossom {n}",
    )
    page = main(as_emma.get(PAGE))
    unblurred = re.sub(r'<(span|blockquote) class="(own|lead)">.*?</\1>', "", page, flags=re.DOTALL)
    assert "pearblossom" in page
    assert "pearblossom" not in unblurred
    assert "Samira" not in unblurred


def test_someone_elses_words_and_figures_are_not_here(as_malik, emma, practised):
    practised(2, evidence=True, happened="pearblossom")
    page = main(as_malik.get(PAGE))
    assert "pearblossom" not in page
    assert "<dl" not in page


def test_a_visitor_is_sent_to_the_start(client, db):
    assert client.get(PAGE).status_code == 302


def test_a_printed_page_holds_the_words_and_none_of_the_ways(someone):  # noqa: F811
    page = someone("en")
    starts(page, "en")
    page.goto("/en/evidence/new/")
    page.fill("[name=happened]", "They listened.")
    save(page)
    page.goto(PAGE)
    page.emulate_media(media="print")
    assert page.get_by_text("They listened.").is_visible()
    for part in ("main a", "button", "nav", "footer"):
        assert page.locator(f"{part}:visible").count() == 0, part
