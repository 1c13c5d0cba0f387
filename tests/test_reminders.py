"""Reminders as the person sees them: off until asked for, at most one a day on their own clock, ended by one tap."""

import re
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from zoneinfo import ZoneInfo, available_timezones

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.privacy.words import tell
from exercises.records.links import token_of
from exercises.records.models import UNDO_FOR, uuid7
from exercises.records.rowsecurity import acting_as
from exercises.reminders.models import STOP, Reminder
from exercises.reminders.schedule import next_due
from kwetsbaar.accounts.moving import Move, bring_along
from tests.test_import import brought, file_of, records_of
from tests.test_wishes import sent_by

PAGE, TODAY = "/en/privacy/reminders/", "/en/today/"
AMSTERDAM, LORD_HOWE = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Australia/Lord_Howe")
EVERY_DAY = range(7)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday, 10:00 in Amsterdam
CHOSEN = {"weekdays": ["1", "3"], "hour": "20", "message": "", "channel": "calendar"}
ASKED = "Your reminders paused while you were away. Should they carry on, or stop?"
# No figure of days, nothing missed, no feeling
UNWANTED = re.compile(r"\d+ (days|dagen)|missed|gemist|streak|feel|gevoel|dimmer|vulnerab|kwetsbaar", re.I)


# When the next one comes


def following(weekdays, hour: int, zone: ZoneInfo, after: datetime, count: int) -> list[str]:
    """The next so many, on the clock of the zone and in UTC."""
    found = []
    for _n in range(count):
        after = next_due(weekdays, hour, zone, after)
        found.append(f"{after.astimezone(zone):%a %H:%M} {after:%H:%M}")
    return found


def clock(*moment: int, zone: ZoneInfo = AMSTERDAM) -> datetime:
    return datetime(*moment, tzinfo=zone)


def test_it_comes_on_the_chosen_days_at_the_chosen_hour():
    assert following([1, 4], 20, AMSTERDAM, NOW, 3) == ["Tue 20:00 19:00", "Fri 20:00 19:00", "Tue 20:00 19:00"]


def test_the_hour_stays_that_of_the_persons_clock_in_both_nights_in_which_it_changes():
    autumn = following(EVERY_DAY, 20, AMSTERDAM, clock(2026, 10, 24, 12), 3)
    assert autumn == ["Sat 20:00 18:00", "Sun 20:00 19:00", "Mon 20:00 19:00"]
    spring = following(EVERY_DAY, 20, AMSTERDAM, clock(2027, 3, 27, 12), 3)
    assert spring == ["Sat 20:00 19:00", "Sun 20:00 18:00", "Mon 20:00 18:00"]


def test_an_hour_that_comes_twice_reminds_once_and_one_that_is_skipped_an_hour_later():
    assert following(EVERY_DAY, 2, AMSTERDAM, clock(2026, 10, 24, 12), 2) == ["Sun 02:00 00:00", "Mon 02:00 01:00"]
    assert following(EVERY_DAY, 2, AMSTERDAM, clock(2027, 3, 27, 12), 2) == ["Sun 03:00 01:00", "Mon 02:00 00:00"]


def test_a_clock_that_changes_by_half_an_hour_is_followed_too():
    spring = following(EVERY_DAY, 2, LORD_HOWE, clock(2026, 10, 3, 12, zone=LORD_HOWE), 2)
    assert spring == ["Sun 02:30 15:30", "Mon 02:00 15:00"]
    autumn = following(EVERY_DAY, 2, LORD_HOWE, clock(2027, 4, 3, 12, zone=LORD_HOWE), 2)
    assert autumn == ["Sun 02:00 15:30", "Mon 02:00 15:30"]
    evening = following(EVERY_DAY, 20, LORD_HOWE, clock(2027, 4, 3, 12, zone=LORD_HOWE), 2)
    assert evening == ["Sat 20:00 09:00", "Sun 20:00 09:30"]


