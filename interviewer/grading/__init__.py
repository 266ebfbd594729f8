"""Grading: a frozen question and an answer text in, a verdict out. No database, no queue.

answer -> clauses -> pre-checks -> language model or semantic grader -> points -> score -> level
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from interviewer.llm import LLMError
from questions.frozen import FrozenQuestion

from . import scoring
from .clauses import GRADED_CHARACTERS, read_answer
from .feedback import in_language
from .flags import flag_text, talks_to_grader
from .llm_grader import grade_llm
from .points import points_from_reference, question_points
from .prechecks import decide
from .semantic import grade_semantic
from .verdict import PointVerdict, Usage, Verdict

__all__ = [
    "GRADED_CHARACTERS",
    "LLMError",
    "PointVerdict",
    "Usage",
    "Verdict",
    "flag_text",
    "grade",
    "points_from_reference",
    "rubric_hash",
]


def grade(question: FrozenQuestion, answer: str, grader: str) -> Verdict:
    """The verdict on `answer` (the stored text; spans point into it) by `grader`: "llm" or "semantic".

    Raises LLMError when no verdict can be had: a fault is never a score.
    """
    read = read_answer(answer)
    flag = decide(question, read)
    if flag:
        verdict = _nothing_earned(question, flag)
    elif grader == "llm":
        verdict = grade_llm(question, read, _embed)
    else:
        verdict = grade_semantic(question, read, _embed, _embedding_model())
    flags = dict.fromkeys((*verdict.flags, *read.flags, *(("instruction_to_grader",) * talks_to_grader(read.text))))
    return dataclasses.replace(verdict, flags=tuple(flags), rubric_hash=rubric_hash(question))


def rubric_hash(question: FrozenQuestion) -> str:
    """SHA-256 (hex) of the key points an answer to `question` is graded against."""
    points = [dataclasses.asdict(point) for point in question_points(question)]
    return hashlib.sha256(json.dumps(points, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _nothing_earned(question: FrozenQuestion, flag: str) -> Verdict:
    """Decided without a grader: no point is made, and the reason says why."""
    with in_language(question.language):
        reason = flag_text(flag)
    points = tuple(
        PointVerdict(point.key, point.name, point.text, point.kind, point.weight, "missing", (), reason)
        for point in question_points(question)
    )
    total = scoring.score(points)
    return Verdict(points, total, scoring.level(total), reason, (flag,), grader="precheck")


def _embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Unit vectors by the bank's embedding model. Raises LLMError, so that a missing model is a fault like others."""
    from questions.embedding import EmbeddingError, embed_passages

    try:
        return embed_passages(texts)
    except EmbeddingError as error:
        raise LLMError(str(error)) from error


def _embedding_model() -> str:
    from questions.embedding import model_name

    return model_name()
