"""What is searched in a question, and the vectors of it that the database keeps.

A passage is found by the hash of its text, so a text is embedded once, whatever rows it stands in and however often it
comes back. Vectors of retired questions stay: publishing them again embeds nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from django.db import IntegrityError, transaction
from django.db.models import TextField, Value
from django.db.models.functions import MD5, Concat

from questions import embedding, lexical
from questions.models import Passage, Question, QuestionQuerySet, SpareVector

logger = logging.getLogger(__name__)

T = TypeVar("T")
Vectors = npt.NDArray[np.float32]
# Called with how many texts are done and how many there are.
Progress = Callable[[int, int], None]

CHUNK = 500  # rows per statement: below the limit of parameters of every database
EMBED_AT_ONCE = 64  # texts between two writes: little is lost when the process is killed

_FIELDS = ("pk", "slug", "title", "language", "prompt", "reference")
_CONTENT = Concat(
    "slug", Value("\x1f"), "title", Value("\x1f"), "language", Value("\x1f"), "prompt", Value("\x1f"), "reference",
    output_field=TextField(),
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A question as search knows it: what a hit shows, its terms, and the hash of the text of each part."""

    pk: int
    slug: str
    title: str
    language: str
    terms: lexical.Terms
    hashes: dict[str, str]


@dataclass(frozen=True)
class Stored:
    """A vector that the database has: the primary key of its passage, where it belongs and of which text it is."""

    pk: int
    question: int
    part: str
    text_hash: str


def parts_of(title: str, prompt: str, reference: str) -> dict[str, str]:
    """The texts of a question that get a vector, by `Passage.Part`; a question without reference has one."""
    texts = {Passage.Part.QUESTION.value: f"{title}\n{prompt}".strip(), Passage.Part.ANSWER.value: reference.strip()}
    return {part: text for part, text in texts.items() if text}


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def state_of_bank(questions: QuestionQuerySet) -> dict[int, str]:
    """Of every one of `questions` the hash of its searchable content, computed by the database in one query.

    Compares contents, not clocks: it sees edits by `update()` and from every machine. MD5 only detects changes here,
    and is what SQLite and PostgreSQL can both compute.
    """
    return dict(questions.annotate(content=MD5(_CONTENT)).values_list("pk", "content"))


def read_entries(pks: Iterable[int]) -> Iterator[Entry]:
    """The given questions as search knows them; those that are gone are left out."""
    for chunk in _chunks(pks):
        for pk, slug, title, language, prompt, reference in _texts(chunk):
            texts = parts_of(title, prompt, reference)
            hashes = {part: hash_of(text) for part, text in texts.items()}
            yield Entry(pk, slug, title, language, lexical.terms("\n".join(texts.values())), hashes)


def stored(entries: Iterable[Entry], model: str) -> list[Stored]:
    """The passages whose vectors belong to the present texts of `entries`, by primary key."""
    wanted = {(entry.pk, part, text_hash) for entry in entries for part, text_hash in entry.hashes.items()}
    rows = Passage.objects.filter(model=model).order_by("pk").values_list("pk", "question_id", "part", "text_hash")
    return [Stored(*row) for row in rows.iterator(CHUNK) if row[1:] in wanted]


def missing(entries: Iterable[Entry], have: Iterable[Stored]) -> list[tuple[int, str]]:
    """The (question, part) pairs of `entries` that have no vector of their present text."""
    known = {(row.question, row.part) for row in have}
    return [(entry.pk, part) for entry in entries for part in entry.hashes if (entry.pk, part) not in known]


def vectors(pks: Sequence[int]) -> Vectors:
    """The vectors of the passages `pks` (at least one) in that order, float32 [len(pks), dimensions].

    Raises `KeyError` if one of them is gone.
    """
    found: dict[int, Vectors] = {}
    for chunk in _chunks(pks):
        rows = Passage.objects.filter(pk__in=chunk).values_list("pk", "vector")
        found.update((pk, from_bytes(vector)) for pk, vector in rows)
    return np.stack([found[pk] for pk in pks])


