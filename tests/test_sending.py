"""Reminders by e-mail, to a real mail server: each once, also with two workers and one of them killed; neutral; and paused."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session
from allauth.account.models import EmailAddress
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as times
from hypothesis import strategies as st

from exercises.records.rowsecurity import acting_as
from exercises.reminders import sending
from exercises.reminders.models import Channel, Reminder
from exercises.reminders.outcomes import Outcome
from kwetsbaar import __main__ as serving
from tests.conftest import signed_in
from tests.running import free_port

pytestmark = pytest.mark.django_db(transaction=True)  # as on the real site: each step is committed
SMTP = "django.core.mail.backends.smtp.EmailBackend"
OURS = "A reminder you set yourself."
LAST = "This is the last reminder for now. You can switch them on again whenever you like."


class Post:
    """A mail server on this machine: what it took, by address, and how it treats the next ones."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, EmailMessage]] = []
        self.connections = 0
        self.at: dict[str, Callable[..., str]] = {}  # what it says instead, per command

    async def handle_EHLO(
        self, server: Any, session: Session, envelope: Envelope, name: str, said: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = name
        return said

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if "RCPT" in self.at and (said := self.at["RCPT"](server, address)):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if "DATA" in self.at and (said := self.at["DATA"](server, envelope)):
            return said
        self.take(envelope)
        return "250 OK"

    def take(self, envelope: Envelope) -> None:
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.letters += [(address, letter) for address in envelope.rcpt_tos]

    @property
    def addresses(self) -> list[str]:
        return sorted(address for address, _letter in self.letters)


@pytest.fixture
def post(settings) -> Iterator[Post]:
    taken = Post()
    controller = Controller(taken, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", controller.port
    settings.EMAIL_TIMEOUT = 2
    taken.port = controller.port
    yield taken
    controller.stop()


@pytest.fixture
def mail(post) -> Iterator[sending.Mail]:
    way = sending.Mail()
    yield way
    way.close()


def noon() -> str:
    """A time zone in which it is about noon, so that no test crosses a midnight."""
    return f"Etc/GMT{timezone.now().hour - 12:+d}"


@pytest.fixture
def reminded(guest) -> Callable[..., Reminder]:
    """Makes someone with a confirmed address whose reminder is due since a minute."""
    number = iter(range(10**6))

    def make(*, minutes: float = 1, address: str | None = None, language: str = "en", **fields: Any) -> Reminder:
        user = guest(language)
        user.time_zone = noon()
        user.save(update_fields=["time_zone"])
        EmailAddress.objects.create(
            user=user, email=address or f"p{next(number)}@example.org", verified=True, primary=True
        )
        due = timezone.now() - timedelta(minutes=minutes)
        wish = {"on": True, "weekdays": [0, 1, 2, 3, 4, 5, 6], "hour": 12, "due_at": due} | fields
        with acting_as(user.pk):
            return Reminder.objects.create(user=user, **wish)

    return make


def again(row: Reminder) -> Reminder:
    with acting_as(row.user_id):
        return Reminder.with_deleted.select_related("user").get(pk=row.pk)


def put(row: Reminder, **fields: Any) -> None:
    with acting_as(row.user_id):
        Reminder.with_deleted.filter(pk=row.pk).update(**fields)


def run() -> Counter[str]:
    return sending.send_due(20)


def environ(post: Post) -> dict[str, str]:
    """Of a worker in a process of its own, on the database of this test."""

    def url(alias: str) -> str:
        place = connections[alias].settings_dict
        return (
            f"postgres://{place['USER']}@{quote(place['HOST'], safe='')}/{connections['owner'].settings_dict['NAME']}"
        )

    return os.environ | {
        "DATABASE_URL": url("default"),
        "DATABASE_OWNER_URL": url("owner"),
        "KWETSBAAR_KEYS": " ".join(b64encode(key).decode() for key in site.SEALING_KEYS),
        "SECRET_KEY": site.SECRET_KEY,
        "EMAIL_URL": f"smtp://127.0.0.1:{post.port}",
    }  # fmt: skip


def worker(post: Post, **more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "manage.py", "send_reminders"]
    return subprocess.Popen(
        command, env=environ(post) | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


# What is sent


def test_a_reminder_that_is_due_is_sent_once_and_the_next_one_is_planned(reminded, post):
    row = reminded()
    assert run() == {Outcome.SENT: 1}
    assert run() == {}
    assert len(post.letters) == 1
    row = again(row)
    today = timezone.now().astimezone(row.user.zone).date()
    assert row.sent_on == today
    assert row.unanswered == 1
    assert row.due_at.astimezone(row.user.zone).date() == today + timedelta(days=1)
    assert row.claim is row.claimed_until is None


def test_it_says_only_what_the_person_chose_and_leads_to_the_start_page_alone(reminded, post):
    row = reminded(message="Water the plants")
    run()
    [(address, letter)] = post.letters
    assert address == row.user.confirmed_email
    assert letter["Subject"] == "Water the plants"
    assert letter["From"] == f"Notes <{site.DEFAULT_FROM_EMAIL}>"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = letter.get_content()
    stop = f"{site.SITE_URL}/reminders/stop/{row.stop_token}/"
    assert re.findall(r"https?://\S+", text) == [f"{site.SITE_URL}/", stop]
    assert letter["List-Unsubscribe"].strip() == f"<{stop}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Message-ID"].endswith(f"@{site.MAIL_HOST}>")
    assert letter.get_content_type() == "text/plain"
    assert OURS in text
    assert LAST not in text


@pytest.mark.parametrize(("language", "name"), [("nl", "Notities"), ("en", "Notes")])
def test_without_own_words_it_says_ours_in_the_language_of_the_person(reminded, post, language, name):
    reminded(language=language)
    run()
    [(_address, letter)] = post.letters
    subject = {"nl": "Een herinnering die jij hebt ingesteld.", "en": OURS}[language]
    assert letter["Subject"] == subject
    assert subject in letter.get_content()
    assert letter["From"].startswith(f"{name} <")


def test_it_comes_from_the_name_that_the_person_chose(reminded, post):
    row = reminded()
    row.user.shown_name = "Keuken & tuin “thuis”"
    row.user.save(update_fields=["shown_name"])
    run()
    assert post.letters[0][1]["From"].addresses[0].display_name == "Keuken & tuin “thuis”"


@given(words=st.text(max_size=80))
@times(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_words_are_one_mail_of_one_line_arrives(reminded, post, words):
    post.letters.clear()
    row = reminded(message=words.encode(errors="replace").decode())
    assert run() == {Outcome.SENT: 1}
    [(_address, letter)] = post.letters
    assert [*letter.keys()].count("Subject") == 1
    assert {name.lower() for name in letter} <= {
        "content-type", "mime-version", "content-transfer-encoding", "subject", "from", "to", "date", "message-id",
        "auto-submitted", "content-language", "list-unsubscribe", "list-unsubscribe-post",
        "x-peer", "x-mailfrom", "x-rcptto",
    }  # fmt: skip
    assert len(letter["Subject"]) <= max(80, len(OURS))
    assert row.stop_token in letter["List-Unsubscribe"]


def test_one_tap_on_what_the_mail_program_offers_ends_them(reminded, post):
    row = reminded()
    run()
    address = post.letters[0][1]["List-Unsubscribe"].strip(" <>").removeprefix(site.SITE_URL)
    assert Client().post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    put(row, due_at=timezone.now() - timedelta(minutes=1), sent_on=None)
    assert run() == {}
    assert not again(row).on


# To whom


def test_the_third_without_a_visit_says_that_it_is_the_last_and_then_they_pause(reminded, post):
    row = reminded()
    for number in range(3):
        put(row, due_at=timezone.now() - timedelta(minutes=1), sent_on=None)
        assert run() == {Outcome.SENT: 1}
        assert (LAST in post.letters[-1][1].get_content()) == (number == 2)
    row = again(row)
    assert row.paused_at
    assert row.due_at is None
    put(row, due_at=timezone.now() - timedelta(minutes=1), sent_on=None)
    assert run() == {}, "paused is paused, whatever else stands there"


@pytest.mark.parametrize(
    "fields",
    [{"on": False}, {"paused_at": timezone.now()}, {"deleted_at": timezone.now()}, {"channel": Channel.CALENDAR}],
)
def test_what_is_off_paused_deleted_or_in_a_calendar_sends_nothing(reminded, post, fields):
    reminded(**fields)
    assert run() == {}
    assert post.letters == []


def test_who_is_switched_off_or_has_no_confirmed_address_gets_nothing_that_day_and_it_comes_once_they_have(
    reminded, post
):
    closed, unconfirmed = reminded(), reminded()
    closed.user.is_active = False
    closed.user.save(update_fields=["is_active"])
    EmailAddress.objects.filter(user=unconfirmed.user).update(verified=False)
    assert run() == {Outcome.NOBODY: 2}
    assert run() == {}
    assert post.letters == []
    tomorrow = timezone.now().astimezone(closed.user.zone).date() + timedelta(days=1)
    assert [again(row).due_at.astimezone(row.user.zone).date() for row in (closed, unconfirmed)] == [tomorrow] * 2
    assert again(unconfirmed).unanswered == 0
    EmailAddress.objects.filter(user=unconfirmed.user).update(verified=True)
    put(unconfirmed, due_at=timezone.now() - timedelta(minutes=1))
    assert run() == {Outcome.SENT: 1}


def test_who_was_here_on_any_page_since_the_last_one_is_reminded_on_and_on(reminded, post):
    row = reminded(unanswered=2, sent_on=timezone.now().date() - timedelta(days=1))
    assert signed_in(row.user).get("/en/journal/").status_code == 200
    run()
    assert LAST not in post.letters[0][1].get_content()
    assert (again(row).unanswered, again(row).paused_at) == (1, None)


def test_who_was_here_only_before_the_last_one_was_not_here_since(reminded, post):
    row = reminded(unanswered=2, sent_on=timezone.now().date() - timedelta(days=1))
    signed_in(row.user)
    row.user.sessions.update(used_on=timezone.now().date() - timedelta(days=2))
    run()
    assert LAST in post.letters[0][1].get_content()
    assert again(row).paused_at


@pytest.mark.parametrize("wrong", [timedelta(hours=-2), timedelta(days=40)])
def test_a_host_whose_clock_is_wrong_sends_neither_early_nor_late_and_plans_as_any_other(
    reminded, post, monkeypatch, wrong
):
    due, early = reminded(), reminded(minutes=-60)
    right = timezone.now
    with monkeypatch.context() as host:
        host.setattr(timezone, "now", lambda: right() + wrong)
        assert run() == {Outcome.SENT: 1}
    assert post.addresses == [due.user.confirmed_email]
    assert again(due).due_at - timezone.now() < timedelta(days=1)
    assert again(early).sent_on is None


@pytest.mark.parametrize(("minutes", "is_sent"), [(179, True), (181, False), (60 * 24 * 3, False)])
def test_one_that_is_hours_late_is_skipped_to_its_next_day(reminded, post, minutes, is_sent):
    row = reminded(minutes=minutes)
    assert run() == {(Outcome.SENT if is_sent else Outcome.LATE): 1}
    assert len(post.letters) == is_sent
    assert again(row).due_at > timezone.now()
    assert again(row).unanswered == is_sent, "what was skipped asks for no answer"


def test_a_late_one_does_not_come_on_the_next_day_of_the_person(reminded, post):
    hour = timezone.now().hour
    row = reminded(minutes=150)
    row.user.time_zone = (
        f"Etc/GMT{hour - 1 if hour < 14 else hour - 25:+d}"  # past one at night: it was due before midnight
    )
    row.user.save(update_fields=["time_zone"])
    assert timezone.now().astimezone(row.user.zone).hour == 1
    assert run() == {Outcome.LATE: 1}
    assert post.letters == []


def test_never_two_on_one_day_whatever_stands_in_the_plan(reminded, post):
    row = reminded()
    run()
    put(row, due_at=timezone.now() - timedelta(minutes=1))
    assert run() == {Outcome.LATE: 1}
    assert len(post.letters) == 1


# By many at once


def test_two_workers_at_once_send_each_reminder_once(reminded, post):
    rows = [reminded() for _ in range(120)]
    both = [worker(post), worker(post)]
    said = [one.communicate(timeout=120) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert post.addresses == sorted(row.user.confirmed_email for row in rows)
    assert sum(int(out.split()[0]) for out, _err in said if out) == 120


def test_where_one_of_two_workers_is_killed_nobody_gets_two_and_only_what_it_had_in_hand_is_missing(reminded, post):
    rows = [reminded(message="Water the plants") for _ in range(150)]
    first = worker(post)
    _until(lambda: len(post.letters) > 10)
    second = worker(post)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    out, err = second.communicate(timeout=120)
    assert second.returncode == 0, err
    _let_go(rows)
    run()
    counts = Counter(post.addresses)
    assert max(counts.values()) == 1
    assert len(counts) >= 149, "at most the one between the mark and the mail"
    assert counts.keys() <= {row.user.confirmed_email for row in rows}
    assert run() == {}


def _until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end
        time.sleep(0.005)


def _let_go(rows: list[Reminder]) -> None:
    """As if the minutes of a claim had passed."""
    for row in rows:
        if again(row).claimed_until:
            put(row, claimed_until=timezone.now() - timedelta(seconds=1))


def test_what_a_worker_that_died_had_claimed_waits_for_some_minutes_and_then_is_sent(reminded, post):
    row = reminded()
    [claimed] = sending._claim([Channel.MAIL], sending._now())  # and then its process is no more
    assert claimed.pk == row.pk
    assert run() == {}
    _let_go([row])
    assert run() == {Outcome.SENT: 1}


def test_a_worker_whose_claim_was_taken_over_sends_nothing(reminded, post, mail):
    reminded()
    [slow] = sending._claim([Channel.MAIL], sending._now())
    _let_go([slow])
    assert run() == {Outcome.SENT: 1}
    assert sending._remind(slow, mail, sending._now()) is Outcome.CHANGED
    assert len(post.letters) == 1


@pytest.mark.parametrize("change", ["switch_off", "reschedule"])
def test_what_the_person_changes_in_the_last_moment_counts(reminded, post, mail, change):
    row = reminded()
    [claimed] = sending._claim([Channel.MAIL], sending._now())
    with acting_as(row.user_id):
        getattr(Reminder.objects.get(pk=row.pk), change)(timezone.now())
    assert sending._remind(claimed, mail, sending._now()) is Outcome.CHANGED
    assert post.letters == []


def test_a_visit_in_the_last_moment_counts_and_the_reminder_still_comes(reminded, post, mail):
    row = reminded(unanswered=2)
    [claimed] = sending._claim([Channel.MAIL], sending._now())
    assert signed_in(row.user).get("/en/today/").status_code == 200
    assert _worked_off([claimed], mail, seconds=9) == [Outcome.CHANGED]
    assert run() == {Outcome.SENT: 1}
    assert again(row).paused_at is None
    assert again(row).unanswered == 1


def _worked_off(rows: list[Reminder], mail: sending.Mail, seconds: float) -> list[str]:
    return [*sending._work_off(rows, {Channel.MAIL: mail}, time.monotonic() + seconds, sending._now())]


def test_a_run_ends_when_its_time_is_over_and_leaves_nothing_claimed(reminded, post, mail):
    rows = [reminded() for _ in range(3)]
    assert sending.send_due(0) == {}
    claimed = sending._claim([Channel.MAIL], sending._now())
    assert _worked_off(claimed, mail, seconds=-1) == []
    assert [again(row).claim for row in rows] == [None] * 3
    assert run() == {Outcome.SENT: 3}


# Where the mail server is odd


def test_one_connection_serves_many_and_a_new_one_is_made_where_it_breaks(reminded, post):
    for _ in range(8):
        reminded()
    run()
    assert post.connections == 1
    post.connections = 0
    left = [3]

    def hang_up(server: Any, address: str) -> str:
        left[0] -= 1
        if left[0] == 0:
            server.transport.abort()
        return ""

    post.at["RCPT"] = hang_up
    for _ in range(5):
        reminded()
    assert run() == {Outcome.SENT: 5}
    assert post.connections == 2
    assert max(Counter(post.addresses).values()) == 1


def test_one_that_the_server_hangs_up_on_after_the_letter_is_not_sent_again(reminded, post):
    row = reminded()

    def hang_up(server: Any, envelope: Envelope) -> str:
        post.take(envelope)
        server.transport.abort()
        return "250 OK"

    post.at["DATA"] = hang_up
    assert run() == {Outcome.UNKNOWN: 1}
    post.at.clear()
    _let_go([row])
    assert run() == {}
    assert len(post.letters) == 1
    assert again(row).sent_on


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("RCPT", "450 later"),
        ("RCPT", "421 closing"),
        ("DATA", "451 later"),
        ("DATA", "421 closing"),
    ],
)
def test_what_the_server_does_not_take_is_taken_back_and_tried_again_later(reminded, post, command, says):
    row = reminded(unanswered=2)
    before = again(row)
    post.at[command] = lambda server, what: says
    assert run() == {Outcome.NOT_TAKEN: 1}
    assert post.letters == []
    after = again(row)
    assert (after.due_at, after.sent_on, after.unanswered, after.paused_at) == (before.due_at, None, 2, None)
    post.at.clear()
    assert run() == {}, "not at once"
    put(row, claimed_until=timezone.now() - timedelta(seconds=1))
    assert run() == {Outcome.SENT: 1}
    assert len(post.letters) == 1


def test_what_is_never_taken_is_given_up_for_that_day(reminded, post):
    row = reminded(minutes=179.9)
    post.at["RCPT"] = lambda server, address: "450 later"
    assert run() == {Outcome.NOT_TAKEN: 1}
    put(row, due_at=timezone.now() - timedelta(hours=3, minutes=1), claimed_until=None)
    assert run() == {Outcome.LATE: 1}
    assert again(row).due_at > timezone.now()


@pytest.mark.parametrize(("command", "says"), [("RCPT", "550 no such mailbox"), ("DATA", "554 no")])
def test_what_is_refused_for_good_is_tried_once_a_day_and_pauses_like_any_other(reminded, post, command, says):
    row = reminded()
    post.at[command] = lambda server, what: says
    for _ in range(3):
        put(row, due_at=timezone.now() - timedelta(minutes=1), sent_on=None)
        assert run() == {Outcome.REFUSED: 1}
        assert run() == {}
    assert again(row).paused_at


def test_where_signing_in_to_the_mail_server_fails_nothing_is_sent_and_no_connection_stays_open(reminded, post, mail):
    letter = mail.prepare(reminded(), last=False)
    mail.server.username = mail.server.password = "someone"
    for _time in range(2):
        assert mail.deliver(letter) is Outcome.NOT_TAKEN
        assert mail.server.connection is mail.server._partial_connection is None
    assert post.letters == []


def test_one_refused_or_impossible_address_keeps_nobody_else_waiting(reminded, post):
    reminded(minutes=9, address="a@b@example.org")
    reminded(minutes=8, address="refused@example.org")
    post.at["RCPT"] = lambda server, address: "550 no" if address.startswith("refused") else ""
    row = reminded(minutes=7)
    assert run() == {Outcome.REFUSED: 2, Outcome.SENT: 1}
    assert post.addresses == [row.user.confirmed_email]


def test_one_row_that_nobody_can_read_keeps_nobody_else_waiting(reminded, post):
    odd, fine = reminded(minutes=9), reminded()
    odd.user.time_zone = "Mars/Phobos"
    odd.user.save(update_fields=["time_zone"])
    assert run() == {Outcome.FAILED: 1, Outcome.SENT: 1}
    assert post.addresses == [fine.user.confirmed_email]


def test_while_the_mail_server_is_away_nothing_is_marked_and_the_command_says_so(reminded, post, settings):
    rows = [reminded() for _ in range(3)]
    before = [again(row).due_at for row in rows]
    settings.EMAIL_PORT, there = free_port(), settings.EMAIL_PORT
    with pytest.raises(CommandError, match="mail server is away"):
        call_command("send_reminders", stdout=StringIO())
    assert [(again(row).due_at, again(row).claim, again(row).sent_on) for row in rows] == [
        (due, None, None) for due in before
    ]
    settings.EMAIL_PORT = there
    assert run() == {Outcome.SENT: 3}


def test_while_the_database_is_away_the_command_says_so_in_one_line(post):
    nowhere = "postgres://app@127.0.0.1:9/nowhere"
    gone = worker(post, DATABASE_URL=nowhere, DATABASE_OWNER_URL=nowhere)
    out, err = gone.communicate(timeout=60)
    assert gone.returncode == 1
    assert err.strip() == "CommandError: The database is away; the next run goes on with the reminders."
    assert out == ""


def test_neither_the_command_nor_the_log_quotes_anyone(reminded, post, caplog):
    row = reminded(message="Water the plants")
    reminded(address="refused@example.org")
    odd = reminded(message="Something odd")
    odd.user.time_zone = "Mars/Phobos"
    odd.user.save(update_fields=["time_zone"])
    post.at["RCPT"] = lambda server, address: "550 refused@example.org" if address.startswith("refused") else ""
    out = StringIO()
    call_command("send_reminders", stdout=out)
    assert sorted(out.getvalue().strip().split(", ")) == ["1 failed", "1 refused for good", "1 sent"]
    for text in (out.getvalue(), *(record.getMessage() for record in caplog.records)):
        assert not any(word in text for word in ("Water", "odd", "@", str(row.pk), str(row.user_id)))


# Whatever happens


REFUSALS = {"later": "450 later", "no": "550 no"}
SENDING = ["run", "hang up", "away", *REFUSALS]


@given(st.lists(st.sampled_from([*SENDING, "visit", "off", "on", "die", "lease", "tomorrow"]), min_size=3, max_size=12))
@times(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_nobody_gets_two_on_a_day_or_four_without_a_visit(reminded, post, settings, steps):
    post.letters.clear()
    row, days, unanswered = reminded(), [0], 0
    for step in steps:
        settings.EMAIL_PORT = free_port() if step == "away" else post.port
        before = post.addresses.count(row.user.confirmed_email)  # others may wait from an example before
        happen(step, row, post)
        came = post.addresses.count(row.user.confirmed_email) - before
        unanswered = 0 if step in ("visit", "off", "on") else unanswered + came
        days = [*days, 0] if step == "tomorrow" else [*days[:-1], days[-1] + came]
        assert unanswered <= 3
        assert days[-1] <= 1


def happen(step: str, row: Reminder, post: Post) -> None:
    """One of the things that can happen to a reminder."""
    post.at.clear()
    if step in REFUSALS:
        post.at["RCPT"] = lambda server, address: REFUSALS[step]
    if step == "hang up":
        post.at["DATA"] = lambda server, envelope: post.take(envelope) or server.transport.abort() or "250 OK"
    if step in SENDING:
        run()
    elif step == "die":
        sending._claim([Channel.MAIL], sending._now())
    elif step == "lease":
        _let_go([row])
    elif step == "tomorrow":
        put(row, sent_on=None, due_at=again(row).due_at and timezone.now() - timedelta(minutes=1))
    elif step == "visit":
        signed_in(row.user).get("/en/today/")
    else:
        with acting_as(row.user_id):
            held = Reminder.objects.get(pk=row.pk)
            (held.switch_on if step == "on" else held.switch_off)(timezone.now())


# By itself


def test_make_run_sends_them_every_minute_also_after_a_minute_that_failed(reminded, post, capfd):
    reminded()
    minutes, done = (
        iter([CommandError("The mail server is away."), DatabaseError(), OSError(), None]),
        threading.Event(),
    )

    def work() -> None:
        failed = next(minutes, done)
        if failed is done:
            done.set()
            threading.Event().wait()  # for ever: this thread has done its part
        if failed:
            raise failed
        serving.send_reminders()

    threading.Thread(target=serving.again_and_again, args=(0.01, work), daemon=True).start()
    assert done.wait(60)
    assert len(post.letters) == 1
    assert "OSError" in capfd.readouterr().err
    assert (60, serving.send_reminders) in serving.IN_BACKGROUND
