"""The site's log: what went wrong and where in the code, never what someone wrote.

A message, an exception's words, an address or a value of a variable may quote a person. So none of them is printed:
only the kinds of exceptions, places in the code, and the route of an address. There are no error mails.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.http import HttpRequest

BASE = Path(__file__).resolve().parent.parent
LIBRARIES = Path(traceback.__file__).parent, *(Path(place) for place in sys.path if place.endswith("-packages"))
METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
VALUE = re.compile(r"%[^a-zA-Z%]*(\([^)]*\))?[^a-zA-Z%]*[a-zA-Z]")  # where a message would quote
FRAME = re.compile(r'^ *File "([^"\n]+)", line (\d+)', re.M)  # of a traceback that became text


class Discreet(logging.Formatter):
    """One line a record: when, how bad, who says so, what was asked for, and which way an exception went."""

    def format(self, record: logging.LogRecord) -> str:
        told = _told(record)
        said = [self.formatTime(record), record.levelname, record.name, *told.get("event", []), *told.get("place", [])]
        if "route" in told:
            said.append(f"[{told['status'] or '-'} {told['method'] or '?'} {told['route'] or 'no such page'}]")
        if "milliseconds" in told:
            said.append(f"{told['milliseconds']} ms")
        way = [" ".join([one["kind"], *one["place"]]) for one in told.get("exceptions", [])]
        return " ".join([*said, *([" → ".join(way)] if way else [])])


class DiscreetJSON(logging.Formatter):
    """The same as one JSON object a line, for programs that collect logs; docs/operating.md tells the fields."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"time": when, "level": record.levelname, "logger": record.name}
        told = {name: " ".join(value) if name == "event" else value for name, value in _told(record).items()}
        return json.dumps(said | {name: value for name, value in told.items() if value != []})


def _told(record: logging.LogRecord) -> dict[str, Any]:
    """All that may be told of a record: event, place, status, method, route, milliseconds, exceptions; what it has."""
    told = _message(record)
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest):
        match = request.resolver_match
        told["status"] = getattr(record, "status_code", None)
        told["method"] = request.method if request.method in METHODS else None
        told["route"] = match.route if match else None
    milliseconds = getattr(record, "milliseconds", None)
    if isinstance(milliseconds, int):
        told["milliseconds"] = milliseconds
    if record.exc_info and record.exc_info[1]:
        told["exceptions"] = list(_went_wrong(record.exc_info[1]))
    return told


def _message(record: logging.LogRecord) -> dict[str, Any]:
    """The words of the program itself: a message that was put together elsewhere may hold a person's."""
    if record.name.startswith("_granian"):
        first, _, rest = str(record.msg).partition("\n")
        return {
            "event": [first],
            "place": [place for file, line in FRAME.findall(rest) for place in _place(file, line)],
        }
    if record.args:
        return {"event": [VALUE.sub("…", str(record.msg))]}
    return {"place": _place(record.pathname, record.lineno)}


def _went_wrong(error: BaseException) -> Iterator[dict[str, Any]]:
    """The kinds of exceptions from the first cause on, each with its way through our own code."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause:
        yield from _went_wrong(cause)
    frames = traceback.extract_tb(error.__traceback__)
    way = [
        place
        for frame in frames
        if frame is frames[-1] or Path(frame.filename).is_relative_to(BASE / "exercises")
        for place in _place(frame.filename, frame.lineno)
    ]
    yield {"kind": f"{type(error).__module__}.{type(error).__qualname__}", "place": way}


def _place(file: str, line: object) -> list[str]:
    """`journal/views.py:12`; nothing for a file that is not part of the site or its libraries."""
    for home in (*LIBRARIES, BASE):
        if Path(file).is_relative_to(home):
            return [f"{Path(file).relative_to(home)}:{line}"]
    return []
