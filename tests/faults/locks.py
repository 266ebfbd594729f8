"""Somebody else who holds the database's lock."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.live import Live


def address(live: Live) -> str:
    """The address of its PostgreSQL database, "" on SQLite."""
    return live.env.get("DATABASE_URL", "")


@contextmanager
def locked(live: Live) -> Iterator[None]:
    """Somebody else holds what every save needs: SQLite's one lock, or PostgreSQL's table of interviews."""
    if address(live):
        with psycopg.connect(address(live)) as other:
            other.execute("LOCK TABLE interviewer_interview IN EXCLUSIVE MODE")
            yield
            other.rollback()
        return
    other = sqlite3.connect(live.data / "db.sqlite3", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def locked_for(live: Live, seconds: float) -> Iterator[None]:
    """Locked from now on, for so long, while the test goes on."""
    begun = threading.Event()

    def keep() -> None:
        with locked(live):
            begun.set()
            time.sleep(seconds)

    thread = threading.Thread(target=keep)
    thread.start()
    assert begun.wait(20)
    yield
    thread.join()
