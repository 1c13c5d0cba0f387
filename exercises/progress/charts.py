"""Where the dots stand: figures turned into coordinates for drawings 320 units wide. Pure; templates draw."""

from collections.abc import Sequence
from typing import NamedTuple

from exercises.progress.summary import Step

WIDTH = 320
LEFT, RIGHT = 28, 306
TOP = 12
TENSION, LEVEL = 10, 100  # what the two scales end in
LAST = 20  # columns that stay legible on a phone
LABELS = 6  # days that fit below them


class Dot(NamedTuple):
    """One figure; `kind` is expected, peak, after or level."""

    kind: str
    value: int
    x: int
    y: int


class Column(NamedTuple):
    """One step: its dots, and the line from the lowest to the highest of them."""

    step: Step
    x: int
    dots: tuple[Dot, ...]
    top: int
    bottom: int
    labelled: bool


class Chart(NamedTuple):
    """Columns from left to right and the horizontal lines (value, y); `earlier` steps are not drawn."""

    columns: tuple[Column, ...]
    lines: tuple[tuple[int, int], ...]
    base: int
    radius: int
    earlier: int

    @property
    def height(self) -> int:
        return self.base + 26

    @property
    def path(self) -> str:
        """A line through the first dot of each column, as the `d` of an SVG path."""
        return "M" + " L".join(f"{column.dots[0].x} {column.dots[0].y}" for column in self.columns)


class Paper(NamedTuple):
    """What is drawn on: a scale from 0 at the height `base` to `most` at TOP, and room for so many `columns`."""

    most: int
    base: int
    columns: int

    @property
    def width(self) -> float:
        """Of one column."""
        return (RIGHT - LEFT) / max(self.columns, 1)

    def x(self, place: int) -> int:
        """The middle of a column."""
        return LEFT + round((place + 0.5) * self.width)

    def y(self, value: int) -> int:
        return self.base - round(value * (self.base - TOP) / self.most)


def tension(steps: Sequence[Step]) -> Chart:
    """Expected, highest and afterwards side by side for each step, on a scale of 0–10."""
    return _chart(steps, ("expected", "peak", "after"), most=TENSION, base=TOP + 130)


def brightness(steps: Sequence[Step]) -> Chart:
    """The level of each step, on a scale of 0–100."""
    return _chart(steps, ("level",), most=LEVEL, base=TOP + 70)


def _chart(steps: Sequence[Step], kinds: tuple[str, ...], *, most: int, base: int) -> Chart:
    shown = steps[-LAST:]
    paper = Paper(most, base, len(shown))
    return Chart(
        columns=tuple(_column(paper, kinds, place, step) for place, step in enumerate(shown)),
        lines=tuple((value, paper.y(value)) for value in (0, most // 2, most)),
        base=base,
        radius=3 if paper.columns > LAST // 2 else 5,
        earlier=len(steps) - paper.columns,
    )


def _column(paper: Paper, kinds: tuple[str, ...], place: int, step: Step) -> Column:
    x, apart = paper.x(place), min(8, round(paper.width / 4))
    known = [(n, kind, getattr(step, kind)) for n, kind in enumerate(kinds, -(len(kinds) // 2))]
    dots = tuple(Dot(kind, value, x + n * apart, paper.y(value)) for n, kind, value in known if value is not None)
    heights = [dot.y for dot in dots]
    return Column(step, x, dots, min(heights), max(heights), _labelled(place, paper.columns))


def _labelled(place: int, count: int) -> bool:
    """At most 6 days get a label, evenly spaced, the last one always."""
    return (count - 1 - place) % -(-count // LABELS) == 0
