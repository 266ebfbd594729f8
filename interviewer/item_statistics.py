"""What the answers to a question say of the question: pure sums, no database. Definitions: docs/item-health.md."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import NormalDist, correlation, fmean, median
from typing import Any

from interviewer import trust
from interviewer.grading import scoring
from interviewer.scorecard import band

# How many observations a statistic needs before it is stated at all.
LEAST_ANSWERS = 10  # mean score, share left blank, time used
LEAST_PAIRS = 30  # discrimination
LEAST_CHANCES = 20  # exposure: interviews that could have asked it
LEAST_DOUBLES = trust.LEAST_PAIRS  # agreement of the machine with people: blind double scores

# From where on something is a problem. All but `ORDER` are shares of 1.
HARD, EASY, BLANK, SLOW, KNOWN, APART, WRONG = 0.15, 0.9, 0.2, 0.5, 0.5, 0.2, 0.05
ORDER = 0.1  # a correlation below it: the question hardly tells strong candidates from weak ones

# How much an interview is harmed by a question that certainly has the problem; 1 is a question that misleads.
WEIGHTS = {
    "order": 1.0, "apart": 0.8, "wrong": 0.8, "hard": 0.6, "blank": 0.6, "slow": 0.4, "easy": 0.3, "known": 0.2,
    "stale": 0.1,
}  # fmt: skip

SCORE_BINS, REST_BINS, TIME_BINS = 10, 5, 9  # the last bin of time is "twice what is suggested, or more"
TIME_STEP = 0.25  # of what is suggested

_NORMAL = NormalDist()
_Z90 = _NORMAL.inv_cdf(0.95)
_SAME = 1e-9  # scores that differ by less are the same, but for rounding


def _doubles() -> array[float]:
    return array("d")


@dataclass
class Tally:
    """What the answers to one text of a question came to: eight bytes for each number kept, nothing of anybody's."""

    asked: int = 0  # interviews that were handed in
    reached: int = 0
    blank: int = 0
    first_asked: datetime | None = None
    graders: Counter[str] = field(default_factory=Counter)
    scores: array[float] = field(default_factory=_doubles)  # 0–1
    own: array[float] = field(
        default_factory=_doubles
    )  # these two: scores, and the mean of the same interview's others
    rest: array[float] = field(default_factory=_doubles)
    seconds: array[float] = field(default_factory=_doubles)
    suggested: array[float] = field(default_factory=_doubles)
    people: array[float] = field(default_factory=_doubles)  # these two: blind scores by people, and the machine's
    machine: array[float] = field(default_factory=_doubles)
    appeals: int = 0
    appeals_open: int = 0
    appeals_upheld: int = 0

    def merge(self, other: Tally) -> None:
        """Add what another tally holds."""
        self.asked += other.asked
        self.reached += other.reached
        self.blank += other.blank
        self.appeals += other.appeals
        self.appeals_open += other.appeals_open
        self.appeals_upheld += other.appeals_upheld
        self.graders.update(other.graders)
        firsts = [first for first in (self.first_asked, other.first_asked) if first]
        self.first_asked = min(firsts, default=None)
        for name in ("scores", "own", "rest", "seconds", "suggested", "people", "machine"):
            getattr(self, name).extend(getattr(other, name))


# --- Sums ---------------------------------------------------------------------------


