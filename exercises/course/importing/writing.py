"""The shape of a course to its files: Markdown drafts, with what an author has to fill in marked TODO."""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

import yaml

from exercises.course.importing.blocks import Block, CannotImport, Inline, Run, line, said, words_of
from exercises.course.importing.shaping import KeyPoints, Questions, Section, Shape
from exercises.course.pages import MARKDOWN, NOTCHES, PACE, RELATIONS, SITUATIONS, is_module_address

MOST_MODULES = 99  # a file's name begins with two digits
LONGEST_SLUG = 50
MARKS = {"": "", "i": "*", "b": "**", "bi": "***"}

# What stands at each notch of the example ladder (practice), to write the eleven sentences by.
HINTS = {
    "nl": (
        "alles weggeknipt",
        "een feit meer",
        "een voorkeur die je anders inslikt",
        "één gevoelswoord over iets kleins",
        "een gevoel en de reden",
        "iets dat nu moeilijk is",
        "een behoefte of een vraag om hulp",
        "een fout of iets waar je niet zeker van bent",
        "iets over jullie twee",
        "één zin over een oude angst",
        "het hele verhaal, voor zover je wilt",
    ),
    "en": (
        "everything edited out",
        "one fact more",
        "a preference you would swallow",
        "one feeling word about something small",
        "a feeling and its reason",
        "something that is hard now",
        "a need, or asking for help",
        "a mistake, or something you are unsure of",
        "something about the two of you",
        "one sentence about an old fear",
        "the whole story, as far as you want",
    ),
}
TEXTS: dict[str, dict[str, Any]] = {
    "nl": {
        "opening": "Om te beginnen",
        "summary": "TODO: 1 of 2 zinnen over deze module.",
        "page_summary": "TODO: 1 zin over deze pagina.",
        "empty": "TODO: onder deze kop stond geen tekst.",
        "key_points": "De kern",
        "questions": "Vragen",
        "detail": "TODO: leg dit punt uit.",
        "gain": "TODO: wat heeft de lezer hieraan?",
        "answer": "TODO: een antwoord.",
        "title": "TODO: een titel voor de oefening.",
        "purpose": "TODO: wat ontdekt iemand met deze oefening?",
        "needs": ["Iemand die je een beetje vertrouwt", "Iets om in te schrijven"],
        "steps": [
            "Kies 1 persoon die je een beetje vertrouwt, en 1 onderwerp uit deze module.",
            "Schrijf op wat je verwacht: wat zal de ander zeggen of doen?",
            "Zeg of stuur iets dat 10% meer laat zien dan anders.",
            "Kijk, adem als dat prettig is, en blijf nog even.",
            "Schrijf op wat er echt gebeurde, en wat je nu weet.",
        ],
        "moment": "TODO: het moment waarop de 11 zinnen slaan.",
        "notch": "TODO: stand {level}, {hint}.",
        "prompts": ["Wat wilde je zeggen, en wat zei je?", "Wat verwachtte je, en wat klopte daarvan?"],
    },
    "en": {
        "opening": "To begin with",
        "summary": "TODO: 1 or 2 sentences about this module.",
        "page_summary": "TODO: 1 sentence about this page.",
        "empty": "TODO: nothing stood below this heading.",
        "key_points": "In short",
        "questions": "Questions",
        "detail": "TODO: explain this point.",
        "gain": "TODO: what does this give the reader?",
        "answer": "TODO: an answer.",
        "title": "TODO: a title for the exercise.",
        "purpose": "TODO: what does someone find out by this exercise?",
        "needs": ["Someone you trust a little", "Something to write in"],
        "steps": [
            "Choose 1 person you trust a little, and 1 topic from this module.",
            "Write down what you expect: what will the other person say or do?",
            "Say or send something that shows 10% more than usual.",
            "Look, breathe if that is pleasant, and stay a little longer.",
            "Write down what really happened, and what you know now.",
        ],
        "moment": "TODO: the moment that the 11 sentences answer.",
        "notch": "TODO: level {level}, {hint}.",
        "prompts": ["What did you want to say, and what did you say?", "What did you expect, and how much came true?"],
    },
}


