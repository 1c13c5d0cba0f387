"""The landing page, starting without a name, the return code, leaving and coming back."""

import re
import time
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from exercises.journal.models import JournalEntry
from exercises.records.models import DataKey, uuid7
from exercises.records.rowsecurity import acting_as
from kwetsbaar.accounts.models import ALPHABET, GROUPS, LETTERS, code_hash, new_return_code
from tests.test_boundary import ROUTES, address, is_public

CONSENT = {"adult": "on", "consent": "on"}
CODE = re.compile(r'class="code"[^>]*>\s*([0-9A-Z]{4}(?:-[0-9A-Z]{4}){4})\s*<')
User = get_user_model()
TRIES_AN_HOUR = 10  # settings.ACCOUNT_RATE_LIMITS["return_code"]


def starts(client: Client, **fields: str) -> str:
    """Someone starts in this browser; their return code."""
    return code_on(client.post("/en/start/", CONSENT | fields))


def code_on(response) -> str:
    if response.status_code == 302:
        response = response.client.get(response["Location"])
    assert response.status_code == 200
    found = CODE.findall(response.text)
    assert len(found) == 1, "the code stands on the page once"
    return found[0]


def comes_back(code: str, client: Client | None = None, **fields: str):
    return (client or Client()).post("/en/account/return/", {"code": code} | fields)


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


# The landing page


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_landing_page_leads_to_reading_starting_coming_back_and_help(client, language):
    page = client.get(f"/{language}/").text
    main = page[page.index("<main") : page.index("</main>")]
    hrefs = re.findall(r'href="([^"]+)"', main)
    assert hrefs[0] == f"/{language}/read/"
    for path in ("start/", "account/return/", "account/login/", "help/", "safe-use/"):
        assert f"/{language}/{path}" in hrefs


def test_search_engines_may_show_the_landing_page_by_neutral_words(client):
    page = client.get("/en/").text
    assert 'name="robots"' not in page
    description = re.search(r'<meta name="description" content="([^"]+)">', page)[1]
    assert 40 < len(description) < 160


def test_the_landing_page_says_that_nobody_reads_along_and_what_the_app_cannot_do(client):
    page = client.get("/en/").text
    assert "Nobody reads what you write. That also means nobody will notice if you are doing badly." in page
    assert "not a medical device" in page


