"""What a grader returns: plain, frozen data that goes into a JSON column and comes back equal."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from interviewer.llm import Usage
from questions.frozen import PointKind

PointJudgement = Literal["met", "partial", "missing", "contradicted"]
JUDGEMENTS: tuple[PointJudgement, ...] = ("met", "partial", "missing", "contradicted")
Span = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class PointVerdict:
    """How one key point fared. `spans` are (start, end) character offsets into the stored answer text.

    For a pitfall "met" means that the wrong statement was made. `credit` is the share (0..1) that a partial verdict
    earns, where the grader measures one; otherwise a partial verdict earns half.
    """

    key: str
    name: str
    text: str
    kind: PointKind
    weight: float
    verdict: PointJudgement
    spans: tuple[Span, ...] = ()
    reason: str = ""
    credit: float | None = None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A finished grading: `score` is 0..1, `level` 0..5, `flags` are codes that `flag_text` puts into words.

    `grader` is "llm", "semantic" or "precheck"; `prompt` holds the messages exactly as sent (JSON), or "".
    `samples` are the totals (0..1) of the model's gradings, of which `score` is the mean and `spread` the standard
    deviation; the points are those of the sample nearest the mean. `semantic_score` is what the semantic grader found
    beside a model (a check, never part of the score), or None.
    """

    points: tuple[PointVerdict, ...]
    score: float
    level: int
    feedback: str
    flags: tuple[str, ...] = ()
    grader: str = ""
    model: str = ""
    prompt_hash: str = ""
    rubric_hash: str = ""
    usage: Usage = dataclasses.field(default_factory=Usage)
    mode: str = ""
    prompt: str = ""
    samples: tuple[float, ...] = ()
    spread: float = 0.0
    semantic_score: float | None = None

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types only: tuples become lists."""
        data = dataclasses.asdict(self)
        data["flags"], data["samples"] = list(self.flags), list(self.samples)
        data["points"] = [{**point, "spans": [list(span) for span in point["spans"]]} for point in data["points"]]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        """The inverse of `to_json`; unknown keys are ignored, so that older rows stay readable."""
        fields = _known(cls, data)
        fields["points"] = tuple(_point(point) for point in data["points"])
        fields["flags"], fields["samples"] = tuple(data.get("flags", ())), tuple(data.get("samples", ()))
        fields["usage"] = Usage(**_known(Usage, data.get("usage", {})))
        return cls(**fields)


def without_words(data: dict[str, Any]) -> dict[str, Any]:
    """A stored verdict without a word of or about the answer: what is left are codes, sums and hashes."""
    kept = {name: data[name] for name in _WITHOUT_WORDS if name in data}
    points = [{"name": "", "text": "", **{name: point.get(name) for name in _POINT}} for point in data["points"]]
    return {**kept, "feedback": "", "prompt": "", "points": [{**point, "spans": [], "reason": ""} for point in points]}


_WITHOUT_WORDS = (
    "score", "level", "flags", "grader", "model", "prompt_hash", "rubric_hash", "usage", "mode", "samples", "spread",
    "semantic_score",
)  # fmt: skip
_POINT = ("key", "kind", "weight", "verdict", "credit")


def _point(data: dict[str, Any]) -> PointVerdict:
    fields = _known(PointVerdict, data)
    fields["spans"] = tuple((start, end) for start, end in data.get("spans", ()))
    return PointVerdict(**fields)


def _known(cls: type, data: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(cls)}
    return {name: value for name, value in data.items() if name in names}
