"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url

from exercises.records.shown import icon_for, name_for


def site(request: HttpRequest) -> dict[str, Any]:
    """The name and picture as others see them, this page in the other language, and which part of the site it is in."""
    user = getattr(request, "user", None)
    here = f"{settings.SITE_URL}{request.path}"
    return {
        "site_name": name_for(user),
        "site_icon": icon_for(user),
        "canonical": here,
        "alternates": [(code, name, translate_url(here, code)) for code, name in settings.LANGUAGES],
        "languages": [(code, name, translate_url(request.get_full_path(), code)) for code, name in settings.LANGUAGES],
        "section": request.path.split("/")[2:3][0] if request.path.count("/") > 2 else "",
    }
