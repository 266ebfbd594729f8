"""The public door to the bank: search it, find similar questions, pick some for an interview, keep the index right.

Every process notices within about two seconds of the next search that questions were published, edited or retired,
wherever that happened: what it holds in memory is compared with the contents in the database. After a change of many
questions somebody should call `sync()`: searches embed a few at a time, and find the others by their words until then.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import DatabaseError

from questions import embedding, index, lexical, passages
from questions import snapshot as snapshots
from questions.locking import is_held, only_one
from questions.models import Question
from questions.picking import pick
from questions.snapshot import Snapshot

__all__ = [
    "Hit",
    "SyncReport",
    "forget",
    "is_stale",
    "is_syncing",
    "pick",
    "rebuild",
    "search",
    "similar",
    "sync",
    "sync_unless_busy",
]

logger = logging.getLogger(__name__)

Scores = npt.NDArray[np.float32]

CHECK_SECONDS = 2.0
# What one search embeds at most on behalf of a change nobody called `sync()` for (about a second).
EMBED_WHILE_SEARCHING = 16
SYNC_LOCK = "sync.lock"
SYNC_ROUNDS = 3  # curators may go on editing while their texts are embedded

_refreshing = threading.Lock()
_current: Snapshot | None = None
_checked_at = 0.0


@dataclass(frozen=True)
class Hit:
    """A published question that was found. `question` is its primary key; scores only compare within one answer."""

    question: int
    slug: str
    title: str
    language: str
    score: float


@dataclass(frozen=True)
class SyncReport:
    """What `sync()` found (published questions, passages with vectors) and did (texts embedded, file written)."""

    questions: int
    passages: int
    embedded: int
    written: bool


def search(query: str, limit: int = 10, language: str | None = None) -> list[Hit]:
    """The published questions that answer `query` best, in `language` only if given, best first.

    Meaning and words both count; without a usable embedding model only words do. A query without a letter or digit
    finds nothing. No text raises an error.
    """
    text = query[: lexical.MAX_QUERY_CHARACTERS]
    if limit <= 0 or not lexical.query_terms(text).size:
        return []
    bank = _fresh()
    if not bank.entries:
        return []
    return _hits(bank, bank.scores(text, _query_vector(bank, text), language), limit)


def similar(question: Question, limit: int = 10) -> list[Hit]:
    """Published questions like `question` (which may be a draft), most alike first.

    Scores are cosines, averaged over question and answer. Raises `embedding.EmbeddingError` if the question has no
    vectors yet and cannot be embedded.
    """
    bank = _fresh()
    if bank.vectors is None or limit <= 0:
        return []
    vectors = passages.vectors_of_texts(passages.parts_of(question.title, question.prompt, question.reference))
    if not vectors:
        return []
    by_part = np.stack([bank.cosines(vector)[part] for part, vector in vectors.items()])
    shared = np.maximum((~np.isnan(by_part)).sum(axis=0), 1)
    scores = np.where(np.isnan(by_part).all(axis=0), np.nan, np.nansum(by_part, axis=0) / shared)
    scores[[entry.pk == question.pk for entry in bank.entries]] = np.nan
    return _hits(bank, scores, limit)


def sync(
    progress: passages.Progress | None = None, while_waiting: Callable[[], None] | None = None, *, anew: bool = False
) -> SyncReport:
    """Embed every text that has no vector yet and make the index file right; cheap when nothing changed.

    `progress` is called with how many passages are done and how many there are to do. Of several processes on a machine
    one embeds, and the others wait (see `only_one`) and find it done. `anew` builds the index from the vectors in the
    database, whatever memory and the present file say. Raises `embedding.EmbeddingError`, `OSError`.
    """
    folder = Path(settings.INDEX_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with only_one(folder / SYNC_LOCK, while_waiting), _refreshing:
        bank = snapshots.take(None if anew else _current, use_file=not anew)
        embedded = 0
        for _round in range(SYNC_ROUNDS):
            if not bank.missing:
                break
            embedded += passages.embed(bank.missing, progress)
            bank = snapshots.take(bank)
        _install(bank)
        written = snapshots.save(bank, always=anew)
    return SyncReport(len(bank.entries), len(bank.stored), embedded, written)


def sync_unless_busy(progress: passages.Progress | None = None) -> SyncReport | None:
    """Like `sync`, but None when another process or thread is at it: that one looks again before it ends.

    For workers that have other things to do than to wait.
    """
    try:
        return sync(progress, while_waiting=_give_up)
    except BlockingIOError:
        return None


def _give_up() -> None:
    raise BlockingIOError


def rebuild(progress: passages.Progress | None = None) -> SyncReport:
    """`sync`, anew."""
    return sync(progress, anew=True)


def is_syncing() -> bool:
    """Whether somebody on this machine is at it."""
    return is_held(Path(settings.INDEX_DIR) / SYNC_LOCK)


def is_stale() -> bool:
    """Whether a published text has no vector, or the index file is not of the bank as it is now. Loads no model."""
    bank = snapshots.take(_current)
    manifest = index.manifest(Path(settings.INDEX_DIR))
    built_of = (manifest.model, manifest.fingerprint) if manifest else None
    return bool(bank.missing) or (bool(bank.stored) and built_of != (bank.model, bank.fingerprint))


def forget() -> None:
    """Drop what this process holds in memory: the next search reads the database again."""
    global _current, _checked_at, _refreshing
    _current, _checked_at, _refreshing = None, 0.0, threading.Lock()


def _hits(bank: Snapshot, scores: Scores, limit: int) -> list[Hit]:
    """The `limit` entries with the highest scores; NaN is no hit, and equal scores are in the order of slugs."""
    best = np.argsort(-scores, kind="stable")[:limit]  # NaN sorts last
    found = [(bank.entries[row], float(scores[row])) for row in best if not np.isnan(scores[row])]
    return [Hit(entry.pk, entry.slug, entry.title, entry.language, score) for entry, score in found]


def _query_vector(bank: Snapshot, text: str) -> Scores | None:
    """The unit vector of a query; None if nothing could be compared with it or the model is not to be had."""
    if bank.vectors is None:
        return None
    try:
        return embedding.embed_queries([text])[0]
    except embedding.EmbeddingError as problem:
        logger.warning("Searching by words only: %s", problem)
        return None


def _fresh() -> Snapshot:
    """The bank, compared with the database at most every `CHECK_SECONDS`."""
    bank = _current
    if bank is not None and time.monotonic() - _checked_at < CHECK_SECONDS:
        return bank
    # Who finds another thread at it searches the bank as it was, and waits only if there is none yet.
    lock = _refreshing
    if not lock.acquire(blocking=bank is None):
        assert bank is not None
        return bank
    try:
        return _current if bank is None and _current is not None else _refresh()
    finally:
        lock.release()


def _refresh() -> Snapshot:
    """Take the bank again and repair a little of what is missing; a disk or model in trouble is only logged."""
    before, bank = _current, snapshots.take(_current)
    try:
        if bank.missing:
            passages.embed(bank.missing[:EMBED_WHILE_SEARCHING])
            bank = snapshots.take(bank)
    except (embedding.EmbeddingError, DatabaseError) as problem:
        logger.warning("%d passages have no vector yet: %s", len(bank.missing), problem)
    _install(bank)
    try:
        if bank is not before or index.manifest(Path(settings.INDEX_DIR)) is None:
            snapshots.save(bank)
    except OSError as problem:
        logger.warning("The index file was not written; searching goes on in memory: %s", problem)
    return bank


def _install(bank: Snapshot) -> None:
    global _current, _checked_at
    _current, _checked_at = bank, time.monotonic()


# A forked child must not wait for a lock that a thread of its parent held.
os.register_at_fork(after_in_child=forget)
