"""Which questions of one language ask (nearly) the same, by the one definition in `sameness`.

Not all pairs are looked at: each question is compared with its nearest neighbours by meaning and by words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from questions import embedding, index, lexical, passages, sameness
from questions.models import Passage, Question, QuestionQuerySet
from questions.sameness import Content, Kind
from questions.translations import Source, sources

Progress = passages.Progress
Matrix = npt.NDArray[np.float32]
Candidates = set[tuple[int, int]]  # rows, the smaller first

# Of hundreds that ask the same not all pairs are told, but each of them is in some, and one group holds all.
NEIGHBOURS = 30
AT_ONCE = 500  # questions whose neighbours are looked for between two reports of progress
SKETCH = 256  # numbers that stand for a text's words; the cosine of two sketches is that of the words, give or take .06
SKETCH_DOUBT = 0.2
_LANES = np.arange(1, SKETCH // 64 + 1, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95)
_PARTS = (Passage.Part.QUESTION.value, Passage.Part.ANSWER.value)


@dataclass(frozen=True)
class Pair:
    """Two questions, by slug in the order of the alphabet, that are the same by `score` (0 to 1); `kind` says why."""

    a: str
    b: str
    score: float
    kind: Kind


@dataclass(frozen=True)
class Row:
    """One question of those that are compared. Translations of each other share one of `sources`."""

    pk: int
    slug: str
    language: str
    sources: frozenset[Source]


def find(
    questions: QuestionQuerySet | None = None,
    threshold: float = sameness.THRESHOLD,
    progress: Progress | None = None,
) -> list[Pair]:
    """The pairs among `questions` (default: the published ones) with a score of `threshold` or more, best first.

    Only questions of one language are compared, and never two that are linked as translations. Vectors are used as far
    as there are any (see `embed`); words count always. `progress` is called with steps done and all of them.
    """
    rows = _rows(Question.objects.published() if questions is None else questions)
    contents = _contents(rows)
    rows = [row for row in rows if row.pk in contents]
    steps = _Steps(progress, len(rows))
    pairs = []
    for language in sorted({row.language for row in rows}):
        group = [row for row in rows if row.language == language]
        pairs += _find(group, [contents[row.pk] for row in group], threshold, steps)
    return sorted(pairs, key=lambda pair: (-pair.score, pair.a, pair.b))


def embed(questions: QuestionQuerySet, progress: Progress | None = None) -> int:
    """Give those of `questions` vectors that have none, drafts and retired ones too; how many texts were embedded.

    `progress` is called with passages done and all of them. Raises `embedding.EmbeddingError`.
    """
    if embedding.model_name() != sameness.MODEL:
        return 0  # only words are compared then
    entries = list(passages.read_entries(questions.order_by("pk").values_list("pk", flat=True)))
    return passages.embed(passages.missing(entries, passages.stored(entries, sameness.MODEL)), progress)


def groups(pairs: Iterable[Pair]) -> list[list[str]]:
    """The slugs that hang together by `pairs`, directly or through others: each group sorted, largest group first."""
    member_of: dict[str, set[str]] = {}
    for pair in pairs:
        joined = member_of.get(pair.a, {pair.a}) | member_of.get(pair.b, {pair.b})
        member_of.update(dict.fromkeys(joined, joined))
    distinct = {id(group): sorted(group) for group in member_of.values()}
    return sorted(distinct.values(), key=lambda group: (-len(group), group))


class _Steps:
    """Counts what is done: each question is looked up in `SEARCHES` ways."""

    SEARCHES = 4

    def __init__(self, progress: Progress | None, questions: int) -> None:
        self.progress, self.total, self.done = progress, questions * self.SEARCHES, 0

    def add(self, count: int) -> None:
        self.done += count
        if self.progress:
            self.progress(self.done, self.total)


def _rows(questions: QuestionQuerySet) -> list[Row]:
    fields = ("pk", "slug", "language", "document__name", "number", "translation_group")
    values = questions.order_by("slug").values_list(*fields).distinct()
    return [
        Row(pk, slug, language, sources(document, number, group))
        for pk, slug, language, document, number, group in values
    ]


def _contents(rows: list[Row]) -> dict[int, Content]:
    reader, contents = sameness.Reader(), {}
    for chunk in passages.batches([row.pk for row in rows], passages.CHUNK):
        contents.update(reader.read(chunk))
    return contents


def _find(rows: list[Row], contents: list[Content], threshold: float, steps: _Steps) -> list[Pair]:
    pairs = []
    for a, b in sorted(_candidates(contents, threshold, steps)):
        match = sameness.compare(contents[a], contents[b])
        if match.score >= threshold and not rows[a].sources & rows[b].sources:
            pairs.append(Pair(rows[a].slug, rows[b].slug, match.score, match.kind))
    return pairs


def _candidates(contents: list[Content], threshold: float, steps: _Steps) -> Candidates:
    """Pairs of rows that may reach `threshold`: neighbours by meaning, and by the words of each part."""
    by_question = threshold ** (1 / sameness.QUESTION_POWER)
    return (
        _near_in_meaning(contents, threshold, steps)
        | _near_questions(contents, threshold / sameness.QUESTION_ALONE, steps)
        | _near_in_words([content.question for content in contents], by_question, steps)
        | _near_in_words([content.answer for content in contents], threshold, steps)
    )


def _near_in_meaning(contents: list[Content], least: float, steps: _Steps) -> Candidates:
    """Of questions with vectors of both parts, whose joined places have the mean likeness as inner product."""
    rows = [row for row, content in enumerate(contents) if len(content.places) == len(_PARTS)]
    steps.add(len(contents) - len(rows))
    if not rows:
        return set()
    by_part = [_stacked(contents, rows, part) / np.float32(len(_PARTS) ** 0.5) for part in _PARTS]
    mirrors = np.concatenate([sameness.mirrored(places) for places in by_part], axis=1)
    return _neighbours(rows, np.concatenate(by_part, axis=1), rows, mirrors, least, steps)


def _near_questions(contents: list[Content], least: float, steps: _Steps) -> Candidates:
    """Of questions without (the vector of) an answer, those that all questions with a vector are nearest to."""
    rows = [row for row, content in enumerate(contents) if Passage.Part.QUESTION in content.places]
    alone = [row for row in rows if len(contents[row].places) == 1]
    steps.add(len(contents) - len(alone))
    if not alone:
        return set()
    places = _stacked(contents, rows, Passage.Part.QUESTION.value)
    mirrors = sameness.mirrored(_stacked(contents, alone, Passage.Part.QUESTION.value))
    return _neighbours(rows, places, alone, mirrors, least, steps)


def _near_in_words(texts: list[lexical.Terms], overlap: float, steps: _Steps) -> Candidates:
    """Of texts that have the share `overlap` (Jaccard index) of their terms in common nearly all, and others."""
    rows = [row for row, text in enumerate(texts) if text.ids.size]
    steps.add(len(texts) - len(rows))
    if not rows:
        return set()
    sketches = np.stack([_sketch(texts[row].ids) for row in rows])
    least = 2 * overlap / (1 + overlap) - SKETCH_DOUBT  # the least cosine that two sets with that Jaccard index have
    return _neighbours(rows, sketches, rows, sketches, least, steps)


def _stacked(contents: list[Content], rows: list[int], part: str) -> Matrix:
    """The places of one part of `rows` (at least one), [rows, dimensions + 1]."""
    return np.stack([contents[row].places[part] for row in rows])


def _neighbours(
    rows: list[int], stored: Matrix, asking: list[int], queries: Matrix, least: float, steps: _Steps
) -> Candidates:
    """Pairs of one of `asking` and one of `rows` with an inner product of `least` or more."""
    found: Candidates = set()
    nearest = index.Index.build(np.array(rows, np.int64), stored)
    for batch in passages.batches(range(len(asking)), AT_ONCE):
        ids, products = nearest.neighbours(queries[batch], NEIGHBOURS + 1)  # one of them is the question itself
        for place, column in np.argwhere(products >= least - 1e-4):
            pair = (asking[batch[place]], int(ids[place, column]))
            if pair[0] != pair[1]:
                found.add((min(pair), max(pair)))
        steps.add(len(batch))
    return found


def _sketch(ids: lexical.Ids) -> Matrix:
    """A set of terms as a unit vector [SKETCH]: the sum of a random direction for each term."""
    mixed = ids[:, None] * np.uint64(0x9E3779B97F4A7C15) + _LANES
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    bits = np.unpackbits((mixed ^ (mixed >> np.uint64(31))).view(np.uint8), axis=1)
    sum_of_signs = 2 * bits.sum(axis=0, dtype=np.int32) - ids.size
    return (sum_of_signs / max(float(np.linalg.norm(sum_of_signs)), 1.0)).astype(np.float32)
