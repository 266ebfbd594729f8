"""What an interview keeps of a question: plain data, known by the hash of its content.

A frozen question never changes after an interview has asked it, whatever curators do to the bank later.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any, Literal

PointKind = Literal["must", "should", "pitfall"]


@dataclasses.dataclass(frozen=True)
class FrozenPoint:
    """One atomic key point of a reference answer.

    `weight` is relative to the other points of the question (1.0 is ordinary).
    A `pitfall` is a wrong statement: making it costs, not making it earns nothing.
    """

    key: str
    name: str
    text: str
    kind: PointKind = "must"
    weight: float = 1.0


@dataclasses.dataclass(frozen=True)
class FrozenQuestion:
    """A question as it was asked: what the candidate read and what the answer is graded against."""

    slug: str
    title: str
    language: str
    kind: str
    prompt: str
    reference: str
    points: tuple[FrozenPoint, ...]
    topic: str = ""
    difficulty: int = 3
    seconds: int = 300
    explanation: str = ""
    examples: str = ""

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of everything in the question, independent of key order and of the database."""
        return _hash_of(self._plain())

    @property
    def task_hash(self) -> str:
        """SHA-256 (hex) of the task alone: what is asked and what an answer is graded against.

        Two questions with the same one may be counted together; a new title, topic or explanation changes no answer.
        """
        return _hash_of([self.kind, self.prompt, self.reference, self._plain()["points"]])

    def to_json(self) -> dict[str, Any]:
        """A dict for a JSONField: the fields, the points as a list of dicts, and `hash`."""
        data = self._plain()
        return {**data, "hash": _hash_of(data)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FrozenQuestion:
        """The inverse of `to_json`; unknown keys are ignored, so that older rows stay readable."""
        names = {field.name for field in dataclasses.fields(cls)} - {"points"}
        fields = {name: data[name] for name in names if name in data}
        points = tuple(FrozenPoint(**point) for point in data["points"])
        return cls(points=points, **fields)

    def _plain(self) -> dict[str, Any]:
        """As `dataclasses.asdict`, which copies so deeply that an import of thousands of questions waited for it."""
        return {**vars(self), "points": [dict(vars(point)) for point in self.points]}


def _hash_of(data: Any) -> str:
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
