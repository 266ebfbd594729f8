"""Text → unit vectors. With `bundled.py`, the only place that knows sentence-transformers.

The model is loaded at the first text, once per process; importing this module costs nothing.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.utils.translation import gettext as _

from questions import bundled
from questions.text import clean_text
from questions.weights import WeightsError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]

BUNDLED = "bundled"
# The model reads at most 512 tokens, which 6,000 characters exceed in every language; tokenising 1 MB takes a second.
MAX_CHARACTERS = 6_000
RETRY_SECONDS = 30.0
BATCH = 8  # texts that hold the lock at once, so that a rebuild does not keep a search waiting for long

# Held while loading and while encoding: fast tokenizers must not be used by two threads at once.
_lock = threading.Lock()
_model: SentenceTransformer | None = None
_model_of = ""
# The last failure to load, by name: until RETRY_SECONDS have passed, nobody waits for the same failure again.
_failure: tuple[str, float, EmbeddingError] | None = None


class EmbeddingError(Exception):
    """The embedding model cannot be loaded or used; the text is a sentence for a person."""


def model_name() -> str:
    """What vectors are stored and compared under: vectors of different names have nothing to do with each other."""
    return bundled.NAME if settings.EMBEDDING_MODEL == BUNDLED else settings.EMBEDDING_MODEL[-200:]


def embed_queries(texts: Sequence[str]) -> Vectors:
    """Unit vectors float32 [len(texts), dimensions] of what somebody searches with. Raises `EmbeddingError`."""
    return _embed(texts, query=True)


def embed_passages(texts: Sequence[str]) -> Vectors:
    """Unit vectors float32 [len(texts), dimensions] of what is to be found. Raises `EmbeddingError`.

    Texts are cut at the model's length (512 tokens for the bundled one).
    """
    return _embed(texts, query=False)


def load() -> None:
    """Load the model now instead of at the first text (some seconds). Raises `EmbeddingError`."""
    with _lock:
        _loaded()


def _embed(texts: Sequence[str], *, query: bool) -> Vectors:
    cleaned = [clean_text(text[:MAX_CHARACTERS]) for text in texts]
    # Texts of one length in a batch waste no time on padding.
    order = sorted(range(len(cleaned)), key=lambda n: len(cleaned[n]))
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    encoded = [_encode([cleaned[n] for n in batch], query=query) for batch in batches or [[]]]
    vectors = np.concatenate(encoded)
    result = np.empty_like(vectors)
    result[order] = vectors
    return result


def _encode(texts: list[str], *, query: bool) -> Vectors:
    with _lock:
        model = _loaded()
        if not texts:
            return np.empty((0, model.get_embedding_dimension() or 0), np.float32)
        # encode_query and encode_document put the model's own prompts in front, if it has any.
        encode = model.encode_query if query else model.encode_document
        try:
            vectors = encode(texts, batch_size=BATCH, show_progress_bar=False, normalize_embeddings=True)
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            raise EmbeddingError(_("The embedding model failed: %(error)s") % {"error": error}) from error
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _loaded() -> SentenceTransformer:
    """The model of the settings; the caller holds the lock."""
    global _model, _model_of, _failure
    name = settings.EMBEDDING_MODEL
    if _model is not None and _model_of == name:
        return _model
    if _failure and _failure[0] == name and time.monotonic() - _failure[1] < RETRY_SECONDS:
        raise EmbeddingError(str(_failure[2]))
    try:
        _model, _model_of = _load(name), name
    except EmbeddingError as error:
        _failure = (name, time.monotonic(), error)
        raise
    return _model


def _load(name: str) -> SentenceTransformer:
    try:
        return _read_model(str(bundled.ensure(logger.info)) if name == BUNDLED else name)
    except WeightsError as error:
        raise EmbeddingError(str(error)) from error
    except Exception as error:  # Whatever the libraries raise, a person must learn which setting to look at.
        message = _("The embedding model “%(name)s” cannot be loaded (EMBEDDING_MODEL): %(error)s")
        raise EmbeddingError(message % {"name": name, "error": error}) from error


def _read_model(folder: str) -> SentenceTransformer:
    # One thread, decided before torch starts its pool: searches are short, web and worker processes already share the
    # cores, and a second thread made batches 2 to 11 times slower on a busy machine (benchmarks/search.md).
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    is_local = Path(folder).is_dir()
    if is_local:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    transformers_logging.disable_progress_bar()
    model_options = {"dtype": torch.float32}
    return SentenceTransformer(folder, device="cpu", local_files_only=is_local, model_kwargs=model_options)


def _forget() -> None:
    """In a forked child: torch's state may be half-way through something in a thread that no longer exists."""
    global _lock, _model
    _lock, _model = threading.Lock(), None


os.register_at_fork(after_in_child=_forget)
