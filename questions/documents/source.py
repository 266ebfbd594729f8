"""A Markdown document with some questions replaced: what nobody changed stays as its author wrote it, line by line."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from questions.documents.lines import Line, plain_lines, read_lines
from questions.documents.markdown import Reader
from questions.documents.parsed import ParsedDocument, ParsedQuestion, Remark
from questions.documents.style import Style, style_of
from questions.documents.writing import Unwritable, check, same, write_document, write_question

_RULE = re.compile(r" {0,3}(?:[-*_][ \t]*){3,}")


@dataclasses.dataclass(frozen=True)
class Rewritten:
    """A document's new text, and what its author should know about it (lines of the text as it was)."""

    text: str
    remarks: tuple[Remark, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where a question stands: lines `first` up to `after` (0-based); `defaults` is what was said of all questions."""

    question: ParsedQuestion
    first: int
    after: int
    style: Style
    defaults: dict[str, Any]
    is_task: bool
    leftovers: tuple[str, ...]


def questions_of(source: str) -> dict[str, ParsedQuestion]:
    """The questions that a document's text holds, by their numbers."""
    return {question.number: question for question in Reader(read_lines(plain_lines(source))[0]).read()}


def rewrite(source: str, document: ParsedDocument) -> Rewritten:
    """`source` with the questions that `document` has: the same ones stay as they are, changed ones are written anew
    where they stood, new ones at the end; those that `document` lacks are left out.

    Tasks of a list cannot stay in it once they have changed: they go to the end. Where neither can be read back, the
    document is written in the house's format, with a remark. Raises Unwritable.
    """
    text = plain_lines(source)
    places = _survey(text, document.language)
    wanted = {question.number: question for question in document.questions}
    known = {place.question.number for place in places}
    if known == set(wanted) and all(same(place.question, wanted[place.question.number]) for place in places):
        return Rewritten(source)
    for in_place in (True, False):
        try:
            found = _composed(text.split("\n"), places, wanted, document.language, in_place)
            check(found.text, document.questions)
        except Unwritable:
            continue
        return dataclasses.replace(found, text=_ended_as(source, found.text))
    message = _("Text around the questions was left out: the changed questions cannot stand in it.")
    return Rewritten(write_document(document), (Remark(0, message),))


def _survey(text: str, language: str) -> list[_Place]:
    lines, _unclosed = read_lines(text)
    reader = Reader(lines)
    questions = reader.read()
    shared = Style(language, level=_level(lines, reader), shown=frozenset())
    places = []
    for (draft, defaults), question in zip(reader.drafts, questions, strict=True):
        first, after = draft.line - 1, _trimmed(lines, draft.line - 1, draft.last + 1)
        title = draft.title or question.title
        style = style_of(lines[first:after], reader.outline.labels, title, shared)
        shared = dataclasses.replace(style, heading="", level=shared.level)
        is_task = draft.parent is not None
        places.append(_Place(question, first, after, style, defaults, is_task, tuple(draft.leftovers)))
    return places


def _level(lines: list[Line], reader: Reader) -> int:
    """The level that most questions' headings have."""
    levels = Counter(level for draft, _defaults in reader.drafts if (level := lines[draft.line - 1].level))
    return levels.most_common(1)[0][0] if levels else 3


def _trimmed(lines: list[Line], first: int, after: int) -> int:
    """`after` without the blank lines and rules that part a question from the next."""
    while after - 1 > first and (lines[after - 1].is_blank or _RULE.fullmatch(lines[after - 1].text)):
        after -= 1
    return after


def _composed(
    lines: list[str], places: Sequence[_Place], wanted: dict[str, ParsedQuestion], language: str, in_place: bool
) -> Rewritten:
    out: list[str] = []
    late: list[str] = []
    remarks: list[Remark] = []
    done = 0
    for place in places:
        out += lines[done : place.first]
        done = max(done, place.after)
        question = wanted.get(place.question.number)
        if question is not None and same(place.question, question):
            out += lines[place.first : place.after]
            continue
        remarks += _lost(place)
        if question is None:
            continue
        block = write_question(question, place.style, place.defaults)
        if in_place and not place.is_task:
            out += block.split("\n")
        else:
            late.append(write_question(question, dataclasses.replace(place.style, heading=""), _last(places)))
    out += lines[done:]
    known = {place.question.number for place in places}
    style = dataclasses.replace(places[-1].style, heading="") if places else Style(language)
    late += [
        write_question(question, style, _last(places)) for number, question in wanted.items() if number not in known
    ]
    tail = "".join(f"\n\n{block}" for block in late) + ("\n" if late else "")
    text = "\n".join(out)
    return Rewritten((text.rstrip("\n") if late else text) + tail, tuple(remarks))


def _last(places: Sequence[_Place]) -> dict[str, Any]:
    return places[-1].defaults if places else {}


def _lost(place: _Place) -> list[Remark]:
    lines = [line.strip() for line in place.leftovers if line.strip()]
    if not lines:
        return []
    message = _("These lines belong to no rubric point and were left out with the old text: %(lines)s")
    return [Remark(place.first + 1, message % {"lines": " / ".join(lines)[:300]})]


def _ended_as(source: str, text: str) -> str:
    """`text` with the line ends of `source`."""
    return text.replace("\n", "\r\n") if "\r\n" in source else text
