"""A document's name and language, from its file name and its text."""

from __future__ import annotations

import hashlib
import re

from questions.documents.lines import Line
from questions.documents.parsed import NAME_LENGTH

_ENDING = re.compile(r"\.(?:md|markdown|mdown|txt|text|json|ya?ml|csv|xlsx|docx|zip)$", re.IGNORECASE)
_LANGUAGE = re.compile(r"\.(?P<code>zh|en)(?:[-_](?:hans|cn|us|gb))?$", re.IGNORECASE)
_CODES = {"zh": "zh-hans", "en": "en"}
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LETTER = re.compile(r"[A-Za-z]")
_CHINESE_SHARE = 0.2  # Chinese texts on computing are full of English terms


def split_name(file_name: str) -> tuple[str, str]:
    """("evaluation", "zh-hans") for "evaluation.zh.md"; the language is empty where the name does not tell it.

    The name is at most 120 characters; of a longer one the end is replaced by a hash, so that it stays unique.
    """
    stem = _ENDING.sub("", file_name.replace("\\", "/").rsplit("/", 1)[-1].strip())
    match = _LANGUAGE.search(stem)
    if match and match.start() > 0:
        return _fit(stem[: match.start()]), _CODES[match["code"].lower()]
    return _fit(stem or "document"), ""


def language_of(lines: list[Line]) -> str:
    """The language of the text outside of code, by the share of Chinese characters among its letters."""
    text = "\n".join(line.text for line in lines if not line.is_code)
    han, letters = len(_HAN.findall(text)), len(_LETTER.findall(text))
    return "zh-hans" if han and han >= _CHINESE_SHARE * (han + letters) else "en"


def _fit(name: str) -> str:
    if len(name) <= NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: NAME_LENGTH - 9]}-{digest}"
