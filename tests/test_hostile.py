"""Hostile input for every address, form, header and body, made up anew each time: no fault, no leak, nothing unescaped.

A few examples here; `python -m benchmarks.hostile 20000` makes as many as wanted and says how many that were.
"""

import gzip
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.records.models import Record
from exercises.records.rowsecurity import acting_as
from exercises.records.sealing import SealedTextField
from kwetsbaar.requests import readable
from tests.hostile import CODE, HEADERS, MARKUP, METHODS, NAMES, ODD, OURS, PARTS, TYPES, Answer
from tests.test_bad_input import Field, forms_of
from tests.test_boundary import MODELS, PERSONAL, ROUTES, address, one_of_each

EXAMPLES = int(os.environ.get("HOSTILE", "30"))
hostile = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=False
)
ENDS = {"en/privacy/delete", "weg"}  # tested by themselves

values = st.one_of(
    st.sampled_from(MARKUP + CODE + ODD),
    st.lists(st.sampled_from(MARKUP + CODE + ODD[:30]), min_size=2, max_size=3).map("".join),
    st.text(max_size=30),
)
tried: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _say_how_many() -> Iterator[None]:
    yield
    print(f"\nhostile inputs: {sum(tried.values())} ({', '.join(f'{n} {what}' for what, n in sorted(tried.items()))})")


@contextmanager
def undone() -> Iterator[None]:
    """All that happens in this block is taken back, so that each example begins with the same site."""
    block = transaction.atomic()
    block._from_testcase = True  # as the tests' own transaction: requests inside may begin theirs
    with block:
        yield
        transaction.set_rollback(True)


def judged(response: Any, what: str, *, owner: bool = True) -> Any:
    """The answer, if there is nothing wrong with it."""
    tried[what] += 1
    content = b"" if response.streaming else response.content  # the export: a transaction of its own, tested by itself
    if response.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    head = "\n".join(f"{name}: {value}" for name, value in response.items()) + str(response.cookies)
    assert response.status_code < 500, response.status_code
    assert b"pearblossom" not in content
    assert "pearblossom" not in head
    assert "pwn=1" not in str(response.cookies)
    assert not response.get("Location", "").startswith(("//", "https://pwn", "http://pwn", "javascript"))
    if not owner:
        assert OURS.encode() not in content
    if response.get("Content-Type", "").startswith("text/html"):
        html = content.decode("utf-8")
        assert Answer(html).wrong == []
    return response


def visitor() -> Client:
    """As a browser: what comes in goes through the same door as at the real server."""
    client = Client()
    inner = client.handler
    client.handler = lambda environ: inner(readable(environ))
    return client


def inside_of(user: Any) -> Client:
    client = visitor()
    client.force_login(user)
    return client


@pytest.fixture
def mine(emma) -> dict[type[Record], Record]:
    with acting_as(emma.pk):
        rows = one_of_each(emma)
        for row in rows.values():
            for field in row._meta.concrete_fields:
                if type(field) is SealedTextField and getattr(row, field.name) == "pearblossom":
                    setattr(row, field.name, OURS)
            if "body" in vars(row) and isinstance(row.body, dict):
                row.body = {"body": [OURS]}
            row.save()
    return rows


@pytest.fixture
def theirs(malik) -> dict[type[Record], Record]:
    with acting_as(malik.pk):
        return one_of_each(malik)


def pages(rows: dict[type[Record], Record]) -> list[str]:
    found = []
    for route in sorted(ROUTES):
        model = MODELS.get(route.split("/")[1]) if "<uuid:id>" in route else None
        found.append(address(route, rows[model].pk if model else None))
    return found


class Form(NamedTuple):
    """Where it is sent, its fields, and whether it is for who is signed in."""

    action: str
    fields: dict[str, Field]
    inside: bool

    def __repr__(self) -> str:
        return f"{self.action} of {'a person' if self.inside else 'a visitor'}"


