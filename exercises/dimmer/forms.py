"""The three small questions, the dimmer, the plan, and looking back."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from exercises.course.courses import home
from exercises.course.pages import NOTCHES
from exercises.dimmer import advice
from exercises.dimmer.habits import HABITS, SIGNS, SIGNS_OTHER
from exercises.dimmer.models import CAME_OF_IT, Attempt, Bore, CameTrue, Dimmer, Done, Reaction, answered
from exercises.dimmer.next_step import NextStep
from exercises.people.forms import PersonChoice, PersonForm, PutAwayForm, name_field, relation_field
from exercises.people.models import Relation
from exercises.records.fields import NO_ANSWER, TENSION, Chips, DayField, ManyChips, ScaleField
from exercises.records.forms import RecordForm
from exercises.records.models import uuid7

YEAR = 365  # days
SITUATIONS = {
    "message": pgettext_lazy("situation", "in a message"),
    "call": pgettext_lazy("situation", "on a call"),
    "together": pgettext_lazy("situation", "when you are together"),
}
MINUTES = (5, 10, 20)


RATHER_TOMORROW = _("One step up a day is enough. Choose a later day for this one, or a level that is not higher.")


class Notches(forms.RadioSelect):
    """A level from 0 to 100 by 10, each with a lamp as bright as its value."""

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = ()) -> None:
        super().__init__({"class": "notch"} | (attrs or {}), choices)


def answer(choices: Any, **kwargs: Any) -> forms.ChoiceField:
    """One of a few choices, or no answer ('')."""
    return forms.ChoiceField(choices=[("", NO_ANSWER), *choices], required=False, widget=Chips, **kwargs)


def text(rows: int = 2, **attrs: Any) -> forms.Textarea:
    return forms.Textarea({"rows": rows, **attrs})


class StartWithForm(forms.Form):
    """With whom, which situation, how much time: what they choose is said by suggestion.py."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["with"] = answer(Relation.choices, label=_("Who would you like to practise with?"))
        self.fields["situation"] = answer(SITUATIONS.items(), label=_("In which situation?"))
        self.fields["minutes"] = forms.TypedChoiceField(
            label=_("How many minutes do you have?"),
            choices=[("", NO_ANSWER), *((n, str(n)) for n in MINUTES)],
            coerce=int,
            empty_value=None,
            required=False,
            widget=Chips,
        )