@settings(max_examples=300)
@given(
    zone=st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})).map(ZoneInfo),
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    hour=st.integers(0, 23),
    after=st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    sent=st.none() | st.integers(-1, 7),
)
def test_anywhere_it_is_on_a_chosen_day_at_the_chosen_hour_after_now_and_not_on_a_day_that_had_one(
    zone, weekdays, hour, after, sent
):
    today = after.astimezone(zone).date()
    not_on = None if sent is None else today + timedelta(days=sent)
    found = next_due(weekdays, hour, zone, after, not_on=not_on)
    assert found is not None
    assert found > after
    local = found.astimezone(zone)
    wished = datetime.combine(local.date(), time(hour))
    late = local.replace(tzinfo=None) - wished
    there = wished.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wished
    assert late == timedelta(0) if there else timedelta(0) < late <= timedelta(hours=2), "Troll skips two hours"
    assert local.date().weekday() in weekdays
    assert local.date() != not_on
    assert (local.date() - today).days <= 14
    earlier = (today + timedelta(days=n) for n in range((local.date() - today).days))
    for day in earlier:  # none that would have done was passed over
        passed = day.weekday() not in weekdays or day == not_on
        assert passed or datetime.combine(day, time(hour), zone).astimezone(UTC) <= after


def test_without_days_none_comes():
    assert next_due([], 20, AMSTERDAM, NOW) is None


# The page


def of(user) -> Reminder | None:
    """What is stored."""
    with acting_as(user.pk):
        row = Reminder.objects.filter(user=user).first()
        if row:
            row.said = row.message  # opened while the key is there
        return row


def reminds(user, now: datetime = NOW, **fields) -> Reminder:
    """Reminders that are on."""
    with acting_as(user.pk):
        row = Reminder(user=user, **{"weekdays": [*EVERY_DAY], "hour": 20, "message": "pearblossom"} | fields)
        row.save()
        row.switch_on(now)
    return row


def paused(user, **fields) -> Reminder:
    return reminds_changed(user, unanswered=3, paused_at=NOW, due_at=None, **fields)


def reminds_changed(user, **fields) -> Reminder:
    row = reminds(user)
    with acting_as(user.pk):
        user.reminders.update(**fields)
    return row


def confirm_address(user) -> None:
    EmailAddress.objects.create(user=user, email="someone@example.org", verified=True, primary=True)


def form_of(client: Client, **changes) -> dict:
    """What a browser sends from the page as it is now, with these changes."""
    page = client.get(PAGE).text
    hidden = dict(re.findall(r'<input type="hidden" name="(id|seen|whose)" value="([^"]*)"', page))
    return hidden | CHOSEN | changes


def switches_on(client: Client, **changes):
    return client.post(PAGE, form_of(client, **changes) | {"switch": "on"})


def read(response) -> str:
    """What someone reads in `<main>`, its spaces made single."""
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def test_nobody_is_reminded_who_did_not_ask(as_emma, emma):
    for path in (PAGE, TODAY, "/en/privacy/settings/"):
        as_emma.get(path)
    assert of(emma) is None
    assert "are on" not in read(as_emma.get(PAGE))


def test_before_anyone_chooses_it_says_that_others_may_see_it(as_emma):
    page = as_emma.get(PAGE).text
    assert "Anyone nearby can see a lock screen, and mailboxes and calendars are often shared." in page
    assert page.index("lock screen") < page.index('name="weekdays"')
    assert '<option value="20" selected>20:00</option>' in page
    assert " checked" not in page.split('name="channel"')[0].split('name="weekdays"')[1], "no day is chosen beforehand"


