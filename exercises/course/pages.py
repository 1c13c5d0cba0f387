"""The course: Markdown files with front matter, read once into frozen modules. Knows no person.

`<language>/NN-slug.md` is a module, `<language>/slug.md` a page beside the modules; docs/authoring.md says what stands
in them. What is unsound is left out and collected as faults with file and line, which `checks.py` reports.
"""

import math
import re
from collections.abc import Iterator, Sequence
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
WORD = re.compile(r"\w[\w'’-]*")
BREAKS = ("softbreak", "hardbreak")
LONGEST_PROMPT = 500  # characters: what the journal keeps of a question
SLUG = "[a-z][a-z0-9-]{0,79}"  # as long as the mark of a module that was read can be
TODO = re.compile(r"\bTODO\b")  # what import_article and authors leave to fill in

SITUATIONS = ("message", "call", "together")
RELATIONS = ("friend", "partner", "date", "family", "colleague", "other")
MODULE_KEYS = {"title", "summary", "exercise"}
EXERCISE_KEYS = {"kind", "title", "purpose", "minutes", "needs", "steps", "start", "moment", "ladder", "prompts"} | {
    "situations",
    "with",
}
PAGE_KEYS = {
    "key-points": {"title", "summary", "points"},
    "questions": {"title", "summary", "questions"},
    "what-we-know": {"title", "summary"},
}
ITEM_KEYS = {"points": {"point", "detail", "gain"}, "questions": {"question", "answer"}}


class Fault(NamedTuple):
    """What is wrong with a course file, and where."""

    file: Path
    line: int
    text: str


class Unsound(Exception):
    """A text that is not what it should be: its line and what is wrong."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(line, text)
        self.line, self.text = line, text


class Heading(NamedTuple):
    id: str
    text: str


class Part(NamedTuple):
    """A piece of a module's prose, and the margin question that follows it; '' after the last piece."""

    html: SafeString
    prompt: str


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
    html: SafeString  # the prose without the margin questions
    parts: tuple[Part, ...]  # the same prose, up to each margin question
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
def course(language: str, directory: Path = CONTENT, name: str = "") -> Course:
    """The course of that directory in that language; files that are unsound are left out and named in its faults.

    `name` is that of a further course: the pages beside its modules are shown at read/course/<name>/.
    """
    modules, pages, faults = dict[str, Module](), dict[str, Page](), list[Fault]()
    for file in sorted((directory / language).glob("*.md")):
        source = Source(file, language, name)
        if source.slug in modules:
            faults.append(Fault(file, 1, f"a second module with the name {source.slug}"))
        elif not source.faults and source.number:
            modules[source.slug] = source.module()
        elif not source.faults:
            pages[source.slug] = source.page()
        faults += source.faults
    return Course(tuple(modules.values()), pages, tuple(faults))


class _Plain(yaml.SafeLoader):
    """YAML in which no text stands for another (`*name`): such could go round for ever."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="a * that names another place: put it between quotes", problem_mark=mark)
        return super().compose_node(parent, index)


def read_yaml(text: str, first: int) -> tuple[dict[str, Any], dict[str, int]]:
    """The keys of a YAML text, and the line of each (`exercise.ladder.10`) in a file where it begins on line `first`.

    Raises Unsound.
    """
    try:
        loader = _Plain(text)
        node = loader.get_single_node()
        keys = loader.construct_document(node) if node else None
        lines = dict(_lines(node, first))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise Unsound(first + line, f"not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # odd characters, a day that is none, too deep
        raise Unsound(first, "not YAML") from error
    if not isinstance(keys, dict):
        raise Unsound(first, "not a list of keys")
    return keys, lines


def read_text(file: Path) -> str:
    """The text of a course file; raises Unsound."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unsound(1, "cannot be read") from error
    except UnicodeDecodeError as error:
        raise Unsound(1, "not UTF-8") from error


