"""What an article is made of while it is imported: blocks of runs of text, whatever markup they came from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from exercises.course.pages import WORD


class CannotImport(Exception):
    """Why a file is no article that can be imported, in one sentence."""


class Run(NamedTuple):
    """Text in one style: '', 'i' (emphasis), 'b' (strong) or 'bi'. A newline in it is a line break that was meant.

    `href` is an https address that it leads to, or ''.
    """

    text: str
    mark: str = ""
    href: str = ""


Inline = tuple[Run, ...]


@dataclass(frozen=True)
class Block:
    """One block. `kind`: heading, paragraph, list, item, quote, table, code or rule.

    `level` is a heading's level (0 and up), an ordered list's first number (0: bullets), or 1 for a table whose first
    row is its head. `children` are a list's items, and the blocks of an item or a quote.
    """

    kind: str
    text: Inline = ()
    level: int = 0
    children: tuple["Block", ...] = ()
    rows: tuple[tuple[Inline, ...], ...] = ()


class Left(NamedTuple):
    """Something that was left out, and what it was. `words`: how many of the article's words went with it."""

    why: str
    text: str
    words: int


class Article(NamedTuple):
    """A file as read: its title where it says one outside its text, its blocks, and what was left out so far."""

    title: str
    blocks: tuple[Block, ...]
    left: tuple[Left, ...]


def said(inline: Inline) -> str:
    """The text without its styles."""
    return "".join(run.text for run in inline)


def line(inline: Inline) -> str:
    """The text without its styles, on one line."""
    return " ".join(said(inline).split())


def plain(block: Block) -> str:
    """All text of a block, on one line."""
    cells = [line(cell) for row in block.rows for cell in row]
    return " ".join(filter(None, [line(block.text), *cells, *map(plain, block.children)]))


def words(text: str) -> int:
    return len(WORD.findall(text))


def words_of(blocks: Iterable[Block]) -> int:
    return sum(words(plain(block)) for block in blocks)


def left_out(why: str, text: str) -> Left:
    return Left(why, " ".join(text.split()), words(text))


def cut(inline: Inline, at: int) -> tuple[Inline, Inline]:
    """The first `at` characters, and the rest; spaces at the cut go."""
    before, after = list[Run](), list[Run]()
    for run in inline:
        here, at = max(0, min(at, len(run.text))), at - len(run.text)
        before.append(run._replace(text=run.text[:here]))
        after.append(run._replace(text=run.text[here:]))
    return trimmed(before), trimmed(after)


def trimmed(runs: Iterable[Run]) -> Inline:
    """Spaces made one, none at either end, neighbours of one style joined, empty runs gone."""
    tidy = list[Run]()
    for run in _joined(runs):
        text = re.sub(r" *\n *", "\n", re.sub(r"[^\S\n]+", " ", run.text))
        if not tidy or tidy[-1].text[-1] in " \n":
            text = text.lstrip()
        if text:
            tidy.append(run._replace(text=text))
    while tidy and not tidy[-1].text.strip():
        tidy.pop()
    return (*tidy[:-1], tidy[-1]._replace(text=tidy[-1].text.rstrip())) if tidy else ()


def _joined(runs: Iterable[Run]) -> list[Run]:
    joined = list[Run]()
    for run in filter(lambda run: run.text, runs):
        if joined and (joined[-1][1:] == run[1:] or not joined[-1].text.strip()):
            run = run._replace(text=joined.pop().text + run.text)
        joined.append(run)
    return joined
