"""HTML to blocks: the article on a page, without what stands around it."""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from bs4 import BeautifulSoup, CData, NavigableString, PageElement, Tag

from exercises.course.importing.blocks import Article, Block, Inline, Left, Run, left_out, line, plain, said, trimmed
from exercises.course.importing.signs import ALSO, BYLINE, COMMENTS, NAVIGATION, NEWSLETTER, SHARE

HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
NAMES = """
    address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form
    header hgroup hr html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul
"""
BLOCKS = {*HEADINGS, *NAMES.split()}
APART = {*BLOCKS, "button", "option", "label"}
UNSEEN = {"script", "style", "template", "head", "title", "meta", "link", "source", "track", "param"}
MARKS = {"em": "i", "i": "i", "cite": "i", "strong": "b", "b": "b", "dt": "b", "summary": "b"}
OUTSIDE, HIDDEN, IMAGE, EMBEDDED = "outside the article", "hidden on the page", "an image", "something embedded"
ADDRESS = "the address of a link (its words are kept)"
TAGS = {
    "nav": NAVIGATION,
    "footer": "the page's foot",
    "form": "a form",
    **dict.fromkeys(["button", "input", "select", "textarea", "dialog"], "a form"),
    "noscript": HIDDEN,
    **dict.fromkeys(["img", "svg", "canvas"], IMAGE),
    **dict.fromkeys(["iframe", "video", "audio", "object", "embed", "math"], EMBEDDED),
}
# Words in the name of a class that tell what an element is for.
CLASSES = {
    SHARE: {"share", "sharing", "sharedaddy", "social", "socials", "addtoany", "sharebar", "sharebuttons"},
    COMMENTS: {"comments", "comment", "commentlist", "respond", "disqus", "reacties"},
    ALSO: {"related", "recommended", "recommendations", "readmore", "crp", "yarpp", "gerelateerd", "leesook"},
    NEWSLETTER: {"newsletter", "subscribe", "advert", "advertisement", "ads", "ad", "promo", "sponsored", "paywall"}
    | {"cookie", "cookies", "banner", "popup", "modal", "nieuwsbrief"},
    NAVIGATION: {"breadcrumb", "breadcrumbs", "nav", "navigation", "menu", "pagination", "sidebar", "tags", "toc"},
    BYLINE: {"byline", "author", "meta", "published", "timestamp", "dateline"},
}
UNSEEN_CLASSES = {"hidden", "visually-hidden", "sr-only", "screen-reader-text"}
ROLES = {"navigation": NAVIGATION, "search": "a form", "banner": NAVIGATION, "contentinfo": "the page's foot"}


def read_html(given: str, title_class: str = "") -> Article:
    """`title_class`: the class of a heading that is the document's own title."""
    return Page(BeautifulSoup(given, "html.parser"), title_class).article()


