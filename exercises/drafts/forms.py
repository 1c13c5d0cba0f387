"""What the page sends of a form while someone is typing."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.urls import Resolver404, resolve
from django.utils.translation import get_language

from exercises.drafts.keeping import LONGEST

MOST = 100_000  # characters in all: twice the longest journal entry
ADDRESS = RegexValidator(r"\A/[A-Za-z0-9/_-]+/(\?[A-Za-z0-9_&=-]+)?\Z")


class KeepForm(forms.Form):
    """Which form it is, and that it is not too much; the fields themselves are kept as they are, unchecked."""

    draft_page = forms.CharField(max_length=LONGEST, validators=[ADDRESS])
    id = forms.UUIDField()
    whose = forms.CharField(max_length=32)
    draft_nothing = forms.BooleanField(required=False)  # the form is again as it was before anyone typed

    def clean_draft_page(self) -> str:
        page = self.cleaned_data["draft_page"]
        try:
            resolve(f"/{get_language()}{page.partition('?')[0]}")
        except Resolver404:
            raise ValidationError("no page of ours") from None
        return page

    def clean(self) -> dict[str, Any]:
        data: Any = self.data
        if sum(len(name) + sum(map(len, values)) for name, values in data.lists()) > MOST:
            raise ValidationError("too much", code="too_long")
        return self.cleaned_data
