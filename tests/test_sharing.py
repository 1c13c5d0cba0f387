"""A link to chosen evidence: who can read what, until when, and that nobody else can."""

import base64
import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.db import ProgrammingError, connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from exercises.dimmer.models import Dimmer
from exercises.evidence.models import Evidence
from exercises.people.models import Person
from exercises.records.links import opened
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as, reading_as
from exercises.records.settings import Settings
from exercises.sharing.forms import AT_ONCE, MOST
from exercises.sharing.models import LINK, Share
from tests.test_main_path import save, someone, starts  # noqa: F401  # a fixture
from tests.test_walls import Page, policy

LIST, NEW = "/en/share/", "/en/share/new/"
DAY = date(2026, 3, 1)
committed = pytest.mark.django_db(transaction=True)  # as on the real site: no transaction around everything
UNKNOWN = ["x", "a" * 64, "_" * 64, "A" * 63, "=" * 64, "%00", "é" * 64, "x" * 2000, "%F0%9F%99%82"]


def make(user, model: Any, **fields: Any) -> Any:
    with acting_as(user.pk):
        return model.objects.create(user=user, **fields)


def a_piece(user, happened: str = "A nod.", day: int = 0, **fields: Any) -> Evidence:
    return make(user, Evidence, happened=happened, happened_on=DAY + timedelta(day), **fields)


def a_share(user, *pieces: Evidence, days: float = 7, **fields: Any) -> Share:
    until = timezone.now() + timedelta(days)
    return make(user, Share, **{"pieces": [str(piece.pk) for piece in pieces], "expires_at": until} | fields)


def at(share: Share) -> str:
    return f"/share/{share.token}/"


def again(share: Share) -> Share:
    with acting_as(share.user_id):
        return Share.objects.get(pk=share.pk)


def shares_of(user) -> list[Share]:
    with acting_as(user.pk):
        return [row for row in user.shares.newest_first() if row.pieces is not None]


