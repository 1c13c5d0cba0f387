"""An article's blocks to the modules of a course, its key points and its questions."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from exercises.course.importing.blocks import Article, Block, Inline, Left, cut, left_out, line, plain, said, words
from exercises.course.importing.page import calm
from exercises.course.importing.signs import (
    ANSWER_LABEL,
    ITEM_NUMBER,
    LEAST_PROSE,
    LONGEST_QUESTION,
    POINT,
    QUESTION_LABEL,
    ends_article,
    like_heading,
    may_start_questions,
    sift,
    starts_key_points,
    starts_questions,
    verses,
)

QUICK = re.compile(r"[^.!?]+\?[\s\"'”’)]+\w")

# Each tells of each block up to which character it is a question, 0 where it is none.
Finds = tuple[Callable[[Sequence[Block]], list[int]], ...]


class Section(NamedTuple):
    """A module to be: its heading as written ('' for an opening without one) and what stands below it."""

    heading: str
    blocks: tuple[Block, ...]


class Question(NamedTuple):
    question: str
    answer: tuple[Block, ...]


class KeyPoints(NamedTuple):
    """`rows`: point, detail and gain of each, '' where the table has no such column."""

    heading: str
    blocks: tuple[Block, ...]
    rows: tuple[tuple[str, str, str], ...]


class Questions(NamedTuple):
    heading: str
    blocks: tuple[Block, ...]
    asked: tuple[Question, ...]


class Shape(NamedTuple):
    """What an article becomes. `title` is '' where it says none."""

    title: str
    sections: tuple[Section, ...]
    points: KeyPoints | None
    questions: Questions | None
    left: tuple[Left, ...]


def shape(article: Article) -> Shape:
    sifted = sift(article)
    left = list(sifted.left)
    title, blocks = _title(_with_headings(_unsigned(list(sifted.blocks), left)))
    blocks = _level(blocks)
    points = _take_key_points(blocks, left)
    questions = _take_questions(blocks, left)
    heading = title or article.title
    return Shape(heading, tuple(_sections(heading, blocks)), points, questions, tuple(left))


def _unsigned(blocks: list[Block], left: list[Left]) -> list[Block]:
    """Without a name, place, month or 'see also' at the end; right below a heading or a question they are its text."""
    end = len(blocks)
    while end and blocks[end - 1].kind in ("heading", "paragraph") and ends_article(plain(blocks[end - 1])):
        end -= 1
    if not end or blocks[end - 1].kind == "heading" or plain(blocks[end - 1]).endswith("?"):
        return blocks
    left += [left_out(ends_article(text), text) for text in map(plain, blocks[end:])]
    return blocks[:end]


def _with_headings(blocks: list[Block]) -> list[Block]:
    """Where nothing is marked as a heading, a strong line is one; without those, a line that looks like one."""
    if any(block.kind == "heading" and block.level > 1 for block in blocks) or _many(blocks, "heading"):
        return blocks
    poems = {n for run in verses([line(block.text) if n else "" for n, block in enumerate(blocks)]) for n in run}
    looks = [n not in poems and _looks(block) for n, block in enumerate(blocks)]
    for seems in ([_is_strong(block) for block in blocks], looks):
        if any(seems) and not all(seems):
            paired = zip(blocks, seems, strict=True)
            return [Block("heading", block.text, level=2) if heads else block for block, heads in paired]
    return blocks


def _many(blocks: Sequence[Block], kind: str) -> bool:
    return sum(block.kind == kind for block in blocks) > 1


def _is_strong(block: Block) -> bool:
    return _looks(block) and all("b" in run.mark for run in block.text)


def _looks(block: Block) -> bool:
    text = line(block.text)
    return block.kind == "paragraph" and like_heading(text) and not QUESTION_LABEL.match(text)


def _title(blocks: list[Block]) -> tuple[str, list[Block]]:
    """The one heading above all others is the title; without it the rest."""
    levels = sorted(block.level for block in blocks if block.kind == "heading")
    first = next((block for block in blocks if block.kind == "heading"), None)
    if first is None or first.level != levels[0] or first.level > 1 or levels[:2].count(levels[0]) > 1:
        return "", blocks
    return line(first.text), [block for block in blocks if block is not first]


def _level(blocks: list[Block]) -> list[Block]:
    """Levels from 1 for what becomes a module, and the lines that start key points or questions as headings."""
    highest = min((block.level for block in blocks if block.kind == "heading"), default=1)
    found = list[Block]()
    for block in blocks:
        if block.kind == "heading":
            found.append(Block("heading", block.text, level=block.level - highest + 1))
        elif block.kind == "paragraph" and (starts_questions(plain(block)) or starts_key_points(plain(block))):
            found.append(Block("heading", block.text, level=1))
        else:
            found.append(block)
    return found


def _sections(title: str, blocks: list[Block]) -> Iterator[Section]:
    """A module per heading of the first level; the opening is what stands before the first."""
    starts = [n for n, block in enumerate(blocks) if block.kind == "heading" and block.level == 1]
    if opening := blocks[: starts[0] if starts else None]:
        yield Section(title, tuple(opening))
    for start, end in pairwise([*starts, len(blocks)] if starts else []):
        yield Section(line(blocks[start].text), tuple(blocks[start + 1 : end]))


def _end(blocks: Sequence[Block], start: int, goes_on: bool) -> int:
    """Where the part below a heading ends: at the next of its level. `goes_on`: not at one that asks something."""
    for n in range(start + 1, len(blocks)):
        block = blocks[n]
        if block.kind == "heading" and block.level <= blocks[start].level:
            if not (goes_on and line(block.text).endswith("?")):
                return n
        elif goes_on and block.kind == "rule":
            return n
    return len(blocks)


# Key points: a table of two or three columns


def _take_key_points(blocks: list[Block], left: list[Left]) -> KeyPoints | None:
    """Takes the first table of key points out of the blocks, with its heading where that has nothing else."""
    for at, block in enumerate(blocks):
        if block.kind != "table" or max(map(len, block.rows)) not in (2, 3):
            continue
        above = max((n for n in range(at) if blocks[n].kind == "heading"), default=-1)
        called = above >= 0 and starts_key_points(line(blocks[above].text))
        headed = bool(POINT.fullmatch(line(block.rows[0][0]))) or (called and block.level == 1)
        if len(block.rows) - headed < 1 or not (called or headed):
            continue
        if headed:
            left.append(left_out("the head of the key points", " | ".join(map(line, block.rows[0]))))
        rows = tuple(_row(cells) for cells in block.rows[headed:])
        end = _end(blocks, above, goes_on=False) if above >= 0 else len(blocks)
        alone = above >= 0 and (called or (above == at - 1 and end == at + 1))
        heading = line(blocks[above].text) if alone else ""
        beside = tuple(each for each in blocks[above + 1 : end] if each is not block) if alone else ()
        blocks[slice(above, end) if alone else slice(at, at + 1)] = []
        return KeyPoints(heading, beside, rows)
    return None


def _row(cells: Sequence[Inline]) -> tuple[str, str, str]:
    point, detail, gain, *_more = [*map(line, cells), "", "", ""]
    return point, detail, gain


# Questions: marked as headings, as strong lines, with a label, or only by their question mark


def _take_questions(blocks: list[Block], left: list[Left]) -> Questions | None:
    for at, block in enumerate(blocks):
        text = line(block.text) if block.kind == "heading" else ""
        if not text:
            continue
        end = _end(blocks, at, goes_on=True)
        region = list(_unlisted(blocks[at + 1 : end]))
        surely = starts_questions(text) or _are_quick(region)
        if not (surely or may_start_questions(text)):
            continue
        finds, after = (FINDS, _after(region)) if surely else (SURE, [])
        before, asked = _asked(region[: len(region) - len(after)], finds, labels := list[Left]())
        if asked and 2 * sum(bool(each.answer) for each in asked) >= len(asked):
            blocks[at:end] = after
            left += labels
            return Questions(line(block.text), tuple(before), tuple(asked))
    return None


def _unlisted(blocks: Sequence[Block]) -> Iterator[Block]:
    """A list of which every item begins with a question is read as its items."""
    for block in blocks:
        if block.kind == "list" and all("?" in line(item.children[0].text) for item in block.children):
            for item in block.children:
                yield from item.children
        else:
            yield block


def _are_quick(region: Sequence[Block]) -> bool:
    """Whether it begins with three lines, none as long as prose, of a question and its answer."""
    quick = [block.kind == "paragraph" and bool(QUICK.match(said(block.text))) for block in region[:3]]
    return len(quick) == 3 and all(quick) and all(words(said(block.text)) < LEAST_PROSE for block in region[:3])


def _after(region: Sequence[Block]) -> list[Block]:
    """What stands below questions that are each answered on their own line, two or more, and is no answer."""
    answered = [0 < at < len(said(block.text)) for block, at in zip(region, _each(_leading)(region), strict=True)]
    end = answered.index(False) if False in answered else len(region)
    return [] if end < 2 or any(answered[end:]) or any(_each(_whole)(region)) else list(region[end:])


def _asked(blocks: Sequence[Block], finds: Finds, labels: list[Left]) -> tuple[list[Block], list[Question]]:
    """What stands before the first question, and the questions, found in the surest way that finds any."""
    ends = next((ends for find in finds if any(ends := find(blocks))), [])
    before, asked = list[Block](), list[tuple[str, list[Block]]]()
    for block, at in zip(blocks, ends, strict=False):
        if at:
            question, rest = cut(block.text, at)
            asked.append((_unlabelled(question, QUESTION_LABEL, labels)[1], []))
            if rest:
                asked[-1][1].append(Block("paragraph", _unlabelled(rest, ANSWER_LABEL, labels)[0]))
        elif asked:
            labelled = _unlabelled(block.text, ANSWER_LABEL, labels)[0] if block.kind == "paragraph" else block.text
            asked[-1][1].append(Block(block.kind, labelled, block.level, block.children, block.rows))
        else:
            before.append(block)
    return before, [Question(question, tuple(calm(answer))) for question, answer in asked]


def _unlabelled(inline: Inline, label: re.Pattern[str], labels: list[Left]) -> tuple[Inline, str]:
    """Without 'Question 1:' or a number before it; as runs and as text."""
    for known in (label, ITEM_NUMBER):
        if found := known.match(said(inline)):
            labels.append(left_out("a label in the questions", found[0]))
            inline = cut(inline, found.end())[1]
    return inline, line(inline)


def _each(find: Callable[[Block], int]) -> Callable[[Sequence[Block]], list[int]]:
    return lambda blocks: [find(block) for block in blocks]


def _in_turn(blocks: Sequence[Block]) -> list[int]:
    """Where two or more ask and every other answers one that stood alone, with its answer on its own line or below."""
    ends, waits = list[int](), False
    for block in blocks:
        end = _whole(block) or (0 if waits else _leading(block))
        if not (end or waits):
            return []
        ends.append(end)
        waits = bool(end) and end == len(said(block.text))
    return ends if sum(map(bool, ends)) > 1 else []


def _marked(block: Block) -> int:
    return len(said(block.text)) if block.kind == "heading" and line(block.text).endswith("?") else 0


def _strong(block: Block) -> int:
    """Up to where a paragraph begins with a strong question."""
    strong = ""
    for run in block.text:
        if "b" not in run.mark:
            break
        strong += run.text
    return len(strong) if block.kind == "paragraph" and strong.strip().endswith("?") else 0


def _labelled(block: Block) -> int:
    """With a label, the question ends at its mark, or with the line."""
    text = said(block.text)
    if block.kind not in ("paragraph", "heading") or not QUESTION_LABEL.match(text):
        return 0
    return _first_mark(text) or len(text)


def _whole(block: Block) -> int:
    text = said(block.text)
    return len(text) if block.kind == "paragraph" and text.endswith("?") and len(text) <= LONGEST_QUESTION else 0


def _leading(block: Block) -> int:
    return _first_mark(said(block.text)) if block.kind == "paragraph" else 0


def _first_mark(text: str) -> int:
    at = text.find("?") + 1
    return at if 0 < at <= LONGEST_QUESTION else 0


SURE: Finds = (*map(_each, (_marked, _strong, _labelled)), _in_turn)
FINDS: Finds = (*SURE, *map(_each, (_whole, _leading)))
