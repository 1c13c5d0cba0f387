"""The course: Markdown files with front matter, read once into frozen modules. Knows no person.

`content/<language>/NN-slug.md` is a module, `content/<language>/slug.md` a page beside the course. What is unsound is
collected as faults with file and line, which `checks.py` reports.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import yaml
from django.urls import Resolver404, resolve
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import override
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.container import container_plugin

CONTENT = Path(__file__).parent / "content"
NOTCHES = range(0, 101, 10)
# Words a minute of silent reading (practice.md 8; English: Brysbaert 2019, Dutch: 200–250), and a slow reader's.
PACE = {"nl": 200, "en": 220}
SLOW_PACE = 150

SITUATIONS = ("message", "call", "together")
RELATIONS = ("friend", "partner", "date", "family", "colleague", "other")
MODULE_KEYS = {"title", "summary", "exercise"}
EXERCISE_KEYS = {"kind", "title", "purpose", "minutes", "needs", "steps", "start", "moment", "ladder", "prompts"} | {
    "situations",
    "with",
}
PAGE_KEYS = {"key-points": {"title", "summary", "points"}, "questions": {"title", "summary", "questions"}}


class Fault(NamedTuple):
    """What is wrong with a course file, and where."""

    file: Path
    line: int
    text: str


class Heading(NamedTuple):
    id: str
    text: str


class Notch(NamedTuple):
    """One sentence of a ladder; `level` 0 (fully edited) to 100 (fully honest) by 10."""

    level: int
    sentence: str


@dataclass(frozen=True)
class Exercise:
    """What a module asks one to try. `kind` is `observe` (level 0, no dimmer) or `share`."""

    kind: str
    title: str
    purpose: str
    minutes: int
    needs: tuple[str, ...]
    steps: tuple[str, ...]
    start: int
    situations: tuple[str, ...]
    relations: tuple[str, ...]
    moment: str
    ladder: tuple[Notch, ...]
    prompts: tuple[str, ...]

    @property
    def observes(self) -> bool:
        return self.kind == "observe"


@dataclass(frozen=True)
class Module:
    """One module of the course in one language."""

    slug: str
    language: str
    number: int
    title: str
    summary: str
    note: str
    html: SafeString
    headings: tuple[Heading, ...]
    words: int
    exercise: Exercise

    @property
    def minutes(self) -> int:
        """Reading time in whole minutes, at least 1."""
        return max(1, math.ceil(self.words / PACE[self.language]))

    @property
    def slow_minutes(self) -> int:
        return math.ceil(self.words / SLOW_PACE)


@dataclass(frozen=True)
class Page:
    """A page beside the course: key points (`point`, `detail`, `gain`) or questions (`id`, `question`, `answer`)."""

    title: str
    summary: str
    html: SafeString
    items: tuple[dict[str, str], ...]


class Course(NamedTuple):
    """The modules of one language in order, the pages beside them by slug, and what is wrong."""

    modules: tuple[Module, ...]
    pages: dict[str, Page]
    faults: tuple[Fault, ...]

    def module(self, slug: str) -> Module | None:
        return next((module for module in self.modules if module.slug == slug), None)

    def around(self, slug: str) -> tuple[Module | None, Module | None]:
        """The modules before and after this one."""
        for before, here, after in zip((None, *self.modules), self.modules, (*self.modules[1:], None), strict=False):
            if here.slug == slug:
                return before, after
        return None, None


@lru_cache
def course(language: str, directory: Path = CONTENT) -> Course:
    """The course in that language; files that are unsound are left out and named in its faults."""
    modules, pages, faults = [], {}, []
    for file in sorted((directory / language).glob("*.md")):
        source = Source(file, language)
        if not source.faults:
            if source.number:
                modules.append(source.module())
            else:
                pages[source.slug] = source.page()
        faults += source.faults
    return Course(tuple(modules), pages, tuple(faults))


def markdown() -> MarkdownIt:
    """CommonMark without HTML, with the three containers and linkable headings."""
    md = MarkdownIt("commonmark", {"html": False}).enable("table").use(anchors_plugin, max_level=2)
    for name in ("scene", "aside", "key"):
        md.use(container_plugin, name)
    return md


MARKDOWN = markdown()


class Source:
    """One course file: its front matter with line numbers, its body, its faults."""

    def __init__(self, file: Path, language: str) -> None:
        self.file, self.language, self.faults = file, language, list[Fault]()
        match = re.fullmatch(r"(?:(\d\d)-)?([a-z][a-z-]*)", file.stem)
        self.number, self.slug = (int(match[1] or 0), match[2]) if match else (0, file.stem)
        if not match:
            self._fault(1, "the file's name is not NN-slug.md or slug.md")
        self.front, self.lines, self.body, self.body_line = self._split(file.read_text(encoding="utf-8"))
        self.tokens = MARKDOWN.parse(self.body)
        self.faults += self._check()

    def module(self) -> Module:
        front = self.front
        return Module(
            slug=self.slug,
            language=self.language,
            number=self.number,
            title=front["title"],
            summary=front["summary"],
            note=front.get("note", ""),
            html=self._html(),
            headings=tuple(self._headings()),
            words=sum(len(re.findall(r"\w[\w'’-]*", token.content)) for token in self.tokens if token.type == "inline"),
            exercise=_exercise(front["exercise"]),
        )

    def page(self) -> Page:
        items = self.front.get("points") or [
            {"id": f"q{n}", "question": each["question"], "answer": mark_safe(MARKDOWN.render(each["answer"]))}
            for n, each in enumerate(self.front["questions"], 1)
        ]
        return Page(self.front["title"], self.front["summary"], self._html(), tuple(items))

    def _html(self) -> SafeString:
        return mark_safe(MARKDOWN.renderer.render(self.tokens, MARKDOWN.options, {}))  # our own files, HTML off

    def _fault(self, line: int, text: str) -> None:
        self.faults.append(Fault(self.file, line, text))

    def _split(self, text: str) -> tuple[dict[str, Any], dict[str, int], str, int]:
        """Front matter as a dict, the line of each key (`exercise.title`), the body, and the body's first line."""
        match = re.match(r"---\n(.*?\n)---\n", text, re.DOTALL)
        if not match:
            self._fault(1, "no front matter between two lines of ---")
            return {}, {}, text, 1
        try:
            front, lines = yaml.safe_load(match[1]), dict(_lines(yaml.compose(match[1])))
        except yaml.MarkedYAMLError as error:
            self._fault(2 + (error.problem_mark.line if error.problem_mark else 0), f"front matter: {error.problem}")
            front, lines = {}, {}
        return front or {}, lines, text[match.end() :], match[0].count("\n") + 1

    def _check(self) -> Iterator[Fault]:
        if self.faults:
            return
        wanted = MODULE_KEYS if self.number else PAGE_KEYS.get(self.slug)
        if wanted is None:
            yield Fault(self.file, 1, f"a page that nothing shows: known are {', '.join(sorted(PAGE_KEYS))}")
            return
        yield from self._check_keys("", self.front, wanted, optional={"note"})
        if self.number and isinstance(self.front.get("exercise"), dict):
            yield from self._check_exercise(self.front["exercise"])
        elif self.number and "exercise" in self.front:
            yield Fault(self.file, self.lines["exercise"], "exercise is not a list of keys")
        yield from self._check_links()

    def _check_keys(self, at: str, given: dict, wanted: set[str], optional: set[str]) -> Iterator[Fault]:
        for key in sorted(wanted - given.keys()):
            yield Fault(self.file, self.lines.get(at.rstrip("."), 1), f"{at}{key} is missing")
        for key in given:
            if key not in wanted | optional:
                yield Fault(self.file, self.lines.get(f"{at}{key}", 1), f"{at}{key} is not a key that is known")
            elif given[key] in (None, "", [], {}):
                yield Fault(self.file, self.lines.get(f"{at}{key}", 1), f"{at}{key} is empty")

    def _check_exercise(self, given: dict[str, Any]) -> Iterator[Fault]:
        yield from self._check_keys("exercise.", given, EXERCISE_KEYS, optional=set())
        right = {
            "kind": lambda v: v in ("observe", "share"),
            "minutes": lambda v: isinstance(v, int) and 0 < v <= 24 * 60,
            "start": lambda v: v in NOTCHES,
            "situations": lambda v: isinstance(v, list) and set(v) <= set(SITUATIONS),
            "with": lambda v: isinstance(v, list) and set(v) <= set(RELATIONS),
            "ladder": lambda v: (
                isinstance(v, dict) and list(v) == list(NOTCHES) and all(isinstance(s, str) for s in v.values())
            ),
            **{key: _texts for key in ("needs", "steps", "prompts")},
            **{key: lambda v: isinstance(v, str) for key in ("title", "purpose", "moment")},
        }
        said = {"ladder": "needs one sentence for each notch 0, 10, … 100, in order"}
        for key, holds in right.items():
            if key in given and not holds(given[key]):
                text = f"exercise.{key} {said.get(key, 'has a value that is not allowed')}"
                yield Fault(self.file, self.lines.get(f"exercise.{key}", 1), text)

    def _check_links(self) -> Iterator[Fault]:
        slugs = {re.sub(r"^\d\d-", "", file.stem) for file in self.file.parent.glob("*.md")}
        for token in self.tokens:
            for child in token.children or ():
                href = str(child.attrs.get("href", "")) if child.type == "link_open" else ""
                if href and not href.startswith("#") and not self._leads_somewhere(href, slugs):
                    line = self.body_line + (token.map or [0])[0]
                    yield Fault(self.file, line, f"a link that leads nowhere: {href}")

    def _leads_somewhere(self, href: str, slugs: set[str]) -> bool:
        here = f"/{self.language}/read/{self.slug}/"
        try:
            with override(self.language):
                match = resolve(urljoin(here, href.partition("#")[0]))
        except Resolver404:
            return False
        return match.kwargs.get("slug", self.slug) in slugs

    def _headings(self) -> Iterator[Heading]:
        for opening, inline in pairwise(self.tokens):
            if opening.type == "heading_open" and opening.tag == "h2":
                yield Heading(str(opening.attrs["id"]), _text(inline))


def _exercise(given: dict[str, Any]) -> Exercise:
    plain = {key: given[key] for key in ("kind", "title", "purpose", "minutes", "start", "moment")}
    lists: dict[str, Any] = {key: tuple(given[key]) for key in ("needs", "steps", "situations", "prompts")}
    return Exercise(
        **plain,
        **lists,
        relations=tuple(given["with"]),
        ladder=tuple(Notch(level, sentence) for level, sentence in given["ladder"].items()),
    )


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _text(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _lines(node: yaml.Node | None, at: str = "") -> Iterator[tuple[str, int]]:
    """The line in the file of each key; the front matter begins on line 2."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield f"{at}{key.value}", key.start_mark.line + 2
            yield from _lines(value, f"{at}{key.value}.")
