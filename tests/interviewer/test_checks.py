"""Wrong configuration is named, with a hint, before anything runs; unsafe configuration does not run at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import override_settings

from interviewer import checks, demo
from interviewer.celery import refuse_wrong_configuration as refuse_to_work
from interviewer.models import User
from tests import build
from tests.conftest import ROOT

SECRET = "a secret of at least thirty-two characters"
IN_PRODUCTION = {"DEBUG": "false", "SECRET_KEY": SECRET, "ALLOWED_HOSTS": "interviews.example.org"}


def python(*args: str, data: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the project with nothing in its environment but `env`."""
    passed_on = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *args],
        cwd=ROOT,
        env={**passed_on, "DATA_DIR": str(data), **env},
        capture_output=True,
        text=True,
        timeout=60,
    )


def check(data: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return python("manage.py", "check", *args, data=data, **env)


def told(**changed: Any) -> dict[str, str]:
    """Number → message of what `manage.py check` says with these settings; each has a hint."""
    with override_settings(**{"DEBUG": True, **changed}):
        messages = [message for message in run_checks() if str(message.id).startswith("interviewer.")]
    assert all(message.hint for message in messages)
    return {message.id.removeprefix("interviewer."): message.msg for message in messages}


# --- Whole processes: what is wrong before there are settings ------------------------------


def test_with_no_environment_at_all_nothing_is_wrong(tmp_path):
    done = check(tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "System check identified no issues (0 silenced).")


@pytest.mark.parametrize(
    "wrong",
    [
        {
            "DATABASE_URL": ("E002", "nonsense"),
            "DEBUG": ("E003", "maybe"),
            "CELERY_BROKER_URL": ("E004", "memory://"),
            "GRADING_LEASE_SECONDS": ("E010", "soon"),
            "LLM_PROBE_SECONDS": ("E010", "1.5"),
            "LLM_TOTAL_SECONDS": ("E012", "0"),
            "TIME_ZONE": ("E011", "Asia/Nowhere"),
        },
        {
            "DATABASE_URL": ("E002", "mysql://user:hunter2@host/name"),
            "BEHIND_PROXY": ("E003", "2"),
            "REVIEW_REQUIRED": ("E003", "maybe"),
            "OPENAI_BASE_URL": ("E005", "http://[host"),
            "EMBEDDING_MODEL": ("E006", "/nowhere"),
            "SWEEP_SECONDS": ("E010", "-1"),
            "GRADING_RETRY_SECONDS": ("E010", "-1"),
            "LLM_MOST_OUTAGE_HOURS": ("E012", "-1"),
        },
        {
            "DATA_DIR": ("E001", str(Path(__file__).resolve())),
            "DATABASE_URL": ("E002", "postgres://user:hunter2@host:port/name"),
            "CELERY_BROKER_URL": ("E004", "redis://[host"),
            "GRADING_WAKE_SECONDS": ("E010", "0"),
        },
        {"DATABASE_URL": ("E002", "http://[host"), "SECRET_KEY": ("E007", "short")},
    ],
)
def test_every_wrong_variable_is_named_at_once_with_a_hint(tmp_path, wrong):
    done = check(**{"data": tmp_path, "DEBUG": "false", **{name: value for name, (_, value) in wrong.items()}})
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    for name, (number, _) in wrong.items():
        found = [at for at, line in enumerate(lines) if f"(interviewer.{number}) {name}:" in line]
        assert len(found) == 1, (name, done.stderr)
        assert "HINT: " in lines[found[0] + 1]
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_an_empty_variable_is_an_unset_one(tmp_path):
    empty = ("DATABASE_URL", "CELERY_BROKER_URL", "TIME_ZONE", "SWEEP_SECONDS", "SECRET_KEY", "OPENAI_BASE_URL")
    assert check(tmp_path, **dict.fromkeys(empty, "")).returncode == 0


def test_with_debug_off_the_defaults_are_not_safe_enough(tmp_path):
    assert check(tmp_path, **IN_PRODUCTION).returncode == 0
    done = check(tmp_path, DEBUG="false", ALLOWED_HOSTS="*")
    assert done.returncode == 1
    assert "(interviewer.E007)" in done.stderr
    assert "(interviewer.E008)" in done.stderr


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        ("E007", {"SECRET_KEY": settings.DEFAULT_SECRET_KEY}),
        ("E007", {"SECRET_KEY": "x" * 31}),
        ("E008", {"ALLOWED_HOSTS": ["*"]}),
        ("E008", {"ALLOWED_HOSTS": ["interviews.example.org", "*"]}),
        ("E008", {"ALLOWED_HOSTS": []}),
    ],
)
def test_with_debug_off_an_unsafe_setting_is_an_error(number, wrong):
    safe = {"DEBUG": False, "SECRET_KEY": "x" * 32, "ALLOWED_HOSTS": ["interviews.example.org"]}
    assert told(**safe) == {}
    assert list(told(**{**safe, **wrong})) == [number]
    assert told(**{**wrong, "DEBUG": True}) == {}


# --- What serves and grades refuses to start -----------------------------------------------


