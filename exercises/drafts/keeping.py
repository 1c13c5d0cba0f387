"""What is being typed comes back: a form is shown as it was left, until it is saved or thrown away."""

import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from django.utils import timezone
from django.utils.translation import get_language

from exercises.drafts.models import Draft
from exercises.records.forms import RecordForm
from exercises.records.http import Request
from exercises.records.settings import wishes

LONGEST = Draft._meta.get_field("form").max_length or 0
PLAIN = re.compile(r"[A-Za-z0-9_-]*")  # keys, numbers and ids: no words of anyone
NO_FIELDS = {"csrfmiddlewaretoken", "whose", "draft_page", "draft_nothing"}  # what a form sends along, and is not kept
F = TypeVar("F", bound=RecordForm)


def kept(request: Request, form: F, address: str = "") -> F:
    """The form for its page: filled with what this person was typing there, and ready to keep what is typed now.

    To be called last, once it is decided whether the form is valid. `address` is where it is sent, if not here. What
    was sent and refused is kept as well, so that nobody needs JavaScript for that.
    """
    form.page = page_of(address or request.get_full_path()) if wishes(request.user).drafts_on else ""
    if form.page and not form.is_bound:
        form.draft = _wanted(request, form.page)
        if form.draft:
            form.fill(form.draft.typed)
    elif form.page and form.is_own and form.cleaned_data.get("id"):
        keep(request.user, form.page, form.cleaned_data["id"], form.data)
    return form


def keep(user: Any, page: str, row: Any, data: Any) -> Draft:
    """Keep what the form for this row holds now, in place of what it held before."""
    body = {name: data.getlist(name) for name in data if name not in NO_FIELDS}
    draft, _made = user.drafts.update_or_create(form=page, row=row, defaults={"body": body})
    return draft


def page_of(address: str) -> str:
    """The address without its language and without what somebody may have written into it; empty where too long."""
    path, _mark, query = address.partition("?")
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "draft"]
    plain = urlencode([pair for pair in pairs if all(map(PLAIN.fullmatch, pair))])
    page = path.removeprefix(f"/{get_language()}") + (plain and f"?{plain}")
    return page if len(page) <= LONGEST else ""


def _wanted(request: Request, page: str) -> Draft | None:
    """The newest of this page; with `?draft=` that one, or none."""
    drafts = list(request.user.drafts.kept(timezone.now()).filter(form=page))
    if "draft" in request.GET:
        drafts = [draft for draft in drafts if str(draft.pk) == request.GET["draft"]]
    return drafts[0] if drafts else None
