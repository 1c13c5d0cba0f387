"""The ways to answer that all features share."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

# practice.md 1.2: the tension figure, 0–10, with five anchors in words
TENSION = {
    0: _("calm"),
    3: _("a bit tense"),
    5: _("tense, I can manage"),
    8: _("very tense"),
    10: _("the worst I know"),
}
NO_ANSWER = "–"
FIRST_DAY = date(1900, 1, 1)
with_anchor = lazy(lambda number, words: format_html("{} <small>{}</small>", number, words), str)


class Chips(forms.RadioSelect):
    """One choice out of a few, each large enough to touch."""

    option_inherits_attrs = False

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__({"class": "chips"} | (attrs or {}), choices)


class ManyChips(forms.CheckboxSelectMultiple):
    """Any number of choices, each large enough to touch."""

    option_inherits_attrs = False

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__({"class": "chips"} | (attrs or {}), choices)


class ScaleField(forms.TypedChoiceField):
    """A whole number from 0 to `top` by `step`, or no answer (None). `anchors` puts words under some numbers."""

    def __init__(self, *, top: int = 10, step: int = 1, anchors: dict[int, Any] | None = None, **kwargs: Any) -> None:
        words = anchors or {}
        numbers = [(n, with_anchor(n, words[n]) if n in words else str(n)) for n in range(0, top + 1, step)]
        super().__init__(
            choices=[("", NO_ANSWER), *numbers],
            coerce=int,
            empty_value=None,
            required=False,
            widget=Chips({"class": "scale"}),
            **kwargs,
        )


class Lines(forms.CharField):
    """Text of several lines, each line end counted as one character, as the browser counts them."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class DayField(forms.DateField):
    """A day from 1900 to so many days `ahead` of today, or none; what stands already may stay, wherever one travels."""

    def __init__(self, *, ahead: int, **kwargs: Any) -> None:
        self.ahead = ahead
        self.stood: Any = None
        widget = forms.DateInput(attrs={"type": "date", "min": FIRST_DAY.isoformat()}, format="%Y-%m-%d")
        super().__init__(required=False, widget=widget, **kwargs)

    @property
    def last(self) -> date:
        return timezone.localdate() + timedelta(self.ahead)

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        self.stood = getattr(getattr(form, "instance", None), field_name, None)
        self.widget.attrs["max"] = max(self.last, self.stood or self.last).isoformat()
        return super().get_bound_field(form, field_name)

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value and value != self.stood and not FIRST_DAY <= value <= self.last:
            bounds = {"first": date_format(FIRST_DAY), "last": date_format(self.last)}
            raise ValidationError(_("Choose a day from %(first)s to %(last)s."), params=bounds)
