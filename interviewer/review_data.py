"""What one reviewer may see of an interview: before the machine's verdict was shown to them, nothing that it said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from interviewer import double_scores, judgements
from interviewer.judgements import Judgements
from interviewer.models import Answer, Appeal, HumanScore, Interview, Override, Reveal, User
from interviewer.scorecard import Band, Result, Scorecard, grade_to_show, in_force, override_in_force, result_of
from interviewer.trust import Trust
from questions.frozen import FrozenPoint


@dataclass(frozen=True)
class Compared:
    """One point as the machine and the reviewer judge it, in the form that templates put into words."""

    point: Mapping[str, Any]
    machine: Mapping[str, Any] | None
    mine: Mapping[str, Any] | None

    @property
    def differs(self) -> bool:
        return bool(self.machine and self.mine and self.machine["verdict"] != self.mine["verdict"])


@dataclass(frozen=True)
class Told:
    """A score by a person, with what they judged otherwise than before: (number of the point, was, is)."""

    score: HumanScore
    counts: bool
    changes: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]]


@dataclass(frozen=True)
class Reviewed:
    """One answer for one reviewer. Until it `is_shown`, the other fields hold nothing but the answer itself."""

    answer: Answer
    is_shown: bool
    result: Result  # the machine's, once shown; the bare answer before
    counted: Result | None = None  # what is in force
    mine: HumanScore | None = None
    scores: tuple[Told, ...] = ()
    decision: Override | None = None  # the newest, whichever way
    compared: tuple[Compared, ...] = ()
    trust: Trust | None = None
    appeal: Appeal | None = None  # it may tell what the machine's score is

    @property
    def points(self) -> tuple[FrozenPoint, ...]:
        return judgements.rubric(self.result.asked)

    @property
    def counts_mine(self) -> bool:
        """Whether the reviewer's newest score is the one in force."""
        override = self.counted.override if self.counted else None
        return override is not None and self.mine is not None and override.human_score_id == self.mine.pk


@dataclass(frozen=True)
class Review:
    """A whole interview for one reviewer; the sums only once all of it was shown to them."""

    answers: list[Reviewed]
    card: Scorecard | None
    band: Band | None  # in place of the number where the trust in a score that counts is low
    open_appeals: int


def review(interview: Interview, reviewer: User) -> Review:
    """What a reviewer may see of the answers of an interview that was handed in, in a fixed number of queries."""
    found = interview.answers.order_by("position")
    found = found.select_related("appeal__answered_by")
    answers = list(found.prefetch_related("grades", "overrides__human_score", "overrides__reviewer"))
    shown = set(Reveal.objects.filter(answer__in=answers, reviewer=reviewer).values_list("answer", flat=True))
    scores = _scores(answer for answer in answers if answer.pk in shown)
    done = [grade for answer in answers if (grade := grade_to_show(answer.grades.all())) and grade.status == "done"]
    known = double_scores.load(grade for grade in done if grade.answer_id in shown)
    seen = [
        _shown(answer, scores.get(answer.pk, []), reviewer, known) if answer.pk in shown else _hidden(answer)
        for answer in answers
    ]
    waiting = sum(appeal.is_open for answer in answers if (appeal := _appeal(answer)))
    if len(shown) < len(answers):
        return Review(seen, None, None, waiting)
    return Review(seen, Scorecard([each.counted for each in seen if each.counted]), _band(seen), waiting)


def _appeal(answer: Answer) -> Appeal | None:
    return getattr(answer, "appeal", None)


def _scores(answers: Iterable[Answer]) -> dict[int, list[HumanScore]]:
    """Answer's key → the scores of all people, the newest first."""
    by_answer: dict[int, list[HumanScore]] = {}
    for score in HumanScore.objects.filter(answer__in=list(answers)).select_related("reviewer"):
        by_answer.setdefault(score.answer_id, []).append(score)
    return by_answer


def _hidden(answer: Answer) -> Reviewed:
    """The bare answer, and whether it is graded or why not: nothing of what was found."""
    bare, grade = result_of(answer, None), grade_to_show(answer.grades.all())
    if grade is not None:
        bare = replace(bare, status=grade.status, reason=grade.reason)
    return Reviewed(answer, False, bare)


def _shown(answer: Answer, scores: list[HumanScore], reviewer: User, known: double_scores.DoubleScores) -> Reviewed:
    grade, overrides = grade_to_show(answer.grades.all()), answer.overrides.all()
    machine = result_of(answer, grade)
    mine = next((score for score in scores if score.reviewer_id == reviewer.pk), None)
    standing = override_in_force(overrides)
    return Reviewed(
        answer,
        True,
        machine,
        in_force(answer),
        mine,
        tuple(_told(score, scores, standing, machine) for score in scores),
        next(iter(overrides), None),
        tuple(_compared(machine, mine)),
        known.trust(answer, grade) if grade is not None and machine.score is not None else None,
        _appeal(answer),
    )


def _told(score: HumanScore, scores: list[HumanScore], standing: Override | None, machine: Result) -> Told:
    earlier = (each for each in scores if each.reviewer_id == score.reviewer_id and each.pk < score.pk)
    changed = judgements.changes(before.judgements, score.judgements) if (before := next(earlier, None)) else {}
    kinds = {point.key: point.kind for point in judgements.rubric(machine.asked)}
    told = [
        (key, {"kind": kinds[key], "verdict": was}, {"kind": kinds[key], "verdict": now})
        for key, (was, now) in changed.items()
    ]
    return Told(score, standing is not None and standing.human_score_id == score.pk, told)


def _compared(machine: Result, mine: HumanScore | None) -> Iterable[Compared]:
    said = {point["key"]: point for point in machine.verdict["points"]} if machine.verdict else {}
    own: Judgements = mine.judgements if mine else {}
    for point in judgements.rubric(machine.asked):
        plain = {"key": point.key, "name": point.name, "text": point.text, "kind": point.kind}
        judged = {**plain, "verdict": own[point.key]} if point.key in own else None
        yield Compared({**plain, "verdict": "missing"}, said.get(point.key), judged)


def _band(answers: Iterable[Reviewed]) -> Band | None:
    """The mean of what is in force, as a range where some of it is only known as one; a person's score is a number."""
    ranges = [
        (band.low, band.high) if (band := _doubt(each)) else (100 * each.counted.score, 100 * each.counted.score)
        for each in answers
        if each.counted and each.counted.score is not None
    ]
    low, high = (round(fmean(side)) for side in zip(*ranges, strict=True)) if ranges else (0, 0)
    return Band(low, high) if low != high else None


def _doubt(each: Reviewed) -> Band | None:
    by_machine = each.counted is not None and each.counted.override is None
    return each.trust.band if each.trust and by_machine else None