def body(response) -> str:
    """What an answer shows, without what is different each time."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.text)


# The token


@settings(max_examples=300, deadline=None)
@given(user=st.uuids(), share=st.uuids())
def test_a_token_opens_to_the_share_that_it_was_made_of(user, share):
    token = Share(user_id=user, id=share).token
    assert opened(LINK, token) == (user, share)
    assert re.fullmatch("[A-Za-z0-9_-]{64}", token)


@settings(max_examples=500, deadline=None)
@given(user=st.uuids(), share=st.uuids(), data=st.data())
def test_a_token_with_anything_changed_opens_nothing(user, share, data):
    token = Share(user_id=user, id=share).token
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(
        st.sampled_from([*map(chr, range(33, 127)), "", "\n", "é", "Ａ"]).filter(lambda s: s != token[place])
    )
    assert opened(LINK, token[:place] + sign + token[place + 1 :]) is None


@settings(max_examples=500, deadline=None)
@given(
    st.text()
    | st.text("AZaz09-_=+/", min_size=60, max_size=70)
    | st.binary(min_size=48, max_size=48).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
def test_any_other_text_opens_nothing_and_breaks_nothing(text):
    assert opened(LINK, text) is None


@settings(max_examples=100, deadline=None)
@given(user=st.uuids(), share=st.uuids(), around=st.sampled_from([" {}", "{} ", "{}\n", "{}=", "{0}{0}", "+{}"]))
def test_a_token_has_one_spelling(user, share, around):
    assert opened(LINK, around.format(Share(user_id=user, id=share).token)) is None


def test_without_the_sites_secret_a_token_opens_nothing(settings):
    share = Share(user_id=uuid7(), id=uuid7())
    token = share.token
    settings.SECRET_KEY = "of another site"
    assert opened(LINK, token) is None
    assert share.token != token


def test_the_key_of_links_is_no_key_of_anything_else(settings):
    raw = settings.SECRET_KEY.encode()
    share = Share(user_id=uuid7(), id=uuid7())
    plain = share.user_id.bytes + share.pk.bytes
    for key in (raw[:64].ljust(64, b"\0"), raw[:32].ljust(32, b"\0")):
        assert base64.urlsafe_b64encode(AESSIV(key).encrypt(plain, None)).decode() != share.token


@committed
def test_the_token_stands_nowhere_in_the_database(as_emma, emma, client):
    piece = a_piece(emma)
    as_emma.post(NEW, {"pieces": [str(piece.pk)], "expires_at": "7"})
    (share,) = shares_of(emma)
    token = share.token
    assert token in as_emma.get(f"/en/share/{share.pk}/").text
    assert client.get(at(share)).status_code == 200
    sealed = base64.urlsafe_b64decode(token)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [table for (table,) in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [text for (text,) in cursor.fetchall()]
    stored = "\n".join(rows)
    assert str(share.pk) in stored, "the tables were read"
    for part in (token, token[:20], token[-20:], sealed.hex(), sealed[:16].hex(), base64.b64encode(sealed).decode()):
        assert part not in stored


# What whoever has the link sees


@pytest.mark.parametrize("language", ["nl", "en"])
def test_whoever_has_the_link_reads_the_pieces_and_nothing_else(emma, client, language):
    sam = make(emma, Person, name="Samira")
    shown = a_piece(emma, "A nod.", shared="I told it.", feared="A laugh.", person=sam, level=40)
    a_piece(emma, "not chosen")
    make(emma, Settings, blur=True, start_with={"with": "friend"})
    answer = client.get(at(a_share(emma, shown)), headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert f'lang="{language}"' in answer.text, "the reader's language, not the owner's"
    for words in ("I told it.", "A laugh.", "A nod."):
        assert words in answer.text
    for others in ("Samira", "not chosen", "40%", "level", "2026", "1 maart", "March", "data-blur", str(emma.pk)):
        assert others not in answer.text.replace('data-light="40"', ""), others


def test_a_page_that_is_shared_is_kept_found_and_followed_nowhere(emma, client):
    answer = client.get(at(a_share(emma, a_piece(emma))), headers={"Accept-Language": "en"})
    assert "no-store" in answer["Cache-Control"]
    assert "public" not in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert not answer.has_header("ETag")
    assert not answer.cookies
    assert '<meta name="robots" content="noindex, nofollow, noarchive">' in answer.text
    assert "<form" not in answer.text
    assert "Something to read · Notes" in answer.text


def test_nothing_inline_runs_on_it_and_nothing_comes_from_another_host(emma, client):
    for address in (at(a_share(emma, a_piece(emma, "<script>x()</script>"))), "/share/x/"):
        answer = client.get(address)
        assert set(policy(answer).values()) <= {"'none'", "'self'"}
        assert (Page(answer.text).inline, Page(answer.text).hosts) == ([], {""})


def test_nothing_on_the_page_names_its_own_address(emma, client, as_malik):
    share = a_share(emma, a_piece(emma))
    for reader in (client, as_malik):
        assert share.token not in reader.get(at(share)).text


def test_a_piece_that_changes_changes_there_too_and_one_that_is_deleted_disappears(emma, client):
    one, two = a_piece(emma, "first words"), a_piece(emma, "second piece")
    share = a_share(emma, one, two)
    with acting_as(emma.pk):
        one.happened = "newest words"
        one.save()
        two.discard()
    page = client.get(at(share)).text
    assert "newest words" in page
    assert "first words" not in page
    assert "second piece" not in page
    with acting_as(emma.pk):
        one.discard()
    assert client.get(at(share)).status_code == 404
    with acting_as(emma.pk):
        one.restore()
    assert client.get(at(share)).status_code == 200


def dead_links(emma) -> dict[str, str]:
    """The address of one link for each way in which it may not work."""
    piece, gone = a_piece(emma), a_piece(emma)
    closed, ended, imported, empty = (a_share(emma, piece) for _each in range(4))
    nowhere = Share(user_id=uuid7(), id=uuid7())
    never_made = Share(user_id=emma.pk, id=uuid7())
    with acting_as(emma.pk):
        closed.discard()
        gone.discard()
        ended.expires_at = timezone.now() - timedelta(seconds=1)
        ended.save()
        imported.expires_at = None
        imported.save()
        empty.pieces = [str(gone.pk)]
        empty.save()
    shares = {
        "closed": closed,
        "ended": ended,
        "imported": imported,
        "empty": empty,
        "gone": nowhere,
        "never": never_made,
    }
    return {name: at(share) for name, share in shares.items()} | {text: f"/share/{text}/" for text in UNKNOWN}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_link_that_does_not_work_answers_alike(emma, as_malik, language):
    addresses = dead_links(emma)
    for reader in (Client(), as_malik):
        answers = {name: reader.get(a, headers={"Accept-Language": language}) for name, a in addresses.items()}
        assert {answer.status_code for answer in answers.values()} == {404}
        assert len({body(answer) for answer in answers.values()}) == 1
        assert len({frozenset(set(a.headers.items()) - {("Expires", a["Expires"])}) for a in answers.values()}) == 1
        for answer in answers.values():
            assert answer["X-Robots-Tag"] == "noindex, nofollow, noarchive"
            assert answer["Referrer-Policy"] == "no-referrer"
            assert "no-store" in answer["Cache-Control"]
            assert not answer.cookies
            assert f'lang="{language}"' in answer.text


def test_a_link_ends_at_its_moment(emma, client):
    share = a_share(emma, a_piece(emma), days=1)
    assert client.get(at(share)).status_code == 200
    with acting_as(emma.pk):
        Share.objects.filter(pk=share.pk).update(expires_at=timezone.now())
    assert client.get(at(share)).status_code == 404


def test_when_the_owner_is_gone_or_switched_off_the_link_is_too(emma, client):
    share = a_share(emma, a_piece(emma))
    emma.is_active = False
    emma.save()
    assert client.get(at(share)).status_code == 404
    emma.is_active = True
    emma.save()
    assert client.get(at(share)).status_code == 200
    with acting_as(emma.pk):
        emma.delete()
    assert client.get(at(share)).status_code == 404


def test_a_link_names_pieces_of_its_owner_alone(emma, malik, client):
    """Even a share that somehow names another's evidence shows none of it."""
    theirs = a_piece(malik, "pearblossom")
    own = a_piece(emma, "own words")
    page = client.get(at(a_share(emma, own, theirs))).text
    assert "own words" in page
    assert "pearblossom" not in page
    assert client.get(at(a_share(emma, theirs))).status_code == 404


