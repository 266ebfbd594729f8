"""An answer as a grader reads it: normalised, cut into numbered clauses, each known by its span in the stored text.

The stored text is never changed; hidden characters, and sentences said once more, are left out only of what is graded.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from .verdict import Span
from .words import has_words

GRADED_CHARACTERS = 12_000
MOST_CLAUSES = 60
CODE_LINES = 4

# Zero width, bidi controls, fillers, variation selectors and Unicode tags.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)
# Joiners, emoji selectors, soft hyphens and marks of direction are part of honest writing.
_SUSPICIOUS = re.compile("[\u200b\u202a-\u202e\u2060-\u206f\U000e0000-\U000e0fff]")
_CJK = "\u3400-\u9fff"
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_SENTENCE = re.compile(
    rf"[。！？!?；;]+(?=[\s\S])|\.(?=\s|$|[{_CJK}])|\n+"
    rf"|(?<=[{_CJK}。;:,.])(?=[(]\d{{1,2}}[)])|(?<=[\s。；;,，])(?=\d{{1,2}}[、.](?!\d))"
)
_COMMA = re.compile(rf"，|(?<=[{_CJK})”\"]),|——|,(?=\s)")
_MARKER = re.compile(r"^(?:[\s>*•·#-]+|[(]?\d{1,2}[).、:](?!\d)|[一二三四五六七八九十]{1,2}、|[a-eA-E][).])*[\s*]*")
_SHORTEST = 8  # width of the shortest piece worth a number of its own: a Chinese character counts 2
_AGAIN = 16  # width from which a sentence says the same wherever it stands ("成本低" is said of many)


@dataclasses.dataclass(frozen=True)
class Clause:
    """One numbered piece of an answer: `text` is normalised, `span` is (start, end) in the stored text.

    `at` is (start, end) in the normalised text of the whole answer.
    """

    number: int
    text: str
    span: Span
    at: Span = (0, 0)

    @property
    def label(self) -> str:
        """How prompts and replies name the clause: "s1", "s2" …"""
        return f"s{self.number}"


@dataclasses.dataclass(frozen=True)
class ReadAnswer:
    """An answer ready to be graded. `text` is normalised, with blanks for what is not graded, as `flags` say."""

    text: str
    clauses: tuple[Clause, ...]
    flags: tuple[str, ...]


def read_answer(stored: str) -> ReadAnswer:
    """Normalise and cut an answer; beyond `GRADED_CHARACTERS` of the stored text nothing is graded."""
    flags = ("answer_cut",) * (len(stored) > GRADED_CHARACTERS)
    flags += ("hidden_characters",) * bool(_SUSPICIOUS.search(stored))
    written, offsets = normalise(stored[:GRADED_CHARACTERS])
    text = _said_once(written)
    flags += ("said_again",) * (text != written)
    pieces = _merge(list(_pieces(text)), text)
    clauses = tuple(
        Clause(number, " ".join(text[start:end].split()), (offsets[start][0], offsets[end - 1][1]), (start, end))
        for number, (start, end) in enumerate(pieces, 1)
    )
    return ReadAnswer(text, clauses, flags)


def normalise(stored: str) -> tuple[str, list[Span]]:
    """NFKC text without hidden characters, and for each of its characters the span it came from."""
    text: list[str] = []
    offsets: list[Span] = []
    for start, end in _clusters(stored):
        shown = _shown(stored[start]) if end - start == 1 else _normalised(stored[start:end])
        text.append(shown)
        offsets += [(start, end)] if len(shown) == 1 else [(start, end)] * len(shown)
    return "".join(text), offsets


@lru_cache(maxsize=8192)
def _shown(character: str) -> str:
    """`_normalised`, of which texts have many and languages few."""
    return _normalised(character)


def _normalised(cluster: str) -> str:
    """A character, with those that combine with it, as it is graded."""
    shown = unicodedata.normalize("NFKC", _HIDDEN.sub("", cluster))
    return "".join(c if c in "\n\t" or unicodedata.category(c) != "Cc" else " " for c in shown)


def sentences(text: str) -> list[str]:
    """Normalised text -> its list items and sentences, markers and bold signs off."""
    spans = _joined(_cut(0, len(text), text, _SENTENCE), text)
    return [text[start:end].replace("**", "") for start, end in (_trim(span, text) for span in spans) if start < end]


def parts(sentence: str) -> list[str]:
    """The pieces of one sentence between its commas and colons, however short."""
    return [sentence[a:b] for a, b in (_trim(s, sentence) for s in _cut(0, len(sentence), sentence, _COMMA)) if a < b]


def _clusters(stored: str) -> Iterator[Span]:
    """The characters, each with those that combine with it."""
    if not any(map(unicodedata.combining, stored)):
        yield from zip(range(len(stored)), range(1, len(stored) + 1), strict=True)
        return
    start = 0
    for at in range(1, len(stored) + 1):
        if at == len(stored) or not unicodedata.combining(stored[at]):
            yield start, at
            start = at


def _said_once(text: str) -> str:
    """`text` with blanks for each sentence that it holds already: to say a thing again is to say nothing more.

    A short one stays unless it follows the same sentence again. (A model finds more in an answer written twenty times.)
    """
    said: set[str | tuple[str, str]] = set()
    kept, before = list(text), ""
    for span, _ in _sentences_and_code(text):
        start, end = _trim(span, text)
        sentence = " ".join(text[start:end].lower().split()).rstrip("。.;")
        if not sentence:
            continue
        if (sentence if _width(sentence) >= _AGAIN else (before, sentence)) in said:
            kept[start:end] = " " * (end - start)
        said |= {sentence, (before, sentence)}
        before = sentence
    return "".join(kept)


def _pieces(text: str) -> Iterator[Span]:
    """Spans of prose clauses and of blocks of code, in order."""
    for span, is_code in _sentences_and_code(text):
        if is_code:
            yield span
        else:
            trimmed = (_trim(piece, text) for piece in _long_enough(_cut(*span, text, _COMMA), text))
            yield from (piece for piece in trimmed if has_words(text[slice(*piece)]))


def _sentences_and_code(text: str) -> Iterator[tuple[Span, bool]]:
    """Spans of sentences of prose (False) and of blocks of code (True), in order."""
    at, in_code = 0, False
    for fence in [*_FENCE.finditer(text), None]:
        end = fence.start() if fence else len(text)
        found = _code(at, end, text) if in_code else _joined(_cut(at, end, text, _SENTENCE), text)
        yield from ((span, in_code) for span in found)
        at, in_code = (fence.end() if fence else end), not in_code


def _code(start: int, end: int, text: str) -> Iterator[Span]:
    lines = [span for span in _cut(start, end, text, re.compile(r"\n")) if has_words(text[slice(*span)])]
    for first in range(0, len(lines), CODE_LINES):
        block = lines[first : first + CODE_LINES]
        yield block[0][0], block[-1][1]


def _cut(start: int, end: int, text: str, boundary: re.Pattern[str]) -> Iterator[Span]:
    """The stretches of text[start:end] between boundaries, each with its closing mark."""
    at = start
    for match in boundary.finditer(text, start, end):
        if match.end() > at:
            yield at, match.end()
            at = match.end()
    if at < end:
        yield at, end


def _joined(spans: Iterator[Span], text: str) -> Iterator[Span]:
    """A bare list number belongs to what follows it."""
    opened: int | None = None
    for start, end in spans:
        begin = start if opened is None else opened
        if re.fullmatch(r"[\s*#>-]*\d{1,2}[.、]", text[start:end]):
            opened = begin
        else:
            yield begin, end
            opened = None


def _long_enough(spans: Iterator[Span], text: str) -> Iterator[Span]:
    """Neighbours joined until each piece is wide enough to mean something."""
    kept: list[Span] = []
    for start, end in spans:
        if kept and min(_width(text[slice(*kept[-1])]), _width(text[start:end])) < _SHORTEST:
            kept[-1] = (kept[-1][0], end)
        else:
            kept.append((start, end))
    return iter(kept)


def _merge(spans: list[Span], text: str) -> list[Span]:
    """At most `MOST_CLAUSES` spans: neighbours are joined up to a length that grows until there are few enough."""
    limit = len(text) // MOST_CLAUSES
    while len(spans) > MOST_CLAUSES:
        limit += limit // 4 + 1
        joined = [spans[0]]
        for start, end in spans[1:]:
            if end - joined[-1][0] <= limit:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        spans = joined
    return spans


def _trim(span: Span, text: str) -> Span:
    start, end = span
    start += _MARKER.match(text[start:end]).end()  # type: ignore[union-attr]  # it also matches nothing
    while end > start and (text[end - 1].isspace() or text[end - 1] in "*，,、；;"):
        end -= 1
    return start, end


def _width(text: str) -> int:
    return sum(2 if "\u3400" <= c <= "\u9fff" else 1 for c in text if c.isalnum())
