"""Questions as plain data with a version, as JSON and YAML hold it: checked strictly, refused in sentences.

    {"format": "interviewer-questions", "version": 1, "name": "caches", "language": "en", "questions": [
      {"number": "1", "title": "…", "prompt": "…", "reference": "…", "explanation": "…", "examples": "…",
       "kind": "discussion", "topic": "serving", "difficulty": 3, "seconds": 300, "tags": ["…"], "status": "",
       "slug": "", "points": [{"name": "…", "text": "…", "kind": "must", "weight": 1.0}]}]}

Only `format`, `version`, `questions` and of a question `title` and `prompt` must be there; without `points` they are
taken from the reference answer.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from questions.documents.lines import Line
from questions.documents.metadata import STATUSES
from questions.documents.naming import language_of, split_name
from questions.documents.parsed import (
    NAME_LENGTH,
    NUMBER_LENGTH,
    SLUG_LENGTH,
    TAGS_LENGTH,
    TITLE_LENGTH,
    TOPIC_LENGTH,
    ParsedDocument,
    ParsedPoint,
    ParsedQuestion,
    Remark,
)
from questions.documents.points import MOST_POINTS, points_of
from questions.text import clean_text

FORMAT, VERSION = "interviewer-questions", 1
LANGUAGES = ("zh-hans", "en")
_DOCUMENT = ("format", "version", "name", "language", "questions")


class Misfit(ValueError):
    """Data that is not a question or document; the message is a sentence, `line` is 1-based, 0 where unknown."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def as_data(document: ParsedDocument) -> dict[str, Any]:
    """A document as dicts, lists, texts and numbers; `read_document` is the inverse."""
    questions = []
    for question in document.questions:
        row = dataclasses.asdict(question)
        del row["line"]
        points = [dict(point) for point in row.pop("points")]
        questions.append({**row, "tags": list(question.tags), "points": points})
    head = {"format": FORMAT, "version": VERSION, "name": document.name, "language": document.language}
    return {**head, "questions": questions}


def read_document(data: Any, file_name: str, line_of: Callable[[int], int] = lambda place: 0) -> ParsedDocument:
    """What `data` says. A question that cannot be used becomes a problem; `line_of` tells the line of the n-th one.

    Raises Misfit where the whole cannot be used.
    """
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise Misfit(_("This is no question document: “format” must be “%(format)s”.") % {"format": FORMAT})
    if data.get("version") != VERSION or isinstance(data.get("version"), bool):
        raise Misfit(
            _("This version of the format is not known: “version” must be %(version)d.") % {"version": VERSION}
        )
    _only(data, _DOCUMENT)
    rows = data.get("questions")
    if not isinstance(rows, list):
        raise Misfit(_("“%(key)s” must be a list.") % {"key": "questions"})
    name, language = split_name(clean_text(file_name))
    name = _text(data, "name", NAME_LENGTH) or name
    if "/" in name or "\n" in name:
        raise Misfit(_("“%(key)s” must be one of: %(values)s.") % {"key": "name", "values": _("a name without “/”")})
    language = _one_of(data, "language", LANGUAGES) if data.get("language") else language
    return collected(name, language, ((line_of(place), row) for place, row in enumerate(rows)))


def collected(name: str, language: str, rows: Iterable[tuple[int, Any]]) -> ParsedDocument:
    """A document of the rows (line, data) that are questions; the others are its problems."""
    questions: dict[str, ParsedQuestion] = {}
    problems = []
    for place, (line, row) in enumerate(rows, start=1):
        try:
            question = read_question(row, str(place), line)
            if question.number in questions:
                raise Misfit(_("The number “%(number)s” is used more than once.") % {"number": question.number})
            questions[question.number] = question
        except Misfit as error:
            message = _("Question %(place)d is left out: %(reason)s") % {"place": place, "reason": error}
            problems.append(Remark(error.line or line, message))
    found = tuple(questions.values())
    words = [Line(0, question.prompt + question.reference) for question in found]
    return ParsedDocument(name, language or language_of(words), found, tuple(problems), (), "")