def test_odd_things_among_the_pieces_break_nothing(emma, client, as_emma):
    piece = a_piece(emma)
    share = a_share(emma, pieces=["x", "", None, 7, ["y"], str(piece.pk)])
    assert client.get(at(share)).status_code == 200
    assert as_emma.get(f"/en/share/{share.pk}/").status_code == 200
    assert as_emma.get(LIST).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_link_can_only_be_read(emma, method):
    share = a_share(emma, a_piece(emma))
    answer = getattr(Client(), method)(at(share))
    assert answer.status_code == 405
    assert "A nod." not in answer.text


# Read by someone who is signed in


@committed
def test_someone_who_is_signed_in_reads_it_too_and_is_themselves_again_afterwards(emma, malik, as_malik):
    share = a_share(emma, a_piece(emma, "emma's words"))
    a_piece(malik, "malik's words")
    make(malik, Person, name="Zwaluw")
    shown = as_malik.get(at(share))
    assert "emma&#x27;s words" in shown.text
    assert body(shown) == body(Client().get(at(share))), "the page is the same for everybody"
    assert "malik&#x27;s words" not in shown.text
    mine = as_malik.get("/en/evidence/").text
    assert "malik&#x27;s words" in mine
    assert "emma&#x27;s words" not in mine
    assert again(share).views == 2


@committed
def test_a_message_for_the_reader_waits_for_their_own_page(emma, as_malik):
    as_malik.post("/en/people/new/", {"name": "Zwaluw"})
    assert "Saved." not in as_malik.get(at(a_share(emma, a_piece(emma)))).text
    assert "Saved." in as_malik.get("/en/people/").text


@committed
@pytest.mark.parametrize("inside", [True, False], ids=["in a request", "outside"])
def test_reading_as_someone_ends_with_its_block(emma, malik, inside):
    a_piece(emma, "emma's")
    a_piece(malik, "malik's")

    def here() -> list[str]:
        return [row.happened for row in Evidence.objects.all()]

    def reads(fault: bool) -> None:
        with reading_as(emma.pk):
            assert here() == ["emma's"]
            if fault:
                raise KeyError

    if inside:
        with acting_as(malik.pk):
            reads(fault=False)
            assert here() == ["malik's"]
            with pytest.raises(KeyError):
                reads(fault=True)
            assert here() == ["malik's"]
            with pytest.raises(ProgrammingError), reading_as(emma.pk), connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM nowhere")
            assert here() == ["malik's"]
        return
    reads(fault=False)
    with pytest.raises(KeyError):
        reads(fault=True)
    with pytest.raises(Exception, match=r"app\.user_id|type uuid"):
        here()


