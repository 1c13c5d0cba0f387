"""What is being typed, kept on the server until the form is saved."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from exercises.records.models import Owned, Record, RecordManager, RecordQuerySet, hidden
from exercises.records.sealing import SealedJSONField, SealedTextField

KEPT_FOR = timedelta(days=30)
NO_RECORDS = {"nickname", "text"}  # the fields for words of a reaction, which is no record
LONGEST_KEY = 20  # characters: a sealed field that takes no more holds a key of ours, not words
PLACES = {  # the first part of an address → what a person calls that place
    "journal": pgettext_lazy("title", "Journal"),
    "feeling": _("The feeling of a day"),
    "dimmer": pgettext_lazy("title", "Practise"),
    "attempts": pgettext_lazy("title", "Practise"),
    "exercises": pgettext_lazy("title", "Practise"),
    "evidence": pgettext_lazy("title", "Looking back"),
    "read": pgettext_lazy("navigation", "Read"),
    "progress": pgettext_lazy("title", "Looking back"),
    "share": pgettext_lazy("title", "Looking back"),
    "summary": pgettext_lazy("title", "Looking back"),
    "people": pgettext_lazy("title", "People"),
    "privacy": _("Reminders"),
}


class DraftQuerySet(RecordQuerySet):
    def kept(self, now: datetime) -> Self:
        """Those that are not older than 30 days, the last typed first."""
        return self.filter(updated_at__gt=now - KEPT_FOR).order_by("-updated_at", "-id")


class Draft(Record):
    """One form as it was last typed."""

    days = ()

    form = models.CharField(max_length=300)  # the page's address without its language; holds no words of anyone
    row = models.UUIDField()  # the id of the record that it will be
    body = SealedJSONField(default=dict)  # field → the values that the browser would send

    objects: ClassVar[Any] = RecordManager.from_queryset(DraftQuerySet)()

    class Meta:
        default_related_name = "drafts"
        indexes = [
            models.Index(fields=["user", "-updated_at"], name="drafts_last_typed_first"),
            hidden("drafts_hidden"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "form", "row"], condition=Q(deleted_at=None), name="one_draft_a_form"
            )
        ]

    @property
    def typed(self) -> dict[str, list[str]]:
        """The values by field, with the id that the form carried; also where an import brought something odd."""
        fields = self.body if isinstance(self.body, dict) else {}
        lists = {name: values for name, values in fields.items() if isinstance(values, list)}
        texts = {name: [each for each in values if isinstance(each, str)] for name, values in lists.items()}
        return texts | {"id": [str(self.row)]}

    @property
    def words(self) -> str:
        """All sentences, a blank line between them; nothing of what was only ticked."""
        named = word_fields()
        texts = [text.strip() for name, values in self.typed.items() if name in named for text in values]
        return "\n\n".join(filter(None, texts))

    @property
    def first_line(self) -> str:
        """What a list shows."""
        return next(iter(self.words.splitlines()), "")

    @property
    def place(self) -> str:
        """Where it belongs, in the reader's language."""
        return str(PLACES.get(self.form.split("/")[1:2][0] if "/" in self.form else "", _("Another page")))

    @property
    def address(self) -> str:
        """Its page in the reader's language, as it was left."""
        return f"{self.clean_address}{self.pk}"

    @property
    def clean_address(self) -> str:
        """Its page, showing nothing that was kept."""
        return f"/{get_language()}{self.form}{'&' if '?' in self.form else '?'}draft="

    @classmethod
    def about(cls, row: Record) -> models.QuerySet:
        """What was typed on the pages of this row; not what is hidden while something newer stands in its place."""
        newer = cls.objects.filter(user_id=row.user_id, form=OuterRef("form"), row=OuterRef("row"))
        typed = cls.with_deleted.filter(Q(row=row.pk) | Q(form__contains=f"/{row.pk}/"), user_id=row.user_id)
        return typed.filter(Q(deleted_at=None) | ~Exists(newer))

    @classmethod
    def stale(cls, now: datetime) -> Q:
        """Also what was typed over 30 days ago."""
        return super().stale(now) | Q(updated_at__lte=now - KEPT_FOR)


@cache
def word_fields() -> set[str]:
    """The names of the fields in which people write words, found by walking the records; and NO_RECORDS."""
    fields = [field for model in Owned.every() for field in model._meta.concrete_fields]
    texts = [field for field in fields if isinstance(field, SealedTextField)]
    return {field.name for field in texts if (field.max_length or 0) > LONGEST_KEY} | NO_RECORDS


def forget(sender: type, form: Any, **kwargs: Any) -> None:
    """A form was stored: what was kept of it is really gone. Another form of the same record keeps what it has."""
    rows = Draft.objects.filter(user=form.user, row__in={form.instance.pk, form.cleaned_data.get("id")} - {None})
    saved = [draft.pk for draft in rows if draft.typed.keys() <= form.fields.keys()]
    if saved:
        Draft.objects.filter(user=form.user, pk__in=saved).delete()