def test_nothing_starts_with_a_wrong_configuration(tmp_path):
    wrong = {"DEBUG": "false", "DATABASE_URL": "nonsense", "CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}
    for command in (
        ("-c", "import interviewer.wsgi"),
        ("-m", "celery", "-A", "interviewer", "worker", "--pool", "threads"),
        ("manage.py", "sweep", "--once"),
        ("manage.py", "run"),
    ):
        done = python(*command, data=tmp_path, **wrong)
        assert done.returncode != 0
        for name in ("SECRET_KEY", "DATABASE_URL"):
            assert f"{name}: " in done.stderr, command


def test_web_starts_with_a_right_one(tmp_path):
    done = python("-c", "import interviewer.wsgi; print(interviewer.wsgi.application)", data=tmp_path, **IN_PRODUCTION)
    assert "WSGIHandler" in done.stdout, done.stderr


@pytest.mark.django_db
def test_what_is_refused_is_told_in_full():
    with (
        override_settings(CELERY_BROKER_URL="memory://", EMBEDDING_MODEL="/nowhere"),
        pytest.raises(ImproperlyConfigured) as refused,
    ):
        checks.refuse_wrong_configuration()
    assert "CELERY_BROKER_URL" in str(refused.value)
    assert "EMBEDDING_MODEL: there is no folder /nowhere. Name a sentence-transformers folder" in str(refused.value)


@pytest.mark.django_db
def test_celery_cannot_swallow_the_refusal():
    with override_settings(CELERY_BROKER_URL="memory://"), pytest.raises(SystemExit):
        refuse_to_work()


# --- Demo people ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_with_debug_off_demo_people_keep_the_program_from_starting(tmp_path):
    """On the database of this test, from other processes."""
    build.user("manager", email=f"manager{demo.DOMAIN}")
    real = build.user("real", email="real@example.org")
    env = {**IN_PRODUCTION, "DATABASE_URL": address_of_test_database()}
    done = check(tmp_path, "--database", "default", **env)
    assert "(interviewer.E009) Demo people can still sign in: manager." in done.stderr
    assert "remove_demo_people" in done.stderr
    assert "Demo people can still sign in" in python("-c", "import interviewer.wsgi", data=tmp_path, **env).stderr

    (tmp_path / "demo-people.json").write_text("{}")
    removed = python("manage.py", "remove_demo_people", data=tmp_path, **env)
    assert removed.returncode == 0 and "1" in removed.stdout
    assert check(tmp_path, "--database", "default", **env).returncode == 0
    assert not (tmp_path / "demo-people.json").exists()
    assert User.objects.get(username="manager").is_active is False
    real.refresh_from_db()
    assert real.is_active


def address_of_test_database() -> str:
    known = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    person = known["USER"] + (f":{known['PASSWORD']}" if known["PASSWORD"] else "")
    return f"postgres://{person}@{known['HOST']}:{known['PORT'] or 5432}/{known['NAME']}"


def test_before_there_is_a_database_nobody_is_left(tmp_path):
    assert check(tmp_path, "--database", "default", **IN_PRODUCTION).returncode == 0


# --- Within one process: the other variables -------------------------------------------------


@pytest.mark.parametrize(
    "address", ["memory://", "filesystem://", "sqla+sqlite:///x", "localhost:6379", "redis://[x", "x"]
)
def test_a_broker_that_is_none(address):
    assert "CELERY_BROKER_URL" in told(CELERY_BROKER_URL=address)["E004"]


@pytest.mark.parametrize(
    "address",
    ["redis://h:6379/0", "rediss://h/0", "redis+socket:///x", "amqp://u:p@h:5672//", "amqps://h", "sentinel://h"],
)
def test_a_broker_that_is_one(address):
    assert "E004" not in told(CELERY_BROKER_URL=address)


@pytest.mark.parametrize(
    "address", ["ftp://host/v1", "host:8080", "http://", "http:///v1", "http://[host", "//host/v1"]
)
def test_a_model_server_that_is_none(address):
    assert "OPENAI_BASE_URL" in told(OPENAI_BASE_URL=address)["E005"]


def test_a_model_server_without_the_name_of_a_model(monkeypatch):
    monkeypatch.delenv("OPENAI_MODEL", raising=False)
    said = told(OPENAI_BASE_URL="http://127.0.0.1:8080/v1")
    assert "E005" not in said
    assert "OPENAI_MODEL" in said["W001"]
    monkeypatch.setenv("OPENAI_MODEL", "m")
    assert told(OPENAI_BASE_URL="https://host/v1") == {}


@pytest.mark.parametrize("folder", ["/nowhere", "./nowhere", "~/nowhere-at-all"])
def test_a_folder_without_a_model(folder):
    assert folder in told(EMBEDDING_MODEL=folder)["E006"]


def test_models_by_name_and_in_folders(tmp_path):
    for model in ("bundled", "intfloat/multilingual-e5-small", str(tmp_path)):
        assert "E006" not in told(EMBEDDING_MODEL=model)


def test_a_data_folder_that_cannot_be_written_to(monkeypatch, tmp_path):
    monkeypatch.setattr(checks.os, "access", lambda path, mode: False)  # root may write anywhere
    assert str(tmp_path) in told(DATA_DIR=tmp_path)["E001"]
