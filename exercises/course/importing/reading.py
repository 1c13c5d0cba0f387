"""A file to an article: plain text, Markdown, HTML or DOCX. Markdown and DOCX become HTML first."""

import re
import zipfile
from io import BytesIO
from pathlib import Path

import mammoth
from markdown_it import MarkdownIt

from exercises.course.importing.blocks import Article, CannotImport, left_out
from exercises.course.importing.page import read_html
from exercises.course.importing.text import read_text

LARGEST = 5_000_000  # bytes
LARGEST_UNPACKED = 50_000_000  # bytes of a DOCX, which is a zip
ENDINGS = {".txt": "text", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".docx": "docx"}
KNOWN = {b"%PDF": "a PDF", b"PK\x03\x04": "a zip", b"\xd0\xcf\x11\xe0": "an old Word document", b"{\\rtf": "an RTF"}
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")  # soft hyphens and what has no width
# What UTF-8 looks like after someone read it as another encoding: Ã© for é, â€™ for ’; and what was lost for good.
DAMAGED = re.compile(r"Ã[\u0080-\u00bf]|â€[\u0080-\u00bf™œž˜š“”]|\ufffd")
TITLE = "document-title"  # the class that DOCX's own title gets
STYLES = f"""
p[style-name='Title'] => h1.{TITLE}:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
"""


def read(file: Path) -> Article:
    """Raises CannotImport, with one sentence, for a file that is missing, empty, binary, huge or wrongly encoded."""
    kind = ENDINGS.get(file.suffix.lower())
    if not kind:
        raise CannotImport(f"{file} is none of {', '.join(ENDINGS)}: save the article as one of these.")
    try:
        raw = _bytes(file)
        article = read_docx(file, raw) if kind == "docx" else READERS[kind](decoded(file, raw))
    except RecursionError:
        raise CannotImport(f"{file} is nested too deep to be an article.") from None
    if not article.blocks:
        raise CannotImport(f"{file} has no text of an article in it.")
    return article


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST:
            raise CannotImport(f"{file} is larger than 5 MB: no article is.")
        raw = file.read_bytes()
    except OSError as error:
        raise CannotImport(f"{file} cannot be read: {error.strerror}.") from None
    if not raw.strip():
        raise CannotImport(f"{file} is empty.")
    return raw


def decoded(file: Path, raw: bytes) -> str:
    for start, what in KNOWN.items():
        if raw.startswith(start):
            raise CannotImport(f"{file} is {what} and not what its name says: save the article as text, HTML or DOCX.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CannotImport(f"{file} is UTF-16: save it as UTF-8.")
    try:
        given = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in raw:
            raise CannotImport(f"{file} is binary, not text.") from None
        at = raw[: error.start].count(b"\n") + 1
        raise CannotImport(f"{file} is not UTF-8: line {at} has a byte that does not fit; save it as UTF-8.") from None
    if CONTROL.search(given):
        raise CannotImport(f"{file} is binary, not text.")
    if found := DAMAGED.search(given):
        at = given[: found.start()].count("\n") + 1
        raise CannotImport(f"{file} was saved in a wrong encoding once: line {at} has “{found[0]}”; save it anew.")
    return UNSEEN.sub("", given.replace("\r\n", "\n").replace("\r", "\n"))


def read_markdown(given: str) -> Article:
    """CommonMark with tables; front matter gives the title and is left out for the rest."""
    front = re.match(r"---\n(.*?\n)---\n", given, re.DOTALL)
    md = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    article = read_html(md.render(given[front.end() :] if front else given))
    if not front:
        return article
    title = re.search(r"^title:\s*[\"']?(.*?)[\"']?\s*$", front[1], re.MULTILINE)
    left = left_out("the front matter of the file", front[1])
    return Article(title[1] if title else article.title, article.blocks, (left, *article.left))


def read_docx(file: Path, raw: bytes) -> Article:
    try:
        with zipfile.ZipFile(BytesIO(raw)) as parts:
            if sum(part.file_size for part in parts.infolist()) > LARGEST_UNPACKED:
                raise CannotImport(f"{file} unpacks to more than 50 MB: no article does.")
        html = mammoth.convert_to_html(
            BytesIO(raw),
            style_map=STYLES,
            include_embedded_style_map=False,
            convert_image=mammoth.images.img_element(lambda image: {}),
        ).value
    except (RecursionError, CannotImport):
        raise
    except Exception:  # whatever stands in a file that someone was sent: mammoth has no error of its own
        raise CannotImport(f"{file} is not a Word document that can be opened.") from None
    return read_html(UNSEEN.sub("", html), title_class=TITLE)


READERS = {"text": read_text, "markdown": read_markdown, "html": read_html}
