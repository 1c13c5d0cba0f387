"""Is it still you? Asked before a way in changes, or everything is taken along: one page for all ways to answer.

Whoever signed in, started or confirmed in the last minutes passes. Everybody can confirm by what they have: passkey,
password, app with codes, recovery code, return code, or a code by e-mail. What was being sent stays in the page.

For a guest this is a hurdle and not a wall: whoever has nothing but the return code may make a new one at any time,
and the page says so. Whoever has another way in confirms by what they have before there is a new code.
"""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.core import ratelimit
from allauth.mfa.base.internal.flows import check_rate_limit, post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exercises.records.http import Request
from kwetsbaar.accounts.models import code_hash
from kwetsbaar.accounts.second import APP, PASSKEY, RECOVERY, Answer, code_field, refused_kindly

ASKS_FIRST = {  # allauth's pages; our own carry `needs_confirmation` (exercises.records.http.confirmed)
    "account_email", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_add_webauthn", "mfa_edit_webauthn",
    "mfa_remove_webauthn",
}  # fmt: skip
SECOND = {PASSKEY, APP}  # what the administration asks for
OURS = "confirm"  # how the fields of this page begin; what does not is carried
MAILED_FOR = 15 * 60  # seconds


def recently(request: Request) -> bool:
    """Whether this person signed in or confirmed in the last minutes."""
    last = [record["at"] for record in get_authentication_records(request, request.user) if "reauthenticated" in record]
    return bool(last) and time.time() - last[-1] < app_settings.REAUTHENTICATION_TIMEOUT


