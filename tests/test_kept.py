"""'Keep on this device': the card and today's form without a connection; what is written there arrives once, or is shown."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, Route, expect

from exercises.evidence.models import Evidence
from exercises.feeling.models import DailyFeeling
from exercises.records.forms import mark_of, version
from exercises.records.models import uuid7
from exercises.records.rowsecurity import acting_as
from tests.running import as_owner
from tests.test_bad_input import NASTY
from tests.test_lock import idle, with_pin
from tests.test_looks import WCAG
from tests.test_main_path import chooses, save, someone, starts

__all__ = ["someone"]

KEPT, SEND, FORM = "/en/offline/kept/", "/en/offline/send/", "/en/offline/feeling/"
DEVICE = "/en/privacy/device/"
JSON = {"Accept": "application/json"}
DAY = date(2026, 1, 2)


def sent(user, **fields) -> dict:
    """One item as kept.js sends it."""
    return {"day": str(DAY), "id": str(uuid7()), "seen": "", "whose": mark_of(user), "sentence": "pearblossom"} | fields


def stored(user) -> list[DailyFeeling]:
    with acting_as(user.pk):
        return list(user.feelings.order_by("day"))


# What the server gives and takes


def test_what_a_browser_keeps_is_the_card_and_todays_feeling_and_no_more(emma, as_emma):
    with acting_as(emma.pk):
        for number in range(5):
            Evidence.objects.create(user=emma, happened_on=DAY, feared=f"feared {number}", happened="h" * 500)
        row = DailyFeeling.objects.create(user=emma, day=timezone.localdate(), words=["sad", "mine"], intensity=4)
    kept = as_emma.get(KEPT).json()
    assert [piece["feared"] for piece in kept["card"]] == ["feared 4", "feared 3", "feared 2"]
    assert {len(piece["happened"]) for piece in kept["card"]} == {240}
    assert kept["feeling"]["day"] == str(row.day)
    fields = {tuple(pair) for pair in kept["feeling"]["pairs"]}
    assert fields >= {
        ("words", "sad"),
        ("own_word", "mine"),
        ("intensity", "4"),
        ("id", str(row.pk)),
        ("seen", version(row)),
    }
    assert kept["whose"] == mark_of(emma)
    assert kept["zone"] == "Europe/Amsterdam"
    assert (kept["pin"], kept["blur"]) == (False, False)


def test_what_was_stored_today_can_be_sent_back_as_it_is_and_changed(emma, as_emma):
    with acting_as(emma.pk):
        DailyFeeling.objects.create(user=emma, day=timezone.localdate(), words=["sad", "mine"], named_aloud=True)
    today = as_emma.get(KEPT).json()["feeling"]
    fields = {name: value for name, value in today["pairs"]} | {"words": ["sad"], "day": today["day"]}
    assert as_emma.post(SEND, fields | {"sentence": "and more"}).json()["result"] == "stored"
    (row,) = stored(emma)
    assert (row.words, row.sentence, row.named_aloud) == (["sad", "mine"], "and more", True)


def test_sent_again_it_is_stored_once(emma, as_emma):
    item = sent(emma, words=["sad"], own_word="mine", intensity="3")
    answers = [as_emma.post(SEND, item).json() for _time in range(3)]
    assert {answer["result"] for answer in answers} == {"stored"}
    (row,) = stored(emma)
    assert (row.day, row.words, row.sentence, row.intensity) == (DAY, ["sad", "mine"], "pearblossom", 3)
    assert {answer["seen"] for answer in answers} == {version(row)}, "the second and third changed nothing"


def test_what_another_device_has_stored_on_that_day_is_shown_and_stays(emma, as_emma):
    as_emma.post(SEND, sent(emma, sentence="from the laptop"))
    answer = as_emma.post(SEND, sent(emma, sentence="from the phone")).json()
    assert answer["result"] == "conflict"
    assert answer["elsewhere"] == [["One honest sentence", "from the laptop"]]
    assert [row.sentence for row in stored(emma)] == ["from the laptop"]
    without_version = sent(emma, sentence="from the phone")
    del without_version["seen"]
    assert as_emma.post(SEND, without_version).json()["result"] == "conflict"


def test_what_stands_there_in_the_same_words_is_acknowledged_and_not_touched(emma, as_emma):
    as_emma.post(SEND, sent(emma))
    with acting_as(emma.pk):
        (row,) = emma.feelings.all()
        row.put_with_evidence(anew=True)
    assert as_emma.post(SEND, sent(emma)).json()["result"] == "stored"
    with acting_as(emma.pk):
        assert emma.feelings.get().in_evidence


def test_what_was_deleted_after_it_arrived_does_not_come_back_by_itself(emma, as_emma):
    item = sent(emma)
    as_emma.post(SEND, item)
    as_emma.post(f"/en/feeling/{stored(emma)[0].pk}/delete/")
    assert as_emma.post(SEND, item).json()["result"] == "stored"
    assert stored(emma) == []


def test_a_change_of_what_was_deleted_meanwhile_is_kept_all_the_same(emma, as_emma):
    item = sent(emma)
    seen = as_emma.post(SEND, item).json()["seen"]
    as_emma.post(f"/en/feeling/{stored(emma)[0].pk}/delete/")
    assert as_emma.post(SEND, item | {"seen": seen, "sentence": "more words"}).json()["result"] == "stored"
    assert [row.sentence for row in stored(emma)] == ["more words"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"sentence": ""}, "Nothing is filled in yet"),
        ({"sentence": "x" * 1001}, "1000"),
        ({"words": ["sad", "calm", "angry"], "own_word": "mine"}, "Up to three words"),
        ({"day": str(timezone.localdate() + timedelta(3))}, "still to come"),
        ({"day": "1800-01-01"}, "1900"),
        ({"day": "yesterday"}, "valid date"),
    ],
)
def test_what_is_refused_comes_back_with_the_reason(emma, as_emma, fields, why):
    answer = as_emma.post(SEND, sent(emma, **fields)).json()
    assert answer["result"] == "refused"
    assert why in " ".join(answer["why"])
    assert stored(emma) == []


def test_what_one_person_wrote_is_never_stored_as_anothers(emma, as_emma, malik):
    for whose in (mark_of(malik), "", "x"):
        assert as_emma.post(SEND, sent(emma, whose=whose)).status_code == 409
    assert stored(emma) == stored(malik) == []


def test_what_is_looked_at_in_the_form_is_shown_and_not_saved(emma, as_emma):
    fields = {"id": str(uuid7()), "seen": "", "sentence": "pearblossom", "add_evidence": "on"}
    page = as_emma.post(f"/en/feeling/{DAY}/?look", fields)
    assert page.status_code == 200
    assert "pearblossom</textarea>" in page.text
    assert f'action="/en/feeling/{DAY}/"' in page.text, "the form itself saves"
    assert stored(emma) == []


def test_behind_the_lock_nothing_is_given_and_nothing_taken(emma, as_emma):
    with_pin(emma)
    assert as_emma.get(KEPT).json()["pin"]
    idle(as_emma)
    for answer in (as_emma.get(KEPT, headers=JSON), as_emma.post(SEND, sent(emma), headers=JSON)):
        assert answer.status_code == 403
        assert answer.json()["left"] == 0
    assert stored(emma) == []


def test_what_a_page_asks_by_itself_does_not_keep_the_lock_open(emma, as_emma):
    with_pin(emma)
    idle(as_emma, 200)
    before = as_emma.session["seen_at"]
    as_emma.get(KEPT)
    as_emma.post(SEND, sent(emma))
    assert as_emma.session["seen_at"] == before


def test_the_page_for_without_a_connection_is_the_same_for_everybody(client, as_emma, db):
    page = client.get(FORM)
    assert not page.cookies
    assert "csrfmiddlewaretoken" not in page.text
    main = [each.text.partition("<main")[2].partition("</main>")[0] for each in (page, as_emma.get(FORM))]
    assert main[0] == main[1]


ODD = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 4)).map(str)
ITEM = st.fixed_dictionaries(
    {"day": DAYS | DAYS | ODD},
    optional={
        "id": st.sampled_from([str(uuid7()) for _number in range(3)]) | ODD,
        "seen": st.just("") | ODD,
        "words": st.lists(st.sampled_from(["sad", "calm"]) | ODD, max_size=4),
        "own_word": ODD,
        "intensity": st.sampled_from(["", "0", "10"]) | ODD,
        "sentence": ODD,
        "person": ODD,
        "named_aloud": ODD,
        "add_evidence": ODD,
    },
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ITEM, min_size=1, max_size=5))
def test_whatever_is_sent_in_whatever_order_a_day_has_one_row_and_nothing_breaks(emma, as_emma, items):
    for item in items:
        item = {name: value for name, value in item.items() if value != []} | {"whose": mark_of(emma)}
        before = {row.day: row.sentence for row in stored(emma)}
        answer = as_emma.post(SEND, item)
        assert answer.status_code == 200, item
        again = as_emma.post(SEND, item).json()
        rows = stored(emma)
        assert len({row.day for row in rows}) == len(rows)
        assert again["result"] == answer.json()["result"]
        after = {row.day: row.sentence for row in rows}
        assert after.items() >= before.items(), "nothing that stood there was overwritten"


# In a real browser, with the network cut

WORDS = "pearblossom on the tram"


@pytest.fixture
def keeper(someone) -> Page:
    """Someone who keeps things on this device, on the page that works without a connection."""
    page = someone("en")
    page.code = starts(page, "en")
    turns_on(page)
    return page


def turns_on(page: Page) -> None:
    page.goto(DEVICE)
    page.click("[data-turn-on]")
    expect(page.locator("[data-when=on]")).to_be_visible()
    page.goto(FORM)
    expect(page.locator("[data-form]")).to_be_visible()


def writes(page: Page, sentence: str = WORDS, *words: str) -> None:
    for word in words:
        chooses(page, "words", word)
    page.fill("[name=sentence]", sentence)
    page.click("[data-form] .button")
    expect(page.locator("[data-form] [data-said]")).to_have_text(
        "Kept on this device. It is sent as soon as there is a connection."
    )


def with_a_pin(page: Page) -> None:
    page.goto("/en/privacy/settings/")
    page.locator("#lock summary").click()
    page.fill("[name=pin]", "1357")
    page.fill("[name=pin_again]", "1357")
    page.locator("#lock form button").last.click()
    page.wait_for_load_state()
    with page.expect_response(f"**{KEPT}"):
        page.goto(FORM)


def says(page: Page, text: str) -> None:
    expect(page.locator("[data-said]")).to_contain_text(text)


def unsent(page: Page) -> int:
    return page.evaluate("""() => new Promise((done) => {
        const asked = indexedDB.open('kept');
        asked.onupgradeneeded = () => asked.transaction.abort();
        asked.onerror = () => done(0);
        asked.onsuccess = () => {
            const counted = asked.result.transaction('queue').objectStore('queue').count();
            counted.onsuccess = () => { asked.result.close(); done(counted.result); };
        };
    })""")


def until(page: Page, script: str) -> None:
    """Waits for what a script says; the pages' own rules forbid the usual way."""
    for _moment in range(600):
        if page.evaluate(script):
            return
        page.wait_for_timeout(100)
    raise AssertionError(script)


