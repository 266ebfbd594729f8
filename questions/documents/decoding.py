"""Bytes of a file → text."""

from __future__ import annotations

import codecs
import re
import unicodedata

from django.utils.translation import gettext as _

_BOMS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


class DocumentError(ValueError):
    """A file that cannot be read at all; its message is a sentence for the person who sent it."""


def decode(data: bytes) -> str:
    """The text in `data`: UTF-8, UTF-16, UTF-32 (with a mark) or GB18030. Raises DocumentError for anything else."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _checked(data[len(bom) :], [encoding])
    return _checked(data, _guesses(data))


def _guesses(data: bytes) -> list[str]:
    """Encodings to try in turn. Plain text holds (almost) no zero bytes; UTF-16 holds them on one side of each pair."""
    sample = data[:100_000]
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if max(low, high) * 50 < len(sample) or min(low, high) * 4 > max(low, high):
        return ["utf-8", "gb18030"]
    return ["utf-16-le" if high > low else "utf-16-be"]


def _checked(data: bytes, encodings: list[str]) -> str:
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_plausible(text, encoding):
            return text
    raise DocumentError(_("This is not a text file: save it as UTF-8 text and try again."))


def _is_plausible(text: str, encoding: str) -> bool:
    """Text holds hardly any control characters, nor, where the encoding was a guess, characters that do not exist."""
    if sum(1 for _match in _CONTROL.finditer(text)) * 100 > len(text):
        return False
    sample = "" if encoding == "utf-8" else text[:10_000]
    return sum(unicodedata.category(char) in ("Cn", "Co") for char in sample) * 100 <= len(sample)
