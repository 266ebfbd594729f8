"""What curators search: the whole bank, drafts and retired questions too, by words or by meaning.

By words, no model is needed. By meaning, a question counts with the vectors it has: published ones get theirs by
themselves, others a few with each search and all of them by `embed_all`; until then their words find them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from questions import embedding, lexical, passages, retrieval
from questions import snapshot as snapshots
from questions.models import Passage, Question, QuestionQuerySet
from questions.snapshot import Snapshot

Scores = npt.NDArray[np.float32]

_PASSAGES_OF = 6  # of so many of the best the nearest passage is looked for: embedding lines is what takes the time
_LINES = 4  # of a question's part, the longest ones
_LINE_LENGTH = 200


@dataclass(frozen=True)
class Found:
    """A question that was found, by primary key. Scores only compare within one answer.

    `passage` is the piece of it that is nearest to the query in meaning, and `part` says whether of the question or of
    the answer; both "" where meaning was not asked, or has no say.
    """

    question: int
    score: float
    part: str = ""
    passage: str = ""


class _Bank:
    """All questions as this process knows them, compared with the database each time."""

    def __init__(self, *, with_vectors: bool) -> None:
        self._with_vectors, self._lock = with_vectors, threading.Lock()
        self._snapshot: Snapshot | None = None

    def now(self) -> Snapshot:
        with self._lock:
            self._snapshot = snapshots.take_all(self._snapshot, with_vectors=self._with_vectors)
            return self._snapshot

    def after_fork(self) -> None:
        """A forked child must not wait for a lock that a thread of its parent held."""
        self._lock = threading.Lock()


_for_words, _for_meaning = _Bank(with_vectors=False), _Bank(with_vectors=True)
os.register_at_fork(after_in_child=_for_words.after_fork)
os.register_at_fork(after_in_child=_for_meaning.after_fork)


def bank_in_words() -> Snapshot:
    """All questions, and which of their passages have vectors, without the vectors themselves. Loads no model."""
    return _for_words.now()


def by_words(query: str, among: QuestionQuerySet, limit: int) -> list[Found]:
    """Those of `among` that share words with the query, best first. No text raises an error."""
    bank = bank_in_words()
    return _best(bank, bank.scores(query, None, among=_keys(among)), limit)


def by_meaning(query: str, among: QuestionQuerySet, limit: int) -> list[Found]:
    """Those of `among` nearest to the query in meaning and words, best first, with the passages that say why.

    Loads the model. Raises `embedding.EmbeddingError`.
    """
    text = query[: lexical.MAX_QUERY_CHARACTERS]
    bank = _for_meaning.now()
    if bank.missing:
        passages.embed(bank.missing[: retrieval.EMBED_WHILE_SEARCHING])
        bank = _for_meaning.now()
    vector = embedding.embed_queries([text])[0]
    found = _best(bank, bank.scores(text, vector, among=_keys(among)), limit)
    return _with_passages(bank, vector, found)


def embed_all(progress: passages.Progress | None = None) -> int:
    """Give drafts, questions in review and retired ones vectors too; how many texts were embedded.

    Raises `embedding.EmbeddingError`.
    """
    return passages.embed(bank_in_words().missing, progress)


def _keys(among: QuestionQuerySet) -> set[int]:
    return set(among.order_by().values_list("pk", flat=True))


def _best(bank: Snapshot, scores: Scores, limit: int) -> list[Found]:
    """The `limit` entries with the highest scores; NaN is not found, and equal scores are in the order of slugs."""
    best = np.argsort(-scores, kind="stable")[:limit]  # NaN sorts last
    return [Found(bank.entries[row].pk, float(scores[row])) for row in best if not np.isnan(scores[row])]


def _with_passages(bank: Snapshot, vector: Scores, found: Sequence[Found]) -> list[Found]:
    """The same, the first of them with the passage of theirs that is nearest to `vector`."""
    cosines, row_of = bank.cosines(vector), {entry.pk: row for row, entry in enumerate(bank.entries)}
    lines: list[tuple[int, str, str]] = []
    for question in Question.objects.filter(pk__in=[each.question for each in found[:_PASSAGES_OF]]):
        part = _nearest_part({part: float(of[row_of[question.pk]]) for part, of in cosines.items()})
        lines += [(question.pk, part, line) for line in _lines(question, part)]
    if not lines:
        return list(found)
    nearness = embedding.embed_passages([line for _pk, _part, line in lines]) @ vector
    nearest = {lines[n][0]: lines[n] for n in np.argsort(nearness)}  # the last one of each question stays
    return [Found(each.question, each.score, *nearest.get(each.question, (0, "", ""))[1:]) for each in found]


def _nearest_part(cosines: dict[str, float]) -> str:
    """The part with the higher cosine; "" if neither has a vector."""
    known = {part: cosine for part, cosine in cosines.items() if not np.isnan(cosine)}
    return max(known, key=lambda part: known[part]) if known else ""


def _lines(question: Question, part: str) -> list[str]:
    """What a passage may be: the longest lines of a part."""
    text = {Passage.Part.QUESTION.value: question.prompt, Passage.Part.ANSWER.value: question.reference}.get(part, "")
    lines = [line.strip()[:_LINE_LENGTH] for line in text.splitlines() if line.strip()]
    return sorted(lines, key=len, reverse=True)[:_LINES]
