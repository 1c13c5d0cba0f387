"""Reading without a connection: the service worker, and the page that it shows where there is nothing else."""

import json

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from exercises.course import courses
from exercises.offline.worker import for_worker
from exercises.records.http import constant


@login_not_required
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker for `?language=`; the same for everybody."""
    asked = request.GET.get("language")
    language = asked if asked in courses.LANGUAGES else courses.LANGUAGES[0]
    text = render_to_string("offline/sw.js", {"told": json.dumps(for_worker(language))})
    return HttpResponse(text, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@constant
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What can be done without a connection; the service worker puts in what was being sent."""
    editions = [book.edition(get_language() or courses.LANGUAGES[0]) for book in courses.shelf().books]
    return render(request, "offline/offline.html", {"editions": editions})
