"""How much an answer's clauses say of a key point: shared words, nearness of meaning, and polarity.

Constants were chosen on public sets of human-graded short answers (Chinese and English); cosines are those of
multilingual-e5-small, whose unrelated texts are already .8 to .9 alike.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from questions.frozen import FrozenPoint

from .clauses import Clause, normalise, parts, sentences
from .words import new_units, units

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

FLOOR_CHINESE = 0.88
FLOOR_OTHER = 0.80
CEILING = 0.98
SOFT_SHARE = 0.4  # how far nearness of meaning may lift the share of words
SOFT_NEEDS = 0.2  # below this share of words, nearness counts in proportion
SAME_CLAIM = 0.6  # from this share of its words on, a clause is about the same claim as a piece of a point

_NEGATED = re.compile(
    r"不(?!同|仅|但|过|管|论|断|一样|得不|可或缺)|没|无(?!论|序|向|监督)|未(?!来)|并非|错误地?认为"
    r"|\b(?:not|no|never|cannot|without|none|false|incorrect|wrong)\b|n['’]t\b"
)


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What speaks for a point: `lexical` and `soft` are 0..1; `clauses` hold the words; `against` deny the point."""

    lexical: float
    soft: float
    clauses: tuple[Clause, ...]
    against: tuple[Clause, ...]

    @property
    def credit(self) -> float:
        """0..1. Without a shared word there is none; nearness of meaning only lifts what words have shown."""
        nearness = self.soft * min(1.0, self.lexical / SOFT_NEEDS)
        return self.lexical + SOFT_SHARE * max(0.0, nearness - self.lexical)


def find_evidence(
    point: FrozenPoint, question: str, clauses: Sequence[Clause], cosines: npt.NDArray[np.float32]
) -> Evidence:
    """The best evidence for `point`. `cosines` [len(clauses)] are those of the point with each clause."""
    wanted = wanted_units(point, question)
    claims = _claims(point, question)
    against = [clause for clause in clauses if _denies(clause, claims)]
    speaking = [(clause, units(clause.text), float(cos)) for clause, cos in zip(clauses, cosines, strict=True)]
    speaking = [entry for entry in speaking if entry[0] not in against]
    lexical, window = _best_window(wanted, speaking, max(3, len(sentences(point.text)) + 2, len(claims)))
    soft = max((nearness(cos, point.text) for _, _, cos in speaking), default=0.0)
    return Evidence(lexical, soft, tuple(c for c, said, _ in window if wanted & said), tuple(against))


def wanted_units(point: FrozenPoint, question: str) -> frozenset[str]:
    """The words that show a point was made: those of its name and text that the question did not hand out."""
    text = f"{point.name}\n{point.text}"
    return new_units(text, question) or units(text)


def nearness(cosine: float, text: str) -> float:
    """A cosine as 0..1: nothing at the level of unrelated texts in the language of `text`, full near identity."""
    floor = FLOOR_CHINESE if re.search("[\u3400-\u9fff]", text) else FLOOR_OTHER
    return min(1.0, max(0.0, (cosine - floor) / (CEILING - floor)))


def cosines(points: Sequence[FrozenPoint], clauses: Sequence[Clause], embed: Embed) -> npt.NDArray[np.float32]:
    """[len(points), len(clauses)] cosines; `embed` gives unit vectors."""
    vectors = embed([point.text for point in points] + [clause.text for clause in clauses])
    return vectors[: len(points)] @ vectors[len(points) :].T


def _best_window(
    wanted: frozenset[str], said: list[tuple[Clause, frozenset[str], float]], longest: int
) -> tuple[float, list[tuple[Clause, frozenset[str], float]]]:
    """The shortest run of at most `longest` neighbouring clauses that holds the largest share of the wanted words."""
    best, window = 0.0, said[:0]
    for size in range(1, min(longest, len(said)) + 1):
        for first in range(len(said) - size + 1):
            found = frozenset[str]().union(*(words for _, words, _ in said[first : first + size]))
            share = len(wanted & found) / len(wanted) if wanted else 0.0
            if share > best:
                best, window = share, said[first : first + size]
    return best, window


def _claims(point: FrozenPoint, question: str) -> list[tuple[frozenset[str], bool]]:
    """The pieces of a point, with and without its name in front: their new words, and whether they deny something."""
    told = [point.text, f"{point.name}: {point.text}"] if point.name else [point.text]
    lines = [sentence for text in told for sentence in sentences(normalise(text)[0])]
    pieces = dict.fromkeys(piece for line in lines for piece in parts(line))
    return [(new_units(piece, question), _negated(piece)) for piece in pieces]


def _denies(clause: Clause, claims: list[tuple[frozenset[str], bool]]) -> bool:
    """Whether a clause speaks of the same as one claim with the opposite sign, and of no claim with the same sign."""
    said, negated = units(clause.text), _negated(clause.text)
    about = [sign for words, sign in claims if len(words) >= 3 and len(words & said) / len(words) >= SAME_CLAIM]
    return bool(about) and all(sign != negated for sign in about)


def _negated(text: str) -> bool:
    return len(_NEGATED.findall(text.lower())) % 2 == 1
