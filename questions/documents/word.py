"""A Word file (.docx) → its paragraphs, as a reader sees them who has accepted all changes.

Nothing outside of the file is looked at, fields and macros are not run. Pictures and the like are left out and told.
"""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from questions.documents.decoding import DocumentError
from questions.documents.labels import match_label
from questions.documents.package import Package
from questions.documents.paragraphs import Kind, Paragraph, Run, is_code, marked
from questions.documents.word_styles import Numbering, Styles
from questions.text import clean_text

# Around other content, as if it were not there; text that was put in is there, text that was taken out is not.
_WRAPPERS = {"ins", "moveTo", "hyperlink", "fldSimple", "smartTag", "sdt", "sdtContent", "customXml", "dir", "bdo"}
_CHANGES = {"ins", "del", "moveFrom", "moveTo"}
_OTHERS = {"drawing", "pict", "object", "AlternateContent", "oMath", "oMathPara", "footnoteReference"}
_OTHERS |= {"endnoteReference", "sym", "altChunk"}
_TEXTS = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-"}


@dataclasses.dataclass(frozen=True)
class WordFile:
    """The paragraphs of a Word file, and sentences on what was read otherwise than it stands there, or not at all."""

    paragraphs: list[Paragraph]
    remarks: list[str]


def read_word(data: bytes) -> WordFile:
    """The paragraphs of the file's body, tables among them. Raises DocumentError."""
    package = Package(data)
    main = package.main_part()
    root = package.xml(main)
    body = root.find("body")
    if root.tag != "document" or body is None:
        raise DocumentError(_("This is no Word document: its ending says so, but its content does not."))
    parts = {kind: name for kind, name in package.related(main).values() if name in package}
    found = {kind: package.xml(parts[kind]) for kind in ("styles", "numbering", "comments") if kind in parts}
    reader = _Reader(Styles(found.get("styles")), Numbering(found.get("numbering")))
    paragraphs = list(reader.blocks(body))
    comments = found.get("comments")
    return WordFile(paragraphs, reader.remarks(comments is not None and comments.find("comment") is not None))


class _Reader:
    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self.styles = styles
        self.numbering = numbering
        self.place = 0
        self.seen: set[str] = set()
        self.carried: list[Run] = []

    def remarks(self, has_comments: bool) -> list[str]:
        found = []
        if self.seen & _CHANGES:
            found.append(_("This file has tracked changes: it was read as if all of them had been accepted."))
        if has_comments:
            found.append(_("The comments in this file were left out."))
        if self.seen & _OTHERS:
            found.append(_("Pictures, formulas, text boxes, symbols and notes in this file were left out."))
        if "merged" in self.seen:
            found.append(_("A table in this file has merged cells: look at how its text was read."))
        return found

    # --- Paragraphs and tables ---

    def blocks(self, parent: ET.Element) -> Iterator[Paragraph]:
        for child in parent:
            if child.tag == "p":
                yield from self._paragraph(child)
            elif child.tag == "tbl":
                yield from self._table(child)
            elif child.tag in _WRAPPERS:
                yield from self.blocks(child)
            elif child.tag in _OTHERS:
                self.seen.add(child.tag)

    def _paragraph(self, element: ET.Element) -> Iterator[Paragraph]:
        self.place += 1
        properties = element.find("pPr")
        style = self.styles.of_paragraph(properties)
        runs = [*self.carried, *self._runs(element, style.bold)]
        self.carried = []
        if properties is not None and properties.find("rPr/del") is not None:  # joined with the next one
            self.seen.add("del")
            self.carried = runs
            return
        if style.kind == "contents":
            return
        marker, prefix = self.numbering.next(style.list, style.depth), ""
        kind, level = style.kind, style.level
        if kind == "heading" and style.list:
            prefix = self.numbering.printed(style.list, style.depth)
        elif kind in ("text", "more") and marker:
            kind, level = "item", style.depth
        if kind == "text" and is_code(runs):
            kind = "code"
        yield Paragraph(
            tuple([Run(prefix), *runs] if prefix else runs),
            _kind(kind),
            level,
            marker,
            name=style.list,
            is_tight=style.keeps_next and kind != "heading",
            place=self.place,
        )

    def _table(self, table: ET.Element) -> Iterator[Paragraph]:
        if any(True for tag in ("gridSpan", "vMerge") for _found in table.iter(tag)):
            self.seen.add("merged")
        rows = [[list(self.blocks(cell)) for cell in self._inside(row, "tc")] for row in self._inside(table, "tr")]
        rows = [row for row in rows if any(_plain(cell) for cell in row)]
        if all(len(row) == 1 for row in rows):
            yield from (paragraph for row in rows for paragraph in row[0])
        elif all(len(row) == 2 and _label(row[0]) for row in rows):
            for label, text in rows:
                yield Paragraph((Run(_label(label), bold=True),), place=label[0].place)
                yield from text
        else:
            yield _as_lines(rows)

    def _inside(self, parent: ET.Element, tag: str) -> Iterator[ET.Element]:
        for child in parent:
            if child.tag == tag and child.find("trPr/del") is None:
                yield child
            elif child.tag in _WRAPPERS:
                yield from self._inside(child, tag)

    # --- Runs ---

    def _runs(self, parent: ET.Element, bold: bool) -> Iterator[Run]:
        for child in parent:
            if child.tag in _CHANGES | _OTHERS:
                self.seen.add(child.tag)
            if child.tag == "r":
                yield from self._run(child, bold)
            elif child.tag in _WRAPPERS:
                yield from self._runs(child, bold)

    def _run(self, element: ET.Element, bold: bool) -> Iterator[Run]:
        look = self.styles.of_run(element.find("rPr"), bold)
        text = clean_text("".join(self._text(child) for child in element))
        if text and not look.hidden:
            yield Run(text, look.bold, look.italic, look.code)

    def _text(self, element: ET.Element) -> str:
        if element.tag == "t":
            text = element.text or ""
            return text if element.get("space") == "preserve" else text.strip()
        if element.tag == "br":
            return "\n" if element.get("type", "textWrapping") == "textWrapping" else ""
        if element.tag in _OTHERS:
            self.seen.add(element.tag)
        return _TEXTS.get(element.tag, "")


def _kind(kind: str) -> Kind:
    return kind if kind in ("heading", "item", "more", "code", "literal") else "text"  # type: ignore[return-value]


def _plain(paragraphs: Iterable[Paragraph]) -> str:
    return " ".join(" ".join(marked(one.runs).split()) for one in paragraphs).strip()


def _label(paragraphs: list[Paragraph]) -> str:
    """The label that a cell holds, with its colon; "" if it holds something else."""
    text = " ".join(paragraph.text for paragraph in paragraphs).strip().rstrip(":：").strip()
    label = match_label(f"{text}：") if paragraphs and text else None
    return f"{text}：" if label and not label.text else ""


def _as_lines(rows: list[list[list[Paragraph]]]) -> Paragraph:
    """A table as Markdown writes one."""
    width = max(len(row) for row in rows)
    texts = [[_plain(cell).replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in texts]
    lines.insert(1, "|" + " --- |" * width)
    place = next(paragraph.place for row in rows for cell in row for paragraph in cell)
    return Paragraph((Run("\n".join(lines)),), "literal", place=place)
