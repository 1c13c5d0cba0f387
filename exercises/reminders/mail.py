"""A reminder as an e-mail: neutral, with the way to stop it; and whether the mail server took it."""

import smtplib
from contextlib import suppress
from email.utils import formataddr, make_msgid
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from exercises.records.shown import name_for
from exercises.reminders.models import Reminder
from exercises.reminders.outcomes import Away, Outcome
from exercises.reminders.words import said


class Stages(smtplib.SMTP):
    """Knows whether the server was given the letter itself."""

    handed = False

    def mail(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        self.handed = False
        return super().mail(*args, **kwargs)

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.handed = True
        return super().data(msg)


class StagesOverTLS(Stages, smtplib.SMTP_SSL):
    """The same over TLS from the beginning."""


class Server(EmailBackend):
    """Django's, with a connection that knows."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return StagesOverTLS if self.use_ssl else Stages


class Mail:
    """One connection to the mail server, for as many as it takes."""

    def __init__(self) -> None:
        smtp = settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
        self.server = Server() if smtp else get_connection()

    def open(self) -> None:
        """Raises Away."""
        try:
            self.server.open()
        except OSError as error:
            self.close()  # it may be half open: where signing in failed
            raise Away from error

    def close(self) -> None:
        """Also where the server is gone."""
        with suppress(OSError):
            self.server.close()

    def prepare(self, row: Reminder, last: bool) -> EmailMessage | None:
        """The e-mail, in the language of the person; None without a confirmed address."""
        address = row.user.confirmed_email
        return letter(row, address, last) if address else None

    def deliver(self, message: EmailMessage) -> Outcome:
        """Hand it over; where the connection was lost before the letter itself, once more over a new one."""
        outcome = self._try(message)
        if outcome is Outcome.AWAY:
            outcome = self._try(message)
        return Outcome.NOT_TAKEN if outcome is Outcome.AWAY else outcome

    def _try(self, message: EmailMessage) -> Outcome:
        try:
            self.open()  # by itself it would close a connection that it opened
            self.server.send_messages([message])
            return Outcome.SENT
        except Away:
            return Outcome.AWAY
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
            return Outcome.REFUSED if _for_good(error) else self._not_taken(error)
        except ValueError:  # an address that no mail can name
            return Outcome.REFUSED
        except smtplib.SMTPServerDisconnected:
            return self._lost()
        except smtplib.SMTPException as error:
            return self._not_taken(error)
        except OSError:
            return self._lost()

    def _lost(self) -> Outcome:
        """The connection broke; before or after the letter went over it."""
        handed = getattr(getattr(self.server, "connection", None), "handed", False)
        self.close()
        return Outcome.UNKNOWN if handed else Outcome.AWAY

    def _not_taken(self, error: smtplib.SMTPException) -> Outcome:
        """The server said no. At 421 it also hangs up (RFC 5321, 3.8)."""
        if getattr(error, "smtp_code", None) != 421:
            return Outcome.NOT_TAKEN
        self.close()
        return Outcome.AWAY


def _for_good(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError) -> bool:
    """Whether the server will never take this letter, or no letter for this address."""
    if isinstance(error, smtplib.SMTPDataError):
        return 500 <= error.smtp_code < 600
    return all(500 <= code < 600 for code, _said in error.recipients.values())


def letter(row: Reminder, address: str, last: bool) -> EmailMessage:
    """No name, no feeling, no figure; one link to the start page and one to stop. One tap stops it too (RFC 8058)."""
    stop = settings.SITE_URL + reverse("reminder_stop", args=[row.stop_token])
    with translation.override(row.user.language):
        context = {"start": f"{settings.SITE_URL}/", "stop": stop, "last": last}
        return EmailMessage(
            subject=said(row),
            body=render_to_string("reminders/mail.txt", context).strip() + "\n",
            from_email=formataddr((name_for(row.user), settings.DEFAULT_FROM_EMAIL)),
            to=[address],
            headers={
                "Auto-Submitted": "auto-generated",
                "Content-Language": row.user.language,
                "List-Unsubscribe": f"<{stop}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Message-ID": make_msgid(domain=settings.MAIL_HOST),  # not the name of this machine
            },
        )
