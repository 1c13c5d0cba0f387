"""The person's own settings, and the tick before everything is deleted."""

from functools import cache
from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from exercises.records.fields import Chips


@cache
def time_zones() -> list[tuple[Any, Any]]:
    """Every time zone as a choice, sorted, by region: `("Europe", [("Europe/Amsterdam", "Amsterdam"), …])`."""
    grouped = groupby(sorted(available_timezones(), key=_place), key=lambda name: _place(name)[0])
    return [(region or _("Other"), [(name, _place(name)[1]) for name in names]) for region, names in grouped]


def _place(name: str) -> tuple[str, str]:
    region, slash, city = name.replace("_", " ").partition("/")
    return (region, city.replace("/", ", ")) if slash else ("", region)


class SettingsForm(forms.ModelForm):
    """Language, time zone and the quick exit, kept with the person."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=time_zones, help_text=_("This tells us when your day begins and ends.")
    )

    class Meta:
        model = get_user_model()
        fields = ("language", "time_zone", "show_exit")
        labels = {"language": _("Language"), "show_exit": _("Show ‘Leave quickly’ at the top of every page")}
        help_texts = {"show_exit": _("Without it, pressing Shift 3 times still works.")}
        widgets = {"language": Chips}

    def save(self, commit: bool = True) -> Any:
        self.instance.save(update_fields=self._meta.fields)
        return self.instance


class DeleteForm(forms.Form):
    """Everything goes: one tick, not beforehand."""

    sure = forms.BooleanField(
        label=_("Yes, delete everything I kept here."),
        error_messages={"required": _("Tick this if you are sure. Until then, everything stays.")},
    )
