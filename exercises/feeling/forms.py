"""The form of the honest feeling of a day."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exercises.feeling.models import DailyFeeling
from exercises.feeling.vocabulary import FAMILIES, MOST, WORDS, stored
from exercises.people.forms import PersonChoice
from exercises.records.fields import ScaleField
from exercises.records.forms import RecordForm

LONGEST = 40  # characters of one word


class Families(forms.CheckboxSelectMultiple):
    """Words in their families, each family folded away unless one of its words is chosen."""

    template_name = "feeling/families.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        groups = context["widget"]["optgroups"]
        families = [(family, any(each["selected"] for each in options), options) for family, options, _index in groups]
        return context | {"families": families, "most": MOST}


class FeelingForm(RecordForm):
    """One day's feeling; `instance` is the day's row, or a new one with its day filled in."""

    words = forms.MultipleChoiceField(
        label=_("I feel"),
        choices=[(family.name, [(word.key, word.name) for word in family.words]) for family in FAMILIES],
        required=False,
        widget=Families,
    )
    own_word = forms.CharField(  # room for as many words as may be chosen, and for ", " after each
        label=_("Or a word of your own"), max_length=MOST * (LONGEST + 2), required=False
    )
    intensity = ScaleField(
        label=_("How strong is it?"), help_text=_("0 is hardly there, 5 clearly there, 10 fills everything.")
    )
    add_evidence = forms.BooleanField(
        label=_("Put this with my evidence"),
        help_text=_("You can then find it again under ‘What you survived’, even on a harder day."),
        required=False,
    )

    class Meta:
        model = DailyFeeling
        fields = ["intensity", "sentence", "person", "named_aloud"]
        field_classes = {"person": PersonChoice}
        labels = {
            "sentence": _("One honest sentence"),
            "person": _("Who did you tell?"),
            "named_aloud": _("I said it out loud"),
        }
        help_texts = {
            "sentence": _("The way you would really say it. Nobody else reads this."),
            "named_aloud": _("“I feel vulnerable saying this”: a sentence like that can ease the tension."),
        }
        widgets = {"sentence": forms.Textarea({"rows": 3})}

    def __init__(self, data: Any = None, *, instance: DailyFeeling, **kwargs: Any) -> None:
        own = [word for word in instance.words if word not in WORDS]
        chosen = [word for word in instance.words if word in WORDS]
        initial = {"words": chosen, "own_word": ", ".join(own), "add_evidence": instance.in_evidence}
        super().__init__(data, instance=instance, initial=initial, **kwargs)
        people = self.user.people.in_use() | self.user.people.filter(pk=instance.person_id)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        self.fields["person"].empty_label = _("Nobody, and that is fine")  # type: ignore[attr-defined]

    def clean_own_word(self) -> list[str]:
        """The words between the commas, each as it is stored."""
        words = [word.strip() for word in self.cleaned_data["own_word"].split(",")]
        for word in words:
            MaxLengthValidator(LONGEST)(word)
        return [stored(word) for word in words if word]

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if self.instance._state.adding and self.instance.day > timezone.localdate():
            raise forms.ValidationError(_("That day is still to come here. Your words stay on this page."))
        words = list(dict.fromkeys([*data.get("words", []), *data.get("own_word", [])]))
        if len(words) > MOST:
            self.add_error("words", _("Up to three words, your own word included. Which can wait?"))
        self.instance.words = words
        told = bool(words or data.get("sentence"))
        if not (self.errors or told or data.get("person") or data["named_aloud"] or data["intensity"] is not None):
            raise forms.ValidationError(_("Nothing is filled in yet. One word is enough."))
        if not self.errors and data["add_evidence"] and not told:
            self.add_error("add_evidence", _("There are no words to keep yet. Choose a word or write a sentence."))
        return data

    def answers(self) -> dict[str, Any]:
        """The words too, which are no field of the model's form."""
        return super().answers() | {"words": self.instance.words}

    def twin(self) -> DailyFeeling | None:
        """The day's row: there is one a day, whatever was clicked."""
        row = self.user.feelings.on(self.instance.day).select_for_update().first()
        if row:
            row.words = self.instance.words
        return row

    def save(self, commit: bool = True) -> DailyFeeling:
        """The stored feeling, its piece of evidence made, changed or hidden with it."""
        feeling = super().save(commit)
        if self.cleaned_data["add_evidence"]:
            feeling.put_with_evidence(anew=not {"words", "own_word", "sentence"}.isdisjoint(self.changed_data))
        else:
            feeling.take_from_evidence()
        return feeling
