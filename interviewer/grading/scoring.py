"""The sums: verdicts on key points -> score -> level. The model judges, this adds up."""

from __future__ import annotations

from collections.abc import Iterable

from .verdict import PointVerdict

PARTIAL = 0.5
IMPORTANCE = {"must": 1.0, "should": 0.5}
HIGHEST_LEVEL = 5


def score(points: Iterable[PointVerdict]) -> float:
    """The weighted share of the key points that was earned, less the pitfalls that were made: 0..1.

    A "must" counts its weight, a "should" half of it; a pitfall that was made takes its weight away.
    """
    points = list(points)
    possible = sum(_worth(point) for point in points)
    got = sum(_worth(point) * earned(point) for point in points)
    lost = sum(point.weight * earned(point) for point in points if point.kind == "pitfall")
    return round(min(1.0, max(0.0, (got - lost) / possible)), 4) if possible else 0.0


def earned(point: PointVerdict) -> float:
    """The share of a point's worth that its verdict earns: 0..1."""
    if point.verdict == "partial":
        return PARTIAL if point.credit is None else point.credit
    return 1.0 if point.verdict == "met" else 0.0


def level(score: float) -> int:
    """The level 0..5 nearest to a score 0..1; halves go up."""
    return int(score * HIGHEST_LEVEL + 0.5)


def _worth(point: PointVerdict) -> float:
    return point.weight * IMPORTANCE.get(point.kind, 0.0)