def is_sent(page: Page) -> None:
    for _moment in range(300):
        if not unsent(page):
            return
        page.wait_for_timeout(100)
    raise AssertionError("something still waits")


def todays(page: Page) -> str:
    """What is stored for today, as the feeling form shows it."""
    tab = page.context.new_page()
    tab.goto("/en/feeling/")
    text = tab.input_value("[name=sentence]")
    tab.close()
    return text


def rows(data: Path) -> int:
    with as_owner(data) as database:
        return database.execute("SELECT count(*) FROM exercises_dailyfeeling").fetchone()[0]


def comes_back(page: Page, code: str) -> None:
    page.goto("/en/account/return/")
    page.fill("[name=code]", code)
    save(page)


def left_here(page: Page) -> list:
    """What this browser still keeps: databases, and whether others are told that it is on."""
    return page.evaluate("async () => [(await indexedDB.databases()).length, await caches.has('kept')]")


def test_written_without_a_connection_it_arrives_once_when_that_is_back(keeper, data):
    before = rows(data)
    second = keeper.context.new_page()
    second.goto(FORM)
    keeper.context.set_offline(True)
    chooses(keeper, "words", "tense")
    keeper.fill("[name=sentence]", WORDS)
    keeper.locator("[data-form] .button").dblclick()
    says(keeper, "Kept on this device. It is sent as soon as there is a connection.")
    expect(keeper.locator("[data-waiting]")).to_contain_text(WORDS)
    assert unsent(keeper) == 1
    keeper.context.set_offline(False)  # both pages hear of it
    is_sent(keeper)
    assert todays(keeper) == WORDS
    assert rows(data) == before + 1
    writes_more = f"{WORDS}, and off it"
    keeper.reload()
    expect(keeper.locator("[name=sentence]")).to_have_value(WORDS)
    keeper.context.set_offline(True)
    writes(keeper, writes_more)
    keeper.context.set_offline(False)
    is_sent(keeper)
    assert todays(keeper) == writes_more, "a change of what was stored is no conflict"
    assert rows(data) == before + 1


