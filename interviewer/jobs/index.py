"""Bringing the search index up to date, or building it anew, because somebody asked for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from interviewer import jobs
from interviewer.jobs import JobFailed, Progress
from interviewer.models import Job, User
from questions import finding, retrieval
from questions.embedding import EmbeddingError

KIND = "sync-index"
FAILED = gettext_noop("The index could not be brought up to date: %(problem)s")


def last() -> Job | None:
    """The newest one, whoever asked for it."""
    return Job.objects.filter(kind=KIND).select_related("owner").order_by("-created_at").first()


def ask(owner: User, anew: bool, at: datetime) -> Job:
    """Have it done, unless somebody's is waiting or under way: that one does it too."""
    newest = last()
    if newest is not None and newest.status == Job.Status.PENDING and newest.payload["anew"] >= anew:
        return newest
    return jobs.ask(KIND, owner, {"anew": anew}, at)


def run(job: Job, progress: Progress) -> dict[str, Any]:
    """The published questions' vectors and the file, then the vectors of drafts and retired questions."""
    try:
        # Whoever waits for another process's embedding keeps the lease by saying so.
        report = retrieval.sync(progress, lambda: progress(0, 0), anew=job.payload["anew"])
        others = finding.embed_all(progress)
    except (EmbeddingError, OSError) as problem:
        raise JobFailed(FAILED, problem=str(problem)) from problem
    return {"questions": report.questions, "passages": report.passages, "embedded": report.embedded + others}
