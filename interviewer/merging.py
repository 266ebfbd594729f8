"""Two versions of one text side by side: where they agree, where they differ, and both put together. Pure text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

# A clause with the punctuation that ends it: differences in Chinese are read clause by clause, not word by word.
_CLAUSE = re.compile(r"(?=.).*?(?:[\n，。；！？、：]+|[,.;!?:]+(?=\s)|\Z)", re.DOTALL)
_MOST_PAIRS = 160_000  # clauses of the one times clauses of the other; beyond, the middle counts as different


@dataclass(frozen=True)
class Part:
    """A stretch of the two texts: the same in both, or different (and then either may be empty)."""

    mine: str
    other: str

    @property
    def same(self) -> bool:
        return self.mine == self.other


def compare(mine: str, other: str) -> list[Part]:
    """The parts of two texts in order; joined, each side is its whole text again."""
    ours, theirs = _CLAUSE.findall(mine), _CLAUSE.findall(other)
    start = _shared(ours, theirs)
    end = _shared(ours[start:][::-1], theirs[start:][::-1])
    middle = _changed(ours[start : len(ours) - end], theirs[start : len(theirs) - end])
    head, tail = "".join(ours[:start]), "".join(ours[len(ours) - end :])
    return list(_joined(part for part in (Part(head, head), *middle, Part(tail, tail)) if part.mine or part.other))


def _shared(one: list[str], two: list[str]) -> int:
    """How many clauses two texts have in common from their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def both(parts: Iterable[Part]) -> str:
    """One text that has everything: what agrees once, what differs twice, mine first, each on lines of its own."""
    return "".join(part.mine if part.same else _after_one_another(part) for part in parts)


def _after_one_another(part: Part) -> str:
    between = "\n" if part.mine and part.other and not part.mine.endswith("\n") else ""
    return part.mine + between + part.other


def _changed(ours: list[str], theirs: list[str]) -> Iterator[Part]:
    if len(ours) * len(theirs) > _MOST_PAIRS:
        yield Part("".join(ours), "".join(theirs))
        return
    for _tag, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        yield Part("".join(ours[a:b]), "".join(theirs[c:d]))


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    """Neighbours of the same sort as one part."""
    held: Part | None = None
    for part in parts:
        if held is not None and held.same == part.same:
            held = Part(held.mine + part.mine, held.other + part.other)
            continue
        if held is not None:
            yield held
        held = part
    if held is not None:
        yield held
