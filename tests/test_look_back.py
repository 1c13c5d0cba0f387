"""How one looks back on a step a day later: asked once, skipping is fine, then closed."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from exercises.dimmer.models import Attempt
from exercises.drafts.models import Draft
from exercises.records.rowsecurity import acting_as
from tests.test_dimmer import a_dimmer, an_attempt, count, only, text

pytestmark = pytest.mark.django_db
LINE = "It felt smaller in the morning."
QUESTION = "How do you look back on it?"


def today(user) -> date:
    return timezone.localdate(timezone=user.zone)


def a_step(user, days_ago=1, **fields) -> Attempt:
    """One that was done so many days ago."""
    fields = {"done": "full", "done_on": today(user) - timedelta(days=days_ago), "more": "It was a hard week."} | fields
    return an_attempt(user, a_dimmer(user), level=20, **fields)


def page_of(step: Attempt) -> str:
    return f"/en/attempts/{step.pk}/look-back/"


def answers(client, step: Attempt, line=LINE, **fields) -> str:
    return text(client.post(page_of(step), {"look_back": line} | fields, follow=True))


def asked(user) -> list[Attempt]:
    """The steps that today's page still asks about."""
    with acting_as(user.pk):
        return list(user.attempts.to_look_back_on(today(user)))


def test_the_day_after_one_line_is_asked_and_kept(as_emma, emma):
    step = a_step(emma)
    assert asked(emma) == [step]
    page = text(as_emma.get(page_of(step)))
    assert QUESTION in page
    assert "It was a hard week." in page
    assert "Saved." in answers(as_emma, step)
    row = only(emma, Attempt)
    assert (row.look_back, row.look_back_on) == (LINE, today(emma))
    assert asked(emma) == []


def test_skipping_is_as_good_an_answer_and_keeps_no_words(as_emma, emma):
    step = a_step(emma)
    page = answers(as_emma, step, "Half a thought", skip="on")
    assert "Skipped. That is fine too." in page
    row = only(emma, Attempt)
    assert (row.look_back, row.look_back_on) == ("", today(emma))
    assert asked(emma) == []


def test_saving_an_empty_line_skips_it(as_emma, emma):
    assert "Skipped. That is fine too." in answers(as_emma, a_step(emma), "  ")
    assert only(emma, Attempt).look_back_on == today(emma)


def test_who_skips_can_do_so_whatever_was_typed(as_emma, emma):
    answers(as_emma, a_step(emma), "x" * 501, skip="on")
    assert only(emma, Attempt).look_back_on == today(emma)


def test_what_was_being_typed_is_gone_after_skipping(as_emma, emma):
    step = a_step(emma)
    with acting_as(emma.pk):
        form, body = page_of(step).removeprefix("/en"), {"look_back": ["Half a thought"]}
        Draft.objects.create(user=emma, form=form, row=step.pk, body=body)
    assert "Half a thought" in text(as_emma.get(page_of(step)))
    answers(as_emma, step, "Half a thought", id=str(step.pk), skip="on")
    assert count(emma, Draft) == 0


def test_on_the_same_day_it_can_be_changed(as_emma, emma):
    step = a_step(emma)
    answers(as_emma, step)
    page = text(as_emma.get(page_of(step)))
    assert LINE in page
    assert 'name="skip"' not in page
    answers(as_emma, step, "It was all right.")
    assert only(emma, Attempt).look_back == "It was all right."


def test_after_skipping_it_can_still_be_answered_on_the_same_day(as_emma, emma):
    step = a_step(emma)
    answers(as_emma, step, skip="on")
    answers(as_emma, step)
    assert only(emma, Attempt).look_back == LINE


@pytest.mark.parametrize(("line", "shown"), [(LINE, LINE), ("", "You skipped this on")])
def test_a_day_after_the_answer_it_is_closed_and_can_only_be_read(as_emma, emma, line, shown):
    step = a_step(emma, 3, look_back=line, look_back_on=today(emma) - timedelta(days=1))
    page = text(as_emma.get(page_of(step)))
    assert shown in page
    assert "closed now" in page
    assert 'name="look_back"' not in page
    page = answers(as_emma, step, "Once more, then.")
    assert "Once more, then." in page  # to copy: nothing that was typed is lost
    assert only(emma, Attempt).look_back == line


