"""What someone who turns an article into a course may rely on: nothing is lost unseen, and nothing is written over."""

import base64
import os
import re
import resource
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from html import escape
from io import StringIO
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup, Tag
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from exercises.course.importing.blocks import CannotImport, plain
from exercises.course.importing.reading import LARGEST, read
from exercises.course.importing.shaping import Shape, shape
from exercises.course.importing.writing import course_yaml, drafts
from exercises.course.pages import CONTENT, Source
from tests.docx import docx, paragraph, table
from tests.running import manage

ARTICLES = Path(__file__).parent / "articles"


def imported(file: Path, language: str = "en", **options) -> str:
    said = StringIO()
    call_command("import_article", str(file), language=language, stdout=said, **options)
    return said.getvalue()


@pytest.fixture
def article(tmp_path: Path) -> Callable:
    """Writes an article and returns what becomes of it."""

    def made(text: str | bytes, name: str = "article.txt") -> Shape:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return shape(read(file))

    return made


def headings(shaped: Shape) -> list[str]:
    return [section.heading for section in shaped.sections]


def reasons(shaped: Shape) -> set[str]:
    return {left.why for left in shaped.left}


def body_of(blocks) -> str:
    """All text of an answer on one line."""
    return " ".join(map(plain, blocks))


def body(shaped: Shape, number: int = 0) -> str:
    """The Markdown of one module."""
    return list(drafts(shaped, "en").values())[number].partition("\n---\n")[2].strip()


# Articles of a magazine's length

REST = [
    "Leren rusten als je altijd aanstaat",
    "Waarom stilzitten zo onrustig voelt",
    "Moe zijn is niet één ding",
    "Klein beginnen, kleiner dan je denkt",
    "Wat je tegen jezelf zegt op de bank",
    "Rust met anderen erbij",
    "Wat het oplevert en wat niet",
]
HELP = [
    "The small art of asking for help at work",
    "Why a question feels so expensive",
    "What silence costs",
    "How to ask so that it is easy to answer",
    "When the answer is a sigh",
    "One question a day",
]
TOWN = [
    "The first hundred days in a town where nobody knows you",
    "The loneliness that nobody warns you about",
    "Become a regular before you become a friend",
    "Let somebody see the half-finished you",
    "What to keep from where you came from",
    "When it does not work",
]


def town_in_word() -> bytes:
    """The Markdown article as a Word document."""
    markdown = (ARTICLES / "new-in-town.md").read_text().split("---\n", 2)[2]
    page = BeautifulSoup(MarkdownIt("commonmark").enable("table").render(markdown), "html.parser")
    return docx(part for tag in page.find_all(True, recursive=False) for part in in_word(tag))


def in_word(tag: Tag, numbering: int = 0, depth: int = -1) -> Iterator[str]:
    styles = {"h1": "Title", "h2": "heading 1", "h3": "heading 2"}
    if tag.name in ("ul", "ol", "li", "blockquote"):
        numbering, depth = {"ul": 1, "ol": 2}.get(tag.name, numbering), depth + (tag.name in ("ul", "ol"))
        own = [
            child for child in tag.children if not (isinstance(child, Tag) and child.name in ("ul", "ol", "li", "p"))
        ]
        if tag.name == "li":
            yield paragraph(runs(own), "", numbering, depth)
        for child in tag.find_all(["ul", "ol", "li", "p"], recursive=False):
            yield from [paragraph(runs(child), "Quote")] if child.name == "p" else in_word(child, numbering, depth)
    elif tag.name == "table":
        yield table([[runs(cell) for cell in row.find_all(["td", "th"])] for row in tag.find_all("tr")])
    elif tag.name != "hr":
        yield paragraph(runs(tag), styles.get(tag.name, ""))


def runs(nodes: Iterable) -> list[tuple[str, str]]:
    marks = {"em": "i", "strong": "b"}
    return [(" ".join(f"x{node.get_text()}x".split())[1:-1], marks.get(node.name, "")) for node in nodes]


@pytest.fixture(params=["leren-rusten.txt", "asking-for-help.html", "new-in-town.md", "new-in-town.docx"])
def real(request, tmp_path: Path) -> tuple[Path, str, list[str], int, int]:
    """An article, its language, and what its author would expect: the modules, the key points and the questions."""
    language, modules, points, questions = {
        "leren-rusten": ("nl", REST, 3, 4),
        "asking-for-help": ("en", HELP, 0, 3),
        "new-in-town": ("en", TOWN, 4, 3),
    }[request.param.partition(".")[0]]
    file = ARTICLES / request.param
    if file.suffix == ".docx":
        file = tmp_path / request.param
        file.write_bytes(town_in_word())
    return file, language, modules, points, questions


def test_an_article_becomes_the_modules_points_and_questions_that_its_author_sees_in_it(real):
    file, _language, modules, points, questions = real
    shaped = shape(read(file))
    assert headings(shaped) == modules
    assert len(shaped.points.rows if shaped.points else ()) == points
    assert len(shaped.questions.asked if shaped.questions else ()) == questions


def test_the_drafts_lack_only_what_says_todo(real, tmp_path):
    file, language, modules, points, questions = real
    imported(file, language, into=str(tmp_path / "out"), course="new")
    made = sorted((tmp_path / "out/new" / language).glob("*.md"))
    assert len(made) == len(modules) + bool(points) + bool(questions)
    for draft in made:
        source = Source(draft, language)
        lines = draft.read_text().split("\n")
        assert len(source.faults) == draft.read_text().count("TODO") > 0
        for fault in source.faults:
            assert "left to fill in" in fault.text
            assert "TODO" in lines[fault.line - 1]


