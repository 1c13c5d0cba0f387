"""What the app offers as a next step, from figures alone. The whole advice (practice.md 1.5) will live here.

Imports nothing of Django or of the project; the sentences stand elsewhere.
"""

STEP = 10
FIRST = 10  # the level that is suggested where nothing was done yet
CEILING = 60  # 100 is not a goal


def options(level: int, ceiling: int = CEILING) -> list[int]:
    """The levels one step lower, the same, and one step higher; from 0 to the ceiling, or to where one already is."""
    return [max(level - STEP, 0), level, max(level, min(level + STEP, ceiling))]
