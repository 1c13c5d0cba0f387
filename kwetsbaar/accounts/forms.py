"""Starting, coming back, signing in, and the ways to do so; allauth's forms in our words."""

import secrets
from typing import Any

from allauth.account import forms as allauth
from allauth.account.fields import EmailField, PasswordField, SetPasswordField
from django import forms
from django.contrib.auth.password_validation import CommonPasswordValidator, MinimumLengthValidator
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _

from exercises.records.models import uuid7
from kwetsbaar.accounts.models import User, code_hash, known_time_zone


class StartForm(forms.Form):
    """Consent, each part its own tick (GDPR art. 7 and 9(2)(a)); nothing is ticked beforehand."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7, required=False)
    seed = forms.CharField(widget=forms.HiddenInput, initial=secrets.token_urlsafe, required=False)
    time_zone = forms.CharField(widget=forms.HiddenInput(attrs={"data-time-zone": ""}), required=False)
    adult = forms.BooleanField(
        label=_("I am 18 or older."),
        error_messages={"required": _("Tick this if you are 18 or older. If you are younger, look below.")},
    )
    consent = forms.BooleanField(
        label=_("I agree that this site keeps what I write here about how I feel. My words sealed, and for me alone."),
        help_text=_("You can take this back at any time: one page deletes everything at once."),
        error_messages={"required": _("Without this we may not keep anything for you. Reading always works.")},
    )

    def clean(self) -> dict[str, Any]:
        """What the page fills in by itself never stands in someone's way."""
        for name in ("id", "seed", "time_zone"):
            self.errors.pop(name, None)
        known = {
            "id": self.cleaned_data.get("id") or uuid7(),
            "seed": self.cleaned_data.get("seed", ""),
            "time_zone": known_time_zone(self.cleaned_data.get("time_zone", "")),
        }
        return self.cleaned_data | known


class ReturnForm(forms.Form):
    """The code that a guest was shown at the start."""

    code = forms.CharField(
        label=_("Your return code"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "code"}
        ),
    )

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        if User.objects.with_return_code(code) is None:
            raise forms.ValidationError(
                _("We do not know this code. Have another look: it has 5 groups of 4 characters.")
            )
        return code_hash(code)


# The ways in that allauth keeps: an address, a password, a code from an e-mail


class Address(EmailField):
    """An e-mail address, kept in small letters."""

    default_validators = [EmailValidator(_("This does not look like an e-mail address yet."))]

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.EmailInput({"autocomplete": "email", "spellcheck": "false"})
        required = {"required": _("Fill in an e-mail address.")}
        super().__init__(label=_("E-mail address"), widget=widget, error_messages=required, **kwargs)


def password(label: Any) -> PasswordField:
    """The password that someone has."""
    return _plain(
        PasswordField(
            label=label, autocomplete="current-password", error_messages={"required": _("Fill in your password.")}
        )
    )


def new_password() -> SetPasswordField:
    """One that someone makes up."""
    return _plain(
        SetPasswordField(
            label=_("New password"),
            help_text=_("At least 10 characters. A few words in a row are easy to remember."),
            error_messages={"required": _("Make up a password.")},
        )
    )


def code() -> forms.CharField:
    """A code that we sent by e-mail."""
    attrs = {"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false", "class": "code"}
    return forms.CharField(
        label=_("The code in the e-mail"),
        help_text=_("Capitals and dashes don’t matter."),
        max_length=40,
        widget=forms.TextInput(attrs),
        error_messages={"required": _("Fill in the code.")},
    )


def _plain(field: Any) -> Any:
    """Without words inside the field: they go when someone types, and are hard to read."""
    field.widget.attrs.pop("placeholder", None)
    return field


class SignInForm(allauth.LoginForm):
    password = password(_("Password"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = Address()
        self.order_fields(["login", "password"])


class SendCodeForm(allauth.RequestLoginCodeForm):
    email = Address()


class ForgottenForm(allauth.ResetPasswordForm):
    email = Address()


class AddressForm(allauth.AddEmailForm):
    email = Address()


class CodeForm(allauth.ConfirmLoginCodeForm):
    code = code()


class ForgottenCodeForm(allauth.ConfirmPasswordResetCodeForm):
    code = code()


class AddressCodeForm(allauth.ConfirmEmailVerificationCodeForm):
    code = code()


class SetPasswordForm(allauth.SetPasswordForm):
    password1 = new_password()
    password2 = None


class ForgottenPasswordForm(allauth.ResetPasswordKeyForm):
    password1 = new_password()
    password2 = None


class ChangePasswordForm(allauth.ChangePasswordForm):
    oldpassword = password(_("The password you have now"))
    password1 = new_password()
    password2 = None


class LongEnough(MinimumLengthValidator):
    """Django's, in our words."""

    def get_error_message(self) -> str:
        return str(_("Make it a little longer: at least %(length)d characters.") % {"length": self.min_length})


class NotCommon(CommonPasswordValidator):
    """Django's, in our words."""

    def get_error_message(self) -> str:
        return str(_("Many people use this one, so it is easy to guess. Choose another."))
