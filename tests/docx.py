"""Word documents made by hand: no more than a word processor needs to open one."""

import zipfile
from collections.abc import Iterable, Sequence
from io import BytesIO
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>
</Types>"""
RELATIONS = '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
RELATION = '<Relationship Id="{0}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{0}" Target="{1}"/>'
STYLES = "".join(
    f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/></w:style>'
    for name in ("Title", "heading 1", "heading 2", "heading 3", "Quote")
)
NUMBERING = "".join(
    f'<w:abstractNum w:abstractNumId="{n}">'
    + "".join(f'<w:lvl w:ilvl="{level}"><w:numFmt w:val="{kind}"/></w:lvl>' for level in (0, 1))
    + "</w:abstractNum>"
    for n, kind in ((1, "bullet"), (2, "decimal"))
) + "".join(f'<w:num w:numId="{n}"><w:abstractNumId w:val="{n}"/></w:num>' for n in (1, 2))

Runs = Sequence[tuple[str, str]]  # text, and 'b', 'i' or ''


def docx(body: Iterable[str]) -> bytes:
    """A document of these paragraphs and tables."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", TYPES)
        parts.writestr("_rels/.rels", RELATIONS.format(RELATION.format("officeDocument", "word/document.xml")))
        own = RELATION.format("styles", "styles.xml") + RELATION.format("numbering", "numbering.xml")
        parts.writestr("word/_rels/document.xml.rels", RELATIONS.format(own))
        parts.writestr("word/styles.xml", f'<w:styles xmlns:w="{MAIN}">{STYLES}</w:styles>')
        parts.writestr("word/numbering.xml", f'<w:numbering xmlns:w="{MAIN}">{NUMBERING}</w:numbering>')
        text = "".join(body)
        parts.writestr("word/document.xml", f'<w:document xmlns:w="{MAIN}"><w:body>{text}</w:body></w:document>')
    return file.getvalue()


def paragraph(text: str | Runs, style: str = "", numbering: int = 0, depth: int = 0) -> str:
    """`numbering`: 1 for bullets, 2 for numbers."""
    runs = [(text, "")] if isinstance(text, str) else text
    about = f'<w:pStyle w:val="{style.replace(" ", "")}"/>' if style else ""
    if numbering:
        about += f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{numbering}"/></w:numPr>'
    return f"<w:p><w:pPr>{about}</w:pPr>{''.join(_run(*run) for run in runs)}</w:p>"


def table(rows: Iterable[Iterable[str | Runs]]) -> str:
    cells = (f"<w:tr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in row)}</w:tr>" for row in rows)
    return f"<w:tbl>{''.join(cells)}</w:tbl>"


def _run(text: str, mark: str) -> str:
    about = f"<w:rPr><w:{mark}/></w:rPr>" if mark else ""
    return f'<w:r>{about}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