def test_the_same_words_that_are_fetched_again_leave_alone_what_someone_has_selected(keeper):
    writes(keeper)
    is_sent(keeper)
    with keeper.expect_response(f"**{KEPT}"):
        keeper.reload()
    expect(keeper.locator("[name=sentence]")).to_have_value(WORDS)
    keeper.wait_for_timeout(500)  # both looks at the start
    keeper.locator("[name=sentence]").select_text()
    with keeper.expect_response(f"**{KEPT}"):
        keeper.evaluate("dispatchEvent(new Event('online'))")
    keeper.wait_for_timeout(500)
    selected = "field => field.value.slice(field.selectionStart, field.selectionEnd)"
    assert keeper.locator("[name=sentence]").evaluate(selected) == WORDS


def test_an_answer_that_gets_lost_after_it_was_stored_doubles_nothing(keeper, data):
    before, times = rows(data), []

    def loses(route: Route) -> None:
        times.append(route.fetch().status)
        route.abort()

    keeper.route(f"**{SEND}", loses, times=1)
    chooses(keeper, "words", "tense")
    keeper.fill("[name=sentence]", WORDS)
    keeper.click("[data-form] .button")
    keeper.wait_for_timeout(1000)
    assert (times, rows(data), unsent(keeper)) == ([200], before + 1, 1)
    keeper.goto("/en/today/")
    is_sent(keeper)
    assert rows(data) == before + 1
    expect(keeper.locator("[data-waits]")).to_be_hidden()


