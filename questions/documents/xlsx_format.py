"""Questions ↔ a workbook (.xlsx): the rows of `table`, every cell a text, so that none of them is a formula."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from questions.documents.data import Misfit
from questions.documents.naming import split_name
from questions.documents.package import NOT_XML, pack
from questions.documents.parsed import ParsedDocument, Remark
from questions.documents.table import columns, read_table, table_of
from questions.documents.workbook import Sheet, read_workbook
from questions.documents.writing import Unwritable
from questions.text import clean_text

LONGEST_CELL = 32_767  # UTF-16 units; spreadsheets cut what is longer
_UNWRITABLE = re.compile(f"_(?=x[0-9A-Fa-f]{{4}})|{NOT_XML.pattern}")
_WIDTHS = (8, 30, 50, 60, 60, 40, 40, 12, 16, 8, 8, 20, 12, 20)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_FRAME = {
    "[Content_Types].xml": f"""{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>
<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>
</Types>""",
    "_rels/.rels": f"""{_HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>
</Relationships>""",
    "xl/workbook.xml": f"""{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">
<sheets><sheet name="Questions" sheetId="1" r:id="rId1"/></sheets>
</workbook>""",
    "xl/_rels/workbook.xml.rels": f"""{_HEAD}<Relationships
 xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>
</Relationships>""",
    # Style 1 is an ordinary cell, 2 the head. Format 49 is text: what is typed into such a cell later stays text too.
    "xl/styles.xml": f"""{_HEAD}<styleSheet xmlns="{_MAIN}">
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>
<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1">
<alignment vertical="top" wrapText="1"/></xf>
<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
</styleSheet>""",
}


def write_xlsx(document: ParsedDocument) -> bytes:
    """The questions as a workbook of one sheet. Raises Unwritable for a text that no cell can hold."""
    return write_sheet(table_of(document), _WIDTHS)


def write_sheet(table: Iterable[list[str]], widths: Sequence[int], name: str = "Questions") -> bytes:
    """A workbook of one sheet whose cells are texts, the first row a head. `widths` are in characters; 26 at most.

    Raises Unwritable for a text that no cell can hold.
    """
    rows = [_row(number, cells) for number, cells in enumerate(table, start=1)]
    columns_wide = "".join(
        f'<col min="{place}" max="{place}" width="{width}" style="1" customWidth="1"/>'
        for place, width in enumerate(widths, start=1)
    )
    last = chr(ord("A") + len(widths) - 1)
    sheet = f"""{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView tabSelected="1" workbookViewId="0">\
<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>
<cols>{columns_wide}</cols>
<sheetData>
{"".join(rows)}</sheetData>
<ignoredErrors><ignoredError sqref="A1:{last}{len(rows)}" numberStoredAsText="1"/></ignoredErrors>
</worksheet>"""
    workbook = _FRAME["xl/workbook.xml"].replace('name="Questions"', f'name="{html.escape(name)}"')
    return pack({**_FRAME, "xl/workbook.xml": workbook, "xl/worksheets/sheet1.xml": sheet})


def read_xlsx(data: bytes, name: str) -> ParsedDocument:
    """The inverse of `write_xlsx`; lines are rows. Raises Misfit, and DocumentError for what is no workbook."""
    stem, language = split_name(clean_text(name))
    sheets = [sheet for sheet in read_workbook(data) if sheet.rows]
    chosen = _chosen(sheets)
    document = read_table(chosen.rows, stem, language)
    message = _("The sheet “%(name)s” was not read: all questions stand in one sheet.")
    others = [Remark(0, message % {"name": sheet.name}) for sheet in sheets if sheet is not chosen]
    return dataclasses.replace(document, notes=(*document.notes, *others))


def _chosen(sheets: Iterable[Sheet]) -> Sheet:
    """The first sheet that is a table of questions. Raises Misfit with what is wrong with the very first."""
    wrong: Misfit | None = None
    for sheet in sheets:
        line, head = sheet.rows[0]
        try:
            if isinstance(head, Misfit):
                raise head
            columns(head, line)
            return sheet
        except Misfit as error:
            wrong = wrong or error
    raise wrong or Misfit(_("This workbook is empty."))


def _row(number: int, cells: list[str]) -> str:
    style = 2 if number == 1 else 1
    written = [
        f'<c r="{chr(ord("A") + place)}{number}" s="{style}" t="inlineStr">'
        f'<is><t xml:space="preserve">{_escaped(cell)}</t></is></c>'
        for place, cell in enumerate(cells)
        if cell
    ]
    return f'<row r="{number}">{"".join(written)}</row>\n'


def _escaped(text: str) -> str:
    if len(text.encode("utf-16-le", "surrogatepass")) > 2 * LONGEST_CELL:
        message = _("A cell holds at most %(length)d characters: export “%(text)s” as Markdown or JSON.")
        raise Unwritable(message % {"length": LONGEST_CELL, "text": text[:40]})
    return html.escape(_UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", text), quote=False)
