"""What an answer says of who wrote it, blacked out before a model reads it: e-mail addresses, telephone numbers, names.

Each character becomes one other, so that whatever points into the text still points at the same place. What a model
needs in order to grade is left alone: numbers that are no telephone's, matrix products, names that are words of the
question itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

MASK = "█"
LONG = 6  # letters from which on a single name is looked for however it is written: "will" and "max" are words too

_CJK = "\u3400-\u9fff"
_CHINESE = re.compile(f"[{_CJK}]")
# Looked for beside a name rather than made part of its pattern: such a class takes milliseconds to compile.
_LETTER = re.compile(rf"[^\W{_CJK}]")
# `q@k.transpose(1, 2)` and `x@w.weight` are no addresses, so the last part is one that addresses end with.
_ENDINGS = "com|org|net|edu|gov|info|biz|dev|app|xyz|tech|online|site|cloud|email|top|wang|[a-z]{2}"
_EMAIL = re.compile(
    rf"(?<![a-z0-9._%+-])[a-z0-9._%+-]+@(?:[a-z0-9-]+\.)+(?:{_ENDINGS})(?![a-z0-9_(\[-]|\.[a-z0-9])", re.IGNORECASE
)
# Of a number with a unit, or one that ends with many zeros, nobody is called.
_NO_UNIT = r"(?![a-z0-9_%]|[.,]\d|\s*(?:[亿万个次条元字倍]|参数|tokens?\b|param))"
_MOBILE = re.compile(
    rf"(?<![a-z0-9_+*^])(?<!\d[.,])(?:(?:\+|00)?86[- ]?)?1[3-9]\d(?:[- ]?\d{{4}}){{2}}{_NO_UNIT}", re.IGNORECASE
)
_ABROAD = re.compile(
    rf"(?<![a-z0-9_.)\]+])\+(?:1[- ]?\(?[2-9]\d|[2-9]\d)\d?\)?(?:[- ]?\(?\d{{1,4}}\)?){{2,5}}{_NO_UNIT}", re.IGNORECASE
)
_ZEROS = "000000"
# Names that are written like these are words far more often.
_WORDS = frozenset(
    {"ai", "an", "art", "as", "at", "be", "by", "can", "do", "he", "if", "in", "is", "it", "mark", "max", "may", "min",
     "ml", "my", "no", "of", "on", "or", "so", "to", "us", "we", "will"}
)  # fmt: skip


def masked(text: str, names: Collection[str] = (), subject: str = "") -> str:
    """`text`, as long as it was, without e-mail addresses, telephone numbers and `names`.

    A name is left where `subject`, the question's own texts, uses it too: there it is a word of the matter.
    """
    hidden = [match.span() for match in _EMAIL.finditer(text)]
    hidden += [match.span() for match in _MOBILE.finditer(text) if not match[0].endswith(_ZEROS)]
    hidden += [match.span() for match in _ABROAD.finditer(text) if _is_dialled(match[0])]
    for name in _looked_for(names):
        if not any(_spans(name, subject)):
            hidden += _spans(name, text)
    if not hidden:
        return text
    letters = list(text)
    for start, end in hidden:
        letters[start:end] = [each if each.isspace() else MASK for each in text[start:end]]
    return "".join(letters)


def _is_dialled(number: str) -> bool:
    digits = sum(each.isdigit() for each in number)
    return (8 if re.search(r"[- (]", number) else 10) <= digits <= 15 and not number.endswith(_ZEROS)


def _looked_for(names: Collection[str]) -> Iterator[str]:
    for name in dict.fromkeys(" ".join(each.split()) for each in names):
        if len(name) >= 2 and name not in _WORDS:
            yield name


def _spans(name: str, text: str) -> Iterator[tuple[int, int]]:
    """Where `text` has `name`, Latin ones as words of their own."""
    if _CHINESE.search(name):  # has no word boundaries
        letters = r"\s?".join(re.escape(each) for each in name if not each.isspace())
        yield from (match.span() for match in re.finditer(letters, text, re.IGNORECASE))
        return
    loosely = len(name) >= LONG or not name.isalpha()
    pattern = re.compile(r"\s+".join(map(re.escape, name.split())), re.IGNORECASE if loosely else 0)
    at = 0
    while match := pattern.search(text, at):
        start, end = match.span()
        within_a_word = _LETTER.match(text[max(start - 1, 0) : start]) or _LETTER.match(text[end : end + 1])
        at = start + 1 if within_a_word else end
        if not within_a_word:
            yield start, end
