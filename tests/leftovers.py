"""Where in the whole database a word stands: every column of every table, Django's own included."""

from __future__ import annotations

import json
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session


def places_of(*words: str) -> set[str]:
    """ "Model.column" of each column that holds one of the words, in whatever case."""
    wanted = [word.casefold() for word in words]
    found = {
        f"{model.__name__}.{name}"
        for model in apps.get_models(include_auto_created=True)
        for row in model._base_manager.values()
        for name, value in row.items()
        if any(word in _text(value).casefold() for word in wanted)
    }
    in_sessions = (json.dumps(each.get_decoded(), ensure_ascii=False) for each in Session.objects.all())
    return found | {"Session" for text in in_sessions if any(word in text.casefold() for word in wanted)}


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode(errors="replace")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
