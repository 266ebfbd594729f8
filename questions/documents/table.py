"""Questions ↔ CSV: a row each, the first line names the columns, in Chinese or English.

Rubric points stand in one cell, one a line with kind and weight, as `rubric` has them but without "- "; further lines
of a point are indented by two blanks. A cell that a spreadsheet would take for a formula gets a "'" in front, which is
taken away again on the way in.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from questions.documents.data import Misfit, collected
from questions.documents.naming import split_name
from questions.documents.parsed import ParsedDocument, ParsedQuestion
from questions.documents.rubric import read_points, write_points
from questions.text import clean_text

_COLUMNS = {
    "number": "题号",
    "title": "标题",
    "prompt": "题目",
    "reference": "答案",
    "points": "评分点",
    "explanation": "解析",
    "examples": "举例",
    "kind": "类型",
    "topic": "主题",
    "difficulty": "难度",
    "seconds": "时长",
    "tags": "标签",
    "status": "题目状态",
    "slug": "题目标识",
}
_COLUMN = {name.casefold(): key for key, chinese in _COLUMNS.items() for name in (key, chinese)}
_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")
_LARGEST_CELL = 10 * 1024 * 1024
csv.field_size_limit(_LARGEST_CELL)


def write_csv(document: ParsedDocument) -> str:
    """The questions as CSV with a byte order mark, without which spreadsheets do not see UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_COLUMNS.values() if document.language == "zh-hans" else _COLUMNS)
    for question in document.questions:
        writer.writerow([_safe(_cell(question, key, document.language)) for key in _COLUMNS])
    return "\ufeff" + out.getvalue()


def read_csv(text: str, name: str) -> ParsedDocument:
    """The inverse of `write_csv`. Raises Misfit."""
    stem, language = split_name(clean_text(name))
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        keys = _header(next(reader, []))
        rows = list(_rows(reader, keys))
    except csv.Error as error:
        raise Misfit(_("This is not CSV: %(reason)s.") % {"reason": error}, reader.line_num) from error
    return collected(stem, language, rows)


def _header(cells: list[str]) -> list[str]:
    keys: list[str] = []
    for cell in cells:
        key = _COLUMN.get(cell.strip().casefold(), "")
        if not key and cell.strip():
            raise Misfit(_("The column “%(name)s” is not known.") % {"name": cell.strip()[:40]}, 1)
        if key and key in keys:
            raise Misfit(_("The column “%(name)s” stands there twice.") % {"name": cell.strip()}, 1)
        keys.append(key)
    if "title" not in keys or "prompt" not in keys:
        message = _(
            "This is not a table of questions: its first line must name the columns “%(title)s” and “%(prompt)s”."
        )
        raise Misfit(message % {"title": "title", "prompt": "prompt"}, 1)
    return keys


def _rows(reader: Any, keys: list[str]) -> Iterator[tuple[int, Any]]:
    """Each row that is not blank with its first line; what cannot be read of a row stands in it as its error."""
    line = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, _row(cells, keys)
        line = reader.line_num + 1


def _row(cells: list[str], keys: list[str]) -> Any:
    extra = [cell for place, cell in enumerate(cells) if cell and (place >= len(keys) or not keys[place])]
    if extra:
        return Misfit(_("This row has more cells than the first line has names."))
    row: dict[str, Any] = {key: _plain(cell) for key, cell in zip(keys, cells, strict=False) if key and cell.strip()}
    for key in ("difficulty", "seconds"):
        if re.fullmatch(r"\s*\d{1,9}\s*", row.get(key, "")):
            row[key] = int(row[key])
    if "tags" in row:
        row["tags"] = [tag.strip() for tag in re.split("[,，、]", row["tags"]) if tag.strip()]
    if "points" in row:
        try:
            points = read_points(_dashed(row["points"].replace("\r\n", "\n")))
        except ValueError as error:
            return Misfit(str(error))
        row["points"] = [vars(point) for point in points]
    return row


def _cell(question: ParsedQuestion, key: str, language: str) -> str:
    if key == "points":
        points = write_points(question.points, language)
        return re.sub("^- ", "", points, flags=re.MULTILINE)
    value = getattr(question, key)
    return ", ".join(value) if key == "tags" else str(value)


def _dashed(text: str) -> str:
    """Each line that begins a point as a list item."""
    lines = text.split("\n")
    if len(lines) == 1 and not text.startswith("["):
        return text
    return "\n".join(f"- {line}" if line.strip() and line[:2] not in ("- ", "  ") else line for line in lines)


def _safe(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
