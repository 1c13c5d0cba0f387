"""One honest feeling a day."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.db import connections
from django.utils import timezone, translation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exercises.evidence.models import Evidence
from exercises.feeling.forms import FeelingForm
from exercises.feeling.models import DailyFeeling
from exercises.feeling.vocabulary import FAMILIES, WORDS, names, stored
from exercises.people.models import Person
from exercises.records.rowsecurity import acting_as
from tests.conftest import signed_in

YEARS = datetime(1971, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
TODAY, YESTERDAY = "/en/feeling/", "/en/feeling/2025-11-22/"


def opened(user, rows) -> list:
    """These rows, their sealed words opened while that may be done."""
    with acting_as(user.pk):
        return [row for row in rows if [getattr(row, field.attname) for field in row._meta.concrete_fields]]


def feelings(user) -> list[DailyFeeling]:
    return opened(user, user.feelings.select_related("evidence", "person").order_by("day"))


def evidence(user) -> list[Evidence]:
    return opened(user, user.evidence.select_related("person"))


def person(user, name: str = "Samira") -> Person:
    with acting_as(user.pk):
        return Person.objects.create(user=user, name=name)


# The vocabulary


def test_there_are_nine_families_from_pleasant_to_unclear():
    assert [family.key for family in FAMILIES] == (
        ["glad", "calm", "connected", "afraid", "sad", "angry", "ashamed", "hurt", "unclear"]
    )
    assert len(WORDS) == sum(len(family.words) for family in FAMILIES) == 71


def test_every_word_has_a_key_that_fits_an_address_and_an_estimate_within_two():
    for key, word in WORDS.items():
        assert key == word.key
        assert key.isidentifier()
        assert {word.valence, word.arousal} <= {None, -2, -1, 0, 1, 2}
    assert [word.key for word in WORDS.values() if word.valence is None] == ["dont_know"]


def test_no_two_words_have_the_same_name():
    for language in ("nl", "en"):
        with translation.override(language):
            assert len({str(word.name) for word in WORDS.values()}) == len(WORDS)


@given(st.text(max_size=40))
def test_a_word_of_ones_own_comes_back_as_it_was_typed(text):
    assert names([stored(text)])[0].casefold() == text.casefold() or stored(text) in WORDS


def test_a_typed_word_that_we_know_is_that_word():
    assert stored("At ease") == "at_ease"
    assert names(["at_ease", "wobbly"]) == ["at ease", "wobbly"]


# One a day


def test_the_page_shows_all_families_and_chooses_nothing_beforehand(as_emma):
    page = as_emma.get(TODAY).content.decode()
    assert page.count('class="family"') == 9
    assert page.count('name="words"') == 71
    assert not re.search(r'name="words"[^>]* checked', page)


def test_a_feeling_is_kept_as_it_was_written(as_emma, emma):
    sam = person(emma)
    answer = as_emma.post(
        TODAY,
        {
            "words": ["tense", "open"],
            "own_word": "wobbly",
            "intensity": "0",
            "sentence": "I wanted to say more.",
            "person": str(sam.pk),
            "named_aloud": "on",
        },
    )
    assert answer.url == "/en/today/"
    (row,) = feelings(emma)
    assert row.day == timezone.localdate(timezone=emma.zone)
    assert row.words == ["tense", "open", "wobbly"]
    assert (row.intensity, row.sentence, row.person.name, row.named_aloud) == (
        0,
        "I wanted to say more.",
        "Samira",
        True,
    )
    assert row.evidence is None


def test_the_chosen_words_stand_in_an_open_family_and_the_own_word_in_its_box(as_emma):
    as_emma.post(TODAY, {"words": ["sad"], "own_word": "wobbly"})
    page = as_emma.get(TODAY).content.decode()
    assert page.count('class="family" open') == 1
    assert re.findall(r'name="words" value="(\w+)"[^>]* checked', page) == ["sad"]
    assert 'value="wobbly"' in page


def test_saving_again_changes_the_day_and_adds_none(as_emma, emma):
    as_emma.post(TODAY, {"words": ["tense"], "sentence": "First."})
    as_emma.post(TODAY, {"words": ["relieved"], "intensity": "4", "sentence": ""})
    (row,) = feelings(emma)
    assert (row.words, row.intensity, row.sentence) == (["relieved"], 4, "")


def test_two_tabs_with_an_empty_form_keep_one_feeling(as_emma, emma):
    ids = [as_emma.get(TODAY).context["form"]["id"].value() for _tab in range(2)]
    assert ids[0] != ids[1]
    for id, word in zip(ids, ("tense", "calm"), strict=True):
        as_emma.post(TODAY, {"id": str(id), "words": [word]})
    (row,) = feelings(emma)
    assert row.words == ["calm"]


def test_the_form_of_one_day_never_changes_another_day(as_emma, emma):
    as_emma.post(YESTERDAY, {"words": ["sad"]})
    (first,) = feelings(emma)
    as_emma.post("/en/feeling/2025-11-21/", {"id": str(first.pk), "words": ["happy"]})
    assert [(row.day.day, row.words) for row in feelings(emma)] == [(21, ["happy"]), (22, ["sad"])]


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_keep_one_feeling_and_one_piece_of_evidence(emma):
    clients, start = [signed_in(emma) for _click in range(2)], Barrier(2)

    def click(client) -> int:
        try:
            start.wait()
            return client.post(
                YESTERDAY, {"words": ["tense"], "sentence": "It is hard.", "add_evidence": "on"}
            ).status_code
        finally:
            connections.close_all()

    for round_ in range(3):
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(click, clients)) == [302, 302], round_
        assert len(feelings(emma)) == len(evidence(emma)) == 1
        assert feelings(emma)[0].words == ["tense"]
        if round_ == 0:
            with acting_as(emma.pk):
                emma.feelings.get().discard()


# Whose day it is


@given(
    st.sampled_from(sorted(available_timezones() - {"localtime"})),
    st.datetimes(*YEARS, timezones=st.just(UTC)),
)
def test_a_day_is_the_day_on_the_persons_own_clock(name, now):
    zone = ZoneInfo(name)
    with timezone.override(zone):
        day = timezone.localdate(now)
    assert day == (now + now.astimezone(zone).utcoffset()).date()
    assert abs((day - now.date()).days) <= 1


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Amsterdam"])
def test_today_is_the_persons_own_today(as_emma, emma, zone):
    emma.time_zone = zone
    emma.save()
    as_emma.post(TODAY, {"words": ["calm"]})
    assert feelings(emma)[0].day == timezone.localdate(timezone=ZoneInfo(zone))


def test_the_form_is_sent_to_its_own_day_so_that_midnight_does_not_move_it(as_emma, emma):
    today = timezone.localdate(timezone=emma.zone)
    assert f'action="/en/feeling/{today}/"' in as_emma.get(TODAY).content.decode()


def test_an_earlier_day_can_be_filled_and_leads_to_the_days_around_it(as_emma, emma):
    page = as_emma.get(YESTERDAY).content.decode()
    assert "/en/feeling/2025-11-21/" in page
    assert "/en/feeling/2025-11-23/" in page
    as_emma.post(YESTERDAY, {"sentence": "Later I saw it."})
    assert feelings(emma)[0].day == date(2025, 11, 22)


def test_today_leads_to_no_day_that_is_still_to_come(as_emma, emma):
    today = timezone.localdate(timezone=emma.zone)
    page = as_emma.get(TODAY).content.decode()
    assert f"/en/feeling/{today - timedelta(days=1)}/" in page
    assert f"/en/feeling/{today + timedelta(days=1)}/" not in page


def test_a_day_to_come_leads_back_to_today(as_emma, emma):
    tomorrow = timezone.localdate(timezone=emma.zone) + timedelta(days=1)
    for day in (tomorrow, "9999-12-31"):
        assert as_emma.get(f"/en/feeling/{day}/").url == TODAY
    as_emma.post(f"/en/feeling/{tomorrow}/", {"words": ["calm"]})
    assert feelings(emma) == []


@pytest.mark.parametrize("day", ["1899-12-31", "0001-01-01", "2025-02-30", "2025-13-01"])
def test_a_day_that_is_none_or_too_long_ago_is_not_found(as_emma, day):
    assert as_emma.get(f"/en/feeling/{day}/").status_code == 404


def test_the_first_possible_day_works(as_emma):
    assert as_emma.get("/en/feeling/1900-01-01/").status_code == 200


# What does not fit


@pytest.mark.parametrize(
    ("words", "own"),
    [(["sad", "angry", "hurt", "tired"], ""), (["sad", "angry", "hurt"], "wobbly"), (["sad"], "one, two, three")],
)
def test_more_than_three_words_are_refused_and_nothing_is_lost(as_emma, emma, words, own):
    answer = as_emma.post(TODAY, {"words": words, "own_word": own, "sentence": "Still here."})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Up to three words" in page
    assert "Still here." in page
    assert re.findall(r'name="words" value="(\w+)"[^>]* checked', page) == words
    assert f'value="{own}"' in page or not own
    assert feelings(emma) == []


def test_a_word_chosen_twice_counts_once(as_emma, emma):
    as_emma.post(TODAY, {"words": ["sad", "sad", "angry"], "own_word": "Sad, furious"})
    assert feelings(emma)[0].words == ["sad", "angry", "furious"]


def test_a_wholly_empty_form_gets_a_kind_word_and_no_row(as_emma, emma):
    answer = as_emma.post(TODAY, {"words": [], "own_word": " , ", "intensity": "", "sentence": " ", "person": ""})
    assert "One word is enough" in answer.content.decode()
    assert feelings(emma) == []


@pytest.mark.parametrize(
    "filled",
    [{"words": ["calm"]}, {"own_word": "wobbly"}, {"sentence": "Yes."}, {"intensity": "0"}, {"named_aloud": "on"}],
)
def test_any_one_answer_is_enough(as_emma, emma, filled):
    assert as_emma.post(TODAY, filled).status_code == 302
    assert len(feelings(emma)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": ["nonsense"]},
        {"words": ["sad\0"]},
        {"own_word": "x" * 41},
        {"own_word": "a, " + "x" * 41},
        {"own_word": "a," * 64},
        {"own_word": "a\0b"},
        {"intensity": "11"},
        {"intensity": "-1"},
        {"intensity": "many"},
        {"sentence": "x" * 1001},
        {"sentence": "a\0b"},
        {"person": "not an id"},
        {"person": "00000000-0000-0000-0000-000000000000"},
        {"id": "not an id"},
    ],
)
def test_wrong_input_gets_a_message_and_the_rest_stays(as_emma, emma, wrong):
    answer = as_emma.post(TODAY, {"words": ["calm"], "sentence": "Still here.", "own_word": "mild"} | wrong)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "mild" in answer.content.decode() or "Still here." in answer.content.decode()
    assert feelings(emma) == []


def test_forty_and_a_thousand_characters_fit(as_emma, emma):
    as_emma.post(TODAY, {"own_word": "x" * 40, "sentence": "y" * 1000})
    assert (feelings(emma)[0].words, feelings(emma)[0].sentence) == (["x" * 40], "y" * 1000)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.sampled_from("aé ,"), max_size=41) | st.sampled_from(["Sad", "at ease"]), max_size=4))
@example(["a" * 19, "b" * 20])
@example(["a" * 40, "b" * 40, "c" * 40])
def test_words_that_were_accepted_are_accepted_again_as_the_form_shows_them(emma, typed):
    def answered(row: DailyFeeling, **answers) -> FeelingForm:
        return FeelingForm({"sentence": "Yes."} | answers, user=emma, instance=row)

    row = DailyFeeling(user=emma, day=date(2025, 11, 22))
    with acting_as(emma.pk):
        if not answered(row, own_word=",".join(typed)).is_valid():
            return
        kept = set(row.words)
        shown = FeelingForm(user=emma, instance=row)
        limit = shown.fields["own_word"].widget.attrs["maxlength"]
        assert len(shown["own_word"].value()) <= int(limit)
        again = answered(row, words=shown["words"].value(), own_word=shown["own_word"].value())
        assert again.is_valid(), again.errors
    assert set(row.words) == kept


def test_three_long_words_of_ones_own_can_be_saved_again_and_again(as_emma, emma):
    own = f"{'a' * 40},{'b' * 40},{'c' * 40}"
    for _save in range(3):
        assert as_emma.post(YESTERDAY, {"own_word": own}).status_code == 302
        own = as_emma.get(YESTERDAY).context["form"]["own_word"].value()
    assert feelings(emma)[0].words == ["a" * 40, "b" * 40, "c" * 40]


def test_someone_elses_person_is_refused(as_emma, emma, malik):
    answer = as_emma.post(TODAY, {"words": ["calm"], "person": str(person(malik, "Vera").pk)})
    assert answer.context["form"].errors["person"]
    assert "Vera" not in answer.content.decode()
    assert feelings(emma) == []


def test_nobody_sees_someone_elses_day(as_emma, as_malik):
    as_emma.post(YESTERDAY, {"sentence": "Only mine."})
    assert "Only mine." in as_emma.get(YESTERDAY).content.decode()
    assert "Only mine." not in as_malik.get(YESTERDAY).content.decode()


# Evidence


def test_the_box_makes_one_piece_of_evidence_that_follows_the_feeling(as_emma, emma):
    sam = person(emma)
    as_emma.post(YESTERDAY, {"words": ["tense", "proud"], "person": str(sam.pk), "add_evidence": "on"})
    (piece,) = evidence(emma)
    assert (piece.kind, piece.shared, piece.happened, piece.happened_on) == (
        ("feeling", "tense, proud", "", date(2025, 11, 22))
    )
    assert piece.person == sam
    as_emma.post(YESTERDAY, {"words": ["tense"], "sentence": "I told Samira.", "add_evidence": "on"})
    (changed,) = evidence(emma)
    assert (changed.pk, changed.shared, changed.person) == (piece.pk, "I told Samira.", None)
    as_emma.post(YESTERDAY, {"words": ["tense"]})
    assert evidence(emma) == []
    assert len(feelings(emma)) == 1


def test_the_box_is_not_ticked_beforehand_and_stays_as_it_was_left(as_emma):
    def ticked() -> bool:
        return as_emma.get(YESTERDAY).context["form"]["add_evidence"].value()

    assert not ticked()
    as_emma.post(YESTERDAY, {"sentence": "I told Samira.", "add_evidence": "on"})
    assert ticked()


def test_what_was_added_to_the_evidence_by_hand_stays_when_the_feeling_is_saved_again(as_emma, emma):
    as_emma.post(YESTERDAY, {"sentence": "I told Samira.", "add_evidence": "on"})
    (piece,) = evidence(emma)
    form = {"shared": "I told Samira all of it.", "happened": "Samira listened.", "happened_on": "2025-11-22"}
    as_emma.post(f"/en/evidence/{piece.pk}/", form)
    as_emma.post(YESTERDAY, {"sentence": "I told Samira.", "intensity": "3", "add_evidence": "on"})
    (kept,) = evidence(emma)
    assert (kept.shared, kept.happened) == ("I told Samira all of it.", "Samira listened.")
    as_emma.post(YESTERDAY, {"sentence": "I told Samira."})
    as_emma.post(YESTERDAY, {"sentence": "I told Samira.", "add_evidence": "on"})
    assert evidence(emma)[0].happened == "Samira listened."


def test_evidence_that_is_unticked_can_be_put_back(as_emma, emma):
    as_emma.post(YESTERDAY, {"sentence": "I told Samira.", "add_evidence": "on"})
    (piece,) = evidence(emma)
    undo = f"/en/evidence/{piece.pk}/undo/"
    page = as_emma.post(YESTERDAY, {"sentence": "I told Samira."}, follow=True).content.decode()
    assert evidence(emma) == []
    assert undo in page
    as_emma.post(undo)
    assert evidence(emma) == [piece]
    assert as_emma.get(YESTERDAY).context["form"]["add_evidence"].value()


def test_nothing_is_said_to_be_deleted_when_no_evidence_goes(as_emma):
    for answers in ({}, {}, {"add_evidence": "on"}, {"add_evidence": "on"}):
        page = as_emma.post(YESTERDAY, {"sentence": "I told Samira."} | answers, follow=True).content.decode()
        assert "/undo/" not in page


def test_there_is_no_evidence_without_words(as_emma, emma):
    answer = as_emma.post(YESTERDAY, {"intensity": "4", "add_evidence": "on"})
    assert answer.context["form"].errors["add_evidence"]
    assert (feelings(emma), evidence(emma)) == ([], [])


def test_evidence_that_was_deleted_on_its_own_stays_away(as_emma, emma):
    as_emma.post(YESTERDAY, {"sentence": "I told Samira.", "add_evidence": "on"})
    as_emma.post(f"/en/evidence/{evidence(emma)[0].pk}/delete/")
    assert not as_emma.get(YESTERDAY).context["form"]["add_evidence"].value()
    as_emma.post(YESTERDAY, {"sentence": "I told Samira."})
    assert evidence(emma) == []


def test_deleting_takes_the_evidence_along_and_undo_brings_both_back(as_emma, emma):
    as_emma.post(YESTERDAY, {"sentence": "I told Samira.", "add_evidence": "on"})
    (row,) = feelings(emma)
    answer = as_emma.post(f"/en/feeling/{row.pk}/delete/", follow=True)
    assert f"/en/feeling/{row.pk}/undo/" in answer.content.decode()
    assert (feelings(emma), evidence(emma)) == ([], [])
    as_emma.post(f"/en/feeling/{row.pk}/undo/")
    assert (feelings(emma), [piece.shared for piece in evidence(emma)]) == ([row], ["I told Samira."])


def test_undo_does_not_bring_back_evidence_that_was_deleted_before(as_emma, emma):
    as_emma.post(YESTERDAY, {"sentence": "I told Samira.", "add_evidence": "on"})
    (row,) = feelings(emma)
    as_emma.post(f"/en/evidence/{row.evidence.pk}/delete/")
    as_emma.post(f"/en/feeling/{row.pk}/delete/")
    as_emma.post(f"/en/feeling/{row.pk}/undo/")
    assert (feelings(emma), evidence(emma)) == ([row], [])


def test_undo_gives_way_to_what_was_written_since(as_emma, emma):
    as_emma.post(YESTERDAY, {"sentence": "Before."})
    (row,) = feelings(emma)
    as_emma.post(f"/en/feeling/{row.pk}/delete/")
    as_emma.post(YESTERDAY, {"id": str(row.pk), "sentence": "After."})
    as_emma.post(f"/en/feeling/{row.pk}/undo/")
    assert [each.sentence for each in feelings(emma)] == ["After."]


def test_a_person_who_was_deleted_is_not_named(as_emma, emma):
    sam = person(emma, "Zacharias")
    as_emma.post(YESTERDAY, {"words": ["calm"], "person": str(sam.pk)})
    assert "Zacharias" in as_emma.get(YESTERDAY).content.decode()
    with acting_as(emma.pk):
        sam.discard()
    assert "Zacharias" not in as_emma.get(YESTERDAY).content.decode()


def test_someone_put_away_is_no_longer_offered_but_stays_where_they_were_chosen(as_emma, emma):
    sam = person(emma, "Zacharias")
    as_emma.post(YESTERDAY, {"words": ["calm"], "person": str(sam.pk)})
    with acting_as(emma.pk):
        sam.archived_at = timezone.now()
        sam.save()
    assert "Zacharias" not in as_emma.get(TODAY).content.decode()
    assert as_emma.post(TODAY, {"words": ["calm"], "person": str(sam.pk)}).context["form"].errors["person"]
    assert "Zacharias" in as_emma.get(YESTERDAY).content.decode()
    as_emma.post(YESTERDAY, {"words": ["open"], "person": str(sam.pk)})
    (row,) = feelings(emma)
    assert (row.words, row.person) == (["open"], sam)


def test_no_word_for_a_feeling_stands_in_the_title(as_emma):
    as_emma.post(YESTERDAY, {"words": ["angry"], "sentence": "secret"})
    title = as_emma.get(YESTERDAY).content.decode().split("<title>")[1].split("</title>")[0]
    assert title == "22 November 2025 · Notes"
