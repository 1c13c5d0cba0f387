"""Passkeys, in a real Chromium with a device of its own that says yes: alone they bring someone back to their words."""

import json
import os
import subprocess
import sys
from base64 import b64decode

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from playwright.sync_api import Page, expect

from kwetsbaar.accounts.second import PASSKEY
from tests.conftest import signed_in
from tests.e2e import whole_browser
from tests.test_reauthentication import PAGE, some_time_later
from tests.test_second_step import digits

browser = whole_browser  # knows passkeys
LIST = "/en/account/2fa/webauthn/"
ADD = LIST + "add/"
LOGIN = LIST + "login/"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def named(site: str) -> str:
    """The same site at an address with a name: passkeys know no IP addresses."""
    return site.replace("127.0.0.1", "localhost")


@pytest.fixture
def phone(page: Page) -> dict:
    """A phone that is unlocked by its owner."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    id = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
    return {"cdp": cdp, "id": id}


def passkeys_on(phone: dict) -> list[dict]:
    return phone["cdp"].send("WebAuthn.getCredentials", {"authenticatorId": phone["id"]})["credentials"]


def unlocks(phone: dict, yes: bool) -> None:
    phone["cdp"].send("WebAuthn.setUserVerified", {"authenticatorId": phone["id"], "isUserVerified": yes})


def starts(page: Page, site: str) -> None:
    page.goto(f"{site}/en/start/")
    page.get_by_label("I am 18 or older.").check()
    page.get_by_label("I agree that this site keeps").check()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="I have it, go on").click()


def adds_passkey(page: Page, site: str) -> None:
    page.goto(f"{site}{ADD}")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("Your passkey was added.")).to_be_visible()


def signs_out(page: Page, site: str) -> None:
    page.goto(f"{site}/en/account/sign-out/")
    page.locator("main form button").first.click()
    page.wait_for_url(f"{site}/en/#out")


def test_a_guest_adds_a_passkey_and_with_it_alone_comes_back_to_their_words(page: Page, named: str, phone: dict):
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    starts(page, named)
    page.goto(f"{named}/en/journal/new/")
    page.locator("textarea").first.fill("pearblossom in the evening")
    page.get_by_role("button", name="Save").first.click()
    page.wait_for_load_state()
    adds_passkey(page, named)
    assert page.url == f"{named}/en/account/2fa/"  # no recovery codes for someone without a second step
    [passkey] = passkeys_on(phone)
    assert passkey["isResidentCredential"]
    assert "Notes" in passkey["userName"]

    signs_out(page, named)
    page.goto(f"{named}/en/account/login/?next=/en/journal/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{named}/en/journal/")
    expect(page.get_by_text("pearblossom in the evening")).to_be_visible()
    assert errors == []


def test_a_passkey_is_renamed_and_removed_and_then_opens_nothing(page: Page, named: str, phone: dict):
    starts(page, named)
    adds_passkey(page, named)
    page.goto(f"{named}{LIST}")
    page.get_by_role("link", name="Rename").click()
    page.get_by_text("A key that I plug in").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("A key that I plug in")
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The passkey was removed.")).to_be_visible()
    signs_out(page, named)
    page.goto(f"{named}/en/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This did not work.")).to_be_visible()
    page.goto(f"{named}/en/today/")
    assert "/start/" in page.url


def test_a_passkey_confirms_that_it_is_still_you(page: Page, named: str, phone: dict):
    starts(page, named)
    adds_passkey(page, named)
    page.goto(f"{named}{PAGE}?next=/en/account/2fa/&only=second")
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url(f"{named}/en/account/2fa/")


def test_with_the_second_step_on_a_passkey_may_take_the_place_of_the_app(page: Page, named: str, phone: dict):
    starts(page, named)
    adds_passkey(page, named)
    page.goto(f"{named}/en/account/2fa/totp/activate/")
    secret = page.locator(".steps .code").inner_text().replace(" ", "")
    page.locator("#id_code").fill(digits(secret))
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    page.goto(f"{named}/en/account/keep/")
    page.get_by_role("button", name="Make a new code").click()
    code = page.locator(".return-code").inner_text()
    signs_out(page, named)
    page.goto(f"{named}/en/account/return/")
    page.get_by_label("Your return code").fill(code)
    page.get_by_role("button", name="Come back").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{named}/en/today/")


def test_whoever_says_no_is_told_kindly_and_nothing_changes(page: Page, named: str, phone: dict):
    starts(page, named)
    unlocks(phone, False)
    page.goto(f"{named}{ADD}")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("status").filter(has_text="Nothing has changed")).to_be_visible()
    assert passkeys_on(phone) == []
    unlocks(phone, True)
    adds_passkey(page, named)


def test_a_second_passkey_on_the_same_device_is_not_needed(page: Page, named: str, phone: dict):
    starts(page, named)
    adds_passkey(page, named)
    page.goto(f"{named}{ADD}")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("There is already a passkey on this device.")).to_be_visible()


def test_at_an_address_of_numbers_the_page_says_why_not(page: Page, site: str):
    starts(page, site)
    page.goto(f"{site}{ADD}")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("Passkeys do not work at an address of numbers.")).to_be_visible()


def test_a_browser_without_passkeys_is_told_so(page: Page, named: str):
    page.add_init_script(
        "delete window.PublicKeyCredential; Object.defineProperty(navigator, 'credentials', {value: undefined})"
    )
    page.goto(f"{named}/en/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This browser has no passkeys.")).to_be_visible()


def test_without_javascript_the_page_says_so(browser, named: str):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{named}/en/account/login/")
    assert '<noscript><p class="quiet">Passkeys need JavaScript' in page.content()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    context.close()


def test_the_administration_opens_with_a_passkey_and_breaks_no_policy(page: Page, named: str, phone: dict, data):
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    starts(page, named)
    adds_passkey(page, named)
    [passkey] = passkeys_on(phone)
    environ = os.environ | {"KWETSBAAR_DATA": str(data)}

    person = b64decode(passkey["userHandle"]).decode()
    subprocess.run([sys.executable, "manage.py", "staff", person], env=environ, check=True, capture_output=True)
    signs_out(page, named)
    page.goto(f"{named}/beheer/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{named}/beheer/")
    page.goto(f"{named}/beheer/accounts/user/")
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_load_state("networkidle")
    assert errors == []


def answers() -> list[str]:
    """What a hostile browser may send as a passkey's answer."""
    blob = "A" * 48
    shapes: list = [
        None,
        [],
        {},
        "x",
        5,
        {"id": 1},
        {"response": None},
        {"id": "a", "rawId": "a", "type": "public-key", "response": {}},
    ]
    for handle in (None, "", "!!", blob, 7, "w7w", "\u00ff"):
        response = {
            "clientDataJSON": blob,
            "authenticatorData": blob,
            "signature": blob,
            "userHandle": handle,
            "attestationObject": blob,
        }
        shapes.append(
            {"id": blob, "rawId": blob, "type": "public-key", "response": response, "clientExtensionResults": {}}
        )
    return [json.dumps(shape) for shape in shapes] + ["", "{", "nul\x00", "[" * 2000]


