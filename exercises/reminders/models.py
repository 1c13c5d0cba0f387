"""When someone wants to be reminded, and of nothing more: one row each. The devices that notifications go to."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from exercises.records.links import token_of
from exercises.records.models import Owned, Record, hidden, uuid7
from exercises.records.sealing import SealedJSONField, SealedTextField
from exercises.records.shown import one_line
from exercises.reminders.schedule import next_due

STOP = "exercises.reminders.stop"  # what the tokens of the link in each mail are for
PLAN = ["on", "paused_at", "unanswered", "due_at", "claim", "claimed_until", "feed"]


class Channel(models.TextChoices):
    """The ways in which a reminder comes."""

    MAIL = "mail", _("by e-mail")
    CALENDAR = "calendar", _("in my calendar")
    PUSH = "push", _("as a notification on this device")


class Reminder(Record):
    """One person's wish: on which days, at what hour, in which words, by which way. Off until it is switched on.

    `due_at` is when the next one goes out; None for a calendar, which asks for itself, and while it is off or paused.
    """

    days = ()
    not_portable: ClassVar = {"on", "feed", "due_at", "claim", "claimed_until", "sent_on", "unanswered", "paused_at"}

    on = models.BooleanField(default=False)
    weekdays = models.JSONField(default=list)  # 0 for Monday to 6 for Sunday
    hour = models.PositiveSmallIntegerField(default=20)  # of the person's own day, 0–23
    message = SealedTextField(max_length=80)  # one's own neutral words; empty for ours
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    feed = models.UUIDField(null=True, editable=False)  # the calendar's address is made from it; a new one ends the old
    due_at = models.DateTimeField(null=True, editable=False)
    claim = models.UUIDField(null=True, editable=False)  # of the worker that is about to send it
    claimed_until = models.DateTimeField(null=True, editable=False)  # after this, another may take it over
    sent_on = models.DateField(null=True, editable=False)  # the person's own day: at most one each
    unanswered = models.PositiveSmallIntegerField(default=0, editable=False)  # sent since the last visit
    paused_at = models.DateTimeField(null=True, editable=False)  # by itself, after three of those

    class Meta:
        default_related_name = "reminders"
        indexes = [
            models.Index(fields=["due_at"], name="reminders_due", condition=Q(due_at__isnull=False)),
            hidden("reminders_hidden"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(deleted_at=None), name="one_reminder_each"),
            models.CheckConstraint(condition=Q(hour__range=(0, 23)), name="reminder_hour_0_to_23"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="reminder_channel_known"),
        ]

    def schedule(self, now: datetime) -> None:
        """Work out when the next one is due, and free it from any worker; saves nothing."""
        goes_out = self.on and self.paused_at is None and self.channel != Channel.CALENDAR
        zone = self.user.zone
        self.due_at = next_due(self.weekdays, self.hour, zone, now, not_on=self.sent_on) if goes_out else None
        self.claim = self.claimed_until = None

    @property
    def text(self) -> str:
        """What it says, on one line: one's own words, or ours in the language of now."""
        return one_line(self.message) or gettext("A reminder you set yourself.")

    @property
    def stop_token(self) -> str:
        """What stands in the address that ends it without signing in."""
        return token_of(STOP, self.user_id, self.pk)

    def next_at(self, now: datetime) -> datetime | None:
        """When the next one after now comes, also where a calendar shows it; None while it is off or paused."""
        not_on = None if self.channel == Channel.CALENDAR else self.sent_on
        comes = self.on and self.paused_at is None
        return next_due(self.weekdays, self.hour, self.user.zone, now, not_on=not_on) if comes else None

    # These store what they change. Hold the row (`select_for_update`): a worker may be sending it.

    def switch_on(self, now: datetime) -> None:
        """From now on, as if none had been sent; also after a pause."""
        self._switch(True, now)

    def switch_off(self, now: datetime) -> None:
        """None from now on; what was chosen stays."""
        self._switch(False, now)

    def _switch(self, on: bool, now: datetime) -> None:
        self.on, self.paused_at, self.unanswered = on, None, 0
        self.reschedule(now)

    def reschedule(self, now: datetime) -> None:
        """By the wish and the clock as they are now. A calendar has an address from here on."""
        self.schedule(now)
        self.feed = self.feed or uuid7()
        self.save(update_fields=PLAN)


class Device(Owned):
    """A browser that asked for notifications: where they go, and the keys by which only it can read them (RFC 8291)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = SealedTextField(max_length=500)
    keys: Any = SealedJSONField(default=dict)  # p256dh and auth, as the browser gave them
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_related_name = "devices"
        indexes = [models.Index(fields=["user"], name="devices_of_one_person")]