def course_yaml(title: str, language: str) -> str:
    """What a course says about itself; an author fills in the rest."""
    return _yaml(
        {
            "title": title or "TODO: the title of the course",
            "summary": "TODO: 1 sentence about the course",
            "languages": [language],
            "licence": "TODO: under what licence may this be shown?",
            "author": "TODO: who wrote the article, and who made the course of it?",
        }
    )


def minutes(blocks: Iterable[Block], language: str) -> int:
    return max(1, math.ceil(words_of(blocks) / PACE[language]))


def names(shape: Shape, language: str, taken: Iterable[str]) -> list[str]:
    """NN-slug.md for each module: from its heading, and no name that is taken or that another page of the site has.

    Raises CannotImport beyond 99.
    """
    if len(shape.sections) > MOST_MODULES:
        raise CannotImport(f"That would be {len(shape.sections)} modules, and a course has at most {MOST_MODULES}.")
    used, found = set(taken), list[str]()
    for number, section in enumerate(shape.sections, 1):
        slug = next(
            name
            for name in _variants(slug_of(section.heading) or "module")
            if name not in used and is_module_address(name, language)
        )
        used.add(slug)
        found.append(f"{number:02}-{slug}.md")
    return found


def slug_of(text: str) -> str:
    """A letter, then letters, digits and hyphens, as pages.py wants; '' where there is no Latin letter."""
    folded = unicodedata.normalize("NFKD", re.sub(r"['’]", "", text)).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"^[^a-z]+", "", folded)).strip("-")
    return slug if len(slug) <= LONGEST_SLUG else slug[: LONGEST_SLUG + 1].rpartition("-")[0] or slug[:LONGEST_SLUG]


def _variants(slug: str) -> Iterator[str]:
    yield slug
    yield from (f"{slug}-{n}" for n in count(2))


def drafts(shape: Shape, language: str, taken: Iterable[str] = (), twins: Sequence[str] = ()) -> dict[str, str]:
    """The files of one language by name. `taken`: slugs of modules of other courses.

    `twins`: the files of the modules in another language, whose names a translation with as many modules has too.
    """
    called = twins if len(twins) == len(shape.sections) else names(shape, language, taken)
    files = {name: module(section, language) for name, section in zip(called, shape.sections, strict=True)}
    if shape.points:
        files["key-points.md"] = key_points(shape.points, language)
    if shape.questions:
        files["questions.md"] = questions(shape.questions, language)
    return files


def module(section: Section, language: str) -> str:
    texts = TEXTS[language]
    front = {
        "title": section.heading or texts["opening"],
        "summary": texts["summary"],
        "exercise": {
            "kind": "share",
            **{key: texts[key] for key in ("title", "purpose")},
            "minutes": 10,
            **{key: texts[key] for key in ("needs", "steps")},
            "start": 10,
            "situations": list(SITUATIONS),
            "with": list(RELATIONS),
            "moment": texts["moment"],
            "ladder": {
                level: texts["notch"].format(level=level, hint=hint)
                for level, hint in zip(NOTCHES, HINTS[language], strict=True)
            },
            "prompts": texts["prompts"],
        },
    }
    return _file(front, section.blocks, texts["empty"])


def key_points(points: KeyPoints, language: str) -> str:
    texts = TEXTS[language]
    rows = [
        {"point": point or texts["detail"], "detail": detail or texts["detail"], "gain": gain or texts["gain"]}
        for point, detail, gain in points.rows
    ]
    front = {**_about(points.heading or texts["key_points"], texts), "points": rows}
    return _file(front, points.blocks)


def questions(asked: Questions, language: str) -> str:
    texts = TEXTS[language]
    rows = [
        {"question": each.question, "answer": f"{markdown(each.answer) or texts['answer']}\n"} for each in asked.asked
    ]
    front = {**_about(asked.heading or texts["questions"], texts), "questions": rows}
    return _file(front, asked.blocks)


