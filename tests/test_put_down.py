"""For whoever keeps going round: the button, the page, and when it suggests to talk to someone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.db import connection, connections
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from exercises.journal.models import JournalEntry
from exercises.journal.put_down import DOUBLE_CLICK, OFTEN, WEEK, noted, recent
from exercises.records.rowsecurity import acting_as
from exercises.records.settings import Settings
from tests.conftest import signed_in
from tests.test_dimmer import a_dimmer, an_attempt, text

PAGE = "/en/journal/put-down/"
BUTTON = "I keep going round"
SUGGESTS = "Talking often helps more than thinking it over again"
NOW = datetime(2026, 11, 23, 22, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2026, 11, 1), datetime(2026, 11, 30), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
ODD = (
    st.none()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["2026-11-23", "2026-11-23T20:00", "2026-13-01T00:00Z"])
)
db = pytest.mark.django_db


def uses(user) -> list[str]:
    with acting_as(user.pk):
        row = user.settings.first()
        return row.put_downs if row else []


def used(user, *ago: timedelta) -> None:
    """The button was pressed so long ago, each time."""
    with acting_as(user.pk):
        moments = [(timezone.now() - each).isoformat() for each in ago]
        user.settings.update_or_create(defaults={"put_downs": moments})


# Which moments count


@given(st.lists(MOMENTS.map(datetime.isoformat) | ODD))
def test_only_real_moments_of_the_last_seven_days_are_kept_and_the_new_one_is_among_them(stored):
    kept = noted(stored, NOW)
    moments = [datetime.fromisoformat(each) for each in kept]
    assert moments == sorted(moments)
    assert all(NOW - WEEK < each <= NOW for each in moments)
    assert NOW - moments[-1] < DOUBLE_CLICK
    assert len(kept) - len(recent(stored, NOW)) in (0, 1)
    assert noted(kept, NOW) == kept


@pytest.mark.parametrize("stored", [None, "2026-11-23T20:00:00+00:00", 3, {"a": "b"}])
def test_whatever_else_an_import_brought_counts_for_nothing(stored):
    assert recent(stored, NOW) == []
    assert noted(stored, NOW) == [NOW.isoformat()]


@pytest.mark.parametrize(
    ("ago", "count"),
    [
        (timedelta(seconds=59), 1),
        (timedelta(seconds=60), 2),
        (WEEK - timedelta(seconds=1), 2),
        (WEEK, 1),
        (-timedelta(hours=1), 1),  # later than now: a clock that was set back
    ],
)
def test_a_second_press_counts_after_a_minute_and_for_seven_days(ago, count):
    assert len(noted([(NOW - ago).isoformat()], NOW)) == count


# The button and the page


@db
def test_the_button_counts_once_and_leads_to_the_page(as_emma, emma):
    answer = as_emma.post(PAGE)
    assert (answer.status_code, answer.url) == (302, PAGE)
    assert len(uses(emma)) == 1
    as_emma.post(PAGE)  # within the minute
    assert len(uses(emma)) == 1


@db
def test_reading_the_page_counts_nothing(as_emma, emma):
    for _n in range(4):
        text(as_emma.get(PAGE))
    assert uses(emma) == []


@db
def test_the_other_wishes_stay_as_they_were(as_emma, emma):
    with acting_as(emma.pk):
        emma.settings.create(blur=True, start_with={"with": "friend"})
    as_emma.post(PAGE)
    with acting_as(emma.pk):
        row = emma.settings.get()
        assert (row.blur, row.start_with, len(row.put_downs)) == (True, {"with": "friend"}, 1)


@db
def test_when_somebody_kept_going_round_stands_sealed_in_the_database(as_emma, emma):
    as_emma.post(PAGE)
    (moment,) = uses(emma)
    with acting_as(emma.pk), connection.cursor() as cursor:
        cursor.execute("SELECT put_downs FROM exercises_settings")
        assert moment[:10].encode() not in bytes(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_count_once(emma):
    clients = [signed_in(emma) for _n in range(4)]

    def press(client) -> int:
        try:
            return client.post(PAGE).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(press, clients)) == [302] * 4
    assert len(uses(emma)) == 1
    with acting_as(emma.pk):
        assert Settings.objects.filter(user=emma).count() == 1


@db
def test_the_page_names_a_stop_the_body_one_task_and_someone_to_call(as_emma):
    page = text(as_emma.get(PAGE))
    assert [
        title for title in ("Stop", "Your body", "One task", "Someone to call") if f"<h2>{title}</h2>" not in page
    ] == []
    main = page[page.index("<main") : page.index("</main>")]
    assert 'href="/en/help/"' in main
    assert 'class="button" href="/en/today/"' in main


@db
@pytest.mark.parametrize("language", ["nl", "en"])
def test_from_the_third_time_in_a_week_it_suggests_talking_to_someone(as_emma, emma, language):
    suggests = f'href="/{language}/help/#doctor"'
    address = f"/{language}/journal/put-down/"
    used(emma, *[timedelta(days=n, hours=1) for n in range(OFTEN - 1)])
    assert suggests not in text(as_emma.get(address))
    assert suggests in text(as_emma.post(address, follow=True))


@db
def test_it_says_how_often_in_the_last_seven_days_and_forgets_what_is_older(as_emma, emma):
    used(emma, timedelta(days=8), timedelta(days=6), timedelta(days=3), timedelta(hours=2))
    page = text(as_emma.get(PAGE))
    assert "3 times in the last seven days" in page
    assert SUGGESTS in page
    as_emma.post(PAGE)
    assert len(uses(emma)) == 4  # the one of eight days ago is gone


@db
def test_one_persons_uses_say_nothing_about_another(as_malik, emma):
    used(emma, *[timedelta(hours=n) for n in range(1, 5)])
    assert SUGGESTS not in text(as_malik.get(PAGE))


# Where the buttons stand


class Forms(HTMLParser):
    """Where each form of a page leads, and whether one stands inside another."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.actions: list[str] = []
        self.deepest = self.depth = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "form":
            self.actions.append(dict(attrs).get("action", ""))
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)

    def handle_endtag(self, tag):
        self.depth -= tag == "form"


