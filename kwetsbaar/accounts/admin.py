"""The administration at /beheer/: who there is, and of what anyone wrote only reactions, which are for everybody.

Nothing registers here by itself. In comes who is staff (`manage.py staff`) and has used a passkey or the app with
codes in this session, not longer ago than a working day.
"""

import time
from collections.abc import Callable
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override, pgettext_lazy

from exercises.reactions.admin import ReactionAdmin
from exercises.reactions.models import Reaction
from kwetsbaar.accounts.models import User
from kwetsbaar.accounts.reauthentication import SECOND, ways

LASTS = 8 * 60 * 60  # seconds


def used_second_factor(request: HttpRequest) -> bool:
    """Whether a passkey or the app was used in this session, not too long ago."""
    used = [record for record in get_authentication_records(request, request.user) if record.get("type") in SECOND]
    return bool(used) and time.time() - used[-1]["at"] < LASTS


class Administration(admin.AdminSite):
    site_header = site_title = pgettext_lazy("the neutral name of this site", "Notes")
    index_title = gettext_lazy("Administration")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and used_second_factor(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """No form of its own: our sign-in came first, now the second factor. For others there is nothing here."""
        asked = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        if not request.user.is_staff:  # a visitor too
            raise Http404
        with override(request.user.language):
            if ways(request.user) & SECOND:
                return redirect(f"{reverse('account_reauthenticate')}?{asked}&only=second")
            messages.info(request, _("First add a passkey, or a second step. Then the administration opens."))
            return redirect("mfa_index")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def admin_view(self, view: Callable, cacheable: bool = False) -> Any:
        """In the person's own language; pages here stand outside the languages."""
        inner = super().admin_view(view, cacheable)

        def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            with override(getattr(request.user, "language", None)):
                response = inner(request, *args, **kwargs)
                return response.render() if hasattr(response, "render") else response

        return shown


site = Administration(name="admin")
site.register(Reaction, ReactionAdmin)


@admin.register(User, site=site)
class UserAdmin(admin.ModelAdmin):
    """Who there is, by id and day. Nobody is made or removed here; one may be switched off, and on again."""

    list_display = ("id", "began", "last_day", "is_active")
    list_filter = ("is_active",)
    search_fields = ("id__exact",)
    search_help_text = gettext_lazy("A whole id")
    ordering = ("-id",)
    fields = ("id", "began", "last_day", "is_active")
    readonly_fields = ("id", "began", "last_day")
    actions = None
    show_full_result_count = False

    @admin.display(description=gettext_lazy("Started on"))
    def began(self, user: User) -> Any:
        return user.date_joined.date()

    @admin.display(description=gettext_lazy("Last sign-in"))
    def last_day(self, user: User) -> Any:
        return user.last_login and user.last_login.date()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).only("id", "date_joined", "last_login", "is_active", "is_staff")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not oneself, and not another of the staff."""
        return site.has_permission(request) and not (obj and obj.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