def to_fill_in(value: Any, at: str = "") -> Iterator[str]:
    """The key (`exercise.ladder.10`) of every text in which TODO stands."""
    if isinstance(value, str) and TODO.search(value):
        yield at
    elif isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from to_fill_in(each, f"{at}.{key}" if at else str(key))


def markdown() -> MarkdownIt:
    """CommonMark without HTML, with our containers and linkable headings."""
    md = MarkdownIt("commonmark", {"html": False}).enable("table").use(anchors_plugin, max_level=2)
    for name in ("scene", "aside", "key", "note", "margin"):
        md.use(container_plugin, name, render=_box)
    return md


def _box(renderer: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """The plugin's own way adds the class to the token, once more each time that it is rendered."""
    name = tokens[at].type.split("_")[1]
    return f'<div class="{name}">\n' if tokens[at].nesting == 1 else "</div>\n"


MARKDOWN = markdown()


class Source:
    """One course file: its front matter with line numbers, its body, its faults."""

    def __init__(self, file: Path, language: str, course: str = "") -> None:
        """`course` is the name of a further course, '' in the built-in one."""
        self.file, self.language, self.course, self.faults = file, language, course, list[Fault]()
        self.front, self.lines, self.body, self.body_line = dict[str, Any](), dict[str, int](), "", 1
        match = re.fullmatch(rf"(?:(\d\d)-)?({SLUG})", file.stem)
        self.number, self.slug = (int(match[1] or 0), match[2]) if match else (0, file.stem)
        try:
            if not match:
                raise Unsound(1, "the file's name is not NN-slug.md or slug.md")
            self._split(read_text(file))
        except Unsound as unsound:
            self.faults.append(Fault(file, unsound.line, unsound.text))
        self.tokens = MARKDOWN.parse(self.body)
        self.margins = list(_margins(self.tokens))
        self.faults += self._check()

    def module(self) -> Module:
        front = self.front
        return Module(
            slug=self.slug,
            language=self.language,
            number=self.number,
            title=front["title"],
            summary=front["summary"],
            html=self._html(),
            parts=tuple(self._parts()),
            headings=tuple(self._headings()),
            words=sum(len(WORD.findall(token.content)) for token in self._prose() if token.type == "inline"),
            exercise=_exercise(front["exercise"]),
        )

    def page(self) -> Page:
        items = self.front.get("points") or [
            {"id": f"q{n}", "question": each["question"], "answer": mark_safe(MARKDOWN.render(each["answer"]))}
            for n, each in enumerate(self.front.get("questions", ()), 1)
        ]
        return Page(self.front["title"], self.front["summary"], self._html(), tuple(items))

    def _html(self) -> SafeString:
        return _rendered(self._prose())

    def _prose(self) -> list[Token]:
        """The body without its margin questions."""
        taken = {n for margin in self.margins for n in margin}
        return [token for n, token in enumerate(self.tokens) if n not in taken]

    def _parts(self) -> Iterator[Part]:
        at = 0
        for margin in self.margins:
            yield Part(_rendered(self.tokens[at : margin.start]), _question(self.tokens, margin))
            at = margin.stop
        yield Part(_rendered(self.tokens[at:]), "")

    def _split(self, text: str) -> None:
        """Front matter as a dict, the line of each of its keys, the body, and the body's first line."""
        match = re.match(r"---\n(.*?\n)---(?:\n|$)", text, re.DOTALL)
        if not match:
            raise Unsound(1, "no front matter between two lines of ---")
        self.body, self.body_line = text[match.end() :], match[0].count("\n") + 1
        try:
            self.front, self.lines = read_yaml(match[1], 2)
        except Unsound as unsound:
            raise Unsound(unsound.line, f"front matter: {unsound.text}") from unsound

    def _check(self) -> Iterator[Fault]:
        if self.faults:
            return
        wanted = MODULE_KEYS if self.number else PAGE_KEYS.get(self.slug)
        if wanted is None:
            yield Fault(self.file, 1, f"a page that nothing shows: known are {', '.join(sorted(PAGE_KEYS))}")
            return
        if self.number and not is_module_address(self.slug, self.language):
            yield Fault(self.file, 1, f"the site has another page at read/{self.slug}/")
        yield from self._check_keys("", self.front, wanted)
        yield from self._check_texts()
        if self.number and isinstance(self.front.get("exercise"), dict):
            yield from self._check_exercise(self.front["exercise"])
        elif self.number and "exercise" in self.front:
            yield self._at("exercise", "is not a list of keys")
        for key in ITEM_KEYS.keys() & wanted & self.front.keys():
            yield from self._check_items(key, self.front[key])
        yield from self._check_margins()
        yield from self._check_body()

    def _at(self, key: str, text: str) -> Fault:
        """What is wrong with a key of the front matter, on the line of that key."""
        return Fault(self.file, self.lines.get(key, 1), f"{key} {text}")

    def _check_texts(self) -> Iterator[Fault]:
        for key in ("title", "summary"):
            if self.front.get(key) is not None and not isinstance(self.front[key], str):
                yield self._at(key, "is not a text: put it between quotes")
        for key in to_fill_in(self.front):
            yield self._at(key, "is left to fill in")

    def _check_items(self, name: str, given: Any) -> Iterator[Fault]:
        if not isinstance(given, list):
            yield self._at(name, "is not a list")
            return
        for n, item in enumerate(given):
            if not isinstance(item, dict) or item.keys() != ITEM_KEYS[name]:
                yield self._at(f"{name}.{n}", f"has not just the keys {', '.join(sorted(ITEM_KEYS[name]))}")
            elif not all(isinstance(each, str) and each.strip() for each in item.values()):
                yield self._at(f"{name}.{n}", "has a key without a text")

    def _check_keys(self, at: str, given: dict, wanted: set[str]) -> Iterator[Fault]:
        for key in sorted(wanted - given.keys()):
            yield Fault(self.file, self.lines.get(at.rstrip("."), 1), f"{at}{key} is missing")
        for key in given:
            if key not in wanted:
                yield self._at(f"{at}{key}", "is not a key that is known")
            elif given[key] in (None, "", [], {}):
                yield self._at(f"{at}{key}", "is empty")

    def _check_exercise(self, given: dict[str, Any]) -> Iterator[Fault]:
        yield from self._check_keys("exercise.", given, EXERCISE_KEYS)
        right = {
            "kind": lambda v: v in ("observe", "share"),
            "minutes": lambda v: type(v) is int and 0 < v <= 24 * 60,
            "start": lambda v: type(v) is int and v in NOTCHES,
            "situations": lambda v: isinstance(v, list) and all(each in SITUATIONS for each in v),
            "with": lambda v: isinstance(v, list) and all(each in RELATIONS for each in v),
            "ladder": lambda v: isinstance(v, dict) and list(v) == list(NOTCHES) and _texts(list(v.values())),
            "needs": _texts,
            "steps": _texts,
            "prompts": lambda v: _texts(v) and all(len(each) <= LONGEST_PROMPT for each in v),
            **{key: lambda v: isinstance(v, str) for key in ("title", "purpose", "moment")},
        }
        said = {"ladder": "needs one sentence for each notch 0, 10, … 100, in order"}
        for key, holds in right.items():
            if key in given and not holds(given[key]):
                yield self._at(f"exercise.{key}", said.get(key, "has a value that is not allowed"))

    def _check_margins(self) -> Iterator[Fault]:
        alone = {margin.start for margin in self.margins} if self.number else set()
        for n, token in enumerate(self.tokens):
            if token.type == "container_margin_open" and n not in alone:
                yield Fault(self.file, self._line(token), "a margin stands in a module and by itself, not in a block")
        for margin in self.margins:
            inside = [token.type for token in self.tokens[margin.start + 1 : margin.stop - 1]]
            line = self._line(self.tokens[margin.start])
            if not inside:
                yield Fault(self.file, line, "an empty margin")
            elif inside != ["paragraph_open", "inline", "paragraph_close"]:
                yield Fault(self.file, line, "a margin holds one question, in one paragraph")
            elif len(_question(self.tokens, margin)) > LONGEST_PROMPT:
                yield Fault(self.file, line, f"a margin's question is longer than {LONGEST_PROMPT} characters")

    def _line(self, token: Token) -> int:
        return self.body_line + (token.map or [0])[0]

    def _check_body(self) -> Iterator[Fault]:
        for tokens, first in self._shown():
            for token in tokens:
                for text in self._not_shown_well(token):
                    yield Fault(self.file, first + (token.map or [0])[0], text)

    def _shown(self) -> Iterator[tuple[list[Token], int]]:
        """What is Markdown here, and the line that it begins on: the body, and the answers to questions."""
        yield self.tokens, self.body_line
        questions = self.front.get("questions")
        for n, item in enumerate(questions if isinstance(questions, list) else ()):
            if isinstance(item, dict) and isinstance(item.get("answer"), str):
                yield MARKDOWN.parse(item["answer"]), self.lines.get(f"questions.{n}.answer", 1)

    def _not_shown_well(self, token: Token) -> Iterator[str]:
        if token.type == "inline" and TODO.search(token.content):
            yield "a TODO is left to fill in"
        for child in token.children or ():
            href = str(child.attrs.get("href", "")) if child.type == "link_open" else ""
            if href and not href.startswith(("#", "https://")) and not self._leads_somewhere(href):
                yield f"a link that leads nowhere: {href}"
            if child.type == "image":
                yield "a picture, which a course cannot have"

    def _leads_somewhere(self, href: str) -> bool:
        slugs = {
            re.sub(r"^\d\d-", "", file.stem) for at in (self.file.parent, CONTENT / "nl") for file in at.glob("*.md")
        }
        beside = f"course/{self.course}" if self.course and not self.number else self.slug
        try:
            with override(self.language):
                match = resolve(urljoin(f"/{self.language}/read/{beside}/", href.partition("#")[0]))
        except (Resolver404, ValueError):
            return False
        return match.kwargs.get("slug", self.slug) in slugs

    def _headings(self) -> Iterator[Heading]:
        for opening, inline in pairwise(self.tokens):
            if opening.type == "heading_open" and opening.tag == "h2":
                yield Heading(str(opening.attrs["id"]), _text(inline))


def is_module_address(slug: str, language: str) -> bool:
    """Whether a module with this name is found below read/: no other page stands there."""
    with override(language):
        here, mark = resolve(f"/{language}/read/{slug}/"), resolve(f"/{language}/read/{slug}/mark/")
    return (here.url_name, mark.url_name) == ("module", "mark")


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
    return isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value)


def _rendered(tokens: Sequence[Token]) -> SafeString:
    return mark_safe(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))  # our own files, HTML off


def _margins(tokens: Sequence[Token]) -> Iterator[range]:
    """Where each margin that stands by itself opens and has closed."""
    opened = 0
    for n, token in enumerate(tokens):
        if token.level == 0 and token.type == "container_margin_open":
            opened = n
        elif token.level == 0 and token.type == "container_margin_close":
            yield range(opened, n + 1)


def _question(tokens: Sequence[Token], margin: range) -> str:
    return " ".join(_text(tokens[n]) for n in margin if tokens[n].type == "inline")


def _text(inline: Token) -> str:
    return "".join(child.content or " " * (child.type in BREAKS) for child in inline.children or ())


def _lines(node: yaml.Node | None, first: int, at: str = "") -> Iterator[tuple[str, int]]:
    """The line of each key and of each item of a list, in a file where the text begins on line `first`."""
    nested: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        nested = [(str(key.value), key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        nested = [(str(n), each, each) for n, each in enumerate(node.value)]
    for key, place, value in nested:
        yield f"{at}{key}", place.start_mark.line + first
        yield from _lines(value, first, f"{at}{key}.")
