"""One case of the exam: a text to be graded, and where its score has to lie."""

from __future__ import annotations

import dataclasses

from questions.frozen import FrozenQuestion


@dataclasses.dataclass(frozen=True)
class Case:
    """The score of `text`, less that of `other` where there is one, has to lie from `low` to `high`.

    `family` is judged by one bar; `kind` says what was done, `detail` to which answer.
    """

    family: str
    kind: str
    question: FrozenQuestion
    text: str
    other: str | None = None
    low: float = 0.0
    high: float = 0.0
    detail: str = ""

    def deviation(self, score: float, other: float = 0.0) -> float:
        """How far outside of its range the result lies: 0.0 is as it should be."""
        value = score - other
        return round(max(self.low - value, value - self.high, 0.0), 4)

    @property
    def label(self) -> str:
        """The case for a person, in one line."""
        return " · ".join(part for part in (self.kind, self.detail, self.question.slug) if part)


def no_gain(family: str, kind: str, question: FrozenQuestion, text: str, base: str, detail: str = "") -> Case:
    """An attack: `text` must not score higher than the `base` answer it was made of. A loss does not offset a gain."""
    return Case(family, kind, question, text, base, low=-1.0, high=0.0, detail=detail)


def no_change(family: str, kind: str, question: FrozenQuestion, text: str, base: str, detail: str = "") -> Case:
    """An invariance: `text` has to score as `base` does."""
    return Case(family, kind, question, text, base, detail=detail)
