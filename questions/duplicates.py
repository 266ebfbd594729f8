"""Which questions of one language ask (nearly) the same, by the one definition in `sameness`.

Not all pairs are looked at: each question is compared with its nearest neighbours by meaning and by words. `find` looks
among the questions of the bank, `near` for those that a document would bring.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from questions import embedding, index, lexical, passages, sameness
from questions.documents import ParsedQuestion
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
_NOTHING = np.zeros((0, 1), np.float32)
_PARTS = (Passage.Part.QUESTION.value, Passage.Part.ANSWER.value)


@dataclass(frozen=True)
class Pair:
    """Two questions, by slug in the order of the alphabet, that are the same by `score` (0 to 1); `kind` says why."""

    a: str
    b: str
    score: float
    kind: Kind


@dataclass(frozen=True)
class Near:
    """A question that is not in the bank yet, by its place in what was asked (from 0), and the `slug` of one that is
    the same by `score` (0 to 1); `kind` says why.
    """

    which: int
    slug: str
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


def near(
    new: Sequence[ParsedQuestion],
    language: str,
    document: str = "",
    *,
    threshold: float = sameness.THRESHOLD,
    by_meaning: bool = True,
    progress: Progress | None = None,
) -> list[Near]:
    """Which questions of the bank (retired ones aside) the `new` ones would repeat, by place and then best first.

    `document` is the name of the document that they come from: the question with the same number in it, or with the
    slug that one states, is the one it would become, no repetition. To be called by workers: `by_meaning` embeds what
    has no vector yet, of `new` too, and raises `embedding.EmbeddingError`; without it the vectors of the bank are
    of no use and only words are compared. `progress` is called with steps done and all of them.
    """
    bank = Question.objects.exclude(status=Question.Status.RETIRED).filter(language=language)
    by_meaning = by_meaning and embedding.model_name() == sameness.MODEL
    if by_meaning:
        embed(bank)
    rows = _rows(bank)
    stored = _contents(rows)
    rows = [row for row in rows if row.pk in stored]
    contents = [stored[row.pk] for row in rows] + _contents_of(new, language, by_meaning)
    found = []
    for a, b in sorted(_candidates(contents, threshold, _Steps(progress, len(new)), first=len(rows))):
        row, question = rows[a], new[b - len(rows)]
        match = sameness.compare(contents[a], contents[b])
        is_itself = (document, question.number) in row.sources or row.slug == question.slug
        if match.score >= threshold and not is_itself:
            found.append(Near(b - len(rows), row.slug, match.score, match.kind))
    return sorted(found, key=lambda each: (each.which, -each.score, each.slug))


def groups(pairs: Iterable[Pair]) -> list[list[str]]:
    """The slugs that hang together by `pairs`, directly or through others: each group sorted, largest group first."""
    member_of: dict[str, set[str]] = {}
    for pair in pairs:
        joined = member_of.get(pair.a, {pair.a}) | member_of.get(pair.b, {pair.b})
        member_of.update(dict.fromkeys(joined, joined))
    distinct = {id(group): sorted(group) for group in member_of.values()}
    return sorted(distinct.values(), key=lambda group: (-len(group), group))


class _Steps:
    """Counts what is done: each question is looked up in `SEARCHES` ways, `each` of them at a time."""

    SEARCHES = 4

    def __init__(self, progress: Progress | None, questions: int) -> None:
        self.progress, self.total, self.done = progress, questions * self.SEARCHES, 0
        self.each = 0

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


def _contents_of(new: Sequence[ParsedQuestion], language: str, by_meaning: bool) -> list[Content]:
    """What is compared of questions that have no rows; their vectors are moved to their own middle."""
    texts = [passages.parts_of(question.title, question.prompt, question.reference) for question in new]
    vectors = {
        part: passages.vectors_of_texts({str(n): each[part] for n, each in enumerate(texts) if part in each}, keep=True)
        for part in (_PARTS if by_meaning else ())
    }
    places: list[dict[str, Matrix]] = [{} for _question in new]
    for part, by_place in vectors.items():
        rows = list(by_place.values())
        centre = sameness.Centre(np.mean(rows, axis=0, dtype=np.float32), len(rows)) if rows else None
        for n, vector in by_place.items():
            places[int(n)][part] = sameness.place(vector, language, centre)
    return [sameness.content(*each) for each in zip(texts, places, strict=True)]


def _candidates(contents: list[Content], threshold: float, steps: _Steps, first: int | None = None) -> Candidates:
    """Pairs of rows that may reach `threshold`: neighbours by meaning, and by the words of each part.

    With `first`, only pairs of a row from there on and one before.
    """
    by_question = threshold ** (1 / sameness.QUESTION_POWER)
    steps.each = len(contents) - (first or 0)
    return (
        _near_in_meaning(contents, threshold, steps, first)
        | _near_questions(contents, threshold / sameness.QUESTION_ALONE, steps, first)
        | _near_in_words([content.question for content in contents], by_question, steps, first)
        | _near_in_words([content.answer for content in contents], threshold, steps, first)
    )


def _near_in_meaning(contents: list[Content], least: float, steps: _Steps, first: int | None) -> Candidates:
    """Of questions with vectors of both parts, whose joined places have the mean likeness as inner product."""
    rows = [row for row, content in enumerate(contents) if len(content.places) == len(_PARTS)]
    by_part = [_stacked(contents, rows, part) / np.float32(len(_PARTS) ** 0.5) for part in _PARTS]
    mirrors = np.concatenate([sameness.mirrored(places) for places in by_part], axis=1)
    return _neighbours(rows, np.concatenate(by_part, axis=1), mirrors, least, steps, first)


def _near_questions(contents: list[Content], least: float, steps: _Steps, first: int | None) -> Candidates:
    """Of questions without (the vector of) an answer, those that all questions with a vector are nearest to."""
    rows = [row for row, content in enumerate(contents) if Passage.Part.QUESTION in content.places]
    alone = [place for place, row in enumerate(rows) if len(contents[row].places) == 1] if first is None else None
    places = _stacked(contents, rows, Passage.Part.QUESTION.value)
    return _neighbours(rows, places, sameness.mirrored(places), least, steps, first, alone)


def _near_in_words(texts: list[lexical.Terms], overlap: float, steps: _Steps, first: int | None) -> Candidates:
    """Of texts that have the share `overlap` (Jaccard index) of their terms in common nearly all, and others."""
    rows = [row for row, text in enumerate(texts) if text.ids.size]
    sketches = np.stack([_sketch(texts[row].ids) for row in rows]) if rows else _NOTHING
    least = 2 * overlap / (1 + overlap) - SKETCH_DOUBT  # the least cosine that two sets with that Jaccard index have
    return _neighbours(rows, sketches, sketches, least, steps, first)


def _stacked(contents: list[Content], rows: list[int], part: str) -> Matrix:
    """The places of one part of `rows`, [rows, dimensions + 1]."""
    return np.stack([contents[row].places[part] for row in rows]) if rows else _NOTHING


def _neighbours(
    rows: list[int],
    stored: Matrix,
    queries: Matrix,
    least: float,
    steps: _Steps,
    first: int | None,
    asking: Sequence[int] | None = None,
) -> Candidates:
    """Pairs of `rows` with an inner product of `least` or more between what is `stored` of one and asked by the other.

    `asking` are the places in `rows` that ask (default: all; with `first`, those of rows from there on, the others
    being looked among).
    """
    found: Candidates = set()
    end = len(rows) if first is None else bisect_left(rows, first)
    if asking is None:
        asking = range(0 if first is None else end, len(rows))
    steps.add(steps.each - len(asking))
    if not end:
        steps.add(len(asking))
        return found
    nearest = index.Index.build(np.array(rows[:end], np.int64), stored[:end])
    for batch in passages.batches(asking, AT_ONCE):
        ids, products = nearest.neighbours(queries[batch], NEIGHBOURS + 1)  # one of them is the question itself
        for place, column in np.argwhere(products >= least - 1e-4):
            pair = (rows[batch[place]], int(ids[place, column]))
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
