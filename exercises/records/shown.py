"""What this site is called and looks like to others: on a tab, a home screen, in a mailbox."""

import unicodedata
from typing import Any

from django.utils.translation import pgettext

JOINER = "\u200d"  # holds one emoji of several signs together; every other sign that cannot be seen goes


def name_for(user: Any) -> str:
    """The name that this person chose; else, and for a visitor, the neutral one."""
    return getattr(user, "shown_name", "") or pgettext("the neutral name of this site", "Notes")


def icon_for(user: Any) -> str:
    """The static file of the picture that this person chose, without its ending: `icons/note`."""
    return f"icons/{getattr(user, 'shown_icon', 'note')}"


def one_line(text: str) -> str:
    """The same on one line, without signs that cannot be seen or that turn text around."""
    seen = [sign for sign in " ".join(text.split()) if sign == JOINER or unicodedata.category(sign)[0] != "C"]
    return "".join(seen).strip(f"{JOINER} ")
