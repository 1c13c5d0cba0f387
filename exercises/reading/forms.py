"""The mark that a module was read, and how far; words in its margin."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from exercises.course.pages import Module
from exercises.journal.models import JournalEntry
from exercises.records.forms import RecordForm


class MarkForm(forms.Form):
    """`read` 1 or 0 sets or takes away the mark; `section` is the heading last reached. Either may be left out."""

    read = forms.TypedChoiceField(choices=[("1", ""), ("0", "")], coerce=int, empty_value=None, required=False)
    section = forms.CharField(required=False, max_length=80)

    def __init__(self, data: Any, *, module: Module) -> None:
        super().__init__(data)
        self.module = module

    def clean_section(self) -> str:
        section = self.cleaned_data["section"]
        return section if section in {heading.id for heading in self.module.headings} else ""

    def changes(self, now: datetime) -> dict[str, Any]:
        """What to set on the ModuleRead."""
        read, section = self.cleaned_data["read"], self.cleaned_data["section"]
        mark = {} if read is None else {"finished_at": now if read else None}
        return mark | ({"section": section} if section else {})


class MarginForm(RecordForm):
    """Words to a question in the margin, which become a journal entry; `number` is the question's, counted from 1."""

    class Meta:
        model = JournalEntry
        fields = ["body"]
        labels = {"body": _("Your words")}
        widgets = {"body": forms.Textarea({"rows": 4})}
        error_messages = {"body": {"required": _("The page is still empty. One sentence is enough.")}}

    def __init__(self, data: Any = None, *, module: Module, number: int, **kwargs: Any) -> None:
        super().__init__(data, auto_id=f"margin-{number}-%s", **kwargs)
        self.module, self.number = module, number
        self.instance.module, self.instance.prompt = module.slug, module.parts[number - 1].prompt
        self.fields["body"].required = True
