"""The page that one takes along: only what was picked is on it, and it goes nowhere by itself."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from exercises.dimmer.models import Attempt, Dimmer
from exercises.evidence.models import Evidence
from exercises.people.models import Person
from exercises.people.names import hiding
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from exercises.sharing.models import Summary
from exercises.sharing.summary import AT_ONCE, LEFT_OUT
from tests.conftest import signed_in
from tests.test_drafts import Page, keeps, kept_by
from tests.test_main_path import PHONE, someone, starts  # noqa: F401  # a fixture

ADDRESS, CHANGE = "/en/summary/", "/en/summary/?edit=1"
DAY = date(2025, 11, 22)
names = pytest.mark.parametrize


def a_step(user, number: int = 0, who: str = "Samira", **fields: Any) -> Attempt:
    """A step that was done; each number a day earlier."""
    told = {"expectation": f"laugh {number}", "happened": f"nod {number}", "learned": f"calm {number}"}
    with acting_as(user.pk):
        person = next((one for one in user.people.all() if one.name == who), None)
        person = person or Person.objects.create(user=user, name=who)
        dimmer = Dimmer.objects.create(user=user, person=person, topic="money")
        done = {"dimmer": dimmer, "level": 20, "done": "full", "done_on": DAY - timedelta(number)}
        return Attempt.objects.create(user=user, **done | told | fields)


def steps(user, number: int) -> list[Attempt]:
    """So many of them, the newest first."""
    first = a_step(user)
    more = [
        Attempt(user=user, dimmer=first.dimmer, done="full", done_on=DAY - timedelta(each), happened=f"nod {each}")
        for each in range(1, number)
    ]
    with acting_as(user.pk):
        return [first, *Attempt.objects.bulk_create(more)]


def a_piece(user, happened: str = "It was fine.", on: date = DAY, **fields: Any) -> Evidence:
    with acting_as(user.pk):
        return Evidence.objects.create(user=user, happened=happened, happened_on=on, **fields)


def saves(client, *picked, **fields: Any):
    """What a browser sends from the form as it is now, with these pieces ticked."""
    sent = {name: value for name, value in Page(client.get(CHANGE)).fields.items() if name != "pieces"}
    return client.post(CHANGE, sent | {"pieces": [str(each.pk) for each in picked]} | fields)


def sheet(client) -> str:
    """The text of the sheet itself."""
    page = client.get(ADDRESS)
    assert page.status_code == 200
    return unescape(re.search(r"<article.*?</article>", page.text, re.S)[0])


def offered(response) -> list[str]:
    """The ids of the pieces that can be ticked."""
    return re.findall(r'name="pieces" value="([^"]+)"', response.text)


def stored(user) -> list[Summary]:
    with acting_as(user.pk):
        return [row for row in user.summaries.all() if (row.pieces, row.practised, row.ask)]


# What is on it


def test_the_page_is_made_saved_and_shown(as_emma, emma):
    step = a_step(emma)
    assert "What did you practise?" in as_emma.get(ADDRESS).text
    answer = saves(as_emma, step, practised="Saying what I want.", ask="Will you ask me more?", names="nickname")
    assert answer.url == ADDRESS
    page = sheet(as_emma)
    for words in (
        "Saying what I want.",
        "laugh 0",
        "nod 0",
        "calm 0",
        "Samira",
        "Will you ask me more?",
        "22 November",
    ):
        assert words in page


def test_only_what_was_picked_stands_on_it(as_emma, emma):
    step, left = a_step(emma), a_step(emma, 1, who="Bo")
    piece, other = a_piece(emma, "The roof stayed on.", shared="my poem"), a_piece(emma, "Rain came in.")
    saves(as_emma, step, piece, names="nickname")
    page = sheet(as_emma)
    assert "nod 0" in page
    assert "The roof stayed on." in page
    assert "my poem" in page
    for words in (left.happened, left.learned, other.happened, "Bo", "money"):
        assert words not in page


def test_the_rest_of_the_step_stays_off_it(as_emma, emma):
    step = a_step(emma, usual="fine", more="I miss you", if_then="if tea", look_back="hangover", reaction="cold")
    saves(as_emma, step)
    for words in ("fine", "I miss you", "if tea", "hangover", "ld"):
        assert words not in re.sub(r"<[^>]+>", "", sheet(as_emma))


def test_what_happened_first_stands_first(as_emma, emma):
    saves(as_emma, a_step(emma, 0), a_step(emma, 5), a_piece(emma, "between", DAY - timedelta(2)))
    page = sheet(as_emma)
    assert page.index("nod 5") < page.index("between") < page.index("nod 0")


def test_only_what_was_done_and_has_words_can_be_picked(as_emma, emma):
    done = a_step(emma)
    a_step(emma, 1, done="no")
    a_step(emma, 2, done="")
    a_step(emma, 3, expectation="", happened="", learned="")
    a_piece(emma, "")
    assert offered(as_emma.get(ADDRESS)) == [str(done.pk)]


def test_a_step_that_became_evidence_is_offered_once(as_emma, emma):
    piece = a_piece(emma, kind="attempt")
    step = a_step(emma, evidence=piece)
    assert offered(as_emma.get(ADDRESS)) == [str(step.pk)]


def test_evidence_of_a_deleted_step_can_be_picked_and_stays_when_the_step_comes_back(as_emma, emma):
    piece = a_piece(emma, kind="attempt")
    step = a_step(emma, evidence=piece)
    as_emma.post(f"/en/attempts/{step.pk}/delete/", {"evidence": "keep"})
    assert offered(as_emma.get(ADDRESS)) == [str(piece.pk)]
    saves(as_emma, piece)
    as_emma.post(f"/en/attempts/{step.pk}/undo/")
    assert "nod 0" in sheet(as_emma)
    assert re.findall('value="([^"]+)"[^>]* checked', as_emma.get(CHANGE).text.partition("<fieldset")[2])


def test_what_is_deleted_leaves_the_page_and_what_is_changed_changes_there(as_emma, emma):
    step, piece = a_step(emma), a_piece(emma, "It was fine.")
    saves(as_emma, step, piece)
    with acting_as(emma.pk):
        piece.happened = "It was better than fine."
        piece.save()
    as_emma.post(f"/en/attempts/{step.pk}/delete/", {"evidence": "keep"})
    assert "nod 0" not in sheet(as_emma)
    assert "It was better than fine." in sheet(as_emma)
    as_emma.post(f"/en/evidence/{piece.pk}/delete/")
    assert "There is nothing on it now" in sheet(as_emma)
    as_emma.post(f"/en/evidence/{piece.pk}/undo/")
    assert "It was better than fine." in sheet(as_emma)


def test_a_step_with_someone_who_was_deleted_leaves_the_page_too(as_emma, emma):
    step = a_step(emma)
    saves(as_emma, step, practised="talking")
    as_emma.post(f"/en/people/{step.dimmer.person_id}/delete/", {"named": "keep"})
    assert "nod 0" not in sheet(as_emma)


def test_nobody_can_pick_what_is_someone_elses(as_emma, emma, malik):
    theirs = a_step(malik, who="Zwaluwtje")
    saves(as_emma, theirs, practised="talking")
    assert "nod" not in sheet(as_emma)
    assert stored(emma)[0].pieces == []


@names("sent", ["", "x", "None", "0", "\x00", "11111111-1111-1111-1111-111111111111", "' OR 1=1"])
def test_what_is_no_piece_is_dropped_and_holds_nothing_back(as_emma, emma, sent):
    step = a_step(emma)
    saves(as_emma, practised="talking", pieces=[sent, str(step.pk), str(step.pk)])
    assert stored(emma)[0].pieces == [str(step.pk)]


@names("pieces", [["x", None, 3, ["y"]], {"a": "b"}, [str(uuid7())]])
def test_whatever_a_download_brought_in_the_page_still_opens(as_emma, emma, pieces):
    with acting_as(emma.pk):
        Summary.objects.create(user=emma, practised="talking", pieces=pieces)
    assert "talking" in sheet(as_emma)
    assert as_emma.get(CHANGE).status_code == 200


# Names


@names(
    ("wish", "shown", "hidden"),
    [
        ("nickname", ["Samira", "Bo"], []),
        ("initial", ["S.", "B."], ["Samira", "Bo"]),
        ("none", [LEFT_OUT], ["Samira", "Bo", "S."]),
    ],
)
def test_people_stand_on_it_as_wished_also_in_ones_own_words(as_emma, emma, wish, shown, hidden):
    a_step(emma, who="Bo")
    step = a_step(emma, expectation="Samira tells Bo", happened="Samira's tea", learned="ask Samira")
    saves(as_emma, step, practised="talking to Bo", ask="How is Samira?", names=wish)
    page = sheet(as_emma)
    assert all(name in page for name in shown)
    assert not any(name in page for name in hidden)
    with acting_as(emma.pk):
        assert emma.attempts.get(pk=step.pk).learned == "ask Samira"


def test_first_letters_are_what_one_gets_without_choosing(as_emma, emma):
    saves(as_emma, a_step(emma))
    assert stored(emma)[0].names == "initial"
    assert "Samira" not in sheet(as_emma)
    assert "S." in sheet(as_emma)


@given(st.lists(st.text(min_size=1, max_size=8), max_size=4), st.text(max_size=40))
def test_where_names_are_left_out_none_of_them_is_left_as_a_word(nicknames, text):
    hidden = hiding(nicknames, lambda name: LEFT_OUT)(text)
    for name in nicknames:
        if name.isalnum() and name.isascii():
            assert not re.search(rf"(?<![\w]){name}(?![\w\u0300-\u036f])", hidden)


# The form


def test_a_wholly_empty_page_gets_a_kind_word_and_is_not_kept(as_emma, emma):
    a_step(emma)
    assert "Nothing is filled in yet" in saves(as_emma).text
    assert stored(emma) == []


def test_there_is_one_page_each_and_saving_twice_or_elsewhere_makes_no_second(as_emma, emma):
    first = Page(as_emma.get(ADDRESS)).fields
    second = Page(as_emma.get(ADDRESS)).fields
    for sent in (first, first, second):
        as_emma.post(CHANGE, sent | {"practised": "talking"})
    assert len(stored(emma)) == 1


def test_a_change_on_another_device_is_shown_before_it_is_overwritten(as_emma, emma):
    step = a_step(emma)
    saves(as_emma, practised="talking")
    old = Page(as_emma.get(CHANGE)).fields
    saves(as_emma, step, practised="listening")
    answer = as_emma.post(CHANGE, old | {"practised": "shouting"})
    assert "changed in the meantime" in answer.text
    assert "listening" in answer.text
    assert "laugh 0" in answer.text.partition('id="elsewhere"')[2].partition("</aside>")[0]
    assert stored(emma)[0].practised == "listening"


def test_pieces_can_be_taken_off_again(as_emma, emma):
    step = a_step(emma)
    saves(as_emma, step, practised="talking")
    assert Page(as_emma.get(CHANGE)).fields["pieces"] == [str(step.pk)]
    saves(as_emma, practised="talking")
    assert "nod 0" not in sheet(as_emma)


def test_a_browser_without_the_choices_of_names_keeps_the_wish(as_emma, emma):
    saves(as_emma, practised="talking", names="none")
    as_emma.post(CHANGE, {"practised": "more talking"})
    assert (stored(emma)[0].practised, stored(emma)[0].names) == ("more talking", "none")


def test_the_page_can_be_deleted_and_brought_back(as_emma, emma):
    saves(as_emma, a_step(emma))
    row = stored(emma)[0]
    page = as_emma.post(f"/en/summary/{row.pk}/delete/", follow=True)
    assert "What did you practise?" in page.text
    assert f"/en/summary/{row.pk}/undo/" in page.text
    as_emma.post(f"/en/summary/{row.pk}/undo/")
    assert "nod 0" in sheet(as_emma)


def test_another_persons_page_is_not_there(as_emma, emma, malik):
    saves(as_emma, practised="pearblossom")
    row = stored(emma)[0]
    as_malik = signed_in(malik)
    assert "pearblossom" not in as_malik.get(ADDRESS).text
    assert as_malik.post(f"/en/summary/{row.pk}/delete/").status_code == 404


def test_what_is_typed_comes_back_also_where_the_page_exists_already(as_emma, emma):
    step = a_step(emma)
    for made in (False, True):
        page = Page(as_emma.get(CHANGE if made else ADDRESS))
        assert keeps(as_emma, page.types(practised="half a sente", pieces=[str(step.pk)])).status_code == 200
        again = Page(as_emma.get(CHANGE if made else ADDRESS)).fields
        assert (again["practised"], again["pieces"]) == (["half a sente"], [str(step.pk)])
        as_emma.post(CHANGE, again)
        assert kept_by(emma) == []


# A long history


def asks_for_older(client, page, **fields: Any):
    """Presses the button below the list, as a browser does: its value comes after the form's own fields."""
    count = re.search(r'form="summary"[^>]* name="shown" value="(\d+)"', page.text)[1]
    sent = Page(page).fields | fields
    return client.post(CHANGE, sent | {"shown": [*sent["shown"], count]})


