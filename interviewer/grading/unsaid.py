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
from .words import units

FEWEST_NAMES = 3  # key points' names in a row that are a list of them
_BETWEEN_NAMES = r"[\W_]*(?:[^\W_]{1,3}[\W_]+|[和与及]|以及|还有)?"


@dataclasses.dataclass(frozen=True)
class Unsaid:
    """`spans`: (start, end) in the normalised answer of what does not count; `copy`: what it has of the reference.

    `echo`: where the answer holds the question's words; the `spans` have it without a clause that goes on after it.
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
    repeated = [_without_what_goes_on(span, answer) for span in echo]
    listed = _listed(text, [plain(point.name) for point in points]) if is_prose(question.reference) else ()
    spans = (*denied(text, copy, labels), *repeated, *listed)
    return Unsaid(copy, tuple(span for span in spans if span[0] < span[1]), echo)


def _listed(text: str, names: list[str]) -> Iterator[Span]:
    """Key points' names one after another, as they are headed in the reference: a heading says nothing yet."""
    longest_first = sorted(filter(None, names), key=len, reverse=True)
    if len(longest_first) < FEWEST_NAMES:
        return
    name = rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![a-z0-9])"
    for found in re.finditer(rf"{name}(?:{_BETWEEN_NAMES}{name}){{{FEWEST_NAMES - 1},}}", text):
        yield found.span()


def _without_what_goes_on(echo: Span, answer: ReadAnswer) -> Span:
    """The question's words, but for a clause that says something with them ("what is in X" … "in X are A and B")."""
    start, end = echo
    for clause in answer.clauses:
        if clause.at[0] < end <= clause.at[1]:
            goes_on = units(answer.text[end : clause.at[1]])
            return (start, max(start, clause.at[0]) if goes_on else clause.at[1])
    return echo
