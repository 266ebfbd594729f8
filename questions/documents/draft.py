"""A question while its document is being read, and what it becomes in the end."""

from __future__ import annotations

import dataclasses
from typing import Any

from questions.documents.labels import Label
from questions.documents.lines import Line
from questions.documents.parsed import NUMBER_LENGTH, TITLE_LENGTH, ParsedPoint, ParsedQuestion, shorten
from questions.documents.points import MOST_POINTS, points_of
from questions.documents.rubric import read_points
from questions.documents.verbatim import unfenced
from questions.frozen import PointKind

_POINTS: list[tuple[str, PointKind]] = [("answer", "must"), ("bonus", "should"), ("pitfalls", "pitfall")]


@dataclasses.dataclass
class Draft:
    """`number` is the printed one ("" if none), `level` that of the heading it hangs on (7: any heading ends it).

    `line` is 1-based, `last` the index of the last line that was read as this question's.
    `depth` and `indent` say where its labels stand when they stand in a list; `parent` is the list of tasks it is from.
    """

    line: int
    title: str = ""
    number: str = ""
    level: int = 7
    word: str = ""
    depth: int | None = None
    indent: int = 0
    is_opener: bool = False
    parent: Any = None
    current: str = "intro"
    sections: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    metadata: dict[str, Any] = dataclasses.field(default_factory=dict)
    pending: str = ""
    asked: bool = False
    last: int = 0
    leftovers: list[str] = dataclasses.field(default_factory=list)
    complaints: list[str] = dataclasses.field(default_factory=list)

    @property
    def is_answered(self) -> bool:
        """Whether the text has gone beyond the question itself."""
        return self.current not in ("intro", "prompt")

    def add(self, text: str) -> None:
        if self.indent and text[: self.indent].isspace():
            text = text[self.indent :]
        self.sections.setdefault(self.current, []).append(text)

    def switch(self, section: str, label: Label, line: Line) -> None:
        """Continue in `section`. A label that would be the second one there stays in the text."""
        if section == "answer or explanation":
            section = "explanation" if self.has("answer") else "answer"
        repeated = self.has(section)
        self.current = section
        self.sections.setdefault(section, [])
        if self.depth is None or (not self.indent and line.label_depth):
            self.depth = line.label_depth
            self.indent = len(line.text.rstrip()) - len(line.content) if line.label_depth else 0
        if repeated or (label.number and section == "examples"):
            self.sections[section].extend(["", line.content] if repeated else [line.content])
        elif label.text:
            self.sections[section].append(label.text)

    def has(self, section: str) -> bool:
        """Whether the section holds any text yet."""
        return any(line.strip() for line in self.sections.get(section, []))

    def text(self, section: str) -> str:
        """The section's text without blank lines around it."""
        lines = self.sections.get(section, [])
        start = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
        return unfenced("\n".join(lines[start:]).rstrip())

    def parsed(self, number: str, defaults: dict[str, Any]) -> tuple[ParsedQuestion, int]:
        """The question with its final number, and how many rubric points it has beyond the most that are kept."""
        title, prompt = self._title_and_prompt()
        points = self._points()
        most = len(points) if self.has("rubric") else min(len(points), MOST_POINTS)
        metadata = {name: value for name, value in self.metadata.items() if name not in ("title", "number")}
        question = ParsedQuestion(
            number=number,
            line=self.line,
            title=self.metadata.get("title") or shorten(title, TITLE_LENGTH),
            prompt=prompt,
            reference=self.text("answer"),
            explanation=self.text("explanation"),
            examples=self.text("examples"),
            points=tuple(points[:most]),
            **{**defaults, **metadata},
        )
        return question, len(points) - most

    def _title_and_prompt(self) -> tuple[str, str]:
        prompt, intro = self.text("prompt"), self.text("intro")
        first = next((line.strip() for line in (prompt or intro).split("\n") if line.strip()), "")
        title = self.title or first
        keeps_title = self.title != prompt and (not prompt or len(title) > TITLE_LENGTH)
        parts = [self.title if keeps_title else "", intro, prompt]
        return title, "\n\n".join(part for part in parts if part)

    def _points(self) -> list[ParsedPoint]:
        points: list[ParsedPoint] = []
        if self.has("rubric"):
            self.leftovers += [line for name in ("bonus", "pitfalls") for line in self.sections.get(name, [])]
            try:
                return read_points(self.text("rubric"))
            except ValueError as error:
                self.complaints.append(str(error))
                self.leftovers += self.sections["rubric"]
        for section, kind in _POINTS:
            found, rest = points_of(self.text(section), kind)
            points += found
            self.leftovers += rest if kind != "must" else []
        return points


def numbered(drafts: list[Draft]) -> list[str]:
    """A number for each draft, unique, at most 20 characters: the printed one, "4-2" when 4 is printed again,
    "4.1" for the first task of list 4, else the ordinal. Printed numbers come first: an ordinal never takes one away.
    """
    used: dict[str, int] = {}
    parents: dict[int, str] = {}
    numbers = [_printed(draft, used, parents) for draft in drafts]
    return [number or _free(str(place), used) for place, number in enumerate(numbers, start=1)]


def _printed(draft: Draft, used: dict[str, int], parents: dict[int, str]) -> str:
    if stated := draft.metadata.get("number"):
        return _free(stated, used)
    number = draft.number if len(draft.number) <= NUMBER_LENGTH - 8 else ""
    parent = draft.parent
    if parent is not None and parent.number and number:
        if id(parent) not in parents:
            parents[id(parent)] = _free(parent.number, used)
        number = f"{parents[id(parent)]}.{number}"[:NUMBER_LENGTH]
    return _free(number, used) if number else ""


def _free(number: str, used: dict[str, int]) -> str:
    """`number`, or with the next suffix that is free; `used` knows the last suffix given to each number."""
    candidate, count = number, used.get(number, 0)
    while candidate in used:
        count += 1
        candidate = f"{number[: NUMBER_LENGTH - 1 - len(str(count))]}-{count}"
    used[number] = max(count, 1)
    used.setdefault(candidate, 1)
    return candidate
