"""The Celery application. Tasks live in `interviewer.tasks` and `interviewer.jobs.tasks`."""

import logging
import os
import threading
from typing import Any

from celery import Celery
from celery.concurrency import prefork
from celery.signals import task_postrun, task_prerun, worker_init, worker_process_init, worker_ready
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")

NICENESS = 10  # of 19

app = Celery("interviewer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["interviewer", "interviewer.jobs"])


@task_prerun.connect
@task_postrun.connect
def look_at_connections(**kwargs: Any) -> None:
    """Around a task as around a request: a connection that broke or grew old is closed, any other one is kept.

    Celery by itself opens one for each task (`CELERY_DB_REUSE_MAX`): a tenth of what a grading takes on PostgreSQL, a
    quarter on SQLite.
    """
    close_old_connections()


@worker_init.connect
def refuse_wrong_configuration(**kwargs: Any) -> None:
    """A worker does not start with a wrong or unsafe configuration."""
    from interviewer import checks

    try:
        checks.refuse_wrong_configuration()
    except ImproperlyConfigured as error:  # Celery only logs an Exception raised by a signal's receiver
        raise SystemExit(str(error)) from error


@worker_init.connect
def give_way(**kwargs: Any) -> None:
    """Where both want the processor, a candidate's save comes before a grading, which nobody waits for that closely."""
    os.nice(NICENESS)


@worker_ready.connect
def warm_up_threads(sender: Any, **kwargs: Any) -> None:
    """Get ready while the worker waits for its first answer.

    Not where it forks a pool: a child that is forked in the middle of loading would wait for the end of that for ever.
    """
    if not isinstance(sender.pool, prefork.TaskPool):
        warm_up()


@worker_process_init.connect
def warm_up(**kwargs: Any) -> None:
    """The same in each child of a pool that is forked."""
    threading.Thread(target=_warm_up, daemon=True).start()


def _warm_up() -> None:
    """Load the embedding model, then bring the search index up to date.

    A new bank takes minutes, with gradings in between.
    """
    from django.db import DatabaseError, connections

    from questions import embedding, retrieval

    try:
        embedding.load()
        retrieval.sync()
    except (embedding.EmbeddingError, DatabaseError, OSError) as error:
        logging.getLogger(__name__).error("%s", error)
    finally:
        connections.close_all()