@pytest.mark.parametrize("n", range(len(answers())))
def test_a_hostile_answer_is_refused_without_a_fault(client, as_emma, n):
    client.get(LOGIN, headers={"Accept": "application/json"})
    as_emma.get(ADD)
    answer = answers()[n]
    assert client.post(LOGIN, {"credential": answer}).status_code == 302
    assert as_emma.post(ADD, {"credential": answer, "name": "My phone"}).status_code == 200
    some_time_later(as_emma)
    assert as_emma.post(PAGE, {"confirm-credential": answer}).status_code == 200
    assert client.get("/en/today/").status_code == 302


def with_passkey(user) -> Authenticator:
    return Authenticator.objects.create(user=user, type=PASSKEY, data={"name": "My phone", "credential": {}})


def test_whoever_has_a_passkey_is_not_asked_for_it_after_another_way_in(emma):
    with_passkey(emma)
    client = Client()
    answer = client.post("/en/account/return/", {"code": emma.renew_return_code()})
    assert "authenticate" not in answer["Location"]
    assert client.get("/en/today/").status_code == 200


def test_someone_elses_passkey_cannot_be_seen_renamed_or_removed(as_malik, emma):
    row = with_passkey(emma)
    assert "My phone" not in as_malik.get(LIST).text
    for part in ("edit", "remove"):
        assert as_malik.post(f"{LIST}keys/{row.pk}/{part}/", {"name": "My tablet"}).status_code == 404
    row.refresh_from_db()
    assert row.data["name"] == "My phone"


def test_a_passkey_gets_one_of_a_few_names_and_no_words_of_its_own(as_emma, emma):
    row = with_passkey(emma)
    assert as_emma.post(f"{LIST}keys/{row.pk}/edit/", {"name": "Samira's phone"}).status_code == 200
    row.refresh_from_db()
    assert row.data["name"] == "My phone"


def test_the_only_way_in_cannot_be_removed(emma):
    row = with_passkey(emma)
    emma.forget_return_code()
    client = signed_in(emma)
    answer = client.post(f"{LIST}keys/{row.pk}/remove/", follow=True)
    assert "First add another way." in answer.text
    assert Authenticator.objects.filter(pk=row.pk).exists()
    emma.renew_return_code()
    client = signed_in(emma)
    client.post(f"{LIST}keys/{row.pk}/remove/")
    assert not Authenticator.objects.filter(pk=row.pk).exists()
