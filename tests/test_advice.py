"""The advice, from the rules as they were written down: each row of their table, and what holds on any history."""

import ast
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.dimmer import advice
from exercises.dimmer.advice import suggest

TODAY = date(2026, 11, 23)
LEVELS = range(10, 101, 10)
RULES = {"S0", "S1", "A0", "N1", "N2", "O0", "O1", "O2", "G1", "C1", "C2", "B1", "B2", "H1", "V1", "R1", "H2"}
HISTORIES = settings(max_examples=400, deadline=None)  # for each of nine properties; the comparison runs 2,000 more


@dataclass(frozen=True, slots=True)
class Step:
    """A step as the advice may see it: figures and choices, no words. Clean as it stands, and no reason to raise yet."""

    level: int = 20
    day: date | None = TODAY - timedelta(days=1)
    done: str | None = "full"
    fear_expected: int | None = 4
    fear_peak: int | None = 5
    fear_after: int | None = 3
    chance: int | None = 60
    came_true: str | None = "no"
    bore_it: str | None = "yes"
    habits: int | None = 0
    reaction: str | None = "ok"
    too_much: bool | None = False
    chance_next: int | None = 50


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def at(level: int, **said) -> Step:
    return Step(level, **said)


NOT_DONE = {"done": "no", "fear_peak": None, "fear_after": None, "came_true": None, "bore_it": None}
EDITED = {"habits": 2}
STORM = {"fear_peak": 9, "fear_after": 8}
TOO_MUCH = {"too_much": True}
TRUE = {"came_true": "yes"}
SURE = {"chance_next": 20}  # nearly sure that it will not happen

