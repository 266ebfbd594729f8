"""The Celery application. Tasks live in `interviewer.tasks`."""

import logging
import os
import threading
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_ready
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interviewer.settings")

app = Celery("interviewer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def refuse_wrong_configuration(**kwargs: Any) -> None:
    """A worker does not start with a wrong or unsafe configuration."""
    from interviewer import checks

    try:
        checks.refuse_wrong_configuration()
    except ImproperlyConfigured as error:  # Celery only logs an Exception raised by a signal's receiver
        raise SystemExit(str(error)) from error


@worker_ready.connect
def warm_up(**kwargs: Any) -> None:
    """Load the embedding model while the worker waits for its first answer."""
    threading.Thread(target=_load_model, daemon=True).start()


def _load_model() -> None:
    from questions import embedding

    try:
        embedding.load()
    except embedding.EmbeddingError as error:
        logging.getLogger(__name__).error("%s", error)
