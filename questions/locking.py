"""One process of a machine at a time: locks that the operating system releases even after kill -9."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_LOOK_SECONDS = 1.0  # between two tries of somebody who has something to do while waiting


@contextlib.contextmanager
def only_one(path: Path, while_waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Wait while another process, or another thread, holds the lock on the file `path`; then hold it.

    `while_waiting` is called about once a second meanwhile, and may end the waiting by raising.
    """
    with path.open("w") as file:
        while while_waiting and not _taken(file.fileno()):
            while_waiting()
            time.sleep(_LOOK_SECONDS)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_held(path: Path) -> bool:
    """Whether somebody on this machine holds the lock at this moment."""
    try:
        with path.open("r") as file:
            return not _taken(file.fileno())
    except OSError:
        return False  # nobody has ever held it


def _taken(descriptor: int) -> bool:
    """Try to take the lock without waiting; it goes with the file that is open, at the latest."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
