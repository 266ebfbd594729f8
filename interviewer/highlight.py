"""Cut a text at the edges of its evidence spans, so that a template can mark each piece."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Segment:
    """A run of text and the keys of the points that it is evidence for (none: plain text)."""

    text: str
    points: tuple[str, ...]
    start: int = 0
    ends: tuple[str, ...] = ()  # those of `points` of which a span ends with this segment


@dataclass(frozen=True)
class Quote:
    """The words of one span; `start` is the offset of its first character, where a segment starts too."""

    start: int
    words: str


def highlight(text: str, spans: Mapping[str, Sequence[Sequence[int]]]) -> list[Segment]:
    """`text` in order, cut at every span edge; `spans` maps a point's key to [start, end) offsets in characters."""
    clipped = [(start, end, key) for key, pairs in spans.items() for start, end in _within(text, pairs)]
    edges = sorted({0, len(text), *(edge for start, end, _ in clipped for edge in (start, end))})
    return [
        Segment(
            text[start:end],
            _keys(key for a, b, key in clipped if a <= start and end <= b),
            start,
            _keys(key for a, b, key in clipped if a <= start and end == b),
        )
        for start, end in pairwise(edges)
    ]


def quotes(text: str, spans: Sequence[Sequence[int]]) -> list[Quote]:
    """What the spans of one point hold, in order of the text."""
    return [Quote(start, text[start:end]) for start, end in sorted(_within(text, spans))]


def _within(text: str, spans: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """The spans as far as they lie in the text; what then holds nothing is left out."""
    size = len(text)
    clipped = {(min(max(0, start), size), min(max(0, end), size)) for start, end in spans}
    return {(start, end) for start, end in clipped if start < end}


def _keys(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))
