"""The person's own settings, the PIN, and the tick before everything is deleted."""

from functools import cache
from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from exercises.privacy import importing
from exercises.privacy.words import in_words
from exercises.privacy.years import Counts
from exercises.records.fields import Chips
from exercises.records.settings import wishes
from exercises.records.shown import one_line


@cache
def time_zones() -> list[tuple[Any, Any]]:
    """Every time zone as a choice, sorted, by region: `("Europe", [("Europe/Amsterdam", "Amsterdam"), …])`."""
    grouped = groupby(sorted(available_timezones(), key=_place), key=lambda name: _place(name)[0])
    return [(region or _("Other"), [(name, _place(name)[1]) for name in names]) for region, names in grouped]


def _place(name: str) -> tuple[str, str]:
    region, slash, city = name.replace("_", " ").partition("/")
    return (region, city.replace("/", ", ")) if slash else ("", region)


PIN_IS = _("Use 4 to 8 digits.")


def _pin_field(**kwargs: Any) -> forms.CharField:
    widget = forms.PasswordInput({"inputmode": "numeric", "autocomplete": "off", "class": "pin"})
    return forms.RegexField(r"\A[0-9]{4,8}\Z", widget=widget, error_messages={"invalid": PIN_IS}, **kwargs)


def _with_picture(name: str, words: Any) -> SafeString:
    picture = static(f"icons/{name}.svg")
    return format_html('<img src="{}" alt="" width="32" height="32"> {}', picture, words)


class SettingsForm(forms.ModelForm):
    """How one likes it. Each field carries what it showed, so that only what was changed on this page is kept:
    another page or a second click takes nothing back."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=time_zones, help_text=_("This tells us when your day begins and ends.")
    )
    blur = forms.BooleanField(
        label=_("Blur my own words until I touch them"),
        help_text=_(
            "For when someone might be looking over your shoulder."
            " Point at your words, or tap them, and you can read them."
        ),
        required=False,
    )
    progress_on = forms.BooleanField(
        label=_("Show me my figures"),
        help_text=_("Without this, the page with figures is out of sight. Nothing is deleted."),
        required=False,
    )
    drafts_on = forms.BooleanField(
        label=_("Keep what I am typing until I save it"),
        help_text=_("Sealed, for 30 days at most. If you switch this off, what is kept of it now is deleted."),
        required=False,
    )

    class Meta:
        model = get_user_model()
        fields = ("language", "time_zone", "show_exit", "shown_name", "shown_icon")
        labels = {
            "language": _("Language"),
            "show_exit": _("Show ‘Leave quickly’ at the top of every page"),
            "shown_name": _("What this site is called"),
            "shown_icon": _("Its picture"),
        }
        help_texts = {
            "show_exit": _("Without it, pressing Shift 3 times still works."),
            "shown_name": _(
                "Others can see this name: on the tab, on your home screen, and as the sender of e-mails to you."
                " So choose one that gives nothing away. Leave it empty for ‘Notes’."
            ),
            "shown_icon": _("If this site is already on your home screen, you may need to add it again."),
        }
        widgets = {"language": Chips, "shown_icon": Chips}

    def __init__(self, data: Any = None, *, user: Any) -> None:
        kept = wishes(user)
        shown = {name: getattr(kept, name) for name in self.base_fields if hasattr(kept, name)}
        super().__init__(data, instance=user, initial=shown)
        for field in self.fields.values():
            field.show_hidden_initial = True
        icons: Any = self.fields["shown_icon"]
        icons.required = False  # a form without it changes nothing of it
        icons.choices = [(name, _with_picture(name, words)) for name, words in icons.choices]

    def clean_shown_name(self) -> str:
        return one_line(self.cleaned_data["shown_name"])

    def clean_shown_icon(self) -> str:
        return self.cleaned_data["shown_icon"] or self.instance.shown_icon

    def save(self, commit: bool = True) -> Any:
        """Keep what was changed, and no more; returns the person."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data}
        own = changed.keys() & set(self.Meta.fields)
        if own:
            self.instance.save(update_fields=own)
        if "time_zone" in own:
            self._reschedule()
        if wanted := {name: value for name, value in changed.items() if name not in own}:
            self.instance.settings.update_or_create(defaults=wanted)
        if wanted.get("drafts_on") is False:
            self.instance.drafts(manager="with_deleted").all().delete()
        return self.instance

    def _reschedule(self) -> None:
        """Reminders keep their hour, on the new clock."""
        for reminder in self.instance.reminders.select_for_update():
            reminder.reschedule(timezone.now())


class PinForm(forms.Form):
    """A PIN of one's own, typed twice, kept as a hash."""

    pin = _pin_field(label=_("Your PIN"), help_text=PIN_IS)
    pin_again = _pin_field(label=_("The same PIN once more"))

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not self.errors and data["pin"] != data["pin_again"]:
            self.add_error("pin_again", _("These are not the same. Type your PIN twice."))
        return data

    def save(self, user: Any) -> None:
        user.settings.update_or_create(defaults={"pin": make_password(self.cleaned_data["pin"])})


class SwitchForm(forms.Form):
    """One switch from elsewhere on the site, then back there."""

    switch = forms.ChoiceField(choices=[(name, name) for name in ("blur", "progress_on")])
    on = forms.BooleanField(required=False)

    def save(self, user: Any) -> None:
        user.settings.update_or_create(defaults={self.cleaned_data["switch"]: self.cleaned_data["on"]})


class DeleteForm(forms.Form):
    """Everything goes: one tick, not beforehand."""

    sure = forms.BooleanField(
        label=_("Yes, delete everything I kept here."),
        error_messages={"required": _("Tick this if you are sure. Until then, everything stays.")},
    )


class ExportForm(forms.Form):
    """Everything in one file, perhaps with initials for names."""

    initials = forms.BooleanField(
        label=_("Replace nicknames by initials"),
        help_text=_(
            "Also in your own words, where a nickname stands exactly as you gave it, as a word by itself."
            " Other mentions stay: read it through before you show it to someone."
        ),
        required=False,
    )


class ImportForm(forms.Form):
    """A download: the zip, or the data.json in it. `cleaned_data["file"]` is what it holds."""

    file = forms.FileField(
        label=_("Your download"),
        help_text=_("The zip, or the file data.json in it. At most 32 MB."),
        error_messages={"required": _("Choose your download first: a file of at most 32 MB.")},
        widget=forms.FileInput({"accept": ".zip,.json"}),
    )

    def clean_file(self) -> dict[str, Any]:
        return importing.read(self.cleaned_data["file"].read())


class YearForm(forms.Form):
    """One year, and a tick that is not there beforehand."""

    year = forms.TypedChoiceField(
        label=_("Which year?"), coerce=int, widget=Chips, error_messages={"required": _("Choose a year.")}
    )
    sure = forms.BooleanField(
        label=_("Yes, delete this year."),
        error_messages={"required": _("Tick this if you are sure. Until then, everything stays.")},
    )

    def __init__(self, data: Any, *, years: dict[int, Counts]) -> None:
        super().__init__(data)
        choices = [
            (year, format_html("{} <small>{}</small>", year, in_words(counts))) for year, counts in years.items()
        ]
        self.fields["year"].choices = choices  # type: ignore[attr-defined]
