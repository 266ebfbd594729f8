"""What an exam found: sums over its cases, and what a person reads of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from interviewer.exam.case import Case
from interviewer.exam.cases import FAMILIES, bar
from interviewer.grading import LLMError, Verdict
from questions.frozen import FrozenQuestion


class Crash(LLMError):
    """A grader that fell over: in the exam a reason to fail, wherever it happens."""


Outcome = Verdict | LLMError
Outcomes = dict[tuple[FrozenQuestion, str], Outcome]
MOST_NAMED = 5
MOST_UNGRADED = 0.02  # share of a family's cases


@dataclasses.dataclass(frozen=True)
class Family:
    """One line of the table. `mean` and `worst` are deviations (0..1) of the graded cases, None when there are none.

    `refused` counts answers that were turned away unread; `worst_cases` are (label, deviation), the worst first;
    `bar_mean` and `bar_worst` are None for a family that is reported only.
    """

    name: str
    cases: int
    ungraded: int
    refused: int
    mean: float | None
    worst: float | None
    bar_mean: float | None
    bar_worst: float | None
    worst_cases: tuple[tuple[str, float], ...] = ()

    @property
    def is_gate(self) -> bool:
        """Whether the exam depends on it."""
        return self.bar_mean is not None

    @property
    def is_graded(self) -> bool:
        """Whether so few of its cases were left ungraded that the rest speaks for all."""
        return self.mean is not None and self.ungraded <= MOST_UNGRADED * self.cases

    @property
    def passed(self) -> bool:
        """Enough of it was graded, and that keeps to the bar. What is only reported cannot fail."""
        if self.bar_mean is None or self.bar_worst is None:
            return True
        if not self.is_graded or self.mean is None or self.worst is None:
            return False
        refuses = self.name == "honest" and self.refused > 0
        return self.mean <= self.bar_mean and self.worst <= self.bar_worst and not refuses


@dataclasses.dataclass(frozen=True)
class Report:
    """The whole result. `models` are those that replied, `errors` why cases were left ungraded (a few of them).

    `crashed` names the cases at which the grader fell over.
    """

    families: tuple[Family, ...]
    seconds: float = 0.0
    calls: int = 0
    models: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    crashed: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Every family kept its bar and nothing fell over; a report of nothing never passes."""
        return bool(self.families) and not self.crashed and all(family.passed for family in self.families)

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSONField."""
        families = [{**dataclasses.asdict(family), "passed": family.passed} for family in self.families]
        return {**dataclasses.asdict(self), "families": families, "passed": self.passed}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """The inverse of `to_json`; unknown keys are ignored, so that older rows stay readable."""
        names = {field.name for field in dataclasses.fields(Family)} - {"worst_cases"}
        families = tuple(
            Family(
                **{name: family[name] for name in names if name in family},
                worst_cases=tuple((label, deviation) for label, deviation in family.get("worst_cases", ())),
            )
            for family in data.get("families", ())
        )
        lists = {name: tuple(data.get(name, ())) for name in ("models", "errors", "crashed")}
        return cls(families, data.get("seconds", 0.0), data.get("calls", 0), **lists)


def summarise(cases: Iterable[Case], outcomes: Outcomes, grader: str, seconds: float = 0.0) -> Report:
    """The report on `cases`, whose texts the grader answered with `outcomes`."""
    grouped: dict[str, list[Case]] = {name: [] for name in FAMILIES}
    for case in cases:
        grouped[case.family].append(case)
    crashed = [case.label for of in grouped.values() for case in of if isinstance(_outcome(case, outcomes), Crash)]
    families = tuple(_family(name, of, outcomes, grader) for name, of in grouped.items() if of)
    verdicts = [outcome for outcome in outcomes.values() if isinstance(outcome, Verdict)]
    faults = [outcome for outcome in outcomes.values() if isinstance(outcome, LLMError)]
    return Report(
        families,
        round(seconds, 1),
        sum(verdict.usage.calls for verdict in verdicts),
        tuple(sorted({verdict.model for verdict in verdicts if verdict.model})),
        tuple(dict.fromkeys(str(fault) for fault in faults))[:MOST_NAMED],
        tuple(crashed),
    )


def _family(name: str, cases: Sequence[Case], outcomes: Outcomes, grader: str) -> Family:
    measured = [(case.label, _deviation(case, outcomes)) for case in cases]
    graded = sorted(((label, far) for label, far in measured if far is not None), key=lambda pair: -pair[1])
    limits = bar(name, grader)
    return Family(
        name=name,
        cases=len(cases),
        ungraded=len(cases) - len(graded),
        refused=sum(_was_refused(case, outcomes) for case in cases),
        mean=round(sum(far for _, far in graded) / len(graded), 4) if graded else None,
        worst=graded[0][1] if graded else None,
        bar_mean=limits.mean if limits else None,
        bar_worst=limits.worst if limits else None,
        worst_cases=tuple(pair for pair in graded[:MOST_NAMED] if pair[1] > 0),
    )


def _deviation(case: Case, outcomes: Outcomes) -> float | None:
    """None when a text of the case has no verdict: a fault is never a score."""
    outcome = _outcome(case, outcomes)
    other = outcomes[case.question, case.other] if case.other is not None else None
    if isinstance(outcome, LLMError) or isinstance(other, LLMError):
        return None
    return case.deviation(outcome.score, other.score if other else 0.0)


def _was_refused(case: Case, outcomes: Outcomes) -> bool:
    outcome = _outcome(case, outcomes)
    return isinstance(outcome, Verdict) and outcome.grader == "precheck"


def _outcome(case: Case, outcomes: Outcomes) -> Outcome:
    return outcomes[case.question, case.text]