def test_a_site_that_is_away_for_a_moment_loses_nothing(keeper):
    keeper.route(f"**{SEND}", lambda route: route.fulfill(status=502, body="Bad gateway"), times=1)
    writes(keeper)
    keeper.wait_for_timeout(500)
    assert unsent(keeper) == 1
    keeper.goto("/en/today/")
    is_sent(keeper)
    assert todays(keeper) == WORDS


def test_two_devices_that_wrote_on_the_same_day_lose_nothing_and_the_person_chooses(keeper, someone):
    laptop = someone("en")
    comes_back(laptop, keeper.code)
    turns_on(laptop)
    for page, words in ((keeper, "from the phone"), (laptop, "from the laptop")):
        page.context.set_offline(True)
        writes(page, words)
    keeper.context.set_offline(False)
    is_sent(keeper)
    laptop.context.set_offline(False)
    expect(laptop.locator("[data-waiting]")).to_contain_text("Something else was saved for this day")
    assert todays(laptop) == "from the phone"
    laptop.goto("/en/today/")
    laptop.locator("[data-waits] a").click()
    waiting = laptop.locator("[data-waiting]")
    expect(waiting).to_contain_text("from the laptop")
    expect(waiting).to_contain_text("from the phone")
    assert Axe().run(laptop, options=WCAG).response["violations"] == []
    laptop.click("[data-look] button")
    expect(laptop.locator("#elsewhere + dl")).to_contain_text("from the phone")
    expect(laptop.locator("[name=sentence]")).to_have_value("from the laptop")
    laptop.fill("[name=sentence]", "from both")
    save(laptop)
    expect(laptop).to_have_url(re.compile("/today/"))
    is_sent(laptop)
    assert todays(laptop) == "from both"


