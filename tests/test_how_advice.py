"""The page on how the advice works shows the rules and the figures that are really used."""

import inspect
import re
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from exercises.dimmer import advice

FIGURES = {name: value for name, value in vars(advice).items() if name.isupper() and isinstance(value, int)}
OTHERS = {name: 1009 + 100 * number for number, name in enumerate(FIGURES)}  # found nowhere else
CODE = re.compile(r'"([A-Z]\d)"')
languages = pytest.mark.parametrize("language", ["nl", "en"])


def drawn(figures: dict[str, Any], language: str) -> str:
    """The words in <main>, with these figures in place of those of advice.py."""
    request = RequestFactory().get(f"/{language}/dimmer/how-advice-works/")
    request.user = AnonymousUser()
    with translation.override(language):
        page = render_to_string("dimmer/how_advice.html", {"advice": SimpleNamespace(**figures)}, request)
    return main(page)


def main(page: str) -> str:
    return re.sub(r"<[^>]+>", " ", page[page.index("<main") : page.index("</main>")])


def numbers(text: str) -> set[int]:
    return set(map(int, re.findall(r"\d+", text)))


def test_there_are_figures_and_rules_to_look_for():
    assert {"STEP", "CEILING", "LONG_AGO", "LOW_CHANCE"} <= FIGURES.keys()
    assert {"S0", "N2", "O0", "R1", "H2"} <= set(CODE.findall(inspect.getsource(advice)))


@languages
def test_every_figure_of_the_advice_is_shown(as_emma, language):
    page = as_emma.get(f"/{language}/dimmer/how-advice-works/")
    assert page.status_code == 200
    assert set(FIGURES.values()) <= numbers(main(page.text))


@languages
def test_no_figure_is_typed_into_the_text_so_that_it_cannot_become_untrue(language):
    derived = {2 * OTHERS["STEP"], 100}  # two steps lower at once; and 100, which is the whole of the dimmer
    assert numbers(drawn(OTHERS, language)) == set(OTHERS.values()) | derived


@languages
def test_every_rule_has_its_place_so_that_a_reason_can_lead_to_it(as_emma, language):
    page = as_emma.get(f"/{language}/dimmer/how-advice-works/").text
    assert set(re.findall(r'id="([A-Z]\d)"', page)) == set(CODE.findall(inspect.getsource(advice)))


def test_the_rules_stand_in_the_order_in_which_they_are_tried(as_emma):
    page = as_emma.get("/en/dimmer/how-advice-works/").text
    shown = [letter for letter, _each in groupby(code[0] for code in re.findall(r'id="([A-Z]\d)"', page))]
    tried = [CODE.findall(inspect.getsource(rule))[0][0] for rule in advice.RULES]
    assert shown == ["S", "A", *tried, "H"]


@languages
def test_only_reading_is_possible_here_and_by_someone_who_has_started(client, as_emma, language):
    address = f"/{language}/dimmer/how-advice-works/"
    assert client.get(address).status_code == 302
    assert as_emma.post(address).status_code == 405
