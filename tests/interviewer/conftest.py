"""Token vectors for tests of grading: tiny ones that know spelling only, and the real ones where they are prepared; and
a model server.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from interviewer import grading, llm
from questions.embedding import TokenVectors
from tests.stub_openai import StubOpenAI

DIMENSIONS = 256


def spelt(texts, language):
    """Token vectors from spelling alone: a Chinese character or an English word is a token of its own."""
    return [_spelt(text) for text in texts]


def _spelt(text: str) -> TokenVectors:
    spans = [match.span() for match in re.finditer(r"[\u3400-\u9fff]|[a-z0-9]+|[^\s\w]", text.lower())]
    vectors = np.zeros((1, len(spans), DIMENSIONS), np.float32)
    for n, (start, end) in enumerate(spans):
        rng = np.random.default_rng(zlib.crc32(text[start:end].lower().encode()))
        vectors[0, n] = rng.standard_normal(DIMENSIONS)
    return TokenVectors(vectors, np.array(spans, np.int32).reshape(-1, 2))


@pytest.fixture(scope="session")
def yardsticks(tmp_path_factory) -> Path:
    """A data folder in which the background of the tiny model is made once."""
    return tmp_path_factory.mktemp("yardsticks")


@pytest.fixture
def tiny_tokens(monkeypatch, settings, yardsticks):
    settings.DATA_DIR = yardsticks
    monkeypatch.setattr(grading, "_read_tokens", spelt)
    monkeypatch.setattr(grading, "_token_model", lambda language: "tiny")


@pytest.fixture
def real_tokens(monkeypatch, settings, yardsticks, tiny_tokens):
    """The shipped models; skipped where the bundled one has not been unpacked."""
    if not (settings.BUNDLED_MODEL_DIR / "modules.json").exists():
        pytest.skip("the bundled embedding model is not prepared here")
    monkeypatch.undo()
    settings.DATA_DIR = yardsticks


@pytest.fixture
def stub(settings, monkeypatch) -> Iterator[StubOpenAI]:
    """A model server that is configured, patient, and the grader; no weights are loaded for a second opinion."""
    monkeypatch.setattr(llm, "_dialects", {})
    with StubOpenAI() as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.OPENAI_MODEL = server.url, "key", "tiny"
        settings.LLM_CONNECT_SECONDS, settings.LLM_TOTAL_SECONDS = 10.0, 30.0
        settings.GRADER, settings.GRADING_MOST_DISTANCE = "llm", 1.0
        yield server