AVOID = re.compile(
    r"treat|therap|exposure|complaint|symptom|disorder|trauma|diagnos|screening|patient|proven|reduces anxiety"
    r"|behandel|klacht|stoornis|angst|bewezen",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_outside_the_fixed_disclaimer_the_landing_page_promises_nothing_medical(client, language):
    page = re.sub(
        r"<p>(Deze app is zelfhulp|This app is self-help).*?</p>", "", client.get(f"/{language}/").text, flags=re.S
    )
    assert AVOID.findall(page) == []


def test_of_all_pages_that_a_visitor_may_see_only_those_for_coming_in_hold_a_form(client, db):
    with_form = {
        pattern.name
        for route, pattern in ROUTES.items()
        if is_public(pattern) and pattern.name and b"<form" in client.get(address(route)).content
    }
    signing_in = {"account_login", "account_request_login_code", "account_reset_password"}
    by_script = {
        "offline",
        "offline_feeling",
    }  # sent by the service worker and kept.js, where there is a connection again
    assert (
        with_form == {"start", "come_back", "search"} | signing_in | by_script
    )  # search asks by GET, and keeps nothing


def test_the_landing_page_costs_no_query(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/en/").status_code == 200


# Starting


def test_starting_signs_in_a_guest_who_has_consented_and_shows_the_code(client, db):
    before = timezone.now()
    code = starts(client, time_zone="America/New_York")
    user = User.objects.get()
    assert who(client) == str(user.pk)
    assert before <= user.consented_at <= timezone.now()
    assert (user.language, user.time_zone, user.email) == ("en", "America/New_York", "")
    assert not user.has_usable_password() or user.password == ""
    assert user.return_code == code_hash(code)
    with acting_as(user.pk):
        assert DataKey.objects.filter(user=user).exists()


@pytest.mark.parametrize(("given", "missing"), [("adult", "consent"), ("consent", "adult")])
def test_both_boxes_are_asked_and_what_was_ticked_stays_ticked(client, db, given, missing):
    response = client.post("/en/start/", {given: "on"})
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {missing}
    boxes = dict(re.findall(r'<input type="checkbox" name="(\w+)"([^>]*)>', response.text))
    assert "checked" in boxes[given]
    assert "checked" not in boxes[missing]
    assert str(response.context["form"].errors[missing][0]) in response.text
    assert not User.objects.exists()


def test_no_box_is_ticked_beforehand_and_both_are_required(client, db):
    boxes = re.findall(r'<input type="checkbox"([^>]*)>', client.get("/en/start/").text)
    assert len(boxes) == 2
    assert all("required" in box and "checked" not in box for box in boxes)


def test_an_empty_form_is_answered_with_messages(client, db):
    assert client.post("/en/start/").context["form"].errors.keys() == {"adult", "consent"}


@pytest.mark.parametrize("zone", ["", "Middle/Earth", "\x00", "../etc/passwd", "x" * 5000])
def test_an_unknown_time_zone_becomes_amsterdam(client, db, zone):
    starts(client, time_zone=zone)
    assert User.objects.get().time_zone == "Europe/Amsterdam"


def test_an_id_that_is_none_stands_in_nobodys_way(client, db):
    starts(client, id="not-a-uuid\x00")
    assert User.objects.count() == 1


def test_a_double_click_makes_one_guest(db):
    sent = {"id": str(uuid7())}
    one, two = Client(), Client()  # the second click still carries the cookies of before the first
    first, second = starts(one, **sent), starts(two, **sent)
    assert who(one) == who(two) == str(User.objects.get().pk)
    assert comes_back(second).status_code == 302
    assert comes_back(first).status_code == 200, "the code that was shown last is the one that works"


def test_an_id_of_someone_who_started_long_ago_makes_a_new_guest_and_never_signs_in_as_them(db, guest, client):
    old = guest(now=timezone.now() - timedelta(minutes=5))
    User.objects.filter(pk=old.pk).update(date_joined=timezone.now() - timedelta(minutes=5))
    starts(client, id=str(old.pk))
    assert User.objects.count() == 2
    assert who(client) != str(old.pk)


def test_the_same_page_sent_again_much_later_starts_someone_else_with_a_code_of_their_own(db):
    sent = CONSENT | {"id": str(uuid7()), "seed": "the seed of that page"}
    first = code_on(Client().post("/en/start/", sent, follow=True))
    User.objects.update(date_joined=timezone.now() - timedelta(minutes=5))
    second = code_on(Client().post("/en/start/", sent, follow=True))
    assert first != second
    assert [comes_back(code).status_code for code in (first, second)] == [302, 302]


def test_who_has_started_already_goes_on_and_keeps_the_code(db, client):
    code = starts(client)
    assert client.get("/en/start/")["Location"] == "/en/today/"
    assert client.post("/en/start/", CONSENT)["Location"] == "/en/today/"
    assert User.objects.count() == 1
    assert comes_back(code).status_code == 302


def test_starting_and_coming_back_lead_to_the_page_that_was_asked_for(client, db):
    wanted = client.get("/en/journal/")["Location"]
    page = client.get(wanted).text
    assert '<input type="hidden" name="next" value="/en/journal/">' in page
    assert f"/en/account/return/?next={quote('/en/journal/', safe='')}" in page
    response = client.post("/en/start/", CONSENT | {"next": "/en/journal/"}, follow=True)
    assert re.search(r'<main.*?<a class="button" href="([^"]+)"', response.text, re.S)[1] == "/en/journal/"
    assert comes_back(code_on(response), next="/en/journal/")["Location"] == "/en/journal/"


@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "/\\elsewhere.example", ""]
)
def test_next_never_leads_to_another_host(client, db, wanted):
    response = client.post("/en/start/", CONSENT | {"next": wanted}, follow=True)
    assert "elsewhere" not in response.text
    assert "javascript:" not in response.text
    assert response.context["next"] == "/en/today/"
    assert comes_back(code_on(response), next=wanted)["Location"] == "/en/today/"


def test_the_page_with_the_code_is_stored_nowhere(client, db):
    response = client.post("/en/start/", CONSENT)
    assert "no-store" in response["Cache-Control"]
    assert code_on(response) not in str(client.session.items())


# The return code


@pytest.fixture
def code(client, db) -> str:
    """The code of someone who started in `client`."""
    return starts(client)