def test_the_drafts_are_sound_once_the_todos_are_filled_in(real, tmp_path):
    file, language, *_ = real
    imported(file, language, into=str(tmp_path / "out"), course="new")
    for draft in sorted((tmp_path / "out/new" / language).glob("*.md")):
        draft.write_text(draft.read_text().replace("TODO: ", ""))
        source = Source(draft, language)
        assert source.faults == []
        assert source.module().words > 50 if source.number else source.page().items


def test_a_dry_run_tells_each_heading_its_words_and_minutes_and_writes_nothing(real, tmp_path):
    file, language, modules, *_ = real
    there = sorted(tmp_path.iterdir())
    said = imported(file, language, into=str(tmp_path), dry_run=True)
    assert sorted(tmp_path.iterdir()) == there
    for heading in modules:
        assert re.search(rf"^  {re.escape(heading)} · \d+ words, \d+ min", said, re.MULTILINE)
    assert "Left out: " in said


def test_the_words_told_are_those_of_the_modules(tmp_path):
    said = imported(ARTICLES / "leren-rusten.txt", "nl", into=str(tmp_path), course="rust")
    told = [int(count) for count in re.findall(r" · (\d+) words", said)]
    files = sorted((tmp_path / "rust/nl").glob("[0-9]*.md"))
    for file in files:
        file.write_text(file.read_text().replace("TODO: ", ""))
    assert told == [Source(file, "nl").module().words for file in files]


def test_lists_quotes_and_tables_stay_what_they_are(article):
    html = body(article((ARTICLES / "asking-for-help.html").read_bytes(), "a.html"), 3)
    assert "| Instead of | Try |\n| --- | --- |\n| Can I pick your brain? |" in html
    assert "\n## Say how much you need\n" in html
    town = article((ARTICLES / "new-in-town.md").read_bytes(), "a.md")
    assert "> Ines, 29, moved for a post at a school" in body(town, 1)
    assert "1. One place where you are **served**: a café" in body(town, 2)
    assert "- it asks for something small\n  - something the other person" in body(town, 2)
    rest = article((ARTICLES / "leren-rusten.txt").read_bytes())
    assert "- Je hoofd: je leest een zin drie keer, je vergeet wat je ging doen\n- Je gevoel" in body(rest, 2)
    assert "\n4. Merk op wat je ging doen" in body(rest, 3)
    assert "> Rusten is niet wat er overblijft" in body(rest, 4)


def test_what_a_web_page_leaves_behind_is_left_out_and_told():
    said = imported(ARTICLES / "asking-for-help.html", dry_run=True)
    left = said.partition("Left out: ")[2]
    for trace in (
        "Facebook",
        "Moss says",
        "Lunch in your inbox",
        "Read also",
        "Two mugs",
        "Priya",
        "All rights reserved",
    ):
        assert trace in left
    assert "never shown" not in said


def test_an_interview_keeps_its_pulled_quotes_apart_and_its_short_questions_together():
    shaped = shape(read(ARTICLES / "pianostemmer.txt"))
    assert headings(shaped) == ["‘Een piano liegt nooit lang’"]
    text = body(shaped)
    assert text.startswith("Pianostemmer Wietske Haagsma over luisteren")
    assert "> “Angst heeft fantasie”" in text
    assert text.endswith("Haar stemboekje is niet te koop.")
    assert [each.question for each in shaped.questions.asked][::4] == [
        "Dur of mol?",
        "Wat had je eerder willen weten?",
    ]
    assert len(shaped.questions.asked) == 5
    assert {"Jorrit van Leen", "Franeker, oktober 2025"} <= {left.text for left in shaped.left}


def test_an_essay_without_headings_is_one_module_with_its_poem_in_lines():
    shaped = shape(read(ARTICLES / "eating-alone.txt"))
    assert headings(shaped) == [""]
    assert "One chair is enough\\\nfor a person and a coat\\\nThe bread does not ask\\\n" in body(shaped)
    assert [left.text for left in shaped.left] == ["Hannah Prewett", "Whitby, February 2024"]


# Plain text


SUBTITLE = "Over koud water, een geleende badmuts en de moed om te drijven"


def test_a_long_line_right_under_the_title_is_a_subtitle_and_no_module(article):
    shaped = article(f"Leren zwemmen\n{SUBTITLE}\nHet begon in een hal.\nHet water draagt je\nEcht waar.\n")
    assert headings(shaped) == ["Leren zwemmen", "Het water draagt je"]
    assert body(shaped) == f"{SUBTITLE}\n\nHet begon in een hal."


@pytest.mark.parametrize("second", ["Waarom water draagt", SUBTITLE])
def test_a_line_under_the_title_that_is_no_longer_than_other_headings_is_a_heading(article, second):
    last = "Wat je van een badmeester kunt leren over geduld, en over laten gaan"
    shaped = article(f"Leren zwemmen\n{second}\nHet begon in een hal.\n{last}\nEcht waar.\n")
    assert headings(shaped) == [second, last]


