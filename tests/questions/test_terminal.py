"""Commands speak the language of the terminal."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, find_commands, load_command_class
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.conftest import ROOT


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("locale", "words"),
    [("en_GB.UTF-8", "There is no such file"), ("zh_CN.UTF-8", "没有这个文件"), ("C", "没有这个文件")],
)
def test_a_command_follows_the_locale(monkeypatch: pytest.MonkeyPatch, settings, locale: str, words: str) -> None:
    settings.LANGUAGE_CODE = "zh-hans"
    for variable in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LANG", locale)
    with pytest.raises(CommandError, match=words):
        call_command("import_questions", "nothing.md")


@pytest.mark.django_db
def test_a_command_ends_at_once_where_the_database_is_not_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    newest = max(name for app, name in MigrationRecorder(connection).applied_migrations() if app == "questions")
    MigrationRecorder(connection).record_unapplied("questions", newest)
    for command in (("search", "缓存"), ("grader_exam",), ("verify_audit",)):
        with pytest.raises(CommandError, match=r"run “manage\.py prepare” first") as told:
            call_command(*command)
        assert told.value.returncode == 69


def test_a_command_says_in_one_line_that_there_is_no_database() -> None:
    env = {**os.environ, "DATABASE_URL": "postgres://postgres@127.0.0.1:1/nothing", "LC_ALL": "en_GB.UTF-8"}
    command = [sys.executable, "manage.py", "search", "缓存"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (69, 1), done.stderr
    assert done.stderr.startswith("CommandError: The database cannot be used: connection"), done.stderr


OURS = [
    (app, command)
    for app in ("interviewer", "questions")
    for command in find_commands(f"{apps.get_app_config(app).path}/management")
]


@pytest.mark.parametrize(("app", "command"), OURS)
@pytest.mark.parametrize("locale", ["en_GB.UTF-8", "zh_CN.UTF-8"])
def test_every_command_tells_what_it_does(monkeypatch: pytest.MonkeyPatch, app: str, command: str, locale: str) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    told = load_command_class(app, command).create_parser("manage.py", command).format_help()
    assert f"manage.py {command}" in told and len(told.splitlines()) > 5
