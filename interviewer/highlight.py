"""Cut a text at the edges of its evidence spans, so that a template can mark each piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Segment:
    """A run of text and the keys of the points that it is evidence for (none: plain text)."""

    text: str
    points: tuple[str, ...]


def highlight(text: str, spans: Mapping[str, Sequence[Sequence[int]]]) -> list[Segment]:
    """`text` in order, cut at every span edge; `spans` maps a point's key to [start, end) offsets in characters."""
    size = len(text)
    clipped = [
        (min(max(0, a), size), min(max(0, b), size), key) for key, pairs in spans.items() for a, b in pairs if a < b
    ]
    edges = sorted({0, size, *(edge for start, end, _ in clipped for edge in (start, end))})
    return [
        Segment(text[start:end], tuple(key for a, b, key in clipped if a <= start and end <= b))
        for start, end in pairwise(edges)
    ]
