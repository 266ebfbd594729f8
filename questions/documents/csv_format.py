"""Questions ↔ CSV: the rows of `table`.

A cell that a spreadsheet would take for a formula gets a "'" in front, which is taken away again on the way in.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from questions.documents.data import Misfit
from questions.documents.naming import split_name
from questions.documents.parsed import ParsedDocument
from questions.documents.table import read_table, table_of
from questions.text import clean_text

_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")
_LARGEST_CELL = 10 * 1024 * 1024
csv.field_size_limit(_LARGEST_CELL)


def write_csv(document: ParsedDocument) -> str:
    """The questions as CSV with a byte order mark, without which spreadsheets do not see UTF-8."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([safe_cell(cell) for cell in row] for row in table_of(document))
    return "\ufeff" + out.getvalue()


def read_csv(text: str, name: str) -> ParsedDocument:
    """The inverse of `write_csv`. Raises Misfit."""
    stem, language = split_name(clean_text(name))
    return read_table(rows_of(text), stem, language)


def rows_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row of a CSV file with the number of its first line; `,`, `;` or tab between cells. Raises Misfit."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, [_plain(cell) for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise Misfit(_("This is not CSV: %(reason)s.") % {"reason": error}, reader.line_num) from error


def safe_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