def conflicts(keeper: Page) -> None:
    """Something waits that was written without a connection, while another page saved "from elsewhere" for today."""
    keeper.context.route(f"**{SEND}", lambda route: route.abort())
    writes(keeper)
    other = keeper.context.new_page()
    other.goto("/en/feeling/")
    other.fill("[name=sentence]", "from elsewhere")
    save(other)
    other.close()
    keeper.context.unroute(f"**{SEND}")
    keeper.goto(DEVICE)
    expect(keeper.locator("[data-waiting]")).to_contain_text("Something else was saved for this day")


def test_what_waits_for_a_choice_is_not_sent_again_also_where_the_other_feeling_is_deleted(keeper, data):
    conflicts(keeper)
    before, asked = rows(data), []
    keeper.on("request", lambda request: asked.append(request.url) if request.url.endswith(SEND) else None)
    keeper.goto("/en/feeling/")
    keeper.get_by_role("button", name="Delete this day").click()
    keeper.wait_for_load_state()
    with keeper.expect_response(f"**{KEPT}"):
        keeper.goto("/en/today/")
    expect(keeper.locator("[data-waits]")).to_be_visible()
    assert (todays(keeper), asked, unsent(keeper)) == ("", [], 1)
    keeper.goto(DEVICE)
    keeper.click("[data-look] button")
    expect(keeper.locator("[name=sentence]")).to_have_value(WORDS)
    assert rows(data) == before, "looked at, not saved"
    save(keeper)
    is_sent(keeper)
    assert todays(keeper) == WORDS


def test_what_was_only_typed_is_looked_at_without_being_saved_and_leaves_once_it_is(keeper, data):
    before = rows(data)
    with_a_pin(keeper)
    keeper.fill("[name=sentence]", "half a sen")
    keeper.clock.set_fixed_time(timezone.now() + timedelta(minutes=6))
    keeper.evaluate("dispatchEvent(new Event('focus'))")
    expect(keeper.locator("[data-locked]")).to_be_visible()
    keeper.clock.set_fixed_time(timezone.now())
    keeper.goto(DEVICE)
    expect(keeper.locator("[data-waiting]")).to_contain_text("You had not saved this yet")
    keeper.click("[data-look] button")
    expect(keeper).to_have_url(re.compile("/feeling/"))
    expect(keeper.locator("[name=sentence]")).to_have_value("half a sen")
    keeper.goto("/en/today/")
    keeper.wait_for_timeout(500)
    assert (rows(data), unsent(keeper)) == (before, 1)
    keeper.goto(DEVICE)
    keeper.click("[data-look] button")
    keeper.fill("[name=sentence]", "a whole sentence")
    save(keeper)
    is_sent(keeper)
    assert (rows(data), todays(keeper)) == (before + 1, "a whole sentence")


def test_by_keyboard_the_switch_goes_both_ways_and_one_goes_on_where_the_page_goes_on(someone):
    page = someone("en")
    starts(page, "en")
    page.goto(DEVICE)
    for state, key in (("on", "[data-when=off] [data-turn-on]"), ("off", "[data-when=on] [data-turn-off]")):
        if state == "off":
            page.keyboard.press("Tab")  # past the link to the page
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")  # opens the part that turns it off
        page.focus(key)
        page.keyboard.press("Enter")
        expect(page.locator(f"[data-when={state}]")).to_be_focused()


def test_turned_on_in_two_tabs_the_second_changes_nothing_of_what_waits(someone):
    page = someone("en")
    starts(page, "en")
    second = page.context.new_page()
    second.goto(DEVICE)
    expect(second.locator("[data-when=off]")).to_be_visible()
    turns_on(page)
    page.context.route(f"**{SEND}", lambda route: route.abort())
    writes(page)
    second.evaluate("document.querySelector('[data-turn-on]').click()")
    expect(second.locator("[data-when=on]")).to_be_visible()
    expect(second.locator("[data-waiting]")).to_contain_text(WORDS)
    page.context.unroute(f"**{SEND}")
    page.goto("/en/today/")
    is_sent(page)
    assert todays(page) == WORDS
    page.goto(DEVICE)
    page.locator("[data-when=on] summary").click()
    page.click("[data-when=on] [data-turn-off]")
    expect(page.locator("[data-when=off]")).to_be_visible()
    second.evaluate("dispatchEvent(new Event('focus'))")
    expect(second.locator("[data-when=off]")).to_be_visible()


