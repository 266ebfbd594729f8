"""A workbook (.xlsx) → the rows of its sheets, each cell as the text that a person sees in it.

Where a cell's text is not certain (a formula, a date, a number in a format, merged cells), its row says so instead.
"""

from __future__ import annotations

import dataclasses
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from questions.documents.data import Misfit
from questions.documents.decoding import DocumentError
from questions.documents.package import Package
from questions.documents.table import Row
from questions.text import clean_text

MOST_COLUMNS = 100  # what stands further right is one cell too many anyway
_PLAIN_FORMATS = {"general", "standard", "@", "0"}
_BUILT_IN = {"0": "general", "1": "0", "49": "@"}
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_RANGE = re.compile(r"([A-Z]{1,3}\d{1,7}):([A-Z]{1,3}\d{1,7})")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A sheet's name and its rows that are not blank."""

    name: str
    rows: list[Row]


def read_workbook(data: bytes) -> list[Sheet]:
    """The sheets that are shown, in their order. Raises DocumentError."""
    return list(_Workbook(Package(data)).sheets())


def unescaped(text: str) -> str:
    """`text` with the characters that XML cannot hold, which workbooks write as "_x000B_"."""
    return clean_text(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text))


class _Workbook:
    def __init__(self, package: Package) -> None:
        self.package = package
        main = package.main_part()
        self.root = package.xml(main)
        if self.root.tag != "workbook":
            raise DocumentError(_("This is no Excel workbook: its ending says so, but its content does not."))
        self.related = package.related(main)
        self.strings = [_text(item) for item in self._part("sharedStrings").iter("si")]
        self.formats = _formats(self._part("styles"))

    def _part(self, kind: str) -> ET.Element:
        name = next((name for found, name in self.related.values() if found == kind), "")
        return self.package.xml(name) if name else ET.Element("none")

    def sheets(self) -> Iterator[Sheet]:
        for sheet in self.root.iter("sheet"):
            kind, part = self.related.get(sheet.get("id", ""), ("", ""))
            if kind == "worksheet" and sheet.get("state", "visible") == "visible":
                yield Sheet(clean_text(sheet.get("name", "")), list(self._rows(self.package.xml(part))))

    def _rows(self, sheet: ET.Element) -> Iterator[Row]:
        merged = _Merged(sheet)
        number = 0
        for row in sheet.iter("row"):
            number = int(said) if re.fullmatch(r"\d{1,7}", said := row.get("r", "")) else number + 1
            cells = self._cells(row, number)
            if isinstance(cells, Misfit):
                yield number, cells
            elif any(cell.strip() for cell in cells):
                yield number, merged.check(number) or cells

    def _cells(self, row: ET.Element, number: int) -> list[str] | Misfit:
        cells: list[str] = []
        place = -1
        for cell in row.iter("c"):
            match = _CELL.fullmatch(cell.get("r", ""))
            place = _column(match[1]) if match else place + 1
            try:
                text = self._cell(cell)
            except Misfit as error:
                return Misfit(str(error) % {"cell": f"{_letters(place)}{number}"}, number)
            if text:
                place = min(place, MOST_COLUMNS)
                cells += [""] * (place + 1 - len(cells))
                cells[place] = text
        return cells

    def _cell(self, cell: ET.Element) -> str:
        """The cell's text. Raises Misfit with a sentence that still lacks the name of the cell."""
        kind = cell.get("t", "n")
        if cell.find("f") is not None:
            raise Misfit(_("The cell %(cell)s holds a formula: put its text there instead."))
        if kind == "inlineStr":
            return _text(cell.find("is"))
        value = cell.findtext("v") or ""
        if kind == "s" and value.isascii() and value.isdecimal() and int(value[:9]) < len(self.strings):
            return self.strings[int(value[:9])]
        if kind == "str":
            return unescaped(value)
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind == "n":
            return self._number(value, cell.get("s", "0")) if value else ""
        raise Misfit(_("The cell %(cell)s holds an error or a date, not text: write it as text."))

    def _number(self, value: str, style: str) -> str:
        """A number as it is shown, where there is no doubt about how it is."""
        form = self.formats.get(style, "general")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        text = f"{number:.15g}"
        if form not in _PLAIN_FORMATS or not re.fullmatch(r"-?\d+(\.\d+)?", text) or (form == "0" and "." in text):
            raise Misfit(
                _("The cell %(cell)s holds a number or a date in a format of its own: format it as text and type it.")
            )
        return text


class _Merged:
    """The rows that merged cells touch. Rows are asked for in their order."""

    def __init__(self, sheet: ET.Element) -> None:
        refs = [match for cell in sheet.iter("mergeCell") if (match := _RANGE.fullmatch(cell.get("ref", "")))]
        spans = [(_row(match[1]), _row(match[2]), match[0]) for match in refs if match[1] != match[2]]
        self.spans = sorted(spans, reverse=True)
        self.last, self.ref = 0, ""

    def check(self, number: int) -> Misfit | None:
        while self.spans and self.spans[-1][0] <= number:
            _first, last, ref = self.spans.pop()
            if last > self.last:
                self.last, self.ref = last, ref
        if number > self.last:
            return None
        return Misfit(_("The cells %(range)s are merged: take them apart.") % {"range": self.ref}, number)


def _text(element: ET.Element | None) -> str:
    """The text of a cell or a shared string, its runs joined; how Japanese is read aloud is no part of it."""
    if element is None:
        return ""
    texts = [child if child.tag == "t" else child.find("t") for child in element if child.tag in ("t", "r")]
    return unescaped("".join(part.text or "" for part in texts if part is not None))


def _formats(styles: ET.Element) -> dict[str, str]:
    """The number format of each style of a cell, by the style's place."""
    codes = {**_BUILT_IN, **{form.get("numFmtId", ""): form.get("formatCode", "") for form in styles.iter("numFmt")}}
    places: Iterable[ET.Element] = next(styles.iter("cellXfs"), ET.Element("none"))
    return {str(place): codes.get(xf.get("numFmtId", "0"), "other").casefold() for place, xf in enumerate(places)}


def _column(letters: str) -> int:
    """0 for "A", 26 for "AA"."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _letters(place: int) -> str:
    """The inverse of `_column`."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _row(cell: str) -> int:
    match = _CELL.fullmatch(cell)
    return int(match[2]) if match else 0
