"""Keeping one's work, signing in by each way, and what nobody learns from trying."""

import re
from io import StringIO
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from exercises.journal.models import JournalEntry
from exercises.records.rowsecurity import acting_as
from kwetsbaar.accounts.models import Limit
from tests.conftest import signed_in
from tests.test_accounts import comes_back, starts, who

ADDRESS, PASSWORD = "emma@example.org", "pear blossom under"
CODE = re.compile(r"^[A-Z]{4}-[A-Z]{4}$", re.M)
User = get_user_model()
names = pytest.mark.parametrize


class Counted(MD5PasswordHasher):
    """Fast, and counts its work."""

    runs = 0

    def encode(self, password, salt):
        Counted.runs += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _fast(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Counted"]


def give_ways(user, address=ADDRESS, password=PASSWORD):
    """An address that was confirmed, and perhaps a password."""
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    user.email = address
    user.set_password(password) if password else user.set_unusable_password()
    user.save()
    return user


def mailed_code() -> str:
    return CODE.search(mail.outbox[-1].body)[0]


def adds_address(client: Client, address: str = ADDRESS):
    client.post("/en/account/email/", {"action_add": "1", "email": address})
    return client.post("/en/account/confirm-email/", {"action": "verify", "code": mailed_code()})


def signs_in(client: Client, address: str = ADDRESS, password: str = PASSWORD, **fields: str):
    return client.post("/en/account/login/", {"login": address, "password": password} | fields)


def asks_code(client: Client, address: str = ADDRESS, **fields: str):
    return client.post("/en/account/login/code/", {"email": address} | fields)


def types_code(client: Client, code: str, **fields: str):
    return client.post("/en/account/login/code/confirm/", {"code": code} | fields)


@pytest.fixture
def account(emma):
    return give_ways(emma)


def without_token(page: str, address: str = "") -> str:
    page = re.sub(r'csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": "\w+"', "", page)
    return page.replace(address or "\0", "ADDRESS")


# Keeping one's work


def test_a_guest_who_adds_an_address_keeps_everything_and_signs_in_elsewhere_with_a_code(client, db):
    starts(client)
    guest = who(client)
    with acting_as(guest):
        JournalEntry.objects.create(user_id=guest, body="pearblossom")
    assert adds_address(client)["Location"] == "/en/account/keep/"
    assert ADDRESS in client.get("/en/account/keep/").text
    elsewhere = Client()
    asks_code(elsewhere)
    assert types_code(elsewhere, mailed_code())["Location"] == "/en/today/"
    assert who(elsewhere) == guest
    assert "pearblossom" in elsewhere.get("/en/journal/").text


def test_a_guest_who_adds_a_password_too_signs_in_with_it(client, db):
    starts(client)
    adds_address(client)
    assert client.post("/en/account/password/set/", {"password1": PASSWORD})["Location"] == "/en/account/keep/"
    assert client.get("/en/today/").status_code == 200
    elsewhere = Client()
    assert signs_in(elsewhere)["Location"] == "/en/today/"
    assert who(elsewhere) == who(client)


def test_the_return_code_still_works_beside_other_ways(client, db):
    code = starts(client)
    adds_address(client)
    elsewhere = Client()
    assert comes_back(code, elsewhere).status_code == 302
    assert who(elsewhere) == who(client)


def test_nobody_needs_an_address_to_come_back(client, db):
    code = starts(client)
    comes_back(code)
    assert mail.outbox == []


def test_a_password_waits_for_an_address(client, db):
    starts(client)
    assert client.get("/en/account/password/set/")["Location"] == "/en/account/email/"
    assert client.post("/en/account/password/set/", {"password1": PASSWORD})["Location"] == "/en/account/email/"
    assert not User.objects.get().has_usable_password()


def test_who_is_a_guest(guest):
    emma, malik, noor = guest(), guest(), guest()
    assert emma.is_guest
    give_ways(emma, password="")
    Authenticator.objects.create(user=malik, type="webauthn", data={})
    EmailAddress.objects.create(user=noor, email="noor@example.org", verified=False)
    assert [User.objects.get(pk=one.pk).is_guest for one in (emma, malik, noor)] == [False, False, True]


def test_the_page_of_ways_says_which_there_are(as_emma, emma):
    page = as_emma.get("/en/account/keep/").text
    for path in ("2fa/webauthn/add/", "email/", "code/", "sessions/"):
        assert f"/en/account/{path}" in page
    assert "/en/account/code/remove/" not in page
    give_ways(emma)
    page = signed_in(emma).get("/en/account/keep/").text
    for path in ("password/change/", "password/remove/", "code/"):
        assert f"/en/account/{path}" in page
    assert ADDRESS in page


def test_a_new_address_takes_the_place_of_the_old_one_which_is_told(account):
    client = signed_in(account)
    mail.outbox.clear()
    adds_address(client, "new@example.org")
    assert list(account.emailaddress_set.values_list("email", "verified")) == [("new@example.org", True)]
    assert [message.to for message in mail.outbox] == [["new@example.org"], [ADDRESS]]
    assert signs_in(Client(), "new@example.org").status_code == 302
    assert signs_in(Client()).status_code == 200


def test_until_the_code_is_typed_the_old_address_stays(account):
    signed_in(account).post("/en/account/email/", {"action_add": "1", "email": "new@example.org"})
    assert list(account.emailaddress_set.values_list("email", flat=True)) == [ADDRESS]
    assert signs_in(Client()).status_code == 302


def test_removing_the_address_takes_the_password_along_and_leaves_the_return_code(account):
    code = account.renew_return_code()
    client = signed_in(account)
    client.post("/en/account/email/", {"action_remove": "1", "email": ADDRESS})
    account.refresh_from_db()
    assert (account.is_guest, account.email) == (True, "")
    assert client.get("/en/today/").status_code == 200
    assert mail.outbox[-1].to == [ADDRESS]
    assert signs_in(Client()).status_code == 200
    assert comes_back(code).status_code == 302


def test_removing_the_password_leaves_the_code_by_mail(account):
    client = signed_in(account)
    client.post("/en/account/password/remove/")
    assert client.get("/en/today/").status_code == 200
    assert signs_in(Client()).status_code == 200
    asks_code(other := Client())
    assert types_code(other, mailed_code()).status_code == 302


def test_the_return_code_can_be_removed_by_whoever_has_another_way(account):
    code = account.renew_return_code()
    client = signed_in(account)
    client.post("/en/account/code/remove/")
    assert client.get("/en/today/").status_code == 200
    assert comes_back(code).status_code == 200


def test_the_last_way_in_stays(account):
    client = signed_in(account)
    client.post("/en/account/code/remove/")
    answer = client.post("/en/account/email/", {"action_remove": "1", "email": ADDRESS}, follow=True)
    assert "only way back" in answer.text
    assert signs_in(Client()).status_code == 302


def test_a_guests_return_code_stays(client, db):
    code = starts(client)
    client.post("/en/account/code/remove/")
    assert comes_back(code).status_code == 302


def test_changing_the_password_asks_for_the_present_one(account):
    client = signed_in(account)
    new = {"password1": "another long one"}
    assert client.post("/en/account/password/change/", new | {"oldpassword": "not this"}).status_code == 200
    assert client.post("/en/account/password/change/", new | {"oldpassword": PASSWORD}).status_code == 302
    assert signs_in(Client()).status_code == 200
    assert signs_in(Client(), password="another long one").status_code == 302


@names(("password", "said"), [("short", "at least 10 characters"), ("password1234", "easy to guess")])
def test_a_poor_password_is_answered_in_our_words(account, password, said):
    client = signed_in(account)
    page = client.post("/en/account/password/change/", {"oldpassword": PASSWORD, "password1": password})
    assert said in page.text
    assert password not in page.text


def test_a_forgotten_password_is_replaced_with_a_code_and_signs_in(account):
    client = Client()
    client.post("/en/account/password/reset/", {"email": ADDRESS})
    client.post("/en/account/password/reset/confirm/", {"code": mailed_code()})
    answer = client.post("/en/account/password/reset/complete/", {"password1": "another long one"})
    assert (answer.status_code, who(client)) == (302, str(account.pk))
    assert signs_in(Client()).status_code == 200
    assert signs_in(Client(), password="another long one").status_code == 302


# Who was a guest until now


def a_guest() -> tuple[Client, str]:
    client = Client()
    starts(client)
    return client, who(client)


def by_password(client):
    return signs_in(client, next="/en/journal/")


def by_code(client):
    asks_code(client, next="/en/journal/")
    return types_code(client, mailed_code(), next="/en/journal/")


def by_return_code(client):
    return comes_back(User.objects.get(email=ADDRESS).renew_return_code(), client, next="/en/journal/")


def by_forgotten_password(client):
    client.post("/en/account/password/reset/", {"email": ADDRESS, "next": "/en/journal/"})
    client.post("/en/account/password/reset/confirm/", {"code": mailed_code(), "next": "/en/journal/"})
    new = {"password1": "another long one", "next": "/en/journal/"}
    return client.post("/en/account/password/reset/complete/", new)


each_way = names("way", [by_password, by_code, by_return_code, by_forgotten_password], ids=lambda way: way.__name__)


@each_way
def test_a_guest_who_signs_in_is_asked_what_to_bring_and_comes_where_they_wanted(account, way):
    client, guest = a_guest()
    before = client.session.session_key
    assert way(client)["Location"] == f"/en/account/bring/?next={quote('/en/journal/', safe='')}"
    assert (who(client), client.session["guest"]) == (str(account.pk), guest)
    assert client.session.session_key != before


@each_way
def test_whoever_has_an_account_is_not_asked_to_bring_anything(account, malik, way):
    give_ways(malik, "malik@example.org")
    client = signed_in(malik)
    assert way(client)["Location"] == "/en/journal/"
    assert (who(client), "guest" in client.session) == (str(account.pk), False)


@each_way
def test_signing_in_as_oneself_again_changes_nothing_but_the_id_of_the_session(account, way):
    client = signed_in(account)
    before = client.session.session_key
    assert way(client)["Location"] == "/en/journal/"
    assert (who(client), "guest" in client.session) == (str(account.pk), False)
    assert client.session.session_key != before


@each_way
def test_whoever_switched_on_a_second_step_is_asked_for_it_whichever_way_they_come(account, way, settings):
    settings.MFA_TOTP_TOLERANCE = 1  # the half minute may end between the two lines that read the clock
    client, guest = a_guest()
    with request_context(RequestFactory().get("/")):
        TOTP.activate(account, secret := generate_totp_secret())
    assert way(client)["Location"] == "/en/account/2fa/authenticate/"
    assert who(client) == guest
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    answer = client.post("/en/account/2fa/authenticate/", {"code": code})
    assert (answer.status_code, who(client), client.session["guest"]) == (302, str(account.pk), guest)
    assert answer["Location"].startswith("/en/account/bring/?next=")


def test_a_guest_who_only_looks_at_signing_in_stays_who_they_were(account):
    client, guest = a_guest()
    client.get("/en/account/login/")
    signs_in(client, password="wrong one here")
    asks_code(client)
    types_code(client, "AAAA-AAAA")
    assert who(client) == guest
    assert client.get("/en/today/").status_code == 200


def test_nothing_of_a_guest_is_seen_while_signing_in(account):
    client, _guest = a_guest()
    assert "data-signed-in" not in client.get("/en/account/login/").text


# Codes


def test_a_code_is_taken_however_it_is_typed_and_once(account):
    client = Client()
    asks_code(client)
    code = mailed_code()
    assert types_code(client, f" {code.lower().replace('-', ' ')} ").status_code == 302
    assert types_code(Client(), code).status_code == 302, "without having asked, it leads back"
    assert who(Client()) is None


def test_after_three_wrong_codes_a_new_one_has_to_be_asked(account):
    client = Client()
    asks_code(client)
    code = mailed_code()
    assert [types_code(client, "AAAA-AAAA").status_code for _try in range(3)] == [200, 200, 302]
    types_code(client, code)
    assert who(client) is None
    assert "many tries in a row" in client.get("/en/account/login/code/").text


def test_a_wrong_code_for_a_new_address_leads_back_to_the_address(account):
    client = signed_in(account)
    client.post("/en/account/email/", {"action_add": "1", "email": "new@example.org"})
    wrong = {"action": "verify", "code": "AAAA-AAAA"}
    answers = [client.post("/en/account/confirm-email/", wrong) for _try in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 302]
    assert answers[-1]["Location"] == "/en/account/email/"


@names("wanted", ["https://elsewhere.example/", "//elsewhere.example", "http://localhost/", "/\\elsewhere.example"])
def test_signing_in_never_leads_to_another_host(account, wanted):
    assert signs_in(Client(), next=wanted)["Location"] == "/en/today/"


# What nobody learns from trying


def known_and_unknown(what):
    """What someone sees who tries an address that is known here, and one that is not; and what it costs us."""
    seen = []
    for address in (ADDRESS, "nobody@example.org"):
        client = Client()
        mail.outbox.clear()
        Counted.runs = 0
        with CaptureQueriesContext(connection) as queries:
            answer = what(client, address)
        page = client.get(answer["Location"]) if answer.status_code == 302 else answer
        text = without_token(page.text, address)
        seen.append((answer.status_code, answer.headers.get("Location"), text, len(mail.outbox), Counted.runs))
        seen[-1] += (len(queries),)
    return seen


def wrong_password(client, address):
    return signs_in(client, address, "wrong one here")


def forgotten(client, address):
    return client.post("/en/account/password/reset/", {"email": address})


def wrong_login_code(client, address):
    asks_code(client, address)
    return types_code(client, "AAAA-AAAA")


def wrong_reset_code(client, address):
    forgotten(client, address)
    return client.post("/en/account/password/reset/confirm/", {"code": "AAAA-AAAA"})


@names("what", [wrong_password, asks_code, forgotten, wrong_login_code, wrong_reset_code], ids=lambda f: f.__name__)
@names("password", [PASSWORD, ""], ids=["with a password", "without"])
def test_a_known_address_is_answered_as_an_unknown_one(emma, what, password):
    give_ways(emma, password=password)
    known, unknown = known_and_unknown(what)
    assert known[:5] == unknown[:5]
    assert abs(known[5] - unknown[5]) <= 2, "about the same work"


def test_an_address_of_someone_else_can_be_tried_as_ones_own_like_any_other(account, malik):
    def adds(_client, address):
        client = signed_in(malik)
        _client.cookies = client.cookies
        return client.post("/en/account/email/", {"action_add": "1", "email": address})

    known, unknown = known_and_unknown(adds)
    assert known[:5] == unknown[:5]


def test_whoever_holds_the_mailbox_alone_learns_that_an_address_is_taken(account, malik):
    answer = adds_address(signed_in(malik))
    assert "cannot be used here" in answer.text
    assert not malik.emailaddress_set.exists()
    assert signs_in(Client()).status_code == 302


def test_nobody_signs_up_by_another_door(client, db):
    for path in ("/en/account/signup/", "/en/account/2fa/webauthn/signup/"):
        assert client.get(path).status_code in (302, 404)
        client.post(path, {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.exists()


# Limits


def test_after_too_many_wrong_passwords_the_right_one_waits_too(account):
    for _try in range(5):
        signs_in(Client(), password="wrong one here")
    answer = signs_in(Client())
    assert answer.status_code == 200
    assert "many tries in a row" in answer.text
    assert ADDRESS in answer.text


@names(
    ("path", "field", "times"),
    [("account/login/code/", "email", 4), ("account/password/reset/", "email", 4), ("account/login/", "login", 31)],
)
@names("language", ["en", "nl"])
def test_too_many_tries_get_a_kind_page_with_what_was_typed(account, language, path, field, times):
    fields = {field: ADDRESS, "password": "wrong one here"}
    answer = [Client().post(f"/{language}/{path}", fields) for _try in range(times)][-1]
    assert ADDRESS in answer.text
    assert "wrong one here" not in answer.text
    assert answer.status_code == 429 or "many" in answer.text or "vaak" in answer.text


def test_no_address_stands_in_what_is_counted(account):
    signs_in(Client(REMOTE_ADDR="192.0.2.1"), password="wrong one here")
    asks_code(Client(REMOTE_ADDR="192.0.2.1"))
    kept = str(list(Limit.objects.values_list()))
    assert kept != "[]"
    assert ADDRESS not in kept
    assert "192.0.2.1" not in kept


def test_tries_at_once_are_each_counted(db):
    assert [cache.add("x", 1, 10), cache.add("x", 2, 10), cache.get("x")] == [True, False, 1]
    cache.set("x", [1.5], -1)
    assert (cache.get("x"), cache.add("x", 3, 10)) == (None, True)
    assert (cache.delete("x"), cache.delete("x"), cache.get("x", "gone")) == (True, False, "gone")


def test_counts_that_are_over_are_thrown_away(db):
    cache.set("over", 1, -1)
    cache.set("running", 1, 60)
    call_command("purge", stdout=StringIO())
    assert Limit.objects.count() == 1
    assert cache.get("running") == 1


# Words

PAGES = [
    *("login/", "login/code/", "password/reset/", "return/"),
    *("keep/", "email/", "password/change/", "sessions/", "sign-out/"),
]


@names("page", PAGES)
def test_no_page_about_signing_in_says_u_or_speaks_of_feelings(account, page):
    client = Client() if page in PAGES[:4] else signed_in(account)
    answers = [client.get(f"/nl/account/{page}"), client.post(f"/nl/account/{page}", {"action_add": "1"})]
    assert answers[0].status_code == 200
    for text in [answer.text for answer in answers if answer.status_code == 200]:
        main = re.sub(r"<[^>]+>", " ", text[text.index("<main") : text.index("</main>")])
        assert not re.search(r"\b[Uu]w?\b", main)
        assert not re.search(r"gevoel|angst|kwetsbaar", text[text.index("<title") : text.index("</title>")], re.I)


# In a real browser


def test_on_a_phone_a_guest_keeps_the_work_and_signs_in_on_a_laptop(site, data, browser):
    def newest_code() -> str:
        newest = max((data / "mail").iterdir(), key=lambda file: file.stat().st_mtime)
        return CODE.findall(newest.read_text())[-1]

    phone = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    phone.goto(f"{site}/en/start/")
    phone.get_by_label("I am 18 or older.").check()
    phone.get_by_label("I agree").check()
    phone.get_by_role("button", name="Start").click()
    phone.goto(f"{site}/en/journal/new/")
    phone.locator("[name=body]").fill("pearblossom")
    phone.locator(".save-bar .button").first.click()
    phone.goto(f"{site}/en/account/keep/")
    phone.get_by_role("link", name="Add an e-mail address").click()
    phone.get_by_label("E-mail address").fill(ADDRESS)
    phone.get_by_role("button", name="Send me a code").click()
    phone.get_by_label("The code in the e-mail").fill(newest_code())
    phone.get_by_role("button", name="Keep this address").click()
    phone.get_by_text(f"Your address is {ADDRESS}.").wait_for()

    laptop = browser.new_context(java_script_enabled=False).new_page()
    laptop.goto(f"{site}/en/journal/")
    laptop.get_by_role("link", name="Sign in").click()
    laptop.get_by_role("link", name="Send me a code by e-mail instead").click()
    laptop.get_by_label("E-mail address").fill(ADDRESS)
    laptop.get_by_role("button", name="Send me a code").click()
    laptop.get_by_label("The code in the e-mail").fill(newest_code())
    laptop.get_by_role("button", name="Sign in").click()
    assert laptop.url == f"{site}/en/journal/"
    laptop.get_by_text("pearblossom").wait_for()
    laptop.goto(f"{site}/en/account/sessions/")
    assert laptop.get_by_role("button", name="Sign out there").count() == 1
