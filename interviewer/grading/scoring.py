"""The sums: verdicts on key points -> score -> level. The model judges, this adds up.

The "must" points share out the whole score by weight. A "should" point is a bonus: it adds half of what a must of its
weight would, up to the full score, and leaving it out costs nothing. A pitfall that was made takes its weight away.
"""

from __future__ import annotations

from collections.abc import Iterable

from .verdict import PointVerdict

PARTIAL = 0.5
BONUS = 0.5
HIGHEST_LEVEL = 5


def score(points: Iterable[PointVerdict]) -> float:
    """What was earned as a share 0..1 of the musts' weight; where there is no must, of the bonus points' weight."""
    points = list(points)
    must, bonus = _weight(points, "must"), _weight(points, "should")
    earned_bonus = BONUS * _earned(points, "should") if must else _earned(points, "should")
    got = min(must or bonus, _earned(points, "must") + earned_bonus) - _earned(points, "pitfall")
    return round(max(0.0, got / (must or bonus)), 4) if must or bonus else 0.0


def earned(point: PointVerdict) -> float:
    """The share of a point's weight that its verdict earns: 0..1."""
    if point.verdict == "partial":
        return PARTIAL if point.credit is None else point.credit
    return 1.0 if point.verdict == "met" else 0.0


def level(score: float) -> int:
    """The level 0..5 nearest to a score 0..1; halves go up."""
    return int(score * HIGHEST_LEVEL + 0.5)


def _weight(points: list[PointVerdict], kind: str) -> float:
    return sum(point.weight for point in points if point.kind == kind)


def _earned(points: list[PointVerdict], kind: str) -> float:
    return sum(point.weight * earned(point) for point in points if point.kind == kind)