# the table of the brief, then its rules one by one: history, ceiling, move, level, rule
TABLE = {
    "20 clean": ([at(20)], 60, "repeat", 20, "H2"),
    "20 clean, chance next time 15": ([at(20, chance_next=15)], 60, "raise", 30, "R1"),
    "20 clean, clean": ([at(20), at(20)], 60, "raise", 30, "R1"),
    "30 peak 9, after 4, hard": ([at(30, fear_peak=9, fear_after=4, bore_it="hard")], 60, "repeat", 30, "H1"),
    "30 peak 9, after 8": ([at(30, **STORM)], 60, "lower", 20, "O1"),
    "40 not borne, 30, 30 too much": ([at(40, bore_it="no"), at(30), at(30, **TOO_MUCH)], 60, "lower", 10, "O2"),
    "40 not done twice": ([at(40, **NOT_DONE), at(40, **NOT_DONE)], 60, "lower", 30, "N2"),
    "30 came true, bore it": ([at(30, **TRUE)], 60, "repeat", 30, "C1"),
    "30 true, no, true": ([at(30, **TRUE), at(30), at(30, **TRUE)], 60, "lower", 20, "C2"),
    "30 joke and cut off": ([at(30, **EDITED)], 60, "repeat", 30, "B1"),
    "30 edited twice": ([at(30, **EDITED), at(30, **EDITED)], 60, "lower", 20, "B2"),
    "20 punished": ([at(20, reaction="punish")], 60, "pause", None, "S1"),
    # nothing yet
    "nothing yet": ([], 60, "start", 10, "A0"),
    "nothing yet, and the lowest ceiling": ([], 10, "start", 10, "A0"),
    # not done
    "not done once": ([at(40), at(40, **NOT_DONE)], 60, "repeat", 40, "N1"),
    "not done, done, not done": ([at(40, **NOT_DONE), at(40), at(40, **NOT_DONE)], 60, "repeat", 40, "N1"),
    "not done twice, the stand changed": ([at(50, **NOT_DONE), at(30, **NOT_DONE)], 60, "lower", 20, "N2"),
    "not done twice at the floor": ([at(10, **NOT_DONE), at(10, **NOT_DONE)], 60, "repeat", 10, "N2"),
    "not done, long ago": ([at(40, **NOT_DONE, day=days_ago(90))], 60, "repeat", 40, "N1"),
    "not done, and thinking of it was too much": ([at(40, **NOT_DONE, **TOO_MUCH)], 60, "repeat", 40, "N1"),
    "not done, above the ceiling": ([at(80, **NOT_DONE)], 60, "repeat", 80, "N1"),
    # too much
    "too much": ([at(30, **TOO_MUCH)], 60, "lower", 20, "O1"),
    "not borne": ([at(30, bore_it="no")], 60, "lower", 20, "O1"),
    "done in part, and too much": ([at(30, done="part", **TOO_MUCH)], 60, "lower", 20, "O1"),
    "peak 9, after 7": ([at(30, fear_peak=9, fear_after=7)], 60, "repeat", 30, "H1"),
    "peak 8, after 8": ([at(30, fear_peak=8, fear_after=8)], 60, "repeat", 30, "H2"),
    "too much twice": ([at(60, **TOO_MUCH), at(50, **STORM)], 60, "lower", 30, "O2"),
    "too much, not done, too much": ([at(50, **STORM), at(40, **NOT_DONE), at(40, **STORM)], 60, "lower", 20, "O2"),
    "too much, but the time before is four ago": (
        [at(40, **TOO_MUCH), at(40), at(40), at(40, **TOO_MUCH)],
        60,
        "lower",
        30,
        "O1",
    ),
    "too much twice, but not this time": ([at(40, **TOO_MUCH), at(30, **TOO_MUCH), at(20)], 60, "repeat", 20, "H2"),
    "too much twice, at 20": ([at(30, **TOO_MUCH), at(20, **TOO_MUCH)], 60, "lower", 10, "O2"),
    "too much at the floor": ([at(10, **TOO_MUCH)], 60, "repeat", 10, "O0"),
    "too much twice, at the floor": ([at(10, **TOO_MUCH), at(10, **TOO_MUCH)], 60, "repeat", 10, "O0"),
    "too much, long ago": ([at(30, **TOO_MUCH, day=days_ago(90))], 60, "lower", 20, "O1"),
    "too much, and it came true": ([at(30, **TOO_MUCH, **TRUE)], 60, "lower", 20, "O1"),
    # a while ago
    "21 days ago": ([at(20, **SURE, day=days_ago(21))], 60, "raise", 30, "R1"),
    "22 days ago": ([at(20, **SURE, day=days_ago(22))], 60, "repeat", 20, "G1"),
    "22 days ago, and it came true": ([at(30, **TRUE, day=days_ago(22))], 60, "repeat", 30, "G1"),
    "22 days ago, at the ceiling": ([at(60, day=days_ago(22))], 60, "repeat", 60, "G1"),
    # it came true
    "came true, long before": ([at(30, **TRUE), at(30), at(30), at(30, **TRUE)], 60, "repeat", 30, "C1"),
    "came true, not done, no, true": (
        [at(30, **TRUE), at(30, **NOT_DONE), at(30), at(30, **TRUE)],
        60,
        "lower",
        20,
        "C2",
    ),
    "came true twice, at the floor": ([at(10, **TRUE), at(10, **TRUE)], 60, "repeat", 10, "C2"),
    "came true twice, but not this time": ([at(30, **TRUE), at(30, **TRUE), at(30)], 60, "repeat", 30, "H2"),
    "came true in part is no coming true": ([at(30, came_true="part", **SURE)], 60, "raise", 40, "R1"),
    "came true, at the ceiling": ([at(60, **TRUE)], 60, "repeat", 60, "C1"),
    "came true, and edited": ([at(30, **TRUE, **EDITED)], 60, "repeat", 30, "C1"),
    # made smaller by habits
    "done in part": ([at(30, done="part")], 60, "repeat", 30, "B1"),
    "one habit is no editing": ([at(30, habits=1, **SURE)], 60, "raise", 40, "R1"),
    "edited twice, at two stands": ([at(20, **EDITED), at(30, **EDITED)], 60, "repeat", 30, "B1"),
    "edited, clean, edited": ([at(30, **EDITED), at(30), at(30, **EDITED)], 60, "repeat", 30, "B1"),
    "edited, not done, edited": ([at(30, **EDITED), at(30, **NOT_DONE), at(30, **EDITED)], 60, "repeat", 30, "B1"),
    "edited twice, at the floor": ([at(10, **EDITED), at(10, done="part")], 60, "repeat", 10, "B2"),
    "edited, at the ceiling": ([at(60, **EDITED)], 60, "repeat", 60, "B1"),
    # very tense, and bearable
    "peak 9, bearable, nearly sure": ([at(30, fear_peak=9, **SURE)], 60, "repeat", 30, "H1"),
    "peak 10, at the ceiling": ([at(60, fear_peak=10)], 60, "repeat", 60, "H1"),
    # enough
    "at the ceiling": ([at(60), at(60)], 60, "vary", 60, "V1"),
    "above the ceiling": ([at(80, **SURE)], 60, "vary", 60, "V1"),
    "at 100": ([at(100, **SURE)], 100, "vary", 100, "V1"),
    "just below the ceiling": ([at(50, **SURE)], 60, "raise", 60, "R1"),
    # what a raise rests on
    "peak 3": ([at(20, fear_peak=3)], 60, "raise", 30, "R1"),
    "peak 4": ([at(20, fear_peak=4)], 60, "repeat", 20, "H2"),
    "chance next time 20": ([at(20, chance_next=20)], 60, "raise", 30, "R1"),
    "chance next time 21": ([at(20, chance_next=21)], 60, "repeat", 20, "H2"),
    "peak 8, twice, at two stands": ([at(10, fear_peak=8), at(20, fear_peak=8)], 60, "repeat", 20, "H2"),
    "borne with difficulty, twice": ([at(20, bore_it="hard"), at(20, bore_it="hard")], 60, "raise", 30, "R1"),
    "peak 8 and still tense, twice": ([at(20, fear_peak=8, fear_after=8)] * 2, 60, "raise", 30, "R1"),
    "clean at two stands": ([at(10), at(20)], 60, "repeat", 20, "H2"),
    "clean, not done, clean": ([at(20), at(20, **NOT_DONE), at(20)], 60, "repeat", 20, "H2"),
    "clean, edited, clean": ([at(20), at(20, **EDITED), at(20)], 60, "repeat", 20, "H2"),
    "clean, another stand, clean": ([at(20), at(30), at(20)], 60, "repeat", 20, "H2"),
    "a cold reaction": ([at(20, reaction="cold", **SURE)], 60, "raise", 30, "R1"),
    # punished, at any time
    "punished long ago": ([at(20, reaction="punish", day=days_ago(400)), *[at(20)] * 5], 60, "pause", None, "S1"),
    "punished, not done": ([at(20, **NOT_DONE, reaction="punish")], 60, "pause", None, "S1"),
}


