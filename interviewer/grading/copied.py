"""How much of an answer stands word for word in the reference, and where."""

from __future__ import annotations

import dataclasses
import itertools
import re

from .verdict import Span

RUN = 10  # letters (Chinese characters count like letters) in a row that must agree
SHORTEST = 6  # letters: a shorter reference turns up by chance
NEARLY_ALL = 0.8
LONG = 120  # letters that nobody writes again word for word
EXACT = 0.95
_LETTER = re.compile(r"[^\W_]")


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


def copied(text: str, reference: str) -> Copied:
    """What of `reference` stands in `text`; both normalised and in lower case."""
    places = [match.start() for match in _LETTER.finditer(text)]
    said, wanted = "".join(text[at] for at in places), "".join(_LETTER.findall(reference))
    run = max(1, min(RUN, len(wanted)))
    known = {wanted[i : i + run] for i in range(len(wanted) - run + 1)}
    hits = [i for i in range(len(said) - run + 1) if said[i : i + run] in known]
    if not hits:
        return Copied(0.0, len(wanted), (0, 0), ())
    share = len({said[i : i + run] for i in hits}) / len(known)
    pairs = itertools.pairwise(hits)
    between = tuple(text[places[a + run - 1] + 1 : places[b]] for a, b in pairs if b - a > run)
    return Copied(share, len(wanted), (places[hits[0]], places[hits[-1] + run - 1] + 1), between)
