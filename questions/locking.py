"""One process of a machine at a time: locks that the operating system releases even after kill -9."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def only_one(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Wait while another process, or another thread, holds the lock on the file `path`; then hold it.

    Who does not `wait` gets BlockingIOError instead.
    """
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
