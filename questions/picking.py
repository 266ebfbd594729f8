"""Choosing questions for one interview: spread over topics and difficulty, never two that ask the same.

Works on what the database has, with numpy alone: starting an interview must not wait for an embedding model.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from questions import bundled, lexical, passages
from questions.models import Passage, Question, QuestionQuerySet

Vector = npt.NDArray[np.float32]

# Calibrated on the pairs of a real bank with many repetitions (benchmarks/search.md). Questions of one pattern are
# alike as texts ("How do you … a large model?"), so their answers have to be alike too.
SAME_COSINE = 0.965  # mean of the cosines of questions and of answers
SAME_QUESTION_COSINE = 0.985  # where an answer is lacking
SAME_QUESTION_OVERLAP = 0.85  # share of terms in common
SAME_ANSWER_OVERLAP = 0.4
TELLING_TERMS = 20  # answers with fewer terms ("yes", "O(n)") may well be the same for different questions
MAX_COMPARED = 400  # candidates looked at closely, so that a bank of repetitions does not keep anybody waiting


@dataclass(frozen=True)
class Candidate:
    """A question that may be picked, without its texts."""

    pk: int
    topic: int
    difficulty: int
    source: tuple[str, str] | None  # document name and number: translations of one question share it


@dataclass(frozen=True)
class Content:
    """What two questions are compared by. `vectors` are unit vectors by part, as far as there are any yet."""

    question: lexical.Terms
    answer: lexical.Terms
    vectors: dict[str, Vector]


def pick(
    questions: QuestionQuerySet,
    count: int,
    exclude: Collection[int] = (),
    seed: int | str | None = None,
) -> list[Question]:
    """`count` published ones of `questions` (not sliced), spread over topics and difficulties, or as many as there are.

    No two of them ask (nearly) the same. Primary keys in `exclude` (asked before) are taken only when nothing else is
    left. The same `seed` picks the same from the same bank. The order is that of difficulty, easy first.
    """
    chosen: dict[int, Content] = {}
    taken: list[Candidate] = []
    pool = _candidates(questions)
    random.Random(seed).shuffle(pool)  # noqa: S311 (no secret depends on it)
    for _attempt in range(min(len(pool), MAX_COMPARED)):
        if len(taken) >= count:
            break
        candidate = min(pool, key=_preference(taken, exclude))
        pool.remove(candidate)
        content = _content(candidate.pk)
        if content and not _is_repeated(candidate, content, taken, chosen):
            taken.append(candidate)
            chosen[candidate.pk] = content
    found = Question.objects.select_related("topic").in_bulk(chosen)
    return sorted(found.values(), key=lambda question: (question.difficulty, list(chosen).index(question.pk)))


def is_same(one: Content, other: Content) -> bool:
    """Whether two questions ask nearly the same, by their words or by their vectors."""
    return (
        lexical.overlap(one.question, other.question) >= SAME_QUESTION_OVERLAP
        or _answers_overlap(one.answer, other.answer)
        or _is_near(one.vectors, other.vectors)
    )


def _answers_overlap(one: lexical.Terms, other: lexical.Terms) -> bool:
    telling = min(one.length, other.length) >= TELLING_TERMS
    return telling and lexical.overlap(one, other) >= SAME_ANSWER_OVERLAP


def _is_near(one: dict[str, Vector], other: dict[str, Vector]) -> bool:
    cosines = [float(one[part] @ other[part]) for part in Passage.Part.values if part in one and part in other]
    if len(cosines) == 2:
        return sum(cosines) / 2 >= SAME_COSINE
    return bool(cosines) and Passage.Part.QUESTION in one and cosines[0] >= SAME_QUESTION_COSINE


def _candidates(questions: QuestionQuerySet) -> list[Candidate]:
    rows = (
        questions.filter(status=Question.Status.PUBLISHED)
        .order_by("pk")
        .values_list("pk", "topic_id", "difficulty", "document__name", "number")
        .distinct()
    )
    return [
        Candidate(pk, topic, difficulty, (document, number) if document and number else None)
        for pk, topic, difficulty, document, number in rows
    ]


def _preference(taken: list[Candidate], exclude: Collection[int]) -> Callable[[Candidate], tuple[bool, int, int, int]]:
    """A key for `min`: not asked before, then topics and difficulties that are rare among those taken."""
    topics = Counter(candidate.topic for candidate in taken)
    levels = Counter(candidate.difficulty for candidate in taken)
    both = Counter((candidate.topic, candidate.difficulty) for candidate in taken)
    asked = set(exclude)

    def key(candidate: Candidate) -> tuple[bool, int, int, int]:
        topic, level = candidate.topic, candidate.difficulty
        return candidate.pk in asked, topics[topic], levels[level], both[topic, level]

    return key


def _content(pk: int) -> Content | None:
    """The content of a question; None if it was deleted meanwhile."""
    row = Question.objects.filter(pk=pk).values_list("title", "prompt", "reference").first()
    if row is None:
        return None
    texts = passages.parts_of(*row)
    stored = Passage.objects.filter(question_id=pk, model=bundled.NAME).values_list("part", "text_hash", "vector")
    return Content(
        lexical.terms(texts.get(Passage.Part.QUESTION, "")),
        lexical.terms(texts.get(Passage.Part.ANSWER, "")),
        {
            part: passages.from_bytes(vector)
            for part, text_hash, vector in stored
            if part in texts and passages.hash_of(texts[part]) == text_hash
        },
    )


def _is_repeated(candidate: Candidate, content: Content, taken: list[Candidate], chosen: dict[int, Content]) -> bool:
    if candidate.source and candidate.source in {other.source for other in taken}:
        return True
    return any(is_same(content, other) for other in chosen.values())