def test_older_pieces_come_on_asking_and_nothing_typed_or_ticked_is_lost(as_emma, emma):
    all_of_them = steps(emma, AT_ONCE + 3)
    newest, second, last = all_of_them[:AT_ONCE], all_of_them[1], all_of_them[-1]
    first = as_emma.get(ADDRESS)
    assert offered(first) == [str(step.pk) for step in newest]
    answer = asks_for_older(as_emma, first, practised="half a sente", pieces=[str(second.pk)])
    assert answer.status_code == 200
    assert offered(answer) == [str(step.pk) for step in all_of_them]
    assert stored(emma) == []
    first_older = re.search(rf'id="piece-{AT_ONCE + 1}".*?value="([^"]+)"', answer.text, re.S)[1]
    assert first_older == str(all_of_them[AT_ONCE].pk)  # where the browser lands
    assert f'?edit=1#piece-{AT_ONCE + 1}"' in first.text
    page = Page(answer)
    assert (page.fields["practised"], page.fields["pieces"]) == (["half a sente"], [str(second.pk)])
    assert 'form="summary"' not in answer.text  # there are none older
    again = as_emma.get(ADDRESS)  # also after a crash
    assert offered(again) == offered(answer)
    as_emma.post(CHANGE, page.fields | {"pieces": [str(second.pk), str(last.pk)]})
    assert kept_by(emma) == []
    page = sheet(as_emma)
    assert page.index(f"nod {AT_ONCE + 2}") < page.index("nod 1")
    change = as_emma.get(CHANGE)
    assert offered(change) == [str(step.pk) for step in [*newest, last]]  # what is ticked stays in sight
    assert Page(change).fields["pieces"] == [str(second.pk), str(last.pk)]


