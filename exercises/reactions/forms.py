"""Leaving a reaction: a name for here, the words, and a box that only programs fill in."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.forms.models import model_to_dict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from exercises.reactions.models import A_DAY, DAY, MINUTE, Reaction
from exercises.records.fields import Lines
from exercises.records.forms import RecordForm

TODAY_IS_FULL = _(
    "You have left %(most)s reactions in the last 24 hours. That is the most there is room for. Try again tomorrow."
)
TOO_SOON = _("You left a reaction less than a minute ago. Wait a moment, then send this one again.")
FILLED_IN = _(
    "A hidden box was filled in, which is what programs do. It is empty again, so you can send this once more."
)
WORDS = ["nickname", "text"]


class ReactionForm(RecordForm):
    """A new reaction of `user` below `module`, in the language of the page.

    A reaction is no record, but its form is carried and kept like one: a double click stores once, what is typed waits
    as a draft, and nothing is sent in the name of who signed in since in another tab.
    """

    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.URLInput({"autocomplete": "off", "tabindex": "-1"}),
    )
    earlier: Reaction | None = None  # what an earlier sending of this form stored

    class Meta:
        model = Reaction
        fields = WORDS
        field_classes = {"text": Lines}
        labels = {"nickname": _("A name to use here"), "text": _("Your reaction")}
        help_texts = {
            "nickname": _("For this one reaction. It doesn’t have to be your own name."),
            "text": _("At most 1,000 characters. A link is shown as plain text."),
        }
        widgets = {"nickname": forms.TextInput({"autocomplete": "off"}), "text": forms.Textarea({"rows": 5})}

    def __init__(self, data: Any = None, *, user: Any, module: str) -> None:
        row: Any = Reaction(author=user, module=module, language=get_language())
        super().__init__(data, user=user, instance=row)

    def clean(self) -> None:
        super().clean()
        if not self.is_own:
            return
        if self.cleaned_data.get("website"):
            self.data: Any = self.data.copy()
            self.data["website"] = ""
            raise forms.ValidationError(FILLED_IN)
        self._find_earlier()
        if self.earlier is None and not self.errors:
            self._check_room()

    def _find_earlier(self) -> None:
        """Sendings of one person wait for each other here, so that each sees what the one before stored.

        Other words under an id that is taken are a reaction of their own: someone went back and wrote on.
        """
        get_user_model().objects.select_for_update(no_key=True).get(pk=self.user.pk)
        wanted: Any = self.cleaned_data.get("id") or self.instance.pk
        taken = Reaction.objects.filter(pk=wanted).first()
        if taken is None:
            self.instance.pk = wanted
        elif taken.author_id == self.user.pk and model_to_dict(taken, WORDS).items() <= self.cleaned_data.items():
            self.earlier = taken

    def _check_room(self) -> None:
        mine, now = self.user.reactions, timezone.now()
        if mine.since(now - DAY).count() >= A_DAY:
            raise forms.ValidationError(TODAY_IS_FULL, params={"most": A_DAY})
        if mine.since(now - MINUTE).exists():
            raise forms.ValidationError(TOO_SOON)

    def _store(self, commit: bool) -> Reaction:
        """It waits for a moderator."""
        return self.earlier or forms.ModelForm.save(self, commit)
