"""Can the program do its work? Told by facts, in short plain words, for load balancers and monitors; no secrets.

`alive` is about what another web process could do better. `ready` is about the whole: is the database migrated, the
embedding model in place, does the queue move. A broker that is down makes nobody unready, since submits still work, nor
does a model server: answers wait for it.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from interviewer import breaker, operations
from questions import bundled, index
from questions.migrated import is_migrated
from questions.models import Question

logger = logging.getLogger(__name__)

OK = "ok"
DOWN = "does not answer"
NOT_NEEDED = "not needed"
STALLED = "stalled"
BROKER_SECONDS = 1.0

Findings = dict[str, str]


def alive() -> tuple[bool, Findings]:
    """Whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("The database does not answer")
        return False, {"database": DOWN}
    return True, {"database": OK}


def ready(at: datetime) -> tuple[bool, Findings]:
    """Whether work gets done, and what was found of each part."""
    answers, findings = alive()
    if not answers:
        return False, findings
    try:
        findings["migrations"] = _migrations()
        if findings["migrations"] != OK:
            return False, findings
        findings |= {"embedding_model": _embedding_model(), "index": _index(), "model_server": _model_server()}
        findings |= {"broker": broker(), "queue": STALLED if operations.is_stalled(at) else OK}
    except DatabaseError:
        logger.exception("The database does not answer")
        return False, {"database": DOWN}
    if findings["queue"] == STALLED and findings["broker"] == DOWN:
        findings["queue"] = "waits for the broker"
    return findings["embedding_model"] != "missing" and findings["queue"] != STALLED, findings


def broker() -> str:
    """Whether the broker takes a connection within about a second."""
    from interviewer.celery import app

    quickly = {"socket_timeout": BROKER_SECONDS, "socket_connect_timeout": BROKER_SECONDS}
    try:
        with app.connection_for_write(connect_timeout=BROKER_SECONDS, transport_options=quickly) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=BROKER_SECONDS)
    except Exception:  # every transport raises its own kind
        return DOWN
    return OK


def _migrations() -> str:
    return OK if is_migrated() else "missing: run manage.py prepare"


def _embedding_model() -> str:
    if settings.EMBEDDING_MODEL != "bundled":
        return "chosen by EMBEDDING_MODEL, not looked at"
    return OK if bundled.is_ready(Path(settings.BUNDLED_MODEL_DIR)) else "missing"


def _index() -> str:
    """The index can be deleted at any time: whoever searches next writes it again."""
    if index.manifest(Path(settings.INDEX_DIR)):
        return OK
    return "made by the next search" if Question.objects.published().exists() else NOT_NEEDED


def _model_server() -> str:
    if settings.GRADER != "llm":
        return NOT_NEEDED
    return DOWN if breaker.endpoint().is_down else OK
