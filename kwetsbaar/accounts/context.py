"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from exercises.records.shown import icon_for, name_for


def site(request: HttpRequest) -> dict[str, Any]:
    """The name and picture as others see them, this page in the other language, and which part of the site it is in."""
    user = getattr(request, "user", None)
    now, (path, mark, query) = get_language(), request.get_full_path().partition("?")
    ours, rest = f"/{now}/", path.removeprefix(f"/{now}/")
    there = [(code, name, f"/{code}/{rest}" if path.startswith(ours) else path) for code, name in settings.LANGUAGES]
    return {
        "site_name": name_for(user),
        "site_icon": icon_for(user),
        "canonical": f"{settings.SITE_URL}{request.path}",
        "alternates": [(code, name, f"{settings.SITE_URL}{path}") for code, name, path in there],
        "languages": [(code, name, f"{path}{mark}{query}") for code, name, path in there],
        "section": request.path.split("/")[2:3][0] if request.path.count("/") > 2 else "",
    }