def test_what_is_chosen_is_kept_switched_on_and_the_next_one_named(as_emma, emma):
    answer = switches_on(as_emma, weekdays=["4", "1"], hour="7", message=" Water  the plants ")
    assert answer["Location"] == PAGE
    row = of(emma)
    assert (row.on, row.weekdays, row.hour, row.said, row.channel) == (True, [1, 4], 7, "Water the plants", "calendar")
    comes = next_due([1, 4], 7, AMSTERDAM, timezone.now()).astimezone(AMSTERDAM)
    page = read(as_emma.get(PAGE))
    assert f"Next: {comes:%A} {comes.day} {comes:%B}, 07:00" in page
    assert "Your reminders are on" in page


def test_sending_twice_keeps_one_and_another_page_is_not_overwritten_unsaid(as_emma, emma):
    sent = form_of(as_emma) | {"switch": "on"}
    for _click in range(3):
        assert as_emma.post(PAGE, sent).status_code == 302
    old = form_of(as_emma, hour="9")
    as_emma.post(PAGE, form_of(as_emma, hour="8"))
    refused = as_emma.post(PAGE, old)
    assert "This was changed in the meantime" in refused.text
    assert of(emma).hour == 8
    with acting_as(emma.pk):
        assert Reminder.with_deleted.filter(user=emma).count() == 1


def test_changing_it_later_saves_it_and_switches_nothing_on_or_off(as_emma, emma):
    switches_on(as_emma)
    as_emma.post(PAGE, form_of(as_emma, hour="6"))
    assert (of(emma).on, of(emma).hour) == (True, 6)
    as_emma.post(PAGE, {"now": "off"})
    as_emma.post(PAGE, form_of(as_emma, hour="5"))
    assert (of(emma).on, of(emma).hour) == (False, 5)