@committed
def test_while_a_session_is_locked_a_link_still_opens_and_shows_nothing_of_the_reader(emma, malik, as_malik):
    share = a_share(emma, a_piece(emma, "for anyone"))
    make(malik, Settings, pin="something", blur=False)
    session = as_malik.session
    session["seen_at"] = 0
    session.save()
    answer = as_malik.get(at(share))
    assert "for anyone" in answer.text
    assert "<form" not in answer.text


# How often it was opened


@pytest.mark.parametrize("real", [True, False])
def test_a_view_is_counted_when_someone_else_reads_it(emma, as_emma, as_malik, client, real):
    share = a_share(emma, a_piece(emma))
    address = at(share) if real else "/share/x/"
    client.get(address)
    as_malik.get(address)
    assert again(share).views == (2 if real else 0)
    as_emma.get(address)
    client.head(address)
    client.get(address, headers={"Sec-Purpose": "prefetch;prerender"})
    client.get(address, headers={"Purpose": "prefetch"})
    assert again(share).views == (2 if real else 0)
    if real:
        assert "opened 2 times" in as_emma.get(LIST).text


def test_a_link_that_does_not_work_counts_nothing(emma, client):
    share = a_share(emma, a_piece(emma), days=-1)
    client.get(at(share))
    assert again(share).views == 0


# Making one


def test_a_link_is_made_of_what_was_ticked_for_as_long_as_was_chosen(as_emma, emma, client):
    one, _two, three = (a_piece(emma, word, n) for n, word in enumerate(["apricot", "blackthorn", "cornflower"]))
    before = timezone.now()
    answer = as_emma.post(NEW, {"pieces": [str(one.pk), str(three.pk)], "expires_at": "1"})
    (share,) = shares_of(emma)
    assert answer.url == f"/en/share/{share.pk}/"
    assert share.pieces == [str(three.pk), str(one.pk)]
    assert before + timedelta(days=1) <= share.expires_at <= timezone.now() + timedelta(days=1)
    page = client.get(at(share)).text
    assert "apricot" in page
    assert "cornflower" in page
    assert "blackthorn" not in page


def test_a_link_that_was_sent_is_never_made_to_show_something_else(as_emma, emma, client):
    """An old tab with the same form, sent again: the same choice is the same link, another choice a new one."""
    one, two = a_piece(emma, "apricot"), a_piece(emma, "blackthorn", 1)
    form = {"id": str(uuid7()), "pieces": [str(one.pk)], "expires_at": "1"}
    for _click in range(2):
        as_emma.post(NEW, form)
    (share,) = shares_of(emma)
    ends = share.expires_at
    as_emma.post(NEW, form | {"pieces": [str(two.pk)], "expires_at": "30"})
    assert len(shares_of(emma)) == 2
    assert again(share).expires_at == ends
    page = client.get(at(share)).text
    assert "apricot" in page
    assert "blackthorn" not in page


@pytest.mark.parametrize("days", ["1", "7", "30"])
def test_it_can_be_open_a_day_a_week_or_a_month(as_emma, emma, days):
    as_emma.post(NEW, {"pieces": [str(a_piece(emma).pk)], "expires_at": days})
    (share,) = shares_of(emma)
    assert (share.expires_at - share.created_at).days in (int(days), int(days) - 1)


@pytest.mark.parametrize("days", ["", "0", "2", "31", "365", "-1", "x", "1.5", "9" * 400])
def test_it_cannot_be_open_for_anything_else_and_what_was_ticked_stays(as_emma, emma, days):
    piece = a_piece(emma)
    answer = as_emma.post(NEW, {"pieces": [str(piece.pk)], "expires_at": days})
    assert answer.status_code == 200
    assert shares_of(emma) == []
    assert re.search(rf'value="{piece.pk}"[^>]* checked', answer.text)


def test_a_week_is_chosen_beforehand(as_emma, emma):
    a_piece(emma)
    assert re.search(r'name="expires_at" value="7"[^>]* checked', as_emma.get(NEW).text)


