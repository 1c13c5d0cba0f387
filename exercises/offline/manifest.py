"""What a browser needs to put this site on a home screen: a name and a picture that tell nothing."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.utils.translation import get_language, get_language_bidi, override
from django.views.decorators.http import require_safe

from exercises.records.shown import icon_for, name_for

PAPER = "#f4ecde"  # as `theme-color` in base.html; before a page is there, no browser asks about the dark
SIZES = (192, 512)  # pixels


@login_not_required
@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """The web app manifest, in `language`: of the person who is signed in, else the one for everybody."""
    wanted = request.GET.get("language")
    with override(wanted if wanted in dict(settings.LANGUAGES) else get_language()):
        return JsonResponse(described(request.user), content_type="application/manifest+json")


def described(user: Any) -> dict[str, Any]:
    """By the names of the W3C's Web App Manifest."""
    name = name_for(user)
    return {
        "name": name,
        "short_name": name,
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "theme_color": PAPER,
        "background_color": PAPER,
        "icons": [icon | {"purpose": purpose} for icon in _icons(icon_for(user)) for purpose in ("any", "maskable")],
    }


def _icons(name: str) -> list[dict[str, str]]:
    pictures = [{"src": static(f"{name}-{size}.png"), "type": "image/png", "sizes": f"{size}x{size}"} for size in SIZES]
    return [{"src": static(f"{name}.svg"), "type": "image/svg+xml", "sizes": "any"}, *pictures]