def test_asking_for_older_pieces_with_nothing_filled_in_is_no_mistake(as_emma, emma):
    steps(emma, AT_ONCE + 1)
    assert "Nothing is filled in yet" not in asks_for_older(as_emma, as_emma.get(ADDRESS)).text


@names("shown", ["", "-1", "x", "1e9", "9" * 40, "²"])
def test_an_odd_length_of_the_list_is_the_usual_one(as_emma, emma, shown):
    steps(emma, AT_ONCE + 1)
    assert len(offered(as_emma.post(CHANGE, {"shown": ["50", shown]}))) == AT_ONCE


@names("address", [ADDRESS, CHANGE])
def test_it_asks_as_much_of_the_database_for_twelve_as_for_one(as_emma, emma, address, django_assert_num_queries):
    picked = [a_step(emma), a_piece(emma)]
    saves(as_emma, *picked)
    with CaptureQueriesContext(connection) as asked:
        as_emma.get(address)
    one = len(asked)
    for number in range(1, 12):
        picked += [a_step(emma, number, who=f"Bo {number}"), a_piece(emma, f"fine {number}")]
    saves(as_emma, *picked)
    with django_assert_num_queries(one):
        as_emma.get(address)


# In a browser


def picks(page, number: int) -> None:
    """Writes that much evidence, and puts all of it on the page."""
    long = "I was afraid that it would go quiet and that nobody would say anything for a while, like before. "
    for each in range(number):
        page.goto("/en/evidence/new/")
        page.fill("[name=shared]", "I said that I had missed them, and that the week had been hard.")
        page.fill("[name=feared]", f"{each}. {long}")
        page.fill("[name=happened]", f"{long}It was quiet for a moment. Then came a question, and we talked.")
        page.locator("main .save-bar button").click()
    page.goto(ADDRESS)
    page.fill("[name=practised]", long)
    page.fill("[name=ask]", "Shall we do this more often? " * 3)
    for words in page.locator("main fieldset .check label").all():
        words.click()
    assert page.locator("[name=pieces]:checked").count() == number
    page.locator("main .save-bar button").click()
    page.wait_for_selector(".sheet")


@names("javascript", [True, False])
def test_five_pieces_print_on_one_sheet_with_nothing_else_on_it(someone, javascript):  # noqa: F811
    page = someone("en", javascript=javascript, viewport=PHONE)
    starts(page, "en")
    picks(page, 5)
    assert page.locator("button[data-print]").is_visible() == javascript
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    assert re.search(rb"/MediaBox\s*\[0 0 59[45]\.?\d* 84[12]", paper)  # A4
    page.emulate_media(media="print")
    for other in (".site-head", ".site-foot", ".page-head", ".buttons", ".messages", "main > p", "main > form"):
        assert not page.locator(other).first.is_visible(), other
    assert page.locator(".sheet").is_visible()


def test_blurred_words_are_printed_clearly(someone):  # noqa: F811
    page = someone("en")
    starts(page, "en")
    picks(page, 1)
    page.get_by_role("button", name="Blur my words").click()
    page.wait_for_selector("html[data-blur]")
    filters = "[...document.querySelectorAll('.sheet .own')].map(each => getComputedStyle(each).filter)"
    page.mouse.move(0, 0)
    assert all(blur.startswith("blur") for blur in page.evaluate(filters))
    page.emulate_media(media="print")
    assert set(page.evaluate(filters)) == {"none"}
