"""The web application in a process that kills itself (SIGKILL) while it commits a candidate's text.

The file `KILL_FILE` is the order: "before" the COMMIT is sent, "inside" it (so many seconds after it began), or "after"
it has returned and before anybody is told. It is obeyed in the next transaction that changes an answer or an
interview, and goes away with the process; so the process that is started next lives.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from interviewer.wsgi import application

__all__ = ["application"]

ORDER = Path(os.environ["KILL_FILE"])

_seen = threading.local()


def die() -> NoReturn:
    ORDER.unlink()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def notice(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
    """Remember that this thread's transaction changes what candidates wrote."""
    if sql.startswith(('UPDATE "interviewer_answer"', 'UPDATE "interviewer_interview"')):
        _seen.writes = True
    return execute(sql, *args)


def watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if notice not in connection.execute_wrappers:
        connection.execute_wrappers.append(notice)


def die_after(seconds: float) -> None:
    time.sleep(seconds)
    die()


def ordered() -> tuple[str, float]:
    """When to die in the transaction that ends here: a word, and seconds; "" for not at all."""
    writes, _seen.writes = getattr(_seen, "writes", False), False
    if not writes or not ORDER.exists():
        return "", 0.0
    when, seconds = ORDER.read_text().split()
    return when, float(seconds)


def committing(commit: Callable[[BaseDatabaseWrapper], None]) -> Callable[[BaseDatabaseWrapper], None]:
    def commit_or_die(self: BaseDatabaseWrapper) -> None:
        when, seconds = ordered()
        if when == "before":
            die()
        if when == "inside":
            threading.Thread(target=die_after, args=(seconds,)).start()
        commit(self)
        if when == "after":
            die()
        if when:
            time.sleep(60)  # committed before the end came: nobody is told either way

    return commit_or_die


connection_created.connect(watch)
BaseDatabaseWrapper._commit = committing(BaseDatabaseWrapper._commit)  # type: ignore[method-assign]
for connection in connections.all(initialized_only=True):
    watch(connection)
