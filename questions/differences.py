"""What differs between two texts, line by line and there word by word; Chinese character by character. Pure text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

# A line break, blanks, a word of letters, or one character: of Chinese, Japanese and Korean, or a punctuation mark.
_WORD = re.compile(r"\n|[^\S\n]+|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|.", re.DOTALL)
_MOST_PAIRS = 250_000  # words of the one times words of the other; beyond, all of them count as different
_SHORTEST_ISLAND = 3  # fewer characters in common between two changes are chance: 的, "a"
_CONTEXT = 120  # characters that are shown of what stayed, on either side of a change

_Pair = tuple[str, str]


class Piece(NamedTuple):
    """A stretch of text that stayed, went or came; "left out" stands for one that stayed and is not shown."""

    kind: Literal["same", "gone", "new", "left out"]
    text: str

    @property
    def shown(self) -> str:
        """The text, its line breaks visible where they are what changed."""
        return self.text if self.kind == "same" else self.text.replace("\n", "↵\n")


def compare(old: str, new: str) -> list[Piece]:
    """The pieces that lead from `old` to `new`; without "new" they are the old text, without "gone" the new one."""
    lines = _pairs(old.splitlines(keepends=True), new.splitlines(keepends=True))
    words = (pair for old, new in lines for pair in _within(old, new))
    pieces: list[Piece] = []
    for gone, came in _joined(words):
        if gone == came:
            pieces.append(Piece("same", gone))
        else:
            pieces += replaced(gone, came)
    return pieces


def replaced(old: str, new: str) -> list[Piece]:
    """The pieces where one value took the place of another: nothing of it stayed."""
    return [Piece("gone", old)] * bool(old) + [Piece("new", new)] * bool(new)


def folded(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, with long stretches that stayed cut down to what stands beside a change."""
    shown: list[Piece] = []
    for place, piece in enumerate(pieces):
        before = _CONTEXT if place else 0
        after = _CONTEXT if place < len(pieces) - 1 else 0
        if piece.kind != "same" or len(piece.text) <= before + after:
            shown.append(piece)
            continue
        kept = [Piece("same", piece.text[:before]), Piece("left out", "")]
        kept += [Piece("same", piece.text[-after:])] if after else []
        shown += [each for each in kept if each.text or each.kind == "left out"]
    return shown


def _within(old: str, new: str) -> list[_Pair]:
    """A changed stretch word by word."""
    if old == new or not old or not new:
        return [(old, new)]
    return _without_islands(_joined(_pairs(_WORD.findall(old), _WORD.findall(new))))


def _pairs(old: list[str], new: list[str]) -> Iterator[_Pair]:
    """Both sequences in stretches that are the same or different, those in common at both ends first."""
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    ours, theirs = old[start : len(old) - end], new[start : len(new) - end]
    yield "".join(old[:start]), "".join(old[:start])
    if len(ours) * len(theirs) > _MOST_PAIRS:
        yield "".join(ours), "".join(theirs)
    else:
        for _tag, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
            yield "".join(ours[a:b]), "".join(theirs[c:d])
    tail = "".join(old[len(old) - end :])
    yield tail, tail


def _shared(one: list[str], two: list[str]) -> int:
    """How many elements both have in common from their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _without_islands(pairs: list[_Pair]) -> list[_Pair]:
    """The pairs, what is in common by chance between two changes counted as changed."""
    told = []
    for place, (old, new) in enumerate(pairs):
        inside = 0 < place < len(pairs) - 1
        island = inside and old == new and len(old.strip()) < _SHORTEST_ISLAND and "\n" not in old
        told.append((old, new, old == new and not island))
    joined: list[tuple[str, str, bool]] = []
    for old, new, same in told:
        if joined and joined[-1][2] == same:
            old, new = joined[-1][0] + old, joined[-1][1] + new
            joined.pop()
        joined.append((old, new, same))
    return [(old, new) for old, new, _same in joined]


def _joined(pairs: Iterable[_Pair]) -> list[_Pair]:
    """Neighbours of the same sort as one, empty ones left out."""
    joined: list[_Pair] = []
    for old, new in pairs:
        if not old and not new:
            continue
        if joined and (joined[-1][0] == joined[-1][1]) == (old == new):
            old, new = joined[-1][0] + old, joined[-1][1] + new
            joined.pop()
        joined.append((old, new))
    return joined
