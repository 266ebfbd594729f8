"""Metadata values: what stands behind "Difficulty:", "Time:", "Tags:", "Kind:" and "Topic:"."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from questions.documents.parsed import NUMBER_LENGTH, SLUG_LENGTH, TAGS_LENGTH, TITLE_LENGTH, TOPIC_LENGTH

_LEVELS = {2: "简单 初级 入门 easy", 3: "中等 中级 medium", 4: "困难 高级 难 hard"}
_KINDS = {
    "coding": "编程 编程题 代码 代码题 算法 coding code programming",
    "discussion": "讨论 讨论题 问答 问答题 简答 简答题 discussion",
}
_LEVEL = {word: level for level, words in _LEVELS.items() for word in words.split()}
_KIND = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_TIME = re.compile(r"(\d{1,9})\s*(s|sec|secs|second|seconds|秒|秒钟|m|min|mins|minute|minutes|分|分钟)?")
_STATUSES = {
    "draft": "草稿|draft",
    "review": "审核中|待审核|in review|review",
    "published": "已发布|发布|published",
    "retired": "已停用|停用|retired",
}
_STATUS = {word: status for status, words in _STATUSES.items() for word in words.split("|")}
STATUSES = tuple(_STATUSES)
_COMMAS = re.compile(r"[,，、;；]")


def read_value(kind: str, raw: str) -> Any:
    """The value of a metadata label: int for difficulty and seconds, tuple for tags, str for kind and topic.

    Topic, title, number and slug in JSON's quotes, and tags as a JSON list of strings, are taken to the letter.
    Raises ValueError with a sentence for the author.
    """
    if (exact := _to_the_letter(kind, raw.strip())) is not None:
        return exact
    text = unicodedata.normalize("NFKC", raw).strip().strip("*`").strip()
    return _READERS[kind](text)


def _to_the_letter(kind: str, raw: str) -> Any:
    """The value of a quoted text or a list of quoted texts; None where `raw` is no such thing."""
    if kind not in _LONGEST or raw[:1] not in ('"', "["):
        return None
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if kind == "tags" and isinstance(value, list) and all(isinstance(tag, str) for tag in value):
        joined = ", ".join(value)  # as the bank keeps them: a comma within a tag would part it
        holds = len(joined) <= TAGS_LENGTH and not any(re.search("[,，、]", tag) or tag != tag.strip() for tag in value)
        return tuple(value) if holds and all(value) else None
    fits = isinstance(value, str) and kind != "tags" and 0 < len(value) <= _LONGEST[kind]
    fits = fits and (kind != "slug" or bool(_SLUG.fullmatch(value)))
    return value if fits else None


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


def _status(text: str) -> str:
    if text.casefold() not in _STATUS:
        message = _("Status “%(value)s” is not used: write “draft”, “in review”, “published” or “retired”.")
        raise ValueError(message % {"value": text[:40]})
    return _STATUS[text.casefold()]


def _short(kind: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not text or len(text) > _LONGEST[kind] or (kind == "slug" and not _SLUG.fullmatch(text)):
            message = _("“%(value)s” is not used: write 1 to %(length)d characters.")
            raise ValueError(message % {"value": text[:40], "length": _LONGEST[kind]})
        return text

    return read


_LONGEST = {
    "topic": TOPIC_LENGTH,
    "tags": TAGS_LENGTH,
    "title": TITLE_LENGTH,
    "number": NUMBER_LENGTH,
    "slug": SLUG_LENGTH,
}
_SLUG = re.compile(r"[-\w]+")
_READERS: dict[str, Callable[[str], Any]] = {
    "difficulty": _difficulty,
    "seconds": _seconds,
    "tags": _tags,
    "kind": _kind,
    "topic": _topic,
    "status": _status,
    **{kind: _short(kind) for kind in ("title", "number", "slug")},
}