@pytest.mark.parametrize(("attempts", "ceiling", "move", "level", "rule"), TABLE.values(), ids=TABLE)
def test_each_history_gets_the_advice_that_the_rules_say(attempts, ceiling, move, level, rule):
    told = suggest(attempts, ceiling=ceiling, today=TODAY)
    assert (told.move, told.level, told.rule) == (move, level, rule)


def test_enough_is_60_unless_somebody_says_otherwise():
    assert suggest([at(60)], today=TODAY).rule == "V1"
    assert suggest([at(50, **SURE)], today=TODAY).level == 60


def test_whoever_is_not_safe_now_or_stopped_by_a_sign_gets_no_step_even_before_the_first_one():
    assert suggest([], today=TODAY, person_stopped=True).move == "pause"
    assert suggest([], today=TODAY, unsafe_now=True, person_stopped=True).move == "help"


RAISED = {
    "clean twice": [at(20), at(20)],
    "hardly tense": [at(20, fear_peak=3)],
    "nearly sure that it will not happen": [at(20, **SURE)],
}
RESTS_ON = {
    "done": "H1",
    "came_true": "H1",
    "bore_it": "H1",
    "habits": "H1",
    "fear_peak": "H1",
    "too_much": "H1",
    "day": "G1",
}


@pytest.mark.parametrize(("missing", "rule"), RESTS_ON.items())
@pytest.mark.parametrize("attempts", RAISED.values(), ids=RAISED)
def test_a_raise_waits_for_every_answer_that_it_rests_on(attempts, missing, rule):
    assert suggest(attempts, today=TODAY).rule == "R1"
    told = suggest([*attempts[:-1], replace(attempts[-1], **{missing: None})], today=TODAY)
    assert (told.move, told.level, told.rule) == ("repeat", 20, rule)