def _about(heading: str, texts: dict[str, Any]) -> dict[str, str]:
    return {"title": heading.rstrip(" :"), "summary": texts["page_summary"]}


def _file(front: dict[str, Any], blocks: Iterable[Block], empty: str = "") -> str:
    body = markdown(blocks) or empty
    return f"---\n{_yaml(front)}---\n" + (f"\n{body}\n" if body else "")


# YAML, in the way that the course's own files are written


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _str(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _str)


def _yaml(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))


# Markdown: every sign of the text stands for itself


def markdown(blocks: Iterable[Block]) -> str:
    """Blocks as Markdown that reads as exactly their text; headings from ## on."""
    return "\n\n".join(_markdown(block) for block in blocks)


def _markdown(block: Block) -> str:
    if block.kind == "heading":
        return "#" * min(block.level, 6) + " " + re.sub("#", r"\#", _escaped(line(block.text)))
    if block.kind == "list":
        apart = "\n" if all(map(_is_tight, block.children)) else "\n\n"
        return apart.join(_items(block, apart))
    if block.kind == "quote":
        return "\n".join(f"> {each}".rstrip() for each in markdown(block.children).split("\n"))
    if block.kind == "code":
        fence = "`" * (3 + max(map(len, re.findall(r"`+", said(block.text))), default=0))
        return f"{fence}\n{said(block.text)}\n{fence}"
    if block.kind == "table":
        return _table(block)
    return "***" if block.kind == "rule" else inline(block.text)


def _is_tight(item: Block) -> bool:
    """One paragraph, and lists that may follow it without an empty line between: one that begins at 3 may not."""
    first, *others = item.children
    return first.kind == "paragraph" and all(each.kind == "list" and each.level <= 1 for each in others)


def _items(block: Block, apart: str) -> Iterator[str]:
    for number, item in enumerate(block.children, block.level):
        mark = f"{number}. " if block.level else "- "
        yield mark + re.sub(r"\n(?=.)", "\n" + " " * len(mark), apart.join(map(_markdown, item.children)))


def _table(block: Block) -> str:
    wide = max(map(len, block.rows))
    rows = [[inline(cell).replace("|", "\\|") for cell in row] + [""] * (wide - len(row)) for row in block.rows]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * wide, *lines[1:]])


def inline(text: Inline) -> str:
    """With emphasis and links where Markdown can say them, and without where that would change a letter."""
    styled = _lines("".join(map(_styled, text)))
    return styled if _reads(styled) == said(text) else _lines(_escaped(said(text)))


def _styled(run: Run) -> str:
    inside = run.text.strip()
    if not inside:
        return run.text
    before, _, after = run.text.partition(inside)
    marked = MARKS[run.mark] + _escaped(inside) + MARKS[run.mark]
    return before + (f"[{marked}](<{run.href}>)" if run.href else marked) + after


def _reads(given: str) -> str:
    """What a paragraph of this Markdown reads as; '' where it is no single paragraph."""
    tokens = MARKDOWN.parse(given)
    if [token.type for token in tokens] != ["paragraph_open", "inline", "paragraph_close"]:
        return ""
    signs = {"softbreak": "\n", "hardbreak": "\n"}
    return "".join(signs.get(child.type, child.content) for child in tokens[1].children or ())


def _escaped(text: str) -> str:
    return re.sub(r"&(?=#?\w+;)", r"\\&", re.sub(r"[\\`*_\[\]<]", r"\\\g<0>", text))


def _lines(text: str) -> str:
    """With line breaks that stay, and a backslash before what only means something where a line begins."""
    lines = (re.sub(r"^(\s*)([#>+=~:|-])", r"\1\\\2", each) for each in text.split("\n"))
    return "\\\n".join(re.sub(r"^(\s*\d+)([.)])", r"\1\\\2", each) for each in lines)
