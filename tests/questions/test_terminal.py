"""Commands speak the language of the terminal."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command


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
