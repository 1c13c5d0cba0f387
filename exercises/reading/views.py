"""The course as pages to read; marks and places for who has started."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from exercises.course import pages
from exercises.course.pages import Course, Module
from exercises.reading.forms import MarkForm
from exercises.reading.models import ModuleRead
from exercises.records.http import Request


@login_not_required
@require_safe
def course(request: Request) -> HttpResponse:
    """The modules in order, with what has been read."""
    marks = _marks(request)
    modules = [(module, marks.get(module.slug)) for module in _course().modules]
    return render(request, "reading/course.html", {"modules": modules})


@login_not_required
@require_safe
def module(request: Request, slug: str) -> HttpResponse:
    """One module; for a visitor without a form and without a query."""
    module = _module(slug)
    before, after = _course().around(slug)
    context = {"module": module, "before": before, "after": after, "total": len(_course().modules)}
    return render(request, "reading/module.html", context | {"mark": _marks(request).get(slug)})


@require_POST
def mark(request: Request, slug: str) -> HttpResponse:
    """Keep that a module was read, or how far."""
    form = MarkForm(request.POST, module=_module(slug))
    if form.is_valid() and (changes := form.changes(timezone.now())):
        request.user.reads.update_or_create(module=slug, defaults=changes)
    return redirect("module", slug)


@login_not_required
@require_safe
def key_points(request: Request) -> HttpResponse:
    return render(request, "reading/key_points.html", {"page": _course().pages["key-points"]})


@login_not_required
@require_safe
def questions(request: Request) -> HttpResponse:
    return render(request, "reading/questions.html", {"page": _course().pages["questions"]})


def _course() -> Course:
    return pages.course(get_language() or "nl")


def _module(slug: str) -> Module:
    module = _course().module(slug)
    if module is None:
        raise Http404
    return module


def _marks(request: Any) -> dict[str, ModuleRead]:
    return {mark.module: mark for mark in request.user.reads.all()} if request.user.is_authenticated else {}
