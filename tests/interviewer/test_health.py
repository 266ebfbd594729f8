"""/healthz and /readyz: each state, without signing in, without secrets, never kept by a cache."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from interviewer import breaker, health
from interviewer.llm_errors import LLMError, Outage
from tests import build
from tests.conftest import ROOT
from tests.live import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def well(monkeypatch, settings, tmp_path) -> None:
    """Everything in place: a broker that answers, a model that is prepared."""
    monkeypatch.setattr(health, "broker", lambda: health.OK)
    monkeypatch.setattr(health.bundled, "is_ready", lambda folder: True)
    settings.INDEX_DIR = tmp_path


def told(path: str) -> tuple[int, dict[str, Any]]:
    response = Client().get(path)
    assert response["Content-Type"] == "application/json"
    assert "no-store" in response["Cache-Control"]
    assert "Set-Cookie" not in response
    return response.status_code, json.loads(response.content)


def stalled() -> None:
    build.handed_in(at=timezone.now() - timedelta(seconds=2 * settings.GRADING_LEASE_SECONDS))


def test_alive(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert told("/healthz") == (200, {"ok": True, "database": "ok"})


def test_ready_on_an_empty_program(django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        status, found = told("/readyz")
    assert (status, found) == (
        200,
        {
            "ok": True,
            "database": "ok",
            "migrations": "ok",
            "embedding_model": "ok",
            "index": "not needed",
            "model_server": "not needed",
            "broker": "ok",
            "queue": "ok",
        },
    )


def test_a_database_that_is_not_migrated():
    newest = max(name for app, name in MigrationRecorder(connection).applied_migrations() if app == "interviewer")
    MigrationRecorder(connection).record_unapplied("interviewer", newest)
    assert told("/readyz") == (
        503,
        {"ok": False, "database": "ok", "migrations": "missing: run manage.py prepare"},
    )
    assert told("/healthz")[0] == 200


def test_a_model_that_was_not_prepared(monkeypatch, settings):
    monkeypatch.setattr(health.bundled, "is_ready", lambda folder: False)
    status, found = told("/readyz")
    assert (status, found["embedding_model"]) == (503, "missing")
    settings.EMBEDDING_MODEL = "some/model"
    assert told("/readyz")[0] == 200


def test_an_index_that_was_deleted_is_made_by_the_next_search():
    build.question()
    status, found = told("/readyz")
    assert (status, found["index"]) == (200, "made by the next search")


def test_a_queue_that_does_not_move():
    stalled()
    status, found = told("/readyz")
    assert (status, found["queue"], found["ok"]) == (503, "stalled", False)
    assert told("/healthz")[0] == 200  # another web process could do no better


def test_a_queue_that_moves_again():
    stalled()
    answer = build.handed_in().answers.first()
    build.claimed(answer).finish(score=0.5, verdict=build.verdict(answer), at=timezone.now())
    assert told("/readyz")[0] == 200


def test_a_broker_that_is_down_makes_nobody_unready(monkeypatch):
    monkeypatch.setattr(health, "broker", lambda: health.DOWN)
    status, found = told("/readyz")
    assert (status, found["broker"], found["queue"]) == (200, "does not answer", "ok")
    stalled()
    status, found = told("/readyz")
    assert (status, found["queue"]) == (200, "waits for the broker")


def test_a_model_server_that_is_down_makes_nobody_unready(settings):
    settings.GRADER, settings.OPENAI_BASE_URL = "llm", "http://user:hunter2@models.example/v1"
    stalled()
    assert told("/readyz")[0] == 503
    at = timezone.now()
    breaker.admit("llm", at).failed(LLMError("The model server could not be reached.", outage=Outage.SURELY), at)
    status, found = told("/readyz")
    assert (status, found["model_server"], found["queue"]) == (200, "does not answer", "ok")
    assert "hunter2" not in json.dumps(found)


# --- The real thing -----------------------------------------------------------------------------


def test_the_configured_broker_is_really_asked(monkeypatch):
    from interviewer.celery import app

    monkeypatch.undo()
    nowhere = f"127.0.0.1:{free_port()}"
    for address in (f"redis://{nowhere}/0", f"amqp://guest:guest@{nowhere}//"):
        monkeypatch.setattr(app.conf, "broker_write_url", address)
        assert health.broker() == health.DOWN


def test_a_broker_that_takes_connections_and_says_nothing_is_down(monkeypatch):
    from interviewer.celery import app

    monkeypatch.undo()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        for address in ("redis://127.0.0.1:{}/0", "amqp://guest:guest@127.0.0.1:{}//"):
            monkeypatch.setattr(app.conf, "broker_write_url", address.format(mute.getsockname()[1]))
            assert health.broker() == health.DOWN


ASK = """
import django
django.setup()
from django.test import Client
for path in ("/healthz", "/readyz"):
    response = Client().get(path, headers={"host": "localhost"})
    print(response.status_code, response.content.decode())
"""


@pytest.mark.parametrize("address", ["postgres://user:hunter2@127.0.0.1:{port}/name", "sqlite:////nowhere/db.sqlite3"])
def test_a_database_that_is_not_there(address, tmp_path):
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "CELERY_BROKER_URL"}}
    env |= {"DATABASE_URL": address.format(port=free_port()), "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env={**env, "DJANGO_SETTINGS_MODULE": "interviewer.settings"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.splitlines() == ['503 {"ok": false, "database": "does not answer"}'] * 2, done.stderr
    assert "hunter2" not in done.stdout + done.stderr
