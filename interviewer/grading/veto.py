"""What code holds against a model's word: a clause that shows nothing of the point, or that the answer takes back.

A credulous model says "met" to whatever it is shown, so the clause it points at must bear it out. These bars are low:
a strong model, which points at the right clause, loses next to nothing by them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from interviewer.llm import LLMError
from questions.frozen import FrozenPoint, FrozenQuestion

from . import polarity
from .clauses import Clause, ReadAnswer
from .copied import copied
from .denial import denied
from .points import question_points
from .reference import plain
from .words import new_units, units

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

ENOUGH_WORDS = 0.2  # share of a point's new words that is evidence for it
# Cosines (multilingual-e5-small) that count as near where words do not: nine in ten points of good Chinese answers
# have them, one in ten texts that talk to the grader do. Texts of two languages lie further apart.
NEAR_CHINESE = 0.91
NEAR_OTHER = 0.85
PITFALL_WORDS = 0.4  # a mistake costs, and speaks of the same things as the truth: the bars are higher
PITFALL_NEARER = 0.02
NEW_WORDS = 0.3  # share of a clause's words that the question does not hold


def shows_evidence(point: FrozenPoint, clauses: Sequence[Clause], asked: str, embed: Embed | None = None) -> bool:
    """Whether `clauses` could make `point` at all: by words that the question `asked` does not hold, or by meaning.

    `embed`: texts -> unit vectors float32 [n, d]; without it, or without its model, words alone decide.
    """
    if overlap(point, clauses, asked) >= (PITFALL_WORDS if point.kind == "pitfall" else ENOUGH_WORDS):
        return True
    clauses = [clause for clause in clauses if _says_something(clause, f"{asked}\n{point.name}")]
    if embed is None or not clauses:
        return False
    try:
        first, *others = embed([point.text, *(clause.text for clause in clauses)])
    except LLMError:
        return False
    near = zip(others, clauses, strict=True)
    return any(float(first @ other) >= _near(point, clause.text) for other, clause in near)


def overlap(point: FrozenPoint, clauses: Sequence[Clause], asked: str) -> float:
    """The share 0..1 of the words that show `point` which `clauses` hold; a single word of several is chance: 0.

    Words of the question and of the point's name show nothing, as long as the point has others.
    """
    wanted = new_units(point.text, f"{asked}\n{point.name}") or new_units(point.text, asked) or units(point.text)
    said = frozenset[str]().union(*(units(clause.text) for clause in clauses))
    shared = len(wanted & said)
    return shared / len(wanted) if shared >= min(2, len(wanted)) > 0 else 0.0


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


def taken_back(answer: ReadAnswer, reference: str) -> frozenset[Clause]:
    """The clauses that the answer itself denies ("none of the following is true: …"): evidence for nothing."""
    text = plain(answer.text)
    spans = denied(text, copied(text, plain(reference)))
    return frozenset(
        clause for clause in answer.clauses if any(start <= sum(clause.at) / 2 < end for start, end in spans)
    )


def _says_something(clause: Clause, known: str) -> bool:
    """Whether a clause is more than the question or a point's name over again, which are near by themselves."""
    new = [unit for unit in new_units(clause.text, known) if unit.isalpha()]
    return len(new) >= max(2, NEW_WORDS * len(units(clause.text)))


def _near(point: FrozenPoint, clause: str) -> float:
    near = NEAR_CHINESE if _is_chinese(point.text) and _is_chinese(clause) else NEAR_OTHER
    return near + PITFALL_NEARER if point.kind == "pitfall" else near


def _is_chinese(text: str) -> bool:
    return any("\u3400" <= character <= "\u9fff" for character in text)
