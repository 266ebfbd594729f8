"""Questions → Markdown. What is written is read again and compared before it is handed out: nothing is lost silently.

Text that would be read as something else is set in a fence (`verbatim`), titles and tags in quotes, and rubric points
that do not follow from the answer are stated one by one (`rubric`). What even that cannot hold is refused.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from questions.documents.lines import plain_lines, read_lines
from questions.documents.markdown import Reader
from questions.documents.metadata import read_value
from questions.documents.parsed import ParsedDocument, ParsedPoint, ParsedQuestion, shorten
from questions.documents.points import points_of
from questions.documents.rubric import write_points
from questions.documents.style import Style
from questions.documents.verbatim import fenced

_PLAIN_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,4}){0,3}", re.ASCII)
_PLAIN_START = re.compile(r"(?!\d+[.．、)）])[^\W_]|[\"“《‘（(¥$]")
_TEXTS = {"prompt": "prompt", "answer": "reference", "explanation": "explanation", "examples": "examples"}
_LISTS = {"bonus": "should", "pitfalls": "pitfall"}
_METADATA = ("topic", "difficulty", "seconds", "tags", "kind", "status", "slug")
_KIND = {"zh-hans": {"coding": "编程", "discussion": "讨论"}, "en": {}}
_STATUS = {
    "zh-hans": {"draft": "草稿", "review": "审核中", "published": "已发布", "retired": "已停用"},
    "en": {"review": "in review"},
}
# Each may have to be written in its strict form: fenced, quoted or stated.
_STRICT = ("title", "number", "prompt", "answer", "stated", "rubric", "explanation", "examples")


_NEXT = "# 1. Next\n\n**Question:** Next?"


class Unwritable(ValueError):
    """The format cannot hold a question; the message is a sentence for a person."""


def write_document(document: ParsedDocument) -> str:
    """A Markdown document of the house's format with all questions of `document`, whose prose is left out.

    Raises Unwritable.
    """
    style = Style(document.language)
    topics = {question.topic for question in document.questions}
    topic = topics.pop() if len(topics) == 1 else ""
    defaults = {"topic": topic} if topic else {}
    head = [f"# {document.name}", ""] if _is_harmless(document.name) else []
    if topic:
        head += [f"{style.label('topic').lead} {_value('topic', topic, style.language)}", ""]
    blocks = [write_question(question, style, defaults) for question in document.questions]
    text = "\n".join([*head, *(f"{block}\n" for block in blocks)])
    check(text, document.questions)
    return text


def write_question(question: ParsedQuestion, style: Style, defaults: Mapping[str, Any] | None = None) -> str:
    """One question, without a blank line at its end; `defaults` is what its document says of all questions.

    Raises Unwritable.
    """
    defaults = defaults or {}
    for shape in (style, style.house()):
        text = _written(question, shape, defaults, frozenset())
        if _reads(text, question, defaults):
            return text
    return _strictly(question, style.house(), defaults)


def check(text: str, questions: tuple[ParsedQuestion, ...]) -> None:
    """Raise Unwritable unless `text` is read as exactly these questions."""
    found = {question.number: question for question in Reader(read_lines(plain_lines(text))[0]).read()}
    for wanted in questions:
        if wanted.number not in found or not same(wanted, found.pop(wanted.number)):
            raise Unwritable(_refusal(wanted))
    if found:
        raise Unwritable(_refusal(next(iter(found.values()))))


def same(one: ParsedQuestion, other: ParsedQuestion) -> bool:
    """Whether two questions say the same, wherever they stand."""
    return dataclasses.replace(one, line=0) == dataclasses.replace(other, line=0)


def _refusal(question: ParsedQuestion) -> str:
    message = _("Question %(number)s (“%(title)s”) cannot be written without loss: correct it in the bank first.")
    return message % {"number": question.number, "title": shorten(question.title, 60)}


def _is_harmless(name: str) -> bool:
    """Whether the document's name can be its first heading."""
    reader = Reader(read_lines(f"# {name}\n\n{_NEXT}")[0])
    return len(reader.read()) == 1 and not (reader.problems or reader.notes) and reader.prose[:1] == [f"# {name}"]


