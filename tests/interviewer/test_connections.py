"""A worker keeps its connections to the database, but not for ever; for broken ones see `tests/faults`."""

import pytest
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_postrun, task_prerun
from django.db import connection

from interviewer.celery import app
from interviewer.tasks import grade_answer

pytestmark = pytest.mark.django_db(transaction=True)


def run_a_task():
    """What Celery and we do around it in a worker."""
    celery_itself = DjangoWorkerFixup(app)
    for signal, receiver in (
        (task_prerun, celery_itself.on_task_prerun),
        (task_postrun, celery_itself.on_task_postrun),
    ):
        receiver(sender=grade_answer)
        signal.send(sender=grade_answer, task_id="1", task=grade_answer)


def test_a_connection_is_kept():
    connection.ensure_connection()
    kept = connection.connection
    run_a_task()
    assert connection.connection is kept


def test_one_that_is_too_old_is_dropped():
    connection.ensure_connection()
    connection.close_at = 0
    run_a_task()
    assert connection.connection is None
