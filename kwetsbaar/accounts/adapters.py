"""How allauth signs people in here: guests keep what they have, mail says little, and words are ours."""

import logging
from contextlib import suppress
from email.utils import formataddr
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import email_removed
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import get_user, update_session_auth_hash
from django.core.mail import EmailMessage
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from exercises.records.http import own_path
from exercises.records.shown import name_for
from kwetsbaar import errors
from kwetsbaar.accounts.models import User

logger = logging.getLogger(__name__)
PASSKEY = Authenticator.Type.WEBAUTHN
NOT_OURS = ("PhoneVerificationStage", "EmailVerificationStage")  # nobody has a phone here, or an unconfirmed address


class MailIsAway(ImmediateHttpResponse, OSError):
    """An e-mail could not be sent; where nobody catches it, a page says so, with what was typed."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def response(self) -> HttpResponse:  # made when it is needed: it knows nobody any more
        return errors.mail_is_away(self.request)


class AccountAdapter(DefaultAccountAdapter):
    """What this site does its own way."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed."),
        "duplicate_email": _("This is already your address here."),
        "email_password_mismatch": _("This address and this password do not go together. Have another look at both."),
        "email_taken": _("This address cannot be used here. Choose another."),
        "enter_current_password": _("This is not the password you have now. Try once more."),
        "incorrect_code": _("This is not the code that we sent. Have another look."),
        "incorrect_password": _("This is not your password. Try once more."),
        "rate_limited": _("That was quick. Wait a moment, and try again."),
        "same_as_current": _("This is already your address here."),
        "too_many_login_attempts": _("There have been many tries in a row. Wait a few minutes, and try again."),
    }

    # Signing in

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Everybody starts as a guest."""
        return False

    def get_login_stages(self) -> list[str]:
        return [stage for stage in super().get_login_stages() if not stage.endswith(NOT_OURS)]

    def login(self, request: HttpRequest, user: Any) -> None:
        """A fresh session; into it go how they showed who they are, and who was a guest in this browser until now."""
        before: Any = get_user(request)
        proofs = get_authentication_records(request, user)
        guest = before.is_authenticated and before.pk != user.pk and before.is_guest
        super().login(request, user)
        request.session.cycle_key()
        fresh = [proof for proof in get_authentication_records(request, user) if proof not in proofs]
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = proofs + fresh
        if guest:
            request.session["guest"] = str(before.pk)
            request.session["guest_proof"] = before.get_session_auth_hash()  # a new return code ends this claim too

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """On to where they wanted; by way of the question what to do with what they wrote as a guest."""
        response = super().post_login(request, user, **kwargs)
        if "guest" in request.session:
            return redirect(f"{reverse('bring')}?{urlencode({'next': response['Location']})}")
        return response

    def is_safe_url(self, url: str) -> bool:
        """A page of this site, by its path alone."""
        return own_path(self.request, url)

    # Ways in

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        return reverse("keep")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("keep")

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Whoever removes it must have another way left."""
        person = User.objects.select_for_update().get(pk=email_address.user_id)
        return bool(person.return_code) or person.authenticator_set.filter(type=PASSKEY).exists()

    def set_password(self, user: Any, password: str) -> None:
        """Also ends the other sessions."""
        user.set_password(password)
        user.save(update_fields=["password"])
        here = self.request.session.session_key if self.request.user == user else None
        user.end_sessions(but=here)

    # Mail

    def render_mail(self, template_prefix: str, email: Any, *args: Any, **kwargs: Any) -> EmailMessage:
        """Sent by the name that whoever has this address, confirmed, gave the site."""
        mail = super().render_mail(template_prefix, email, *args, **kwargs)
        mail.from_email = formataddr((name_for(self._owner(email)), settings.DEFAULT_FROM_EMAIL))
        return mail

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write in the language of whoever has this address. Raises MailIsAway."""
        try:
            with translation.override(self._language(email)):
                super().send_mail(template_prefix, email, context)
        except (OSError, UnicodeError) as error:
            logger.warning("An e-mail could not be sent: %s", type(error).__name__)
            raise MailIsAway(self.request) from None

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell that a way in changed, and not from where. The change stays, also where no mail can go."""
        email = email or (context or {}).get("deleted_email") or user.confirmed_email
        if email:
            with suppress(MailIsAway), translation.override(user.language):
                self.send_mail(template_prefix, email, context or {})

    def _language(self, email: str) -> str:
        owner = self._owner(email)
        return owner.language if owner else translation.get_language()

    def _owner(self, email: str) -> Any:
        address = EmailAddress.objects.filter(email=email, verified=True).select_related("user").first()
        return address.user if address else None


@receiver(email_removed)
def without_password(sender: Any = None, *, request: HttpRequest, **kwargs: Any) -> None:
    """A password goes with the address that it belongs to. Ends the other sessions."""
    user: Any = request.user
    if user.has_usable_password():
        user.set_unusable_password()
        user.save(update_fields=["password"])
        stay_alone(request)


def stay_alone(request: HttpRequest) -> None:
    """After a way in changed: this session goes on, the person's others end."""
    user: Any = request.user
    update_session_auth_hash(request, user)
    user.end_sessions(but=request.session.session_key)
