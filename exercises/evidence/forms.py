"""The form of one piece of evidence, and the filters of the timeline."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exercises.course.pages import NOTCHES
from exercises.evidence.models import Evidence, Kind
from exercises.people.forms import PersonChoice
from exercises.people.models import Person
from exercises.records.fields import DayField, ScaleField
from exercises.records.forms import RecordForm


class EvidenceForm(RecordForm):
    """What one shared, what one feared, what happened."""

    happened_on = DayField(ahead=0, label=_("When was it?"), initial=timezone.localdate)
    level = ScaleField(
        label=_("How bright was the dimmer?"),
        help_text=_("0 is fully edited, 100 is fully honest. You can leave this empty."),
        top=100,
        step=10,
    )

    class Meta:
        model = Evidence
        fields = ["shared", "feared", "happened", "happened_on", "person", "level"]
        field_classes = {"person": PersonChoice}
        labels = {
            "shared": _("What did you show or say?"),
            "feared": _("What were you afraid would happen?"),
            "happened": _("What happened?"),
            "person": _("Who with?"),
        }
        widgets = {name: forms.Textarea({"rows": 3}) for name in ("shared", "feared", "happened")}

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["happened_on"].required = True
        people = self.user.people.in_use() | self.user.people.filter(pk=self.instance.person_id)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        self.fields["person"].empty_label = _("Nobody in particular")  # type: ignore[attr-defined]
        self.fields["level"].widget.attrs |= {"class": "notch", "data-light-source": True}

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if not (self.errors or data["shared"] or data["feared"] or data["happened"]):
            raise forms.ValidationError(_("Nothing is filled in yet. One sentence is enough."))
        return data


class FilterForm(forms.Form):
    """What to show of the timeline; what is not a choice is left out of `cleaned_data`."""

    kind = forms.ChoiceField(label=_("Where from"), choices=[("", _("Everything")), *Kind.choices], required=False)
    person = forms.TypedChoiceField(label=_("Who with"), empty_value=None, required=False)
    level = forms.TypedChoiceField(
        label=_("Dimmer"),
        choices=[("", _("Every level")), *((level, level) for level in NOTCHES)],
        coerce=int,
        empty_value=None,
        required=False,
    )

    def __init__(self, data: Any, *, people: Iterable[Person]) -> None:
        """Of these people, someone put away may still be what was asked, but is offered only then."""
        super().__init__(data)
        asked = data.get("person")
        offered = {str(one.pk): one for one in people if not one.archived_at or str(one.pk) == asked}
        person: Any = self.fields["person"]
        person.choices = [("", _("Everyone")), *((id, one.name) for id, one in offered.items())]
        person.coerce = offered.get