def correlated(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Pearson's r; None where one side is always the same, so that there is none."""
    if len(xs) < 2 or any(max(side) - min(side) < _SAME for side in (xs, ys)):
        return None
    return max(-1.0, min(1.0, correlation(xs, ys)))


def fisher(r: float, n: int) -> tuple[float, float]:
    """The 90 % interval of a correlation of `n` pairs (more than 3), by Fisher's z."""
    z, half = _z(r), _Z90 / math.sqrt(n - 3)
    return math.tanh(z - half), math.tanh(z + half)


def wilson(count: int, n: int) -> tuple[float, float]:
    """The 90 % interval of a share, after Wilson."""
    share, square = count / n, _Z90**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z90 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def chance_above(share: float, n: int, limit: float) -> float:
    """How sure a share seen in `n` cases makes us that the true one is above `limit`: 0.5 when it is just that.

    For a mean of scores too: they vary no more than a share with the same mean does, so that this errs towards doubt.
    """
    return _NORMAL.cdf((share - limit) / math.sqrt(limit * (1 - limit) / n))


def chance_of_less(r: float, n: int, limit: float) -> float:
    """How sure a correlation seen in `n` pairs makes us that the true one is below `limit`."""
    return _NORMAL.cdf((_z(limit) - _z(r)) * math.sqrt(n - 3))


def _z(r: float) -> float:
    return math.atanh(max(-0.999999, min(0.999999, r)))


def bins(values: Sequence[float], step: float, count: int) -> list[int]:
    """How many values lie in [0, step), [step, 2·step) …; the last bin takes what lies beyond it too."""
    found = [0] * count
    for value in values:
        # 0.3 / 0.1 is a little less than 3.
        found[min(count - 1, int(value / step + _SAME))] += 1
    return found


def _rest_bins(own: Sequence[float], rest: Sequence[float]) -> list[list[float]]:
    """[n, mean score] for each fifth of the scale of the other questions' mean; the mean is 0 where n is."""
    found: list[list[float]] = [[] for _ in range(REST_BINS)]
    for score, others in zip(own, rest, strict=True):
        found[min(REST_BINS - 1, int(others * REST_BINS + _SAME))].append(score)
    return [[len(scores), fmean(scores) if scores else 0.0] for scores in found]


# --- One question -------------------------------------------------------------------


def figures(tally: Tally, exposed: int, could: int) -> dict[str, Any]:
    """The fields of `ItemStatistics` that follow from its answers; what rests on too few of them is left out.

    `exposed` of the `could` recent interviews that could have asked the question did so.
    """
    found = {
        "asked": tally.asked,
        "reached": tally.reached,
        "blank": tally.blank,
        "graders": dict(tally.graders),
        "exposed": exposed,
        "could": could,
        "appeals": tally.appeals,
        "appeals_open": tally.appeals_open,
        "appeals_upheld": tally.appeals_upheld,
        **_agreement(tally.people, tally.machine),
        **_scores(tally.scores),
        **_discrimination(tally.own, tally.rest),
        **_time(tally.seconds, tally.suggested),
    }
    return {**found, **harm(found)}


def _scores(scores: Sequence[float]) -> dict[str, Any]:
    if len(scores) < LEAST_ANSWERS:
        return {"scored": len(scores), "mean": None, "mean_low": None, "mean_high": None, "score_bins": []}
    likely = band(scores)
    assert likely is not None
    return {
        "scored": len(scores),
        "mean": fmean(scores),
        "mean_low": likely.low,
        "mean_high": likely.high,
        "score_bins": bins(scores, 1 / SCORE_BINS, SCORE_BINS),
    }


def _discrimination(own: Sequence[float], rest: Sequence[float]) -> dict[str, Any]:
    if len(own) < LEAST_PAIRS:
        return {"pairs": len(own), "discrimination": None, "rest_bins": []}
    return {"pairs": len(own), "discrimination": correlated(own, rest), "rest_bins": _rest_bins(own, rest)}


def _agreement(people: Sequence[float], machine: Sequence[float]) -> dict[str, Any]:
    """Of double scores: on one level, more than a level apart, weighted kappa, and how much more the machine gives."""
    if len(people) < LEAST_DOUBLES:
        return {"doubles": len(people), "same": 0, "far": 0, "kappa": None, "difference": None}
    pairs = list(zip(people, machine, strict=True))
    apart = [abs(scoring.level(person) - scoring.level(given)) for person, given in pairs]
    return {
        "doubles": len(pairs),
        "same": apart.count(0),
        "far": sum(levels > 1 for levels in apart),
        "kappa": trust.agreement(pairs).kappa,
        "difference": fmean(given - person for person, given in pairs),
    }


def _time(seconds: Sequence[float], suggested: Sequence[float]) -> dict[str, Any]:
    if len(seconds) < LEAST_ANSWERS:
        return {"timed": len(seconds), "over": 0, "seconds": None, "suggested": None, "time_bins": []}
    ratios = [used / max(guide, 1) for used, guide in zip(seconds, suggested, strict=True)]
    return {
        "timed": len(seconds),
        "over": sum(ratio > 1 for ratio in ratios),
        "seconds": median(seconds),
        "suggested": median(suggested),
        "time_bins": bins(ratios, TIME_STEP, TIME_BINS),
    }


# --- What is wrong with it ----------------------------------------------------------


def problems(found: dict[str, Any]) -> dict[str, float]:
    """Code → how likely the question has that problem, from 0.5 on; the most harmful first."""
    likely = {code: chance for code, chance in _chances(found) if chance > 0.5}
    return dict(sorted(likely.items(), key=lambda each: -each[1] * WEIGHTS[each[0]]))


def _chances(found: dict[str, Any]) -> list[tuple[str, float]]:
    chances = []
    if (mean := found["mean"]) is not None:
        chances += [("hard", 1 - chance_above(mean, found["scored"], HARD))]
        chances += [("easy", chance_above(mean, found["scored"], EASY))]
    if (r := found["discrimination"]) is not None:
        chances += [("order", chance_of_less(r, found["pairs"], ORDER))]
    for code, count, n, least, limit in (
        ("blank", found["blank"], found["reached"], LEAST_ANSWERS, BLANK),
        ("slow", found["over"], found["timed"], LEAST_ANSWERS, SLOW),
        ("known", found["exposed"], found["could"], LEAST_CHANCES, KNOWN),
        ("apart", found["far"], found["doubles"], LEAST_DOUBLES, APART),
        ("wrong", found["appeals_upheld"], found["asked"], LEAST_ANSWERS, WRONG),
    ):
        if n >= least:
            chances += [(code, chance_above(count / n, n, limit))]
    return chances


def harm(found: dict[str, Any], *, stale: bool = False) -> dict[str, Any]:
    """Severity: the chance that an interview which asks the question is harmed. Harm: that, times its exposure.

    `stale` is no figure: the question is asked, and nobody has looked at it for too long.
    """
    likely = problems(found) | ({"stale": 1.0} if stale else {})
    severity = 1 - math.prod(1 - chance * WEIGHTS[code] for code, chance in likely.items())
    exposure = found["exposed"] / found["could"] if found["could"] else 0.0
    return {"reasons": f" {' '.join(likely)} " if likely else "", "severity": severity, "harm": severity * exposure}