@pytest.fixture
def forms(emma, mine) -> list[Form]:
    """Every form of every page."""
    found = {}
    for inside, client in ((True, inside_of(emma)), (False, visitor())):
        for page in pages(mine):
            for action, fields in forms_of(client, page) if page.strip("/") not in ENDS else []:
                if action.strip("/") not in ENDS:
                    found[action, tuple(fields), inside] = Form(action, fields, inside)
    assert len([form for form in found.values() if form.inside]) > 25
    assert {"/en/start/", "/en/account/return/"} <= {action for action, _fields, inside in found.values() if not inside}
    return list(found.values())


def known(theirs: dict[type[Record], Record], mine: dict[type[Record], Record]) -> Any:
    """Hostile values, someone else's ids among them."""
    ids = [str(row.pk) for rows in (theirs, mine) for row in rows.values()]
    return values | st.sampled_from(ids)


def drawn(data: Any, fields: dict[str, Field], some: Any) -> list[tuple[str, str]]:
    """What is sent for these fields: mostly as the page would, some hostile, some twice, some left out."""
    sent = []
    for name, field in fields.items():
        if name == "csrfmiddlewaretoken":
            continue
        for _time in range(data.draw(st.sampled_from([1, 1, 1, 1, 0, 2]), label=f"{name} times")):
            usual = st.sampled_from(field.values)
            sent.append((name, data.draw(some if field.kind in ("text", "textarea") else usual | some, label=name)))
    return sent


def stored(user: Any) -> dict[str, int]:
    with acting_as(user.pk):
        return {model.__name__: model._base_manager.filter(user=user).count() for model in PERSONAL}


def encoded(pairs: list[tuple[str, str]]) -> bytes:
    """As a browser would send it; half a surrogate pair goes as the bytes that no UTF-8 has."""
    return urlencode(
        [(name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")) for name, value in pairs]
    ).encode()


FORM = "application/x-www-form-urlencoded"


@hostile
@given(data=st.data())
def test_every_form_bears_anything_and_stores_it_once(emma, mine, theirs, forms, data):
    action, fields, inside = data.draw(st.sampled_from(forms), label="form")
    sent = encoded(drawn(data, fields, known(theirs, mine)))
    with undone():
        client = inside_of(emma) if inside else visitor()
        judged(client.post(action, sent, content_type=FORM), "forms", owner=inside)
        once = stored(emma)
        judged(client.post(action, sent, content_type=FORM), "forms sent again", owner=inside)
        if "id" in fields and b"id=" in sent:
            again = stored(emma)
            assert all(again[kind] <= once[kind] for kind in once) or _id_is_none(sent), (once, again)


def _id_is_none(sent: bytes) -> bool:
    """Whether the id that was sent is no id, so that two sendings cannot be known for one."""
    ids = [part.partition(b"=")[2] for part in sent.split(b"&") if part.startswith(b"id=")]
    return not ids or b"-7" not in ids[-1]


@hostile
@given(data=st.data())
def test_every_address_bears_anything_in_its_path_and_query(emma, mine, theirs, data):
    some = known(theirs, mine)
    page = data.draw(st.sampled_from(pages(mine) + pages(theirs)), label="page")
    if data.draw(st.booleans(), label="odd path"):
        parts = page.split("/")
        place = data.draw(st.integers(1, len(parts) - 1), label="place")
        parts[place] = data.draw(some, label="part")
        page = "/".join(parts)[:8_000]
    query = data.draw(st.lists(st.tuples(st.sampled_from(NAMES) | some, some), max_size=4), label="query")
    raw = data.draw(
        st.sampled_from([encoded(query), b"%", b"&&==;", b"next=%ff%fe", b"a=1&" * 1_500, b"[]=1&x[y]=2", b"\xff\xfe"]),
        label="raw",
    )
    method = data.draw(st.sampled_from(METHODS[:3]), label="method")
    inside = data.draw(st.booleans(), label="signed in")
    if page.strip("/") in ENDS:
        return
    with undone():
        client = inside_of(emma) if inside else visitor()
        path = quote(page.encode("utf-8", "surrogatepass"), safe="/%")
        answer = client.generic(method, path, QUERY_STRING=raw.decode("latin-1"), content_type=FORM)
        judged(answer, "addresses", owner=inside)


@hostile
@given(data=st.data())
def test_every_page_bears_any_header_and_method(emma, mine, data):
    page = data.draw(st.sampled_from(pages(mine)), label="page")
    names = data.draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=3, unique=True), label="headers")
    sent = {name: data.draw(st.sampled_from(HEADERS[name]) | values, label=name) for name in names}
    method = data.draw(st.sampled_from(METHODS), label="method")
    inside = data.draw(st.booleans(), label="signed in")
    environ = {
        wsgi_name(name): value.encode("utf-8", "surrogateescape" if "\udcff" in value else "surrogatepass").decode(
            "latin-1"
        )
        for name, value in sent.items()
    }
    if page.strip("/") in ENDS:
        return
    with undone():
        client = inside_of(emma) if inside and "Cookie" not in sent else visitor()
        judged(client.generic(method, page, **environ), "headers", owner=inside and "Cookie" not in sent)