@pytest.mark.parametrize("missing", [name for name in RESTS_ON if name != "day"])
def test_a_step_of_which_an_answer_is_missing_is_no_second_clean_one(missing):
    assert suggest([replace(at(20), **{missing: None}), at(20)], today=TODAY).rule == "H2"


# Generated histories: all kinds of answers, around one stand, in any rhythm.

CLEAN = st.builds(
    Step,
    level=st.sampled_from((0, 0, 0, -10)),  # steps away from where the history begins
    fear_peak=st.sampled_from((5, 3, 8, 9)),
    came_true=st.sampled_from(("no", "no", "part", "yes")),
    bore_it=st.sampled_from(("yes", "hard")),
    habits=st.sampled_from((0, 1)),
    chance_next=st.sampled_from((50, 20, 0, None)),
)
ANY = st.builds(
    Step,
    level=st.sampled_from((0, 0, 10, -10, 40)),
    day=st.sampled_from((TODAY, TODAY, TODAY, None)),
    done=st.sampled_from(("full", "full", "part", "no", "no", None)),
    fear_expected=st.none() | st.integers(0, 10),
    fear_peak=st.none() | st.integers(0, 10),
    fear_after=st.none() | st.integers(0, 10),
    chance=st.none() | st.integers(0, 100),
    came_true=st.sampled_from(("no", "no", "part", "yes", None)),
    bore_it=st.sampled_from(("yes", "yes", "hard", "no", None)),
    habits=st.none() | st.integers(0, 4),
    reaction=st.sampled_from(("ok", "ok", "ok", "cold", "unknown", None, "punish")),
    too_much=st.sampled_from((False, False, False, True, None)),
    chance_next=st.none() | st.integers(0, 100),
)
AGES = st.sampled_from((0, 1, 3, 7, 14, 21, 22, 60))  # days
RARELY = st.sampled_from([False] * 9 + [True])


@st.composite
def histories(draw) -> list[Step]:
    """Up to five steps, the oldest first."""
    steps = draw(st.lists(CLEAN | ANY, max_size=5))
    begin = draw(st.sampled_from(LEVELS))
    ages = sorted((draw(AGES) for _step in steps), reverse=True)
    return [
        replace(step, level=min(max(begin + step.level, 10), 100), day=step.day and days_ago(age))
        for step, age in zip(steps, ages, strict=True)
    ]


SITUATIONS = st.fixed_dictionaries(
    {"ceiling": st.sampled_from(LEVELS), "person_stopped": RARELY, "unsafe_now": RARELY, "today": st.just(TODAY)}
)


# The rules once more, in the words of the brief, to compare with.


def overload(a: Step) -> bool:
    storm = (a.fear_peak or 0) >= 9 and (a.fear_after or 0) >= 8
    return a.done != "no" and (a.too_much is True or a.bore_it == "no" or storm)


def edited(a: Step) -> bool:
    return a.done != "no" and (a.done == "part" or (a.habits or 0) >= 2)