class Page:
    """One page while it is read: where its article is, and what was left out."""

    def __init__(self, soup: BeautifulSoup, title_class: str) -> None:
        self.soup, self.title_class, self.left = soup, title_class, list[Left]()
        self.root = _root(soup)
        self.length = len(_seen(self.root))

    def article(self) -> Article:
        heading = self._heading_above()
        self.left += [left_out(OUTSIDE, text) for text in _around(self.root, heading) if text.strip()]
        above = [Block("heading", self._one_line(heading), level=1)] if heading else []
        blocks = (*above, *self._flow(self.root.children))
        return Article(_title(self.soup), blocks, tuple(self.left))

    def _heading_above(self) -> Tag | None:
        """The page's h1 where it stands above the article itself, and is not just the site's name."""
        heading, name = self.soup.find("h1"), _title(self.soup)
        if not isinstance(heading, Tag) or self.root.find("h1") or self.root is self.soup:
            return None
        text = " ".join(_seen(heading).split())
        return heading if text and (not name or name.startswith(text)) else None

    def _flow(self, nodes: Iterable[PageElement]) -> Iterator[Block]:
        """Blocks of these nodes; text between blocks is a paragraph."""
        waiting = list[Run]()
        for node in nodes:
            if isinstance(node, Tag) and (node.name in BLOCKS or _holds(node, BLOCKS)):
                yield from _paragraphs(waiting)
                waiting = []
                if not self._leave(node):
                    self._address(node)
                    yield from self._block(node)
            else:
                waiting += self._runs(node)
        yield from _paragraphs(waiting)

    def _block(self, tag: Tag) -> Iterator[Block]:
        if tag.name in HEADINGS:
            level = 0 if self.title_class and self.title_class in _classes(tag) else int(tag.name[1])
            heading = Block("heading", self._one_line(tag), level=level)
            yield from [heading] if heading.text else []
        elif tag.name in ("ul", "ol", "menu") and not _holds(tag, HEADINGS):
            yield from self._list(tag)
        elif tag.name == "blockquote":
            children = tuple(calm(self._flow(tag.children)))
            yield from [Block("quote", children=children)] if children else []
        elif tag.name == "table":
            yield from self._table(tag)
        elif tag.name == "pre":
            text = _seen(tag).strip("\n")
            yield from [Block("code", (Run(text),))] if text.strip() else []
        elif tag.name == "hr":
            yield Block("rule")
        elif tag.name in ("dt", "summary") and not _holds(tag, BLOCKS):
            yield from _paragraphs(self._runs(tag))
        else:
            yield from self._flow(tag.children)

    def _list(self, tag: Tag) -> Iterator[Block]:
        items = list[Block]()
        for child in tag.children:
            inside = child.children if isinstance(child, Tag) and child.name == "li" else [child]
            if isinstance(child, Tag) and self._leave(child):
                continue
            if blocks := tuple(calm(self._flow(inside))):
                items.append(Block("item", children=blocks))
        first = str(tag.get("start", "1"))
        level = (int(first) if first.isdecimal() and len(first) < 6 else 1) if tag.name == "ol" else 0
        yield from [Block("list", level=level, children=tuple(items))] if items else []

    def _table(self, tag: Tag) -> Iterator[Block]:
        """A table of words; one that only lays out a page is read cell by cell."""
        rows = [tr for tr in tag.find_all("tr") if tr.find_parent("table") is tag]
        cells = [row for row in (tr.find_all(["td", "th"], recursive=False) for tr in rows) if row]
        within = set(map(id, chain.from_iterable(cells)))
        stray = [text for text in _texts(tag) if text.strip() and not any(id(up) in within for up in text.parents)]
        if stray or _holds(tag, HEADINGS) or tag.find("table") or max(map(len, cells), default=0) < 2:
            yield from self._flow(tag.children)
        else:
            head = int(all(cell.name == "th" for cell in cells[0]))
            yield Block("table", rows=tuple(tuple(map(self._cell, row)) for row in cells), level=head)

    def _cell(self, tag: Tag) -> Inline:
        return trimmed(run._replace(text=run.text.replace("\n", " ")) for run in _inline(self._flow(tag.children)))

    def _one_line(self, tag: Tag) -> Inline:
        runs = chain.from_iterable(self._runs(child) for child in tag.children)
        return trimmed(Run(run.text.replace("\n", " ")) for run in runs)

    def _runs(self, node: PageElement, mark: str = "", href: str = "") -> Iterator[Run]:
        """The text of something inline, with its styles; line breaks as newlines."""
        if isinstance(node, NavigableString):
            if _is_seen(node):
                yield Run(re.sub(r"\s+", " ", node), mark, href)
        elif isinstance(node, Tag) and not self._leave(node):
            if node.name == "br":
                yield Run("\n", mark, href)
            mark = "".join(sorted({*mark, *MARKS.get(node.name, "")}))
            href = self._address(node) or href
            for child in node.children:
                yield from self._runs(child, mark, href)
            if node.name in BLOCKS:
                yield Run(" ")

    def _address(self, tag: Tag) -> str:
        """Where a link leads, if a course may lead there; else '', and noted as left out."""
        href = str(tag.get("href") or "") if tag.name == "a" else ""
        if re.fullmatch(r"https://[^\s<>\\]+", href) and not _holds(tag, BLOCKS):
            return href
        if href and not href.startswith("#"):
            self.left.append(Left(ADDRESS, f"{' '.join(_seen(tag).split())} → {href}", 0))
        return ""

    def _leave(self, tag: Tag) -> bool:
        """Whether it is left out; then its words are noted."""
        if tag.name in UNSEEN:
            return True
        why = self._why(tag)
        text = _apart(tag) if why else ""
        if not why or 2 * len(text) > self.length > 0:
            return False
        if why in (IMAGE, EMBEDDED) and not text.strip():
            self.left.append(Left(why, str(tag.get("alt") or tag.get("src") or tag.name), 0))
        elif text.strip():
            self.left.append(left_out(why, text))
        return True

    def _why(self, tag: Tag) -> str:
        if tag.name == "footer" and tag.find_parent("blockquote"):
            return ""
        if tag.name == "figcaption":
            beside = tag.parent and tag.parent.find(["img", "picture", "video", "svg", "iframe"])
            return "the caption of an image" if beside else ""
        if why := TAGS.get(tag.name) or ROLES.get(str(tag.get("role", ""))):
            return why
        if tag.has_attr("hidden") or re.search(r"display\s*:\s*none", str(tag.get("style", ""))):
            return HIDDEN
        return "" if tag.name in HEADINGS else _why_by_class(tag)


