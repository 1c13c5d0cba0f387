"""Views that do hardly anything, on the site's own settings and data; all else is the site, with 50 pieces on a page.

What they show stands in limits.json in the data directory: a page, and a person.
"""

import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from exercises.evidence.models import Evidence
from exercises.records import paging
from exercises.records.rowsecurity import acting_as
from kwetsbaar.urls import urlpatterns as site

paging.PAGE = 50
GIVEN = json.loads((settings.DATA / "limits.json").read_text())
PIECES = engines["django"].from_string(
    "<ul>{% for piece in pieces %}<li>{{ piece.happened_on }}: {{ piece.shared }}, {{ piece.feared }},"
    " {{ piece.happened }}</li>{% endfor %}</ul>"
)


@login_not_required
def bare(request: HttpRequest) -> HttpResponse:
    """A page that is ready."""
    return HttpResponse(GIVEN["page"])


@login_not_required
def select(request: HttpRequest, rows: int) -> HttpResponse:
    """So many pieces of one person's evidence: selected in one transaction, opened, rendered."""
    with acting_as(GIVEN["user"]):
        pieces = Evidence.objects.filter(user=GIVEN["user"]).before(None)[:rows]
        return HttpResponse(PIECES.render({"pieces": pieces}))


urlpatterns = [
    *(path(f"{how}/bare/", bare) for how in ("site", "none")),
    *(path(f"{how}/select/<int:rows>/", select) for how in ("site", "none")),
    *site,
]
