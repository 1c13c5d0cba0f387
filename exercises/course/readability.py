"""How easily a text reads: its sentences, words and syllables, and Flesch's figure in each language. Pure.

The figure is a smoke alarm, not a mark: it sees length and nothing else. Headings are left out, because they are no
sentences and would only lower the average; each item of a list is a text of its own.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser

from exercises.course.pages import WORD, Module, Page

LONG, TOO_LONG = 20, 25  # words in a sentence: above the first it is listed, above the second refused
EASY = 65  # the least figure for a module

# A sentence ends at its mark and closing quotes, where an opening quote, a capital or a figure follows.
ENDING = re.compile(r"[.!?…]['’”\")]*\s+(?=['‘“\"(]*[A-ZÀ-Þ0-9])")
ABBREVIATION = re.compile(r"(?:\b(?:dr|drs|prof|mr|mrs|ms|st|nr|vs|bijv|ca)|\b\w(?:\.\w)+)\.\s+$", re.I)

# Dutch: the vowels that sound as one. Any other vowel beside a vowel begins a syllable of its own (the-a-ter), and so
# does one with a diaeresis (ide-eën).
DUTCH = re.compile(
    r"aai|ooi|oei|eeu|ieu|eau|aa|ee|oo|uu|ie|oe|eu|ui|ij|ei|ou|au|éé|eé|[aeiouáàâéèêíìîóòôúùû]|y(?![aeiou])"
)
DIAERESIS = str.maketrans({"ä": "-a", "ë": "-e", "ï": "-i", "ö": "-o", "ü": "-u"})

# English: each run of vowels is a syllable …
ENGLISH = re.compile(r"[aeiouyé]+")
# … less the e that is not heard: at the end (make, not table), in -es (makes, not houses), in -ed (asked, not wanted),
# before -ly and the like (lonely), in some- (something) and in weren't …
UNHEARD = re.compile(
    r"(?<=[aeiouy][^aeiouy])e$|(?<=[^aeiouy][^aeiouyl])e$"
    r"|(?<=[^aeiouscgzx])(?<![sc]h)(?<![^aeiouyl]l)e(?=s$)"
    r"|(?<=[^aeioutd])(?<![^aeiouyl]l)e(?=d$)"
    r"|(?<=[aeiouy][^aeiouy])e(?=(?:ly|ful|less|ness|ment)$)"
    r"|(?<=^som)e(?=[^aeiouy])|(?<=r)e(?=n['’]t$)"
)
# … and more where a run holds two: being, curious, quiet, beyond, anyone; and didn't, which has one without a vowel.
HEARD = re.compile(
    r"(?<=[aeiouy])(?=ing)|(?<=[^tscgxaeiou]i)(?=[aou])|(?<=i)(?=et)|(?<=[aeou])(?=y(?:[aou]|er))|(?<=y)(?=on$)"
)
NOT = re.compile(r"(?<=[sd])n['’]t$")


@dataclass(frozen=True)
class Reading:
    """What a text measures; `sentences` are (words, sentence)."""

    words: int
    syllables: int
    sentences: tuple[tuple[int, str], ...]
    figure: float

    def over(self, words: int) -> list[tuple[int, str]]:
        """The sentences with more words than that."""
        return [each for each in self.sentences if each[0] > words]


def reading(texts: Iterable[str], language: str) -> Reading:
    """Measure these texts (plain, each a paragraph or an item) in `nl` or `en`."""
    counted = [(len(WORD.findall(each)), each) for text in texts for each in sentences(text)]
    found = tuple(each for each in counted if each[0])
    words = sum(count for count, _sentence in found)
    total = sum(syllables(word, language) for _count, sentence in found for word in WORD.findall(sentence))
    return Reading(words, total, found, flesch(words, len(found), total, language) if words else 0.0)


def flesch(words: int, sentences: int, syllables: int, language: str) -> float:
    """Flesch-Douma for Dutch, Flesch Reading Ease for English; 100 is very easy, 0 very hard."""
    if language == "nl":
        return 206.8 - 0.77 * (100 * syllables / words) - 0.93 * (words / sentences)
    return 206.835 - 1.015 * (words / sentences) - 84.6 * (syllables / words)


def sentences(text: str) -> list[str]:
    """The sentences of one paragraph; `Dr.` ends none, and neither does a quoted question that its speaker follows."""
    found, start = [], 0
    for ending in ENDING.finditer(text):
        if not ABBREVIATION.search(text[start : ending.end()]):
            found.append(text[start : ending.end()].strip())
            start = ending.end()
    return [*found, rest] if (rest := text[start:].strip()) else found


def syllables(word: str, language: str) -> int:
    """About how many syllables, at least 1; a number in figures counts as one."""
    word = word.lower()
    if language == "nl":
        return max(1, len(DUTCH.findall(word.translate(DIAERESIS))))
    heard = HEARD.sub("-", UNHEARD.sub("", word))
    return max(1, len(ENGLISH.findall(NOT.sub("-e", heard))))


def prose(module: Module) -> list[str]:
    """What is read in a module: its paragraphs and the items of its lists."""
    return paragraphs(module.html)


def practice(module: Module) -> list[str]:
    """What a module asks: its exercise, the ladder, the questions in the margin and of the journal."""
    exercise = module.exercise
    questions = [*(part.prompt for part in module.parts if part.prompt), *exercise.prompts]
    ladder = [notch.sentence for notch in exercise.ladder]
    return [exercise.purpose, *exercise.needs, *exercise.steps, exercise.moment, *ladder, *questions]


def beside(page: Page) -> list[str]:
    """What stands on a page beside the course: its prose, and each answer or point with its question."""
    items = [text for item in page.items for key, text in item.items() if key != "id"]
    return [page.summary, *paragraphs(page.html), *(text for item in items for text in paragraphs(f"<p>{item}</p>"))]


def paragraphs(html: str) -> list[str]:
    """The visible text of each paragraph, item and table cell, without headings."""
    reader = _Paragraphs()
    reader.feed(html)
    reader.close()
    return [" ".join(text.split()) for text in reader.texts if text.strip()]


class _Paragraphs(HTMLParser):
    BLOCKS = frozenset({"p", "li", "td", "th"})
    HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

    def __init__(self) -> None:
        super().__init__()
        self.texts, self.heading = [""], False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.heading = tag in self.HEADINGS or (self.heading and tag not in self.BLOCKS)
        if tag in self.BLOCKS:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.heading = self.heading and tag not in self.HEADINGS
        if tag in self.BLOCKS:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if not self.heading:
            self.texts[-1] += data
