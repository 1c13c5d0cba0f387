"""Passkeys and the second step, allauth's, in our way.

A passkey is a way in of its own: the device has asked who is there. Only an app with codes (TOTP) makes a second step
at sign-in; recovery codes stand in for that app when it is lost, so they come and go with it.
"""

import base64
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.forms import GenerateRecoveryCodesForm
from allauth.mfa.signals import authenticator_removed
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from allauth.mfa.utils import decrypt, encrypt
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm, EditWebAuthnForm, LoginWebAuthnForm
from allauth.mfa.webauthn.internal import auth, flows
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from cryptography.exceptions import InvalidSignature
from django import forms
from django.contrib import messages
from django.dispatch import receiver
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathImage
from qrcode.main import make

from exercises.records.fields import Chips
from exercises.records.rotation import Tally, in_batches
from exercises.records.sealing import rewrapped, unwrap, wrap
from exercises.records.shown import name_for
from kwetsbaar.accounts.models import User

ABOUT = b"second factor"
PASSKEY, APP, RECOVERY = Authenticator.Type.WEBAUTHN, Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES
SECRETS = ("secret", "seed")  # where the app and the recovery codes keep theirs
# Names to choose from, not to type: what stands in allauth's tables is readable. Stored in English, shown translated.
PHONE, COMPUTER, OTHER = "My phone", "My computer", "Another one"
NAMES = {
    PHONE: _("My phone"),
    "My tablet": _("My tablet"),
    COMPUTER: _("My computer"),
    "A key that I plug in": _("A key that I plug in"),
    OTHER: _("Another one"),
}


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets sealed under the keyring; neutral names; who is asked for a second step."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This did not work. Have another look, or try again."),
        "cannot_generate_recovery_codes": _("Recovery codes belong to the second step. Switch that on first."),
        "unverified_email": _("First confirm your e-mail address, with the code that we sent you."),
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(wrap(text.encode(), ABOUT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises CannotUnseal."""
        return unwrap(base64.b64decode(encrypted_text), ABOUT).decode()

    def is_mfa_enabled(self, user: Any, types: Iterable[str] | None = None) -> bool:
        """Whether this person has one of these; asked about app and passkey together (at sign-in), the app decides."""
        kinds = set(types) if types is not None else None
        return super().is_mfa_enabled(user, {APP} if kinds and APP in kinds else kinds)

    def get_totp_label(self, user: Any) -> str:
        return name_for(user)

    def get_totp_issuer(self) -> str:
        return name_for(context.request.user)

    def build_totp_svg(self, url: str) -> SafeString:
        """The square to scan, as an <svg> to put into the page."""
        return mark_safe(make(url, image_factory=SvgPathImage).to_string(encoding="unicode"))

    def generate_authenticator_name(self, user: Any, type: str) -> str:
        mobile = "Mobi" in context.request.headers.get("User-Agent", "")
        return PHONE if mobile else COMPUTER

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return super().get_public_key_credential_rp_entity() | {"name": name_for(context.request.user)}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        """What the device's list of passkeys shows: this site's shown name, and the day on which this person began."""
        name = f"{name_for(user)} · {date_format(localtime(user.date_joined), 'j F Y')}"
        return super().get_public_key_credential_user_entity(user) | {"name": name, "display_name": name}


@receiver(authenticator_removed)
def without_the_app(sender: Any, user: Any, authenticator: Authenticator, **kwargs: Any) -> None:
    """Recovery codes go with the app that they stand in for."""
    if authenticator.type == APP:
        Authenticator.objects.filter(user=user, type=RECOVERY).delete()


# For `manage.py rotate_keys`


def renew(row: Authenticator) -> bool:
    """Put what this row keeps secret under the newest key, in memory; whether it was under an older one.

    Raises CannotUnseal.
    """
    renewed = {
        name: base64.b64encode(fresh).decode()
        for name in SECRETS
        if name in row.data and (fresh := rewrapped(base64.b64decode(row.data[name]), ABOUT))
    }
    row.data |= renewed
    return bool(renewed)


def wrapped_secrets(*, write: bool) -> Iterator[Tally]:
    """The secrets of everyone's second step; as the owner."""
    rows = Authenticator.objects.using("owner").filter(type__in=[APP, RECOVERY])
    return in_batches(rows, renew, ["data"], write=write)


# Forms in our words


def code_field(label: Any, help_text: Any = "") -> forms.CharField:
    """A code to type; phones may offer it from a message."""
    attrs = {"autocomplete": "one-time-code", "spellcheck": "false", "class": "code"}
    return forms.CharField(label=label, help_text=help_text, max_length=60, widget=forms.TextInput(attrs=attrs))


class Answer(forms.JSONField):
    """What the device answered. Anything may be sent here, by any browser: it is a wrong answer then, not a fault."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        with refused_kindly():
            return super().to_python(value)


@contextmanager
def refused_kindly() -> Iterator[None]:
    """Whatever the libraries trip over in an answer means that it is not the right one."""
    try:
        yield
    except (AttributeError, InvalidSignature, LookupError, RecursionError, TypeError, ValueError, struct.error):
        raise SecondFactorAdapter().validation_error("incorrect_code") from None


class SecondStepForm(AuthenticateForm):
    """The second step at sign-in."""

    code = code_field(_("Code"), _("The 6 digits in your app, or one of your recovery codes."))


class AppForm(ActivateTOTPForm):
    """The first code of an app. Until then the session keeps the secret, sealed: sessions stand in the database."""

    code = code_field(_("The 6 digits that your app shows now"))

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super(ActivateTOTPForm, self).__init__(*args, **kwargs)
        self.user = user
        session = context.request.session
        if not self.is_bound or SECRET_SESSION_KEY not in session:
            session[SECRET_SESSION_KEY] = encrypt(generate_totp_secret())
        self.secret = decrypt(session[SECRET_SESSION_KEY])

    @property
    def secret_in_groups(self) -> str:
        """The secret, to type it over."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))


class RecoveryCodesForm(GenerateRecoveryCodesForm):
    def clean(self) -> dict[str, Any]:
        if not SecondFactorAdapter().is_mfa_enabled(self.user, [APP]):
            raise SecondFactorAdapter().validation_error("cannot_generate_recovery_codes")
        return super().clean()


def name_field() -> forms.ChoiceField:
    """What to call a passkey: one of a few names."""
    label, help_text = _("Where is this passkey?"), _("So that you know later which one it is.")
    return forms.ChoiceField(label=label, choices=list(NAMES.items()), widget=Chips, help_text=help_text)


class AddPasskeyForm(AddWebAuthnForm):
    """A passkey always is a way in by itself; nothing to tick. A name that is wrong does not cost the passkey."""

    passwordless = None
    name = name_field()
    credential = Answer()

    def clean_name(self) -> str:
        return self.cleaned_data["name"]

    def clean(self) -> dict[str, Any]:
        if self.errors.pop("name", None):
            self.cleaned_data["name"] = OTHER
        with refused_kindly():
            return super().clean()


class PasskeyForm(AuthenticateWebAuthnForm):
    """A passkey in place of the second step."""

    credential = Answer()

    def clean_credential(self) -> Authenticator:
        with refused_kindly():
            return super().clean_credential()


class SignInForm(PasskeyForm, LoginWebAuthnForm):
    """A passkey, and nothing else."""


class RenamePasskeyForm(EditWebAuthnForm):
    name = name_field()


class AddPasskey(AddWebAuthnView):
    """A passkey that needs no e-mail address and no second step, and so brings no recovery codes along."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = super().get_context_data(**kwargs)
        return found | {"js_data": {"creation_options": auth.begin_registration(self.request.user, passwordless=True)}}

    def form_valid(self, form: Any) -> HttpResponse:
        user, data = self.request.user, form.cleaned_data
        flows.signup_authenticator(self.request, user=user, name=data["name"], credential=data["credential"])
        get_account_adapter(self.request).send_notification_mail("mfa/email/webauthn_added", user)
        return redirect("mfa_index")


class RemovePasskey(RemoveWebAuthnView):
    """A passkey goes, unless nobody could come in any more."""

    def form_valid(self, form: Any) -> HttpResponse:
        if not _other_way_than(self.object):
            messages.info(self.request, _("This passkey is your only way in, so it stays. First add another way."))
            return redirect("keep")
        return super().form_valid(form)


def _other_way_than(passkey: Authenticator) -> bool:
    person = User.objects.select_for_update().get(pk=passkey.user_id)
    others = person.authenticator_set.filter(type=PASSKEY).exclude(pk=passkey.pk)
    return bool(person.return_code or person.confirmed_email or others.exists())


add_passkey = AddPasskey.as_view()
remove_passkey = RemovePasskey.as_view()
