"""E-mail, through a real server on this machine: in the person's language, and saying nothing of what they do here."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from django.contrib.auth import get_user_model
from django.test import Client

from tests.conftest import signed_in
from tests.running import free_port
from tests.test_accounts import starts, who
from tests.test_sign_in import ADDRESS, PASSWORD, asks_code, give_ways, types_code

TELLING = re.compile(
    r"feel|gevoel|dimmer|fear|angst|brave|moed|vulnerab|kwetsbaar|therap|openness|openheid|emma|http|://|www\.|<", re.I
)
ENGLISH, DUTCH = re.compile(r"\b(you|your|the)\b", re.I), re.compile(r"\b(je|jij|niet|een)\b", re.I)
names = pytest.mark.parametrize
User = get_user_model()


class Inbox:
    """What a mail server was handed."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert envelope.rcpt_tos == [message["To"]]
        self.received.append(message)
        return "250 OK"


@pytest.fixture
def inbox(settings) -> Iterator[Inbox]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    inbox = Inbox()
    server = Controller(inbox, hostname="127.0.0.1", port=settings.EMAIL_PORT)
    server.start()
    yield inbox
    server.stop()


@pytest.fixture
def no_server(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()


def code_in(message: EmailMessage) -> str:
    return re.search(r"^[A-Z]{4}-[A-Z]{4}", message.get_content(), re.M)[0]


def every_mail(language: str, inbox: Inbox) -> list[EmailMessage]:
    """All kinds of e-mail that someone with this language can get."""
    client = Client()
    client.post(f"/{language}/start/", {"adult": "on", "consent": "on"})
    here = f"/{language}/account"

    def adds(address: str) -> None:
        client.post(f"{here}/email/", {"action_add": "1", "email": address})
        client.post(f"{here}/confirm-email/", {"action": "verify", "code": code_in(inbox.received[-1])})

    adds("first@example.org")
    adds(ADDRESS)
    client.post(f"{here}/password/set/", {"password1": PASSWORD})
    client.post(f"{here}/password/change/", {"oldpassword": PASSWORD, "password1": "another long one"})
    other = Client()
    other.post(f"/{language}/account/login/code/", {"email": ADDRESS})
    other.post(f"/{language}/account/login/code/", {"email": "nobody@example.org"})
    other.post(f"{here}/password/reset/", {"email": ADDRESS})
    other.post(f"{here}/password/reset/confirm/", {"code": code_in(inbox.received[-1])})
    other.post(f"{here}/password/reset/complete/", {"password1": PASSWORD})
    other.post(f"{here}/email/", {"action_remove": "1", "email": ADDRESS})
    return inbox.received


@pytest.mark.django_db
@names(("language", "sender", "words"), [("en", "Notes", ENGLISH), ("nl", "Notities", DUTCH)])
def test_every_mail_is_in_the_persons_language_and_gives_nothing_away(inbox, language, sender, words):
    received = every_mail(language, inbox)
    assert len(received) == 10
    other = DUTCH if words is ENGLISH else ENGLISH
    for message in received:
        text = f"{message['Subject']}\n{message.get_content()}"
        assert message["From"].addresses[0].display_name == sender
        assert message["From"].addresses[0].addr_spec == "notes@localhost"
        assert message.get_content_type() == "text/plain"
        assert words.search(text), text
        assert not other.search(text), text
        assert not TELLING.search(text), text
        assert "&" not in text, text
        assert max(map(len, text.splitlines())) < 200


@pytest.mark.django_db
def test_the_language_is_that_of_whoever_has_the_address_not_of_whoever_asks(inbox, guest):
    give_ways(guest("nl"))
    asks_code(Client())
    assert inbox.received[0]["From"].addresses[0].display_name == "Notities"


@pytest.mark.django_db
def test_the_code_in_the_mail_signs_in(inbox, emma):
    give_ways(emma)
    client = Client()
    asks_code(client)
    types_code(client, code_in(inbox.received[0]))
    assert who(client) == str(emma.pk)


@pytest.mark.django_db
def test_whoever_keeps_no_address_gets_no_mail(inbox, client):
    starts(client)
    client.post("/en/account/code/")
    client.post("/en/account/sign-out/")
    assert inbox.received == []


@names("path", ["login/code/", "password/reset/"])
@names("address", [ADDRESS, "nobody@example.org"])
def test_without_a_mail_server_a_kind_page_keeps_what_was_typed(no_server, emma, path, address):
    give_ways(emma)
    answer = Client().post(f"/en/account/{path}", {"email": address, "next": "/en/journal/"})
    assert answer.status_code == 503
    assert "could not be sent" in answer.text
    assert address in answer.text
    assert 'name="next" value="/en/journal/"' in answer.text
    assert f'action="/en/account/{path}"' in answer.text


def test_without_a_mail_server_a_new_address_is_kept_on_the_page(no_server, emma):
    answer = signed_in(emma).post("/en/account/email/", {"action_add": "1", "email": "new@example.org"})
    assert answer.status_code == 503
    assert "new@example.org" in answer.text
    assert not emma.emailaddress_set.exists()


def test_a_change_stays_where_the_mail_about_it_cannot_go(no_server, emma):
    give_ways(emma)
    client = signed_in(emma)
    changed = {"oldpassword": PASSWORD, "password1": "another long one"}
    assert client.post("/en/account/password/change/", changed).status_code == 302
    assert User.objects.get().check_password("another long one")


def test_what_goes_wrong_with_mail_is_noted_without_the_address(no_server, emma, caplog):
    give_ways(emma)
    asks_code(Client())
    assert "could not be sent: ConnectionRefusedError" in caplog.text
    assert ADDRESS not in caplog.text
