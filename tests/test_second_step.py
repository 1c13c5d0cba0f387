"""The second step: an app with codes, recovery codes, and that nothing of it stands readable in the database."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, override_settings

from kwetsbaar.accounts import second
from kwetsbaar.accounts.models import Session
from tests.conftest import signed_in

ADD = "/en/account/2fa/totp/activate/"
OFF = "/en/account/2fa/totp/deactivate/"
CODES = "/en/account/2fa/recovery-codes/"
STEP = "/en/account/2fa/authenticate/"


def digits(secret: str) -> str:
    """What an app shows now; not in the last moments of its half minute."""
    if time.time() % 30 > 27:
        time.sleep(3.1)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def secret_on(page) -> str:
    return re.search(r'translate="no">([A-Z2-7 ]+)</strong>', page.text)[1].replace(" ", "")


def switched_on(client: Client) -> str:
    """The secret that the app now has."""
    secret = secret_on(client.get(ADD))
    assert client.post(ADD, {"code": digits(secret)})["Location"] == CODES
    return secret


def codes_on(page) -> list[str]:
    return re.findall(r'<li class="code">(\d{8})</li>', page.text)


@pytest.fixture
def code(emma) -> str:
    return emma.renew_return_code()


@pytest.fixture
def secret(as_emma) -> str:
    return switched_on(as_emma)


def arrives(code: str) -> Client:
    """Someone with the return code, at the second step."""
    client = Client()
    assert client.post("/en/account/return/", {"code": code})["Location"] == STEP
    return client


def test_a_square_to_scan_and_the_same_in_letters(as_emma):
    page = as_emma.get(ADD)
    assert "<svg" in page.text
    assert "style=" not in page.text
    assert re.search(r"otpauth://totp/Notes\?secret=[A-Z2-7]{32}&amp;issuer=Notes", page.text)


def test_a_wrong_first_code_changes_nothing_and_keeps_the_square(as_emma, emma):
    secret = secret_on(as_emma.get(ADD))
    answer = as_emma.post(ADD, {"code": "12345"})
    assert "This did not work" in answer.text
    assert secret_on(answer) == secret
    assert not Authenticator.objects.filter(user=emma).exists()


def test_with_the_second_step_the_return_code_alone_is_not_enough(code, as_emma, secret):
    client = arrives(code)
    assert client.get("/en/today/").status_code == 302
    assert client.post(STEP, {"code": "000000"}).status_code == 200
    assert client.get("/en/today/").status_code == 302
    assert client.post(STEP, {"code": digits(secret)}).status_code == 302
    assert client.get("/en/today/").status_code == 200


def test_a_code_of_the_app_works_once(code, as_emma, secret):
    used = digits(secret)
    assert arrives(code).post(STEP, {"code": used}).status_code == 302
    assert "This did not work" in arrives(code).post(STEP, {"code": used}).text


def test_a_recovery_code_works_once(code, as_emma, secret):
    one = codes_on(as_emma.get(CODES))[0]
    assert arrives(code).post(STEP, {"code": one}).status_code == 302
    assert "This did not work" in arrives(code).post(STEP, {"code": one}).text
    assert one not in codes_on(as_emma.get(CODES))


def test_wrong_codes_are_limited_and_the_right_one_then_waits_too(code, as_emma, secret):
    client = arrives(code)
    answers = [client.post(STEP, {"code": f"{n:06}"}).text for n in range(5)]
    assert all("This did not work" in answer for answer in answers)
    answer = client.post(STEP, {"code": digits(secret)})
    assert answer.status_code == 200
    assert "This did not work" not in answer.text


def test_new_recovery_codes_take_the_place_of_the_old(as_emma, secret):
    old = codes_on(as_emma.get(CODES))
    assert len(old) == 10
    assert as_emma.post(CODES + "generate/")["Location"] == CODES
    assert not set(old) & set(codes_on(as_emma.get(CODES)))


def test_recovery_codes_can_be_taken_along_as_text(as_emma, secret):
    answer = as_emma.get(CODES + "download/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer.text.split() == codes_on(as_emma.get(CODES))


def test_recovery_codes_come_and_go_with_the_app(as_emma, emma, secret):
    assert Authenticator.objects.filter(user=emma).count() == 2
    assert as_emma.post(OFF).status_code == 302
    assert not Authenticator.objects.filter(user=emma).exists()
    assert as_emma.get(CODES).status_code == 404
    assert "Switch that on first" in as_emma.post(CODES + "generate/").text


def test_without_the_second_step_nobody_is_asked_for_one(code, as_emma):
    answer = Client().post("/en/account/return/", {"code": code})
    assert answer.status_code == 302
    assert answer["Location"] != STEP


def test_someone_elses_second_step_is_not_shown_or_asked(as_malik, malik, secret):
    assert "The second step is on." not in as_malik.get("/en/account/2fa/").text
    assert as_malik.get(CODES).status_code == 404


def test_a_change_is_told_by_an_e_mail_that_says_little(as_emma, emma, secret):
    emma.emailaddress_set.create(email="emma@example.org", verified=True, primary=True)
    mail.outbox.clear()
    as_emma.post(OFF, headers={"User-Agent": "PearBrowser"})
    [sent] = mail.outbox
    assert sent.to == ["emma@example.org"]
    assert len(sent.body.split()) > 10
    assert not re.search(
        r"127\.0|PearBrowser|example|kwetsbaar|vulnerab|two-factor", sent.subject + sent.body, re.IGNORECASE
    )


@pytest.mark.parametrize(
    "what", ["webauthn_added", "webauthn_removed", "totp_activated", "totp_deactivated", "recovery_codes_generated"]
)
def test_every_e_mail_and_message_about_it_is_ours(what):
    parts = [f"email/{what}_subject", f"email/{what}_message", f"messages/{what}"]
    texts = [render_to_string(f"mfa/{part}.txt").strip() for part in parts]
    assert all(texts)
    assert not NOT_OUR_WORDS.search(" ".join(texts))
    assert "{" not in " ".join(texts)


def everything_stored() -> str:
    """All that stands in the tables of sign-in, sessions opened."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        rows = [row for (row,) in cursor.fetchall()]
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    return " ".join(rows + sessions)


