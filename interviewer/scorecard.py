"""Grades to scorecard: pure sums, no database. Every number on a scorecard page is computed here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from interviewer import judgements
from questions.frozen import FrozenQuestion

# Two-sided 90 % quantiles of Student's t for 1 … 9 degrees of freedom; beyond, 1.645 + 1.52/df is right to 0.02.
_T90 = (6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83)


@dataclass(frozen=True)
class Band:
    """Where the result would lie with other questions of the same kind: a 90 % interval, in points of 100."""

    low: int
    high: int


@dataclass(frozen=True)
class Result:
    """One question of a scorecard. `score` is 0–1, or None while it is not graded; `status` is "" if nobody asked.

    `override` is the decision by which a person's score counts, if it does; `grade` is the machine's all the same.
    """

    position: int
    asked: FrozenQuestion
    text: str
    seconds_used: float
    score: float | None
    verdict: dict[str, Any] | None
    status: str
    reason: str
    grade: Any = None
    override: Any = None

    @property
    def points_of_100(self) -> int | None:
        return None if self.score is None else round(self.score * 100)


@dataclass(frozen=True)
class TopicScore:
    """The mean over the graded questions of one topic (a topic's slug), in points of 100."""

    topic: str
    points_of_100: int
    count: int


@dataclass(frozen=True)
class Scorecard:
    """A whole interview's results; sums speak of the graded questions only."""

    results: list[Result]

    @property
    def graded(self) -> list[Result]:
        return [result for result in self.results if result.score is not None]

    @property
    def is_settled(self) -> bool:
        """Nothing more will arrive by itself."""
        return all(result.status != "pending" for result in self.results)

    @property
    def graders(self) -> list[tuple[str, str]]:
        """The graders at work here, each with its model, in order of first appearance; as a rule one.

        What code decided alone (a blank answer, say) or people did needed none.
        """
        verdicts = [result.verdict for result in self.graded if result.verdict]
        found = dict.fromkeys((v["grader"], v["model"]) for v in verdicts)
        return [each for each in found if each[0] not in ("precheck", "person")]

    @property
    def scored_by_people(self) -> int:
        """How many answers count with the score of a person."""
        return sum(result.override is not None for result in self.results)

    @property
    def points_of_100(self) -> int | None:
        """The mean of the graded questions, or None while there is none: what is not graded is never counted as 0."""
        scores = [result.score for result in self.results if result.score is not None]
        return round(fmean(scores) * 100) if scores else None

    @property
    def band(self) -> Band | None:
        return band([result.score for result in self.results if result.score is not None])

    @property
    def topics(self) -> list[TopicScore]:
        """Topics in order of first appearance."""
        by_topic: dict[str, list[float]] = {}
        for result in self.results:
            if result.score is not None:
                by_topic.setdefault(result.asked.topic, []).append(result.score)
        return [TopicScore(topic, round(fmean(scores) * 100), len(scores)) for topic, scores in by_topic.items()]


def band(scores: Sequence[float]) -> Band | None:
    """Mean ± t · s/√n over questions, within 0–100. None below three scores: too few to say anything."""
    n = len(scores)
    if n < 3:
        return None
    t = _T90[n - 2] if n - 2 < len(_T90) else 1.645 + 1.52 / (n - 1)
    mean = fmean(scores)
    # statistics.stdev reckons with fractions: of a page's 10,000 candidates that took longer than all else.
    half = t * math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / (n - 1) / n)
    return Band(round(max(0.0, mean - half) * 100), round(min(1.0, mean + half) * 100))


def result_of(answer: Any, grade: Any | None, override: Any | None = None) -> Result:
    """One question's result from what is in force: a person's score by `override`, else the machine's `grade`.

    `grade` may be the pending or failed one when none is done; then, without an override, there is no score.
    """
    asked, machine = answer.asked, grade.verdict if grade is not None else None
    counted = override.human_score if override is not None else None
    verdict = judgements.as_verdict(asked, counted.judgements, machine) if counted else machine
    score = grade.score if grade is not None else None
    return Result(
        position=answer.position,
        asked=asked,
        text=answer.text,
        seconds_used=answer.seconds_used,
        score=counted.score if counted else score,
        verdict=verdict,
        status=grade.status if grade is not None else "",
        reason=grade.reason if grade is not None and not counted else "",
        grade=grade,
        override=override,
    )


def grade_to_show(grades: Iterable[Any]) -> Any | None:
    """The grade in force — the latest done — or, while none is done, the latest of all. Newest first in `grades`."""
    known = list(grades)
    done = [grade for grade in known if grade.status == "done"]
    return next(iter(done), next(iter(known), None))


def override_in_force(overrides: Iterable[Any]) -> Any | None:
    """The newest decision, if it makes a person's score count; None where the machine's does. Newest first."""
    newest = next(iter(overrides), None)
    return newest if newest is not None and newest.human_score is not None else None


def in_force(answer: Any) -> Result:
    """The result that counts for an answer, whose `grades` and `overrides` come prefetched, newest first."""
    return result_of(answer, grade_to_show(answer.grades.all()), override_in_force(answer.overrides.all()))


def scorecard(answers: Iterable[Any]) -> Scorecard:
    """The scorecard of answers in order of position, prefetched as `in_force` needs them."""
    return Scorecard([in_force(answer) for answer in answers])
