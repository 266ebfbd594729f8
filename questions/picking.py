"""Choosing questions for one interview: spread over topics and difficulty, never two that ask the same.

Works on what the database has, with numpy alone: starting an interview must not wait for an embedding model.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from questions import sameness
from questions.models import Question, QuestionQuerySet
from questions.sameness import Content
from questions.translations import Source, sources

MAX_COMPARED = 400  # candidates looked at closely, so that a bank of repetitions does not keep anybody waiting


@dataclass(frozen=True)
class Candidate:
    """A question that may be picked, without its texts."""

    pk: int
    topic: int
    difficulty: int
    sources: frozenset[Source]  # translations of one question share one


def pick(
    questions: QuestionQuerySet,
    count: int,
    exclude: Collection[int] = (),
    seed: int | str | None = None,
    besides: Collection[int] = (),
) -> list[Question]:
    """`count` published ones of `questions` (not sliced), spread over topics and difficulties, or as many as there are.

    No two of them ask (nearly) the same. Primary keys in `exclude` (asked before) are taken only when nothing else is
    left. None repeats one of `besides`, which the interview asks anyway. The same `seed` picks the same from the same
    bank. The order is that of difficulty, easy first.
    """
    chosen: dict[int, Content] = {}
    taken: list[Candidate] = []
    reader = sameness.Reader()
    given = reader.read(list(besides))
    others = _candidates(Question.objects.filter(pk__in=besides)) if given else []
    pool = [each for each in _candidates(questions) if each.pk not in given]
    random.Random(seed).shuffle(pool)  # noqa: S311 (no secret depends on it)
    for _attempt in range(min(len(pool), MAX_COMPARED)):
        if len(taken) >= count:
            break
        candidate = min(pool, key=_preference(taken, exclude))
        pool.remove(candidate)
        content = reader.read([candidate.pk]).get(candidate.pk)
        known = frozenset[Source]().union(*(other.sources for other in [*others, *taken]))
        if content and not _is_repeated(candidate, content, known, {**given, **chosen}):
            taken.append(candidate)
            chosen[candidate.pk] = content
    found = Question.objects.select_related("topic").in_bulk(chosen)
    return sorted(found.values(), key=lambda question: (question.difficulty, list(chosen).index(question.pk)))


def _candidates(questions: QuestionQuerySet) -> list[Candidate]:
    rows = (
        questions.filter(status=Question.Status.PUBLISHED)
        .order_by("pk")
        .values_list("pk", "topic_id", "difficulty", "document__name", "number", "translation_group")
        .distinct()
    )
    return [
        Candidate(pk, topic, difficulty, sources(document, number, group))
        for pk, topic, difficulty, document, number, group in rows
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


def _is_repeated(
    candidate: Candidate, content: Content, known: frozenset[Source], contents: dict[int, Content]
) -> bool:
    if candidate.sources & known:
        return True
    return any(sameness.is_same(content, other) for other in contents.values())
