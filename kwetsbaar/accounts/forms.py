"""Starting, and coming back with a code."""

import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from exercises.records.models import uuid7
from kwetsbaar.accounts.models import User, code_hash, known_time_zone


class StartForm(forms.Form):
    """Consent, each part its own tick (GDPR art. 7 and 9(2)(a)); nothing is ticked beforehand."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7, required=False)
    seed = forms.CharField(widget=forms.HiddenInput, initial=secrets.token_urlsafe, required=False)
    time_zone = forms.CharField(widget=forms.HiddenInput(attrs={"data-time-zone": ""}), required=False)
    adult = forms.BooleanField(
        label=_("I am 18 or older."),
        error_messages={"required": _("Tick this if you are 18 or older. If you are younger, look below.")},
    )
    consent = forms.BooleanField(
        label=_("I agree that this site keeps what I write here about how I feel. My words sealed, and for me alone."),
        help_text=_("You can take this back at any time: one page deletes everything at once."),
        error_messages={"required": _("Without this we may not keep anything for you. Reading always works.")},
    )

    def clean(self) -> dict[str, Any]:
        """What the page fills in by itself never stands in someone's way."""
        for name in ("id", "seed", "time_zone"):
            self.errors.pop(name, None)
        known = {
            "id": self.cleaned_data.get("id") or uuid7(),
            "seed": self.cleaned_data.get("seed", ""),
            "time_zone": known_time_zone(self.cleaned_data.get("time_zone", "")),
        }
        return self.cleaned_data | known


class ReturnForm(forms.Form):
    """The code that a guest was shown at the start."""

    code = forms.CharField(
        label=_("Your return code"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "code"}
        ),
    )

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        if User.objects.with_return_code(code) is None:
            raise forms.ValidationError(
                _("We do not know this code. Have another look: it has 5 groups of 4 characters.")
            )
        return code_hash(code)
