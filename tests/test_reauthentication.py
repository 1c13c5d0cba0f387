"""Before a way in changes or everything is taken along, the person shows that it is still them; by what they have."""

import re

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.models import EmailAddress
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import path, reverse

from exercises.records.http import confirmed
from kwetsbaar import urls as root
from kwetsbaar.accounts import reauthentication
from tests.conftest import signed_in
from tests.test_boundary import ROUTES, address
from tests.test_second_step import codes_on, digits, switched_on

PAGE = "/en/account/reauthenticate/"
INDEX = "/en/account/2fa/"
NEEDS = INDEX + "totp/activate/"
CODE = "/en/account/code/"
PASSWORD = "a lamp in the evening"


def some_time_later(client: Client) -> None:
    """As if ten minutes had passed since the last sign-in or confirmation."""
    session = client.session
    records = session[AUTHENTICATION_METHODS_SESSION_KEY]
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [record | {"at": record["at"] - 600} for record in records]
    session.save()


@confirmed
def takes_words(request):
    return HttpResponse(f"{request.method} {request.POST.get('words', '')} {request.POST.getlist('many')}")


urlpatterns = [path("needs/", takes_words), *root.urlpatterns]
with_such_a_page = pytest.mark.urls(__name__)


@pytest.fixture
def code(emma) -> str:
    return emma.renew_return_code()


@pytest.fixture
def later(code, emma) -> Client:
    """Emma, signed in for a while."""
    client = signed_in(emma)
    some_time_later(client)
    return client


def confirm(client: Client, page: str = PAGE, **fields: str):
    return client.post(page, {f"confirm-{name}": value for name, value in fields.items()})


def passes(client: Client) -> bool:
    return client.get(NEEDS).status_code == 200


def test_a_fresh_sign_in_counts_and_after_a_while_it_is_asked(as_emma):
    assert passes(as_emma)
    some_time_later(as_emma)
    assert as_emma.get(NEEDS)["Location"] == f"{PAGE}?next=%2Fen%2Faccount%2F2fa%2Ftotp%2Factivate%2F"


def test_starting_as_a_guest_counts(client, db):
    client.post("/en/start/", {"adult": "on", "consent": "on"})
    assert passes(client)


def test_a_guest_confirms_with_the_return_code_and_goes_on(later, code):
    answer = later.post(f"{PAGE}?next={NEEDS}", {"confirm-code": code.lower().replace("-", " ")})
    assert answer["Location"] == NEEDS
    assert passes(later)


@pytest.mark.parametrize(
    "fields", [{}, {"code": "7KQ2"}, {"code": ""}, {"password": ""}, {"password": PASSWORD}, {"credential": "{}"}]
)
def test_a_wrong_answer_is_asked_again(later, fields):
    answer = confirm(later, **fields)
    assert answer.status_code == 200
    assert not passes(later)


def test_a_guest_who_lost_the_code_can_make_a_new_one(later):
    assert "Lost your code?" in later.get(PAGE).text
    answer = later.post(CODE, {"next": NEEDS}, follow=True)
    new = re.search(r'class="code" translate="no">([-0-9A-Z]+)<', answer.text)[1]
    assert confirm(later, code=new).status_code == 302
    assert passes(later)


@pytest.fixture
def with_password(emma, later) -> Client:
    emma.set_password(PASSWORD)
    emma.save()
    client = signed_in(emma)
    some_time_later(client)
    return client


def test_a_password_confirms(with_password):
    assert "Your password" in with_password.get(PAGE).text
    assert confirm(with_password, password="another lamp").status_code == 200
    assert confirm(with_password, password=PASSWORD).status_code == 302
    assert passes(with_password)


def test_whoever_has_another_way_in_confirms_before_there_is_a_new_code(with_password, emma, code):
    before = emma.return_code
    answer = with_password.post(CODE, {"next": "/en/today/"})
    assert "Is it still you?" in answer.text
    assert "Lost your code?" not in answer.text
    emma.refresh_from_db()
    assert emma.return_code == before
    assert with_password.post(CODE, {"next": "/en/today/", "confirm-password": PASSWORD}).status_code == 302
    emma.refresh_from_db()
    assert emma.return_code != before


@pytest.fixture
def address_of_emma(emma) -> str:
    return EmailAddress.objects.create(user=emma, email="emma@example.org", verified=True, primary=True).email


