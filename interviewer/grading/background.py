"""What words look like when nobody answers anything: the yardstick that tells evidence from chance.

It is made of the starter bank's own texts, which ship with the project, and never of the bank as it grows: a grade must
be the same in every installation and must not move when a curator adds a question.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import re
import threading
import zipfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from django.conf import settings

from questions.documents import ParsedQuestion, decode, parse

from .words import units

SIZES = (32, 64, 128, 256, 512)  # tokens of the stretches of text that an answer of that length is compared with
MOST_STRETCHES = 16  # of the longest size
# About as many as fill the stretches; reading more takes time and moves nothing.
MOST_TEXTS = 48
MOST_POINTS = 400
CHARACTERS = {"zh": 1.6, "en": 4.5}  # per token, roughly
LAYOUT = 2  # raise it when the file is to be made differently

Vectors = npt.NDArray[np.float32]


class Tokens(Protocol):
    """`layers` float32 [layers, tokens, dimensions]; `offsets` int32 [tokens, 2] into the text."""

    @property
    def layers(self) -> Vectors: ...
    @property
    def offsets(self) -> npt.NDArray[np.int32]: ...


ReadTokens = Callable[[Sequence[str]], Sequence[Tokens]]


@dataclasses.dataclass(frozen=True, eq=False)
class Background:
    """What unrelated text looks like to one model.

    `mean`: float32 [layers, dimensions], the mean token; `others`: float32 [tokens, layers × dimensions], running text;
    `texts`: the words of that text. `digest` names texts and model: grades with the same digest were measured with
    the same yardstick.
    """

    mean: Vectors
    others: Vectors
    texts: tuple[str, ...]
    language: str
    digest: str

    def centred(self, tokens: Tokens) -> Vectors:
        """Unit vectors [tokens, layers × dimensions] whose products are the means of the layers' cosines."""
        moved = tokens.layers - self.mean[:, None, :]
        moved /= np.linalg.norm(moved, axis=2, keepdims=True) + 1e-9
        joined = moved.transpose(1, 0, 2).reshape(moved.shape[1], moved.shape[0] * moved.shape[2])
        return joined / np.float32(np.sqrt(len(moved)))

    def floors(self, vectors: Vectors) -> Vectors:
        """[len(SIZES), tokens]: how near each token comes to the nearest one in unrelated text of each size.

        The median over stretches, because a question of the starter bank meets its own words in some of them.
        """
        if len(self.others) < SIZES[-1]:
            return np.zeros((len(SIZES), len(vectors)), np.float32)
        near = (vectors @ self.others.T).reshape(len(vectors), -1, SIZES[0]).max(2)
        return np.array([np.median(_widest(near, size // SIZES[0]), axis=1) for size in SIZES], np.float32)

    def word_floors(self, wanted: frozenset[str]) -> Vectors:
        """[len(SIZES)]: the share of the wanted words that a stretch of unrelated text of each size holds by chance."""
        shares = [[len(wanted & words) / max(1, len(wanted)) for words in self._words(size)] for size in SIZES]
        return np.array([np.median(of_size) if of_size else 0.0 for of_size in shares], np.float32)

    def _words(self, size: int) -> tuple[frozenset[str], ...]:
        return _stretches_of_words(self.texts, round(size * CHARACTERS[self.language]))


def at_length(floors: Vectors, tokens: int) -> Vectors:
    """`floors` [len(SIZES), …] for an answer of so many tokens: in between by the logarithm of the length."""
    place = float(np.clip(np.log2(max(tokens, 1) / SIZES[0]), 0, len(SIZES) - 1))
    low = min(int(place), len(SIZES) - 2)
    return floors[low] + (place - low) * (floors[low + 1] - floors[low])


def _widest(near: Vectors, times: int) -> Vectors:
    return near.reshape(len(near), -1, times).max(2)


@lru_cache(maxsize=32)
def _stretches_of_words(texts: tuple[str, ...], characters: int) -> tuple[frozenset[str], ...]:
    running = "\n".join(texts)
    return tuple(units(running[at : at + characters]) for at in range(0, len(running) - characters + 1, characters))


_lock = threading.Lock()
_known: dict[str, Background] = {}


def background(language: str, model: str, read: ReadTokens, of_points: bool = False) -> Background:
    """The yardstick for `language` ("zh", "en") under `model`: from memory, from its file, or made now (seconds).

    `of_points`: made of single sentences instead of whole texts. Whatever they say, short texts are nearer to each
    other than to long ones, and across languages much more so.
    """
    with _lock:
        key = f"{language}:{of_points}:{model}:{settings.DATA_DIR}"
        if key not in _known:
            texts = starter_points(language) if of_points else starter_texts(language)
            _known[key] = _prepared(texts, language, model, read)
        return _known[key]


def _prepared(texts: Sequence[str], language: str, model: str, read: ReadTokens) -> Background:
    digest = hashlib.sha256("\0".join([str(LAYOUT), model, *texts]).encode()).hexdigest()[:16]
    path = Path(settings.DATA_DIR) / "grading" / f"background-{language}-{digest}.npz"
    found = _from_file(path, texts, language, digest)
    if found is None:
        found = _measure(texts, language, read, digest)
        _to_file(path, found)
    return found


def starter_texts(language: str) -> list[str]:
    """Starter questions of every topic with their answers in one language, plain and in lower case."""
    texts = [f"{question.prompt}\n{question.reference}" for question in _starter_questions(language)]
    return [_plain(text) for text in _evenly(texts, MOST_TEXTS)]


def starter_points(language: str) -> list[str]:
    """Key points of starter questions of every topic in one language, plain and in lower case."""
    texts = [point.text for question in _starter_questions(language) for point in question.points]
    return [_plain(text) for text in _evenly(texts, MOST_POINTS)]


def _starter_questions(language: str) -> list[ParsedQuestion]:
    files = sorted(Path(settings.STARTER_BANK_DIR).glob(f"*.{language}.md"))
    return [question for path in files for question in parse(decode(path.read_bytes()), path.name).questions]


def _evenly(texts: list[str], most: int) -> list[str]:
    return texts[:: -(-len(texts) // most)]


def _plain(markdown: str) -> str:
    return re.sub(r"(?m)^\s*(?:\d+\.|-)\s+|\*\*", "", markdown).lower()


def _measure(texts: Sequence[str], language: str, read: ReadTokens, digest: str) -> Background:
    tokens = read(texts)
    mean = np.concatenate([one.layers for one in tokens], axis=1).mean(axis=1)
    bare = Background(mean, np.empty((0, 0), np.float32), (), language, digest)
    every = np.concatenate([bare.centred(one) for one in tokens])
    stretches = every[: len(every) // SIZES[-1] * SIZES[-1]].reshape(-1, SIZES[-1], every.shape[1])
    chosen = stretches[:: max(1, -(-len(stretches) // MOST_STRETCHES))]
    # Kept with half the digits: as it is read back, so that the first process measures like all later ones.
    others = chosen.reshape(-1, every.shape[1]).astype(np.float16).astype(np.float32)
    return Background(mean, others, tuple(texts), language, digest)


def _from_file(path: Path, texts: Sequence[str], language: str, digest: str) -> Background | None:
    with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile), np.load(path) as data:
        return Background(data["mean"], data["others"].astype(np.float32), tuple(texts), language, digest)
    return None


def _to_file(path: Path, made: Background) -> None:
    """Whole or not at all; without a place to write it is made again by the next process."""
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(file, mean=made.mean, others=made.others.astype(np.float16))
            os.fsync(file.fileno())
        part.replace(path)
