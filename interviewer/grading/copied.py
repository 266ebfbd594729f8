"""How much of an answer stands word for word in the reference, and where."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from .verdict import Span

RUN = 10  # letters (Chinese characters count like letters) in a row that must agree
SHORTEST = 6  # letters: a shorter reference turns up by chance
NEARLY_ALL = 0.8
LONG = 120  # letters that nobody writes again word for word
EXACT = 0.95
_LETTER = re.compile(r"[^\W_]")
_END = re.compile(r"[。！？!?;；\n]|\.(?=\s|$)")


@dataclasses.dataclass(frozen=True)
class Copied:
    """`share` 0..1 of the reference, `length` letters long, stands word for word within `span` of the answer.

    `between` is what else stands within that span.
    """

    share: float
    length: int
    span: Span
    between: tuple[str, ...]

    @property
    def is_reference(self) -> bool:
        """Whether the reference as a whole has been copied."""
        return self.share >= NEARLY_ALL and self.length >= SHORTEST

    @property
    def is_pasted(self) -> bool:
        """Whether it is too long, and too exact, to have been written from memory."""
        return self.share >= EXACT and self.length >= LONG


def copied(text: str, *sources: str) -> Copied:
    """What of a reference stands in `text`; both normalised and in lower case.

    The `sources` are wordings of the same reference; the one of which most stands there counts. Each of their sentences
    is looked for on its own, so that what is put between them hides none of them.
    """
    places = [match.start() for match in _LETTER.finditer(text)]
    said = "".join(text[at] for at in places)
    wordings = [_long_enough("".join(_LETTER.findall(piece)) for piece in _END.split(source)) for source in sources]
    known = [
        {piece[i : i + RUN] for piece in of for i in range(max(1, len(piece) - RUN + 1))} - {""} for of in wordings
    ]
    every = set[str]().union(*known)
    hits = sorted(hit for size in {len(run) for run in every} for hit in _runs(said, size, every))
    found = {said[start:end] for start, end in hits}
    share, length = max(
        (len(runs & found) / max(1, len(runs)), sum(map(len, of))) for runs, of in zip(known, wordings, strict=True)
    )
    if not hits:
        return Copied(0.0, length, (0, 0), ())
    between = tuple(text[places[a - 1] + 1 : places[b]] for a, b in _gaps(hits))
    return Copied(share, length, (places[hits[0][0]], places[max(end for _, end in hits) - 1] + 1), between)


def _long_enough(pieces: Iterable[str]) -> list[str]:
    """The pieces, each joined with those after it up to the length of a run; a shorter one turns up by chance."""
    kept = [""]
    for piece in pieces:
        if len(kept[-1]) < RUN:
            kept[-1] += piece
        else:
            kept.append(piece)
    if len(kept) > 1 and len(kept[-1]) < RUN:
        kept[-2:] = ["".join(kept[-2:])]
    return kept


def _runs(said: str, size: int, known: set[str]) -> Iterator[Span]:
    """Where the `known` runs of `size` letters stand in `said`."""
    return ((i, i + size) for i in range(len(said) - size + 1) if said[i : i + size] in known)


def _gaps(hits: list[Span]) -> Iterator[Span]:
    """(end of what is copied, start of the next copied stretch), in letters, wherever something stands between."""
    reached = hits[0][1]
    for start, end in hits:
        if start > reached:
            yield reached, start
        reached = max(reached, end)