def test_another_persons_evidence_cannot_be_put_behind_a_link(as_malik, malik, emma, client):
    theirs, own = a_piece(emma, "pearblossom"), a_piece(malik, "own words")
    assert as_malik.post(NEW, {"pieces": [str(theirs.pk)], "expires_at": "7"}).status_code == 200
    assert shares_of(malik) == []
    as_malik.post(NEW, {"pieces": [str(theirs.pk), str(own.pk), "x"], "expires_at": "7"})
    (share,) = shares_of(malik)
    assert share.pieces == [str(own.pk)]
    assert "pearblossom" not in as_malik.get(f"{NEW}?piece={theirs.pk}").text


def test_what_was_deleted_meanwhile_is_left_out(as_emma, emma):
    gone, there = a_piece(emma, "gone"), a_piece(emma, "there")
    with acting_as(emma.pk):
        gone.discard()
    as_emma.post(NEW, {"pieces": [str(gone.pk), str(there.pk)], "expires_at": "7"})
    assert [share.pieces for share in shares_of(emma)] == [[str(there.pk)]]


def test_nothing_ticked_is_said_kindly(as_emma, emma):
    a_piece(emma)
    answer = as_emma.post(NEW, {"expires_at": "30"})
    assert "One piece is enough." in answer.text
    assert re.search(r'name="expires_at" value="30"[^>]* checked', answer.text)


def test_a_link_shares_pieces_and_not_the_account(as_emma, emma):
    many = [str(a_piece(emma, str(n)).pk) for n in range(MOST + 1)]
    assert f"One link can hold {MOST} pieces" in as_emma.post(NEW, {"pieces": many, "expires_at": "7"}).text
    as_emma.post(NEW, {"pieces": many[1:], "expires_at": "7"})
    assert len(shares_of(emma)[0].pieces) == MOST


def test_one_can_begin_with_one_piece(as_emma, emma):
    old = a_piece(emma, "the old one", -99)
    for n in range(AT_ONCE):
        a_piece(emma, str(n))
    assert f'href="{NEW}?piece={old.pk}"' in as_emma.get(f"/en/evidence/{old.pk}/").text
    page = as_emma.get(f"{NEW}?piece={old.pk}").text
    assert re.findall(r'name="pieces" value="([0-9a-f-]+)"[^>]* checked', page) == [str(old.pk)]
    assert as_emma.get(f"{NEW}?piece=x&piece=%00&piece={uuid7()}").status_code == 200


def test_older_pieces_come_without_losing_what_is_ticked(as_emma, emma):
    pieces = [a_piece(emma, f"number {n}", n) for n in range(2 * AT_ONCE + 3)]
    page = as_emma.get(NEW).text
    listed = [str(piece.pk) for piece in reversed(pieces)]
    assert re.findall(r'name="pieces" value="([0-9a-f-]+)"', page) == listed[:AT_ONCE]
    ticked = [listed[2], listed[-1]]
    for shown in (2 * AT_ONCE, 3 * AT_ONCE):
        assert f'name="shown" value="{shown}"' in page
        answer = as_emma.post(NEW, {"pieces": ticked, "expires_at": "1", "shown": ["", str(shown)]})
        page = answer.text
        assert set(re.findall(r'name="pieces" value="([0-9a-f-]+)"[^>]* checked', page)) == set(ticked)
        assert set(re.findall(r'name="pieces" value="([0-9a-f-]+)"', page)) == {*listed[:shown], *ticked}
        assert re.search(r'name="expires_at" value="1"[^>]* checked', page)
        assert "Nothing is ticked" not in page
    assert 'form="share"' not in page, "there is nothing older"
    assert shares_of(emma) == []
    as_emma.post(NEW, {"pieces": ticked, "expires_at": "1"})
    assert set(shares_of(emma)[0].pieces) == set(ticked)


def test_asking_for_older_pieces_before_anything_is_ticked_is_no_mistake(as_emma, emma):
    for n in range(AT_ONCE + 1):
        a_piece(emma, str(n))
    assert "One piece is enough" not in as_emma.post(NEW, {"shown": ["", "40"], "expires_at": "7"}).text


