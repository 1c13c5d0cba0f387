"""Where the dots stand: figures turned into coordinates for drawings 320 units wide. Pure; templates draw."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from math import sqrt
from typing import NamedTuple

from exercises.feeling.vocabulary import WORDS, Word
from exercises.progress.summary import Band, Cell, Counted, Place, Step

WIDTH = 320
LEFT, RIGHT = 28, 306
TOP = 12
TENSION, LEVEL = 10, 100  # what the two scales end in
LAST = 20  # columns that stay legible on a phone
LABELS = 6  # days that fit below them
LARGEST, SMALLEST = 19, 4  # radius of a spot
COUNTABLE = 20  # pieces of a strip that one can still count on a phone


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
    """Columns from left to right and the horizontal lines (value, y); `earlier` steps are not drawn.

    `enough` is the height of the level that is enough, where there is one.
    """

    columns: tuple[Column, ...]
    lines: tuple[tuple[int, int], ...]
    base: int
    radius: int
    earlier: int
    enough: int | None = None

    @property
    def height(self) -> int:
        return self.base + 26

    @property
    def room(self) -> int:
        """Height of the part up to where it is enough."""
        return 0 if self.enough is None else self.base - self.enough

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


def brightness(steps: Sequence[Step], ceiling: int | None = None) -> Chart:
    """The level of each step, on a scale of 0–100, and up to where it is enough."""
    chart = _chart(steps, ("level",), most=LEVEL, base=TOP + 70)
    return chart if ceiling is None else chart._replace(enough=Paper(LEVEL, chart.base, 0).y(ceiling))


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


class Bar(NamedTuple):
    """Something that was counted; the most frequent has a length of 100."""

    counted: Counted
    length: int


def bars(counted: Sequence[Counted]) -> list[Bar]:
    """A bar for each, at least 1 long."""
    most = max((each.n for each in counted), default=1)
    return [Bar(each, max(1, round(100 * each.n / most))) for each in counted]


class Strip(NamedTuple):
    """One band, `top` its upper edge: what was said as a place on the line from never to always, and a strip of as
    many pieces as there were predictions, filled as far as they came true (`k`), then in part (`partly`)."""

    band: Band
    top: int
    said: int  # x
    k: int  # widths
    partly: int
    cuts: tuple[int, ...]  # x of the edges between pieces, where they can be counted


STRIP = 62  # height of one


def strips(bands: Iterable[Band]) -> list[Strip]:
    """The bands below each other."""
    return [_strip(band, STRIP * n) for n, band in enumerate(bands)]


def _strip(band: Band, top: int) -> Strip:
    n, k, partly, _expected = band.outcomes
    width = (RIGHT - TOP) / n
    cuts = tuple(round(TOP + width * each) for each in range(1, n)) if n <= COUNTABLE else ()
    said = round(TOP + (RIGHT - TOP) * band.said / 100)
    filled = round(width * k)
    return Strip(band, top, said, filled, round(width * (k + partly)) - filled, cuts)


class Spot(NamedTuple):
    """A place on the two axes; its area says how often its words were chosen."""

    place: Place
    x: int
    y: int
    radius: int


class End(NamedTuple):
    """A word that lies at the very end of both axes, where it is written, and at which end of it (text-anchor)."""

    word: Word
    x: int
    y: int
    anchor: str


ENDS = (
    End(WORDS["overwhelmed"], 4, 12, "start"),
    End(WORDS["excited"], 316, 12, "end"),
    End(WORDS["empty"], 4, 240, "start"),
    End(WORDS["relaxed"], 316, 240, "end"),
)


def spots(places: Sequence[Place]) -> list[Spot]:
    """Valence from left to right, arousal from below to above, on a paper of 320 × 244; the largest spot first."""
    most = max((place.n for place in places), default=1)
    return [Spot(place, 160 + 62 * place.valence, 120 - 44 * place.arousal, _radius(place.n, most)) for place in places]


def _radius(n: int, most: int) -> int:
    return max(SMALLEST, round(LARGEST * sqrt(n / most)))


class Year(NamedTuple):
    """A row for each month, its days from left to right. All days of a level are one path: a dozen shapes, not 364."""

    months: tuple[tuple[date, int], ...]  # the first of the month, and the foot of its name
    paths: tuple[tuple[int | None, str], ...]  # the level of what was written (None where nothing was), and its days
    height: int


DAY, MONTH = 9, 15  # from one to the next


def year(weeks: Iterable[Iterable[Cell]]) -> Year:
    """The days up to today."""
    cells = [cell for week in weeks for cell in week if not cell.ahead]
    firsts = sorted({cell.day.replace(day=1) for cell in cells})
    rows = {first: MONTH * n for n, first in enumerate(firsts)}
    paths: dict[int | None, str] = defaultdict(str)
    for cell in cells:
        x, y = LEFT + 12 + DAY * (cell.day.day - 1), rows[cell.day.replace(day=1)]
        paths[cell.level if cell.written else None] += f"M{x} {y}h{DAY - 2}v{MONTH - 2}h{2 - DAY}z"
    return Year(tuple((first, y + 11) for first, y in rows.items()), tuple(paths.items()), MONTH * len(rows))