@pytest.mark.parametrize(
    "changes",
    [
        {"weekdays": []}, {"weekdays": ["7"]}, {"weekdays": ["x"]}, {"hour": "24"}, {"hour": "-1"}, {"hour": ""}, {"message": "x" * 81},
        {"channel": "mail"}, {"channel": "push"}, {"channel": "pigeon"}, {"channel": ""},
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_and_what_was_typed_stays(as_emma, emma, changes):
    answer = switches_on(as_emma, **{"message": "Water the plants"} | changes)
    assert answer.status_code == 200
    assert "Please check:" in answer.text
    typed = re.search(r'name="message" value="([^"]*)"', answer.text)[1]
    assert typed == changes.get("message", "Water the plants")
    assert of(emma) is None


def test_by_mail_is_offered_only_to_who_has_a_confirmed_address(as_emma, emma):
    page = as_emma.get(PAGE).text
    assert 'value="mail"' not in page
    assert re.search(r'needs a confirmed address[^<]*<a href="/en/account/keep/">Keep my work', page)
    address = EmailAddress.objects.create(user=emma, email="someone@example.org", verified=False)
    assert 'value="mail"' not in as_emma.get(PAGE).text
    EmailAddress.objects.filter(pk=address.pk).update(verified=True)
    page = as_emma.get(PAGE).text
    assert 'value="mail"' in page
    assert "needs a confirmed address" not in page
    switches_on(as_emma, channel="mail")
    assert of(emma).due_at == next_due([1, 3], 20, AMSTERDAM, timezone.now())


def test_without_its_address_the_page_says_that_it_cannot_reach_anyone(as_emma, emma):
    reminds(emma, channel="mail")
    page = as_emma.get(PAGE)
    assert "you no longer have a confirmed e-mail address" in read(page)
    assert "Next:" not in read(page)
    refused = as_emma.post(PAGE, form_of(as_emma, channel=""))
    assert "Choose how you would like to be reminded." in refused.text, "no other way is taken unasked"


def test_notifications_are_offered_only_where_the_site_has_a_key_for_them(as_emma, settings):
    settings.PUSH_KEY = ""
    assert 'value="push"' not in as_emma.get(PAGE).text
    settings.PUSH_KEY = "A" * 42 + "E"
    assert 'value="push"' in as_emma.get(PAGE).text


def test_one_tap_ends_it_and_what_was_chosen_stays(as_emma, emma):
    switches_on(as_emma, message="Water the plants")
    for _tap in range(2):
        answer = as_emma.post(PAGE, {"now": "off"}, follow=True)
        assert "Your reminders are off. What you chose stays here." in answer.text
    row = of(emma)
    assert (row.on, row.due_at, row.said, row.weekdays) == (False, None, "Water the plants", [1, 3])
    assert 'value="Water the plants"' in answer.text
    assert "Your reminders are on" not in answer.text


def test_the_words_are_sealed_and_what_is_being_typed_is_kept(as_emma, emma):
    reminds(emma, message="Water the plants")
    with acting_as(emma.pk), connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM exercises_reminder t")
        ((stored,),) = cursor.fetchall()
    assert "Water" not in stored
    assert b"Water".hex() not in stored
    typed = form_of(as_emma, message="Feed the cat") | {"draft_page": "/privacy/reminders/", "id": str(of(emma).pk)}
    assert as_emma.post("/drafts/", typed).status_code == 200
    page = as_emma.get(PAGE)
    assert 'value="Feed the cat"' in page.text
    assert "It is not saved yet." in page.text
    assert of(emma).said == "Water the plants"


def test_deleting_what_was_chosen_can_be_undone_for_a_day(as_emma, emma):
    reminds(emma)
    as_emma.post(PAGE, {"now": "off"})
    id = of(emma).pk
    assert f'action="/en/reminders/{id}/delete/"' in as_emma.get(PAGE).text
    gone = as_emma.post(f"/en/reminders/{id}/delete/", follow=True)
    assert "pearblossom" not in gone.text
    assert of(emma) is None
    as_emma.post(f"/en/reminders/{id}/undo/")
    assert (of(emma).said, of(emma).on) == ("pearblossom", False)
    as_emma.post(f"/en/reminders/{id}/delete/")
    with acting_as(emma.pk):
        Reminder.with_deleted.update(deleted_at=timezone.now() - UNDO_FOR - timedelta(hours=1))
    assert as_emma.post(f"/en/reminders/{id}/undo/").status_code == 404


def test_someone_elses_reminders_are_neither_shown_nor_changed(as_malik, emma):
    row = reminds(emma)
    assert "pearblossom" not in as_malik.get(PAGE).text
    as_malik.post(PAGE, {"now": "off"})
    as_malik.post(PAGE, form_of(as_malik) | {"id": str(row.pk), "switch": "on"})
    assert (of(emma).on, of(emma).said) == (True, "pearblossom")


def test_the_page_of_leaving_well_says_whether_they_are_on_and_one_tap_ends_them(as_emma, emma):
    page = as_emma.get("/en/progress/enough/").text
    assert "No reminders are on, so there is nothing to turn off" in page
    reminds(emma)
    page = as_emma.get("/en/progress/enough/").text
    assert "You asked for reminders." in page
    answer = as_emma.post(PAGE, {"now": "off", "next": "/en/progress/enough/"})
    assert answer["Location"] == "/en/progress/enough/"
    assert not of(emma).on


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_after_one_tap_one_stays_on_this_site(as_emma, emma, wanted):
    reminds(emma)
    assert as_emma.post(PAGE, {"now": "off", "next": wanted})["Location"] == PAGE


# At most one a day


def test_one_a_day_also_when_the_hour_is_changed_after_todays_was_sent(as_emma, emma):
    now = timezone.now()
    today = now.astimezone(AMSTERDAM).date()
    confirm_address(emma)
    reminds_changed(emma, sent_on=today)
    for hour in ("23", "0", "12"):
        as_emma.post(PAGE, form_of(as_emma, weekdays=[*map(str, EVERY_DAY)], hour=hour, channel="mail"))
        assert of(emma).due_at.astimezone(AMSTERDAM) == clock(*_ymd(today + timedelta(days=1)), int(hour))
    as_emma.post(PAGE, {"now": "off"})
    switches_on(as_emma, weekdays=[*map(str, EVERY_DAY)], hour="23", channel="mail")
    assert of(emma).due_at.astimezone(AMSTERDAM).date() == today + timedelta(days=1)


def _ymd(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def test_another_time_zone_keeps_the_hour_on_the_new_clock(as_emma, emma):
    reminds(emma, now=timezone.now(), hour=9)
    for name in ("Asia/Tokyo", "America/New_York", "Australia/Lord_Howe"):
        as_emma.post("/en/privacy/settings/", sent_by(as_emma, time_zone=name))
        due = of(emma).due_at
        assert (due.astimezone(ZoneInfo(name)).hour, due.astimezone(ZoneInfo(name)).minute) == (9, 0)
        assert timezone.now() < due <= timezone.now() + timedelta(days=1)


def test_another_setting_leaves_the_plan_alone(as_emma, emma):
    row = reminds_changed(emma, claim=uuid7(), claimed_until=NOW)
    as_emma.post("/en/privacy/settings/", sent_by(as_emma, blur="on", language="en"))
    assert (of(emma).due_at, of(emma).claimed_until) == (row.due_at, NOW)


@given(taps=st.lists(st.sampled_from(["on", "off", "save", "sent"]), max_size=8))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_tapped_it_is_due_only_while_it_is_on_and_never_twice_on_a_day(emma, taps):
    with acting_as(emma.pk):
        emma.reminders.all().delete()
        row, now = emma.reminders.create(weekdays=[*EVERY_DAY]), NOW
        for tap in taps:
            now += timedelta(hours=5)
            if tap == "sent" and row.due_at:
                now = max(now, row.due_at)
                row.sent_on = now.astimezone(AMSTERDAM).date()
                row.schedule(now)
                row.save()
            else:
                {"on": row.switch_on, "off": row.switch_off}.get(tap, row.reschedule)(now)
            row.refresh_from_db()
            assert (row.due_at is not None) == row.on
            assert row.claim is None
            if row.due_at:
                assert row.due_at > now
                assert row.due_at.astimezone(AMSTERDAM).date() != row.sent_on


# Paused by itself


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("new", [True, False])
def test_after_a_pause_today_asks_kindly_and_names_no_days(as_emma, emma, language, new):
    paused(emma)
    if not new:
        with acting_as(emma.pk):
            emma.entries.create(body="a page")
    response = as_emma.get(f"/{language}/today/")
    assert f'action="/{language}/privacy/reminders/"' in response.text
    if language == "en":
        assert ASKED in read(response)
    assert not re.search(r"\d+ (days|dagen|weken|weeks)|missed|gemist", read(response))


def test_go_on_and_stop_are_one_tap_each_and_then_nothing_asks_any_more(as_emma, emma):
    for wanted, on in (("resume", True), ("off", False)):
        with acting_as(emma.pk):
            Reminder.with_deleted.filter(user=emma).delete()
        paused(emma)
        assert ASKED in read(as_emma.get(PAGE))
        assert as_emma.post(PAGE, {"now": wanted, "next": TODAY})["Location"] == TODAY
        row = of(emma)
        assert (row.on, row.paused_at, row.unanswered, row.due_at is not None) == (on, None, 0, on)
        assert ASKED not in read(as_emma.get(TODAY))


def test_who_taps_carry_on_after_a_stop_elsewhere_is_reminded_as_it_says(as_emma, emma):
    paused(emma)
    confirm_address(emma)
    as_emma.post(PAGE, {"now": "off"})
    answer = as_emma.post(PAGE, {"now": "resume"}, follow=True)
    assert "Your reminders will carry on." in answer.text
    assert (of(emma).on, of(emma).due_at is not None) == (True, True)
    assert "Next: " in read(answer)


def test_who_leaves_the_question_open_is_not_reminded_and_is_asked_again(as_emma, emma):
    paused(emma)
    for _visit in range(2):
        assert ASKED in read(as_emma.get(TODAY))
    row = of(emma)
    assert row.due_at is None
    assert row.paused_at
    row.schedule(NOW)
    assert row.due_at is None


def test_a_visit_answers_what_was_sent_until_then_and_writes_only_where_something_was(as_emma, emma):
    reminds_changed(emma, unanswered=2)
    with CaptureQueriesContext(connection) as first:
        as_emma.get(TODAY)
    with CaptureQueriesContext(connection) as second:
        as_emma.get(TODAY)
    assert of(emma).unanswered == 0

    def updates(queries):
        return [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]

    assert len(updates(first)) == 1
    assert updates(second) == []


def test_today_costs_no_more_queries_with_reminders_than_without(as_emma, emma):
    as_emma.get(TODAY)
    with CaptureQueriesContext(connection) as without:
        as_emma.get(TODAY)
    paused(emma)
    as_emma.get(TODAY)
    with CaptureQueriesContext(connection) as with_them:
        as_emma.get(TODAY)
    assert len(with_them) == len(without)


# The link in a mail


def link(row: Reminder) -> str:
    return f"/reminders/stop/{row.stop_token}/"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_link_asks_first_and_looking_at_it_ends_nothing(client, emma, language):
    get_user_model().objects.filter(pk=emma.pk).update(language=language)
    row = reminds(emma)
    for look in (client.get, client.head, client.get):
        answer = look(link(row), headers={"Accept-Language": "nl" if language == "en" else "en"})
        assert answer.status_code == 200
    assert f'lang="{language}"' in answer.text, "the person's language, not the browser's"
    assert answer["Content-Language"] == language
    assert len(re.findall(r"<form", answer.text)) == 1
    assert of(emma).on


@pytest.mark.parametrize("body", [{"List-Unsubscribe": "One-Click"}, {}])
def test_one_tap_or_the_button_of_a_mail_program_ends_it_without_signing_in(emma, body):
    row = reminds(emma)
    stranger = Client(enforce_csrf_checks=True)
    for _tap in range(2):
        answer = stranger.post(link(row), body)
        assert answer.status_code == 200
        assert "De herinneringen staan uit" in answer.text or "The reminders are off" in answer.text
    assert (of(emma).on, of(emma).due_at) == (False, None)
    assert not answer.cookies
    assert '<a href="/">' in answer.text


def test_a_link_that_opens_nothing_is_the_same_friendly_page_whatever_is_wrong_with_it(client, emma, malik):
    row, other = reminds(emma), reminds(malik)
    tokens = [
        "x", "é", "A" * 64, row.stop_token[:-1] + ("A" if row.stop_token[-1] != "A" else "B"), f"{row.stop_token}A",
        token_of("exercises.sharing.links", emma.pk, row.pk), token_of("exercises.reminders.calendar", emma.pk, row.feed),
        token_of(STOP, emma.pk, other.pk), token_of(STOP, uuid7(), row.pk), token_of(STOP, emma.pk, emma.pk),
    ]  # fmt: skip
    pages = set()
    for token in tokens:
        for ask in (client.get, client.post):
            answer = ask(f"/reminders/stop/{token}/")
            assert answer.status_code == 404
            pages.add(answer.text)
    assert len(pages) == 1
    assert "<form" not in pages.pop()
    assert of(emma).on
    assert of(malik).on


def test_the_link_of_what_is_deleted_or_of_who_is_gone_opens_nothing_either(client, emma):
    row = reminds(emma)
    with acting_as(emma.pk):
        row.discard()
    assert client.post(link(row)).status_code == 404
    with acting_as(emma.pk):
        row.restore()
    get_user_model().objects.filter(pk=emma.pk).update(is_active=False)
    assert client.post(link(row)).status_code == 404
    get_user_model().objects.filter(pk=emma.pk).delete()
    assert client.post(link(row)).status_code == 404


def test_the_page_behind_the_link_tells_nothing_of_anyone_and_is_kept_nowhere(client, emma, as_malik, malik):
    row = reminds(emma)
    get_user_model().objects.filter(pk=emma.pk).update(shown_name="Emma’s list")
    with acting_as(malik.pk):
        malik.settings.create(blur=True)
    for one in (client, as_malik):
        for ask in (one.get, one.post):
            answer = ask(link(row))
            assert "no-store" in answer["Cache-Control"]
            assert "public" not in answer["Cache-Control"]
            assert answer["Referrer-Policy"] == "no-referrer"
            assert answer["X-Robots-Tag"] == "noindex, nofollow, noarchive"
            assert '<meta name="robots" content="noindex, nofollow, noarchive">' in answer.text
            for telling in (
                "pearblossom",
                "Emma",
                str(emma.pk),
                row.stop_token,
                "data-signed-in",
                "data-blur",
                "20:00",
            ):
                assert telling not in answer.text
            assert not UNWANTED.search(read(answer))


def test_the_link_works_while_the_pages_are_locked_and_opens_none_of_them(emma, as_emma):
    row = reminds(emma)
    as_emma.post("/en/privacy/settings/", {"form": "pin", "pin": "4711", "pin_again": "4711"})
    as_emma.post("/en/privacy/lock/", {"close": "on"})
    assert as_emma.post(link(row)).status_code == 200
    assert not of(emma).on
    assert "pearblossom" not in as_emma.get(PAGE).text


# Downloads, guests, deleting


def test_a_download_that_is_brought_back_reminds_nobody(emma, malik):
    reminds(emma, weekdays=[0, 6], hour=7)
    data = file_of(records_of(emma))
    assert {"on", "feed", "due_at", "sent_on"}.isdisjoint(data["records"]["Reminder"][0])
    brought(malik, data)
    row = of(malik)
    assert (row.on, row.due_at, row.feed) == (False, None, None)
    assert (row.weekdays, row.hour, row.said) == ([0, 6], 7, "pearblossom")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weekdays", [7]), ("weekdays", [1, 0]), ("weekdays", [1, 1]), ("weekdays", [True]), ("weekdays", {"0": 1}), ("weekdays", "1"),
        ("weekdays", [[1]]), ("hour", 24), ("hour", -1), ("channel", "pigeon"), ("channel", None), ("message", "x" * 81), ("message", ["x"]),
    ],
)  # fmt: skip
def test_odd_values_in_a_download_are_named_and_nothing_is_stored(emma, malik, field, value):
    reminds(emma)
    data = file_of(records_of(emma))
    data["records"]["Reminder"][0][field] = value
    with pytest.raises(Exception, match="Reminder, number 1"):
        brought(malik, data)
    assert of(malik) is None


def bring(guest, account) -> None:
    with acting_as(account.pk):
        bring_along(Move(guest, account, {}, NOW))


def test_a_guests_reminders_come_along_switched_off(emma, malik):
    row = reminds(malik, channel="calendar")
    bring(malik, emma)
    brought_along = of(emma)
    assert (brought_along.pk, brought_along.said) == (row.pk, "pearblossom")
    assert (brought_along.on, brought_along.feed, brought_along.due_at) == (False, None, None)


def test_where_both_have_reminders_the_accounts_stay_as_they_are(emma, malik):
    mine = reminds(emma, message="Mine")
    reminds(malik)
    bring(malik, emma)
    assert (of(emma).pk, of(emma).said, of(emma).on, of(emma).due_at) == (mine.pk, "Mine", True, mine.due_at)


def test_an_export_says_in_words_when_and_how(emma):
    row = reminds(emma, weekdays=[0, 6], hour=7, channel="calendar")
    with acting_as(emma.pk):
        told = tell(row)
    assert told.pairs == [
        ("Days", "Monday · Sunday"),
        ("Time", "07:00"),
        ("What it says", "pearblossom"),
        ("How it comes", "in my calendar"),
    ]