@db
def test_the_button_stands_with_the_journal_and_after_a_step_in_a_form_of_its_own(as_emma, emma):
    step = an_attempt(emma, a_dimmer(emma), level=20)
    with acting_as(emma.pk):
        entry = JournalEntry.objects.create(user=emma, body="Once more.")
    for address in ("journal/", "journal/new/", f"journal/{entry.pk}/", f"attempts/{step.pk}/after/"):
        page = text(as_emma.get(f"/en/{address}"))
        forms = Forms(page)
        assert BUTTON in page, address
        assert forms.actions.count(PAGE) == 1, address
        assert forms.deepest == 1, address


@db
@pytest.mark.parametrize(
    ("page", "address"), [("stay", "/en/attempts/{}/after/?too_much=1"), ("after", "#id_too_much")]
)
def test_where_a_step_is_open_it_can_be_too_much_or_unsafe_with_one_tap(as_emma, emma, page, address):
    step = an_attempt(emma, a_dimmer(emma), level=20)
    shown = text(as_emma.get(f"/en/attempts/{step.pk}/{page}/"))
    forms = Forms(shown)
    assert f'href="{address.format(step.pk)}"' in shown  # on the page itself to its box: nothing typed is left behind
    assert forms.actions.count("/en/attempts/not-safe/") == 1
    assert forms.deepest == 1
    assert "I am not safe now" in shown


@db
def test_once_it_was_too_much_or_is_over_the_page_asks_no_further(as_emma, emma):
    dimmer = a_dimmer(emma)
    step, over = an_attempt(emma, dimmer, level=20), an_attempt(emma, dimmer, level=20, done="full")
    page = text(as_emma.get(f"/en/attempts/{step.pk}/after/?too_much=1"))
    assert "This is too much" not in page
    assert "I am not safe now" in page
    assert "I am not safe now" not in text(as_emma.get(f"/en/attempts/{over.pk}/after/"))
