"""Trials: a curator pastes an answer and sees how it would be graded. A trial is a job, and never becomes a grade."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.db import transaction

from interviewer import jobs
from interviewer.grading import scoring
from interviewer.models import Job, User
from interviewer.scorecard import Result, result_of
from questions.frozen import FrozenQuestion

KIND = "try-answer"
GRADERS = ("semantic", "llm")
LISTED = 8  # trials that a page lists
_LOOKED_AT = 50  # jobs among which these are found


@dataclasses.dataclass(frozen=True)
class Trial:
    """One text tried on one wording of a question: the newest job of each grader that was asked, in one order."""

    key: str
    jobs: tuple[Job, ...]

    @property
    def text(self) -> str:
        return self.jobs[0].payload["text"]

    @property
    def typed(self) -> str:
        """What stood in the text box: the text itself, unless that was one of the page's own."""
        return self.jobs[0].payload["typed"]

    @property
    def at(self) -> datetime:
        return max(job.created_at for job in self.jobs)

    @property
    def task_hash(self) -> str:
        """Of the question as it was then: with another one the points may have been others."""
        return self.jobs[0].payload["task_hash"]

    @property
    def graders(self) -> list[str]:
        return [job.payload["grader"] for job in self.jobs]

    @property
    def results(self) -> list[tuple[Job, Result | None]]:
        """Each job with its result, where it has one."""
        return [(job, result(job) if job.result else None) for job in self.jobs]


def ask(
    question: int, asked: FrozenQuestion, text: str, graders: Sequence[str], owner: User, at: datetime, typed: str
) -> str:
    """Let each of `graders` grade `text` as an answer to a question, known by its id; the key of the trial.

    The whole question goes into the job: what is graded is what was shown, whatever becomes of it meanwhile.
    """
    key = key_of(asked, text)
    payload = {
        "question": question,
        "key": key,
        "asked": asked.to_json(),
        "task_hash": asked.task_hash,
        "text": text,
        "typed": typed,
    }
    with transaction.atomic():
        under_way = Job.objects.pending().filter(owner=owner, kind=KIND, payload__key=key)
        asked_already = {job.payload["grader"] for job in under_way}  # a second click
        for grader in sorted(set(graders) - asked_already):
            jobs.ask(KIND, owner, {**payload, "grader": grader}, at)
    return key


def key_of(asked: FrozenQuestion, text: str) -> str:
    """What two jobs share when they grade the same text as an answer to the same question."""
    return hashlib.sha256(f"{asked.hash}\0{text}".encode()).hexdigest()[:16]


def trials_of(question: int, owner: User) -> list[Trial]:
    """The owner's last trials of a question, the newest first."""
    rows = Job.objects.filter(owner=owner, kind=KIND, payload__question=question).order_by("-created_at", "pk")
    by_key: dict[str, list[Job]] = {}
    for job in rows[:_LOOKED_AT]:
        by_key.setdefault(job.payload["key"], []).append(job)
    return [Trial(key, _newest_of_each(found)) for key, found in by_key.items()]


def result(job: Job) -> Result:
    """A done trial as a scorecard shows it, with what it cost."""
    assert job.result is not None
    verdict, spent = job.result["verdict"], job.result["verdict"]["usage"]
    asked = FrozenQuestion.from_json(job.payload["asked"])
    answer = SimpleNamespace(position=1, asked=asked, text=job.payload["text"], seconds_used=0)
    facts = {name: verdict[name] for name in ("score", "model", "prompt_hash", "rubric_hash")}
    grade = SimpleNamespace(
        verdict=verdict, status="done", reason="", graded_at=job.ended_at, tries=1, **facts,
        calls=spent["calls"], prompt_tokens=spent["prompt_tokens"], completion_tokens=spent["completion_tokens"],
        seconds=job.result["seconds"], cost=Decimal(job.result["cost"]),
    )  # fmt: skip
    return result_of(answer, grade)


@dataclasses.dataclass(frozen=True)
class Share:
    """What one point brings to the sum: `weight` × `earned`, as `part` of the weight of all musts (of 100)."""

    point: dict[str, Any]
    earned: float
    part: float


def shares(points: Iterable[dict[str, Any]]) -> list[Share]:
    """The sum behind a score, point by point: what each adds or takes away, in points of 100."""
    verdicts = list(points)
    musts = sum(point["weight"] for point in verdicts if point["kind"] == "must")
    whole = musts or sum(point["weight"] for point in verdicts if point["kind"] == "should")
    return [_share(point, whole, bonus=scoring.BONUS if musts else 1.0) for point in verdicts]


def _share(point: dict[str, Any], whole: float, bonus: float) -> Share:
    earned = scoring.earned(SimpleNamespace(verdict=point["verdict"], credit=point["credit"]))  # type: ignore[arg-type]
    factor = {"must": 1.0, "should": bonus, "pitfall": -1.0}[point["kind"]]
    return Share(point, earned, 100 * factor * earned * point["weight"] / whole if whole else 0.0)


def _newest_of_each(found: list[Job]) -> tuple[Job, ...]:
    newest: dict[str, Job] = {}
    for job in found:
        newest.setdefault(job.payload["grader"], job)
    return tuple(newest[grader] for grader in GRADERS if grader in newest)