@pytest.mark.parametrize(
    "poem",
    [
        "Wie drijft\nhoeft niet te weten\nwaar de bodem is",
        "Wie drijft,\nhoeft niet te weten\nwaar de bodem is.",
        "Melk\nBrood\nKaas\nAppels",
    ],
)
def test_three_short_lines_in_a_row_are_a_poem_and_no_headings(article, poem):
    shaped = article(f"Een titel\nOp de muur staat dit.\n{poem}\nZo ging het.\nEen kop\nEn verder.\n")
    assert headings(shaped) == ["Een titel", "Een kop"]
    assert poem.rstrip(".").replace("\n", "\\\n") in body(shaped)


def test_a_poem_is_no_headings_in_a_document_without_styles_either(article):
    lines = ["Het begint.", "Wie drijft", "hoeft niet", "te weten", "Zo ging het.", "Een kop", "En verder."]
    assert headings(article(docx([paragraph(each) for each in lines]), "a.docx")) == ["", "Een kop"]


def test_two_short_lines_in_a_row_are_headings_still(article):
    shaped = article("Een titel\nHet begint.\nDeel twee\nEen ander begin\nEn verder.\n")
    assert headings(shaped) == ["Een titel", "Deel twee", "Een ander begin"]


def test_a_heading_after_a_poem_is_a_heading_where_a_blank_line_says_so(article):
    shaped = article("Een titel\n\nHet begint.\n\nWie drijft\nhoeft niet\nte weten\n\nDeel twee\n\nEn verder.\n")
    assert headings(shaped) == ["Een titel", "Deel twee"]


def test_titles_of_other_articles_are_no_poem(article):
    shaped = article("Een titel\nDe tekst.\nLees ook\nWaarom water draagt\nDe badmuts\nLeren duiken\n")
    assert body(shaped) == "De tekst."
    assert len(shaped.left) == 4


@pytest.mark.parametrize(
    "signature",
    [
        ["Sietske Brand"],
        ["Sietske Brand", "Leeuwarden, mei 2025"],
        ["— Hannah Prewett, Whitby"],
        ["Jorrit van Leen", "Franeker, 3 oktober 2025"],
        ["Hannah Prewett", "February 2024"],
    ],
)
@pytest.mark.parametrize(
    "end", ["Zo was het.", "FAQ:\nHelpt het?\nSoms wel.", "Lees ook\nDe badmuts", "Lees ook ons stuk!"]
)
@pytest.mark.parametrize("name", ["article.txt", "article.md"])
def test_a_name_place_and_month_at_the_end_are_told_and_left_out(article, signature, end, name):
    lines = ["# " * (name[-2:] == "md") + "Een titel", "Hier begint de tekst.", *end.split("\n"), *signature]
    if end.startswith("Lees"):  # a signature stands above what a page adds
        lines[2:] = [*signature, *end.split("\n")]
    shaped = article("\n\n".join(lines), name)
    assert {left.text for left in shaped.left} >= set(signature)
    assert not shaped.questions or [len(each.answer) for each in shaped.questions.asked] == [1]
    assert headings(shaped) in (["Een titel"], [""])


