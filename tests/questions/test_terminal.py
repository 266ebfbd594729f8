"""Commands speak the language of the terminal."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, find_commands, load_command_class


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
