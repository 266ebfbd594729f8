"""The bank as one process holds it in memory to search it: entries, words and vectors that belong together.

The published questions, for interviews; all of them, for curators.

A snapshot never changes. It is taken again when the database says something else than it did, and then takes over
whatever is still true from the one before.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.conf import settings

from questions import embedding, index, lexical, passages, ranking
from questions.models import Passage, Question, QuestionQuerySet

logger = logging.getLogger(__name__)

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Snapshot:
    """Questions by slug, with what search needs of them.

    `vectors` is None while no passage has a vector, and where they were not asked for. `missing` lists (question, part)
    pairs without a vector of their present text.
    """

    model: str
    state: dict[int, str]
    entries: list[passages.Entry]
    lexicon: lexical.Lexicon
    stored: list[passages.Stored]
    missing: list[tuple[int, str]]
    vectors: index.Index | None

    @property
    def fingerprint(self) -> str:
        """Of the rows in `vectors`, as the manifest of the index file names it."""
        return fingerprint(self.stored)

    def cosines(self, vector: Scores) -> dict[str, Scores]:
        """For each part one cosine with the unit `vector` per entry, NaN where an entry has no vector of the part."""
        found = {part: np.full(len(self.entries), np.nan, np.float32) for part in Passage.Part.values}
        if self.vectors is None:
            return found
        ids, cosines = self.vectors.search(vector)
        for pk, cosine in zip(ids.tolist(), cosines.tolist(), strict=True):
            part, row = self._places[pk]
            found[part][row] = cosine
        return found

    @functools.cached_property
    def _places(self) -> dict[int, tuple[str, int]]:
        """The part and the row of the entry that each passage belongs to."""
        row_of = {entry.pk: row for row, entry in enumerate(self.entries)}
        return {row.pk: (row.part, row_of[row.question]) for row in self.stored}

    def scores(
        self, text: str, vector: Scores | None, language: str | None = None, among: Set[int] | None = None
    ) -> Scores:
        """One score per entry, the higher the better; NaN where an entry shares nothing, or is not in `language` or not
        `among` the primary keys that are asked for.

        Without `vector` only words count.
        """
        coverage = self.lexicon.coverage(lexical.query_terms(text))
        barred = np.array(
            [
                language not in (None, entry.language) or (among is not None and entry.pk not in among)
                for entry in self.entries
            ],
            bool,
        )
        if vector is None:
            return np.where(barred | (coverage <= 0), np.nan, coverage)
        by_part = {part: np.where(barred, np.nan, cosines) for part, cosines in self.cosines(vector).items()}
        close = ranking.closeness(by_part[Passage.Part.QUESTION], by_part[Passage.Part.ANSWER])
        return np.where(barred, np.nan, ranking.fused(close, coverage))


def fingerprint(rows: list[passages.Stored]) -> str:
    return index.fingerprint([(row.pk, row.text_hash) for row in rows])


def take(previous: Snapshot | None, *, use_file: bool = True) -> Snapshot:
    """The published bank as it is now. Embeds nothing and writes nothing; `previous` itself if it is still true."""
    return _retaken(lambda before: _take(before, Question.objects.published(), use_file=use_file), previous)


def take_all(previous: Snapshot | None, *, with_vectors: bool) -> Snapshot:
    """Likewise, of all questions whatever their status; `previous` came from here with the same `with_vectors`."""
    every = Question.objects.all()
    return _retaken(lambda before: _take(before, every, use_file=False, with_vectors=with_vectors), previous)


def _retaken(taking: Callable[[Snapshot | None], Snapshot], previous: Snapshot | None) -> Snapshot:
    try:
        return taking(previous)
    except KeyError:  # A question was deleted between two queries.
        return taking(None)


def save(snapshot: Snapshot, *, always: bool = False) -> bool:
    """Write the index file if the present one is not of this snapshot (or `always`); returns whether it was written.

    Raises `OSError`.
    """
    folder = Path(settings.INDEX_DIR)
    if snapshot.vectors is None or (not always and _is_saved(snapshot, folder)):
        return False
    index.write(folder, snapshot.vectors, snapshot.model, snapshot.fingerprint)
    return True


def _take(
    previous: Snapshot | None, questions: QuestionQuerySet, *, use_file: bool, with_vectors: bool = True
) -> Snapshot:
    model, state = embedding.model_name(), passages.state_of_bank(questions)
    if previous and not previous.missing and (previous.model, previous.state) == (model, state):
        return previous
    entries = _entries(state, previous)
    stored = passages.stored(entries, model)
    return Snapshot(
        model=model,
        state=state,
        entries=entries,
        lexicon=_lexicon(entries, state, previous),
        stored=stored,
        missing=passages.missing(entries, stored),
        vectors=_vectors(model, stored, previous, use_file) if with_vectors else None,
    )


def _is_saved(snapshot: Snapshot, folder: Path) -> bool:
    try:
        index.read(folder, snapshot.model, snapshot.fingerprint)
    except index.IndexFileError as problem:
        logger.info("Writing a new index file: %s", problem)
        return False
    return True


def _entries(state: dict[int, str], previous: Snapshot | None) -> list[passages.Entry]:
    """All of them by slug; only those whose content changed are read."""
    known = {}
    if previous:
        known = {entry.pk: entry for entry in previous.entries if previous.state[entry.pk] == state.get(entry.pk)}
    read = passages.read_entries(sorted(state.keys() - known.keys()))
    return sorted([*known.values(), *read], key=lambda entry: entry.slug)


def _lexicon(entries: list[passages.Entry], state: dict[int, str], previous: Snapshot | None) -> lexical.Lexicon:
    if previous and previous.state == state:
        return previous.lexicon
    return lexical.Lexicon([entry.terms for entry in entries])


def _vectors(
    model: str, stored: list[passages.Stored], previous: Snapshot | None, use_file: bool
) -> index.Index | None:
    """The index of `stored`: from memory, else from the file, else from the database. Raises `KeyError`."""
    if not stored:
        return None
    if previous and previous.model == model and previous.stored == stored:
        return previous.vectors
    try:
        if use_file:
            return index.read(Path(settings.INDEX_DIR), model, fingerprint(stored))
    except index.IndexFileError as problem:
        logger.info("Building the index from the database: %s", problem)
    pks = [row.pk for row in stored]
    return index.Index.build(np.array(pks, np.int64), passages.vectors(pks))
