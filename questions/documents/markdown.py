"""Markdown text → questions, read line by line.

A question begins at a heading with a question or an answer below it, at a label ("Question:", "题目："), or at a lone
question line right above an answer. It ends where the next one begins, or at a heading that is not below its own.
Labels inside code, or deeper in lists than the question's own labels, are text. What belongs to no question is prose.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import Any

from django.utils.translation import gettext as _

from questions.documents.draft import Draft, numbered
from questions.documents.labels import INHERITED, METADATA, Label, bare, split_number
from questions.documents.lines import Line, plain_lines, read_lines
from questions.documents.metadata import read_value
from questions.documents.naming import language_of, split_name
from questions.documents.outline import Segment, is_task_list, outline
from questions.documents.parsed import ParsedDocument, ParsedQuestion, Remark
from questions.text import clean_text

_TASK_LEAD = re.compile(r"(\*\*|__)(?P<name>.{1,300}?)\s*[:：]?\s*\1")


def parse(text: str, name: str) -> ParsedDocument:
    """Read a document. `name` is the file's name; ".zh" or ".en" before its ending tells the language.

    Never raises: what cannot be understood becomes a problem with its line.
    """
    stem, language = split_name(clean_text(name))
    lines, unclosed = read_lines(plain_lines(text))
    reader = Reader(lines)
    if unclosed is not None:
        reader.problem(unclosed, _("This code block is never closed: end it with the same marks it began with."))
    questions = reader.read()
    return ParsedDocument(
        name=stem,
        language=language or language_of(lines),
        questions=tuple(questions),
        problems=tuple(sorted(reader.problems, key=lambda remark: remark.line)),
        notes=tuple(sorted(reader.notes, key=lambda remark: remark.line)),
        prose="\n".join(reader.prose).strip("\n"),
    )


@dataclasses.dataclass
class _Loose:
    """A heading that is no question's, and what stands below it."""

    line: Line
    segment: Segment
    lines: list[Line] = dataclasses.field(default_factory=list)

    @property
    def number(self) -> str:
        return self.segment.number