def _strictly(question: ParsedQuestion, style: Style, defaults: Mapping[str, Any]) -> str:
    """Everything strict, then as much as possible plain again."""
    strict = frozenset(_STRICT)
    text = _written(question, style, defaults, strict)
    if not _reads(text, question, defaults):
        raise Unwritable(_refusal(question))
    for part in _STRICT:
        plainer = _written(question, style, defaults, strict - {part})
        if _reads(plainer, question, defaults):
            strict, text = strict - {part}, plainer
    return text


def _reads(text: str, question: ParsedQuestion, defaults: Mapping[str, Any]) -> bool:
    """Whether `text` is read as `question`, and a question below it as another."""
    lines, unclosed = read_lines(plain_lines(f"{text}\n\n{_NEXT}"))
    reader = Reader(lines)
    reader.defaults = dict(defaults)
    found = reader.read()
    clean = unclosed is None and not reader.problems and not any(reader.prose)
    return clean and len(found) == 2 and same(found[0], question) and found[1].prompt == "Next?"


def _written(question: ParsedQuestion, style: Style, defaults: Mapping[str, Any], strict: frozenset[str]) -> str:
    parts = {"metadata": _metadata(question, style, defaults)}
    for section, field in _TEXTS.items():
        text = getattr(question, field)
        if section == "prompt" and text == question.title and "prompt" not in strict:
            text = "" if not question.reference and not style.labels.get("prompt") else text
        parts[section] = _section(style, section, text, section in strict)
    stated = "stated" in strict or not _follows(question)
    for section, kind in _LISTS.items():
        points = [point for point in question.points if point.kind == kind]
        parts[section] = "" if stated else _section(style, section, "\n".join(map(_item, points)), False)
    listing = write_points(question.points, style.language) if stated else ""
    parts["rubric"] = _section(style, "rubric", listing, "rubric" in strict and bool(question.points))
    lines = [_heading(question, style, strict), *(parts[section] for section in style.order)]
    return "\n\n".join(part for part in lines if part)


def _heading(question: ParsedQuestion, style: Style, strict: frozenset[str]) -> str:
    exact = []
    number = question.number
    if "number" in strict or (not style.heading and not _PLAIN_NUMBER.fullmatch(number)):
        exact.append(_line(style, "number", _quoted(number)))
        number = "1"
    title = question.title
    if "title" in strict:
        exact.append(_line(style, "title", _quoted(title)))
        title = ""
    mark = style.heading or f"{'#' * style.level} {number}. "
    return "\n\n".join([(mark + title).rstrip(), *exact])


def _metadata(question: ParsedQuestion, style: Style, defaults: Mapping[str, Any]) -> str:
    ordinary = {"difficulty": 3, "seconds": 300, "tags": (), "kind": "discussion", **defaults}
    lines = []
    for kind in _METADATA:
        value = getattr(question, kind)
        if value != ordinary.get(kind, "") or kind in style.shown:
            lines.append(_line(style, kind, _value(kind, value, style.language)))
    return "\n\n".join(lines)


def _line(style: Style, kind: str, value: str) -> str:
    return f"{style.label(kind).lead} {value}"


def _value(kind: str, value: Any, language: str) -> str:
    if kind == "kind":
        return _KIND[language].get(value, value)
    if kind == "status":
        return _STATUS[language].get(value, value)
    plain = ", ".join(value) if kind == "tags" else str(value)
    try:
        holds = plain[:1].isalnum() and read_value(kind, plain) == value
    except ValueError:
        holds = False
    return plain if holds else _quoted(value)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _section(style: Style, section: str, text: str, strict: bool) -> str:
    if not text:
        return ""
    label = style.label(section)
    if strict:
        return f"{label.lead}\n\n{fenced(text)}"
    if _PLAIN_START.match(text) and ("\n" not in text or label.inline):
        return f"{label.lead} {text}"
    return f"{label.lead}\n{'' if not label.gap else chr(10)}{text}"


def _follows(question: ParsedQuestion) -> bool:
    """Whether the points are those that a reader takes from the answer and from lists of the others."""
    must, _rest = points_of(question.reference)
    others = [point for kind in _LISTS.values() for point in question.points if point.kind == kind]
    return list(question.points) == must + others and all(point.weight == 1 for point in others)


def _item(point: ParsedPoint) -> str:
    colon = "：" if re.search(r"[\u3400-\u9fff]", point.name + point.text) else ":"
    lead = f"**{point.name}{colon}** " if point.name else ""
    return "- " + (lead + point.text).replace("\n", "\n  ")
