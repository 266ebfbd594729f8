"""Several calls at once, each in a thread with database connections of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

from django.db import connections


@contextmanager
def threads(count: int) -> Iterator[Callable[..., list[Any]]]:
    """A function that begins `count` calls at the same moment and returns what they return, in order.

    It may be called again and again; the first exception of a call is raised.
    """
    barrier = Barrier(count)

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(20)  # no thread gets a second call before each has one
        return call()

    with ThreadPoolExecutor(count) as pool:
        try:
            yield lambda *calls: list(pool.map(run, calls))
        finally:
            list(pool.map(run, [connections.close_all] * count))


def together(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls return, in order, all begun at the same moment. The first exception is raised."""
    with threads(len(calls)) as at_once:
        return at_once(*calls)