def test_where_one_thing_cannot_be_opened_the_others_go_and_all_of_it_can_be_wiped(keeper):
    keeper.evaluate("""() => new Promise((done) => {
        indexedDB.open('kept').onsuccess = ({ target: { result } }) => {
            const change = result.transaction('queue', 'readwrite');
            change.objectStore('queue').add({ iv: new Uint8Array(12), sealed: new Uint8Array(40).buffer });
            change.oncomplete = () => { result.close(); done(); };
        };
    })""")
    keeper.fill("[name=sentence]", WORDS)
    keeper.click("[data-form] .button")
    says(keeper, "Sent and saved.")
    assert (todays(keeper), unsent(keeper)) == (WORDS, 1)
    keeper.goto(DEVICE)
    broken = keeper.locator("[data-when=broken]")
    expect(broken).to_contain_text("can’t be opened any more")
    assert Axe().run(keeper, options=WCAG).response["violations"] == []
    broken.locator("summary").click()
    expect(broken.locator("[data-unsent]")).to_contain_text("One thing in this browser")
    broken.locator("[data-turn-off]").click()
    expect(keeper.locator("[data-when=off]")).to_be_visible()
    assert left_here(keeper) == [0, False]


def test_a_browser_without_timeouts_for_what_it_asks_keeps_and_sends_too(someone):
    page = someone("en")
    page.add_init_script("delete AbortSignal.timeout")
    starts(page, "en")
    turns_on(page)
    page.fill("[name=sentence]", WORDS)
    page.click("[data-form] .button")
    says(page, "Sent and saved.")
    assert todays(page) == WORDS


def test_what_is_refused_stays_with_the_reason_until_the_person_chooses(keeper):
    chooses(keeper, "words", "calm")
    keeper.fill("[name=own_word]", "a word that is " + "very " * 8 + "long")
    keeper.click("[data-form] .button")
    says(keeper, "Kept on this device. It could not be saved yet.")
    keeper.goto("/en/today/")
    keeper.locator("[data-waits] a").click()
    expect(keeper.locator("[data-waiting] [data-why]")).to_contain_text("Or a word of your own: ")
    expect(keeper.locator("[data-waiting]")).to_contain_text("calm, a word that is very")
    keeper.locator("[data-waiting] summary").click()
    keeper.click("[data-throw]")
    expect(keeper.locator("[data-waiting]")).to_be_hidden()
    assert unsent(keeper) == 0


def test_ten_days_without_a_connection_arrive_in_their_order(keeper, data):
    before, days = rows(data), []
    keeper.on("request", lambda request: days.append(request.post_data) if request.url.endswith(SEND) else None)
    keeper.context.set_offline(True)
    now = timezone.localtime().replace(hour=12)
    for ago in range(9, -1, -1):
        keeper.clock.set_fixed_time(now - timedelta(ago))
        keeper.evaluate("dispatchEvent(new Event('focus'))")
        expect(keeper.locator("[data-day]")).to_have_text(
            f"{now - timedelta(ago):%A} {(now - timedelta(ago)).day} {now - timedelta(ago):%B}"
        )
        writes(keeper, f"{ago} days ago")
    assert unsent(keeper) == 10
    keeper.context.set_offline(False)
    is_sent(keeper)
    sent_days = [re.search(r"day=(\d{4}-\d\d-\d\d)", body)[1] for body in days]
    assert sent_days == [str((now - timedelta(ago)).date()) for ago in range(9, -1, -1)]
    assert rows(data) == before + 10