def said(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to the three small questions in the reader's language."""
    relations = dict(Relation.choices)
    return {
        "with": relations.get(answers.get("with", "")),
        "situation": SITUATIONS.get(answers.get("situation", "")),
        "minutes": answers.get("minutes"),
    }


class DimmerForm(RecordForm):
    """What one practises to talk about, and how bright is enough."""

    topic = forms.CharField(
        label=_("Topic"),
        max_length=200,
        help_text=_("Something that is mildly uncomfortable, where you expect a tension of 3 to 5 out of 10."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    ceiling = forms.TypedChoiceField(
        label=_("How bright is enough?"),
        help_text=_("100 is not a goal. Many people stop at 60 or lower. You can change this any time."),
        choices=[(n, str(n)) for n in NOTCHES[1:]],
        coerce=int,
        empty_value=advice.CEILING,  # type: ignore[arg-type]
        initial=advice.CEILING,
        required=False,
        widget=Notches,
    )

    class Meta:
        model = Dimmer
        fields = ["topic", "ceiling"]


class EditDimmerForm(PutAwayForm, DimmerForm):
    """A dimmer that is there already, and may be put away."""

    archived = forms.BooleanField(label=_("Put away: keep everything, out of the list."), required=False)


class NewDimmerForm(DimmerForm):
    """A new dimmer, with someone who is there already or someone new: for a newcomer one page is enough."""

    person: Any = PersonChoice(
        label=_("Who with?"), queryset=None, required=False, blank=True, empty_label=_("Someone new"), widget=Chips
    )
    name = name_field(label=_("Nickname"), help_text=_("A nickname is enough. Only you see it."), required=False)
    relation = relation_field()
    new_person = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid7)

    field_order = ["id", "new_person", "person", "name", "relation", "topic", "ceiling"]

    class Meta(DimmerForm.Meta):
        fields = ["person", "topic", "ceiling"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = self.user.people.in_use().newest_first()
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        if people.exists():
            self.fields["name"].label = _("Nickname, if it is someone new")
        else:
            del self.fields["person"]
            self.fields["name"].required = True

    def clean(self) -> None:
        super().clean()
        chosen, name = self.cleaned_data.get("person"), self.cleaned_data.get("name")
        if chosen and name:
            self.add_error("name", _("Choose one: someone from the list, or someone new."))
        elif not chosen and not name and not {"person", "name"} & self.errors.keys():
            self.add_error("name", _("Choose someone, or write a nickname."))

    def save(self, commit: bool = True) -> Dimmer:
        person = self.cleaned_data.get("person") or self._new_person()
        self.instance.person = self.cleaned_data["person"] = person
        return super().save(commit)

    def _new_person(self) -> Any:
        data = self.cleaned_data
        form = PersonForm({**data, "id": data.get("new_person") or uuid7()}, user=self.user)
        form.full_clean()
        return form.save()


class PlanForm(RecordForm):
    """One step before it is taken: what one says, and what one expects."""

    level = forms.TypedChoiceField(
        label=_("Level of the dimmer"),
        choices=[(n, str(n)) for n in NOTCHES],
        coerce=int,
        empty_value=None,
        required=False,
        widget=Notches({"data-light-source": True}),
    )
    chance = ScaleField(
        top=100,
        step=10,
        label=_("How likely is that?"),
        help_text=_("0: it certainly won’t happen. 100: it certainly will."),
    )
    fear_expected = ScaleField(
        anchors=TENSION,
        label=_("How tense do you expect to be?"),
        help_text=_(
            "0 is calm, 5 is tense but you can manage, 10 is the worst you know. 3 to 5 is a good place to begin."
        ),
    )
    leave_out = answer(
        HABITS.items(),
        label=_("One habit to leave out this time"),
        help_text=_(
            "These habits once helped you. You do not have to get rid of them. Choose one to leave out for once."
        ),
    )
    planned_for = DayField(ahead=YEAR, label=_("On which day?"))
    exercise = forms.CharField(widget=forms.HiddenInput, required=False, max_length=80)

    class Meta:
        model = Attempt
        fields = [
            "level",
            "usual",
            "more",
            "expectation",
            "chance",
            "fear_expected",
            "leave_out",
            "if_then",
            "planned_for",
            "exercise",
        ]
        labels = {
            "usual": _("What would you normally say?"),
            "more": _("What will you say this time?"),
            "expectation": _("What do you expect will happen?"),
            "if_then": _("Your plan in one sentence"),
        }
        help_texts = {
            "more": _("One sentence is enough. Clumsy is fine."),
            "expectation": _("One thing that someone could see or hear."),
            "if_then": _("If I … (the moment), then I say … (the sentence)."),
        }
        widgets = {"usual": text(), "more": text(), "expectation": text(), "if_then": text()}

    def __init__(self, *args: Any, next_step: NextStep | None = None, **kwargs: Any) -> None:
        self.next_step = next_step  # what was offered; None where nothing is
        super().__init__(*args, **kwargs)

    def clean_level(self) -> int:
        level = self.cleaned_data["level"]
        return self.get_initial_for_field(self.fields["level"], "level") if level is None else level

    def clean(self) -> None:
        super().clean()
        level = self.cleaned_data.get("level")
        if self.next_step is None or level is None:
            return
        if self._is_second_raise(level):
            self.add_error("level", RATHER_TOMORROW)
        if self.instance._state.adding:
            self.instance.advice = self.next_step.record()

    def _is_second_raise(self, level: int) -> bool:
        """Whether this would be a raise on a day (where none was chosen: today) that has one already."""
        row, today = self.instance, timezone.localdate()
        stays = not row._state.adding and not {"level", "planned_for"} & set(self.changed_data)
        if stays or row.done or not self.next_step or not self.next_step.is_higher(level):
            return False
        others = self.user.attempts.exclude(pk=self.cleaned_data.get("id") or row.pk)
        return others.raised_on(max(self.cleaned_data.get("planned_for") or today, today))

    def clean_exercise(self) -> str:
        slug = self.cleaned_data["exercise"]
        return slug if home(slug) else self.instance.exercise

    def twin(self) -> Attempt | None:
        """Only a step of the same dimmer, or of none as this one: another one's id makes a new step."""
        twin: Any = super().twin()
        return twin if twin and twin.dimmer_id == self.instance.dimmer_id else None

    def save(self, commit: bool = True) -> Attempt:
        attempt = super().save(commit)
        attempt.note_choice()
        attempt.put_with_evidence(attempt.in_evidence, timezone.localdate(), self.changed_data)
        return attempt


class ObserveForm(PlanForm):
    """One step at level 0: one only looks, so there is no dimmer, no habit and no sentence to say."""

    level = None  # type: ignore[assignment]
    leave_out = None  # type: ignore[assignment]

    class Meta(PlanForm.Meta):
        fields = ["usual", "more", "expectation", "chance", "fear_expected", "planned_for", "exercise"]
        labels = PlanForm.Meta.labels | {
            "expectation": _("With whom, and what would they do if you said something more honest?"),
            "usual": _("What do you usually say then?"),
            "more": _("What would be the true sentence?"),
        }
        help_texts = PlanForm.Meta.help_texts | {"more": _("You do not have to say it. Writing it down is enough.")}


class AfterForm(RecordForm):
    """One step after it was taken, or not."""

    done = answer(
        Done.choices, label=_("Did you do it?"), help_text=_("‘Not now’ is a good answer too: it tells you something.")
    )
    done_on = DayField(ahead=0, label=_("On which day?"))
    came_true = answer(CameTrue.choices, label=_("Did what you expected come true?"))
    fear_peak = ScaleField(anchors=TENSION, label=_("How tense were you at the highest moment?"))
    fear_after = ScaleField(anchors=TENSION, label=_("And now?"))
    bore_it = answer(Bore.choices, label=_("Could you bear it?"))
    habits = forms.MultipleChoiceField(
        label=_("Which habits did you notice in yourself?"),
        help_text=_("They once helped you. Noticing is enough."),
        choices=HABITS,
        required=False,
        widget=ManyChips,
    )
    signs = forms.MultipleChoiceField(choices=SIGNS, required=False, widget=ManyChips)
    reaction = answer(Reaction.choices, label=_("How did the other person react?"))
    too_much = forms.BooleanField(label=_("It was too much"), required=False)
    chance_next = ScaleField(
        top=100,
        step=10,
        label=_("How likely do you think it is next time?"),
        help_text=_("0: it certainly won’t happen. 100: it certainly will."),
    )
    add_evidence = forms.BooleanField(
        label=_("Put this with my evidence"),
        help_text=_("You can then find it under ‘What you survived’: what you feared, and what happened."),
        required=False,
    )

    class Meta:
        model = Attempt
        fields = [
            "done",
            "done_on",
            "happened",
            "came_true",
            "fear_peak",
            "fear_after",
            "bore_it",
            "habits",
            "signs",
            "reaction",
            "too_much",
            "learned",
            "chance_next",
        ]
        labels = {"happened": _("What happened?"), "learned": _("What do you know now that you did not know before?")}
        help_texts = {"happened": _("Only what someone could see or hear.")}
        widgets = {"happened": text(3), "learned": text()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.done_on is None:
            self.initial["done_on"] = timezone.localdate()
        # ticked beforehand, but not for what was only looked at, and not for what was too much
        fresh = bool(self.instance.dimmer) and not self.instance.was_done and not self.initial.get("too_much")
        self.initial["add_evidence"] = self.instance.in_evidence or fresh

    def signs_other(self) -> list[Any]:
        """The boxes of what one notices in the other person."""
        return list(self["signs"])[: len(SIGNS_OTHER)]

    def signs_self(self) -> list[Any]:
        """The boxes of what one notices in oneself."""
        return list(self["signs"])[len(SIGNS_OTHER) :]

    def clean(self) -> None:
        super().clean()
        data = self.cleaned_data
        if not data.get("done") and any(answered(data.get(name)) for name in CAME_OF_IT):
            data["done"] = Done.PART  # who says how it went, did something
        if data.get("done") and not data.get("done_on"):
            data["done_on"] = timezone.localdate()

    def save(self, commit: bool = True) -> Attempt:
        attempt = super().save(commit)
        if attempt.person and attempt.reaction == Reaction.PUNISH and "reaction" in self.changed_data:
            attempt.person.pause(timezone.now())
        attempt.put_with_evidence(self.cleaned_data["add_evidence"], timezone.localdate(), self.changed_data)
        return attempt


class DeleteAttemptForm(forms.Form):
    """What to do with the evidence that this step became."""

    evidence = forms.ChoiceField(
        label=_("What should happen to the evidence of it?"),
        choices=[("keep", _("Keep the evidence")), ("delete", _("Delete it too"))],
        initial="keep",
        required=False,
        widget=Chips,
    )
