"""Questions ↔ rows of cells, whoever carries them: a row each, the first one names the columns, in Chinese or English.

Rubric points stand in one cell, one a line with kind and weight, as `rubric` has them but without "- "; further lines
of a point are indented by two blanks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from questions.documents.data import Misfit, collected
from questions.documents.parsed import ParsedDocument, ParsedQuestion
from questions.documents.rubric import read_points, write_points

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

# The number of a row's first line and its cells, or what is wrong with it.
Row = tuple[int, list[str] | Misfit]


def table_of(document: ParsedDocument) -> Iterator[list[str]]:
    """The rows of a document, the names of the columns first."""
    yield list(_COLUMNS.values() if document.language == "zh-hans" else _COLUMNS)
    for question in document.questions:
        yield [_cell(question, key, document.language) for key in _COLUMNS]


def read_table(rows: Iterable[Row], name: str, language: str) -> ParsedDocument:
    """The inverse of `table_of`. What is wrong with a row is told; raises Misfit if the first one cannot be used."""
    found = iter(rows)
    line, head = next(found, (1, []))
    if isinstance(head, Misfit):
        raise Misfit(str(head), line)
    keys = columns(head, line)
    return collected(name, language, _questions(found, keys))


def columns(cells: list[str], line: int = 1) -> list[str]:
    """What each column holds, "" for one without a name. Raises Misfit where this names no columns of questions."""
    keys: list[str] = []
    for cell in cells:
        key = _COLUMN.get(cell.strip().casefold(), "")
        if not key and cell.strip():
            raise Misfit(_("The column “%(name)s” is not known.") % {"name": cell.strip()[:40]}, line)
        if key and key in keys:
            raise Misfit(_("The column “%(name)s” stands there twice.") % {"name": cell.strip()}, line)
        keys.append(key)
    if "title" not in keys or "prompt" not in keys:
        message = _(
            "This is not a table of questions: its first line must name the columns “%(title)s” and “%(prompt)s”."
        )
        raise Misfit(message % {"title": "title", "prompt": "prompt"}, line)
    return keys


def _questions(rows: Iterable[Row], keys: list[str]) -> Iterator[tuple[int, Any]]:
    for line, cells in rows:
        if isinstance(cells, Misfit):
            yield line, cells
        elif any(cell.strip() for cell in cells):
            yield line, _row(cells, keys)


def _row(cells: list[str], keys: list[str]) -> Any:
    extra = [cell for place, cell in enumerate(cells) if cell and (place >= len(keys) or not keys[place])]
    if extra:
        return Misfit(_("This row has more cells than the first line has names."))
    row: dict[str, Any] = {key: cell for key, cell in zip(keys, cells, strict=False) if key and cell.strip()}
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