@pytest.mark.parametrize("shown", ["x", "-1", "0", "²", "9" * 5000, "\x00"])
def test_an_odd_number_of_older_pieces_breaks_nothing(as_emma, emma, shown):
    a_piece(emma)
    assert as_emma.post(NEW, {"shown": ["20", shown], "expires_at": "7"}).status_code == 200
    assert shares_of(emma) == []


def test_sending_twice_makes_one_link(as_emma, emma):
    piece = a_piece(emma)
    sent = {"id": str(as_emma.get(NEW).context["form"]["id"].value()), "pieces": [str(piece.pk)], "expires_at": "7"}
    for _click in range(2):
        as_emma.post(NEW, sent)
    assert len(shares_of(emma)) == 1


def test_what_was_ticked_and_refused_is_there_again_later(as_emma, emma):
    piece = a_piece(emma)
    id = str(as_emma.get(NEW).context["form"]["id"].value())
    as_emma.post(NEW, {"id": id, "pieces": [str(piece.pk)], "expires_at": ""})
    assert re.search(rf'value="{piece.pk}"[^>]* checked', as_emma.get(NEW).text)
    as_emma.post(NEW, {"id": id, "pieces": [str(piece.pk)], "expires_at": "1"})
    with acting_as(emma.pk):
        assert not emma.drafts.exists()


def test_without_evidence_there_is_a_way_to_begin(as_emma):
    page = as_emma.get(NEW).text
    assert "There is nothing to pick yet" in page
    assert 'href="/en/evidence/new/"' in page


# One's own links


def test_the_page_of_a_link_shows_it_with_what_it_shows_and_how_often_it_was_opened(as_emma, emma, client):
    share = a_share(emma, a_piece(emma, "A nod."))
    client.get(at(share))
    page = as_emma.get(f"/en/share/{share.pk}/").text
    (address,) = re.findall(r'value="(http://testserver/share/[^"]*)"', page)
    assert client.get(urlsplit(address).path).status_code == 200
    assert "A nod." in page
    assert re.search(r"Times opened</dt><dd>1<", page)
    assert "Anyone who has the link can read these pieces" in page


def test_a_closed_link_works_for_nobody_and_can_be_opened_again_within_the_day(as_emma, emma, client):
    share = a_share(emma, a_piece(emma))
    assert f'action="/en/share/{share.pk}/delete/"' in as_emma.get(f"/en/share/{share.pk}/").text
    page = as_emma.post(f"/en/share/{share.pk}/delete/", follow=True).text
    assert f'action="/en/share/{share.pk}/undo/"' in page
    assert client.get(at(share)).status_code == 404
    assert as_emma.get(f"/en/share/{share.pk}/").status_code == 404
    as_emma.post(f"/en/share/{share.pk}/undo/")
    assert client.get(at(share)).status_code == 200


def test_another_person_can_neither_see_nor_close_it(as_malik, emma, client):
    share = a_share(emma, a_piece(emma))
    assert as_malik.get(f"/en/share/{share.pk}/").status_code == 404
    assert as_malik.post(f"/en/share/{share.pk}/delete/").status_code == 404
    assert client.get(at(share)).status_code == 200


def test_open_links_come_first_and_ended_ones_after(as_emma, emma):
    a_share(emma, a_piece(emma, "the open one"))
    a_share(emma, a_piece(emma, "the ended one"), days=-1)
    page = as_emma.get(LIST).text
    assert page.index("the open one") < page.index("Ended") < page.index("the ended one")


def test_a_list_names_only_the_kinds_of_links_that_there_are(as_emma, emma):
    page = as_emma.get(LIST).text
    assert "No links" in page
    assert not {"Open", "Ended"} & set(re.findall("<h2>(.*?)</h2>", page))
    a_share(emma, a_piece(emma))
    assert re.findall("<h2>(.*?)</h2>", as_emma.get(LIST).text) == ["Open"]


def test_a_link_that_ended_can_be_made_anew_with_the_same_pieces(as_emma, emma):
    one, two = a_piece(emma, "one"), a_piece(emma, "two")
    share = a_share(emma, one, two, days=-1)
    page = as_emma.get(f"/en/share/{share.pk}/").text
    assert share.token not in page
    (new,) = re.findall(r'href="(/en/share/new/\?[^"]+)"', page)
    page = as_emma.get(new.replace("&amp;", "&")).text
    assert set(re.findall(r'name="pieces" value="([0-9a-f-]+)"[^>]* checked', page)) == {str(one.pk), str(two.pk)}