def test_a_name_that_answers_or_stands_below_a_heading_is_no_signature(article):
    shaped = article("Een titel\nDe tekst.\nFAQ:\nWie leerde je zwemmen?\nSietske Brand\n")
    assert body_of(shaped.questions.asked[0].answer) == "Sietske Brand"
    shaped = article("# Titel\n\nDe tekst.\n\n## Met dank aan\n\nSietske Brand\n", "a.md")
    assert body(shaped, 1) == "Sietske Brand"


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ("Ben ik te oud? Nee. Nooit.\nIs het koud? Ja.\n", ["Nee. Nooit.", "Ja."]),
        ("Ben ik te oud?\nNee. Nooit.\nIs het koud? Ja.\n", ["Nee. Nooit.", "Ja."]),
        ("Is het koud? Ja.\nBen ik te oud?\nWaarom? Nooit.\n", ["Ja.", "Waarom? Nooit."]),
        ("Ben ik te oud?\nNee.\nWaarom ook? Nooit.\nEn verder.\nIs het koud?\nJa.\n", ["Nee. Waarom ook? Nooit. En verder.", "Ja."]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", ["Vragen van lezers", "Twee korte vragen"])
def test_an_answer_may_stand_on_the_line_of_its_question(article, start, asked, answers):
    shaped = article(f"Een titel\nDe tekst.\n{start}\n{asked}")
    assert [body_of(each.answer) for each in shaped.questions.asked] == answers
    assert headings(shaped) == ["Een titel"]


@pytest.mark.parametrize(
    ("below", "count"),
    [
        ("Ben ik te oud? Nee.\nIs het koud?\nJa.\n", 2),
        ("Ben ik te oud? Nee.\nDat denken velen.\nIs het koud? Ja.\n", 0),
        ("Ben ik te oud? Nee, maar dat dacht ik wel.\n", 0),
    ],
)
def test_below_a_line_that_only_speaks_of_questions_all_has_to_be_questions_and_answers(article, below, count):
    shaped = article(f"Een titel\nDe tekst.\nWat lezers als vragen sturen\n{below}")
    assert len(shaped.questions.asked if shaped.questions else ()) == count
    assert ("Wat lezers als vragen sturen" in headings(shaped)) == (count == 0)


@pytest.mark.parametrize(
    ("third", "count"), [("Nog iets? Nee hoor.", 3), ("Niets meer dan dat.", 0), (f"Nog iets? {'Nee. ' * 30}", 0)]
)
def test_three_short_lines_that_ask_and_answer_are_questions_below_any_heading(article, third, count):
    shaped = article(f"Een titel\nDe tekst.\nTot slot\nBen ik te oud? Nee.\nIs het koud? Ja.\n{third}\nDag.\n")
    assert len(shaped.questions.asked if shaped.questions else ()) == count
    assert ("Tot slot" in headings(shaped)) == (count == 0)


def test_what_stands_below_questions_that_are_answered_on_their_line_stays_in_the_text(article):
    shaped = article("Een titel\nDe tekst.\nVragen\nBen ik te oud? Nee.\nIs het koud? Ja.\nZij geeft les in Sneek.\n")
    assert body(shaped) == "De tekst.\n\nZij geeft les in Sneek."
    assert [body_of(each.answer) for each in shaped.questions.asked] == ["Nee.", "Ja."]


def test_a_quote_is_set_apart_where_its_words_stand_in_the_text_too(article):
    shaped = article("Een titel\nZe zei: ik drijf al.\n“ik drijf al”\nEn toen.\n“Een ander woord”\nTot slot.\n")
    assert headings(shaped) == ["Een titel", "“Een ander woord”"]
    assert "> “ik drijf al”" in body(shaped)


def test_plain_text_without_blank_lines_has_a_module_for_each_short_line_without_final_punctuation(article):
    shaped = article("Een titel\nEen inleiding die eindigt.\nDe eerste kop\nTekst hier.\nNog een kop\nMeer tekst.\n")
    assert headings(shaped) == ["Een titel", "De eerste kop", "Nog een kop"]


def test_what_stands_before_the_first_heading_is_an_opening_module(article):
    shaped = article("Zo begint het zonder kop.\nDe eerste kop\nTekst hier.\n")
    assert headings(shaped) == ["", "De eerste kop"]
    assert drafts(shaped, "nl")["01-module.md"].startswith("---\ntitle: Om te beginnen\n")


@pytest.mark.parametrize(
    ("line", "heads"),
    [
        ("a" * 100, True),
        ("a" * 101, False),
        ("Ends in a full stop.", False),
        ("Does it ask something?", False),
        ("A saying that ends within quotes.'", False),
        ("“A saying as a heading”", True),
        ("Zo gaat het verder:", False),
        ("2026", False),
        ("***", False),
    ],
)
def test_a_line_of_plain_text_is_a_heading_by_its_length_and_its_end(article, line, heads):
    shaped = article(f"It begins with a sentence.\n{line}\nAnd it goes on like this.\n")
    assert (line in headings(shaped)) is heads


def test_a_text_that_breaks_its_lines_is_read_by_its_blank_lines(article):
    lines = "\n".join(["These lines were broken by a program at some seventy characters, as"] * 5)
    shaped = article(f"A short title\n\n{lines} before.\n\nA heading\n\n{lines} before.\n\n{lines} again.\n")
    assert headings(shaped) == ["A short title", "A heading"]
    assert [len(section.blocks) for section in shaped.sections] == [1, 2]


@pytest.mark.parametrize("start", ["FAQ:", "Veelgestelde vragen", "Q&A", "Vijf vragen", "Frequently asked questions:"])
@pytest.mark.parametrize(
    "asked",
    [
        "Wat is rust?\nStil zitten.\nHelpt het?\nSoms wel.\n",
        "Vraag 1: Wat is rust?\nAntwoord: Stil zitten.\nVraag 2: Helpt het?\nSoms wel.\n",
        "1. Wat is rust?\nStil zitten.\n2. Helpt het?\nSoms wel.\n",
        "Q: Wat is rust?\nA: Stil zitten.\nQ: Helpt het?\nA: Soms wel.\n",
        "- Wat is rust? Stil zitten.\n- Helpt het? Soms wel.\n",
    ],
)
def test_questions_are_known_by_the_line_that_starts_them(article, start, asked):
    shaped = article(f"Een titel\nDe tekst begint hier.\n{start}\n{asked}Een laatste kop\nTot slot.\n")
    assert [each.question for each in shaped.questions.asked] == ["Wat is rust?", "Helpt het?"]
    assert headings(shaped) == ["Een titel", "Een laatste kop"]


def test_questions_without_answers_stay_an_ordinary_module(article):
    shaped = article("# Titel\n\n## Vragen om te stellen\n\n- Wat wil je?\n- Wat kan je?\n- Wie helpt je?\n", "a.md")
    assert shaped.questions is None
    assert headings(shaped) == ["Vragen om te stellen"]


@pytest.mark.parametrize(
    "rows",
    [
        "| Kernpunt | Uitleg | Wat je eraan hebt |\n|---|:-:|---|\n| Een | Twee | Drie |\n",
        "Kernpunt | Uitleg | Wat je eraan hebt\nEen | Twee | Drie\n",
        "Kernpunt\tUitleg\tWat je eraan hebt\nEen\tTwee\tDrie\n",
    ],
)
def test_a_table_of_key_points_is_known_by_its_head(article, rows):
    shaped = article(f"Een titel\nDe tekst begint hier.\n{rows}En zo gaat het verder.\n")
    assert shaped.points.rows == (("Een", "Twee", "Drie"),)
    assert "the head of the key points" in reasons(shaped)


def test_another_table_stays_in_its_module(article):
    shaped = article("Een titel\nDe tekst begint hier.\nDag | Wat\nMaandag | Rust\n")
    assert shaped.points is None
    assert body(shaped).endswith("| Dag | Wat |\n| --- | --- |\n| Maandag | Rust |")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Deel dit artikel op Facebook", "share buttons"),
        ("Share this post on X or LinkedIn", "share buttons"),
        ("Facebook | Twitter | WhatsApp", "share buttons"),
        ("Lees ook: Waarom wandelen goed doet", "read also"),
        ("Read also", "read also"),
        ("Laat een reactie achter", "comments"),
        ("Your email address will not be published.", "comments"),
        ("Schrijf je in voor onze nieuwsbrief", "newsletter or advert"),
        ("Advertentie", "newsletter or advert"),
        ("Foto: een stoel bij het raam", "credits"),
        ("Leestijd: 6 minuten", "byline, date or reading time"),
        ("Tags: rust, werk", "navigation"),
    ],
)
def test_leftovers_of_a_web_page_are_known_in_plain_text_too(article, line, why):
    shaped = article(f"Een titel\nDe tekst begint hier.\n{line}\nEn de tekst gaat daarna gewoon verder.\n")
    assert headings(shaped) == ["Een titel"]
    assert [(left.why, left.text) for left in shaped.left] == [(why, line)]