def clean(a: Step) -> bool:
    known = None not in (a.done, a.bore_it, a.came_true, a.habits, a.fear_peak, a.too_much)
    fine = a.done == "full" and a.bore_it != "no" and a.came_true != "yes" and not edited(a)
    return known and fine and a.fear_peak <= 8 and not a.too_much


def lowered(level: int, by: int) -> tuple[str, int]:
    return ("repeat", 10) if level == 10 else ("lower", max(level - by, 10))


def matching(
    attempts: Sequence[Step], ceiling: int, today: date, person_stopped: bool, unsafe_now: bool
) -> Iterator[tuple]:
    """Every rule that matches, as move, level and rule, in the order of the brief."""
    if unsafe_now:
        yield "help", None, "S0"
    if person_stopped or any(a.reaction == "punish" for a in attempts):
        yield "pause", None, "S1"
    yield from after(attempts, ceiling, today) if attempts else [("start", 10, "A0")]


def after(attempts: Sequence[Step], ceiling: int, today: date) -> Iterator[tuple]:
    """Of the rules about the last step, those that match."""
    last = attempts[-1]
    same, before = last.level, attempts[-2] if attempts[1:] else None
    if last.done == "no":
        twice = before is not None and before.done == "no"
        yield (*lowered(same, 10), "N2") if twice else ("repeat", same, "N1")
    if overload(last):
        if same == 10:
            yield "repeat", 10, "O0"
        yield (*lowered(same, 20), "O2") if sum(map(overload, attempts[-3:])) >= 2 else (*lowered(same, 10), "O1")
    if last.day is None or (today - last.day).days > 21:
        yield "repeat", same, "G1"
    if last.came_true == "yes":
        often = [a.came_true for a in attempts if a.done != "no"][-3:].count("yes") >= 2
        yield (*lowered(same, 10), "C2") if often else ("repeat", same, "C1")
    if edited(last):
        again = before is not None and edited(before) and before.level == same
        yield (*lowered(same, 10), "B2") if again else ("repeat", same, "B1")
    if not clean(last):
        yield "repeat", same, "H1"
    if same >= ceiling:
        yield "vary", ceiling, "V1"
    in_a_row = before is not None and clean(before) and before.level == same
    if in_a_row or last.fear_peak <= 3 or (last.chance_next is not None and last.chance_next <= 20):
        yield "raise", same + 10, "R1"
    yield "repeat", same, "H2"


def test_on_any_history_the_first_rule_that_matches_wins():
    seen: Counter[str] = Counter()

    @settings(HISTORIES, max_examples=2000)
    @given(histories(), SITUATIONS)
    def compare(attempts, situation):
        told = suggest(attempts, **situation)
        assert (told.move, told.level, told.rule) == next(matching(attempts, **situation))
        seen[told.rule] += 1

    compare()
    assert seen.keys() == RULES


@HISTORIES
@given(histories(), SITUATIONS)
def test_a_raise_is_ten_more_after_a_clean_step_and_never_above_what_is_enough(attempts, situation):
    told = suggest(attempts, **situation)
    if told.move == "raise":
        assert told.level == attempts[-1].level + 10 <= situation["ceiling"]
        assert clean(attempts[-1])


@HISTORIES
@given(histories(), SITUATIONS, st.sampled_from((TOO_MUCH, {"bore_it": "no"}, STORM)))
def test_what_was_too_much_never_leads_to_a_raise(attempts, situation, how):
    last = attempts[-1] if attempts else Step()
    told = suggest([*attempts[:-1], replace(last, done="full", **how)], **situation)
    assert told.move in {"lower", "repeat", "pause", "help"}
    assert told.level is None or told.level <= last.level


