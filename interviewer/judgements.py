"""A person's verdicts on the points of an answer: pure data. The sum is the same code that adds up the machine's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interviewer.grading import PointVerdict, scoring
from interviewer.grading.points import question_points
from interviewer.grading.verdict import JUDGEMENTS, PointJudgement
from questions.frozen import FrozenPoint, FrozenQuestion

Judgements = Mapping[str, PointJudgement]  # point's key → verdict


def rubric(asked: FrozenQuestion) -> tuple[FrozenPoint, ...]:
    """The points that people and machines judge alike."""
    return question_points(asked)


def choices(kind: str) -> tuple[PointJudgement, ...]:
    """What can be said of a point; a pitfall was fallen into or avoided."""
    return ("met", "missing") if kind == "pitfall" else JUDGEMENTS


def are_complete(asked: FrozenQuestion, judgements: Judgements) -> bool:
    """Whether each point has a verdict that it can have, and nothing else is judged."""
    points = rubric(asked)
    known = {point.key for point in points} == set(judgements)
    return known and all(judgements[point.key] in choices(point.kind) for point in points)


def score(asked: FrozenQuestion, judgements: Judgements) -> float:
    """The sum of a person's judgements: 0–1."""
    return scoring.score(
        PointVerdict(point.key, point.name, point.text, point.kind, point.weight, judgements[point.key])
        for point in rubric(asked)
    )


def as_verdict(asked: FrozenQuestion, judgements: Judgements, machine: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a scorecard shows where a person's score counts, in the form of a machine's verdict.

    Evidence and reasons of the machine stay with the points of which it says the same; its feedback does not, since it
    explains another score.
    """
    said = {point["key"]: point for point in machine["points"]} if machine else {}
    return {
        "points": [_point(point, judgements[point.key], said.get(point.key)) for point in rubric(asked)],
        "flags": [],
        "feedback": "",
        "grader": "person",
        "model": "",
    }


def _point(point: FrozenPoint, verdict: PointJudgement, said: Mapping[str, Any] | None) -> dict[str, Any]:
    agrees = said is not None and said["verdict"] == verdict
    return {
        **{name: getattr(point, name) for name in ("key", "name", "text", "kind", "weight")},
        "verdict": verdict,
        "spans": said["spans"] if said and agrees else [],
        "reason": said["reason"] if said and agrees else "",
        "credit": None,
    }


def changes(before: Judgements, after: Judgements) -> dict[str, tuple[PointJudgement, PointJudgement]]:
    """Point's key → (was, is), of those that a person judges otherwise than before."""
    return {key: (before[key], after[key]) for key in after if key in before and before[key] != after[key]}