@pytest.mark.parametrize(
    "line",
    [
        "Deel je zorgen met iemand",
        "Wat delen met je doet",
        "Lees mijn lippen",
        "Reageren zonder haast",
        "Door de tijd heen",
    ],
)
def test_a_heading_that_only_resembles_a_leftover_stays(article, line):
    shaped = article(f"Een titel\nDe tekst begint hier.\n{line}\nEn de tekst gaat daarna gewoon verder.\n")
    assert headings(shaped) == ["Een titel", line]


# What HTML, Markdown and Word bring along


def test_links_over_https_stay_and_others_leave_their_words(article):
    shaped = article(
        "# T\n\nSee [this](https://example.com/a_b) and [that](http://example.com) and [here](/x).\n", "a.md"
    )
    assert body(shaped) == "See [this](<https://example.com/a_b>) and that and here."
    assert [left.text for left in shaped.left] == ["that → http://example.com", "here → /x"]


def test_pictures_are_left_out_and_named(article):
    shaped = article("# T\n\nA line. ![two mugs](mugs.png)\n", "a.md")
    assert [(left.why, left.text) for left in shaped.left] == [("an image", "two mugs")]


def test_without_marked_headings_strong_lines_are_the_headings(article):
    page = "<p>It starts.</p><p><b>First part</b></p><p>One.</p><p><b>Second part</b></p><p>Two.</p>"
    assert headings(article(page, "a.html")) == ["", "First part", "Second part"]
    word = docx([paragraph("It starts."), paragraph([("First part", "b")]), paragraph("One.")])
    assert headings(article(word, "a.docx")) == ["", "First part"]


@pytest.mark.parametrize(
    "text", ["# T\n\n[x]: y\n*a* _b_ # c ::: d", "1984. Een jaar", "- geen lijst", "+ a | b.", "<i>x</i> &amp; `y`"]
)
def test_signs_that_mean_something_in_markdown_stay_signs(article, text):
    page = "<h2>A</h2><h2>B</h2>" + "".join(f"<p>{escape(line)}</p>" for line in text.split("\n") if line)
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(body(article(page, "a.html"), 1))
    shown = ["".join(child.content for child in token.children) for token in tokens if token.type == "inline"]
    assert shown == [line for line in text.split("\n") if line]