def test_a_closed_line_stays_readable_when_the_step_is_changed_later(as_emma, emma):
    yesterday = today(emma) - timedelta(days=1)
    step = a_step(emma, 0, done="no", look_back=LINE, look_back_on=yesterday)
    assert LINE in text(as_emma.get(page_of(step)))


@pytest.mark.parametrize("fields", [{"days_ago": 0}, {"done": "", "done_on": None}, {"done": "no"}])
def test_on_the_day_itself_or_before_it_was_done_the_page_says_that_it_is_for_later(as_emma, emma, fields):
    step = a_step(emma, **fields)
    page = text(as_emma.get(page_of(step)))
    assert ("for tomorrow" in page) or ("for the day after" in page)
    assert 'name="look_back"' not in page
    assert LINE in answers(as_emma, step)
    row = only(emma, Attempt)
    assert (row.look_back, row.look_back_on) == ("", None)


@pytest.mark.parametrize("days", [8, 400])
def test_long_after_nobody_asks_but_one_may_still_answer(as_emma, emma, days):
    step = a_step(emma, days)
    assert asked(emma) == []
    answers(as_emma, step)
    assert only(emma, Attempt).look_back == LINE


def test_a_step_without_a_day_that_was_made_before_today_can_be_looked_back_on(as_emma, emma):
    step = a_step(emma, done_on=None)
    assert "for tomorrow" in text(as_emma.get(page_of(step)))
    with acting_as(emma.pk):
        emma.attempts.update(created_at=timezone.now() - timedelta(days=2))
    assert QUESTION in text(as_emma.get(page_of(step)))


def test_a_line_that_is_too_long_stays_in_its_box(as_emma, emma):
    step = a_step(emma)
    page = text(as_emma.post(page_of(step), {"look_back": "x" * 501}))
    assert "x" * 501 in page
    assert only(emma, Attempt).look_back_on is None


def test_a_double_click_is_the_same_as_one(as_emma, emma):
    step = a_step(emma)
    seen = as_emma.get(page_of(step)).context["form"]["seen"].value()
    for _click in range(2):
        assert "Saved." in answers(as_emma, step, id=str(step.pk), seen=seen)
    assert only(emma, Attempt).look_back == LINE


def test_what_another_device_wrote_is_shown_before_it_is_overwritten(as_emma, emma):
    step = a_step(emma)
    seen = as_emma.get(page_of(step)).context["form"]["seen"].value()
    answers(as_emma, step, "From the other phone.")
    page = text(as_emma.post(page_of(step), {"look_back": LINE, "seen": seen}))
    assert "From the other phone." in page
    assert only(emma, Attempt).look_back == "From the other phone."


def test_the_line_says_nothing_about_the_rest_of_the_step(as_emma, emma):
    a_step(emma, learned="I can say it.", chance_next=30, came_true="no", habits=["joke"])
    before = only(emma, Attempt)
    answers(as_emma, before)
    after = only(emma, Attempt)
    names = ("done", "done_on", "more", "learned", "chance_next", "came_true", "habits", "evidence_id")
    assert [getattr(after, name) for name in names] == [getattr(before, name) for name in names]


def test_someone_elses_step_is_not_there(as_malik, emma):
    step = a_step(emma)
    assert as_malik.get(page_of(step)).status_code == 404
    assert as_malik.post(page_of(step), {"look_back": LINE}).status_code == 404


def test_the_page_asks_the_database_as_much_with_one_step_as_with_many(
    as_emma, emma, django_assert_max_num_queries, django_assert_num_queries
):
    step = a_step(emma)
    as_emma.get(page_of(step))
    with django_assert_max_num_queries(15) as first:
        as_emma.get(page_of(step))
    for _n in range(11):
        a_step(emma)
    with django_assert_num_queries(len(first.captured_queries)):
        as_emma.get(page_of(step))
