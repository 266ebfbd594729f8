"""When two questions are the same: one score from 0 to 1, for picking as for finding duplicates.

Works on what the database has, with numpy alone. The figures were measured on labelled pairs of a real bank with many
repetitions (benchmarks/duplicates.md). They belong to the bundled model: of another one's vectors nothing is known, and
only words are compared then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from questions import bundled, lexical, passages
from questions.models import DuplicatePair, Language, Passage, Question

Vector = npt.NDArray[np.float32]
Kind = DuplicatePair.Kind

THRESHOLD = 0.45  # a pair with this score or more asks the same
MODEL = bundled.NAME
# The cosine that different questions of one pattern have anyway, for documents too small to tell.
USUAL = {Language.CHINESE.value: 0.90, Language.ENGLISH.value: 0.85}
FEW = 6  # questions of a document: with as many, its own centre counts for half
CENTRE_OF = 200  # questions that a document's centre is taken of at most
QUESTION_ALONE = 0.75  # what the likeness of two questions is worth where an answer is lacking
# Questions of one pattern share most of their words: only from .82 on, the threshold's fourth root, are they the same.
QUESTION_POWER = 4
TELLING_TERMS = 12  # answers with fewer terms ("yes", "O(n)") may well be the same for different questions


@dataclass(frozen=True)
class Match:
    """How much two questions are the same, from 0 to 1, and why."""

    score: float
    kind: Kind


@dataclass(frozen=True)
class Content:
    """What two questions are compared by.

    `text` is all that is asked and answered, with case, width and blanks unified; `places` holds for each part with a
    vector where it stands, [dimensions + 1], as `place` makes it.
    """

    text: str
    question: lexical.Terms
    answer: lexical.Terms
    places: dict[str, Vector]


@dataclass(frozen=True)
class Centre:
    """The mean of the vectors [dimensions] of one part of a document's questions, and how many they are."""

    mean: Vector
    count: int


def is_same(one: Content, other: Content) -> bool:
    """Whether two questions ask nearly the same, by their words or by their vectors."""
    return compare(one, other).score >= THRESHOLD


def compare(one: Content, other: Content) -> Match:
    """How much two questions are the same; of equal reasons the first one in `Kind` is given."""
    if one.text == other.text:
        return Match(1.0, Kind.SAME_TEXT)
    reasons = {
        Kind.SAME_ANSWER: _answers_overlap(one.answer, other.answer),
        Kind.SAME_QUESTION: lexical.overlap(one.question, other.question) ** QUESTION_POWER,
        Kind.MEANING: _likeness(one.places, other.places),
    }
    kind = max(reasons, key=lambda kind: reasons[kind])
    return Match(min(max(reasons[kind], 0.0), 1.0), kind)


def content(texts: dict[str, str], places: dict[str, Vector]) -> Content:
    """What is compared of a question with these `texts` by part, as `passages.parts_of` gives them."""
    return Content(
        _unified(texts.values()),
        lexical.terms(texts.get(Passage.Part.QUESTION, "")),
        lexical.terms(texts.get(Passage.Part.ANSWER, "")),
        places,
    )


def place(vector: Vector, language: str, centre: Centre | None) -> Vector:
    """Where a unit `vector` [dimensions] stands among the questions around it, [dimensions + 1].

    What the questions of a document have in common ("How do you … a large model?") is taken off, for it says nothing
    about which of them are the same. A small document's centre is blended with a point that has the cosine `USUAL` with
    everything; the last number stands for that point's share. `mirrored` is what a place is multiplied with.
    """
    count = centre.count if centre else 0
    known = count**2 / (count**2 + FEW**2)
    rest = np.sqrt(USUAL.get(language, max(USUAL.values()))) * (1 - known)
    own = vector - np.float32(known) * centre.mean if centre else vector
    length = np.sqrt(max(float(own @ own) - rest**2, 1e-9))
    return np.append(own, rest).astype(np.float32) / np.float32(length)


def mirrored(places: Vector) -> Vector:
    """The counterpart of places […, dimensions + 1]: the inner product with it is the likeness, from −1 to 1."""
    return np.concatenate([places[..., :-1], -places[..., -1:]], axis=-1)


class Reader:
    """Reads contents from the database, and each document's centres only once."""

    def __init__(self) -> None:
        self._centres: dict[tuple[int | None, str], dict[str, Centre]] = {}

    def read(self, pks: Sequence[int]) -> dict[int, Content]:
        """The contents of questions (at most `passages.CHUNK`) by primary key; deleted ones are left out."""
        rows = Question.objects.filter(pk__in=pks).values_list(
            "pk", "document_id", "language", "title", "prompt", "reference"
        )
        stored = _vectors(pks)
        return {
            pk: self._content((document, language), passages.parts_of(*texts), stored.get(pk, {}))
            for pk, document, language, *texts in rows
        }

    def _content(
        self, group: tuple[int | None, str], texts: dict[str, str], stored: dict[str, tuple[str, Vector]]
    ) -> Content:
        places = {
            part: place(vector, group[1], self._centres_of(*group).get(part))
            for part, (text_hash, vector) in stored.items()
            if part in texts and passages.hash_of(texts[part]) == text_hash
        }
        return content(texts, places)

    def _centres_of(self, document: int | None, language: str) -> dict[str, Centre]:
        """The centres of a document's questions by part; those of no document have some for each language."""
        group = (document, language)
        if group not in self._centres:
            members = Question.objects.filter(document=document, language=language).order_by("pk")
            self._centres[group] = _centres(list(members.values_list("pk", flat=True)[:CENTRE_OF]))
        return self._centres[group]


def _centres(pks: Sequence[int]) -> dict[str, Centre]:
    vectors: dict[str, list[Vector]] = {}
    for stored in _vectors(pks).values():
        for part, (_text_hash, vector) in stored.items():
            vectors.setdefault(part, []).append(vector)
    return {part: Centre(np.mean(rows, axis=0, dtype=np.float32), len(rows)) for part, rows in vectors.items()}


def _vectors(pks: Sequence[int]) -> dict[int, dict[str, tuple[str, Vector]]]:
    """The stored vectors of some questions, each with the hash of its text, by question and part."""
    found: dict[int, dict[str, tuple[str, Vector]]] = {}
    rows = Passage.objects.filter(question__in=pks, model=MODEL)
    for pk, part, text_hash, vector in rows.values_list("question_id", "part", "text_hash", "vector"):
        found.setdefault(pk, {})[part] = (text_hash, passages.from_bytes(vector))
    return found


def _unified(texts: Iterable[str]) -> str:
    return "\n".join("".join(lexical.fold(text).split()) for text in texts)


def _answers_overlap(one: lexical.Terms, other: lexical.Terms) -> float:
    telling = min(one.length, other.length) >= TELLING_TERMS
    return lexical.overlap(one, other) if telling else 0.0


def _likeness(one: dict[str, Vector], other: dict[str, Vector]) -> float:
    """How near two questions are in meaning: the mean over questions and answers, at most 1; 0 if nothing is known."""
    by_part = {part: float(one[part] @ mirrored(other[part])) for part in one.keys() & other.keys()}
    if len(by_part) == len(Passage.Part.values):
        return sum(by_part.values()) / len(by_part)
    return QUESTION_ALONE * by_part.get(Passage.Part.QUESTION, 0.0)
