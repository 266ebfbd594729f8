"""Grading: a frozen question and an answer text in, a verdict out. No database, no queue.

answer -> clauses -> pre-checks -> language model or semantic grader -> points -> score -> level
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Collection, Sequence

from interviewer.llm import LLMError
from questions.frozen import FrozenQuestion

from . import scoring
from .background import Tokens
from .clauses import GRADED_CHARACTERS, ReadAnswer, read_answer
from .feedback import in_language
from .flags import flag_text, talks_to_grader
from .points import points_from_reference, question_points
from .prechecks import decide
from .sampling import grade_llm
from .semantic import grade_semantic
from .shape import is_other_language
from .verdict import PointVerdict, Usage, Verdict
from .veto import Models

logger = logging.getLogger(__name__)

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


def grade(question: FrozenQuestion, answer: str, grader: str, names: Collection[str] = ()) -> Verdict:
    """The verdict on `answer` (the stored text; spans point into it) by `grader`: "llm" or "semantic".

    `names`: what its author is called, which no model reads.
    Raises LLMError when no verdict can be had: a fault is never a score.
    """
    read = read_answer(answer)
    flag = decide(question, read)
    if flag:
        verdict = _nothing_earned(question, flag)
    elif grader == "llm":
        verdict = _by_model(question, read, names)
    else:
        verdict = _semantic(question, read)
    flags = [*verdict.flags, *read.flags]
    if not flag and is_other_language(read.text, question.reference):
        flags.append("other_language")
    if talks_to_grader(read.text):
        flags.append("instruction_to_grader")
    return dataclasses.replace(verdict, flags=tuple(dict.fromkeys(flags)), rubric_hash=rubric_hash(question))


def _by_model(question: FrozenQuestion, read: ReadAnswer, names: Collection[str]) -> Verdict:
    """The model's verdict; what only talks to the grader needs none."""
    models = Models(_read_tokens, _token_model)
    verdict = grade_llm(question, read, models, lambda: _semantic_score(question, read), names)
    return verdict or _nothing_earned(question, "not_shown")


def _semantic_score(question: FrozenQuestion, read: ReadAnswer) -> float | None:
    """What the semantic grader finds, as a check on the model's total; None when it finds nothing out.

    Of an answer in another language it sees next to nothing. Whatever goes wrong here, the model's verdict has been
    paid for and stands.
    """
    if is_other_language(read.text, question.reference):
        return None
    try:
        return _semantic(question, read).score
    except LLMError:
        return None
    except Exception:
        logger.exception("The check by similarity failed")
        return None


def _semantic(question: FrozenQuestion, read: ReadAnswer) -> Verdict:
    return grade_semantic(question, read, _read_tokens, _token_model)


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


def _read_tokens(texts: Sequence[str], language: str) -> Sequence[Tokens]:
    """Token vectors by the bank's models. Raises LLMError, so that a missing model is a fault like others."""
    from questions.embedding import EmbeddingError, token_vectors

    try:
        return token_vectors(texts, language)
    except EmbeddingError as error:
        raise LLMError(str(error)) from error


def _token_model(language: str) -> str:
    from questions.embedding import token_model

    return token_model(language)
