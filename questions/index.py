"""Vectors and their ids ↔ one FAISS file. The only place that imports faiss.

The folder holds immutable generations (`gen-<unique>.faiss`) and one pointer, `current.json`, that is replaced last:
whoever reads sees a whole old index or a whole new one. All of it can be deleted: it is derived from the database.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    import faiss

Ids = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

POINTER = "current.json"
# Long enough for every process that has read the old pointer to have opened the file it names.
KEEP_OLD_SECONDS = 60


class IndexFileError(Exception):
    """There is no index file that can be used as asked; build it again. The text says why, for a log or a person."""


@dataclass(frozen=True)
class Manifest:
    """What the current generation was built from. `fingerprint` stands for the rows of the database in it."""

    generation: str
    model: str
    dimensions: int
    count: int
    fingerprint: str
    checksum: str


class Index:
    """Exact inner-product search over unit vectors, that is by cosine. Safe to search from several threads."""

    def __init__(self, flat: faiss.IndexIDMap) -> None:
        self._faiss = flat
        self.ids: Ids = _as_array(flat.id_map)

    @classmethod
    def build(cls, ids: Ids, vectors: Vectors) -> Index:
        """`vectors` are unit float32 [len(ids), dimensions]; `ids` are positive and distinct."""
        faiss = _faiss()
        flat = faiss.IndexIDMap(faiss.IndexFlatIP(vectors.shape[1]))
        flat.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64))
        return cls(flat)

    @classmethod
    def from_bytes(cls, data: bytes) -> Index:
        """The inverse of `to_bytes`. Raises `IndexFileError` if faiss cannot read it."""
        faiss = _faiss()
        try:
            return cls(faiss.deserialize_index(np.frombuffer(data, np.uint8)))
        except (RuntimeError, AttributeError) as error:
            raise IndexFileError(_("The index file cannot be read: %(error)s") % {"error": error}) from error

    def to_bytes(self) -> bytes:
        return _faiss().serialize_index(self._faiss).tobytes()

    @property
    def dimensions(self) -> int:
        return self._faiss.d

    @property
    def vectors(self) -> Vectors:
        """The vectors in the order of `ids`, float32 [len(ids), dimensions]: a read-only view, not a copy."""
        faiss = _faiss()
        if not self.ids.size:
            return np.empty((0, self.dimensions), np.float32)
        flat = faiss.downcast_index(self._faiss.index)
        view = faiss.rev_swig_ptr(flat.get_xb(), self.ids.size * self.dimensions).reshape(-1, self.dimensions)
        view.flags.writeable = False
        return view

    def search(self, vector: Vectors, limit: int | None = None) -> tuple[Ids, Vectors]:
        """The ids of the `limit` (default: all) passages nearest to the unit `vector` [dimensions], and their cosines.

        Best first; both arrays have one axis.
        """
        limit = self.ids.size if limit is None else min(limit, self.ids.size)
        if limit <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        cosines, ids = self._faiss.search(np.ascontiguousarray(vector[None], np.float32), limit)
        return ids[0], cosines[0]

    def neighbours(self, vectors: Vectors, limit: int) -> tuple[Ids, Vectors]:
        """Like `search` for `vectors` [queries, dimensions]: ids and inner products, [queries, min(limit, ids)]."""
        inner, ids = self._faiss.search(np.ascontiguousarray(vectors, np.float32), min(limit, self.ids.size))
        return ids, inner


def fingerprint(rows: list[tuple[int, str]]) -> str:
    """SHA-256 (hex) over (passage primary key, text hash) pairs, whatever their order."""
    lines = "\n".join(f"{pk}:{text_hash}" for pk, text_hash in sorted(rows))
    return hashlib.sha256(lines.encode()).hexdigest()


def manifest(folder: Path) -> Manifest | None:
    """What the pointer says, or None without a readable one. Touches no database and no index file."""
    try:
        return Manifest(**json.loads((folder / POINTER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def read(folder: Path, model: str, expected: str) -> Index:
    """The current index, checked against its checksum.

    Raises `IndexFileError` if it is missing, torn, altered, built with another model than `model`, or from other rows
    than those with the fingerprint `expected`.
    """
    current = manifest(folder)
    if current is None:
        raise IndexFileError(_("There is no index file yet."))
    if current.model != model:
        raise IndexFileError(_("The index file was built with another model: %(model)s") % {"model": current.model})
    if current.fingerprint != expected:
        raise IndexFileError(_("The index file was built from other questions."))
    return _checked(_read_bytes(folder, current), current)


def write(folder: Path, index: Index, model: str, made_from: str) -> Manifest:
    """Make `index` the current one, atomically; `made_from` is the fingerprint of its rows.

    Several processes may do so at once: the last pointer written stays, and it names a whole file. Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = index.to_bytes()
    generation = f"gen-{uuid.uuid4().hex}.faiss"
    _write_whole(folder / generation, data)
    checksum = hashlib.sha256(data).hexdigest()
    current = Manifest(generation, model, index.dimensions, index.ids.size, made_from, checksum)
    _write_whole(folder / POINTER, json.dumps(asdict(current), indent=2).encode())
    _remove_old(folder, keep=generation)
    return current


def _read_bytes(folder: Path, current: Manifest) -> bytes:
    try:
        # Only the name counts: a pointer must not lead out of the folder.
        return (folder / Path(current.generation).name).read_bytes()
    except OSError as error:
        raise IndexFileError(_("The index file cannot be read: %(error)s") % {"error": error}) from error


def _checked(data: bytes, current: Manifest) -> Index:
    if hashlib.sha256(data).hexdigest() != current.checksum:
        raise IndexFileError(_("The index file is damaged: its checksum is wrong."))
    index = Index.from_bytes(data)
    if (index.ids.size, index.dimensions) != (current.count, current.dimensions):
        raise IndexFileError(_("The index file does not hold what its manifest says."))
    return index


def _write_whole(path: Path, data: bytes) -> None:
    """Write a temporary sibling, have it on disk, then rename: the name never stands for half of the data."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_old(folder: Path, keep: str) -> None:
    """Remove generations and temporary files that nobody can still be about to open or finish."""
    oldest = time.time() - KEEP_OLD_SECONDS
    for path in [*folder.glob("gen-*.faiss"), *folder.glob("*.tmp")]:
        try:
            if path.name != keep and path.stat().st_mtime < oldest:
                path.unlink()
        except OSError:
            continue  # another process removed it first, or it will be tried again after the next write


def _as_array(id_map: faiss.Int64Vector) -> Ids:
    return np.array(_faiss().vector_to_array(id_map), np.int64)


def _faiss() -> ModuleType:
    # Like torch, faiss reads this when it is loaded: searches are short, and processes already share the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import faiss

    return faiss