# Files that are no articles


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"", "is empty"),
        ("a.md", b" \n\n ", "is empty"),
        (
            "a.html",
            b"<html><head><title>x</title></head><body><script>1</script></body></html>",
            "no text of an article",
        ),
        ("a.txt", b"\x00\x01\x02\xff", "is binary"),
        ("a.txt", b"text \x07 bell", "is binary"),
        ("a.txt", b"%PDF-1.7", "is a PDF"),
        ("a.txt", b"PK\x03\x04rest", "is a zip"),
        ("a.txt", "één".encode("latin-1"), "is not UTF-8: line 1"),
        ("a.txt", "een\ntwee één".encode("cp1252"), "is not UTF-8: line 2"),
        ("a.txt", "een".encode("utf-16"), "is UTF-16"),
        ("a.md", "een Ã©Ã©n".encode(), "wrong encoding once"),
        ("a.html", "<p>een \ufffd</p>".encode(), "wrong encoding once"),
        ("a.txt", b"x" * (LARGEST + 1), "larger than 5 MB"),
        ("a.docx", b"not a zip", "not a Word document"),
        ("a.docx", b"PK\x03\x04 no zip either", "not a Word document"),
        ("a.html", b"<div>" * 5000 + b"x", "nested too deep"),
        ("a.pdf", b"%PDF-1.7", "none of .txt"),
        ("a", b"text", "none of .txt"),
    ],
)
def test_a_file_that_is_no_article_gets_one_clear_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CommandError) as error:
        imported(tmp_path / name, into=str(tmp_path / "out"))
    assert said in str(error.value)
    assert str(error.value).count("\n") == 0
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there_gets_one_clear_sentence(tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        imported(tmp_path / "none.txt")
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(CommandError, match="cannot be read"):
        imported(tmp_path / "a.txt")


def test_a_document_that_unpacks_to_far_too_much_is_not_opened(article):
    with pytest.raises(CannotImport, match="unpacks to more than 50 MB"):
        article(docx([paragraph("x" * 51_000_000)]), "a.docx")


def test_a_text_of_too_many_headings_makes_no_course(tmp_path):
    (tmp_path / "a.md").write_text("".join(f"## Part {n}\n\nText.\n\n" for n in range(100)))
    with pytest.raises(CommandError, match="100 modules"):
        imported(tmp_path / "a.md", into=str(tmp_path / "out"))


# What is written, and where


def test_nothing_is_written_over_unless_asked(tmp_path):
    file = ARTICLES / "new-in-town.md"
    imported(file, into=str(tmp_path), course="town")
    own = tmp_path / "town/en/02-the-loneliness-that-nobody-warns-you-about.md"
    own.write_text("my work")
    (tmp_path / "town/course.yaml").write_text("title: mine\n")
    with pytest.raises(CommandError, match="Nothing was written"):
        imported(file, into=str(tmp_path), course="town")
    assert own.read_text() == "my work"
    imported(file, into=str(tmp_path), course="town", force=True)
    assert own.read_text().startswith("---\ntitle: The loneliness")
    assert (tmp_path / "town/course.yaml").read_text() == "title: mine\n"


def test_one_file_in_the_way_keeps_all_from_being_written(tmp_path):
    (tmp_path / "town/en").mkdir(parents=True)
    (tmp_path / "town/en/key-points.md").write_text("mine")
    with pytest.raises(CommandError, match="key-points.md is there already"):
        imported(ARTICLES / "new-in-town.md", into=str(tmp_path), course="town")
    assert [file.name for file in (tmp_path / "town").rglob("*.*")] == ["key-points.md"]


def everything(place: Path) -> dict[str, bytes]:
    """Every file below it."""
    return {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may become larger than 20 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("there", [False, True])
def test_a_fault_in_the_middle_leaves_all_as_it_was(tmp_path, there, small_disk):
    (tmp_path / "a.md").write_text("# Rust\n\nHier.\n\n## Stil\n\nDaar.\n")
    if there:
        imported(tmp_path / "a.md", "nl", into=str(tmp_path), course="rust")
        (tmp_path / "rust/nl/01-rust.md").write_text("my work")
    (tmp_path / "a.md").write_text(f"# Rust\n\nNieuw.\n\n## Stil\n\n{'lang ' * 3900}\n")
    before = everything(tmp_path)
    with pytest.raises(CommandError, match="cannot be written: File too large. All is as it was"):
        imported(tmp_path / "a.md", "nl", into=str(tmp_path), course="rust", force=True)
    assert everything(tmp_path) == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.md", "rust"][: 1 + there]


def test_what_stands_in_the_way_of_one_file_keeps_the_old_course_whole(tmp_path):
    imported(ARTICLES / "new-in-town.md", into=str(tmp_path), course="town")
    (tmp_path / "town/en/questions.md").unlink()
    (tmp_path / "town/en/questions.md").mkdir()
    before = everything(tmp_path)
    with pytest.raises(CommandError, match="cannot be written: Is a directory"):
        imported(ARTICLES / "new-in-town.md", into=str(tmp_path), course="town", force=True)
    assert everything(tmp_path) == before


def test_after_a_crash_between_the_old_course_and_the_new_one_the_old_one_is_there_again(tmp_path):
    file = ARTICLES / "new-in-town.md"
    imported(file, into=str(tmp_path), course="town")
    (tmp_path / "town/en/key-points.md").write_text("mine")
    (tmp_path / "town").rename(tmp_path / ".town.old")
    (tmp_path / ".town.new/en").mkdir(parents=True)
    with pytest.raises(CommandError, match="Nothing was written"):
        imported(file, into=str(tmp_path), course="town")
    assert (tmp_path / "town/en/key-points.md").read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["town"]


def test_what_else_stands_in_a_course_stays(tmp_path):
    (tmp_path / "town/nl").mkdir(parents=True)
    (tmp_path / "town/nl/notes.txt").write_text("mine")
    imported(ARTICLES / "new-in-town.md", into=str(tmp_path), course="town")
    assert (tmp_path / "town/nl/notes.txt").read_text() == "mine"
    assert (tmp_path / "town/course.yaml").exists()


def test_a_course_says_what_it_is_and_what_an_author_has_to_add(tmp_path):
    imported(ARTICLES / "leren-rusten.txt", "nl", into=str(tmp_path))
    about = yaml.safe_load((tmp_path / "leren-rusten-als-je-altijd-aanstaat/course.yaml").read_text())
    assert about["title"] == REST[0]
    assert about["languages"] == ["nl"]
    assert "TODO" in about["licence"]
    assert "TODO" in about["author"]
    assert "TODO" in course_yaml("", "nl").split("\n")[0]


def test_a_translation_gets_the_names_of_what_it_translates(tmp_path):
    (tmp_path / "a.md").write_text("# Rust\n\nHier.\n\n## Stil\n\nDaar.\n")
    (tmp_path / "b.md").write_text("# Rest\n\nHere.\n\n## Quiet\n\nThere.\n")
    imported(tmp_path / "a.md", "nl", into=str(tmp_path), course="rust")
    said = imported(tmp_path / "b.md", "en", into=str(tmp_path), course="rust")
    names = [file.name for file in sorted((tmp_path / "rust/en").iterdir())]
    assert names == [file.name for file in sorted((tmp_path / "rust/nl").iterdir())] == ["01-rust.md", "02-stil.md"]
    assert "course.yaml stays as it is" in said


def test_a_module_gets_a_name_that_no_other_module_or_page_has(tmp_path):
    taken = sorted(CONTENT.glob("en/01-*.md"))[0].stem.partition("-")[2]
    title = taken.replace("-", " ").capitalize()
    text = f"Start.\n\n## {title}\n\nA.\n\n## Search\n\nB.\n\n## Course\n\nC.\n\n## Twice\n\nC.\n\n## Twice\n\nD.\n\n## 夜\n\nE.\n\n## 5 % rust\n\nF.\n"
    (tmp_path / "a.md").write_text(text)
    imported(tmp_path / "a.md", into=str(tmp_path), course="names")
    assert [file.stem.partition("-")[2] for file in sorted((tmp_path / "names/en").iterdir())] == [
        "module",
        f"{taken}-2",
        "search-2",
        "course-2",
        "twice",
        "twice-2",
        "module-2",
        "rust",
    ]


def test_a_course_is_not_made_outside_its_directory(tmp_path):
    with pytest.raises(CommandError, match="only small letters"):
        imported(ARTICLES / "new-in-town.md", into=str(tmp_path / "in"), course="../out")
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_needs_no_database(tmp_path):
    key = base64.b64encode(os.urandom(32)).decode()
    away = {"DATABASE_URL": "postgres://app:x@127.0.0.1:1/away", "SECRET_KEY": key, "KWETSBAAR_KEYS": key}
    file = str(ARTICLES / "leren-rusten.txt")
    done = manage(tmp_path, "import_article", file, "--language", "nl", "--dry-run", **away)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"  {REST[1]} · " in done.stdout
    assert list(tmp_path.iterdir()) == []


# No word is lost: whatever the article, its words are those of the drafts and of what was left out

WORDS = st.sampled_from(
    [
        "een",
        "twee",
        "rust",
        "café",
        "naïef",
        "Größe",
        "夜",
        "don't",
        "well-being",
        "42",
        "x_y",
        "and",
        "the",
        "stoel",
        "ǅ",
    ]
)
ODD = st.sampled_from(
    [
        "*",
        "**a**",
        "_b_",
        "#c",
        "`d`",
        "[e](f)",
        "<g>",
        "&amp;",
        "\\",
        ":::",
        "~~h~~",
        "i|j",
        "![k]",
        "—",
        "1.",
        "-",
        "+",
    ]
)
plain_text = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
odd_text = st.lists(WORDS | ODD, min_size=1, max_size=8).map(" ".join)
LEFTOVERS = st.sampled_from(
    ["Deel dit op Facebook", "Lees ook", "Read also: something", "3 comments", "Leave a comment", "Advertentie"]
)


def articles(text):
    """Lists of (kind, content); the headings are numbered, so that no two are alike."""
    tables = st.integers(1, 4).flatmap(
        lambda wide: st.lists(st.lists(text, min_size=wide, max_size=wide), min_size=2, max_size=3)
    )
    block = st.one_of(
        st.tuples(st.just("paragraph"), text.map(lambda words: f"Zin {words}.")),
        st.tuples(st.sampled_from(["h2", "h3"]), plain_text),
        st.tuples(
            st.sampled_from(["ul", "ol"]), st.lists(text.map(lambda words: f"punt {words}"), min_size=2, max_size=3)
        ),
        st.tuples(st.just("quote"), text),
        st.tuples(st.just("table"), tables),
        st.tuples(
            st.just("table"),
            st.lists(st.tuples(text, text, text), min_size=1, max_size=2).map(
                lambda rows: [("Kernpunt", "Detail", "Waarde"), *rows]
            ),
        ),
        st.tuples(
            st.just("faq"),
            st.lists(st.tuples(plain_text.map(lambda words: f"Is {words}?"), text), min_size=1, max_size=3),
        ),
        st.tuples(st.just("paragraph"), LEFTOVERS),
        st.tuples(st.just("h2"), LEFTOVERS),
    )
    numbered = st.lists(block, min_size=1, max_size=12).map(
        lambda blocks: [
            (kind, f"{content} kop{n}" if kind[0] == "h" and n % 2 else content)
            for n, (kind, content) in enumerate(blocks)
        ]
    )
    return st.tuples(st.booleans(), numbered).map(lambda both: [("h1", "Titelwoord")] * both[0] + both[1])


def words_of(text: str) -> Counter:
    return Counter(re.findall(r"\w+", text))


def words_in(blocks) -> Counter:
    """What a reader of the article reads."""
    found = Counter()
    for kind, content in blocks:
        found += words_of("FAQ" * (kind == "faq"))
        for each in [content] if isinstance(content, str) else content:
            found += words_of(each if isinstance(each, str) else " ".join(each))
    return found


def words_out(shaped: Shape, directory: Path) -> Counter:
    """What a reader of the drafts reads, and what was left out; without what the importer adds."""
    found = words_of(" ".join(left.text for left in shaped.left if left.words))
    found += words_of(shaped.title) if shaped.title not in headings(shaped) else Counter()
    pages = [page for page in (shaped.points, shaped.questions) if page]
    found += words_of(" ".join([*headings(shaped), *(page.heading for page in pages)]))
    for name, text in drafts(shaped, "nl").items():
        file = directory / name
        file.write_text(text)
        source = Source(file, "nl")
        assert [fault for fault in source.faults if "left to fill in" not in fault.text] == []
        found += shown(source.body)
        for point in source.front.get("points", ()):
            found += words_of(" ".join(value for value in point.values() if "TODO" not in value))
        for each in source.front.get("questions", ()):
            found += words_of(each["question"]) + shown(each["answer"])
    return found


def shown(markdown: str) -> Counter:
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(markdown)
    texts = [
        "".join(child.content or "\n" for child in token.children or ()) for token in tokens if token.type == "inline"
    ]
    texts += [token.content for token in tokens if token.type == "fence"]
    return words_of("\n".join(text for text in texts if "TODO" not in text))


def as_text(blocks) -> bytes:
    lines = []
    for kind, content in blocks:
        if kind == "faq":
            lines += ["FAQ", *(line for pair in content for line in pair)]
        elif kind == "table":
            lines += [f"| {' | '.join(row)} |" for row in content]
        elif kind in ("ul", "ol"):
            lines += [f"{'-' if kind == 'ul' else f'{n}.'} {item}" for n, item in enumerate(content, 1)]
        else:
            lines.append(f"> {content}" if kind == "quote" else content)
    return "\n".join(lines).encode()


def as_markdown(blocks) -> bytes:
    parts = []
    for kind, content in blocks:
        if kind == "faq":
            parts += ["## FAQ", *(part for question, answer in content for part in (f"**{question}**", answer))]
        elif kind == "table":
            first, *rows = [f"| {' | '.join(row)} |" for row in content]
            parts.append("\n".join([first, "|---" * len(content[0]) + "|", *rows]))
        elif kind in ("ul", "ol"):
            parts.append("\n".join(f"{'-' if kind == 'ul' else '1.'} {item}" for item in content))
        else:
            parts.append(
                {"quote": "> ", "paragraph": ""}.get(kind, "#" * int(kind[1]) + " " if kind[0] == "h" else "") + content
            )
    return "\n\n".join(parts).encode()


def as_html(blocks) -> bytes:
    parts = []
    for kind, content in blocks:
        if kind == "faq":
            pairs = "".join(f"<dt>{escape(question)}</dt><dd>{escape(answer)}</dd>" for question, answer in content)
            parts.append(f"<h2>FAQ</h2><dl>{pairs}</dl>")
        elif kind == "table":
            rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in content)
            parts.append(f"<table>{rows}</table>")
        elif kind in ("ul", "ol"):
            parts.append(f"<{kind}>{''.join(f'<li>{escape(item)}</li>' for item in content)}</{kind}>")
        else:
            tag = {"quote": "blockquote", "paragraph": "p"}.get(kind, kind)
            parts.append(f"<{tag}>{escape(content)}</{tag}>")
    return f"<body><nav></nav><div>{''.join(parts)}</div></body>".encode()


def as_word(blocks) -> bytes:
    parts = []
    for kind, content in blocks:
        if kind == "faq":
            parts += [paragraph("FAQ", "heading 1"), *(paragraph(text) for pair in content for text in pair)]
        elif kind == "table":
            parts.append(table(content))
        elif kind in ("ul", "ol"):
            parts += [paragraph(item, numbering=1 if kind == "ul" else 2) for item in content]
        else:
            parts.append(
                paragraph(
                    content, {"h1": "Title", "h2": "heading 1", "h3": "heading 2", "quote": "Quote"}.get(kind, "")
                )
            )
    return docx(parts)


@pytest.fixture(scope="module")
def somewhere(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("articles")


def assert_no_word_is_lost(blocks, content: bytes, name: str, directory: Path) -> None:
    (directory / name).write_bytes(content)
    assert words_out(shape(read(directory / name)), directory) == words_in(blocks)


@given(blocks=articles(plain_text))
def test_no_word_of_a_plain_text_is_lost(somewhere, blocks):
    assert_no_word_is_lost(blocks, as_text(blocks), "a.txt", somewhere)


@given(blocks=articles(plain_text))
def test_no_word_of_a_markdown_file_is_lost(somewhere, blocks):
    assert_no_word_is_lost(blocks, as_markdown(blocks), "a.md", somewhere)


@given(blocks=articles(odd_text))
def test_no_word_of_a_page_is_lost(somewhere, blocks):
    assert_no_word_is_lost(blocks, as_html(blocks), "a.html", somewhere)


@settings(max_examples=40)  # each is zipped and unzipped
@given(blocks=articles(odd_text))
def test_no_word_of_a_word_document_is_lost(somewhere, blocks):
    assert_no_word_is_lost(blocks, as_word(blocks), "a.docx", somewhere)


MESS = ["<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<li>", "<ul>", "</ul>", "<td>", "<tr>", "<table>", "</table>", "<h2>", "</h2>"] + [
    "<br>", "<hr>", "<a href='https://x.nl'>", "</a>", "<blockquote>", "</blockquote>", "<pre>", "</pre>", "<nav>", "</nav>", "<span class=share>", "</span>",
]  # fmt: skip


@given(pieces=st.lists(st.sampled_from(MESS) | WORDS.map(lambda word: f" {word} "), min_size=1, max_size=25))
def test_no_word_of_a_page_in_disorder_is_lost(somewhere, pieces):
    words = words_of(" ".join(piece for piece in pieces if piece not in MESS))
    file = somewhere / "mess.html"
    file.write_text("".join(pieces))
    try:
        shaped = shape(read(file))
    except CannotImport:
        assert not words or "<nav>" in pieces or "<span class=share>" in pieces
    else:
        assert words_out(shaped, somewhere) == words
