"""A moderator's page: the words, and two buttons. Who wrote them is not shown.

The site's administration registers this (`kwetsbaar/accounts/admin.py`), and decides who comes in.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exercises.reactions.models import Reaction, State

SHOW, HIDE = "_show", "_hide"  # the names of the buttons; the key Enter hides


class DecisionForm(forms.ModelForm):
    """Why: who wrote it reads that. To hide something takes a reason."""

    class Meta:
        labels = {
            "text": gettext_lazy("Reaction"),
            "nickname": gettext_lazy("A name to use here"),
            "module": gettext_lazy("Module"),
            "language": gettext_lazy("Language"),
            "created_at": gettext_lazy("Sent"),
            "decided_at": gettext_lazy("Last decision"),
            "reason": gettext_lazy("Reason"),
        }
        help_texts = {
            "reason": gettext_lazy("Only the person who wrote this reads it. Needed when you hide something.")
        }

    def clean_reason(self) -> str:
        reason = self.cleaned_data["reason"]
        if not reason and SHOW not in self.data:
            raise forms.ValidationError(_("Say why in a few words. The person who wrote this reads it."))
        return reason


class ReactionAdmin(admin.ModelAdmin):
    """What waits first, the longest waiting first; after each decision the next one."""

    form = DecisionForm
    list_display = ("first_line", "state", "times_reported", "reported_since", "sent")
    list_filter = ("state",)
    ordering = ("-state", "created_at", "id")  # waiting, shown, hidden
    counted = ("times_reported", "reported_since")
    readonly_fields = ("text", "nickname", "module", "language", "state", *counted, "created_at", "decided_at")
    fields = (*readonly_fields, "reason")
    actions = None
    show_full_result_count = False

    @admin.display(description=gettext_lazy("Reaction"))
    def first_line(self, row: Reaction) -> str:
        return row.first_line

    @admin.display(description=gettext_lazy("Reported"))
    def times_reported(self, row: Reaction) -> int:
        return row.reported

    @admin.display(description=gettext_lazy("Reported since the last decision"))
    def reported_since(self, row: Reaction) -> int:
        return row.reported_since

    @admin.display(description=gettext_lazy("Sent"), ordering="created_at")
    def sent(self, row: Reaction) -> Any:
        return row.created_at

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """By state alone: an address that asks by author would tell who wrote what."""
        return lookup.split("__")[0] == "state"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reaction]:
        """A decision waits for what is being done to the row: reported, withdrawn."""
        rows = super().get_queryset(request)
        return rows.select_for_update() if request.method == "POST" else rows

    def save_model(self, request: HttpRequest, row: Reaction, form: Any, change: bool) -> None:
        state = State.SHOWN if SHOW in request.POST else State.HIDDEN
        row.decide(state, row.reason, timezone.now())

    def response_change(self, request: HttpRequest, row: Reaction) -> HttpResponse:
        shown = row.state == State.SHOWN
        hidden = _("Hidden. Only the person who wrote it sees it.")
        self.message_user(request, _("Shown to everyone.") if shown else hidden)
        following = Reaction.objects.waiting().first()
        page = "admin:exercises_reaction_change" if following else "admin:exercises_reaction_changelist"
        return redirect(page, *([following.pk] if following else []))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
