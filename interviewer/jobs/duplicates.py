"""Look for near-duplicates in the whole bank and keep what was found."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from interviewer.jobs import Progress, finished
from interviewer.models import Job
from questions import duplicates, pairs, sameness
from questions.embedding import EmbeddingError, model_name

logger = logging.getLogger(__name__)

KIND = "find-duplicates"


def find(job: Job, progress: Progress) -> dict[str, Any]:
    """Embed what has no vector, compare, and store the pairs in one short transaction that ends the job."""
    at = timezone.now()
    questions = pairs.in_question()
    words_only = model_name() != sameness.MODEL
    try:
        duplicates.embed(questions, progress)
    except EmbeddingError as problem:
        logger.warning("Near-duplicates are looked for by words where there are no vectors: %s", problem)
        words_only = True
    found = duplicates.find(questions, progress=progress)
    with transaction.atomic():
        waiting = pairs.store(found, at, questions=questions.count(), words_only=words_only)
        result = {"pairs": len(found), "waiting": waiting}
        finished(job, result)
    return result
