"""Choosing one's reminders: days, hour, words, and by which way."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from exercises.records.fields import Chips, ManyChips
from exercises.records.forms import RecordForm
from exercises.records.shown import one_line
from exercises.reminders.models import Channel, Reminder

HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


def ways_of(user: Any) -> list[str]:
    """The ways that can reach this person: by e-mail needs a confirmed address, a notification the site's key."""
    possible = {
        Channel.MAIL: user.confirmed_email,
        Channel.CALENDAR: True,
        Channel.PUSH: settings.PUSH_KEY,
    }
    return [way for way in Channel.values if possible[Channel(way)]]


class ReminderForm(RecordForm):
    """One person's wish; only ways that can reach them are offered."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("On which days?"),
        choices=[*WEEKDAYS.items()],
        coerce=int,
        widget=ManyChips,
        error_messages={"required": _("Choose one day or more.")},
    )
    hour = forms.TypedChoiceField(
        label=_("At what time?"),
        choices=HOURS,
        coerce=int,
        initial=20,
        help_text=_("By your own clock, in summer and in winter."),
    )
    channel = forms.ChoiceField(
        label=_("How would you like to be reminded?"),
        widget=Chips,
        error_messages={"required": _("Choose how you would like to be reminded.")},
    )

    class Meta:
        model = Reminder
        fields = ["weekdays", "hour", "message", "channel"]
        labels = {"message": _("What should it say?")}
        help_texts = {
            "message": _(
                "In words that give nothing away. If you leave it empty, it says: ‘A reminder you set yourself.’"
            )
        }
        widgets = {"message": forms.TextInput({"autocomplete": "off"})}

    def __init__(self, data: Any = None, *, user: Any, **kwargs: Any) -> None:
        super().__init__(data, user=user, **kwargs)
        ways = ways_of(user)
        self.fields["channel"].choices = [way for way in Channel.choices if way[0] in ways]  # type: ignore[attr-defined]
        if self.instance.channel not in ways and not self.instance.on:
            self.initial["channel"] = ways[0]

    def clean_weekdays(self) -> list[int]:
        return sorted(set(self.cleaned_data["weekdays"]))

    def clean_message(self) -> str:
        return one_line(self.cleaned_data["message"])

    def twin(self) -> Reminder | None:
        """The one that is there: one each, whatever was clicked."""
        return self.user.reminders.select_for_update().first()
