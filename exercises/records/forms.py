"""Forms of records: sent twice, stored once."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db import IntegrityError, models, transaction
from django.dispatch import Signal
from django.forms.models import construct_instance
from django.forms.utils import ErrorDict
from django.http import HttpRequest, QueryDict
from django.utils.choices import flatten_choices
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from exercises.records.models import Record, uuid7


def sent(request: HttpRequest) -> QueryDict | None:
    """What was sent, also when all of it was left empty; None where nothing was sent."""
    return request.POST if request.method == "POST" else None


CHANGED = _(
    "This was changed in the meantime, on another page or device. Nothing is lost: what is stored now stands below."
    " Save once more to keep what you have here."
)
SOMEONE_ELSE = _(
    "Someone else is signed in now in this browser, so this was not saved. Your text is still here: you can copy it,"
    " or sign in again in another tab and then save."
)
YES_OR_NO = [(True, _("yes")), (False, _("no"))]


stored = Signal()  # after a form was saved, in the same transaction; form: RecordForm


def mark_of(user: Any) -> str:
    """Tells one person's pages from another's without saying who it is: 32 hexadecimal digits."""
    return salted_hmac("exercises.records.forms", str(user.pk), algorithm="sha256").hexdigest()[:32]


def version(row: Record) -> str:
    """Which state of a row this is; empty for one that is not stored yet."""
    return "" if row._state.adding else row.updated_at.isoformat()


class RecordForm(forms.ModelForm):
    """A form that carries its record's id, so that a double click, a retry or the back button stores once.

    It also carries which version it was made from (`seen`): where another page or device has saved something else
    since, the person is told and shown both (`elsewhere`), and saving once more keeps what stands in the form.
    `user` is whose record it is. Choices of other records are the user's own. And it carries `whose` page it is: what
    one person typed is never saved as another's, who has signed in since in another tab.
    """

    id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    whose = forms.CharField(widget=forms.HiddenInput, required=False)
    elsewhere: Sequence[tuple[Any, str]] = ()
    page = ""  # where what is typed is kept, see drafts/keeping.py; empty for nowhere
    draft: Any = None  # what is shown here as it was typed, where that was kept
    user: Any

    def __init__(self, data: Any = None, *, user: Any, instance: Record | None = None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(data, instance=instance, **kwargs)
        self.instance.user = user
        self.fields["id"].initial = self.instance.pk
        self.fields["seen"].initial = version(self.instance)
        self.fields["whose"].initial = mark_of(user)
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField):
                field.queryset = self._own(self._meta.model._meta.get_field(name).related_model)

    def _own(self, model: Any) -> models.QuerySet:
        return model.objects.filter(user=self.user)

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_own:
            self.add_error(None, SOMEONE_ELSE)
        elif "seen" in self.data and not self.errors and not self.instance._state.adding:
            self._compare()

    @property
    def is_own(self) -> bool:
        """Whether the page that this was sent from was made for the same person."""
        return self.data.get("whose", "") in ("", mark_of(self.user))

    def fill(self, typed: Mapping[str, list[str]]) -> None:
        """Show exactly what was typed, by field, unchecked: nothing is wrong with it until it is sent."""
        data = QueryDict(mutable=True)
        for name, values in typed.items():
            data.setlist(name, values)
        data["whose"] = mark_of(self.user)
        self.data, self.is_bound, self._errors = data, True, ErrorDict()

    def _compare(self) -> None:
        """Refuse, once, to overwrite what came in between."""
        row = self._own(self._meta.model).select_for_update().filter(pk=self.instance.pk).first()
        if row is None or self.data["seen"] == version(row):
            return
        others = [name for name, value in self.answers().items() if value != getattr(row, name)]
        if others:  # a double click says the same, and is not told anything
            self.elsewhere = [(self.fields[name].label, self._shown(name, getattr(row, name))) for name in others]
            data: Any = self.data
            self.data = data = data.copy()
            data["seen"] = version(row)
            self.add_error(None, CHANGED)

    def answers(self) -> dict[str, Any]:
        """What the form would store, by the record's fields."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or () if name in self.fields}

    def _shown(self, name: str, value: Any) -> str:
        names = dict(flatten_choices(getattr(self.fields[name], "choices", YES_OR_NO)))
        values = value if isinstance(value, list) else [value]
        return ", ".join(str(names.get(each, each)) for each in values if each not in (None, ""))

    def twin(self) -> Record | None:
        """The row that a second sending of this form is about."""
        wanted = self.cleaned_data.get("id")
        return self._own(self._meta.model).filter(pk=wanted).first() if wanted else None

    def save(self, commit: bool = True) -> Any:
        """The stored row."""
        row = self._store(commit)
        stored.send(type(self), form=self)
        return row

    def _store(self, commit: bool) -> Any:
        if not self.instance._state.adding:
            return super().save(commit)
        self.instance.pk = self.cleaned_data.get("id") or uuid7()
        try:
            with transaction.atomic():
                return super().save(commit)
        except IntegrityError:  # sent before, or an id that is taken
            twin = self.twin()
        if twin is None:
            self.instance.pk = uuid7()
            return super().save(commit)
        self.instance = construct_instance(self, twin, self._meta.fields, self._meta.exclude)
        return super().save(commit)
