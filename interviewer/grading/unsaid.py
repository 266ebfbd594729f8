"""What stands in an answer without being said.

That is what it denies, a reference held up, the question over again, and the names of key points, listed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from questions.frozen import FrozenQuestion

from .clauses import ReadAnswer
from .copied import Copied, copied
from .denial import denied
from .points import question_points
from .reference import asked_text, plain
from .shape import is_prose
from .verdict import Span
from .words import has_words, units

FEWEST_NAMES = 3  # key points' names in a row that are a list of them
_BETWEEN_NAMES = r"[\W_]*(?:[^\W_]{1,3}[\W_]+|[和与及]|以及|还有)?"
_END = re.compile(r"[。！？!?;；:：\n]|\.(?=\s|$)")


@dataclasses.dataclass(frozen=True)
class Unsaid:
    """`spans`: (start, end) in the normalised answer of what does not count; `copy`: what it has of the reference.

    `echo`: where the answer holds the question's words; among the `spans` only when the sentence ends with them.
    """

    copy: Copied
    spans: tuple[Span, ...]
    echo: tuple[Span, ...]


def unsaid(question: FrozenQuestion, answer: ReadAnswer) -> Unsaid:
    """What of `answer` is not its own statement, by its words alone."""
    text, points = plain(answer.text), question_points(question)
    earning = "\n".join(plain(point.text) for point in points if point.kind != "pitfall")
    copy = copied(text, plain(question.reference), earning)
    labels = units(asked_text(question)).union(*(units(point.name) for point in points))
    asked = copied(text, plain(question.prompt))
    echo = (asked.span,) if asked.is_reference and not asked.between else ()
    repeated = [span for span in echo if not _goes_on(text[span[1] :])]
    listed = _listed(text, [plain(point.name) for point in points]) if is_prose(question.reference) else ()
    return Unsaid(copy, (*denied(text, copy, labels), *repeated, *listed), echo)


def _listed(text: str, names: list[str]) -> Iterator[Span]:
    """Key points' names one after another, as they are headed in the reference: a heading says nothing yet."""
    longest_first = sorted(filter(None, names), key=len, reverse=True)
    if len(longest_first) < FEWEST_NAMES:
        return
    name = rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![a-z0-9])"
    for found in re.finditer(rf"{name}(?:{_BETWEEN_NAMES}{name}){{{FEWEST_NAMES - 1},}}", text):
        yield found.span()


def _goes_on(text: str) -> bool:
    """Whether the sentence says something after the question's words: "what is used in X" … "in X are A and B"."""
    return has_words(_END.split(text, maxsplit=1)[0])
