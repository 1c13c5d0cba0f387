"""Readers' reactions: public once a moderator shows them, and not before; their author can always take them back."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from exercises.reactions.models import A_DAY, LONGEST, Reaction, State
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from kwetsbaar.accounts.moving import Move, bring_along
from tests.conftest import signed_in
from tests.test_admin import as_sam, sam
from tests.test_drafts import kept_by, saves, types
from tests.test_export import exported, page_text, texts
from tests.test_lock import idle, with_pin

__all__ = ["as_sam", "sam"]

PAGE = "/en/read/dimmer/reactions/"
NEW = f"{PAGE}new/"
NL = "/nl/read/dimmer/reactions/"
LIST = "/beheer/exercises/reaction/"
TEXT = "I read this on the tram, and kept looking outside."
names = pytest.mark.parametrize


def leave(client: Client, text: str = TEXT, **fields: str):
    return client.post(NEW, {"nickname": "Lamp", "text": text, "id": str(uuid7())} | fields)


def written(author, text: str = TEXT, state: State = State.SHOWN, **fields) -> Reaction:
    """A reaction as it stands in the table."""
    decided = None if state == State.WAITING else timezone.now()
    given = {"module": "dimmer", "language": "en", "nickname": "Lamp", "decided_at": decided} | fields
    return Reaction.objects.create(author=author, text=text, state=state, **given)


def long_ago() -> None:
    """Everything so far was written over a day ago."""
    Reaction.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))


def settled(*users):
    """They started over a day ago, so they may report."""
    began = timezone.now() - timedelta(days=1, minutes=1)
    get_user_model().objects.filter(pk__in=[user.pk for user in users]).update(date_joined=began)
    return users


def errors_of(response) -> str:
    return " ".join(re.findall(r'class="errors.*?</ul>', response.text, re.DOTALL))


# Leaving one


def test_a_reaction_waits_and_only_its_author_sees_it(client, as_emma, emma, as_malik):
    assert leave(as_emma)["Location"] == PAGE
    row = Reaction.objects.get()
    assert (row.author, row.module, row.language, row.state) == (emma, "dimmer", "en", "waiting")
    page = as_emma.get(PAGE).text
    assert TEXT in page
    assert "Waiting for a moderator. Only you see it." in page
    for other in (as_malik, client):
        assert TEXT not in other.get(PAGE).text


def test_the_author_is_told_that_a_moderator_reads_it_first(as_emma):
    assert "A moderator reads it first." in as_emma.post(NEW, {"nickname": "x", "text": "x"}, follow=True).text


def test_before_sending_one_reads_that_it_becomes_public_and_is_not_sealed(as_emma):
    page = as_emma.get(PAGE).text
    for words in ("is public once it is shown", "it is not sealed", "Leave out other people’s names"):
        assert words in page


def test_a_double_click_stores_one(as_emma):
    id = str(uuid7())
    for _click in range(3):
        assert leave(as_emma, id=id).status_code == 302
    assert Reaction.objects.count() == 1


def test_who_goes_back_and_writes_on_loses_nothing(as_emma, emma):
    id = str(uuid7())
    leave(as_emma, "the first words", id=id)
    assert "the first words, and more" in leave(as_emma, "the first words, and more", id=id).text, "too soon"
    long_ago()
    leave(as_emma, "the first words, and more", id=id)
    assert sorted(emma.reactions.values_list("text", flat=True)) == ["the first words", "the first words, and more"]


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_store_one(emma):
    id, start, clients = str(uuid7()), Barrier(2), [signed_in(emma), signed_in(emma)]

    def click(client: Client) -> int:
        start.wait()
        try:
            return leave(client, id=id).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(click, clients)) == [302, 302]
    assert Reaction.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_the_same_moment_do_not_get_around_the_limit(emma):
    start, clients = Barrier(2), [signed_in(emma), signed_in(emma)]

    def send(client: Client) -> int:
        start.wait()
        try:
            return leave(client).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, clients)) == [200, 302]
    assert Reaction.objects.count() == 1


def test_an_id_that_is_taken_makes_a_row_of_ones_own(as_emma, emma, malik):
    taken = written(malik, "of malik")
    assert leave(as_emma, id=str(taken.pk)).status_code == 302
    taken.refresh_from_db()
    assert (taken.author, taken.text) == (malik, "of malik")
    assert emma.reactions.get().text == TEXT


@names(
    ("fields", "says"),
    [
        ({"nickname": ""}, "This field is required"),
        ({"nickname": "x" * 41}, "at most 40"),
        ({"text": "  "}, "This field is required"),
        ({"text": "x" * (LONGEST + 1)}, "at most 1000"),
        ({"text": "a\x00b"}, "Null characters"),
        ({"website": "https://buy.example/"}, "A hidden box was filled in"),
        ({"whose": "f" * 32}, "Someone else is signed in now"),
    ],
)
def test_what_is_refused_says_why_and_keeps_what_was_typed(as_emma, fields, says):
    sent = {"nickname": "Lantern", "text": "Half a thought"} | fields
    response = leave(as_emma, **sent)
    assert response.status_code == 200
    assert says in errors_of(response)
    for name in {"nickname", "text"} - fields.keys():
        assert sent[name] in response.text
    assert "buy.example" not in response.text, "sending once more has to work"
    assert not Reaction.objects.exists()


def test_a_text_of_the_greatest_length_fits_with_its_line_ends(as_emma):
    leave(as_emma, "x\r\n" * 499 + "xx")
    assert len(Reaction.objects.get().text) == LONGEST


def test_the_database_itself_refuses_what_is_too_long_or_in_no_known_state(emma):
    for wrong in (
        {"text": "x" * (LONGEST + 1)},
        {"text": ""},
        {"state": "loud"},
        {"state": State.SHOWN, "decided_at": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            written(emma, **wrong)


def test_the_hidden_box_says_to_leave_it_empty_and_is_not_on_the_way_of_the_keyboard(as_emma):
    box = re.search(r'<div class="visually-hidden">.*?</div>\s*</div>', as_emma.get(PAGE).text, re.DOTALL)[0]
    assert "Leave this empty" in box
    assert 'tabindex="-1"' in box


def test_one_a_minute_and_three_a_day(as_emma, emma):
    assert leave(as_emma).status_code == 302
    soon = leave(as_emma, "a second thought")
    assert "less than a minute ago" in errors_of(soon)
    assert "a second thought" in soon.text
    long_ago()
    for number in range(A_DAY):
        written(emma, f"number {number}", State.WAITING)
    Reaction.objects.update(created_at=timezone.now() - timedelta(hours=23))
    assert "3 reactions in the last 24 hours" in errors_of(leave(as_emma))
    long_ago()
    assert leave(as_emma).status_code == 302


def test_from_one_connection_come_so_many_an_hour_and_the_words_stay(guest):
    answers = [leave(signed_in(guest("en"))) for _person in range(21)]
    assert {answer.status_code for answer in answers[:20]} == {302}
    assert "from this connection" in errors_of(answers[20])
    assert TEXT in answers[20].text


@names("path", ["/en/read/nothing-here/reactions/", "/en/read/nothing-here/reactions/new/"])
def test_below_a_module_that_is_not_there_is_nothing(as_emma, path):
    assert as_emma.get(path).status_code == 404
    assert as_emma.post(path, {"nickname": "x", "text": "x"}).status_code in (404, 405)


# What is shown


def test_only_what_is_shown_reaches_a_page_and_ones_own(client, emma, as_emma, malik, as_malik):
    for state in State:
        written(emma, f"emma’s {state}", state, reason=f"verdict {state}")
        written(malik, f"malik’s {state}", state)
    for path in (PAGE, NL, "/en/read/dimmer/", "/en/read/"):
        visitor, reader = client.get(path).text, as_malik.get(path).text
        for word in ("waiting", "hidden"):
            assert f"emma’s {word}" not in visitor + reader
            assert f"malik’s {word}" not in visitor
        assert "verdict" not in visitor + reader
    assert "emma’s shown" in client.get(PAGE).text
    assert all(f"malik’s {state}" in as_malik.get(PAGE).text for state in State)
    mine = as_emma.get(PAGE).text
    assert "verdict hidden" in mine
    assert "verdict shown" in mine
    assert "verdict waiting" not in mine, "what was said before no longer holds"


def test_no_code_outside_the_moderators_page_reads_other_peoples_but_what_is_shown():
    """Wherever the table itself is asked, it is for what is shown, or for one row by its id."""
    places = [
        line.strip()
        for file in Path(apps.get_app_config("exercises").path).glob("*/*.py")
        if file.name not in ("admin.py",)
        for line in file.read_text().splitlines()
        if "Reaction.objects" in line
    ]
    assert len(places) == 4
    assert [line for line in places if ".shown()" not in line and "pk=" not in line] == []


def test_a_visitor_pays_one_query_and_finds_no_form_and_no_cookie(client, malik, django_assert_num_queries):
    written(malik)
    with django_assert_num_queries(1):
        response = client.get(PAGE)
    assert TEXT in response.text
    assert "<form" not in response.text
    assert not response.cookies
    assert "private" not in response["Cache-Control"]


def test_a_module_page_leads_here_at_no_cost(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = client.get("/en/read/dimmer/").text
    assert f'href="{PAGE}"' in page


def test_below_another_module_stands_nothing_of_this_one(client, malik):
    written(malik)
    assert TEXT not in client.get("/en/read/safe-answer/reactions/").text


def test_what_is_in_the_language_of_the_page_comes_first_and_the_rest_says_its_own(client, malik):
    written(malik, "eerst", language="nl")
    written(malik, "second")
    written(malik, "derde", language="nl")
    page = client.get(PAGE).text
    assert page.index("second") < page.index("derde") < page.index("eerst")
    marked = re.findall(r'<div class="stack"(?: lang="(\w+)")? dir="auto">', page)
    assert marked == ["", "nl", "nl"]


def test_the_older_ones_are_on_a_next_page_each_once(client, malik):
    for number in range(45):
        written(malik, f"number {number:02}.", language="nl" if number % 3 else "en")
    path, found = PAGE, []
    while path:
        page = client.get(path).text
        found += re.findall(r"number (\d\d)\.", page)
        more = re.search(rf'href="({PAGE}\?before=[^"]+)"', page)
        path = more and more[1].replace("&amp;", "&")
    expected = sorted((f"{n:02}" for n in range(45)), key=lambda text: (int(text) % 3 != 0, -int(text)))
    assert found == expected


@names(
    "before",
    ["", "0", "2", "x", "0x", "9" * 50, "02026-01-02~x", "１2026-01-02T00:00:00~00000000-0000-0000-0000-000000000000"],
)
def test_an_odd_place_in_the_address_shows_the_first_page(client, malik, before):
    written(malik)
    assert TEXT in client.get(PAGE, {"before": before}).text


def test_an_id_of_ones_own_making_gives_no_place_at_the_top(client, as_emma, malik):
    leave(as_emma, "first of all", id="ffffffff-ffff-7fff-bfff-ffffffffffff")
    Reaction.objects.get().decide(State.SHOWN, "", timezone.now())
    long_ago()
    written(malik, "newer")
    page = client.get(PAGE).text
    assert page.index("newer") < page.index("first of all")


@names(
    "text",
    [
        "<script>pwn()</script>",
        "see https://pwn.example/ and www.pwn.example",
        "[x](javascript:pwn())",
        '"><img src=x>',
    ],
)
def test_a_link_and_markup_are_plain_text(client, as_emma, malik, emma, text):
    written(malik, text, nickname=text[:40])
    written(emma, text, State.HIDDEN, reason=text)
    for page in (client.get(PAGE).text, as_emma.get(PAGE).text):
        assert not re.search(r"<script>|<img src=x|href=.?(https://pwn|www|javascript)", page)
        assert "pwn" in page or "img" in page


def test_lines_stay_lines(client, malik):
    written(malik, "one\ntwo\n\nthree")
    assert "<p>one<br>two</p>\n\n<p>three</p>" in client.get(PAGE).text


@names(
    ("language", "invites"), [("en", "No reactions yet. Yours could be the first."), ("nl", f"/nl/start/?next={NL}")]
)
def test_where_nothing_stands_a_reader_is_invited(client, db, language, invites):
    assert invites in client.get(PAGE.replace("/en/", f"/{language}/")).text


def test_a_lock_covers_ones_own_reactions(as_emma, emma):
    written(emma, state=State.WAITING)
    with_pin(emma)
    page = idle(as_emma).get(PAGE)
    assert page.status_code == 403
    assert TEXT not in page.text


# As a piece of the module's page


def piece_of(client: Client, path: str = PAGE):
    return client.get(path, headers={"HX-Request": "true"})


def test_the_piece_holds_what_the_page_holds_without_a_page_around_it(client, malik, as_emma, emma):
    written(malik)
    written(emma, "my own", State.WAITING)
    for reader in (client, as_emma):
        piece, whole = piece_of(reader), reader.get(PAGE)
        assert TEXT in piece.text
        assert "<h1" not in piece.text
        assert "<html" not in piece.text
        assert re.findall(r"<(h\d) id=.(.*?).>", piece.text) == re.findall(r"<(h[2-6]) id=.(.*?).>", whole.text)
        assert "HX-Request" in piece["Vary"]
        assert "HX-Request" in whole["Vary"]


def test_a_visitors_piece_costs_one_query_and_has_no_form_and_no_cookie(client, malik, django_assert_num_queries):
    written(malik)
    with django_assert_num_queries(1):
        piece = piece_of(client)
    assert "<form" not in piece.text
    assert not piece.cookies


@names("language", ["nl", "en"])
def test_the_piece_invites_where_nothing_stands(client, db, language):
    piece = piece_of(client, f"/{language}/read/dimmer/reactions/").text
    assert 'class="empty"' in piece
    assert f'href="/{language}/start/?next=/{language}/read/dimmer/reactions/"' in piece


def test_behind_a_lock_the_piece_shows_nothing(as_emma, emma):
    written(emma, state=State.WAITING)
    with_pin(emma)
    assert piece_of(idle(as_emma)).status_code == 204


# What is typed is kept


def test_what_is_typed_comes_back_on_the_page_and_in_the_piece_until_it_is_sent(as_emma, emma):
    page = types(as_emma, PAGE, nickname="Lantern", text="Half a thought")
    for again in (as_emma.get(PAGE), piece_of(as_emma), as_emma.get(NEW)):
        assert "It is not saved yet." in again.text
        assert "Half a thought" in again.text
        assert 'value="Lantern"' in again.text
    assert "Half a thought" in as_emma.get("/en/drafts/").text
    assert "Half a thought" not in as_emma.get("/en/read/safe-answer/reactions/").text
    assert saves(as_emma, NEW, page).status_code == 302
    assert kept_by(emma) == []
    assert "It is not saved yet." not in as_emma.get(PAGE).text
    assert emma.reactions.get().text == "Half a thought"


def test_what_was_refused_is_kept_too_and_goes_when_it_is_sent_after_all(as_emma, emma):
    id = str(uuid7())
    written(emma, "just now")
    leave(as_emma, "a second thought", id=id)
    assert [draft.words for draft in kept_by(emma)] == ["Lamp\n\na second thought"]
    long_ago()
    leave(as_emma, "a second thought", id=id)
    assert kept_by(emma) == []


def test_nobody_else_finds_what_is_being_typed(client, as_emma, as_malik):
    types(as_emma, PAGE, text="Half a thought")
    for other in (client, as_malik):
        assert "Half a thought" not in other.get(PAGE).text + piece_of(other).text


# Among one's own details


DETAILS = "/en/privacy/"


def test_the_privacy_page_lists_ones_own_reactions_with_their_state(as_emma, emma, malik):
    for state in State:
        written(emma, f"it is {state}\nsecond line", state)
    written(malik, "of malik")
    page = as_emma.get(DETAILS).text
    assert "Your reactions" in page
    for state, words in (("shown", "Shown to everyone"), ("hidden", "Not shown"), ("waiting", "Only you see it.")):
        assert re.search(rf"it is {state}<.*?{words}", page, re.DOTALL)
    assert page.count(f'href="{PAGE}"') == 3
    assert "second line" not in page
    assert "of malik" not in page


def test_who_said_nothing_sees_no_list(as_emma):
    assert "Your reactions" not in as_emma.get(DETAILS).text


def test_a_reaction_whose_module_is_gone_can_be_seen_and_withdrawn_there(as_emma, emma):
    row = written(emma, module="gone-since")
    page = as_emma.get(DETAILS).text
    assert TEXT in page
    assert "The module is no longer here" in page
    assert "gone-since" not in page
    answer = as_emma.post(f"/en/reactions/{row.pk}/withdraw/", {"next": DETAILS}, follow=True)
    assert answer.redirect_chain[-1][0] == DETAILS
    assert TEXT not in answer.text
    assert not Reaction.objects.exists()


def test_the_list_costs_one_query_for_one_and_for_many(as_emma, emma):
    counted = []
    for _time in range(2):
        written(emma)
        written(emma, module="gone-since")
        with CaptureQueriesContext(connection) as queries:
            as_emma.get(DETAILS)
        counted.append(sum("exercises_reaction" in query["sql"] for query in queries))
    assert counted == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_the_readable_download_holds_ones_own_reactions_and_nobody_elses(emma, malik):
    written(emma, "one *line*\nand another", State.HIDDEN, reason="It names Sam.")
    written(emma, "from before", module="gone-since")
    written(malik, "of malik")
    files = texts(exported(emma))
    page = page_text(files["index.html"])
    for words in (
        "one *line*\nand another",
        "It names Sam.",
        "hidden",
        "The dimmer",
        "Lamp",
        "from before",
        "gone-since",
    ):
        assert words in page
    assert "one \\*line\\*  \nand another" in files["other.md"]
    assert files["other.md"].count("## Reaction\n") == 2
    assert "of malik" not in "".join(files.values())


@pytest.mark.django_db(transaction=True)
def test_in_a_download_with_initials_a_reaction_names_nobody(emma):
    with acting_as(emma.pk):
        emma.people.create(name="Samira")
    written(emma, "Samira laughed", reason="Leave out Samira.")
    assert "Samira" not in "".join(texts(exported(emma, initials=True)).values())


# Withdrawing


def test_one_withdraws_and_it_is_gone_a_second_click_too(client, as_emma, emma):
    row = written(emma)
    for _click in range(2):
        response = as_emma.post(f"/en/reactions/{row.pk}/withdraw/", {"next": PAGE}, follow=True)
        assert response.redirect_chain[-1][0] == PAGE
        assert "Withdrawn. Your reaction is gone." in response.text
    assert not Reaction.objects.exists()
    assert TEXT not in client.get(PAGE).text


def test_nobody_withdraws_what_is_someone_elses(as_malik, emma):
    row = written(emma)
    assert as_malik.post(f"/en/reactions/{row.pk}/withdraw/").status_code == 404
    assert Reaction.objects.count() == 1


def test_withdrawing_leads_to_no_other_site(as_emma, emma):
    row = written(emma)
    assert as_emma.post(f"/en/reactions/{row.pk}/withdraw/", {"next": "//pwn.example/"})["Location"] == "/en/read/"


def test_whoever_deletes_everything_takes_their_reactions_along(client, as_emma, emma, malik):
    written(emma)
    written(malik, "stays")
    as_emma.post("/en/privacy/delete/", {"sure": "on"})
    assert [row.text for row in Reaction.objects.all()] == ["stays"]
    assert TEXT not in client.get(PAGE).text


def test_a_guest_who_signs_in_to_an_account_brings_them_along(emma, malik):
    written(malik, state=State.HIDDEN, reason="a name")
    before = Reaction.objects.values("pk", "text", "state", "reason", "created_at").get()
    with acting_as(emma.pk):
        bring_along(Move(malik, emma, {}, timezone.now()))
    assert emma.reactions.values("pk", "text", "state", "reason", "created_at").get() == before


def test_the_question_whether_to_bring_them_along_counts_them(emma, malik):
    client = signed_in(emma)
    session = client.session
    session["guest"], session["guest_proof"] = str(malik.pk), malik.get_session_auth_hash()
    session.save()
    written(malik)
    assert "1 reaction" in client.get("/en/account/bring/").text


# Reporting


def test_a_reported_reaction_waits_again_and_its_author_is_told(client, emma, as_emma, malik, as_malik):
    settled(malik)
    row = written(emma)
    for _click in range(2):
        response = as_malik.post(f"/en/reactions/{row.pk}/report/", {"next": PAGE}, follow=True)
        assert "A moderator will look at it again." in response.text
    assert TEXT not in client.get(PAGE).text + as_malik.get(PAGE).text
    assert "a reader asked a moderator to look again" in as_emma.get(PAGE).text
    row.refresh_from_db()
    assert (row.state, row.reported) == ("waiting", 1)
    assert row.reported_at


def reports(reader, row) -> str:
    """What the reader is told."""
    page = signed_in(reader).post(f"/en/reactions/{row.pk}/report/", {"next": PAGE}, follow=True).text
    row.refresh_from_db()
    return page


def test_what_a_moderator_showed_after_a_report_waits_again_when_three_other_readers_report_it(emma, malik, guest):
    row, others = written(emma), [guest("en") for _reader in range(6)]
    settled(malik, *others)
    for round, readers in enumerate(([malik], others[:3], others[3:])):
        for number, reader in enumerate(readers, 1):
            assert f"/en/reactions/{row.pk}/report/" in signed_in(reader).get(PAGE).text
            told = reports(reader, row)
            last = number == len(readers)
            assert row.state == ("waiting" if last else "shown")
            assert ("A moderator will look at it again." in told) == last
            assert ("A moderator looked at this before, and let it stay." in told) != last
            assert row.reported_since == number
        row.decide(State.SHOWN, "", timezone.now())
        assert (row.reported, row.reported_since) == (1 + 3 * round, 0)


def test_the_same_reader_is_heard_once_whatever_is_decided(emma, malik):
    settled(malik)
    row = written(emma)
    reports(malik, row)
    for _time in range(4):
        row.decide(State.SHOWN, "", timezone.now())
        page = signed_in(malik).get(PAGE).text
        assert f"/en/reactions/{row.pk}/report/" not in page
        assert "You reported this" in page
        reports(malik, row)
        assert (row.state, row.reported, row.reported_since) == ("shown", 1, 0)


def test_what_was_never_reported_waits_at_the_first_report_however_often_it_was_decided(emma, malik):
    settled(malik)
    row = written(emma, state=State.WAITING)
    for state in (State.HIDDEN, State.SHOWN, State.SHOWN):
        row.decide(state, "why", timezone.now())
    reports(malik, row)
    assert row.state == "waiting"


@names("minutes", [0, 24 * 60 - 1])
def test_a_new_account_reads_from_when_it_can_report(emma, malik, minutes):
    began = timezone.now() - timedelta(minutes=minutes)
    malik.date_joined, row = began, written(emma)
    malik.save()
    moment = (began + timedelta(days=1)).astimezone(malik.zone)
    sentence = f"You can report a reaction from {moment:%A} {moment.day} {moment:%B} at {moment:%H:%M}, a day after you started."
    page = signed_in(malik).get(PAGE).text
    assert sentence in page
    assert f"/en/reactions/{row.pk}/report/" not in page
    assert sentence in reports(malik, row)
    assert (row.state, row.reported) == ("shown", 0)
    settled(malik)
    assert sentence not in signed_in(malik).get(PAGE).text
    reports(malik, row)
    assert row.state == "waiting"


def test_who_reported_stands_nowhere(emma, malik, as_malik):
    settled(malik)
    row = written(emma)
    as_malik.post(f"/en/reactions/{row.pk}/report/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM exercises_reaction r")
        (stored,) = cursor.fetchone()
    row.refresh_from_db()
    assert row.reported_by[0] in stored, "the mark stands there"
    assert str(malik.pk) not in stored
    assert malik.pk.hex not in stored


@names("state", [State.WAITING, State.HIDDEN])
def test_what_one_cannot_see_one_cannot_report(emma, malik, as_malik, state):
    settled(malik)
    row = written(emma, state=state)
    assert as_malik.post(f"/en/reactions/{row.pk}/report/").status_code == 404
    row.refresh_from_db()
    assert (row.state, row.reported) == (state, 0)


def test_nobody_reports_their_own(emma, as_emma):
    settled(emma)
    row = written(emma)
    assert as_emma.post(f"/en/reactions/{row.pk}/report/").status_code == 404
    assert f"/en/reactions/{row.pk}/report/" not in as_emma.get(PAGE).text


def test_one_reader_does_not_clear_the_page(emma, malik, as_malik):
    settled(malik)
    rows = [written(emma, f"number {number}") for number in range(11)]
    answers = [as_malik.post(f"/en/reactions/{row.pk}/report/").status_code for row in rows]
    assert answers == [302] * 10 + [429]
    assert Reaction.objects.shown().count() == 1


@names("verb", ["withdraw", "report"])
def test_a_visitor_withdraws_and_reports_nothing(client, emma, verb):
    row = written(emma)
    assert client.post(f"/en/reactions/{row.pk}/{verb}/").status_code == 403
    row.refresh_from_db()
    assert row.state == "shown"


# The moderator


def decides(moderator: Client, row: Reaction, button: str, reason: str = ""):
    return moderator.post(f"{LIST}{row.pk}/change/", {"reason": reason, button: "x"})


def test_one_click_shows_it_to_everyone(client, as_sam, emma):
    row = written(emma, state=State.WAITING)
    page = as_sam.get(f"{LIST}{row.pk}/change/").text
    assert TEXT in page
    assert decides(as_sam, row, "_show")["Location"] == LIST
    assert TEXT in client.get(PAGE).text


def test_the_reason_reaches_the_author_alone(client, as_sam, emma, as_emma, as_malik):
    row = written(emma)
    decides(as_sam, row, "_hide", "It names someone.")
    assert "The moderator says: It names someone." in as_emma.get(PAGE).text
    for other in (client, as_malik):
        page = other.get(PAGE).text
        assert TEXT not in page
        assert "It names someone." not in page


def test_hiding_takes_a_reason_and_the_key_enter_shows_nothing(client, as_sam, emma):
    row = written(emma, state=State.WAITING)
    for sent in ({"_hide": "x", "reason": ""}, {"reason": ""}, {"reason": " "}):
        response = as_sam.post(f"{LIST}{row.pk}/change/", sent)
        assert "Say why in a few words." in response.text
    as_sam.post(f"{LIST}{row.pk}/change/", {"reason": "It names someone."})
    assert TEXT not in client.get(PAGE).text
    page = as_sam.get(f"{LIST}{row.pk}/change/").text
    assert page.index('name="_hide"') < page.index('name="_show"'), "browsers take the first button for Enter"


def test_after_a_decision_comes_the_one_that_waits_longest(as_sam, emma, malik):
    first, second = written(emma, "first", State.WAITING), written(malik, "second", State.WAITING)
    written(malik, "shown already")
    assert decides(as_sam, second, "_show")["Location"] == f"{LIST}{first.pk}/change/"


def test_the_list_begins_with_what_waits(as_sam, emma):
    for state in (State.HIDDEN, State.SHOWN, State.WAITING):
        written(emma, f"it is {state}.", state)
    page = as_sam.get(LIST).text
    assert page.index("it is waiting.") < page.index("it is shown.") < page.index("it is hidden.")


def test_the_moderator_changes_no_words_and_does_not_learn_whose_they_are(as_sam, emma):
    row = written(emma, state=State.WAITING)
    sent = {"text": "mine now", "nickname": "me", "author": str(uuid7()), "reason": "", "_show": "x"}
    as_sam.post(f"{LIST}{row.pk}/change/", sent)
    after = Reaction.objects.get()
    assert (after.text, after.nickname, after.author, after.state) == (TEXT, "Lamp", emma, "shown")
    for path in (LIST, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/history/"):
        assert str(emma.pk) not in as_sam.get(path).text


def test_no_address_tells_the_moderator_who_wrote_what(as_sam, emma):
    for query in (f"author={emma.pk}", f"author__id__gt={emma.pk}", "author__language=nl"):
        answer = as_sam.get(f"/beheer/exercises/reaction/?{query}")
        assert answer.status_code in (302, 400), query
    assert as_sam.get("/beheer/exercises/reaction/?state__exact=waiting").status_code == 200


def test_what_is_withdrawn_leaves_no_words_in_the_administration(as_sam, as_emma, emma):
    row = written(emma, state=State.WAITING)
    decides(as_sam, row, "_hide", "pearblossom")
    as_emma.post(f"/en/reactions/{row.pk}/withdraw/")
    logged = " ".join(str(values) for values in LogEntry.objects.values_list())
    assert str(row.pk) in logged
    assert not re.search(f"pearblossom|{TEXT[:12]}|Lamp", logged)
    assert decides(as_sam, row, "_show").status_code == 302, "a moderator who comes too late is led on"
    assert not Reaction.objects.exists()


def test_the_moderator_sees_how_often_it_was_reported_and_how_often_since_the_last_decision(as_sam, emma, guest):
    row, readers = written(emma), [guest("en") for _reader in range(3)]
    settled(*readers)
    reports(readers[0], row)
    row.decide(State.SHOWN, "", timezone.now())
    for reader in readers[1:]:
        reports(reader, row)
    for path in (LIST, f"{LIST}{row.pk}/change/"):
        page = as_sam.get(path).text
        assert re.search("Reported since the last decision", page)
        figures = re.findall(
            r'class="field-(times_reported|reported_since)[^>]*>(\d)|<label>(Reported[^<]*):</label>\s*<div class="readonly">(\d)',
            page,
        )
        assert [a + b for _name, a, _label, b in figures] == ["3", "2"], path


def test_nobody_adds_or_deletes_one_there(as_sam, emma):
    row = written(emma)
    assert as_sam.get(f"{LIST}add/").status_code == 403
    assert as_sam.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_without_a_second_factor_nobody_decides(sam, as_emma, client, emma):
    row = written(emma, state=State.WAITING)
    for who in (signed_in(sam), as_emma, client):
        decides(who, row, "_show")
        assert TEXT not in who.get(f"{LIST}{row.pk}/change/", follow=True).text
    row.refresh_from_db()
    assert row.state == "waiting"


@names("path", ["", "{}/change/"])
def test_the_moderators_pages_obey_our_policy(as_sam, emma, path):
    answer = as_sam.get(LIST + path.format(written(emma).pk))
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*src=)(?![^>]*application/json)[^>]*>|style=|\son\w+=", answer.text)


# Whatever happens, in whichever order


@pytest.fixture
def people(guest):
    return settled(*(guest("en") for _person in range(5)))


def test_a_text_is_visible_to_others_only_when_last_shown_and_not_reported_enough_since(people):
    who = people

    class Life(RuleBasedStateMachine):
        """Reactions and what is known of each: who wrote it, whether others may see it, who reported it."""

        @initialize()
        def begin(self):
            Reaction.objects.all().delete()
            self.known: dict = {}

        @rule(author=st.sampled_from(who))
        def post(self, author):
            row = written(author, f"It is {uuid7()}.", State.WAITING)
            self.known[row.pk] = {"author": author, "visible": False, "reported": set(), "since": 0, "looked": False}

        @precondition(lambda self: self.known)
        @rule(data=st.data(), state=st.sampled_from([State.SHOWN, State.HIDDEN]))
        def decide(self, data, state):
            id = data.draw(st.sampled_from(sorted(self.known)))
            Reaction.objects.get(pk=id).decide(state, "why", timezone.now())
            it = self.known[id]
            it |= {"visible": state == State.SHOWN, "looked": it["looked"] or bool(it["since"]), "since": 0}

        @precondition(lambda self: self.known)
        @rule(data=st.data(), reader=st.sampled_from(who))
        def report(self, data, reader):
            cache.clear()  # how often someone reported
            id = data.draw(st.sampled_from(sorted(self.known)))
            it = self.known[id]
            answer = signed_in(reader).post(f"/en/reactions/{id}/report/").status_code
            heard = it["visible"] and it["author"] != reader and reader not in it["reported"]
            again = it["author"] != reader and reader in it["reported"]
            assert answer == (302 if heard or again else 404)
            if heard:
                it["reported"].add(reader)
                it["since"] += 1
                it["visible"] = it["looked"] and it["since"] < 3

        @precondition(lambda self: self.known)
        @rule(data=st.data(), person=st.sampled_from(who))
        def withdraw(self, data, person):
            id = data.draw(st.sampled_from(sorted(self.known)))
            own = self.known[id]["author"] == person
            answer = signed_in(person).post(f"/en/reactions/{id}/withdraw/").status_code
            assert answer == (302 if own else 404)
            if own:
                del self.known[id]

        @invariant()
        def others_see_what_was_shown_last(self):
            page = Client().get(PAGE).text
            shown = {row.pk for row in Reaction.objects.all() if row.text in page}
            assert shown == {id for id, it in self.known.items() if it["visible"]}

    Life.TestCase.settings = settings(
        max_examples=20, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    Life.TestCase().runTest()
