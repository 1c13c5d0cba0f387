"""How easily the course reads, and that it is measured as it says."""

from io import StringIO

import pytest
from django.core.management import call_command

from exercises.course.pages import course
from exercises.course.readability import (
    EASY,
    LONG,
    TOO_LONG,
    beside,
    flesch,
    paragraphs,
    practice,
    prose,
    reading,
    sentences,
    syllables,
)

LANGUAGES = ("nl", "en")
MODULES = [(language, module) for language in LANGUAGES for module in course(language).modules]
BESIDE = [(language, slug, page) for language in LANGUAGES for slug, page in course(language).pages.items()]

COUNTED = {
    "nl": {
        1: "u fiets jij zie mooi leeuw nieuw één Eén jouw 10",
        2: "vertrouwt schaamte moeilijk draaien cadeau zoiets gezien oké baby gooien nieuwe bewijs",
        3: "theater ideeën beoefen reactie eigenlijk familie vriendelijk opluchting weggeknipt",
        4: "situatie spraakberichten onzekerheid",
        5: "emotioneel geïnteresseerd",
    },
    "en": {
        1: "make makes asked called laughed loved don't we've eye safe tired the you used",
        2: "table houses wanted lonely something being quiet beyond didn't people saying café handled wishes",
        3: "anyone curious attention exposure disappoint family another",
        4: "vulnerable psychologist apologise everyone",
    },
}


@pytest.mark.parametrize(("language", "module"), MODULES, ids=lambda value: getattr(value, "slug", value))
def test_every_module_reads_easily_and_has_no_sentence_that_is_too_long(language, module):
    for texts in (prose(module), practice(module)):
        found = reading(texts, language)
        assert found.figure >= EASY
        assert found.over(TOO_LONG) == []


@pytest.mark.parametrize(
    ("language", "slug", "page"), BESIDE, ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_page_beside_the_course_has_a_sentence_that_is_too_long(language, slug, page):
    found = reading(beside(page), language)
    assert found.words > 100
    assert found.over(TOO_LONG) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_syllables_are_counted_as_one_hears_them(language):
    for count, words in COUNTED[language].items():
        assert [word for word in words.split() if syllables(word, language) != count] == []


def test_the_figures_are_the_formulas():
    assert flesch(100, 10, 150, "nl") == pytest.approx(206.8 - 0.77 * 150 - 0.93 * 10)
    assert flesch(100, 10, 150, "en") == pytest.approx(206.835 - 1.015 * 10 - 84.6 * 1.5)


def test_a_long_sentence_of_long_words_reads_worse_than_the_course():
    hard = "De onvoorwaardelijke bereidwilligheid tot wederzijdse openhartigheid veronderstelt " * 4
    assert reading([hard], "nl").figure < EASY
    assert reading([hard], "nl").over(TOO_LONG) != []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Het is laat. Ze gaat.", ["Het is laat.", "Ze gaat."]),
        ("'Wat vind jij?' vraagt de ander. 'Niks.'", ["'Wat vind jij?' vraagt de ander.", "'Niks.'"]),
        (
            "Ze stuurt: 'O, niks. Het loopt zo.' Dan is het stil.",
            ["Ze stuurt: 'O, niks.", "Het loopt zo.'", "Dan is het stil."],
        ),
        ("Psycholoog dr. Leslie Becker-Phelps legt het uit.", ["Psycholoog dr. Leslie Becker-Phelps legt het uit."]),
        ("Dr. Leslie said so, i.e. She wrote it.", ["Dr. Leslie said so, i.e. She wrote it."]),
        ("She said no. But she stayed!", ["She said no.", "But she stayed!"]),
        ("Er zijn 2 dingen. 10% meer is 1.5 keer genoeg…", ["Er zijn 2 dingen.", "10% meer is 1.5 keer genoeg…"]),
        ("without an end", ["without an end"]),
        ("", []),
    ],
)
def test_a_text_is_cut_where_a_sentence_ends(text, found):
    assert sentences(text) == found


def test_headings_count_for_nothing_and_each_item_by_itself():
    html = "<h2 id='x'>A <em>short</em> one</h2><p>One &amp; two\nthree.</p><ul><li>four five</li><li>six</li></ul>"
    assert paragraphs(html) == ["One & two three.", "four five", "six"]
    assert [count for count, _sentence in reading(paragraphs(html), "en").sentences] == [3, 2, 1]


def test_the_command_prints_words_minutes_and_figure_of_each_module_without_a_database():
    out = StringIO()
    call_command("readability", stdout=out)
    for language, module in MODULES:
        line = next(line for line in out.getvalue().splitlines() if line.startswith(f"{language}  {module.number} "))
        assert module.slug in line
        assert f"{module.minutes} min" in line
    listed = [line for line in out.getvalue().splitlines() if "words:" in line]
    texts = [(language, each(module)) for language, module in MODULES for each in (prose, practice)]
    texts += [(language, beside(page)) for language, _slug, page in BESIDE]
    assert len(listed) == sum(len(reading(text, language).over(LONG)) for language, text in texts)