def test_the_code_works_after_signing_out(client, code):
    person = who(client)
    assert client.post("/en/account/sign-out/").status_code == 302
    assert who(client) is None
    assert comes_back(code, client).status_code == 302
    assert who(client) == person


def test_the_code_works_after_a_lost_cookie_and_finds_what_was_written(client, code):
    with acting_as(who(client)):
        JournalEntry.objects.create(user_id=who(client), body="pearblossom")
    elsewhere = Client()
    comes_back(code, elsewhere)
    assert "pearblossom" in elsewhere.get("/en/journal/").text


def test_asking_to_sign_out_reminds_of_the_code_and_signs_nobody_out(client, code):
    page = client.get("/en/account/sign-out/").text
    assert "return code" in page
    assert 'action="/en/account/code/"' in page
    assert who(client)


@hypothesis_settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=50)
@given(data=st.data())
def test_capitals_spaces_and_dashes_in_a_code_do_not_matter(data):
    code = new_return_code()
    between = st.text(st.sampled_from(" -\t\u00a0"), max_size=3)
    typed = "".join(
        data.draw(between) + data.draw(st.sampled_from([sign, sign.lower()])) for sign in code if sign != "-"
    )
    assert code_hash(typed + data.draw(between)) == code_hash(code)


def test_a_code_typed_carelessly_brings_one_back(code):
    assert comes_back(f" {code.lower().replace('-', '  ')} ").status_code == 302


def test_a_code_is_long_enough_that_nobody_guesses_it_and_reads_well_on_paper():
    code = new_return_code()
    assert re.fullmatch(rf"([{ALPHABET}]{{{LETTERS}}}-){{{GROUPS - 1}}}[{ALPHABET}]{{{LETTERS}}}", code)
    assert not set(code) & set("01ILO")
    assert len(ALPHABET) ** (GROUPS * LETTERS) > 2**96


def test_the_code_stands_nowhere_in_the_database(client, code):
    written = {code, code.replace("-", ""), code.lower(), code.replace("-", "").lower()}
    with acting_as(who(client)), connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        assert {"accounts_user", "accounts_session"} <= set(tables)
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            text = " ".join(row for (row,) in cursor.fetchall())
            assert code_hash(code) in text or table != "accounts_user"
            assert not [one for one in written if one in text], table


def test_a_new_code_takes_the_place_of_the_old_one(client, code):
    person = who(client)
    new = code_on(client.post("/en/account/code/", {"next": "/en/privacy/"}))
    assert new != code
    refused = comes_back(code)
    assert refused.status_code == 200
    assert refused.context["form"].errors.keys() == {"code"}
    elsewhere = Client()
    comes_back(new, elsewhere)
    assert who(elsewhere) == person


def test_a_visitor_cannot_make_a_new_code(client, db):
    assert client.post("/en/account/code/").status_code == 403


def test_the_code_is_still_there_after_a_reload_but_not_after_ten_minutes(client, code):
    assert [code_on(client.get("/en/account/code/")) for _reload in range(2)] == [code, code]
    session = client.session
    session["return_code"] = (session["return_code"][0], time.time() - 1)
    session.save()
    assert client.get("/en/account/code/")["Location"] == "/en/privacy/"
    assert "return_code" not in client.session
    assert comes_back(code).status_code == 302


@pytest.mark.parametrize("wrong", ["", "   ", "----", "ABCD", "x" * 61, "\x00", "🙂", "7KQ2-7KQ2-7KQ2-7KQ2-7KQ2"])
def test_a_wrong_code_gets_a_message_and_stays_in_the_form(code, wrong):
    response = comes_back(wrong)
    assert response.status_code == 200
    assert response.context["form"].errors["code"]
    assert response.context["form"]["code"].value() == wrong


def test_nobody_without_a_code_is_found_by_an_empty_one(db, guest):
    assert guest().return_code is None
    for nothing in ("", " ", "-", "None"):
        assert User.objects.with_return_code(nothing) is None


def test_after_too_many_tries_the_page_is_kind_and_keeps_what_was_typed(code):
    guesser = Client(REMOTE_ADDR="192.0.2.1")
    for _ in range(TRIES_AN_HOUR):
        assert comes_back("AAAA", guesser).status_code == 200
    response = comes_back(code, guesser, next="/en/journal/")
    assert response.status_code == 429
    assert "Nothing is lost" in response.text
    assert f'value="{code}"' in response.text
    assert 'name="next" value="/en/journal/"' in response.text
    assert who(guesser) is None
    assert comes_back(code, Client(REMOTE_ADDR="192.0.2.2")).status_code == 302, "each address is counted by itself"


