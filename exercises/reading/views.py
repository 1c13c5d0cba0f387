"""The course as pages to read; marks and places for who has started."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from exercises.course import courses, pages
from exercises.course.courses import Book
from exercises.course.pages import Course, Module
from exercises.reading.booklet import inside
from exercises.reading.forms import MarginForm, MarkForm
from exercises.reading.margins import in_margin, parts
from exercises.reading.models import ModuleRead
from exercises.records.forms import sent
from exercises.records.http import Request, constant


@constant
@require_safe
def course(request: Request) -> HttpResponse:
    """The modules in order, with what has been read; and the other courses of this site."""
    marks = _marks(request)
    modules = [(module, marks.get(module.slug)) for module in _course().modules]
    others = [(book, _progress(book, marks)) for book in courses.further()]
    return render(request, "reading/course.html", {"modules": modules, "others": others})


@constant
@require_safe
def module(request: Request, slug: str) -> HttpResponse:
    """One module; for a visitor without a form and without a query."""
    module = _module(slug)
    context = {"module": module} | _place(module)
    marks = {"mark": _marks(request).get(slug), "parts": parts(request, module)}
    return render(request, "reading/module.html", context | marks)


@require_POST
def mark(request: Request, slug: str) -> HttpResponse:
    """Keep that a module was read, or how far."""
    form = MarkForm(request.POST, module=_module(slug))
    if form.is_valid() and (changes := form.changes(timezone.now())):
        request.user.reads.update_or_create(module=slug, defaults=changes)
    return redirect("module", slug)


@constant
@require_safe
def key_points(request: Request) -> HttpResponse:
    return render(request, "reading/key_points.html", {"page": _course().pages["key-points"]})


@constant
@require_safe
def questions(request: Request) -> HttpResponse:
    return render(request, "reading/questions.html", {"page": _course().pages["questions"]})


@constant
@require_safe
def what_we_know(request: Request) -> HttpResponse:
    return render(request, "reading/what_we_know.html", {"page": _course().pages["what-we-know"]})


@constant
@require_safe
def booklet(request: Request) -> HttpResponse:
    """All modules on one page, to print; the key points and the questions at the end."""
    course = _course()
    pages = {"key_points": course.pages["key-points"], "questions": course.pages["questions"]}
    modules = [(module, inside(module)) for module in course.modules]
    return render(request, "reading/booklet.html", {"modules": modules} | pages)


@constant
@require_safe
def one_course(request: Request, name: str) -> HttpResponse:
    """A further course: its modules, what has been read of it, and what stands beside its modules."""
    book = courses.named(name)
    if book is None:
        raise Http404
    if book is courses.built_in():
        return redirect("read")
    marks = _marks(request)
    modules = [(module, marks.get(module.slug)) for module in book.edition(_language()).course.modules]
    context = {"book": book, "modules": modules} | _progress(book, marks)
    return render(request, "reading/one_course.html", context)


def margin(request: Request, slug: str, number: int) -> HttpResponse:
    """A question in the margin by itself. What is sent is saved in place, or leads back to where it stands."""
    module = _module(slug)
    if not 0 < number < len(module.parts):
        raise Http404
    form = MarginForm(sent(request), user=request.user, module=module, number=number)
    if not form.is_valid():
        return _margin(request, form)
    form.save()
    if request.htmx:
        return _margin(request, MarginForm(user=request.user, module=module, number=number), saved=True)
    messages.success(request, _("Saved."))
    return redirect(f"{reverse('module', args=[slug])}#margin-{number}")


def _margin(request: Request, form: MarginForm, *, saved: bool = False) -> HttpResponse:
    context: dict[str, Any] = {"module": form.module, "margin": in_margin(request, form), "saved": saved}
    if request.htmx:
        return render(request, "reading/margin.html#margin", context)
    return render(request, "reading/margin.html", context | {"form": form, **_place(form.module)})


def _language() -> str:
    return get_language() or "nl"


def _course() -> Course:
    return pages.course(_language())


def _progress(book: Book, marks: dict[str, ModuleRead]) -> dict[str, Any]:
    """A course in the language of the page, or its own; how many of its modules were read."""
    edition = book.edition(_language())
    read = sum(bool((mark := marks.get(module.slug)) and mark.finished_at) for module in edition.course.modules)
    return {"edition": edition, "read": read, "total": len(edition.course.modules)}


def _place(module: Module) -> dict[str, Any]:
    """Where a module stands in its course, and where one goes on to after the last."""
    book = courses.home(module.slug) or courses.built_in()
    before, after = book.edition(module.language).course.around(module.slug)
    total = len(book.edition(module.language).course.modules)
    further = None if book is courses.built_in() else book
    return {"before": before, "after": after, "total": total, "further": further}


def _module(slug: str) -> Module:
    module = courses.find(slug, _language())
    if module is None:
        raise Http404
    return module


def _marks(request: Any) -> dict[str, ModuleRead]:
    return {mark.module: mark for mark in request.user.reads.all()} if request.user.is_authenticated else {}
