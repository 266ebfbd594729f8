"""Imports in the browser, done by a worker: preview, commit, undo, and the search index afterwards.

The payload of each holds the run's key and the language of who asked, in which the sentences about files are written.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from interviewer import audit, jobs
from interviewer.jobs import Job, JobFailed, Progress, finished
from interviewer.models import Answer, User, Verb
from questions import embedding, import_runs, retrieval
from questions.applying import BankChanged
from questions.import_undo import undo as undo_import
from questions.models import ImportRun
from questions.versions import NotAllowed

BANK_CHANGED = gettext_noop("The bank has changed since the preview, so nothing was imported.")
GONE = gettext_noop("This import is not there any more.")
NO_INDEX = gettext_noop("The search index was not brought up to date; until it is, questions are found by their words.")


def ask(kind: str, run: ImportRun, owner: User | None, at: datetime, **more: str) -> Job:
    """Let a worker do something with a run; its page shows how far that is."""
    payload = {"run": str(run.pk), "language": translation.get_language(), **more}
    job = jobs.ask(kind, owner, payload, at)
    ImportRun.objects.filter(pk=run.pk).update(job=job.pk)
    return job


def preview(job: Job, progress: Progress) -> dict[str, Any]:
    """Read the files and write down what they would change."""
    run = _run(job)
    if run.committed_at is None:
        with _language(job):
            import_runs.preview(run, timezone.now(), progress, lambda: finished(job, {}))
    return {}


def commit(job: Job, progress: Progress) -> dict[str, Any]:
    """Import what is ticked; where the bank has changed meanwhile, a new preview is made instead."""
    run, at = _run(job), timezone.now()

    def done() -> None:
        finished(job, {})
        ask("import-index", run, job.owner, at)

    with _language(job):
        try:
            import_runs.commit(run, uuid.UUID(job.payload["edition"]), job.owner, at, progress, done)
        except BankChanged:
            import_runs.refuse(run, at)
            ask("import-preview", run, job.owner, at)
            raise JobFailed(BANK_CHANGED) from None
        except NotAllowed as refused:
            raise JobFailed(str(refused)) from None
    return {}


def undo(job: Job, progress: Progress) -> dict[str, Any]:
    """Take back a whole import."""
    run, at = _run(job), timezone.now()

    def done() -> None:
        finished(job, {})
        ask("import-index", run, job.owner, at)
        audit.record(job.owner or audit.COMMAND, Verb.IMPORT_UNDONE, run, run.undone_counts(), at)

    with _language(job):
        try:
            undo_import(run, job.owner, at, asked, progress, done)
        except NotAllowed as refused:
            raise JobFailed(str(refused)) from None
    return {}


def index(job: Job, progress: Progress) -> dict[str, Any]:
    """Give new texts their vectors, so that questions are found by meaning too; unless another worker is at it."""
    try:
        report = retrieval.sync_unless_busy(progress)
    except (embedding.EmbeddingError, OSError) as error:
        raise JobFailed(NO_INDEX) from error
    return {"embedded": report.embedded if report else 0}


def asked(questions: Collection[int]) -> set[int]:
    """Those of some questions that stand in an interview."""
    return set(Answer.objects.filter(question__in=questions).values_list("question", flat=True))


def _run(job: Job) -> ImportRun:
    run = ImportRun.objects.filter(pk=job.payload["run"]).first()
    if run is None:
        raise JobFailed(GONE)
    return run


def _language(job: Job) -> Any:
    return translation.override(job.payload["language"])
