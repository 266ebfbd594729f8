"""Errands for workers: `ask` for one, and `run` it. What each kind does stands in a module of this package.

A handler gets the job and a function to report progress with, and returns what becomes `Job.result`. It may run twice
when its worker dies. One that writes anything else calls `finished` in the transaction that does: whoever has lost the
lease by then writes nothing.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from interviewer.models import Job, User
from interviewer.models.jobs import MAX_TRIES

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # steps done, and all of them
Handler = Callable[[Job, Progress], dict[str, Any]]

# Kind → the function that does it, as "module:function" in this package: a worker loads only what it runs.
HANDLERS: dict[str, str] = {
    "try-answer": "trials:try_answer",
    "propose-points": "proposals:propose_points",
    "search": "search:run",
    "sync-index": "index:run",
    "find-duplicates": "duplicates:find",
    "import-preview": "imports:preview",
    "import-commit": "imports:commit",
    "import-undo": "imports:undo",
    "import-index": "imports:index",
    "send-invitations": "invitations:send",
    "make-packet": "packets:make",
}

AT_ONCE = 100  # jobs that one round of the sweeper announces, or forgets
REPORT_SECONDS = 0.5  # between two writes of progress

WENT_WRONG = gettext_noop("This went wrong on our side; the log has the details.")
WORKER_DIED = gettext_noop("The worker was interrupted each time it tried this.")


class JobFailed(Exception):
    """What was asked for cannot be done. `message` is an English sentence with `%(name)s` for each of its `values`."""

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message % values if values else message)
        self.message, self.values = message, values


class LeaseLost(Exception):
    """Another worker has taken the job meanwhile: whatever this one was about to write is the other's to write."""


def ask(kind: str, owner: User | None, payload: dict[str, Any], at: datetime) -> Job:
    """A row that says what is to be done, and a word to the workers once it is committed."""
    from interviewer.jobs.tasks import wake

    if kind not in HANDLERS:
        raise KeyError(kind)
    job = Job.objects.create(kind=kind, owner=owner, payload=payload, created_at=at, woken_at=at)
    transaction.on_commit(lambda: wake([str(job.pk)]))
    return job


def run(pk: uuid.UUID | str) -> None:
    """Claim one job, do it, and write down what came of it."""
    job = Job.objects.claim(pk, timezone.now())
    if job is None:
        return
    try:
        result = _handler(job.kind)(job, _reporter(job))
        job.finish(result, timezone.now())  # does nothing when `finished` did it already
    except JobFailed as refused:
        job.fail(refused.message, refused.values, timezone.now())
    except LeaseLost:
        logger.warning("Job %s was taken by another worker", job.pk)
    except Exception:
        logger.exception("Job %s (%s) failed", job.pk, job.kind)
        job.fail(WENT_WRONG, {}, timezone.now())


def finished(job: Job, result: dict[str, Any]) -> None:
    """End the job within the caller's transaction. Raises LeaseLost if it is not ours any more."""
    if not job.finish(result, timezone.now()):
        raise LeaseLost


def sweep(at: datetime) -> int:
    """End what killed its worker too often, wake workers for what nobody seems to have heard of (how many), and
    forget what ended long ago.
    """
    from interviewer.jobs.tasks import wake

    Job.objects.free(at).filter(tries__gte=MAX_TRIES).update(
        status=Job.Status.FAILED, error=WORKER_DIED, lease=None, leased_until=None, ended_at=at
    )
    found = [str(pk) for pk in Job.objects.unheard(at).order_by("created_at").values_list("pk", flat=True)[:AT_ONCE]]
    if found and wake(found):
        Job.objects.filter(pk__in=found).update(woken_at=at)
    _forget(at)
    return len(found)


def _forget(at: datetime) -> None:
    """Delete some of what ended long ago, with what was pasted into it. A look first: a delete takes SQLite's lock."""
    if old := list(Job.objects.to_forget(at).values_list("pk", flat=True)[:AT_ONCE]):
        Job.objects.filter(pk__in=old).delete()


def _handler(kind: str) -> Handler:
    module, name = HANDLERS[kind].split(":")
    return getattr(import_module(f"interviewer.jobs.{module}"), name)


def _reporter(job: Job) -> Progress:
    """Writes progress down now and then. Raises LeaseLost when the job is somebody else's by now."""
    last = timezone.now()

    def report(done: int, total: int) -> None:
        nonlocal last
        at = timezone.now()
        if (at - last).total_seconds() < REPORT_SECONDS and job.total == total:
            return
        last, job.total = at, total
        if not job.report(done, total, at):
            raise LeaseLost

    return report
