"""A module's text as it stands inside a larger page, such as the booklet."""

import re

from django.utils.safestring import SafeString, mark_safe

from exercises.course.pages import Module, Part


def inside(module: Module) -> tuple[Part, ...]:
    """The parts of a module with its headings one level lower, and without the ids that another module may have too."""
    return tuple(part._replace(html=lowered(part.html)) for part in module.parts)


def lowered(html: SafeString) -> SafeString:
    return mark_safe(re.sub(r"<(/?)h2\b[^>]*>", r"<\1h3>", html))  # our own files, HTML off
