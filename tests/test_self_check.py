"""The self check: seven answers of one's own, side by side in words, never added up."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from html import unescape
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from exercises.progress import statements
from exercises.progress.models import SelfCheck
from exercises.progress.statements import SCALE, STATEMENTS, backs_off_more, due, in_words, known, side_by_side
from exercises.records.rowsecurity import acting_as
from tests.conftest import signed_in
from tests.test_main_path import save, someone, starts  # noqa: F401 - fixture

PAGE = "/en/progress/self-check/"
DAY = date(2026, 3, 18)
ALL = [1, 0, 2, 3, 4, None, 1]
# Nothing adds up, compares with others or judges
UNWANTED = re.compile(
    r"total|score|average|norm|better|worse|streak|\d ?%|[↑↓→▲▼]|totaal|gemiddeld|beter|slechter", re.I
)

days = st.dates(date(2024, 1, 1), date(2026, 12, 31))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
answers = st.lists(st.none() | st.integers(0, 4), min_size=7, max_size=7)


def checks_on(days) -> list:
    return [SimpleNamespace(day=day) for day in sorted(days)]


def sent(*given, **more) -> dict[str, str]:
    """A form as the browser sends it; what is None was not touched."""
    return {f"answers_{n}": str(answer) for n, answer in enumerate(given, 1) if answer is not None} | more


def stored(user) -> list[tuple[date, list]]:
    with acting_as(user.pk):
        return [(row.day, row.answers) for row in user.self_checks.oldest_first()]


def put(user, *days, given=ALL) -> list[SelfCheck]:
    with acting_as(user.pk):
        return [user.self_checks.create(day=day, answers=given) for day in days]


def today_of(user) -> date:
    return timezone.localdate(timezone=user.zone)


def main(response) -> str:
    """`<main>` as it stands in the page."""
    assert response.status_code == 200
    return re.search(r"<main.*</main>", response.text, re.DOTALL)[0]


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def beside(response) -> list[str]:
    """What each statement says side by side, without its days."""
    lists = re.findall(r'<dl class="beside">.*?</dl>', main(response), re.DOTALL)
    return [" | ".join(text(word) for word in re.findall(r"<dd.*?</dd>", each)) for each in lists]


# What stands beside what, and when it is offered


@given(anything)
def test_whatever_is_stored_reads_as_seven_answers(stored):
    read = known(stored)
    assert len(read) == len(STATEMENTS) == 7
    assert all(answer is None or (type(answer) is int and answer in range(5)) for answer in read)
    assert known(read) == read


@given(answers)
def test_each_answer_is_shown_as_its_word_and_what_was_left_open_as_none(given):
    assert known(given) == given
    shown = [(str(statement), str(word)) for statement, word in in_words(given)]
    assert [statement for statement, _word in shown] == [str(each) for each in STATEMENTS]
    assert [word for _statement, word in shown] == ["" if each is None else str(SCALE[each]) for each in given]


@given(st.sets(days, max_size=20))
def test_the_first_and_the_last_stand_beside_the_one_nearest_to_their_middle(made):
    checks = checks_on(made)
    places = side_by_side(checks)
    assert [place.check.day for place in places] == sorted(place.check.day for place in places)
    assert [place.name for place in places] == ["start", "halfway", "last"][: len(checks)] or len(checks) == 2
    if len(checks) > 1:
        assert (places[0].check, places[-1].check) == (checks[0], checks[-1])
        assert (places[0].name, places[-1].name) == ("start", "last")
    if len(checks) > 2:

        def off(check):
            return abs((check.day - checks[0].day) - (checks[-1].day - check.day))

        assert places[1].name == "halfway"
        assert off(places[1].check) == min(off(check) for check in checks[1:-1])


@given(st.sets(days, max_size=4), days, st.integers(0, 12), st.integers(0, 9))
def test_a_check_is_offered_at_the_start_and_once_halfway_never_about_the_same_weeks_and_not_for_ever(
    made, today, attempts, modules
):
    offered = due(sorted(made), today, modules, lambda: attempts)
    assert offered in ("start", "halfway", "")
    if offered == "start":
        assert not made
    if offered == "halfway":
        (first,) = made
        assert statements.ABOUT <= today - first < statements.OFFERED_FOR
    if len(made) > 1:
        assert offered == ""


@pytest.mark.parametrize(
    ("days_ago", "attempts", "modules", "offered"),
    [
        ([], 0, 0, "start"),
        ([], 5, 3, "start"),
        ([], 6, 0, ""),
        ([], 0, 4, ""),
        ([0], 9, 9, ""),
        ([13], 9, 9, ""),
        ([14], 5, 3, ""),
        ([14], 6, 0, "halfway"),
        ([14], 0, 4, "halfway"),
        ([27], 0, 0, ""),
        ([28], 0, 0, "halfway"),
        ([83], 0, 0, "halfway"),
        ([84], 9, 9, ""),
        ([60, 30], 9, 9, ""),
        ([-1], 9, 9, ""),  # made further east, where it was tomorrow already
    ],
)
def test_these_are_the_moments_at_which_it_is_offered(days_ago, attempts, modules, offered):
    assert due([DAY - timedelta(days=n) for n in days_ago], DAY, modules, lambda: attempts) == offered


@given(answers, answers)
def test_a_pause_is_offered_only_where_that_one_thought_came_more_often(before, now):
    rises = None not in (before[2], now[2]) and now[2] > before[2]
    assert backs_off_more(before, now) is rises
    assert not backs_off_more(before, before)


# The form


def test_nothing_is_chosen_beforehand_and_each_statement_may_be_left_open(as_emma):
    page = main(as_emma.get(PAGE))
    assert "checked" not in page
    assert [page.count(f'name="answers_{n}"') for n in range(1, 9)] == [6] * 7 + [0]
    for statement in STATEMENTS:
        assert text(page).count(str(statement)) == 1
    assert text(page).count("leave open") == 7
    assert "required" not in page


@pytest.mark.parametrize(
    ("language", "shrank"), [("en", "I made my feeling smaller"), ("nl", "Ik maakte mijn gevoel kleiner")]
)
def test_it_says_what_it_is_not_in_both_languages(as_emma, language, shrank):
    page = text(main(as_emma.get(f"/{language}/progress/self-check/")))
    assert shrank in page
    not_tested = {"en": "not scientifically tested", "nl": "niet wetenschappelijk getest"}[language]
    no_illness = {"en": "nothing about illness", "nl": "niets over een ziekte"}[language]
    assert not_tested in page
    assert no_illness in page


def test_answers_are_kept_never_as_well_as_open(as_emma, emma):
    response = as_emma.post(PAGE, sent(0, 4, None, "", 2))
    assert (response.status_code, response.url) == (302, PAGE)
    assert stored(emma) == [(today_of(emma), [0, 4, None, None, 2, None, None])]


@pytest.mark.parametrize("given", [[], [""] * 7])
def test_without_any_answer_it_says_so_kindly_and_keeps_nothing(as_emma, emma, given):
    response = as_emma.post(PAGE, sent(*given))
    assert "Nothing is filled in yet. One answer is enough." in main(response)
    assert stored(emma) == []


@pytest.mark.parametrize("odd", ["5", "-1", "often", "1.5", "٣", "x" * 60_000, "\x00"])
def test_when_one_answer_is_odd_the_others_still_stand_there(as_emma, emma, odd):
    response = as_emma.post(PAGE, sent(3, odd, 0))
    page = main(response)
    assert re.findall(r'name="(answers_\d)" value="(\d)"[^>]* checked', page) == [
        ("answers_1", "3"),
        ("answers_3", "0"),
    ]
    assert 'class="errors"' in page or "errorlist" in page
    assert stored(emma) == []


def test_only_the_seven_answers_are_taken(as_emma, emma):
    as_emma.post(PAGE, sent(1, answers="pearblossom", answers_8="2", day="2020-01-01", user="x"))
    assert stored(emma) == [(today_of(emma), [1] + [None] * 6)]


def test_a_second_one_on_the_same_day_changes_the_first(as_emma, emma):
    as_emma.post(PAGE, sent(1, 2))
    page = main(as_emma.get(PAGE))
    assert re.findall(r'name="(answers_\d)" value="(\d)"[^>]* checked', page) == [
        ("answers_1", "1"),
        ("answers_2", "2"),
    ]
    as_emma.post(PAGE, sent(3, ""))
    assert stored(emma) == [(today_of(emma), [3] + [None] * 6)]


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_keep_one(emma):
    clients, start = [signed_in(emma) for _click in range(2)], Barrier(2)

    def click(client) -> int:
        try:
            start.wait()
            return client.post(PAGE, sent(1, 2, 3)).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(click, clients)) == [302, 302]
    assert len(stored(emma)) == 1


def seen_on(page) -> dict[str, str]:
    return {name: re.search(rf'name="{name}"(?: value="([^"]*)")?', page.text)[1] or "" for name in ("id", "seen")}


def test_two_devices_on_one_day_are_shown_both_and_nothing_is_overwritten_unseen(as_emma, emma):
    phone = laptop = seen_on(as_emma.get(PAGE))
    assert as_emma.post(PAGE, sent(1, **phone)).status_code == 302
    answer = as_emma.post(PAGE, sent(4, **laptop))
    assert "changed in the meantime" in answer.text
    assert f"{STATEMENTS[0]} rarely" in answer.text
    assert stored(emma)[0][1][0] == 1
    assert as_emma.post(PAGE, sent(4, **seen_on(answer))).status_code == 302
    assert stored(emma)[0][1][0] == 4


def test_a_double_click_is_not_told_anything(as_emma, emma):
    once = sent(1, None, 0, **seen_on(as_emma.get(PAGE)))
    assert [as_emma.post(PAGE, once).status_code for _click in range(2)] == [302, 302]
    assert len(stored(emma)) == 1


def test_a_page_left_open_past_midnight_changes_the_day_that_it_showed(as_emma, emma):
    (row,) = put(emma, today_of(emma) - timedelta(days=1))
    as_emma.post(PAGE, sent(4, id=str(row.pk), seen=row.updated_at.isoformat()))
    assert stored(emma) == [(row.day, [4] + [None] * 6)]


def test_answers_that_are_not_saved_yet_come_back_and_are_gone_once_they_are(as_emma, emma):
    page = as_emma.get(PAGE)
    typed = sent(2, **seen_on(page), whose=re.search(r'name="whose" value="(\w+)"', page.text)[1])
    assert as_emma.post(reverse("draft_keep"), typed | {"draft_page": "/progress/self-check/"}).status_code == 200
    page = as_emma.get(PAGE)
    assert re.findall(r'name="(answers_\d)" value="(\d)"[^>]* checked', page.text) == [("answers_1", "2")]
    as_emma.post(PAGE, typed)
    with acting_as(emma.pk):
        assert not emma.drafts.exists()


# Side by side


def test_one_day_stands_by_itself_and_the_form_is_folded_away_for_that_day(as_emma, emma):
    as_emma.post(PAGE, sent(*ALL))
    page = as_emma.get(PAGE)
    assert beside(page) == ["rarely", "never", "sometimes", "often", "nearly always", "–", "rarely"]
    assert re.search(r'<details class="panel no-print">\s*<summary>Change today’s answers', page.text)


def test_start_halfway_and_last_stand_side_by_side_item_by_item(as_emma, emma):
    put(emma, DAY, given=[0, 1, 2, 3, 4, None, 0])
    put(emma, DAY + timedelta(days=3), given=[4] * 7)  # in between, but not nearest to the middle
    put(emma, DAY + timedelta(days=30), given=[1] * 7)
    put(emma, DAY + timedelta(days=60), given=[2, None, 2, 2, 2, 2, 2])
    page = as_emma.get(PAGE)
    assert beside(page)[:2] == ["never | rarely | sometimes", "rarely | rarely | –"]
    assert beside(page)[5:] == ["– | rarely | sometimes", "never | rarely | sometimes"]
    found = re.search(r'<ol class="statements">.*?</ol>', main(page), re.DOTALL)[0]
    assert text(found).startswith(
        f"{STATEMENTS[0]} Start 18 Mar 2026 never Halfway 17 Apr 2026 rarely Last 17 May 2026 sometimes"
    )
    assert "Your answers may move towards ‘often’ as you notice more." in text(main(page))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_nothing_is_added_up_judged_or_coloured(as_emma, emma, language):
    put(emma, DAY, given=[0] * 7)
    put(emma, DAY + timedelta(days=40), given=[4] * 7)
    page = main(as_emma.get(f"/{language}/progress/self-check/"))
    assert not UNWANTED.search(text(page).replace("added up", ""))
    found = re.search(r'<ol class="statements">.*?</ol>', page, re.DOTALL)[0]
    assert set(re.findall(r'class="([^"]*)"', found)) == {"statements", "beside", "nowrap", "own"}


@pytest.mark.parametrize(
    ("before", "now", "offered"),
    [(1, 2, True), (0, 4, True), (2, 2, False), (3, 1, False), (None, 4, False), (1, None, False)],
)
def test_a_pause_is_offered_where_the_thought_of_backing_off_came_more_often(as_emma, emma, before, now, offered):
    put(emma, DAY, given=[0, 0, 4])
    put(emma, DAY + timedelta(days=20), given=[0, 0, before])
    put(emma, DAY + timedelta(days=40), given=[0, 0, now])
    page = main(as_emma.get(PAGE))
    assert ("You can take a break from practising" in page) is offered
    assert ('href="/en/help/"' in page) is offered


def test_each_day_can_be_deleted_and_taken_back(as_emma, emma):
    first, second = put(emma, DAY, DAY + timedelta(days=30))
    page = as_emma.get(PAGE).text
    for row in (first, second):
        assert f'action="{PAGE}{row.pk}/delete/"' in page
    gone = as_emma.post(f"{PAGE}{first.pk}/delete/", follow=True)
    assert f'action="{PAGE}{first.pk}/undo/"' in gone.text
    assert [day for day, _answers in stored(emma)] == [second.day]
    assert beside(gone)[0] == "rarely"
    as_emma.post(f"{PAGE}{first.pk}/undo/")
    assert [day for day, _answers in stored(emma)] == [first.day, second.day]


def test_after_deleting_today_one_may_answer_anew_and_the_old_one_does_not_push_that_away(as_emma, emma):
    as_emma.post(PAGE, sent(1))
    with acting_as(emma.pk):
        gone = emma.self_checks.get().pk
    as_emma.post(f"{PAGE}{gone}/delete/")
    as_emma.post(PAGE, sent(2))
    back = as_emma.post(f"{PAGE}{gone}/undo/", follow=True)
    assert "already something new in its place" in back.text
    assert stored(emma) == [(today_of(emma), [2] + [None] * 6)]


def test_a_long_list_of_days_is_shown_a_page_at_a_time_each_once(as_emma, emma):
    made = put(emma, *(DAY + timedelta(days=n) for n in range(45)))
    shown, address = [], PAGE
    while address:
        page = as_emma.get(address).text
        shown += re.findall(r"([0-9a-f-]{36})/delete/", page)
        older = re.search(r'href="(\?before=[^"]*)"', page)
        address = older and PAGE + unescape(older[1])
    assert shown == [str(row.pk) for row in reversed(made)]
    assert "the oldest one" in as_emma.get(f"{PAGE}?before=2000-01-01~{made[0].pk}").text
    for odd in ("x", "2026-13-01~x", "9999-12-31~" + str(made[0].pk)):
        assert as_emma.get(PAGE, {"before": odd}).status_code == 200


def test_a_fragment_holds_only_the_older_days(as_emma, emma):
    made = put(emma, *(DAY + timedelta(days=n) for n in range(25)))
    cursor = str(made[5].cursor)
    answer = as_emma.get(PAGE, {"before": cursor}, headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert answer.text.count("<details") == 5


def test_what_an_import_brought_that_is_no_answer_is_left_open(as_emma, emma):
    put(emma, DAY, given=["pearblossom"])
    put(emma, DAY + timedelta(days=1), given={"a": 1})
    put(emma, today_of(emma), given=[9, True, "2", 2.5, None, 3, 0, 4, 4])
    page = as_emma.get(PAGE)
    assert beside(page)[5:] == ["– | – | often", "– | – | never"]
    assert beside(page)[:5] == ["– | – | –"] * 5
    assert "pearblossom" not in page.text


def test_someone_else_sees_none_of_it(as_malik, emma, malik):
    put(emma, DAY)
    assert "side by side" not in as_malik.get(PAGE).text
    as_malik.post(PAGE, sent(4))
    assert len(stored(emma)) == len(stored(malik)) == 1


def test_a_visitor_is_sent_to_the_start(client, db):
    assert client.get(PAGE).status_code == 302


# In a browser


@pytest.mark.parametrize("javascript", [True, False])
def test_it_works_with_the_keyboard_alone(someone, javascript):  # noqa: F811
    page = someone("en", javascript=javascript)
    starts(page, "en")
    page.goto(PAGE)
    page.locator("[name=answers_1]").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator("[name=answers_1][value='1']").is_checked()
    assert page.locator("[name=answers_2][value='0']").is_checked()
    with page.expect_event("framenavigated"):
        page.keyboard.press("Enter")
    page.wait_for_load_state()
    assert page.locator(".beside dd").all_inner_texts() == ["rarely", "never", "–", "–", "–", "–", "–"]


def test_a_printed_page_holds_the_answers_and_not_the_form(someone):  # noqa: F811
    page = someone("en")
    starts(page, "en")
    page.goto(PAGE)
    page.check("[name=answers_3][value='4']")
    save(page)
    page.emulate_media(media="print")
    assert page.get_by_text("nearly always").first.is_visible()
    assert page.get_by_text("It says nothing about illness").is_visible()
    for part in ("form", "button", "nav", "footer"):
        assert page.locator(f"{part}:visible").count() == 0, part