def test_turning_it_off_signing_out_and_leaving_wipe_it_and_the_first_two_say_how_much_was_unsent(keeper):
    code = keeper.code
    for way in ("off", "sign out", "leave"):
        if way != "off":
            comes_back(keeper, code)
            turns_on(keeper)
        keeper.route(f"**{SEND}", lambda route: route.abort())
        writes(keeper)
        if way == "leave":
            keeper.locator(".site-head .exit").click()
            expect(keeper).to_have_url(re.compile("/healthz"))
            assert left_here(keeper) == [0, False]
            keeper.go_back()
            expect(keeper.locator("body")).not_to_contain_text(WORDS)
            return
        keeper.goto(DEVICE if way == "off" else "/en/account/sign-out/")
        if way == "off":
            keeper.locator("[data-when=on] summary").click()
        expect(keeper.locator("[data-unsent]:visible")).to_contain_text(
            "One thing in this browser has not been sent yet"
        )
        keeper.locator("[data-when=on] [data-turn-off], [data-wipes] .button >> visible=true").first.click()
        if way == "off":
            expect(keeper.locator("[data-when=off]")).to_be_visible()
        else:
            expect(keeper).to_have_url(re.compile("/en/(#out)?$"))
        assert left_here(keeper) == [0, False]
        keeper.goto(FORM)
        expect(keeper.locator("[data-when=off]")).to_be_visible()


def test_someone_else_in_the_same_browser_neither_sees_it_nor_sends_it(keeper):
    keeper.context.set_offline(True)
    writes(keeper)
    keeper.context.clear_cookies()
    keeper.context.set_offline(False)
    expect(keeper.locator("[data-when=away]")).to_be_visible()
    assert unsent(keeper) == 1, "signed out: it waits"
    starts(keeper, "en")
    for path in ("/en/today/", FORM, DEVICE):
        keeper.goto(path)
        keeper.wait_for_timeout(700)
        expect(keeper.locator("body")).not_to_contain_text(WORDS)
        assert WORDS not in keeper.content()
        expect(keeper.locator("[data-form]:visible, [data-waits]:visible")).to_have_count(0)
    expect(keeper.locator("[data-when=someone]")).to_be_visible()
    assert (unsent(keeper), todays(keeper)) == (1, "")
    keeper.context.clear_cookies()
    comes_back(keeper, keeper.code)
    is_sent(keeper)
    assert todays(keeper) == WORDS


def test_in_the_browsers_own_store_nothing_can_be_read_and_the_key_is_never_given_out(keeper):
    keeper.goto("/en/evidence/new/")
    keeper.fill("[name=shared]", WORDS)
    save(keeper)
    keeper.goto(FORM)
    expect(keeper.locator("[data-card]")).to_contain_text(WORDS)
    keeper.context.set_offline(True)
    writes(keeper, WORDS, "tense")
    keeper.fill("[name=sentence]", f"typed {WORDS}")
    keeper.wait_for_timeout(1500)
    raw = keeper.evaluate("""async () => {
        const text = [];
        const bytes = (part) => text.push(new TextDecoder("latin1").decode(part), new TextDecoder().decode(part));
        const walk = (value) => {
            if (value instanceof CryptoKey) text.push(`key ${value.extractable}`);
            else if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) bytes(value);
            else if (value && typeof value === "object") for (const [name, part] of Object.entries(value)) { text.push(name); walk(part); }
            else text.push(String(value));
        };
        const result = (asked) => new Promise((done) => { asked.onsuccess = () => done(asked.result); });
        for (const { name } of await indexedDB.databases()) {
            const database = await result(indexedDB.open(name));
            for (const store of database.objectStoreNames) walk(await result(database.transaction(store).objectStore(store).getAll()));
            database.close();
        }
        for (const name of await caches.keys()) for (const asked of await (await caches.open(name)).keys()) {
            const page = await (await caches.match(asked, { cacheName: name, ignoreVary: true }))?.text();
            if (name === "kept" || page?.includes("pearblossom")) text.push(page);
        }
        const key = (await result((await result(indexedDB.open("kept"))).transaction("things").objectStore("things").get("key")));
        text.push(await crypto.subtle.exportKey("raw", key).then(() => "given out", (refused) => refused.name));
        return [...text, JSON.stringify(localStorage), JSON.stringify(sessionStorage), JSON.stringify(history.state)].join("|");
    }""")
    assert "key false" in raw
    assert "InvalidAccessError" in raw
    for secret in ("pearblossom", "tense", "sentence", "Europe/Amsterdam"):
        assert secret not in raw
    assert WORDS in keeper.content(), "it is shown, so the search would have found it"


