"""What an exam is taken for: a grader as it is configured, and everything whose change makes an old result void."""

from __future__ import annotations

import dataclasses
import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from interviewer import grading
from interviewer.exam.cases import all_cases, exam_hash, rubric_hash
from interviewer.grading.llm_grader import prompt_hash
from questions import embedding


@dataclasses.dataclass(frozen=True)
class Subject:
    """The hashes are SHA-256 (hex): of the prompt ("" without one), the exam's questions, its cases, the code."""

    grader: str
    model: str
    prompt_hash: str
    rubric_hash: str
    exam_hash: str
    code_hash: str


def subject(grader: str) -> Subject:
    """The grader "llm" or "semantic" as this process would use it now."""
    is_llm = grader == "llm"
    rubric, exam = _exam_hashes()
    model = settings.OPENAI_MODEL if is_llm else embedding.model_name()
    return Subject(grader, model[:200], prompt_hash() if is_llm else "", rubric, exam, code_hash())


@lru_cache(maxsize=1)
def code_hash() -> str:
    """SHA-256 (hex) of the code that a score comes from: the grading package and the embeddings below it."""
    files = [*sorted(Path(grading.__file__).parent.rglob("*.py")), Path(embedding.__file__)]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


@lru_cache(maxsize=1)
def _exam_hashes() -> tuple[str, str]:
    cases = all_cases()
    return rubric_hash(cases), exam_hash(cases)
