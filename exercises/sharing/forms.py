"""A list of pieces to pick that grows; choosing what goes behind a link, one piece at a time, and for how long."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from exercises.evidence.models import Evidence
from exercises.records.fields import Chips
from exercises.records.forms import RecordForm
from exercises.sharing.models import Share, ids

AT_ONCE = 20  # pieces that are offered at first, and as many more each time
MOST = 20  # pieces behind one link: it shares pieces, not the account
DAYS = [(1, _("1 day")), (7, _("7 days")), (30, _("30 days"))]  # how long a link can be open; nothing longer


def in_days(days: str) -> datetime:
    """The moment so many days from now."""
    return timezone.now() + timedelta(int(days))


class Pieces(forms.MultipleChoiceField):
    """Ids of evidence; whose they are is seen to by the form."""

    def valid_value(self, value: Any) -> bool:
        return True


class GrowingForm(RecordForm):
    """A form with a list of the newest of something: `at_once`, and as many more each time.

    `shown` is how many are listed. The button for older ones sends it a second time, larger: then nothing is stored
    yet, the list grows, and all that was typed and ticked stays.
    """

    at_once: int
    shown = forms.Field(widget=forms.HiddenInput, required=False)

    @property
    def there(self) -> int:
        """How many can be listed; need not count beyond one more than are."""
        raise NotImplementedError

    @property
    def count(self) -> int:
        """How many of the newest are listed."""
        text = str(self["shown"].value())
        return max(self.at_once, int(text)) if text.isdecimal() and len(text) < 7 else self.at_once

    @property
    def older(self) -> int:
        """How many will be listed once older ones are asked for; 0 where there are none."""
        return self.count + self.at_once if self.there > self.count else 0

    @property
    def wants_older(self) -> bool:
        """Whether the button for older ones was pressed."""
        data: Any = self.data
        return len(data.getlist("shown")) > 1


class ShareForm(GrowingForm):
    """Which pieces, and how many days."""

    at_once = AT_ONCE
    pieces = Pieces(label=_("Which pieces do you want to show?"), required=False)
    expires_at = forms.TypedChoiceField(
        label=_("How long should the link work?"),
        help_text=_("You can close it at any time."),
        choices=DAYS,
        coerce=in_days,
        initial=7,
        widget=Chips,
    )

    class Meta:
        model = Share
        fields = ["pieces", "expires_at"]

    def clean_pieces(self) -> list[str]:
        """Those that are one's own and still there, in the order of the timeline."""
        own = self.user.evidence.before(None).filter(pk__in=ids(self.cleaned_data["pieces"]))
        chosen = [str(id) for id in own.values_list("pk", flat=True)]
        if not chosen and not self.wants_older:
            raise ValidationError(_("Nothing is ticked yet. One piece is enough."))
        if len(chosen) > MOST:
            raise ValidationError(_("One link can hold %(most)s pieces at most."), params={"most": MOST})
        return chosen

    def twin(self) -> Any:
        """Only the same link, sent twice: what was sent to someone is never made to show something else."""
        twin: Any = super().twin()
        same = twin and twin.pieces == self.cleaned_data["pieces"] and not twin.ended(timezone.now())
        return twin if same else None

    def save(self, commit: bool = True) -> Share:
        twin = self.twin()
        return twin or super().save(commit)

    @property
    def there(self) -> int:
        return len(self._newest)

    @cached_property
    def _newest(self) -> list[Evidence]:
        return list(self.user.evidence.before(None).select_related("person")[: self.count + 1])

    @property
    def offered(self) -> Iterable[tuple[Evidence, bool]]:
        """The newest pieces, each with whether it is ticked; before them what is ticked and older than these."""
        ticked = set(ids(self["pieces"].value() or ()))
        listed = self._newest[: self.count]
        missing = ticked - {piece.pk for piece in listed}
        older = self.user.evidence.before(None).select_related("person").filter(pk__in=missing)
        return [(piece, piece.pk in ticked) for piece in [*older, *listed]]
