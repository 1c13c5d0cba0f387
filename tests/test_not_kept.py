"""A step that is not kept: the same questions, and nothing of the answers stays anywhere."""

import re
from html import unescape

import pytest
from django.apps import apps
from django.core.signing import loads
from django.db import connections
from playwright.sync_api import Page, expect

from exercises.dimmer.forms import AfterForm, PlanForm
from exercises.dimmer.not_kept import AfterwardsForm, BeforeForm
from tests.test_main_path import chooses, someone, starts  # noqa: F401  # someone is a fixture

HERE = "/en/dimmer/not-kept/"
BEFORE = {
    "whom": "Pearblossom", "topic": "pearblossom work", "more": "I am pearblossom\n\n tired", "expectation": "pearblossom silence",
    "chance": "70", "fear_expected": "5",
}  # fmt: skip
AFTER = {"happened": "pearblossom tea", "came_true": "no", "learned": "pearblossom & more"}


def fields_of(page) -> dict[str, str]:
    """What the page's form would send on, as far as it stands in hidden fields or boxes."""
    form = re.search(r"<main.*</main>", page.text, re.DOTALL)[0]
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and (("hidden" in tag) or ("checked" in tag) or ('type="text"' in tag)):
            fields[name[1]] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea name="([^"]*)"[^>]*>\n?([^<]*)</textarea>', form):
        fields[name] = unescape(text)
    return {
        name: value
        for name, value in fields.items()
        if name not in ("csrfmiddlewaretoken", "form", "switch", "on", "next")
    }


def tables() -> dict[str, list]:
    """Every row of every table, but for when sessions were last used."""
    found = {}
    with connections["owner"].cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            found[table] = cursor.fetchall()
    return found


@pytest.mark.django_db(transaction=True)
def test_a_whole_run_stores_nothing_anywhere(as_emma, caplog):
    as_emma.get(HERE)
    before, session = tables(), dict(as_emma.session)
    assert len(before) > 15
    page = as_emma.post(HERE, BEFORE | {"to": "stay"})
    page = as_emma.post(HERE, fields_of(page) | {"to": "after"})
    page = as_emma.post(HERE, fields_of(page) | AFTER | {"to": "end"})
    assert "pearblossom silence" in page.text
    assert "pearblossom tea" in page.text
    assert tables() == before
    assert dict(as_emma.session) == session
    assert "pearblossom" not in str(session).lower()
    assert "earblossom" not in caplog.text
    assert page["Cache-Control"].count("no-store")
    for row in before["accounts_session"]:
        assert not any(
            "pearblossom" in str(loads(value, salt=SALT)).lower() for value in row if str(value).count(":") == 2
        )


SALT = "django.contrib.sessions.SessionStore"


def test_the_last_page_shows_both_and_says_that_it_is_gone(as_emma):
    page = as_emma.post(HERE, BEFORE | AFTER | {"to": "end"}).text
    for part in (
        "Chance 70%",
        "tension 5",
        "pearblossom silence",
        "pearblossom tea",
        "pearblossom &amp; more",
        "stored nowhere",
    ):
        assert part in page
    assert "data-print" in page


def test_every_page_carries_all_answers_also_back(as_emma):
    answers = BEFORE | AFTER
    for to in ("stay", "after", "end", "after", "stay", "before", "end"):
        page = as_emma.post(HERE, answers | {"to": to})
        assert page.status_code == 200
        assert fields_of(page) == BEFORE | AFTER, to
        answers = fields_of(page)


@pytest.mark.parametrize(
    ("name", "value", "page"),
    [("more", "x" * 2001, "before"), ("chance", "15", "before"), ("happened", "y" * 2001, "after")],
)
def test_what_does_not_fit_is_shown_again_with_all_that_was_typed(as_emma, name, value, page):
    answer = as_emma.post(HERE, BEFORE | AFTER | {name: value, "to": "end"})
    assert (answer.status_code, answer.context["page"]) == (200, page)
    assert f'id="id_{name}_error"' in answer.text
    if name != "chance":
        assert fields_of(answer)[name] == value
    assert fields_of(answer).items() >= {key: val for key, val in (BEFORE | AFTER).items() if key != name}.items()


@pytest.mark.parametrize("to", ["", "nowhere", "\x00", "before"])
def test_an_unknown_page_is_the_first_one(as_emma, to):
    answer = as_emma.post(HERE, BEFORE | {"to": to})
    assert (answer.status_code, answer.context["page"]) == (200, "before")
    assert fields_of(answer)["more"] == BEFORE["more"]


def test_nothing_is_asked_that_must_be_answered(as_emma):
    for to in ("stay", "after", "end"):
        assert as_emma.post(HERE, {"to": to}).context["page"] == to


@pytest.mark.parametrize(("form", "kept"), [(BeforeForm, PlanForm), (AfterwardsForm, AfterForm)])
def test_the_questions_are_those_of_a_step_that_is_kept(form, kept):
    same = form.base_fields.keys() - {"whom", "topic"}
    assert [form.base_fields[name].label for name in same] == [kept.base_fields[name].label for name in same]
    assert [form.base_fields[name].max_length for name in same if hasattr(form.base_fields[name], "max_length")] == [
        kept.base_fields[name].max_length for name in same if hasattr(form.base_fields[name], "max_length")
    ]


def test_an_exercise_and_a_plan_lead_here(as_emma, emma):
    as_emma.post("/en/dimmer/new/", {"name": "Samira", "topic": "t"})
    plan = re.search(r"/en/dimmer/[0-9a-f-]{36}/", as_emma.get("/en/dimmer/").text)[0] + "attempt/"
    for path in (plan, "/en/exercises/dimmer/"):
        assert f'href="{HERE}"' in as_emma.get(path).text


@pytest.mark.parametrize("javascript", [True, False])
def test_in_a_browser_there_and_back(someone, javascript):  # noqa: F811
    page: Page = someone("en", javascript=javascript)
    starts(page, "en")
    page.goto("/en/exercises/dimmer/")
    page.get_by_role("link", name="without keeping anything").click()
    page.fill("[name=whom]", "Samira")
    page.fill("[name=expectation]", "pearblossom silence")
    page.fill("[name=more]", "one line\nand another")
    chooses(page, "chance", "70")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".prediction")).to_contain_text("pearblossom silence")
    page.get_by_role("button", name="Back a page").click()
    expect(page.locator("textarea[name=more]")).to_have_value("one line\nand another")
    expect(page.locator("[type=radio][name=chance][value='70']")).to_be_checked()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="How did it go?").click()
    page.fill("[name=happened]", "pearblossom tea")
    page.get_by_role("button", name="See it side by side").click()
    expect(page.locator("main")).to_contain_text("pearblossom tea")
    expect(page.locator("main")).to_contain_text("stored nowhere")
    assert page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])") == "[{},{}]"
    assert page.url.endswith(HERE)
    if javascript:
        page.go_back()
        expect(page.locator("textarea[name=happened]")).to_have_value("pearblossom tea")
        page.go_back()
        expect(page.locator("#breath")).to_be_attached()
        page.go_back()
        expect(page.locator("textarea[name=more]")).to_have_value("one line\nand another")
        page.go_forward()
        expect(page.locator("#breath")).to_be_attached()
        page.get_by_role("button", name="How did it go?").click()
        page.get_by_role("button", name="See it side by side").click()
        expect(page.locator("main")).to_contain_text("pearblossom tea")
    page.get_by_role("link", name="Let it go").click()
    expect(page).to_have_url(re.compile("/today/"))
    page.goto("/en/drafts/")
    expect(page.locator("main")).not_to_contain_text("pearblossom")
