"""Adding, changing and taking away someone."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exercises.people import trust
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


class TrustForm(RecordForm):
    """The trust check of someone who is there. Every question may stay open; nothing is chosen beforehand.

    Only a check in which all questions about stop signs have a ‘no’ ends a pause: not knowing is not a ‘no’. So a check
    of someone paused that leaves one of them open leaves the pause as it is, whatever else was answered.
    """

    trust_outcome = forms.ChoiceField(label=_("What came of it"), choices=trust.OUTCOMES, required=False, disabled=True)
    trust_answers = forms.Field(label=_("Your answers"), required=False, disabled=True)
    keep_answers = forms.BooleanField(
        label=_("Keep my answers"),
        help_text=_("Without a tick, only the outcome and the day are kept. You can also remove your answers later."),
        initial=True,
        required=False,
    )

    class Meta:
        model = Person
        fields: tuple[str, ...] = ()  # `clean` fills the row: what came of it is never sent along

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, question in trust.QUESTIONS.items():
            choices = [*trust.CHOICES[key].items(), ("", trust.NOT_KNOWN)]
            self.fields[key] = forms.ChoiceField(label=question, choices=choices, required=False, widget=Chips)
        self.given: dict[str, str] = {}  # what was answered
        self.missing = 0  # questions about stop signs that are open, where only this keeps a pause from ending

    def over_time(self) -> list[Any]:
        return [self[key] for key in trust.OVER_TIME]

    def slowly(self) -> list[Any]:
        return [self[key] for key in trust.SLOWLY]

    def stop(self) -> list[Any]:
        return [self[key] for key in trust.STOP]

    def clean(self) -> None:
        super().clean()
        person, given = self.instance, {key: self.cleaned_data.get(key, "") for key in trust.QUESTIONS}
        self.given = {key: answer for key, answer in given.items() if answer}
        outcome = trust.outcome(self.given)
        if person.paused_at and outcome != trust.STOPPED:
            self.missing = len(trust.open_stops(self.given))
        person.trust_outcome = outcome
        person.trust_answers = self.given if self.cleaned_data.get("keep_answers") else {}
        person.trust_checked_on = timezone.localdate()

    def answers(self) -> dict[str, Any]:
        """What this would store, which are no fields of the model's form."""
        return {name: getattr(self.instance, name) for name in ("trust_outcome", "trust_answers")}

    def _shown(self, name: str, value: Any) -> str:
        if name == "trust_answers":
            return "\n".join(f"{question} {words}" for question, words in trust.told(value))
        return super()._shown(name, value)

    def save(self, commit: bool = True) -> Person:
        """The person, paused where there is a stop sign; a pause that was there ends where there is none."""
        person: Person = super().save(commit)
        if person.trust_outcome == trust.STOPPED:
            person.pause(timezone.now())
        elif not self.missing:
            person.resume(timezone.now())
        return person


class DeletePersonForm(forms.Form):
    """What to do with evidence and feelings in which this person is named."""

    named = forms.ChoiceField(
        label=_("What should happen to those?"),
        choices=[("keep", _("Keep them, without the name")), ("delete", _("Delete them too"))],
        initial="keep",
        required=False,
        widget=Chips,
    )