def test_with_a_pin_five_idle_minutes_hide_the_card_and_what_waits_and_writing_goes_on(keeper):
    keeper.goto("/en/evidence/new/")
    keeper.fill("[name=shared]", WORDS)
    save(keeper)
    with_a_pin(keeper)
    expect(keeper.locator("[data-card]")).to_contain_text(WORDS)
    keeper.context.set_offline(True)
    writes(keeper, "the first one")
    expect(keeper.locator("[data-waiting]")).to_contain_text("the first one")
    keeper.fill("[name=sentence]", "half a sen")
    keeper.clock.set_fixed_time(timezone.now() + timedelta(minutes=6))
    keeper.evaluate("dispatchEvent(new Event('focus'))")
    expect(keeper.locator("[data-locked]")).to_be_visible()
    for hidden in (WORDS, "the first one", "half a sen"):
        assert hidden not in keeper.content()
    assert keeper.input_value("[name=sentence]") == ""
    writes(keeper, "the second one")
    assert keeper.input_value("[name=sentence]") == "", "what is kept now does not stand here either"
    keeper.fill("[name=own_word]", "half a word")
    keeper.clock.set_fixed_time(timezone.now() + timedelta(minutes=12))
    keeper.evaluate("dispatchEvent(new Event('focus'))")
    expect(keeper.locator("[name=own_word]")).to_have_value("")
    keeper.context.set_offline(False)
    keeper.clock.set_fixed_time(timezone.now())
    keeper.goto(DEVICE)
    expect(keeper.locator("[data-waiting] .items > li")).to_have_count(3)
    for kept in (
        "half a sen",
        "half a word",
        "You had not saved this yet",
        "the second one",
        "Something else was saved for this day",
    ):
        expect(keeper.locator("[data-waiting]")).to_contain_text(kept)
    assert todays(keeper) == "the first one"
    keeper.locator("footer [data-lock-now] button").click()
    keeper.wait_for_load_state()
    keeper.goto(FORM)
    expect(keeper.locator("[data-locked]")).to_be_visible()
    assert WORDS not in keeper.content()


def test_what_was_typed_and_not_saved_is_there_again_and_blurred_where_one_wishes(keeper):
    keeper.goto("/en/today/")
    keeper.click("footer .when-clear button")
    keeper.goto(FORM)
    expect(keeper.locator("html")).to_have_attribute("data-blur", "")
    keeper.context.set_offline(True)
    keeper.fill("[name=sentence]", "half a sen")
    keeper.wait_for_timeout(1500)
    keeper.context.set_offline(False)
    keeper.reload()
    expect(keeper.locator("[name=sentence]")).to_have_value("half a sen")
    blurred = "getComputedStyle(document.querySelector('[name=sentence]')).filter"
    assert "blur" in keeper.evaluate(blurred)


def test_with_the_network_cut_the_form_and_the_card_open_and_leaving_wipes_them(someone):
    page = someone("en", service_workers="allow")
    starts(page, "en")
    page.goto("/en/evidence/new/")
    page.fill("[name=shared]", WORDS)
    save(page)
    turns_on(page)
    expect(page.locator("[data-card]")).to_contain_text(WORDS)
    for _page in range(3):  # where the pages could not all be fetched, the next page tries again
        if page.evaluate(
            "Promise.race([navigator.serviceWorker.ready.then(() => true), new Promise((no) => setTimeout(no, 15000))])"
        ):
            break
        page.reload()
    until(page, "Boolean(navigator.serviceWorker.controller)")
    page.context.set_offline(True)
    page.goto("/en/evidence/")
    page.locator("[data-keeps] a").click()
    expect(page.locator("[data-card]")).to_contain_text(WORDS)
    assert Axe().run(page, options=WCAG).response["violations"] == []
    writes(page, "in bed at night")
    page.reload()
    expect(page.locator("[name=sentence]")).to_have_value("in bed at night")
    page.context.set_offline(False)
    is_sent(page)
    assert todays(page) == "in bed at night"
    page.context.set_offline(True)
    writes(page, "in the tram")
    page.locator(".site-head .exit").click()
    page.wait_for_timeout(1000)
    assert WORDS not in page.content()
    page.context.set_offline(False)
    page.goto(FORM)
    expect(page.locator("[data-when=off]")).to_be_visible()
    assert left_here(page) == [0, False]
