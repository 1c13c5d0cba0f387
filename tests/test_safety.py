"""Help is near and right, leaving leaves nothing, and these pages ask nothing of anyone."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import escape

from exercises.safety.lines import COUNTRIES, LANGUAGES, LINES, by_country

PAGES = ["help", "safe-use", "about", "privacy-statement", "accessibility"]
names = pytest.mark.parametrize
every_page = names("path", [f"/{language}/{page}/" for language in ("nl", "en") for page in PAGES])
every_line = names("line", LINES, ids=lambda line: f"{line.country} {line.name.en}")
both_languages = names("language", ["nl", "en"])


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


# The lines


@every_line
def test_every_line_says_who_it_is_and_when_it_was_checked(line):
    assert line.country in COUNTRIES
    assert line.certainty in ("sure", "likely")
    assert date(2026, 1, 1) < line.checked_at <= timezone.localdate() + timedelta(days=1)
    assert set(line.languages) <= set(LANGUAGES)
    for words in (line.name, line.about, line.hours, line.cost):
        assert words is None or (words.nl.strip() and words.en.strip())
    assert line.numbers or line.url or line.name.en.startswith("Your GP")
    assert line.url or not line.chat


@every_line
def test_every_number_can_be_dialled_and_every_address_is_secure(line):
    for number in line.numbers:
        assert re.fullmatch(r"tel:\d{3,11}", number.href)
        assert re.fullmatch(r"[\d -]+", number.written)
    for url in (line.url, line.source_url):
        assert not url or (urlsplit(url).scheme == "https" and urlsplit(url).netloc)


@every_line
def test_a_line_is_checked_again_after_half_a_year(line):
    assert not line.is_due(line.checked_at + timedelta(days=180))
    assert line.is_due(line.checked_at + timedelta(days=181))
    if line.is_due(timezone.localdate()):
        warnings.warn(f"lines.toml: check {line.name.en} again, it was checked on {line.checked_at}", stacklevel=1)


def test_no_line_is_lost_between_the_countries():
    assert [line for _key, _name, lines in by_country() for line in lines] == list(LINES)
    assert {number.written for line in LINES for number in line.numbers} >= {
        "112", "113", "0800-0113", "0800-2000", "0900-1450", "088 0767 000", "0900-0101", "0800-0188", "0800-0432",
        "0800-0450", "1813", "106", "1712", "0800 32 123", "107", "102", "116 123", "988",
    }  # fmt: skip


@both_languages
def test_every_line_stands_on_the_help_page_in_the_readers_language(client, language):
    page = text_of(client.get(f"/{language}/help/"))
    with translation.override(language):
        for line in LINES[1:]:
            for words in (line.name, line.about, line.hours, line.cost, line.url):
                assert not words or escape(words) in page, words
    for number in (number for line in LINES for number in line.numbers):
        assert re.search(rf'<a class="button[^"]*" href="{number.href}">[^<]*{number.written}</a>', page)


@both_languages
def test_the_emergency_number_comes_first_and_nothing_is_asked_before_it(client, language):
    main = text_of(client.get(f"/{language}/help/")).split("<main")[1]
    links = re.findall(r'href="([^"]*)"', main)
    assert links[0] == "tel:112"
    assert not re.search("<(form|input|details|dialog)", main)


def test_each_country_can_be_jumped_to(client):
    page = text_of(client.get("/nl/help/"))
    for anchor in [*COUNTRIES, "doctor"]:
        assert f'href="#{anchor}"' in page
        assert page.count(f'id="{anchor}"') == 1


@both_languages
def test_the_safe_use_page_says_what_to_do_and_whom_to_call(client, language):
    page = text_of(client.get(f"/{language}/safe-use/"))
    for link in ("tel:08002000", "tel:1712", f"/{language}/help/", f"/{language}/account/return/"):
        assert f'href="{link}"' in page
    assert "Shift" in page


def test_who_answers_for_the_data_is_named_where_it_matters(client, settings):
    settings.CONTROLLER = "Stichting Voorbeeld, Utrecht"
    for page in ("about", "privacy-statement", "accessibility"):
        assert settings.CONTROLLER in text_of(client.get(f"/en/{page}/"))


# The pages: public, without a query, a form or a cookie (no `db` fixture: a query would be an error)


@every_page
def test_a_visitor_reads_it_without_the_database_a_form_or_a_cookie(client, path):
    response = client.get(path)
    page = text_of(response)
    assert response.status_code == 200
    assert not response.cookies
    assert "<form" not in page
    assert "csrfmiddlewaretoken" not in page
    assert 'content="noindex"' not in page


@every_page
def test_who_has_started_reads_the_same_page(as_emma, path):
    assert as_emma.get(path).status_code == 200


@every_page
def test_only_reading_is_possible_here(client, path):
    assert Client(enforce_csrf_checks=False).post(path).status_code == 405


PUBLIC = [
    "",
    "start/",
    "account/return/",
    "read/",
    "read/key-points/",
    "read/questions/",
    "read/dimmer/",
    "exercises/dimmer/",
]


@both_languages
@names("path", [*PUBLIC, *(f"{page}/" for page in PAGES), "nothing-here/"])
def test_help_is_one_tap_away_from_every_public_page(client, db, language, path):
    assert f'href="/{language}/help/"' in text_of(client.get(f"/{language}/{path}"))


@names("path", ["today/", "dimmer/", "feeling/", "journal/", "evidence/", "progress/", "people/", "privacy/settings/"])
def test_help_and_the_way_out_are_one_tap_away_for_who_has_started(as_emma, path):
    page = text_of(as_emma.get(f"/en/{path}"))
    assert 'href="/en/help/"' in page
    assert re.search(r'<a class="exit" href="/weg/" rel="nofollow noreferrer"', page)


@both_languages
@names("path", [f"{page}/" for page in PAGES])
def test_every_link_on_these_pages_leads_somewhere(client, db, language, path):
    page = text_of(client.get(f"/{language}/{path}"))
    for link in sorted(set(re.findall(r'<a [^>]*href="(/[^"]*)"', page)) - {"/weg/"}):
        assert client.get(link).status_code in (200, 302), link
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{anchor}"' in page


def test_other_sites_do_not_learn_where_someone_came_from(client):
    for link in re.findall(r'<a [^>]*href="https://[^>]*>', text_of(client.get("/en/help/"))):
        assert 'rel="noreferrer"' in link


# What it says it is for

AVOID = re.compile(
    r"behandel|therap|exposure|\bklacht|symptom|symptoom|stoornis|disorder|attachment|hechting|trauma|diagnos|screening"
    r"|pati[eë]nt|bewezen|proven|evidence-based|vermindert angst|reduces? (anxiety|fear)|aanbevolen door|recommended by"
    r"|\btreat(s|ing|ment)?\b|\bcomplaints?\b|\bcure",
    re.IGNORECASE,
)


@pytest.fixture
def disclaimer(client):
    """The one place where the words may stand."""

    def find(page: str) -> str:
        found = re.search(r"<p>[^<]*(?:geen medisch hulpmiddel|not a medical device).*?</p>", page)
        assert found, "the fixed disclaimer is missing"
        return found[0]

    return find


@names("path", ["", "about/"])
@both_languages
def test_a_page_that_says_what_this_is_for_claims_nothing_about_illness(client, disclaimer, language, path):
    page = text_of(client.get(f"/{language}/{path}"))
    assert AVOID.findall(page.replace(disclaimer(page), "")) == []


@both_languages
def test_the_disclaimer_is_whole_and_leads_to_help(client, disclaimer, language):
    text = disclaimer(text_of(client.get(f"/{language}/about/")))
    assert f'href="/{language}/help/"' in text
    for said in {"nl": ["zelfhulp", "diagnose", "huisarts", "Niemand leest mee", "Hulp nu"],
                 "en": ["self-help", "diagnosis", "doctor", "No one reads", "Help now"]}[language]:  # fmt: skip
        assert said in text


@names("path", ["", "about/", "help/", "read/", "read/dimmer/", "safe-use/", "start/"])
@both_languages
def test_what_a_search_engine_is_told_claims_nothing_about_illness(client, db, language, path):
    head = text_of(client.get(f"/{language}/{path}")).split("</head>")[0]
    assert AVOID.findall(" ".join(re.findall(r"<meta[^>]*>|<title>.*?</title>", head))) == []


def test_the_readme_claims_nothing_about_illness():
    assert AVOID.findall(Path("README.md").read_text(encoding="utf-8")) == []


@names(
    "claim",
    [
        "Een behandeling voor angst",
        "bewezen effectief",
        "reduces anxiety",
        "exposure therapy",
        "your symptoms",
        "patiënten",
    ],
)
def test_the_check_on_claims_would_see_one(claim):
    assert AVOID.search(claim)


# Leaving


@names("method", ["get", "post", "put", "head", "delete"])
def test_leaving_ends_the_session_and_lands_elsewhere(emma, method):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(emma)
    key = browser.session.session_key
    response = getattr(browser, method)("/weg/")
    assert (response.status_code, response["Location"]) == (303, settings.EXIT_URL)
    assert response["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert "no-store" in response["Cache-Control"]
    assert "public" not in response["Cache-Control"]
    assert response["Referrer-Policy"] in ("no-referrer", "same-origin")  # nothing to other sites
    assert response.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 0
    assert not Session.objects.filter(pk=key).exists()
    assert browser.get("/en/today/").status_code == 302


def test_a_stolen_cookie_is_worth_nothing_after_leaving(as_emma):
    old = as_emma.cookies[settings.SESSION_COOKIE_NAME].value
    as_emma.get("/weg/")
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = old
    assert thief.get("/en/today/").status_code == 302


def test_a_visitor_can_leave_too_and_asks_nothing_of_the_database(client):
    response = client.get(reverse("leave"))
    assert (response.status_code, response["Location"]) == (303, settings.EXIT_URL)
    assert "no-store" in response["Cache-Control"]


@names("header", [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}])
def test_a_browser_that_fetches_ahead_signs_nobody_out(as_emma, header):
    response = as_emma.get("/weg/", headers=header)
    assert (response.status_code, response.content) == (204, b"")
    assert "no-store" in response["Cache-Control"]
    assert "Clear-Site-Data" not in response
    assert get_user(as_emma).is_authenticated
    assert as_emma.get("/en/today/").status_code == 200


@contextmanager
def database_away() -> Iterator[None]:
    """Every attempt to connect fails, as when the server is down."""
    connection.close()
    connection.settings_dict["USER"], user = "nobody_by_this_name", connection.settings_dict["USER"]
    try:
        with pytest.raises(OperationalError):
            connection.ensure_connection()
        yield
    finally:
        connection.close()
        connection.settings_dict["USER"] = user


@pytest.mark.django_db(transaction=True)
def test_leaving_works_while_the_database_is_away(as_emma):
    with database_away():
        response = as_emma.get("/weg/")
    assert (response.status_code, response["Location"]) == (303, settings.EXIT_URL)
    assert response["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert "no-store" in response["Cache-Control"]
    assert response.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 0
    assert as_emma.get("/en/today/").status_code == 302


@every_page
@pytest.mark.django_db(transaction=True)
def test_help_stands_while_the_database_is_away_for_who_has_started_too(as_emma, path):
    with database_away():
        assert as_emma.get(path).status_code == 200
