"""What the page of the evening chooses: pure functions of plain values."""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

AWAY = 7  # days without anything made, before we say that it is good to see someone again

T = TypeVar("T")


def of_the_day(things: Sequence[T], day: date) -> T | None:
    """One thing for this day, the same all day; of two or more never the same on two days in a row.

    `things` are in the order in which they were made: even days choose among every other one, odd days among the rest,
    so that this holds too when something was added in between.
    """
    pool = things[day.toordinal() % 2 :: 2] or things
    return pool[day.toordinal() // 2 % len(pool)] if pool else None


def is_back(last_made: date | None, today: date) -> bool:
    """Whether someone returns after a week or more."""
    return last_made is not None and (today - last_made).days >= AWAY
