"""What lines are, before they are read in order: labels, headings of questions, lone question lines."""

from __future__ import annotations

import dataclasses
import re

from questions.documents.labels import Label, bare, match_label, split_number
from questions.documents.lines import Line

_TASK_WORDS = re.compile(r"题|练习|作业|\b(?:exercise|question|problem|task|challenge)s?\b", re.IGNORECASE)
_CONTENTS = re.compile(r"目录|contents", re.IGNORECASE)


@dataclasses.dataclass
class Segment:
    """What stands between a heading and the next: how often its first question label, any answer, what comes first."""

    number: str
    title: str
    word: str = ""
    asks: int = 0
    answers: bool = False
    numbers_first: bool = False
    opener_first: bool = False

    @property
    def is_question(self) -> bool:
        """Whether the heading is a question's own, not that of a chapter with several questions."""
        if self.asks > 1 and (self.numbers_first or not self.number):
            return False
        if self.opener_first and not self.number:
            return False
        return bool(self.asks or self.answers)

    def see(self, label: Label) -> None:
        """Count one label of the segment."""
        if label.kind in ("answer", "answer or explanation"):
            self.answers = True
        if label.kind != "question":
            return
        if not self.asks and not self.answers:
            self.numbers_first = bool(label.number)
        self.word = self.word or label.word
        self.asks += label.word == self.word


@dataclasses.dataclass
class Outline:
    """Labels by line index, segments by the index of their heading, and the indices of lone question lines."""

    labels: dict[int, Label]
    segments: dict[int, Segment]
    openers: set[int]


def outline(lines: list[Line]) -> Outline:
    """Look over the whole document once, so that reading it in order can decide at each line."""
    labels = {line.index: label for line in lines if (label := _label(line))}
    openers = _openers(lines, labels)
    segments: dict[int, Segment] = {}
    segment: Segment | None = None
    for line in lines:
        label = labels.get(line.index)
        if line.level and not label:
            segment = segments[line.index] = Segment(*split_number(bare(line.content)))
        elif line.level and label and _opens_itself(label, segment):
            segment = None
        elif segment and label and line.label_depth <= 1:
            segment.see(label)
        elif segment and line.index in openers and not (segment.asks or segment.answers):
            segment.opener_first = True
    return Outline(labels, segments, openers)


def is_task_list(segment: Segment, intro: str) -> bool:
    """Whether a list below this heading holds tasks: the heading says so, or is numbered and its introduction does."""
    if _CONTENTS.search(segment.title):
        return False
    return bool(_TASK_WORDS.search(segment.title[:300] + (intro[:1000] if segment.number else "")))


def _label(line: Line) -> Label | None:
    if line.is_code or not line.content:
        return None
    return match_label(line.content, heading=bool(line.level))


def _opens_itself(label: Label, segment: Segment | None) -> bool:
    """A heading such as "Question 1: …", or "Question: …" unless it stands below a numbered heading."""
    if label.kind != "question":
        return False
    return bool(label.number or (label.text and not (segment and segment.number)))


def _openers(lines: list[Line], labels: dict[int, Label]) -> set[int]:
    """Lines that ask without a label: numbered or ending in a question mark, right above the label of an answer."""
    found = set()
    filled = [line for line in lines if not line.is_blank]
    for place, line in enumerate(filled[:-1]):
        below = filled[place + 1]
        label = labels.get(below.index)
        if not label or label.kind not in ("answer", "question") or label.number or label.word == "a" or below.level:
            continue
        if line.index in labels or line.is_code or line.level or line.is_rule or line.depth > 1:
            continue
        above_is_numbered = place > 0 and _number(filled[place - 1])
        asks = _number(line) or bare(line.content).endswith(("?", "？"))
        if asks and not above_is_numbered and below.label_depth <= line.label_depth + 1:
            found.add(line.index)
    return found


def _number(line: Line) -> str:
    return line.marker or split_number(bare(line.content[:500]))[0]