@receiver(user_logged_in)
def signed_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Every fresh sign-in, also starting as a guest, counts as confirmed."""
    record_authentication(request, user, "signed_in", reauthenticated=True)


def is_needed(request: Request) -> bool:
    """Whether the page that is asked for asks first; the session is looked at only where it may."""
    match = request.resolver_match
    if match is None:
        return False
    new_code = match.url_name == "return_code" and request.method == "POST"
    if not (new_code or match.url_name in ASKS_FIRST or getattr(match.func, "needs_confirmation", False)):
        return False
    return request.user.is_authenticated and not recently(request) and not (new_code and not ways(request.user))


def ways(user: Any) -> set[str]:
    """What someone has besides the return code. With an app, the mailbox alone is not enough here either."""
    found = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if user.has_usable_password():
        found.add("password")
    if APP not in found and user.confirmed_email:
        found.add("email")
    return found


class ConfirmForm(forms.Form):
    """One answer is enough. `ways` are those that count; the return code does where it is named among them."""

    prefix = OURS
    credential = Answer(required=False)
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = code_field(gettext_lazy("Code"))

    def __init__(self, data: Any = None, *, request: Request, ways: set[str]) -> None:
        super().__init__(data)
        self.request, self.user, self.ways = request, request.user, ways
        self.fields["code"].required = False
        for name, needs in {"credential": {PASSKEY}, "password": {"password"}, "code": set(self.codes())}.items():
            if not needs & ways:
                del self.fields[name]
        if "code" in self.fields:
            fitting = ", ".join(text for way, text in self.codes().items() if way in ways)
            self.fields["code"].help_text = _("This can be: %(codes)s.") % {"codes": fitting}

    @staticmethod
    def codes() -> dict[str, str]:
        """What may be typed as a code, in words."""
        return {
            "return_code": _("your return code"),
            APP: _("the 6 digits in your app"),
            RECOVERY: _("one of your recovery codes"),
            "email": _("the code that we e-mail you"),
        }

    def clean(self) -> dict[str, Any]:
        answers = [name for name in self.fields if self.cleaned_data.get(name)]
        if not answers and not self.errors:
            raise ValidationError(_("Fill in one of these."))
        if answers:
            self._prove(answers[0])
        return self.cleaned_data

    def _prove(self, name: str) -> None:
        forget_tries = check_rate_limit(self.user)
        self.proof = getattr(self, f"_by_{name}")(self.cleaned_data[name])
        if self.proof is None:
            self.add_error(name, _("This is not right. Have another look."))
        else:
            forget_tries()

    def _by_credential(self, credential: Any) -> Authenticator:
        with refused_kindly():
            auth.parse_authentication_response(credential)
            return auth.complete_authentication(self.user, credential)

    def _by_password(self, password: str) -> str | None:
        return "password" if self.user.check_password(password) else None

    def _by_code(self, code: str) -> Authenticator | str | None:
        fingerprint = code_hash(code)
        if "return_code" in self.ways and constant_time_compare(fingerprint, self.user.return_code):
            return "return_code"
        if "email" in self.ways and _was_mailed(self.request, fingerprint):
            return "code"
        rows = Authenticator.objects.filter(user=self.user, type__in=self.ways & {APP, RECOVERY})
        return next((row for row in rows if row.wrap().validate_code(code)), None)

    def save(self) -> None:
        """Note in the session that it was them, just now."""
        if isinstance(self.proof, Authenticator):
            post_authentication(self.request, self.proof, reauthenticated=True)
        else:
            record_authentication(self.request, self.user, self.proof, reauthenticated=True)


def confirmation(request: Request, allowed: set[str] | None = None) -> HttpResponse | None:
    """The page that asks, at whatever address; None once it was answered. Everything else that was sent is carried.

    `allowed` narrows the ways down.
    """
    others = ways(request.user)
    having = others | ({"return_code"} if request.user.return_code else set())
    having &= allowed or having
    sent = {name for name in request.POST if name.startswith(f"{OURS}-")}
    wants_mail = f"{OURS}-mail" in sent and "email" in having
    form = ConfirmForm(request.POST if sent and not wants_mail else None, request=request, ways=having)
    if form.is_valid():
        form.save()
        return None
    if wants_mail:
        _mail_code(request)
    context = {
        "form": form,
        "ways": having,
        "carried": [(name, each) for name in request.POST if _is_theirs(name) for each in request.POST.getlist(name)],
        "options": auth.begin_authentication(request.user) if PASSKEY in having else None,
        "only_code": not others,
    }
    return render(request, "account/reauthenticate.html", context)


def reauthenticate(request: Request) -> HttpResponse:
    """The page by itself: asked for in between, then on to `next`. The administration (`only=second`) asks for more."""
    only_second = request.GET.get("only") == "second"
    next_page = get_next_redirect_url(request) or reverse("privacy")
    if request.method != "POST" and recently(request) and not only_second:
        return redirect(next_page)
    return confirmation(request, SECOND if only_second else None) or redirect(next_page)


def ask_first(request: Request) -> HttpResponse | None:
    """Before a page that needs it: a page that is opened waits behind ours; what is sent stays in the page."""
    if request.method == "POST":
        return confirmation(request)
    return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': request.get_full_path()})}")


def _is_theirs(name: str) -> bool:
    return name != "csrfmiddlewaretoken" and not name.startswith(f"{OURS}-")


def _mail_code(request: Request) -> None:
    """A code to the person's own address. The session keeps a keyed fingerprint of it."""
    address = request.user.confirmed_email
    if not ratelimit.consume(request, action="request_login_code", key=address.lower()):
        messages.info(request, _("There have been many codes in a row. Wait a few minutes, then try again."))
        return
    code = get_adapter().generate_login_code()
    try:
        get_adapter().send_mail("account/email/confirm_code", address, {"code": code})
    except OSError:
        messages.info(request, _("The e-mail could not be sent. Try again in a moment, or use another way."))
        return
    request.session["mailed_code"] = [_keyed(code_hash(code)), time.time() + MAILED_FOR]
    messages.info(request, _("We sent you a code. It works for 15 minutes."))


def _was_mailed(request: Request, fingerprint: str) -> bool:
    wanted, until = request.session.get("mailed_code", ["", 0])
    if time.time() > until or not constant_time_compare(_keyed(fingerprint), wanted):
        return False
    del request.session["mailed_code"]
    return True


def _keyed(fingerprint: str) -> str:
    return salted_hmac("kwetsbaar.accounts.reauthentication", fingerprint, algorithm="sha256").hexdigest()