def test_no_secret_stands_readable_in_the_database(as_emma):
    waiting = secret_on(as_emma.get(ADD))
    assert waiting not in everything_stored()
    secret = switched_on(as_emma)
    codes = codes_on(as_emma.get(CODES))
    stored = everything_stored()
    assert "seed" in stored
    assert not [word for word in (waiting, secret, *codes) if word in stored]
    seed = second.SecondFactorAdapter().decrypt(Authenticator.objects.get(type="recovery_codes").data["seed"])
    assert seed not in stored


@pytest.mark.django_db(transaction=True)
def test_the_second_step_survives_a_new_keyring(emma, settings):
    client = signed_in(emma)
    secret = switched_on(client)
    code = emma.renew_return_code()
    new, old = b"n" * 32, settings.SEALING_KEYS
    with override_settings(SEALING_KEYS=[new, *old]):
        assert sum(tally.older for tally in second.wrapped_secrets(write=False)) == 2
        call_command("rotate_keys", verbosity=0)
        assert sum(tally.older for tally in second.wrapped_secrets(write=True)) == 0
    with override_settings(SEALING_KEYS=[new]):
        assert arrives(code).post(STEP, {"code": digits(secret)}).status_code == 302


PARTS = [
    "",
    "totp/activate/",
    "totp/deactivate/",
    "recovery-codes/",
    "recovery-codes/generate/",
    "webauthn/",
    "webauthn/add/",
]
NOT_OUR_WORDS = re.compile(r"two-factor|authenticator|security key|totp|webauthn", re.IGNORECASE)


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("part", PARTS)
def test_every_page_is_ours_and_neutral(as_emma, secret, language, part):
    answer = as_emma.get(f"/{language}/account/2fa/{part}", follow=True)
    assert answer.status_code == 200
    title = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)[1]
    assert title.endswith("· Notes" if language == "en" else "· Notities")
    assert not NOT_OUR_WORDS.search(re.sub(r"<script.*?</script>|<[^>]*>", "", answer.text, flags=re.DOTALL))
