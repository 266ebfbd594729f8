"""Grade an answer that a curator pasted. Nothing but the job's own row is written."""

from __future__ import annotations

import time
from typing import Any

from interviewer import budget, grading
from interviewer.jobs import JobFailed, Progress
from interviewer.jobs.asking import ask_model
from interviewer.llm import LLMError, estimated_tokens
from interviewer.models import Job
from questions.frozen import FrozenQuestion


def try_answer(job: Job, progress: Progress) -> dict[str, Any]:
    """The verdict of the grader in the job's payload on its text; the question is the one that was shown."""
    asked, text = FrozenQuestion.from_json(job.payload["asked"]), job.payload["text"]
    grader, began = job.payload["grader"], time.monotonic()
    if grader == "llm":
        planned = estimated_tokens(text[: grading.GRADED_CHARACTERS])
        verdict = ask_model(job, planned, lambda: grading.grade(asked, text, "llm"), lambda found: found.usage)
    else:
        verdict = _by_similarity(asked, text)
    return {
        "verdict": verdict.to_json(),
        "cost": str(budget.cost(verdict.usage)),
        "seconds": round(time.monotonic() - began, 3),
    }


def _by_similarity(asked: FrozenQuestion, text: str) -> grading.Verdict:
    try:
        return grading.grade(asked, text, "semantic")
    except LLMError as error:  # the embedding model is missing, say
        raise JobFailed(error.message, **error.values) from error
