"""The form of one piece of evidence, and the filters of the timeline."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exercises.course.pages import NOTCHES
from exercises.evidence.models import Evidence, Kind
from exercises.people.models import Person
from exercises.records.fields import ScaleField
from exercises.records.forms import RecordForm

FIRST_DAY = date(1900, 1, 1)


class EvidenceForm(RecordForm):
    """What one shared, what one feared, what happened."""

    level = ScaleField(
        label=_("How bright was the dimmer?"),
        help_text=_("0 is fully edited, 100 is fully honest. You can leave this empty."),
        top=100,
        step=10,
    )

    class Meta:
        model = Evidence
        fields = ["shared", "feared", "happened", "happened_on", "person", "level"]
        labels = {
            "shared": _("What did you show or say?"),
            "feared": _("What were you afraid would happen?"),
            "happened": _("What happened?"),
            "happened_on": _("When was it?"),
            "person": _("Who with?"),
        }
        widgets = {
            **{name: forms.Textarea({"rows": 3}) for name in ("shared", "feared", "happened")},
            "happened_on": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        day, today = self.fields["happened_on"], timezone.localdate()
        day.widget.attrs |= {"min": FIRST_DAY.isoformat(), "max": today.isoformat()}
        if self.instance._state.adding:
            day.initial = today
        self.fields["person"].empty_label = _("Nobody in particular")  # type: ignore[attr-defined]
        self.fields["level"].widget.attrs |= {"class": "notch", "data-light-source": True}

    def clean_happened_on(self) -> date:
        day = self.cleaned_data["happened_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("That day is still to come. Choose today or a day before."))
        if day < FIRST_DAY:
            raise forms.ValidationError(_("That is very long ago. Choose a day from 1900 on."))
        return day

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if not (self.errors or data["shared"] or data["feared"] or data["happened"]):
            raise forms.ValidationError(_("Nothing is filled in yet. One sentence is enough."))
        return data


class FilterForm(forms.Form):
    """What to show of the timeline; what is not a choice is left out of `cleaned_data`."""

    kind = forms.ChoiceField(label=_("Where from"), choices=[("", _("Everything")), *Kind.choices], required=False)
    person = forms.ModelChoiceField(
        label=_("Who with"), queryset=Person.objects.none(), empty_label=_("Everyone"), required=False
    )
    level = forms.TypedChoiceField(
        label=_("Dimmer"),
        choices=[("", _("Every level")), *((level, level) for level in NOTCHES)],
        coerce=int,
        empty_value=None,
        required=False,
    )

    def __init__(self, data: Any, *, user: Any) -> None:
        super().__init__(data)
        self.fields["person"].queryset = user.people.all()  # type: ignore[attr-defined]
