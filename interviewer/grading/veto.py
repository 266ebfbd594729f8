"""What code holds against a model's word: a clause that shows nothing of the point, or says the opposite.

A credulous model says "met" to whatever it is shown, so the clause it points at must bear it out. These bars are low:
a strong model, which points at the right clause, loses next to nothing by them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from interviewer.llm import LLMError
from questions.frozen import FrozenPoint, FrozenQuestion

from . import polarity
from .clauses import Clause, ReadAnswer
from .denial import blank
from .offered import left_out
from .points import question_points
from .reference import MANY, Read, Reference, answered_in, language_of, plain, reference_of
from .soft import Match
from .verdict import Span
from .words import figures, new_units, share_of_figures, telling, units

FEWEST_WORDS = 2  # of a point that has more: one that a clause shares with it is chance
ENOUGH_WORDS = 0.2  # share of a point's new words that is evidence for it
# Share of a point's meaning, above what unrelated text holds, that is: with some of its words beside it, and without.
# Without, texts that talk to the grader come to .32 in Chinese and to .13 in English, which another model reads. Across
# languages nine of ten translated points pass, and 1 to 3 of 100 unrelated ones (benchmarks/judge.md).
ENOUGH_MEANING = 0.2
MEANING_ALONE = {"zh": 0.4, "en": 0.2, MANY: 0.3}
PITFALL_WORDS = 0.4  # a mistake costs, and speaks of the same things as the truth: the bars are higher
PITFALL_MEANING = 0.6


@dataclasses.dataclass(frozen=True)
class Models:
    """What reads meaning: `read` and `name` as for `reference_of`."""

    read: Read
    name: Callable[[str], str]


class Evidence:
    """What the clauses `shown` of one answer hold of each key point; the models are asked only where words fail.

    Without `models`, or where they cannot be had, words alone decide. Nothing else of the answer is read, nor is
    `echo`, (start, end) of the question's own words in the normalised answer: they are near what is asked for.
    """

    def __init__(
        self,
        question: FrozenQuestion,
        answer: ReadAnswer,
        shown: Sequence[Clause],
        echo: Sequence[Span] = (),
        models: Models | None = None,
    ) -> None:
        self._question, self._answer, self._models = question, answer, models
        self._text = blank(plain(answer.text), [*left_out(answer, shown), *echo])
        self._points = question_points(question)
        self._asked = f"{question.title}\n{question.prompt}"

    def shown(self, point: int, clauses: Sequence[Clause]) -> bool:
        """Whether `clauses` could make point number `point` (from 0) at all."""
        is_pitfall = self._points[point].kind == "pitfall"
        words = overlap(self._points[point], clauses, self._asked)
        if words >= (PITFALL_WORDS if is_pitfall else ENOUGH_WORDS):
            return True
        wanted = figures(self._points[point].text) - figures(self._asked)
        if not is_pitfall and share_of_figures(wanted, " ".join(clause.text for clause in clauses)) > 0:
            return True
        if self._models is None:
            return False
        try:
            alone = MEANING_ALONE[self._reference.read_as]
            meaning = PITFALL_MEANING if is_pitfall else ENOUGH_MEANING if words else alone
            return self._recall(point, clauses) >= meaning
        except LLMError:
            return False

    def words(self, clauses: Sequence[Clause]) -> float:
        """The share 0..1 of the words of what is asked for that `clauses` hold, by the weight of the points."""
        asked_for = [point for point in self._points if point.kind == "must"] or list(self._points)
        held = sum(point.weight * overlap(point, clauses, self._asked) for point in asked_for)
        return held / sum(point.weight for point in asked_for)

    def _recall(self, point: int, clauses: Sequence[Clause]) -> float:
        """The share 0..1 of the point's meaning, token by token, above what unrelated text would hold.

        Its name is not listened to: a heading says nothing yet.
        """
        match, offsets = self._match
        name = plain(self._points[point].name)
        named = [found.span() for found in re.finditer(re.escape(name), self._text)] if name else []
        heard = _within(offsets, [clause.at for clause in clauses]) & ~_within(offsets, named)
        return self._reference.share(match, point, heard)

    @cached_property
    def _reference(self) -> Reference:
        assert self._models is not None
        language = answered_in(self._question, self._answer.text)
        return reference_of(self._question, self._models.read, self._models.name, language)

    @cached_property
    def _match(self) -> tuple[Match, npt.NDArray[np.int32]]:
        assert self._models is not None
        return self._reference.match(self._text, self._models.read)


def held(question: FrozenQuestion, answer: ReadAnswer, models: Models | None) -> Callable[[Clause], float]:
    """What tells of a clause of `answer` the largest share 0..1 of a key point that it holds.

    Of its words, that is, or of its meaning where the languages differ and `models` can be had.
    """
    points, asked = question_points(question), f"{question.title}\n{question.prompt}"
    language = answered_in(question, answer.text)

    def share(clause: Clause) -> float:
        words = max(overlap(point, [clause], asked) for point in points)
        if models is None or language == language_of(question):
            return words
        try:
            reference = reference_of(question, models.read, models.name, language)
            return max(words, reference.held(clause.text, models.read))
        except LLMError:
            return words

    return share


def overlap(point: FrozenPoint, clauses: Sequence[Clause], asked: str) -> float:
    """The share 0..1 of the words that show `point` which `clauses` hold; 0 where they share one word of several.

    Words of the question and of the point's name, and single digits, show nothing, as long as the point has others.
    """
    wanted = new_units(point.text, f"{asked}\n{point.name}") or new_units(point.text, asked) or units(point.text)
    wanted = frozenset(unit for unit in wanted if len(unit) > 1 or not unit.isdigit()) or wanted
    shared = wanted & frozenset[str]().union(*(units(clause.text) for clause in clauses))
    words = telling(wanted) or wanted
    return len(shared) / len(wanted) if len(shared & words) >= min(FEWEST_WORDS, len(words)) else 0.0


def opposes(clause: Clause, point: FrozenPoint, question: FrozenQuestion) -> bool:
    """Whether the clause says the opposite of `point`, in nearly its words, and nothing that another point says."""
    if point.kind == "pitfall":
        agreed: list[polarity.Claim] = []
    elif polarity.weighs(f"{question.prompt}\n{question.reference}"):
        return False
    else:
        others = (one.text for one in question_points(question) if one.kind != "pitfall")
        agreed = [claim for text in others for claim in polarity.claims(text)]
    return polarity.contradicts(polarity.claims(clause.text), polarity.claims(point.text), agreed)


def _within(offsets: npt.NDArray[np.int32], spans: Iterable[Span]) -> npt.NDArray[np.bool_]:
    """bool [tokens]: which of the tokens lie in one of the spans, if only in part."""
    inside = np.zeros(len(offsets), np.bool_)
    for start, end in spans:
        inside |= (offsets[:, 0] < end) & (offsets[:, 1] > start)
    return inside
