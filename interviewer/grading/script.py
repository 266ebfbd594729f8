"""Traditional Chinese characters as simplified ones, one for one, so that offsets stay."""

from __future__ import annotations

from functools import lru_cache

from opencc import OpenCC

_FIRST, _LAST = 0x3400, 0x9FFF


def simplified(text: str) -> str:
    """`text` in simplified characters. Read character by character: where words decide, the common form is taken."""
    return text if text.isascii() else text.translate(_table())


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    characters = [chr(code) for code in range(_FIRST, _LAST + 1)]
    # Line by line no character meets another, and the converter, which threads must not share, is used only here.
    simple = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {ord(one): other for one, other in zip(characters, simple, strict=True) if one != other}
