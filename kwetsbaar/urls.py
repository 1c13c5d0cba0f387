"""The whole site: the product, the accounts, and what stands outside the languages."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path
from django.utils.translation import override
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from exercises.drafts.views import keep
from exercises.offline.manifest import manifest
from exercises.offline.views import worker
from exercises.reminders.calendar import feed
from exercises.reminders.views import stop
from exercises.safety.views import leave
from exercises.sharing.views import shared
from kwetsbaar.accounts import bringing, second
from kwetsbaar.accounts import views as accounts
from kwetsbaar.accounts.admin import site
from kwetsbaar.accounts.reauthentication import reauthenticate
from kwetsbaar.operating import figures, healthy, ready

handler400 = "kwetsbaar.errors.bad_request"
handler403 = "kwetsbaar.errors.forbidden"
handler404 = "kwetsbaar.errors.not_found"
handler429 = "kwetsbaar.errors.too_many"  # allauth's limits look for it here
handler500 = "kwetsbaar.errors.fault"


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """On to the language that a person chose, else the browser's, else Dutch."""
    if request.user.is_authenticated:
        with override(request.user.language):
            return redirect("today")
    return redirect("landing")


confirm = RedirectView.as_view(pattern_name="account_reauthenticate", query_string=True)  # one page for all ways

urlpatterns = [
    path("", home),
    path("weg/", leave, name="leave"),
    path("healthz", healthy),
    path("readyz", ready),
    path("metrics", figures),
    path("drafts/", keep, name="draft_keep"),
    path("sw.js", worker, name="worker"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("share/<str:token>/", shared, name="shared"),
    path("reminders/stop/<str:token>/", stop, name="reminder_stop"),
    path("calendar/<str:token>.ics", feed, name="calendar_feed"),
    path("beheer/", site.urls),
    *i18n_patterns(
        path("", accounts.landing, name="landing"),
        path("start/", accounts.start, name="start"),
        path("account/return/", accounts.come_back, name="come_back"),
        path("account/code/", accounts.return_code, name="return_code"),
        path("account/sign-out/", accounts.sign_out, name="sign_out"),
        path("account/signup/", RedirectView.as_view(pattern_name="start"), name="account_signup"),
        path("account/logout/", RedirectView.as_view(pattern_name="sign_out"), name="account_logout"),
        path("account/keep/", accounts.keep, name="keep"),
        path("account/bring/", bringing.bring, name="bring"),
        path("account/sessions/", accounts.sessions, name="sessions"),
        path("account/code/remove/", accounts.remove_return_code, name="return_code_remove"),
        path("account/login/", accounts.sign_in, name="account_login"),
        path("account/login/code/", accounts.send_code, name="account_request_login_code"),
        path("account/login/code/confirm/", accounts.confirm_code, name="account_confirm_login_code"),
        path("account/password/reset/", accounts.forgotten, name="account_reset_password"),
        path("account/password/reset/confirm/", accounts.forgotten_code, name="account_confirm_password_reset_code"),
        path("account/password/reset/complete/", accounts.forgotten_password, name="account_complete_password_reset"),
        path("account/confirm-email/", accounts.confirm_address, name="account_email_verification_sent"),
        path("account/password/set/", accounts.set_password, name="account_set_password"),
        path("account/password/remove/", accounts.remove_password, name="password_remove"),
        path("account/2fa/authenticate/", accounts.second_step, name="mfa_authenticate"),
        path("account/2fa/webauthn/login/", accounts.sign_in_with_passkey, name="mfa_login_webauthn"),
        path("account/reauthenticate/", reauthenticate, name="account_reauthenticate"),
        path("account/2fa/reauthenticate/", confirm),
        path("account/2fa/webauthn/reauthenticate/", confirm),
        path("account/2fa/webauthn/add/", second.add_passkey, name="mfa_add_webauthn"),
        path("account/2fa/webauthn/keys/<int:pk>/remove/", second.remove_passkey, name="mfa_remove_webauthn"),
        path("account/email/", accounts.address, name="account_email"),
        path("account/password/change/", accounts.change_password, name="account_change_password"),
        path("account/password/reset/done/", accounts.forgotten_done, name="account_password_reset_completed"),
        path("account/inactive/", accounts.closed, name="account_inactive"),
        path("account/2fa/", include("allauth.mfa.urls")),
        path("", include("exercises.urls")),
    ),
]