def wsgi_name(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name == "CONTENT_LENGTH" else f"HTTP_{name}"


@hostile
@given(data=st.data())
def test_every_page_bears_any_body_of_any_type(emma, mine, data):
    page = data.draw(st.sampled_from(pages(mine)), label="page")
    body = b"".join(data.draw(st.lists(st.sampled_from(PARTS) | st.binary(max_size=40), max_size=8), label="body"))
    kind = data.draw(st.sampled_from(TYPES), label="type")
    inside = data.draw(st.booleans(), label="signed in")
    if page.strip("/") in ENDS:
        return
    with undone():
        before = stored(emma)
        client = inside_of(emma) if inside else visitor()
        judged(client.generic("POST", page, body, content_type=kind), "bodies", owner=inside)
        assert all(number - before[kind] <= 2 for kind, number in stored(emma).items())


@settings(hostile, max_examples=max(10, EXAMPLES // 8))
@given(text=st.sampled_from(MARKUP + CODE) | values)
def test_what_is_stored_comes_back_as_text_on_every_page(emma, mine, theirs, text):
    text = text.encode("utf-8", "replace").decode().replace("\x00", "")[:1_000] or "<pwn>"
    with undone():
        with acting_as(emma.pk):
            for row in mine.values():
                for field in row._meta.concrete_fields:
                    if type(field) is SealedTextField and field.name not in {"relation", "trust_outcome", "reaction"}:
                        setattr(row, field.name, text[: field.max_length])
                row.save()
        client = inside_of(emma)
        for page in (
            "today",
            "journal",
            "evidence",
            "dimmer",
            "people",
            "progress",
            "feeling/2026-01-02",
            "journal/new",
            "privacy/export",
        ):
            judged(client.get(f"/en/{page}/"), "stored")
        for row in mine.values():
            for route in ROUTES:
                if (
                    route.split("/")[1:3][-1:] == ["<uuid:id>"]
                    and MODELS.get(route.split("/")[1]) is type(row)
                    and route.count("/") == 3
                ):
                    judged(client.get(address(route, row.pk)), "stored")
        for page in ("journal", "evidence"):
            judged(client.post(f"/en/{page}/", {"q": text[:100]}), "stored")


def test_the_judge_would_see_what_is_not_escaped():
    for html in MARKUP[:3] + [
        '<a href="javascript:x">',
        "<p onclick=x>",
        "<script>x</script>",
        '<p style="x">',
        '<img src="//pwn.example/x">',
    ]:
        assert Answer(f'<p>{html if html[0] == "<" else ""}<input value="{html}">').wrong, html
