"""Every string a person may see exists in Chinese, with the same placeholders, and the compiled catalogue is in use."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Message
from django.utils import translation

from tools.messages import all_translated, collect, read

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def messages() -> list[Message]:
    return [message for message in collect() if message.id]


def test_every_string_is_translated() -> None:
    catalogue = read()
    found = [(message.id, catalogue.get(message.id, message.context)) for message in messages()]
    missing = [text for text, message in found if message is None or not all_translated(message.string)]
    assert missing == [], "run `make messages` and translate these"


def test_nothing_is_translated_that_is_not_used() -> None:
    used = {(message.id, message.context) for message in messages()}
    assert [message.id for message in read() if message.id and (message.id, message.context) not in used] == []


def test_translations_keep_the_placeholders() -> None:
    for message in read():
        if not message.id:
            continue
        texts = message.id if isinstance(message.id, tuple | list) else (message.id,)
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        wanted = set(PLACEHOLDER.findall(texts[-1]))
        assert all(set(PLACEHOLDER.findall(string)) == wanted for string in strings), message.id


@pytest.mark.parametrize(("language", "text"), [("zh-hans", "开始计时"), ("en", "Start the clock")])
def test_the_compiled_catalogue_is_in_use(language: str, text: str) -> None:
    with translation.override(language):
        assert translation.gettext("Start the clock") == text
