"""Words in common: BM25 over pairs of CJK characters and over words of every other script.

`coverage` is a BM25 score divided by the most that its query could score: 1.0 means that a document repeats every term
of the query often, and figures of different queries can be compared.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

K1 = 1.2  # how soon repeating a term stops counting (the customary value)
B = 0.75  # how much a long document is held to account for its length (the customary value)
MAX_QUERY_CHARACTERS = 2_000

Ids = npt.NDArray[np.uint64]
Scores = npt.NDArray[np.float32]

# Kana, Han (with its extensions and compatibility forms) and Hangul: scripts written without blanks between words.
_CJK = (
    "\u3041-\u30ff\u3105-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_CJK}]+")
# "c++", "c#" and "f#" are words; "node.js" is two.
_WORD = re.compile(rf"[^\W_{_CJK}]+[+#]*")
_CHARACTER_BITS = np.uint64(21)
_WORD_FLAG = 1 << 42


@dataclass(frozen=True)
class Terms:
    """The terms of one text: distinct ids ascending, how often each occurs, and the text's length in terms."""

    ids: Ids
    counts: Scores
    length: int


def fold(text: str) -> str:
    """`text` as terms are compared: compatibility forms unified (NFKC), lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def terms(text: str) -> Terms:
    """The terms of a document.

    Single CJK characters are terms too, so that a query of one character finds something, but only pairs and words
    count for the length.
    """
    folded = fold(text)
    stretches = [_code_points(run) for run in runs(folded)]
    main = [*(_pairs(run) for run in stretches), _words(folded)]
    ids, counts = np.unique(np.concatenate([*main, *stretches]), return_counts=True)
    return Terms(ids, counts.astype(np.float32), sum(map(len, main)))


def query_terms(text: str) -> Ids:
    """The distinct terms of a query: pairs and words, and CJK characters that stand alone."""
    folded = fold(text[:MAX_QUERY_CHARACTERS])
    stretches = [_code_points(run) for run in runs(folded)]
    parts = [run if len(run) == 1 else _pairs(run) for run in stretches]
    return np.unique(np.concatenate([*parts, _words(folded)]))


def words(folded: str) -> list[str]:
    """The words of a folded text, in order, but for those in CJK characters."""
    return _WORD.findall(folded)


def runs(folded: str) -> list[str]:
    """The stretches of CJK characters in a folded text, in order."""
    return _RUN.findall(folded)


def overlap(one: Terms, other: Terms) -> float:
    """The share of terms that two texts have in common (Jaccard index), from 0 to 1."""
    both = np.intersect1d(one.ids, other.ids, assume_unique=True).size
    either = one.ids.size + other.ids.size - both
    return both / either if either else 0.0


class Lexicon:
    """BM25 over a fixed list of documents."""

    def __init__(self, documents: Sequence[Terms]) -> None:
        self.size = len(documents)
        lengths = np.array([document.length for document in documents], np.float32)
        typical = max(float(lengths.mean()), 1.0) if self.size else 1.0
        places = np.repeat(np.arange(self.size), [document.ids.size for document in documents])
        ids = np.concatenate([document.ids for document in documents] or [np.empty(0, np.uint64)])
        counts = np.concatenate([document.counts for document in documents] or [np.empty(0, np.float32)])
        by_term = np.argsort(ids, kind="stable")
        self._places = places[by_term]
        frequency, norm = counts[by_term], K1 * (1 - B + B * lengths / typical)[self._places]
        self._weights = frequency * (K1 + 1) / (frequency + norm)
        self._terms, self._starts = np.unique(ids[by_term], return_index=True)
        self._ends = np.append(self._starts[1:], ids.size)

    def coverage(self, query: Ids) -> Scores:
        """For every document, in the order given, how much of the query's weight it covers: float32 from 0 to 1.

        Terms that no document has count as the rarest of all: a query about something else must not look covered.
        """
        scores = np.zeros(self.size, np.float32)
        most = 0.0
        for term in query:
            start, end = self._postings(term)
            rarity = float(np.log1p((self.size - (end - start) + 0.5) / (end - start + 0.5)))
            scores[self._places[start:end]] += rarity * self._weights[start:end]
            most += rarity * (K1 + 1)
        return scores / np.float32(most) if most else scores

    def _postings(self, term: np.uint64) -> tuple[int, int]:
        place = int(np.searchsorted(self._terms, term))
        if place == self._terms.size or self._terms[place] != term:
            return 0, 0
        return int(self._starts[place]), int(self._ends[place])


def _code_points(text: str) -> Ids:
    return np.frombuffer(text.encode("utf-32-le"), "<u4").astype(np.uint64)


def _pairs(run: Ids) -> Ids:
    """Neighbouring characters, each pair as one number."""
    return (run[:-1] << _CHARACTER_BITS) | run[1:]


def _words(folded: str) -> Ids:
    return np.array([_WORD_FLAG | zlib.crc32(word.encode(errors="replace")) for word in words(folded)], np.uint64)
