"""What may be odd about a request before Django reads it."""

import re
from typing import Any

PLAIN = re.compile(r"""[\w.+-]+/[\w.+-]+(;\s*(charset="?utf-?8"?|boundary="?[\w'()+,./:=? -]+"?))*;?""", re.I | re.A)


def readable(environ: dict[str, Any]) -> dict[str, Any]:
    """The WSGI environment, its content type left out where no browser sends such a one.

    Django fails on some of those (an unknown encoding, one that is not of text) before a page of ours could answer.
    And its path begins with one slash: a link to a path with two would lead to another host.
    """
    environ["PATH_INFO"] = f"/{environ['PATH_INFO'].lstrip('/')}"
    if not PLAIN.fullmatch(environ.get("CONTENT_TYPE") or ""):
        environ["CONTENT_TYPE"] = ""
    return environ
