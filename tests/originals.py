"""Programs that are prepared once in a test run and never started: tests start copies of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from tests.live import Live, at, create_database, drop_database, fill

DATABASE = "database.txt"  # holds the database's address; written last, when all is prepared


def original(folder: Path, name: str, prepare: Callable[[Live], object], of: Live | None = None) -> Live:
    """The program `name` below `folder`, which the first process of the test run to ask for it prepares for all."""
    data = folder / name
    with FileLock(folder / f"{name}.lock"):
        if not (data / DATABASE).exists():
            shutil.rmtree(data, ignore_errors=True)
            data.mkdir()
            fill(data, of)
            (data / DATABASE).unlink(missing_ok=True)
            address = create_database(of)
            live = at(data, address)
            prepare(live)
            live.stop()
            (data / DATABASE).write_text(address)
    return at(data, (data / DATABASE).read_text())


def drop_databases(folder: Path) -> None:
    """Drop the databases of all originals below `folder`; pytest itself removes the folders, some runs later."""
    for kept in folder.glob(f"*/{DATABASE}"):
        drop_database(kept.read_text())
