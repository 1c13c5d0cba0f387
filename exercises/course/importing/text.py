"""Plain text to blocks. It has no markup: one paragraph a line, possibly no blank lines at all."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from exercises.course.importing.blocks import Article, Block, Inline, Run, said, trimmed, words
from exercises.course.importing.signs import (
    ALSO,
    ITEM_NUMBER,
    LEAST_SUBTITLE,
    QUESTION_LABEL,
    is_leftover,
    like_heading,
    starts_key_points,
    starts_questions,
    verses,
)

BULLET = re.compile(r"[-*•‣▪–]\s+")
HASHES = re.compile(r"(#{1,6})\s+")
RULE = re.compile(r"(?:[-*_=~]\s*){3,}|[—–]{2,}")
CELLS = re.compile(r"\||\t")
EDGES = re.compile(r"^\||\|$")
DIVIDER = re.compile(r"[\s|:+=-]*-[\s|:+=-]*")
MARKED = re.compile(rf">|#|{BULLET.pattern}|{ITEM_NUMBER.pattern}")
QUOTED = re.compile(r"[“‘\"'](.+)[”’\"']")
WIDTH = range(50, 101)  # characters: where files that break their lines break them


def read_text(given: str) -> Article:
    lines = _versed(_unbroken([line.strip() for line in given.strip().splitlines()]))
    return Article("", tuple(_titled(list(_blocks([line for line in lines if line])))), ())


def _titled(blocks: list[Block]) -> list[Block]:
    """A first line that is a heading is the title; last lines that look like one head nothing."""
    for n in range(len(blocks) - 1, 0, -1):
        if blocks[n].kind != "heading":
            break
        blocks[n] = Block("paragraph", blocks[n].text)
    if blocks and blocks[0].kind == "heading":
        blocks[0] = Block("heading", blocks[0].text, level=1)
        if len(blocks) > 1 and _is_subtitle(blocks):
            blocks[1] = Block("paragraph", blocks[1].text)
    return blocks


def _is_subtitle(blocks: list[Block]) -> bool:
    """A line right under the title that is longer than it and than every heading."""
    title, second, *others = blocks
    longest = max(len(said(each.text)) for each in (title, *others) if each.kind == "heading")
    text = said(second.text)
    return second.kind == "heading" and words(text) >= LEAST_SUBTITLE and len(text) > longest


def _blocks(lines: list[str]) -> Iterator[Block]:
    kinds = [_kind(lines, n) for n in range(len(lines))]
    for kind, together in groupby(zip(kinds, lines, strict=True), key=lambda each: each[0]):
        group = [line for _kind, line in together]
        if kind == "table":
            yield from _table(group)
        elif kind in ("bullets", "numbers"):
            yield _list(kind, group)
        elif kind == "quote":
            yield Block("quote", children=tuple(Block("paragraph", _run(line.lstrip("> "))) for line in group))
        else:
            yield from (_single(kind, line) for line in group)


def _kind(lines: Sequence[str], n: int) -> str:
    """What the line is, from itself and the lines beside it."""
    line, beside = lines[n], [lines[m] for m in (n - 1, n + 1) if 0 <= m < len(lines)]
    if RULE.fullmatch(line):
        return "rule"
    if _is_row(line) and ((line[0] == line[-1] == "|" and len(line) > 1) or any(map(_is_row, beside))):
        return "table"
    if (line.startswith(">") and line.strip("> ")) or _is_pulled(lines, n):
        return "quote"
    if BULLET.match(line):
        return "bullets"
    if ITEM_NUMBER.match(line) and any(ITEM_NUMBER.match(other) for other in beside):
        return "numbers"
    if starts_questions(line) or starts_key_points(line) or HASHES.match(line):
        return "heading"
    return "heading" if _heads(line) else "paragraph"


def _heads(line: str) -> bool:
    return like_heading(line) and "\n" not in line and not QUESTION_LABEL.match(line)


def _is_pulled(lines: Sequence[str], n: int) -> bool:
    """Words in quotation marks, set apart, that stand in the text as well."""
    quoted = QUOTED.fullmatch(lines[n]) if n and _heads(lines[n]) else None
    return quoted is not None and any(quoted[1] in each for m, each in enumerate(lines) if m != n)


def _is_row(line: str) -> bool:
    return bool(CELLS.search(line))


def _single(kind: str, line: str) -> Block:
    if kind != "heading":
        return Block(kind, () if kind == "rule" else _run(line))
    hashes = HASHES.match(line)
    return Block("heading", _run(HASHES.sub("", line, count=1)), level=max(2, len(hashes[1])) if hashes else 2)


def _list(kind: str, lines: Sequence[str]) -> Block:
    mark = BULLET if kind == "bullets" else ITEM_NUMBER
    first = 0 if kind == "bullets" else int(re.match(r"\d+", lines[0])[0])  # type: ignore[index]
    items = [Block("item", children=(Block("paragraph", _run(mark.sub("", line, count=1))),)) for line in lines]
    return Block("list", level=first, children=tuple(items))


def _table(lines: Sequence[str]) -> Iterator[Block]:
    """Rows of cells; a dividing row says that the row before it is the head."""
    rows = [tuple(_run(cell) for cell in CELLS.split(EDGES.sub("", line))) for line in lines if not _divides(line)]
    headed = any(_divides(line) for line in lines[:2])
    if rows:
        yield Block("table", rows=tuple(rows), level=int(headed))


def _divides(line: str) -> bool:
    return bool(DIVIDER.fullmatch(line))


def _is_marked(line: str) -> bool:
    return _is_row(line) or bool(MARKED.match(line))


def _versed(lines: Sequence[str]) -> list[str]:
    """The lines of a poem as one, with its breaks. The first line is a title, and titles of other articles are none."""
    found, at = list[str](), 0
    for run in verses(["" if n == 0 or _is_marked(line) else line for n, line in enumerate(lines)]):
        found += lines[at : run.start]
        before = next(filter(None, reversed(found)))
        poem = lines[run.start : run.stop]
        found += poem if is_leftover(before) == ALSO else ["\n".join(poem)]
        at = run.stop
    return [*found, *lines[at:]]


def _run(text: str) -> Inline:
    return trimmed([Run(text)])


def _unbroken(lines: list[str]) -> list[str]:
    """One line a paragraph again, in a file that breaks its lines at a fixed width and has blank lines."""
    groups = [list(group) for filled, group in groupby(lines, key=bool) if filled]
    followed = [line for group in groups for line in group[:-1] if _kind([line], 0) in ("heading", "paragraph")]
    filled = [line for line in followed if len(line) in WIDTH]
    if len(groups) < 3 or max(map(len, lines)) > WIDTH[-1] or len(filled) < max(3, 0.8 * len(followed)):
        return lines
    return [line for group in groups for line in (*_joined(group), "")]


def _joined(group: Sequence[str]) -> Iterator[str]:
    """A line goes on with the next, unless that starts an item or this one is too short to have been broken."""
    whole = group[0]
    for before, line in zip(group, group[1:], strict=False):
        if _is_marked(line) or RULE.fullmatch(before) or len(before) < WIDTH[0]:
            yield whole
            whole = line
        else:
            whole += f" {line}"
    yield whole