def _why_by_class(tag: Tag) -> str:
    names = {part for name in _classes(tag) for part in re.split(r"[^a-z]+", name.lower())}
    if UNSEEN_CLASSES & set(_classes(tag)):
        return HIDDEN
    names |= {str(tag.get("id", "")).lower()} & {"comments", "respond", "related", "share", "sidebar", "newsletter"}
    return next((why for why, known in CLASSES.items() if names & known), "")


def _classes(tag: Tag) -> list[str]:
    return list(tag.get_attribute_list("class")) if tag.get("class") else []


def _root(soup: BeautifulSoup) -> Tag:
    """Where the article is: the largest <article>, else <main>, else the body, as far as most prose stands there."""
    body = soup.body or soup
    whole = _prose(body)
    for name in ("article", "main"):
        largest = max((tag for tag in soup.find_all(name) if isinstance(tag, Tag)), key=_prose, default=None)
        if largest and 2 * _prose(largest) >= whole:
            return largest
    return body


def _prose(tag: Tag) -> int:
    return sum(len(_seen(p)) for p in tag.find_all(["p", "li", "blockquote", "td"])) or len(_seen(tag))


def _around(root: Tag, heading: Tag | None) -> Iterator[str]:
    """The text on the page outside its article, piece by piece."""
    here = root
    while here.parent:
        for other in here.parent.children:
            if other is not here and other is not heading:
                yield _apart(other, without=heading)
        here = here.parent


def _title(soup: BeautifulSoup) -> str:
    """What the page calls itself, without the name of the site."""
    name = soup.title.get_text() if soup.title else ""
    return " ".join(re.split(r"\s[|–—·«»-]\s", name)[0].split())


def _seen(node: PageElement) -> str:
    return "".join(_texts(node))


def _apart(node: PageElement, without: Tag | None = None) -> str:
    """The text with spaces between blocks and between buttons, so that no two words become one."""
    texts, last = list[str](), None
    for text in _texts(node):
        home = next((up for up in text.parents if up.name in APART), None)
        if without is None or without not in text.parents:
            texts += [" " * (home is not last), text]
        last = home
    return "".join(texts)


def _holds(tag: Tag, names: Collection[str]) -> bool:
    return any(isinstance(node, Tag) and node.name in names for node in tag.descendants)


def _texts(node: PageElement) -> Iterator[NavigableString]:
    nodes = node.descendants if isinstance(node, Tag) else [node]
    return (text for text in nodes if isinstance(text, NavigableString) and _is_seen(text))


def _is_seen(text: NavigableString) -> bool:
    return type(text) in (NavigableString, CData) and not any(up.name in UNSEEN for up in text.parents)


def _paragraphs(runs: Iterable[Run]) -> Iterator[Block]:
    """Text with empty lines in it is several paragraphs."""
    waiting = list[Run]()
    for run in trimmed(runs):
        first, *others = re.split(r"\n{2,}", run.text)
        waiting.append(run._replace(text=first))
        for other in others:
            yield from _paragraph(waiting)
            waiting = [run._replace(text=other)]
    yield from _paragraph(waiting)


def _paragraph(runs: Iterable[Run]) -> Iterator[Block]:
    inline = trimmed(runs)
    if said(inline).strip():
        yield Block("paragraph", inline)


def _inline(blocks: Iterable[Block]) -> Iterator[Run]:
    """Blocks as one run of text, for a cell of a table."""
    for block in blocks:
        if block.text:
            yield from (*block.text, Run(" "))
        else:
            yield Run(f"{plain(block)} ")


def calm(blocks: Iterable[Block]) -> Iterator[Block]:
    """A heading within a list, a quote or an answer is a strong line there."""
    for block in blocks:
        yield Block("paragraph", (Run(line(block.text), "b"),)) if block.kind == "heading" else block
