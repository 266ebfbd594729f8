"""A curator's search by meaning: the query's vector needs the model, which only workers hold."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_noop

from interviewer import jobs
from interviewer.jobs import JobFailed, Progress
from interviewer.models import Job, User
from questions import finding
from questions.embedding import EmbeddingError
from questions.models import Question, QuestionQuerySet

LIMIT = 20  # questions that are shown
REUSE = timedelta(minutes=10)  # for so long the same search by the same person is not done again

NO_MODEL = gettext_noop("Searching by meaning does not work now; what was found by words stays. %(problem)s")


def among(wanted: dict[str, str]) -> QuestionQuerySet:
    """The questions with a status, language and topic (slug); "" leaves one open."""
    fields = {"status": "status", "language": "language", "topic": "topic__slug"}
    return Question.objects.filter(**{fields[name]: value for name, value in wanted.items() if value})


def earlier(owner: User, query: str, wanted: dict[str, str], at: datetime) -> Job | None:
    """The person's own newest search for the same, under way or done lately; a failed one may be tried again."""
    same = Job.objects.filter(kind="search", owner=owner, created_at__gt=at - REUSE, payload__query=query)
    for name, value in wanted.items():
        same = same.filter(**{f"payload__wanted__{name}": value})
    return same.order_by("-created_at").first()


def ask(owner: User, query: str, wanted: dict[str, str], at: datetime) -> Job:
    """A search by meaning, or the same one from a while ago."""
    found = earlier(owner, query, wanted, at)
    if found is not None and found.status != Job.Status.FAILED:
        return found
    return jobs.ask("search", owner, {"query": query, "wanted": wanted}, at)


def run(job: Job, progress: Progress) -> dict[str, Any]:
    """Rank the bank: `{"found": [{"question", "score", "part", "passage"}, …]}`, best first."""
    try:
        found = finding.by_meaning(job.payload["query"], among(job.payload["wanted"]), LIMIT)
    except EmbeddingError as problem:
        raise JobFailed(NO_MODEL, problem=str(problem)) from problem
    return {"found": [dataclasses.asdict(each) for each in found]}
