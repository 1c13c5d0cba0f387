"""Names out of sight: a nickname as its first letters, wherever it stands in what someone wrote."""

import re
import unicodedata
from collections.abc import Callable, Iterable


def hiding(names: Iterable[str], short: Callable[[str], str] | None = None) -> Callable[[str], str]:
    """A function that puts `short` (unset: the initials) for each of these names where it stands as a whole word.

    Exactly so written: `sam` and `Samira` are not `Sam`.
    """
    by_name = {form: (short or initials)(name) for name in names if name for form in _written(name)}
    if not by_name:
        return str
    longest_first = sorted(by_name, key=len, reverse=True)
    either = "|".join(map(re.escape, longest_first))
    pattern = re.compile(rf"(?<!\w)(?:{either})(?![\w\u0300-\u036f])")
    return lambda text: by_name.get(text) or pattern.sub(lambda match: by_name[match[0]], text)


def _written(name: str) -> set[str]:
    """The same name as different keyboards write its accents."""
    return {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}


def initials(name: str) -> str:
    """`Jan-Peter` is `J.P.`; a name without letters is `…`."""
    firsts = (next(filter(str.isalnum, part), "") for part in re.split(r"[\s\-]+", unicodedata.normalize("NFC", name)))
    return "".join(f"{first.upper()}." for first in firsts if first) or "…"
