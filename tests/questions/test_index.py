"""The index file: whole or not at all, known by its manifest, and refused when it is not what was asked for."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from questions import index

MODEL, ROWS = "a-model", [(7, "aa"), (3, "bb"), (12, "cc")]


def built(count: int = 3) -> index.Index:
    """Three unit vectors along the axes, under the primary keys of `ROWS`."""
    return index.Index.build(np.array([7, 3, 12][:count]), np.eye(4, dtype=np.float32)[:count])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index.write(tmp_path, built(), MODEL, index.fingerprint(ROWS))
    return tmp_path


def read(folder: Path, model: str = MODEL, rows: list[tuple[int, str]] = ROWS) -> index.Index:
    return index.read(folder, model, index.fingerprint(rows))


def generation(folder: Path) -> Path:
    [path] = folder.glob("gen-*.faiss")
    return path


def test_what_was_written_is_read_back(folder: Path) -> None:
    ids, cosines = read(folder).search(np.array([0.6, 0.8, 0, 0], np.float32), 2)
    assert ids.tolist() == [3, 7]
    assert cosines.tolist() == pytest.approx([0.8, 0.6])
    assert read(folder).vectors.tolist() == built().vectors.tolist()


def test_the_manifest_says_what_the_index_was_built_from(folder: Path) -> None:
    manifest = index.manifest(folder)
    assert manifest is not None
    assert (manifest.model, manifest.count, manifest.dimensions) == (MODEL, 3, 4)
    assert manifest.fingerprint == index.fingerprint(ROWS[::-1])


def test_without_a_file_there_is_no_index(tmp_path: Path) -> None:
    assert index.manifest(tmp_path / "nowhere") is None
    with pytest.raises(index.IndexFileError):
        read(tmp_path / "nowhere")


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def bit_flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [torn, bit_flipped, emptied, Path.unlink])
def test_a_damaged_file_is_refused(folder: Path, damage) -> None:
    damage(generation(folder))
    with pytest.raises(index.IndexFileError):
        read(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"generation": 1}', "\xff\xfe"])
def test_a_damaged_pointer_counts_as_none(folder: Path, text: str) -> None:
    (folder / index.POINTER).write_text(text, encoding="latin-1")
    assert index.manifest(folder) is None
    with pytest.raises(index.IndexFileError):
        read(folder)


def test_an_index_of_another_model_is_refused(folder: Path) -> None:
    with pytest.raises(index.IndexFileError, match="a-model"):
        read(folder, model="another-model")


def test_an_index_of_other_rows_is_refused(folder: Path) -> None:
    with pytest.raises(index.IndexFileError):
        read(folder, rows=[*ROWS[:2], (12, "edited")])


def test_a_file_that_is_no_index_is_refused_even_with_the_right_checksum() -> None:
    with pytest.raises(index.IndexFileError):
        index.Index.from_bytes(b"not an index")


def test_many_writers_and_readers_at_once_never_see_half_an_index(folder: Path) -> None:
    failures: list[Exception] = []

    def write_and_read() -> None:
        try:
            for _turn in range(10):
                index.write(folder, built(), MODEL, index.fingerprint(ROWS))
                assert read(folder).ids.size == 3
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write_and_read) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_old_generations_and_unfinished_files_go_once_nobody_can_be_reading_them(folder: Path) -> None:
    old, unfinished = generation(folder), folder / "gen-x.faiss.1.tmp"
    unfinished.write_bytes(b"half")
    index.write(folder, built(2), MODEL, "young ones stay")
    assert old.exists()
    long_ago = time.time() - 2 * index.KEEP_OLD_SECONDS
    for path in (old, unfinished):
        os.utime(path, (long_ago, long_ago))
    index.write(folder, built(1), MODEL, "old ones go")
    assert not old.exists()
    assert not unfinished.exists()


def test_a_write_that_fails_leaves_the_index_as_it_was(folder: Path, monkeypatch) -> None:
    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        index.write(folder, built(1), MODEL, "never")
    assert read(folder).ids.size == 3
    assert list(folder.glob("*.tmp")) == []