def embed(places: Sequence[tuple[int, str]], progress: Progress | None = None) -> int:
    """Give the (question, part) pairs in `places` vectors of their present texts; returns how many texts were embedded.

    Texts that the database already has a vector of are copied. No transaction is open while the model works, so
    several processes may do this at once: they end with the same rows. Raises `embedding.EmbeddingError`.
    """
    model, embedded, done = embedding.model_name(), 0, 0
    for batch in batches(places, EMBED_AT_ONCE):
        texts = _texts_of(batch)
        hashes = {place: hash_of(text) for place, text in texts.items()}
        known = _by_hash(set(hashes.values()), model)
        new = {hashes[place]: text for place, text in texts.items() if hashes[place] not in known}
        if new:
            known |= {text_hash: to_bytes(row) for text_hash, row in zip(new, _embed(new.values()), strict=True)}
        _write(model, {place: (text_hash, known[text_hash]) for place, text_hash in hashes.items()})
        embedded, done = embedded + len(new), done + len(batch)
        if progress:
            progress(done, len(places))
    return embedded


def vectors_of_texts(texts: dict[str, str], *, keep: bool = False) -> dict[str, Vectors]:
    """The vectors of some texts under the keys they have in `texts`, from the database where it has them.

    With `keep`, what had to be embedded is kept for when questions with these texts come into the bank. Raises
    `embedding.EmbeddingError`.
    """
    hashes = {key: hash_of(text) for key, text in texts.items()}
    known = {
        text_hash: from_bytes(data)
        for text_hash, data in _by_hash(set(hashes.values()), embedding.model_name()).items()
    }
    new = {hashes[key]: text for key, text in texts.items() if hashes[key] not in known}
    made = dict(zip(new, _embed(new.values()), strict=True)) if new else {}
    if keep and made:
        SpareVector.objects.bulk_create(
            [
                SpareVector(model=embedding.model_name(), text_hash=text_hash, vector=to_bytes(vector))
                for text_hash, vector in made.items()
            ],
            ignore_conflicts=True,
        )
    known |= made
    return {key: known[text_hash] for key, text_hash in hashes.items()}


def to_bytes(vector: Vectors) -> bytes:
    return vector.astype("<f4").tobytes()


def from_bytes(data: bytes | memoryview) -> Vectors:
    """The inverse of `to_bytes`, float32 [dimensions]."""
    return np.frombuffer(data, "<f4").astype(np.float32)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items` in lists of `size`; the last may be shorter."""
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def _embed(texts: Iterable[str]) -> Vectors:
    return embedding.embed_passages(list(texts))


def _texts_of(places: Sequence[tuple[int, str]]) -> dict[tuple[int, str], str]:
    wanted = set(places)
    rows = _texts(sorted({question for question, _part in places}))
    return {
        (pk, part): text
        for pk, _slug, title, _language, prompt, reference in rows
        for part, text in parts_of(title, prompt, reference).items()
        if (pk, part) in wanted
    }


def _texts(pks: Sequence[int]) -> Iterable[tuple[int, str, str, str, str, str]]:
    return Question.objects.filter(pk__in=pks).order_by("pk").values_list(*_FIELDS)


def _by_hash(hashes: set[str], model: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for rows in (Passage.objects, SpareVector.objects):
        for chunk in batches(sorted(hashes - found.keys()), CHUNK):
            known = rows.filter(model=model, text_hash__in=chunk).values_list("text_hash", "vector")
            found |= {text_hash: bytes(vector) for text_hash, vector in known}
    return found


def _write(model: str, rows: dict[tuple[int, str], tuple[str, bytes]]) -> None:
    """Insert or replace passages, in the order of their keys so that two writers cannot deadlock."""
    try:
        with transaction.atomic():
            alive = set(Question.objects.filter(pk__in={pk for pk, _part in rows}).values_list("pk", flat=True))
            Passage.objects.bulk_create(
                [
                    Passage(question_id=pk, part=part, model=model, text_hash=text_hash, vector=vector)
                    for (pk, part), (text_hash, vector) in sorted(rows.items())
                    if pk in alive
                ],
                update_conflicts=True,
                unique_fields=["question", "part", "model"],
                update_fields=["text_hash", "vector"],
            )
            SpareVector.objects.filter(model=model, text_hash__in={each for each, _vector in rows.values()}).delete()
    except IntegrityError:
        # A question was deleted in this very moment; the next round finds what is still missing.
        logger.info("Vectors of %d passages were not stored: a question of theirs was deleted meanwhile.", len(rows))


def _chunks(pks: Iterable[int]) -> Iterator[list[int]]:
    return batches(pks, CHUNK)
