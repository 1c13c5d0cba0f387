"""Adding, changing and taking away someone."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exercises.people.models import Person, Relation
from exercises.records.fields import NO_ANSWER, Chips
from exercises.records.forms import RecordForm


def name_field(**kwargs: Any) -> forms.CharField:
    """A nickname."""
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    return forms.CharField(max_length=40, widget=forms.TextInput(attrs), **kwargs)


def relation_field() -> forms.ChoiceField:
    """How one knows this person, or no answer."""
    choices = [("", NO_ANSWER), *Relation.choices]
    return forms.ChoiceField(label=_("How do you know this person?"), choices=choices, required=False, widget=Chips)


class PersonChoice(forms.ModelChoiceField):
    """Someone by nickname; a `Person` itself shows none when it is printed."""

    def label_from_instance(self, obj: Any) -> str:
        return obj.name


class PersonForm(RecordForm):
    """Someone new: a nickname is enough."""

    name = name_field(label=_("Nickname"), help_text=_("A nickname is enough. Only you see it."))
    relation = relation_field()

    class Meta:
        model = Person
        fields = ["name", "relation"]


class PutAwayForm(RecordForm):
    """To mix into the form of something that is there already, and may be put away: it keeps `archived_at`."""

    archived = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["archived"].initial = self.instance.archived_at is not None

    def clean(self) -> None:
        super().clean()
        since = self.instance.archived_at or timezone.now()
        self.instance.archived_at = since if self.cleaned_data.get("archived") else None


class EditPersonForm(PutAwayForm, PersonForm):
    """Someone who is there already, and may be put away."""

    archived = forms.BooleanField(
        label=_("Put away: keep everything, but no longer show this person when I choose someone."), required=False
    )


class DeletePersonForm(forms.Form):
    """What to do with evidence and feelings in which this person is named."""

    named = forms.ChoiceField(
        label=_("What should happen to those?"),
        choices=[("keep", _("Keep them, without the name")), ("delete", _("Delete them too"))],
        initial="keep",
        required=False,
        widget=Chips,
    )
