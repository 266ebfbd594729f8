"""Metadata values: what stands behind "Difficulty:", "Time:", "Tags:", "Kind:" and "Topic:"."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.utils.translation import gettext as _

from questions.documents.parsed import TAGS_LENGTH, TOPIC_LENGTH

_LEVELS = {2: "简单 初级 入门 easy", 3: "中等 中级 medium", 4: "困难 高级 难 hard"}
_KINDS = {
    "coding": "编程 编程题 代码 代码题 算法 coding code programming",
    "discussion": "讨论 讨论题 问答 问答题 简答 简答题 discussion",
}
_LEVEL = {word: level for level, words in _LEVELS.items() for word in words.split()}
_KIND = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_TIME = re.compile(r"(\d{1,9})\s*(s|sec|secs|second|seconds|秒|秒钟|m|min|mins|minute|minutes|分|分钟)?")
_COMMAS = re.compile(r"[,，、;；]")


def read_value(kind: str, raw: str) -> Any:
    """The value of a metadata label: int for difficulty and seconds, tuple for tags, str for kind and topic.

    Raises ValueError with a sentence for the author.
    """
    text = unicodedata.normalize("NFKC", raw).strip().strip("*`").strip()
    return _READERS[kind](text)


def _difficulty(text: str) -> int:
    level = int(text) if re.fullmatch(r"\d{1,3}", text) else _LEVEL.get(text.casefold(), 0)
    if not 1 <= level <= 5:
        raise ValueError(_("Difficulty “%(value)s” is not used: write a number from 1 to 5.") % {"value": text[:40]})
    return level


def _seconds(text: str) -> int:
    match = _TIME.fullmatch(text.casefold())
    seconds = int(match[1]) * (60 if (match[2] or "s")[0] in "m分" else 1) if match else 0
    if not 30 <= seconds <= 7200:
        message = _("Time “%(value)s” is not used: write a number of seconds from 30 to 7200.")
        raise ValueError(message % {"value": text[:40]})
    return seconds


def _tags(text: str) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(tag for part in _COMMAS.split(text) if (tag := part.strip())))
    if len(", ".join(tags)) > TAGS_LENGTH:
        raise ValueError(
            _("These tags are not used: write at most %(length)d characters of tags.") % {"length": TAGS_LENGTH}
        )
    return tags


def _kind(text: str) -> str:
    if text.casefold() not in _KIND:
        raise ValueError(_("Kind “%(value)s” is not used: write “coding” or “discussion”.") % {"value": text[:40]})
    return _KIND[text.casefold()]


def _topic(text: str) -> str:
    if not text or len(text) > TOPIC_LENGTH:
        message = _("Topic “%(value)s” is not used: write a name of 1 to %(length)d characters.")
        raise ValueError(message % {"value": text[:40], "length": TOPIC_LENGTH})
    return text


_READERS = {"difficulty": _difficulty, "seconds": _seconds, "tags": _tags, "kind": _kind, "topic": _topic}
