"""How far a machine's score can be trusted: pure sums over double scores, and what follows for showing it.

Levels are those of `scoring.level`, 0 to 5. Only people's scores that were given blind are compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from django.conf import settings

from interviewer.grading import scoring
from interviewer.scorecard import Band

LEAST_PAIRS = 20  # double scores below which nothing is stated
LOW_KAPPA = 0.4  # an agreement below it is commonly called poor or fair
HALF_BAND = 0.1  # half a level to either side: what a single score with doubts is worth at best
HALF_BAND_LOW = 0.2  # a level to either side, where people and the machine are known to disagree

Pair = tuple[float, float]  # a person's score and the machine's, 0–1


@dataclass(frozen=True)
class Agreement:
    """Of `n` double scores: the shares on the same level and at most one level apart, and the weighted kappa.

    `kappa` is None where everybody has given one and the same level, so that chance alone explains the agreement.
    """

    n: int
    exact: float
    adjacent: float
    kappa: float | None


@dataclass(frozen=True)
class Trust:
    """What is known of one machine's score. `agreement` is None below `LEAST_PAIRS`, of which `n` were found.

    `of_question` says that it was measured on this very question and rubric; else on all questions. `spread` is that
    of `repeats` gradings. Where `band` is set the score is not to be relied upon, and the band stands in its place.
    """

    n: int
    agreement: Agreement | None
    of_question: bool
    spread: float
    repeats: int
    band: Band | None

    @property
    def is_low(self) -> bool:
        return self.band is not None


def agreement(pairs: Sequence[Pair]) -> Agreement:
    """The agreement of pairs of scores, at least one."""
    levels = [(scoring.level(person), scoring.level(machine)) for person, machine in pairs]
    apart = [abs(person - machine) for person, machine in levels]
    n = len(levels)
    return Agreement(n, apart.count(0) / n, sum(each <= 1 for each in apart) / n, weighted_kappa(levels))


def weighted_kappa(levels: Sequence[tuple[int, int]]) -> float | None:
    """Cohen's kappa with quadratic weights: 1 − the mean square distance ÷ that of two who know nothing of each other.

    Each of the one's levels is as likely to meet each of the other's, so that the latter needs no table:
    mean(x²) + mean(y²) − 2·mean(x)·mean(y). None where that is nought.
    """
    xs, ys = [x for x, _ in levels], [y for _, y in levels]
    seen = fmean((x - y) ** 2 for x, y in levels)
    by_chance = fmean(x * x for x in xs) + fmean(y * y for y in ys) - 2 * fmean(xs) * fmean(ys)
    return None if by_chance < 1e-9 else 1 - seen / by_chance


def trust(score: float, verdict: Mapping[str, Any], own: Sequence[Pair], all_questions: Sequence[Pair]) -> Trust:
    """What is known of a machine's `score`, from the double scores of its question and those of all questions."""
    of_question = len(own) >= LEAST_PAIRS
    pairs = own if of_question else all_questions
    measured = agreement(pairs) if len(pairs) >= LEAST_PAIRS else None
    repeats, spread = len(verdict.get("samples") or ()), verdict.get("spread") or 0.0
    disagrees = is_low(measured)
    doubtful = disagrees or spread > settings.GRADING_MOST_SPREAD or "low_trust" in verdict.get("flags", ())
    band = _band(score, verdict, HALF_BAND_LOW if disagrees else HALF_BAND) if doubtful else None
    return Trust(len(pairs), measured, of_question, spread, repeats, band)


def is_low(measured: Agreement | None) -> bool:
    """Whether people and the machine are known to disagree."""
    return measured is not None and measured.kappa is not None and measured.kappa < LOW_KAPPA


def _band(score: float, verdict: Mapping[str, Any], half: float) -> Band:
    """Everything that gradings of the answer came to, and at least `half` to either side of the score."""
    found = [score - half, score + half, *(verdict.get("samples") or ())]
    if (beside := verdict.get("semantic_score")) is not None:
        found.append(beside)
    return Band(round(100 * max(0.0, min(found))), round(100 * min(1.0, max(found))))
