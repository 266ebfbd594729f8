"""What an import would change in the bank, file by file and question by question.

`planning` makes a plan, a dry run reports it, a preview shows it, and `applying.write` carries it out: there is no
second opinion on what an import does.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

from questions.content import Content
from questions.documents import ParsedDocument, ParsedQuestion, Remark, is_markdown
from questions.models import Document, ImportChange, Question, Topic
from questions.sources import Source
from questions.text import clean_text

Kind = ImportChange.Kind
Progress = Callable[[int, int], None]  # how many questions are done, and how many there are


class ImportFailed(Exception):
    """Nothing was imported. Its message is for a person: one sentence a line, each naming its file."""


@dataclasses.dataclass
class FileReport:
    """What becomes of one file. `questions` counts those with an answer, `drafts` those without."""

    file: str
    questions: int = 0
    drafts: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Remark] = dataclasses.field(default_factory=list)
    notes: list[Remark] = dataclasses.field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`: problems and notes as a list of {"line", "message"}."""
        return dataclasses.asdict(self)


@dataclasses.dataclass
class Planned:
    """One question of a document, and what becomes of it. `question` is the bank's, or None for one to be created;
    `before` is what it says. `topic` and, as said in `after`, the slug may be new.
    """

    parsed: ParsedQuestion
    kind: Kind
    question: Question | None
    before: Content | None
    after: Content
    topic: Topic
    digest: str
    joins: bool = False

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of what will happen: another one, and what was shown is not what would happen any more."""
        before = self.before and [self.before.data["hash"], self.before.status, self.before.tags]
        after = [self.after.data["hash"], self.after.status, self.after.tags]
        key = self.question.pk if self.question else None
        return hashlib.sha256(json.dumps([self.kind, self.joins, key, before, after]).encode()).hexdigest()


@dataclasses.dataclass
class DocumentPlan:
    """One file: its document as the bank has it (None if it will be new), and what becomes of its questions."""

    source: Source
    parsed: ParsedDocument
    document: Document | None
    changes: list[Planned]
    report: FileReport

    @property
    def text(self) -> str:
        return clean_text(self.source.text)

    @property
    def keeps_text(self) -> bool:
        """Whether the document takes this text: not if it is but another format for what the bank has, because the
        prose of Markdown would go.
        """
        if not self.parsed.questions:
            return False
        says_more = any(planned.kind != Kind.JOINED for planned in self.changes)
        is_other = self.source.unpacked is not None or not is_markdown(self.text)
        was = self.document.source if self.document else ""
        return (says_more or not (is_other and is_markdown(was) and was != "")) and was != self.text


@dataclasses.dataclass
class Plan:
    """What becomes of all files of a run."""

    documents: list[DocumentPlan]

    @property
    def reports(self) -> list[FileReport]:
        return [document.report for document in self.documents]

    def only(self, chosen: Callable[[int, Planned], bool]) -> Plan:
        """The plan without the changes that are not `chosen` (asked with the place of the file), and without files of
        which nothing was chosen though there was something to choose.
        """
        kept = []
        for place, document in enumerate(self.documents):
            changes = [planned for planned in document.changes if chosen(place, planned)]
            if changes or not document.changes:
                kept.append(dataclasses.replace(document, changes=changes))
        return Plan(kept)