class Reader:
    """Reads lines in order; at any line a question is open, or a loose heading, or neither."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.outline = outline(lines)
        self.drafts: list[tuple[Draft, dict[str, Any]]] = []
        self.defaults: dict[str, Any] = {}
        self.prose: list[str] = []
        self.problems: list[Remark] = []
        self.notes: list[Remark] = []
        self.open: Draft | None = None
        self.loose: _Loose | None = None
        self.level = 7

    def problem(self, index: int, message: str) -> None:
        self.problems.append(Remark(index + 1, message))

    def note(self, index: int, message: str) -> None:
        self.notes.append(Remark(index + 1, message))

    def read(self) -> list[ParsedQuestion]:
        """All questions in order, with their final numbers."""
        for line in self.lines:
            label = self.outline.labels.get(line.index)
            if line.level and not label:
                self._heading(line)
            elif not (label and self._label(line, label)):
                self._text(line)
            if self.open:
                self.open.last = line.index
        self._close()
        return self._finished()

    # --- Where questions begin and end ---

    def _begin(self, draft: Draft) -> None:
        self._close()
        self.open = draft
        self.drafts.append((draft, dict(self.defaults)))

    def _close(self) -> None:
        if self.open:
            self._release_rules(self.open)
        if self.loose:
            self._settle(self.loose)
        self.open = self.loose = None

    def _release_rules(self, draft: Draft) -> None:
        """Rules at the end of a question separate it from the next: they are prose."""
        lines = draft.sections.get(draft.current, [])
        rules = []
        while lines and (not lines[-1].strip() or re.fullmatch(r" {0,3}(?:[-*_][ \t]*){3,}", lines[-1])):
            rules.append(lines.pop())
        self.prose += [rule for rule in reversed(rules) if rule.strip()]

    def _heading(self, line: Line) -> None:
        segment = self.outline.segments[line.index]
        below = self.open is not None and line.level > self.open.level
        if below and self.open and not self.open.is_answered and self.open.asked and not segment.asks:
            self.open.add(line.text)
        elif segment.is_question:
            self._begin(Draft(line.index + 1, segment.title, segment.number, level=line.level))
        elif below and self.open:
            self.open.add(line.text)
        else:
            self._close()
            self.level = line.level
            self.loose = _Loose(line, segment)

    def _settle(self, loose: _Loose) -> None:
        """Tasks that are listed below a loose heading become drafts, all else prose."""
        intro = [line.text for line in loose.lines if not line.depth]
        if is_task_list(loose.segment, "\n".join(intro)):
            self.prose.append(loose.line.text)
            self._tasks(loose)
        elif not (loose.number and loose.segment.title.endswith(("?", "？")) and self._unlabelled(loose)):
            self.prose += [line.text for line in (loose.line, *loose.lines)]

    def _tasks(self, loose: _Loose) -> None:
        task: Draft | None = None
        count = 0
        for line in loose.lines:
            if line.is_item and line.depth == 1:
                count += 1
                task = self._task(line, count, loose)
            elif task and line.depth:
                task.add(line.text)
                task.last = line.index
            else:
                task = task if line.is_blank else None
                self.prose.append(line.text)

    def _task(self, line: Line, count: int, loose: _Loose) -> Draft:
        lead = _TASK_LEAD.match(line.content, 0, 600)
        draft = Draft(line.index + 1, lead["name"].strip() if lead else "", line.marker or str(count), parent=loose)
        draft.last = line.index
        draft.current, draft.indent = "prompt", len(line.text.rstrip()) - len(line.content)
        draft.sections["prompt"] = [line.content]
        self.drafts.append((draft, dict(self.defaults)))
        return draft

    def _unlabelled(self, loose: _Loose) -> bool:
        """A heading that asks: a draft if there is nothing below it, else only a note."""
        if any(line.text.strip() and not line.is_rule for line in loose.lines):
            message = _("This looks like a question, but nothing below it is labelled “Answer:”; it was left out.")
            self.note(loose.line.index, message)
            return False
        draft = Draft(loose.line.index + 1, loose.segment.title, loose.number, last=loose.line.index)
        self.drafts.append((draft, dict(self.defaults)))
        self.prose += [line.text for line in loose.lines]
        return True

    # --- Lines ---

    def _text(self, line: Line) -> None:
        if line.index in self.outline.openers and (self.open is None or self.open.is_opener):
            self._open_at(line)
        elif self.open and self.open.pending and not line.is_blank:
            self._value(line, self.open.pending, line.content)
        elif self.open:
            self.open.add(line.text)
        elif self.loose:
            self.loose.lines.append(line)
        else:
            self.prose.append(line.text)

    def _open_at(self, line: Line) -> None:
        number, title = split_number(bare(line.content))
        self._begin(Draft(line.index + 1, title, line.marker or number, self.level, is_opener=True))

    def _label(self, line: Line, label: Label) -> bool:
        """Act on a label; False if it is only text here."""
        if label.kind == "question":
            return self._question(line, label)
        if label.kind in METADATA:
            return self._metadata(line, label)
        draft = self.open
        if draft is None:
            if label.kind == "answer" and (label.bold or label.word != "a") and not line.label_depth:
                self.problem(line.index, _("This answer has no question: write a “Question:” line above it."))
            return False
        deepest = draft.depth if draft.depth is not None else int(label.kind == "answer")
        if line.label_depth > deepest or (label.word == "a" and draft.word != "q"):
            return False
        draft.switch(label.kind, label, line)
        draft.pending = ""
        return True

    def _question(self, line: Line, label: Label) -> bool:
        draft = self.open
        if draft is None:
            if line.label_depth > 1 or (label.is_weak and not label.bold and not label.text):
                return False
            self._begin_at(line, label)
            return True
        if line.label_depth > (1 if draft.depth is None else draft.depth):
            return False
        if draft.is_answered:
            return self._next_question(line, label)
        titled = draft.asked and draft.number and not label.number and label.word != draft.word
        if not draft.has("prompt") or (titled and draft.title):
            self._fill(draft, line, label)
            return True
        return self._next_question(line, label)

    def _next_question(self, line: Line, label: Label) -> bool:
        draft = self.open
        if draft and label.is_weak and label.word != draft.word:
            return False
        self._begin_at(line, label)
        return True

    def _begin_at(self, line: Line, label: Label) -> None:
        number = label.number or line.marker
        level = line.level or self.level
        draft = Draft(line.index + 1, label.text if number else "", number, level, label.word)
        self._begin(draft)
        draft.switch("prompt", label, line)
        draft.asked = True

    def _fill(self, draft: Draft, line: Line, label: Label) -> None:
        """The question's own words, below its heading."""
        if draft.asked and draft.title == draft.text("prompt"):
            draft.sections["prompt"] = []
        draft.number = draft.number or label.number
        draft.word, draft.asked = label.word, True
        draft.switch("prompt", label, line)

    # --- Metadata ---

    def _metadata(self, line: Line, label: Label) -> bool:
        if line.label_depth > int(label.bold):
            return False
        if self.open is None:
            if label.kind in INHERITED:
                self._value(line, label.kind, label.text)
            return False
        if self.open.is_answered:
            if label.bold and line.label_depth <= (self.open.depth or 0):
                message = _("“%(label)s” stands after the answer, so it was read as part of the text.")
                self.note(line.index, message % {"label": label.word})
            return False
        if not label.text:
            self.open.pending = label.kind
            return True
        return self._value(line, label.kind, label.text) or label.bold

    def _value(self, line: Line, kind: str, raw: str) -> bool:
        values = self.open.metadata if self.open else self.defaults
        if self.open:
            self.open.pending = ""
        try:
            values[kind] = read_value(kind, raw)
        except ValueError as error:
            self.problem(line.index, str(error))
            return False
        return True

    # --- The end ---

    def _finished(self) -> list[ParsedQuestion]:
        questions: list[ParsedQuestion] = []
        asked: dict[str, str] = {}
        numbers = numbered([draft for draft, _defaults in self.drafts])
        for (draft, defaults), number in zip(self.drafts, numbers, strict=True):
            question, too_many = draft.parsed(number, defaults)
            self.prose += draft.leftovers
            self._remark(draft, question, too_many)
            self._compare(question, asked)
            questions.append(question)
        return questions

    def _remark(self, draft: Draft, question: ParsedQuestion, too_many: int) -> None:
        if "answer" in draft.sections and not question.reference:
            self.problem(draft.line - 1, _("The answer is empty, so the question is kept as a draft."))
        if not question.prompt:
            self.problem(draft.line - 1, _("This question has no text: write it behind “Question:”."))
        for complaint in draft.complaints:
            self.problem(draft.line - 1, complaint)
        if draft.number and not (draft.parent or "number" in draft.metadata) and question.number != draft.number:
            message = _("Number %(printed)s is printed more than once; this question is kept as number %(number)s.")
            self.note(draft.line - 1, message % {"printed": draft.number, "number": question.number})
        if too_many:
            message = _("The answer lists too many points for a rubric: the last %(count)d were left out of it.")
            self.note(draft.line - 1, message % {"count": too_many})

    def _compare(self, question: ParsedQuestion, asked: dict[str, str]) -> None:
        key = "".join(char for char in unicodedata.normalize("NFKC", question.prompt).casefold() if char.isalnum())
        if not key:
            return
        if key in asked:
            message = _("Question %(number)s asks the same as question %(other)s.")
            self.note(question.line - 1, message % {"number": question.number, "other": asked[key]})
        asked.setdefault(key, question.number)