def read_question(row: Any, number: str, line: int) -> ParsedQuestion:
    """One question; `number` is the one it has where it says none. Raises Misfit."""
    if isinstance(row, Misfit):  # found by whoever made the row
        raise row
    if not isinstance(row, Mapping):
        raise Misfit(_("It must be a mapping of names to values."))
    _only(row, [field.name for field in dataclasses.fields(ParsedQuestion) if field.name != "line"])
    if isinstance(row.get("number"), int) and not isinstance(row["number"], bool):
        row = {**row, "number": str(row["number"])}
    reference = _text(row, "reference")
    points = row.get("points")
    return ParsedQuestion(
        number=_text(row, "number", NUMBER_LENGTH) or number,
        line=line,
        title=_needed(row, "title", TITLE_LENGTH),
        prompt=_needed(row, "prompt"),
        reference=reference,
        explanation=_text(row, "explanation"),
        examples=_text(row, "examples"),
        kind=_one_of(row, "kind", ("discussion", "coding")) if row.get("kind") else "discussion",
        topic=_text(row, "topic", TOPIC_LENGTH),
        difficulty=int(_number(row, "difficulty", 1, 5, 3)),
        seconds=int(_number(row, "seconds", 30, 7200, 300)),
        tags=_tags(row.get("tags", [])),
        points=tuple(points_of(reference)[0][:MOST_POINTS]) if points is None else _points(points),
        status=_one_of(row, "status", STATUSES) if row.get("status") else "",
        slug=_slug(row),
    )


def _points(rows: Any) -> tuple[ParsedPoint, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Misfit(_("“%(key)s” must be a list.") % {"key": "points"})
    for row in rows:
        _only(row, ("name", "text", "kind", "weight"))
    return tuple(
        ParsedPoint(
            name=_text(row, "name", NAME_LENGTH),
            text=_text(row, "text") if "text" in row else _needed(row, "text"),
            kind=_one_of(row, "kind", ("must", "should", "pitfall")) if "kind" in row else "must",  # type: ignore[arg-type]
            weight=float(_number(row, "weight", 0.1, 10, 1.0, float)),
        )
        for row in rows
    )


def _only(row: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise Misfit if `row` has a key that nobody would read: a typing error must not lose what stands behind it."""
    unknown = [str(key)[:40] for key in row if key not in known]
    if unknown:
        raise Misfit(_("“%(key)s” is not known here.") % {"key": "”, “".join(unknown)})


def _text(row: Mapping[str, Any], key: str, longest: int = 0) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise Misfit(_("“%(key)s” must be a text.") % {"key": key})
    value = clean_text(value).replace("\r\n", "\n").replace("\r", "\n")
    if longest and len(value) > longest:
        raise Misfit(_("“%(key)s” is at most %(length)d characters long.") % {"key": key, "length": longest})
    return value if value.strip() else ""


def _needed(row: Mapping[str, Any], key: str, longest: int = 0) -> str:
    if not (value := _text(row, key, longest)):
        raise Misfit(_("“%(key)s” is missing.") % {"key": key})
    return value


def _one_of(row: Mapping[str, Any], key: str, values: tuple[str, ...]) -> str:
    if not isinstance(row[key], str) or row[key] not in values:
        raise Misfit(_("“%(key)s” must be one of: %(values)s.") % {"key": key, "values": ", ".join(values)})
    return row[key]


def _number(row: Mapping[str, Any], key: str, least: float, most: float, usual: float, kind: type = int) -> float:
    value = row.get(key, usual)
    fits = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    if not fits or not least <= value <= most:  # NaN is in no range
        message = _("“%(key)s” must be a number from %(least)s to %(most)s.")
        raise Misfit(message % {"key": key, "least": least, "most": most})
    return value


def _tags(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(tag, str) and tag.strip() for tag in value):
        raise Misfit(_("“%(key)s” must be a list of texts.") % {"key": "tags"})
    tags = tuple(dict.fromkeys(clean_text(tag) for tag in value))
    if len(", ".join(tags)) > TAGS_LENGTH:
        raise Misfit(_("“%(key)s” is at most %(length)d characters long.") % {"key": "tags", "length": TAGS_LENGTH})
    if any(re.search("[,，、]", tag) or tag != tag.strip() for tag in tags):
        raise Misfit(_("A tag has no comma and no blanks around it."))
    return tags


def _slug(row: Mapping[str, Any]) -> str:
    slug = _text(row, "slug", SLUG_LENGTH)
    if not re.fullmatch(r"[-\w]*", slug):
        raise Misfit(_("“%(key)s” has only letters, digits, “-” and “_”.") % {"key": "slug"})
    return slug
