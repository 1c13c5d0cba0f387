"""Forms of records: sent twice, stored once."""

from typing import Any

from django import forms
from django.db import IntegrityError, models, transaction
from django.forms.models import construct_instance
from django.http import HttpRequest, QueryDict

from exercises.records.models import Record, uuid7


def sent(request: HttpRequest) -> QueryDict | None:
    """What was sent, also when all of it was left empty; None where nothing was sent."""
    return request.POST if request.method == "POST" else None


class RecordForm(forms.ModelForm):
    """A form that carries its record's id, so that a double click, a retry or the back button stores once.

    `user` is whose record it is. Choices of other records are the user's own.
    """

    id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    user: Any

    def __init__(self, data: Any = None, *, user: Any, instance: Record | None = None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(data, instance=instance, **kwargs)
        self.instance.user = user
        self.fields["id"].initial = self.instance.pk
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = self._own(self._meta.model._meta.get_field(name).related_model)

    def _own(self, model: Any) -> models.QuerySet:
        return model.objects.filter(user=self.user)

    def twin(self) -> Record | None:
        """The row that a second sending of this form is about."""
        wanted = self.cleaned_data.get("id")
        return self._own(self._meta.model).filter(pk=wanted).first() if wanted else None

    def save(self, commit: bool = True) -> Any:
        if not self.instance._state.adding:
            return super().save(commit)
        twin = self.twin()
        if twin is None:
            self.instance.pk = self.cleaned_data.get("id") or uuid7()
            try:
                with transaction.atomic():
                    return super().save(commit)
            except IntegrityError:  # a second click at the same moment, or an id that is taken
                twin = self.twin()
        if twin is None:
            self.instance.pk = uuid7()
            return super().save(commit)
        self.instance = construct_instance(self, twin, self._meta.fields, self._meta.exclude)
        return super().save(commit)
