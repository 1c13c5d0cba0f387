"""The form of a journal entry, and the questions that may open one."""

from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from exercises.course.courses import every, find
from exercises.journal.models import JournalEntry
from exercises.records.fields import Chips
from exercises.records.forms import RecordForm

# practice.md 2.10: concrete and bounded, one of them from a distance, none that asks 'why' about loss or rejection
QUESTIONS = (
    _("Which moment of today stays with you?"),
    _("What did you almost say today?"),
    _("What did somebody do today that was good for you?"),
    _("What would you say to someone you care about?"),
)
LANGUAGES = [code for code, _name in settings.LANGUAGES]


class Asked(NamedTuple):
    """A question of ours and the module it came from; each empty where there is none."""

    module: str = ""
    prompt: str = ""


def asked_by(slug: str, number: str) -> Asked:
    """A module's question by its number, counted from 1, in the language of the page."""
    module = find(slug, get_language())
    prompts = {str(n): prompt for n, prompt in enumerate(module.exercise.prompts, 1)} if module else {}
    return Asked(module.slug if module else "", prompts.get(number, ""))


def ours(module: str, prompt: str) -> Asked:
    """What of this module and question is really ours, in whichever language; the rest is dropped."""
    modules = every(module)
    known = {each for found in modules for each in found.exercise.prompts} | _general()
    return Asked(module if modules else "", prompt if prompt in known else "")


def _general() -> set[str]:
    found = set()
    for code in LANGUAGES:
        with override(code):
            found |= {str(each) for each in QUESTIONS}
    return found


class OwnOrNone(forms.ModelChoiceField):
    """One of the person's own rows; anything else is no choice, not a fault that would hold the text back."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except forms.ValidationError:
            return None


class EntryForm(RecordForm):
    """What one wrote. Where it came from (prompt, module, attempt) is set once, when the entry is new."""

    prompt = forms.Field(required=False, widget=forms.HiddenInput)
    module = forms.Field(required=False, widget=forms.HiddenInput)
    attempt = OwnOrNone(queryset=None, required=False, widget=forms.HiddenInput)

    class Meta:
        model = JournalEntry
        fields = ["prompt", "module", "attempt", "body", "takeaway"]
        labels = {"body": _("Your words"), "takeaway": _("What will you take with you?")}
        help_texts = {"takeaway": _("One line for later. You can leave this empty.")}
        widgets = {"body": forms.Textarea({"rows": 12}), "takeaway": forms.Textarea({"rows": 2})}

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        given = data if data is not None else self.initial
        self.asked = ours(given.get("module") or "", given.get("prompt") or "")
        if not self.instance._state.adding:
            self.asked = Asked(self.instance.module, self.instance.prompt)
            del self.fields["prompt"], self.fields["module"], self.fields["attempt"]
        elif self.asked.prompt in _general() | {""}:
            self.asked = self.asked._replace(prompt="")
            self.fields["prompt"] = forms.Field(
                label=_("Begin with"),
                required=False,
                widget=Chips(choices=[("", _("No question, just write")), *((str(each), each) for each in QUESTIONS)]),
            )

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if "prompt" in self.fields:
            data |= ours(data["module"] or "", data["prompt"] or "")._asdict()
        if not (self.errors or data["body"] or data["takeaway"]):
            raise forms.ValidationError(_("The page is still empty. One sentence is enough."))
        return data
