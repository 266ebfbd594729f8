"""Rubric points proposed from a reference answer, by its text alone; a person approves them (`questions/rubrics.py`).

An author's own list is taken as it stands. Prose is cut into sentences, of which 3 to 7 points are made: what says
nothing new is left out, what only goes on about the one before stays with it. Every text is a stretch of the reference.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

from questions.documents.lines import block_tokens
from questions.documents.parsed import NAME_LENGTH, ParsedPoint
from questions.documents.points import list_items, named
from questions.frozen import FrozenPoint
from questions.lexical import query_terms

LEAST, ENOUGH, MOST = 3, 5, 7
NEW = 0.25  # share of a sentence's terms that neither the question nor the sentences before it hold
ALIKE = 0.5  # Dice of the terms of two points, from which on they are other words for the same
LONG = 90  # width of a sentence that is cut in two where there are few
_SHORT = 10  # width of what cannot stand alone

_CJK = "\u3400-\u9fff"
_SENTENCE_END = re.compile(rf"[。！？!?]+[”’」）)]?\s*|(?<=[^\s\d.])\.(?=\s+[\"“(A-Z{_CJK}]|\s*$)\s*|\n+")
_PART_END = re.compile(r"[；;]\s*")
_CLAUSE_END = re.compile(r"[，,]\s*|：|: |——| [—–] |(?<=\w)\s+(?=(?:and|but|while|whereas|because|so that)\b)")
_ORDINAL = re.compile(
    r"\s*(?:(?:首先|其次|再次|再者|然后|接着|最后|另外|此外|同时|还有)[，,：:]?|第?[一二三四五六七八九十]+(?:是|点|步|[、，,：:])[，,：:]?"
    r"|[（(]?\d{1,2}[）)、.](?!\d)\s*|[①-⑳]\s*"
    r"|(?:First|Second|Third|Fourth|Fifth|Next|Then|Finally|Lastly|Also|In addition|Moreover|Furthermore)(?:ly)?,\s*"
    r"|[-*+•#>]+\s+)+"
)
_GOES_ON = re.compile(
    r"(?:例如|比如|譬如|也就是说|换句话说|换言之|即[，：]|因此|所以|因而|从而|这样|这种|这些|这就|这|否则|不然|它们?|其中|反之|相比之下|如果不"
    r"|(?:For (?:example|instance)|That is|In other words|Therefore|Thus|Hence|So|This|These|They|It|Otherwise|Such"
    r"|As a result|By contrast|Which)\b)"
)
_SUMS_UP = re.compile(r"(?:综上|总之|总的来说|总而言之|以上|In (?:summary|short|conclusion)\b|Overall\b|To sum up\b)")
_LEAD = re.compile(rf"(?P<name>[\w{_CJK}][^\n：:。；;，,.!?？！]{{1,39}})(?:：|:\s)\s*(?=\S)")
_NO_NAME = re.compile(
    r"(?:包括|如下|有|是|为|在于|例如|比如|注意|说|即|分为|(?:include|are|is|example|note|follow|following)s?)$"
)


@dataclasses.dataclass(frozen=True)
class _Piece:
    """A stretch of the reference that may become a point; `block` numbers the paragraph it stands in."""

    start: int
    end: int
    block: int


@dataclasses.dataclass(frozen=True)
class Match:
    """How a proposal stands to a question's points: it says what point `number` (from 1) says, or nothing like any."""

    kind: Literal["same", "other words", "new"]
    number: int = 0


def propose(reference: str, asked: str) -> list[ParsedPoint]:
    """Points for `reference`; `asked` is what the question says already. None for an empty reference."""
    items, _rest = list_items(reference)
    if len(items) >= LEAST:
        return _distinct(_point(item) for item in items)
    pieces = _few_enough(_enough(_with_news(_sentences(reference), reference, asked), reference), reference)
    return _distinct(_point(reference[piece.start : piece.end]) for piece in pieces)


def match(proposed: ParsedPoint | FrozenPoint, points: Sequence[FrozenPoint]) -> Match:
    """Which of a question's points says the same as `proposed`, to the letter or nearly."""
    said = [_folded(point.text) for point in points]
    if _folded(proposed.text) in said:
        return Match("same", said.index(_folded(proposed.text)) + 1)
    wanted = _terms(proposed.text)
    likeness = [_dice(wanted, _terms(point.text)) for point in points]
    best = max(range(len(points)), key=likeness.__getitem__, default=None)
    if best is None or likeness[best] < ALIKE:
        return Match("new")
    return Match("other words", best + 1)


def same(one: str, other: str) -> bool:
    """Whether two texts of points say the same, to the letter or nearly."""
    return _folded(one) == _folded(other) or _dice(_terms(one), _terms(other)) >= ALIKE


# --- Sentences ------------------------------------------------------------------


