"""The site's log: what went wrong and where in the code, never what someone wrote.

A message, an exception's words, an address or a value of a variable may quote a person. So none of them is printed:
only the kinds of exceptions, places in the code, and the route of an address. There are no error mails.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from django.http import HttpRequest

BASE = Path(__file__).resolve().parent.parent
LIBRARIES = Path(traceback.__file__).parent, *(Path(place) for place in sys.path if place.endswith("-packages"))
METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
VALUE = re.compile(r"%[^a-zA-Z%]*(\([^)]*\))?[^a-zA-Z%]*[a-zA-Z]")  # where a message would quote
FRAME = re.compile(r'^ *File "([^"\n]+)", line (\d+)', re.M)  # of a traceback that became text


class Discreet(logging.Formatter):
    """One line a record: when, how bad, who says so, what was asked for, and which way an exception went."""

    def format(self, record: logging.LogRecord) -> str:
        said = [self.formatTime(record), record.levelname, record.name, *_message(record)]
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest):
            said += _asked(request, getattr(record, "status_code", None))
        if record.exc_info and record.exc_info[1]:
            said += _went_wrong(record.exc_info[1])
        return " ".join(said)


def _message(record: logging.LogRecord) -> Iterator[str]:
    """The words of the program itself: a message that was put together elsewhere may hold a person's."""
    if record.name.startswith("_granian"):
        first, _, rest = str(record.msg).partition("\n")
        yield first
        yield from (place for file, line in FRAME.findall(rest) for place in _place(file, line))
    elif record.args:
        yield VALUE.sub("…", str(record.msg))
    else:
        yield from _place(record.pathname, record.lineno)


def _asked(request: HttpRequest, status: object) -> list[str]:
    match = request.resolver_match
    method = request.method if request.method in METHODS else "?"
    return [f"[{status or '-'} {method} {match.route if match else 'no such page'}]"]


def _went_wrong(error: BaseException) -> Iterator[str]:
    """The kinds of exceptions from the first cause on, each with its way through our own code."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause:
        yield from _went_wrong(cause)
        yield "→"
    yield f"{type(error).__module__}.{type(error).__qualname__}"
    frames = traceback.extract_tb(error.__traceback__)
    for frame in frames:
        if frame is frames[-1] or Path(frame.filename).is_relative_to(BASE / "exercises"):
            yield from _place(frame.filename, frame.lineno)


def _place(file: str, line: object) -> list[str]:
    """`journal/views.py:12`; nothing for a file that is not part of the site or its libraries."""
    for home in (*LIBRARIES, BASE):
        if Path(file).is_relative_to(home):
            return [f"{Path(file).relative_to(home)}:{line}"]
    return []