def test_right_codes_do_not_count_so_that_many_can_come_back_from_one_address(code):
    for _someone in range(TRIES_AN_HOUR + 1):
        assert comes_back(code, Client(REMOTE_ADDR="192.0.2.1")).status_code == 302


def test_too_many_tries_do_not_tell_whether_a_code_is_right(code):
    guesser = Client(REMOTE_ADDR="192.0.2.1")
    for _ in range(TRIES_AN_HOUR):
        comes_back("AAAA", guesser)
    wrong = new_return_code()
    pages = [re.sub(r'csrfmiddlewaretoken" value="\w+"', "", comes_back(one, guesser).text) for one in (code, wrong)]
    assert pages[0].replace(code, "") == pages[1].replace(wrong, "")


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(code, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1  # as in production
    for number in range(TRIES_AN_HOUR):  # what someone writes in the header themselves comes first and does not count
        comes_back("AAAA", Client(headers={"X-Forwarded-For": f"10.0.0.{number}, 192.0.2.1"}))
    assert comes_back(code, Client(headers={"X-Forwarded-For": "10.0.0.99, 192.0.2.1"})).status_code == 429
    assert comes_back(code, Client(headers={"X-Forwarded-For": "192.0.2.2"})).status_code == 302


# The session


def test_the_session_gets_a_new_id_at_every_sign_in(client, code):
    first = client.session.session_key
    other = starts(Client())
    comes_back(other, client)
    second = client.session.session_key
    client.post("/en/account/sign-out/")
    comes_back(other, client)
    assert len({first, second, client.session.session_key}) == 3


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(client, code):
    kept = Client(headers={"Cookie": f"session={client.cookies['session'].value}"})
    assert kept.get("/en/today/").status_code == 200
    client.post("/en/account/sign-out/")
    assert kept.get("/en/today/").status_code == 302


def test_both_answers_to_a_double_click_at_the_start_show_a_code_that_works(db):
    client, sent = Client(), {"adult": "on", "consent": "on"}
    page = client.get("/en/start/").context["form"]
    sent |= {name: str(page[name].initial) for name in ("id", "seed")}
    codes = [code_on(Client().post("/en/start/", sent)) for _click in range(2)]
    assert codes[0] == codes[1]
    assert Client().post("/en/account/return/", {"code": codes[0]}).status_code == 302


def test_two_who_start_never_have_the_same_code(db):
    sent = {"adult": "on", "consent": "on"}
    assert len({code_on(Client().post("/en/start/", sent)) for _ in range(5)}) == 5


def test_a_new_return_code_ends_every_session_but_this_one(emma, as_emma):
    other = Client()
    other.force_login(emma)
    assert other.get("/en/today/").status_code == 200
    as_emma.post("/en/account/code/")
    assert as_emma.get("/en/today/").status_code == 200
    assert other.get("/en/today/").status_code == 302


@pytest.mark.parametrize("wanted", ["abc", "today", "dimmer", "", " ", "/\\evil.example", "//evil.example"])
def test_an_odd_way_on_leads_to_today(as_emma, wanted):
    assert as_emma.get("/en/start/", {"next": wanted})["Location"] == "/en/today/"


def test_the_chosen_language_is_where_the_bare_address_leads(emma, as_emma):
    as_emma.post("/nl/privacy/settings/", {"language": "en", "time_zone": "Europe/Amsterdam"})
    assert as_emma.get("/", headers={"accept-language": "nl"})["Location"] == "/en/today/"


def test_the_language_switch_stays_on_the_same_page_with_the_same_choices(as_emma):
    page = as_emma.get("/nl/evidence/?kind=own").text
    assert 'href="/en/evidence/?kind=own"' in page


def test_the_quick_exit_can_be_hidden_and_stays_within_reach_of_the_keyboard(as_emma):
    assert 'class="exit"' in as_emma.get("/en/today/").text
    unticked = {"language": "en", "time_zone": "Europe/Amsterdam", "initial-show_exit": "True"}
    as_emma.post("/en/privacy/settings/", unticked)
    page = as_emma.get("/en/today/").text
    assert 'class="exit"' not in page
    assert 'href="/weg/"' in page
