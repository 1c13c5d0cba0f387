"""What became of a reminder."""

from enum import StrEnum


class Outcome(StrEnum):
    """By the name that the count of a run uses."""

    SENT = "sent"
    UNKNOWN = "perhaps sent"  # handed over, and no answer came: not sent again
    REFUSED = "refused for good"  # the address is not taken: it counts as sent, so that the third one pauses
    NOT_TAKEN = "not taken, tried again later"
    LATE = "too late, skipped"
    NOBODY = "out of reach, skipped"
    CHANGED = "changed meanwhile"
    AWAY = "waiting: the server is away"
    FAILED = "failed"


class Away(Exception):
    """The server that should take it cannot be reached; nothing was sent."""
