"""The real embedding model, converted once into the project's data folder, and an index folder of each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from questions import bundled, retrieval


@pytest.fixture(scope="session")
def bundled_model() -> Path:
    """The converted model. It stays below var/, so that only the very first run waits for it."""
    return bundled.ensure(print)


@pytest.fixture
def index_dir(settings, tmp_path: Path, bundled_model: Path) -> Iterator[Path]:
    """An empty index folder, and a process that has not looked at the bank yet."""
    settings.INDEX_DIR = tmp_path / "index"
    settings.EMBEDDING_MODEL = "bundled"
    retrieval.forget()
    yield settings.INDEX_DIR
    retrieval.forget()