def test_a_link_whose_pieces_are_gone_says_so_to_its_owner(as_emma, emma):
    piece = a_piece(emma)
    share = a_share(emma, piece)
    with acting_as(emma.pk):
        piece.discard()
    assert "Nothing is left in it" in as_emma.get(LIST).text
    page = as_emma.get(f"/en/share/{share.pk}/").text
    assert "Its pieces were deleted" in page
    assert share.token not in page


def test_sending_a_link_can_be_a_step_with_anyone_who_is_not_paused(as_emma, emma):
    share = a_share(emma, a_piece(emma))
    assert 'href="/en/dimmer/new/"' in as_emma.get(f"/en/share/{share.pk}/").text
    kim, sam = make(emma, Person, name="Kim"), make(emma, Person, name="Sam", paused_at=timezone.now())
    with_kim, with_sam = (make(emma, Dimmer, person=person, topic="money") for person in (kim, sam))
    page = as_emma.get(f"/en/share/{share.pk}/").text
    assert f'href="/en/dimmer/{with_kim.pk}/attempt/?sharing=1"' in page
    assert "Kim · money" in page
    assert str(with_sam.pk) not in page


def test_many_ended_links_come_a_page_at_a_time(as_emma, emma):
    piece = a_piece(emma)
    made = [a_share(emma, piece, days=-1) for _n in range(23)]
    first = as_emma.get(LIST)
    (more,) = re.findall(r'href="(\?before=[^"]+)"', first.text)
    second = as_emma.get(LIST + more)
    shown = re.findall(r'href="/en/share/([0-9a-f-]{36})/"', first.text + second.text)
    assert shown == [str(share.pk) for share in reversed(made)]


@pytest.mark.parametrize("which", ["list", "new", "one", "shared"])
def test_a_page_asks_as_much_of_the_database_for_twelve_as_for_one(
    as_emma, emma, client, which, django_assert_num_queries
):
    a_dimmer = {"person": make(emma, Person, name="Kim"), "topic": "money"}
    make(emma, Dimmer, **a_dimmer)
    small = a_share(emma, a_piece(emma))
    a_share(emma, a_piece(emma), days=-1)
    address = {"list": LIST, "new": NEW, "one": f"/en/share/{small.pk}/", "shared": at(small)}[which]
    reader = client if which == "shared" else as_emma
    reader.get(address)
    with CaptureQueriesContext(connection) as one:
        reader.get(address)
    more = [a_piece(emma, str(n), person=a_dimmer["person"]) for n in range(12)]
    for piece in more:
        a_share(emma, piece, *more)
        a_share(emma, piece, days=-1)
        make(emma, Dimmer, **a_dimmer)
    with acting_as(emma.pk):
        small.pieces = [str(piece.pk) for piece in more]
        small.save()
    with django_assert_num_queries(len(one)):
        reader.get(address)


@committed
def test_a_garbled_link_asks_the_database_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/share/" + "a" * 64 + "/").status_code == 404


# In a real browser


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_link_goes_from_a_piece_to_another_browser(someone, javascript):  # noqa: F811
    page = someone("en", javascript=javascript)
    starts(page, "en")
    page.goto("/en/evidence/new/")
    page.fill("[name=happened]", "Kim said: me too.")
    save(page)
    page.locator("main a[href*='/evidence/0']").click()
    page.locator("main a[href*='/share/new/']").click()
    expect(page.locator("[name=pieces]")).to_be_checked()
    save(page)
    link = page.input_value("#link")
    if javascript:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("[data-copy]").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Copied.", exact=True)).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == link
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
        page.locator("[data-copy]").click()
        expect(page.get_by_text("copy it yourself")).to_be_visible()
        assert page.evaluate("getSelection().toString()") == link
    else:
        expect(page.locator("[data-copy]")).not_to_be_visible()
    reader = someone("nl", javascript=javascript)
    reader.goto(link)
    expect(reader.locator("main")).to_contain_text("Kim said: me too.")
    assert reader.context.cookies() == []
    page.locator("main form button").last.click()
    expect(page.locator(".message")).to_contain_text("Deleted.")
    assert reader.reload().status == 404
    expect(reader.locator("main")).not_to_contain_text("Kim said")
