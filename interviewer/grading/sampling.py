"""Several gradings by the model, of which the mean counts; and what makes a result not to be trusted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from statistics import fmean, pstdev

from django.conf import settings

from interviewer.llm import LLMError, Usage
from questions.frozen import FrozenQuestion

from . import scoring
from .clauses import ReadAnswer
from .llm_grader import Task, sample, task_of
from .verdict import Verdict
from .veto import Models

LENIENT = 0.5  # a good answer holds a part of the words only: as a score, their share counts with this power
TEMPERATURE = 0.7  # of every sample but the first: at 0 a server would only say the same again


def grade_llm(
    question: FrozenQuestion,
    answer: ReadAnswer,
    models: Models | None = None,
    semantic: Callable[[], float | None] = lambda: None,
    names: Collection[str] = (),
) -> Verdict | None:
    """The verdict by `settings.GRADING_SAMPLES` calls of the model, or None when there is nothing for it to read.

    Where the samples, or the mean and the score that `semantic` gives, lie further apart than the settings allow, one
    more sample is taken and the verdict marked "low_trust". Raises LLMError, with what all samples cost.
    """
    task = task_of(question, answer, models, names)
    if not task.shown:
        return None
    samples = _samples(task)
    beside = _beside(task, samples, semantic)
    doubtful = _doubtful(samples, beside)
    spent = _one_more(task, samples) if doubtful else Usage()
    flags = ("low_trust",) * doubtful + ("keyword_list",) * task.is_list
    flags += ("not_shown",) * (len(task.shown) < len(answer.clauses))
    verdict = merged(samples)
    return dataclasses.replace(verdict, usage=verdict.usage + spent, semantic_score=beside, flags=flags)


def merged(samples: list[Verdict]) -> Verdict:
    """The sample nearest the mean of all, with their mean as its score; its points are those shown."""
    totals = [one.score for one in samples]
    mean = fmean(totals)
    nearest = min(samples, key=lambda one: abs(one.score - mean))
    return dataclasses.replace(
        nearest,
        score=round(mean, 4),
        level=scoring.level(mean),
        samples=tuple(totals),
        spread=round(pstdev(totals), 4),
        usage=_usage(samples),
    )


def _samples(task: Task) -> list[Verdict]:
    samples: list[Verdict] = []
    try:
        while len(samples) < settings.GRADING_SAMPLES:
            samples.append(_next(task, samples))
    except LLMError as error:
        error.usage += _usage(samples)
        raise
    return samples


def _next(task: Task, samples: list[Verdict]) -> Verdict:
    return sample(task, TEMPERATURE if samples else 0.0)


def _beside(task: Task, samples: list[Verdict], semantic: Callable[[], float | None]) -> float | None:
    """The semantic score, where it could tell something: the words do not bear the model out, or it found nothing.

    It takes tens of milliseconds of a processor, a hundred times what counting words does.
    """
    mean = fmean(one.score for one in samples)
    words = task.evidence.words(task.shown) ** LENIENT
    if settings.GRADING_MOST_DISTANCE >= 1 or (mean and abs(mean - words) <= settings.GRADING_MOST_DISTANCE):
        return None
    return semantic()


def _doubtful(samples: list[Verdict], semantic: float | None) -> bool:
    totals = [one.score for one in samples]
    far = semantic is not None and abs(fmean(totals) - semantic) > settings.GRADING_MOST_DISTANCE
    return far or pstdev(totals) > settings.GRADING_MOST_SPREAD


def _one_more(task: Task, samples: list[Verdict]) -> Usage:
    """Add a sample; should it fail, the others stand, and what it cost is returned."""
    try:
        samples.append(_next(task, samples))
    except LLMError as error:
        return error.usage
    return Usage()


def _usage(samples: list[Verdict]) -> Usage:
    return sum((one.usage for one in samples), Usage())
