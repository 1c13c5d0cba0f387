"""A reminder as a notification on the person's devices (RFC 8030, 8291, 8292): neutral, and soon forgotten."""

import json
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import pywebpush
import requests
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from urllib3.exceptions import NewConnectionError

from exercises.records.rowsecurity import reading_as
from exercises.records.shown import name_for
from exercises.reminders.devices import is_push_service
from exercises.reminders.models import Device, Reminder
from exercises.reminders.outcomes import Outcome
from exercises.reminders.words import said

KEPT_FOR = timedelta(hours=3)  # by the service, for a device that is off
WAIT = 10  # seconds
GONE = {404, 410}  # this subscription has ended (RFC 8030, 7.3)
NOT_OURS = {401, 403}  # it was made for another key than this site's (RFC 8292, 4.2)


class Straight(requests.Session):
    """Follows nobody elsewhere: a service's answer cannot send this site to an address within its own walls."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(*args, **kwargs | {"allow_redirects": False})


class Notice(NamedTuple):
    """What is shown, and where: id, endpoint and keys of each device."""

    user_id: UUID
    shown: str  # JSON
    devices: list[tuple[UUID, str, dict[str, str]]]


class Push:
    """The push services of the browsers."""

    def __init__(self) -> None:
        self.session = Straight()
        self.hanging: set[str] = set()  # hosts that did not answer in time: the others need not wait for them again

    def open(self) -> None:
        """Each device has a service of its own: none of them is away for all."""

    def close(self) -> None:
        self.session.close()

    def prepare(self, row: Reminder, last: bool) -> Notice | None:
        """The name of the site and one sentence, in the person's language; None without a device."""
        with reading_as(row.user_id):
            mine = Device.objects.filter(user=row.user_id)
            devices = [(device.pk, device.endpoint, device.keys) for device in mine]
        if not devices:
            return None
        with translation.override(row.user.language):
            words = [said(row)]
            if last:
                words.append(
                    gettext("This is the last reminder for now. You can switch them on again whenever you like.")
                )
            shown = json.dumps({"title": name_for(row.user), "body": "\n".join(words)})
        return Notice(row.user_id, shown, devices)

    def deliver(self, message: Notice) -> Outcome:
        """To each device; those that are gone are forgotten. Sent where one took it, or may have."""
        outcomes = [self._to(message, *device) for device in message.devices]
        return next(
            (one for one in (Outcome.SENT, Outcome.UNKNOWN, Outcome.NOT_TAKEN) if one in outcomes), Outcome.REFUSED
        )

    def _to(self, message: Notice, id: UUID, endpoint: str, keys: dict[str, str]) -> Outcome:
        host = urlsplit(endpoint).netloc
        if host in self.hanging:
            return Outcome.NOT_TAKEN
        try:
            self._send(message.shown, endpoint, keys)
            return Outcome.SENT
        except pywebpush.WebPushException as error:
            if error.status_code not in GONE:
                return Outcome.REFUSED if error.status_code in NOT_OURS else Outcome.NOT_TAKEN
        except requests.Timeout as error:
            self.hanging.add(host)
            return Outcome.NOT_TAKEN if isinstance(error, requests.ConnectTimeout) else Outcome.UNKNOWN
        except requests.ConnectionError as error:
            return Outcome.NOT_TAKEN if _never_there(error) else Outcome.UNKNOWN
        except requests.RequestException:
            return Outcome.UNKNOWN
        except ValueError:  # keys that open nothing, an address that is none of the services any more
            pass
        forget(message.user_id, id)
        return Outcome.REFUSED

    def _send(self, shown: str, endpoint: str, keys: dict[str, str]) -> None:
        if not is_push_service(endpoint):
            raise ValueError
        pywebpush.webpush(
            {"endpoint": endpoint, "keys": keys},
            shown,
            vapid_private_key=settings.PUSH_KEY,
            vapid_claims={"sub": f"mailto:{settings.DEFAULT_FROM_EMAIL}"},
            ttl=int(KEPT_FOR.total_seconds()),
            headers={"Urgency": "normal", "Topic": "reminder"},  # a newer one takes the place of one that still waits
            timeout=WAIT,
            requests_session=self.session,
        )


def _never_there(error: requests.ConnectionError) -> bool:
    """Whether not even a connection came about."""
    return bool(error.args) and isinstance(getattr(error.args[0], "reason", None), NewConnectionError)


def forget(user_id: UUID, id: UUID) -> None:
    """A device that is no more."""
    with reading_as(user_id):
        Device.objects.filter(user=user_id, pk=id).delete()
