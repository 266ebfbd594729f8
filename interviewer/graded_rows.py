"""Rows of a JSON Lines file to grade, and the rows that come of them. What `manage.py grade_file` reads and writes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from django.utils.translation import gettext as _

from interviewer import grading
from questions.frozen import FrozenPoint, FrozenQuestion, PointKind

TEXTS = ("question", "reference", "answer")


@dataclasses.dataclass(frozen=True)
class Row:
    """One answer to grade. `problem` is a sentence with the line's number where the line cannot be graded."""

    line: int
    id: str | int
    question: FrozenQuestion | None = None
    answer: str = ""
    problem: str = ""


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file, blank lines left out; a bad line becomes a row with a problem. Raises OSError."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _row(number, line)


def repair(path: Path) -> list[dict[str, Any]]:
    """The rows that `path` holds and that need no second grading. Raises OSError.

    What was torn off at its end by a kill, and rows that failed, are cut away: they are to be graded again.
    """
    if not path.exists():
        return []
    whole = path.read_bytes()
    lines = [(line, _parsed(line)) for line in whole.splitlines(keepends=True) if line.endswith(b"\n")]
    kept = [(line, row) for line, row in lines if row and "id" in row and row.get("status") != "failed"]
    if (content := b"".join(line for line, _row in kept)) != whole:
        part = path.with_name(f".{path.name}.tmp")
        part.write_bytes(content)
        part.replace(path)
    return [row for _line, row in kept]


def graded(row: Row, grader: str) -> dict[str, Any]:
    """The result of grading `row`: a fault of the grader is a failed row, never a score."""
    assert row.question is not None
    try:
        verdict = grading.grade(row.question, row.answer, grader)
    except grading.LLMError as error:
        reason = _("Line %(line)d: %(error)s") % {"line": row.line, "error": error}
        return failed(dataclasses.replace(row, problem=reason), grader)
    points = [
        {
            "text": point.text,
            "verdict": point.verdict,
            "evidence": [row.answer[start:end] for start, end in point.spans],
        }
        for point in verdict.points
    ]
    return {
        "id": row.id,
        "score": verdict.score,
        "status": "done",
        "grader": verdict.grader,
        "points": points,
        "flags": list(verdict.flags),
    }


def failed(row: Row, grader: str) -> dict[str, Any]:
    """The result of a row that could not be graded: no score, and the reason."""
    empty: dict[str, Any] = {"id": row.id, "score": None, "status": "failed", "grader": grader, "points": []}
    return {**empty, "flags": [], "reason": row.problem}


def _row(number: int, line: bytes) -> Row:
    data = _parsed(line)
    if data is None:
        return Row(number, f"line-{number}", problem=_("Line %(line)d is no JSON object.") % {"line": number})
    name = data.get("id")
    if not isinstance(name, str | int) or isinstance(name, bool):
        return Row(number, f"line-{number}", problem=_("Line %(line)d has no id.") % {"line": number})
    wrong = [key for key in TEXTS if not isinstance(data.get(key), str)]
    wrong += [key for key in TEXTS[:2] if key not in wrong and not data[key].strip()]
    if wrong:
        problem = _("Line %(line)d: “%(key)s” must be text.") % {"line": number, "key": wrong[0]}
        return Row(number, name, problem=problem)
    try:
        return Row(number, name, _question(name, data), data["answer"])
    except (TypeError, ValueError, KeyError, AttributeError):
        problem = _("Line %(line)d: “points” must be a list of texts, or of objects with “text”.") % {"line": number}
        return Row(number, name, problem=problem)


def _question(name: str | int, data: dict[str, Any]) -> FrozenQuestion:
    chinese = any("\u3400" <= c <= "\u9fff" for c in data["question"] + data["reference"])
    language = data.get("lang") or ("zh" if chinese else "en")
    points = tuple(_point(number, given) for number, given in enumerate(data.get("points") or (), 1))
    return FrozenQuestion(
        slug="",
        title="",
        language=str(language),
        kind="open",
        prompt=data["question"],
        reference=data["reference"],
        points=points,
    )


def _point(number: int, given: Any) -> FrozenPoint:
    fields: dict[str, Any] = {"text": given} if isinstance(given, str) else given
    kind, weight = fields.get("kind", "must"), float(fields.get("weight", 1.0))
    if kind not in get_args(PointKind) or not fields["text"].strip() or not 0 < weight < 1e6:
        raise ValueError(fields)
    return FrozenPoint(f"p{number}", str(fields.get("name", "")), fields["text"], kind, weight)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