@HISTORIES
@given(histories(), SITUATIONS)
def test_each_move_does_what_its_name_says(attempts, situation):
    told = suggest(attempts, **situation)
    stand = attempts[-1].level if attempts else None
    does = {
        "start": told.level == 10 and stand is None,
        "raise": stand is not None and told.level == stand + 10,
        "repeat": told.level == stand is not None,
        "lower": stand is not None and told.level in LEVELS and told.level < stand,
        "vary": stand is not None and told.level == situation["ceiling"] <= stand,
        "pause": told.level is None,
        "help": told.level is None,
    }
    assert does[told.move]


@HISTORIES
@given(histories(), SITUATIONS, st.data())
def test_someone_who_punished_or_has_a_stop_sign_is_paused_whatever_else_there_is(attempts, situation, data):
    situation |= {"unsafe_now": False}
    assert suggest(attempts, **situation | {"person_stopped": True}).move == "pause"
    if attempts:
        when = data.draw(st.integers(0, len(attempts) - 1))
        attempts[when] = replace(attempts[when], reaction="punish")
        assert suggest(attempts, **situation).move == "pause"


@HISTORIES
@given(histories(), SITUATIONS)
def test_whoever_is_not_safe_now_is_sent_to_help_whatever_else_there_is(attempts, situation):
    assert suggest(attempts, **situation | {"unsafe_now": True}).move == "help"


# Only the reaction says 'punish', and that pauses until it is taken back: nothing that is asked for a raise.
CAN_BE_UNKNOWN = [field.name for field in fields(Step) if field.name not in ("level", "reaction")]


@HISTORIES
@given(histories(), SITUATIONS)
def test_knowing_less_never_turns_other_advice_into_a_raise(attempts, situation):
    if suggest(attempts, **situation).move == "raise":
        return
    for n, step in enumerate(attempts):
        for name in CAN_BE_UNKNOWN:
            less = [*attempts[:n], replace(step, **{name: None}), *attempts[n + 1 :]]
            assert suggest(less, **situation).move != "raise", (n, name)


@HISTORIES
@given(histories(), SITUATIONS, st.none() | st.integers(0, 10), st.none() | st.integers(0, 10))
def test_neither_calm_afterwards_nor_what_was_predicted_earns_anything(attempts, situation, after, expected):
    told = suggest(attempts, **situation)
    others = [
        replace(a, fear_expected=expected, chance=None, fear_after=a.fear_after if (a.fear_peak or 0) >= 9 else after)
        for a in attempts
    ]
    other = suggest(others, **situation)
    assert (other.move, other.level, other.rule) == (told.move, told.level, told.rule)


@HISTORIES
@given(histories(), SITUATIONS)
def test_the_same_history_always_gets_the_same_advice_and_stays_as_it_was(attempts, situation):
    before = list(attempts)
    assert suggest(attempts, **situation) == suggest(tuple(attempts), **situation)
    assert attempts == before


@HISTORIES
@given(histories(), SITUATIONS)
def test_the_facts_are_figures_that_can_be_stored_and_no_words(attempts, situation):
    facts = suggest(attempts, **situation).facts
    assert json.loads(json.dumps(facts)) == facts
    assert all(value is None or isinstance(value, (bool, int, float)) for value in facts.values())


def test_the_facts_of_a_raise_are_the_numbers_of_its_sentence():
    steps = [at(10, **TRUE), at(20, **TRUE), at(20, **NOT_DONE), at(20, chance=80), at(20, chance=70)]
    told = suggest(steps, today=TODAY)
    said = {"level": 20, "times": 3, "came_true": 1, "chance": 70}
    assert told.rule == "R1"
    assert said.items() <= told.facts.items()


def test_the_advice_rests_on_nothing_but_the_language_itself_and_never_on_chance_or_a_clock():
    tree = ast.parse(Path(advice.__file__).read_text(encoding="utf-8"))
    wanted: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            wanted.add((node.module or "").split(".")[0])
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert wanted <= sys.stdlib_module_names - {"random", "secrets", "time", "os", "importlib"}
    assert called.isdisjoint({"today", "now", "utcnow", "fromtimestamp"})
