"""Question documents ↔ Word files (.docx): what Markdown says, with Word's headings, lists and bold labels."""

from __future__ import annotations

import dataclasses
import html
import re
from functools import partial

from django.utils.translation import gettext as _

from questions.documents import markdown
from questions.documents.decoding import DocumentError
from questions.documents.lines import plain_lines, read_lines
from questions.documents.markdown import Reader
from questions.documents.package import LARGEST_TEXT, NOT_XML, pack, too_large
from questions.documents.paragraphs import Paragraph, Placed, Run, lines_of, literal, paragraphs_of
from questions.documents.parsed import ParsedDocument, Remark, shorten
from questions.documents.word import read_word
from questions.documents.word_parts import FRAME, HEAD, WORD, numbering_part
from questions.documents.writing import Unwritable, check

_STYLES = {"code": "Code", "literal": "Markdown", "item": "ListParagraph"}


def write_docx(text: str) -> bytes:
    """A Word file of the Markdown `text`, from which the same questions are read.

    Raises Unwritable for characters that no Word file can hold.
    """
    text = plain_lines(text)
    if found := NOT_XML.search(text):
        line = text[: found.start()].count("\n") + 1
        message = _("Word cannot hold the character U+%(code)04X in line %(line)d of the Markdown: correct it first.")
        raise Unwritable(message % {"code": ord(found[0]), "line": line})
    questions = tuple(Reader(read_lines(text)[0]).read())
    for shape in (paragraphs_of, partial(paragraphs_of, exact=True)):
        data = _packed(shape(text))
        try:
            check(_text(lines_of(read_word(data).paragraphs)), questions)
            return data
        except Unwritable:
            continue
    data = _packed([literal(text.split("\n"))])
    check(_text(lines_of(read_word(data).paragraphs)), questions)
    return data


def read_docx(data: bytes, name: str) -> tuple[ParsedDocument, str]:
    """What a Word file says, and as which Markdown. Lines are paragraphs, counted with those in tables.

    Raises DocumentError for what is no Word file.
    """
    found = read_word(data)
    lines = lines_of(found.paragraphs)
    text = _text(lines)
    if len(text) > LARGEST_TEXT:  # before any time is spent on it
        raise DocumentError(too_large())
    document = markdown.parse(text, name)
    told = tuple(Remark(0, message) for message in found.remarks)
    return dataclasses.replace(
        document,
        questions=tuple(dataclasses.replace(one, line=_place(lines, one.line)) for one in document.questions),
        problems=tuple(_placed(remark, lines) for remark in document.problems),
        notes=(*told, *(_placed(remark, lines) for remark in document.notes)),
    ), text


def _text(lines: list[Placed]) -> str:
    return "".join(f"{line.text}\n" for line in lines)


def _place(lines: list[Placed], line: int) -> int:
    return lines[line - 1].place if 0 < line <= len(lines) else 0


def _placed(remark: Remark, lines: list[Placed]) -> Remark:
    """The remark at its paragraph, whose beginning it quotes: nobody sees the numbers of paragraphs in Word."""
    if not 0 < remark.line <= len(lines):
        return remark
    quoted = {"message": remark.message, "text": shorten(lines[remark.line - 1].text.strip(), 40)}
    return Remark(_place(lines, remark.line), _("%(message)s (In the paragraph “%(text)s”.)") % quoted)


# --- Paragraphs → XML ---


def _packed(paragraphs: list[Paragraph]) -> bytes:
    lists = _Lists()
    body = "\n".join(_paragraph(paragraph, lists) for paragraph in paragraphs)
    size = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" w:bottom="1134" '
    size += 'w:left="1134" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>'
    main = f'{HEAD}<w:document xmlns:w="{WORD}"><w:body>\n{body}\n{size}</w:body></w:document>'
    return pack({**FRAME, "word/numbering.xml": numbering_part(lists.found), "word/document.xml": main})


class _Lists:
    """The lists that a file needs: each counts for itself. `found` has each one's first marker and depth."""

    def __init__(self) -> None:
        self.found: list[tuple[str, int]] = []
        self.open: list[int] = []
        self.name = ""

    def number(self, item: Paragraph) -> int:
        """The number of the list (from 1) that `item` stands in."""
        if item.name != self.name:
            self.name, self.open = item.name, []
        del self.open[item.level + 1 :]
        while len(self.open) <= item.level:
            self.found.append((item.marker, len(self.open)))
            self.open.append(len(self.found))
        return self.open[item.level]


def _paragraph(paragraph: Paragraph, lists: _Lists) -> str:
    style = f"Heading{paragraph.level}" if paragraph.kind == "heading" else _STYLES.get(paragraph.kind, "")
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if paragraph.is_tight:
        properties += "<w:keepNext/>"
    if paragraph.kind == "item":
        number = lists.number(paragraph)
        properties += f'<w:numPr><w:ilvl w:val="{paragraph.level}"/><w:numId w:val="{number}"/></w:numPr>'
    runs = "".join(map(_run, paragraph.runs))
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{runs}</w:p>"


def _run(run: Run) -> str:
    look = ('<w:rStyle w:val="CodeChar"/>' if run.code else "") + ("<w:b/>" if run.bold else "")
    parts = [_part(part) for part in re.split("([\t\n])", run.text) if part]
    return f"<w:r>{f'<w:rPr>{look}</w:rPr>' if look else ''}{''.join(parts)}</w:r>"


def _part(text: str) -> str:
    if text in "\t\n":
        return "<w:tab/>" if text == "\t" else "<w:br/>"
    return f'<w:t xml:space="preserve">{html.escape(text, quote=False)}</w:t>'