def _sentences(reference: str) -> list[_Piece]:
    """The sentences of the prose of `reference`, code and bare headings left out, their first words of order off."""
    lines = reference.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    pieces: list[_Piece] = []
    blocks = [
        token for token in block_tokens(reference) if token.map and token.type in ("paragraph_open", "html_block")
    ]
    for number, token in enumerate(blocks):
        assert token.map is not None
        first, last = starts[token.map[0]], starts[min(token.map[1], len(lines))] - 1
        pieces += _cut(reference, first, min(last, len(reference)), number, _SENTENCE_END)
    return [piece for piece in pieces if _width(reference[piece.start : piece.end])]


def _cut(text: str, start: int, end: int, block: int, boundary: re.Pattern[str]) -> list[_Piece]:
    ends = [match.end() for match in boundary.finditer(text, start, end) if match.end() < end]
    return [_trimmed(text, a, b, block) for a, b in pairwise([start, *ends, end])]


def _trimmed(text: str, start: int, end: int, block: int) -> _Piece:
    if lead := _ORDINAL.match(text, start, end):
        start = lead.end()
    while start < end and text[start].isspace():
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in "，,；;、"):
        end -= 1
    return _Piece(start, end, block)


def _with_news(pieces: list[_Piece], text: str, asked: str) -> list[_Piece]:
    """The pieces that say something new; what goes on about the one before, or cannot stand alone, is joined to it."""
    known, kept = set(_terms(asked)), list[_Piece]()
    for piece in pieces:
        said = text[piece.start : piece.end]
        terms = _terms(said)
        news = len(terms - known) / len(terms) if terms else 0.0
        known |= terms
        if _SUMS_UP.match(said) or news < NEW:
            continue
        goes_on = bool(_GOES_ON.match(said)) or _width(said) < _SHORT
        if goes_on and kept and kept[-1].block == piece.block:
            kept[-1] = dataclasses.replace(kept[-1], end=piece.end)
        else:
            kept.append(piece)
    return kept or pieces[:1]


# --- How many -------------------------------------------------------------------


def _enough(pieces: list[_Piece], text: str) -> list[_Piece]:
    """At least `LEAST` pieces, and no long one where there are fewer than `ENOUGH`, as far as clauses allow."""
    kept = list(pieces)
    while len(kept) < ENOUGH:
        wide = sorted(kept, key=lambda piece: -_width(text[piece.start : piece.end]))
        long = [piece for piece in wide if len(kept) < LEAST or _width(text[piece.start : piece.end]) >= LONG]
        halves = next(((piece, cut) for piece in long if (cut := _halves(piece, text))), None)
        if halves is None:
            break
        place = kept.index(halves[0])
        kept[place : place + 1] = halves[1]
    return kept


def _halves(piece: _Piece, text: str) -> list[_Piece]:
    """A piece in two, at the sentence or else the clause nearest to its middle, each wide enough; else []."""
    for boundary in (_SENTENCE_END, _PART_END, _CLAUSE_END):
        cuts = [found.end() for found in boundary.finditer(text, piece.start, piece.end) if found.end() < piece.end]
        middle = (piece.start + piece.end) / 2
        for at in sorted(cuts, key=lambda cut: abs(cut - middle)):
            halves = [
                _trimmed(text, piece.start, at, piece.block),
                _trimmed(text, at, piece.end, piece.block),
            ]
            if all(_width(text[half.start : half.end]) >= 2 * _SHORT for half in halves):
                return halves
    return []


def _few_enough(pieces: list[_Piece], text: str) -> list[_Piece]:
    """At most `MOST` pieces: the two neighbours that are shortest together are joined, of one paragraph if possible."""
    kept = list(pieces)
    while len(kept) > MOST:
        costs = [
            (a.block != b.block, _width(text[a.start : b.end]), place) for place, (a, b) in enumerate(pairwise(kept))
        ]
        place = min(costs)[2]
        kept[place : place + 2] = [dataclasses.replace(kept[place], end=kept[place + 1].end)]
    return kept


# --- Points ---------------------------------------------------------------------


def _point(item: str) -> ParsedPoint:
    """A point of a list item or a stretch of prose: named by what leads in bold, or by a few words before a colon."""
    name, words = named(item)
    if not name and (lead := _LEAD.match(item)) and not _NO_NAME.search(lead["name"]):
        name, words = lead["name"].strip("*_ "), item[lead.end() :].strip()
    return ParsedPoint(name[:NAME_LENGTH], words.strip())


def _distinct(points: Iterable[ParsedPoint]) -> list[ParsedPoint]:
    """The points without those that say again what one before says."""
    kept: list[ParsedPoint] = []
    for point in points:
        if point.text and not any(_folded(point.text) == _folded(other.text) for other in kept):
            kept.append(point)
    return kept


def _terms(text: str) -> frozenset[int]:
    return frozenset(query_terms(text).tolist())


def _dice(one: frozenset[int], other: frozenset[int]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _folded(text: str) -> str:
    return re.sub(r"[\s*_`]+", "", text).casefold().rstrip("。.；;")


def _width(text: str) -> int:
    """How much a text says: a Chinese character counts 2, other letters and digits 1."""
    return sum(2 if "\u3400" <= c <= "\u9fff" else 1 for c in text if c.isalnum())
