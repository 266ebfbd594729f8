"""What a question document says, as plain data."""

from __future__ import annotations

import dataclasses

from questions.frozen import PointKind

TITLE_LENGTH = 300
NAME_LENGTH = 120
NUMBER_LENGTH = 20
TAGS_LENGTH = 300
TOPIC_LENGTH = 60
SLUG_LENGTH = 160


def shorten(text: str, length: int) -> str:
    """`text` in at most `length` characters, the last one an ellipsis where something was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


@dataclasses.dataclass(frozen=True)
class Remark:
    """A sentence for the author about one line (1-based; 0 means the whole document)."""

    line: int
    message: str


@dataclasses.dataclass(frozen=True)
class ParsedPoint:
    """A rubric point: `name` is at most 120 characters, `weight` is relative (1.0 is ordinary)."""

    name: str
    text: str
    kind: PointKind = "must"
    weight: float = 1.0


@dataclasses.dataclass(frozen=True)
class ParsedQuestion:
    """One question. Texts are Markdown, verbatim; `number` is unique within its document.

    `line` is 1-based, `difficulty` runs from 1 to 5, `topic` is a slug or a name or empty. `status` and `slug`
    are empty where the document leaves them to the bank.
    """

    number: str
    line: int
    title: str
    prompt: str
    reference: str = ""
    explanation: str = ""
    examples: str = ""
    kind: str = "discussion"
    topic: str = ""
    difficulty: int = 3
    seconds: int = 300
    tags: tuple[str, ...] = ()
    points: tuple[ParsedPoint, ...] = ()
    status: str = ""
    slug: str = ""

    @property
    def is_draft(self) -> bool:
        """A question without an answer cannot be graded, so it is not asked."""
        return not self.reference


@dataclasses.dataclass(frozen=True)
class ParsedDocument:
    """A whole document: `problems` ask the author to act, `notes` only tell; `prose` belongs to no question.

    `name` is the same for all language editions, `language` a code of Django's ("zh-hans" or "en").
    """

    name: str
    language: str
    questions: tuple[ParsedQuestion, ...]
    problems: tuple[Remark, ...]
    notes: tuple[Remark, ...]
    prose: str