def mailed(client: Client) -> str:
    assert client.post(PAGE, {"confirm-mail": "1"}).status_code == 200
    return re.search(r"^\s*([0-9A-Z]{4}-[0-9A-Z]{4})\s*$", mail.outbox[-1].body, re.MULTILINE)[1]


def test_a_code_by_e_mail_confirms_once(later, address_of_emma):
    code = mailed(later)
    assert mail.outbox[-1].to == [address_of_emma]
    assert confirm(later, code=code).status_code == 302
    assert passes(later)
    some_time_later(later)
    assert confirm(later, code=code).status_code == 200


def test_the_mailed_code_stands_nowhere_in_the_session(later, address_of_emma):
    code = mailed(later)
    assert code not in str(later.session.items())
    assert code.replace("-", "") not in str(later.session.items())


def test_an_old_mailed_code_no_longer_confirms(later, address_of_emma, monkeypatch):
    monkeypatch.setattr(reauthentication, "MAILED_FOR", -1)
    assert confirm(later, code=mailed(later)).status_code == 200


def test_an_address_that_is_not_confirmed_gets_no_code(later, address_of_emma):
    EmailAddress.objects.update(verified=False)
    assert "E-mail me a code" not in later.get(PAGE).text
    later.post(PAGE, {"confirm-mail": "1"})
    assert mail.outbox == []


def test_with_a_second_step_the_mailbox_alone_is_not_enough(later, code, address_of_emma):
    confirm(later, code=code)
    secret = switched_on(later)
    recovery = codes_on(later.get(INDEX + "recovery-codes/"))[0]
    mail.outbox.clear()
    for answer in (digits(secret), recovery):
        some_time_later(later)
        assert "E-mail me a code" not in later.get(PAGE).text
        later.post(PAGE, {"confirm-mail": "1"})
        assert mail.outbox == []
        assert confirm(later, code=answer).status_code == 302
        assert passes(later) or later.get(NEEDS)["Location"].endswith("deactivate/")


@with_such_a_page
def test_a_page_of_the_product_that_asks_first_opens_after_it(later, code):
    assert later.get("/needs/?year=2026")["Location"].endswith("/reauthenticate/?next=%2Fneeds%2F%3Fyear%3D2026")
    assert confirm(later, f"{PAGE}?next=/needs/", code=code)["Location"] == "/needs/"
    assert later.get("/needs/").text == "GET  []"


@with_such_a_page
def test_what_is_sent_stays_in_the_page_and_not_in_the_session(later, code):
    words = 'pear<blossom> & "quotes"\nand a second line'
    page = later.post("/needs/", {"words": words, "many": ["1", "2"]}, headers={"accept-language": "en"})
    assert "Is it still you?" in page.text
    assert 'name="words" value="pear&lt;blossom&gt; &amp; &quot;quotes&quot;\nand a second line"' in page.text
    assert page.text.count('type="hidden" name="many"') == 2
    assert "blossom" not in str(later.session.items())
    again = later.post("/needs/", {"words": words, "many": ["1", "2"], "confirm-code": "wrong"})
    assert "pear&lt;blossom&gt;" in again.text
    done = later.post("/needs/", {"words": words, "many": ["1", "2"], "confirm-code": code})
    assert done.text == f"POST {words} ['1', '2']"


def test_on_to_another_site_it_never_goes(later, code):
    answer = later.post(f"{PAGE}?next=//evil.example/", {"confirm-code": code})
    assert answer["Location"] == reverse("privacy")


def test_wrong_answers_are_limited(later, code):
    for n in range(5):
        confirm(later, code=f"7KQ{n}")
    answer = confirm(later, code=code)
    assert answer.status_code == 200
    assert not passes(later)


def test_confirming_is_for_one_person_only(later, code, malik):
    other = signed_in(malik)
    some_time_later(other)
    assert confirm(other, code=code).status_code == 200
    assert not passes(other)


CHANGES = sorted(
    route
    for route, pattern in ROUTES.items()
    if (pattern.name or "").startswith(("account_", "mfa_")) and "logout" not in route
)


@pytest.mark.parametrize("route", CHANGES)
def test_no_page_of_sign_in_keeps_what_was_sent_in_the_session(with_password, emma, address_of_emma, route):
    sent = dict.fromkeys(("password", "password1", "password2", "oldpassword", "code"), "pearblossom")
    with_password.post(address(route), sent | {"email": "new@example.org", "action_add": "1"})
    assert STATE_SESSION_KEY not in with_password.session
    assert "pearblossom" not in str(with_password.session.items())
    assert not EmailAddress.objects.filter(email__startswith="new").exists()
