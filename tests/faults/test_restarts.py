"""Restarts, five first starts at once, a backup taken under load, a clock that is set: nothing acknowledged is lost."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.client import Candidate, persistently
from tests.faults.invariants import Ledger, hold
from tests.live import ROOT, Live, program, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SAVERS = 4


@contextmanager
def saving(live: Live) -> Iterator[list[Candidate]]:
    """Candidates who save without a pause for as long as the block lasts, each in a thread; what stops one fails."""
    candidates = [Candidate(live, f"saver-{n}").sign_in() for n in range(SAVERS)]
    stop, failed = threading.Event(), []

    def type_on(candidate: Candidate) -> None:
        try:
            n = 0
            while not stop.is_set():
                n += 1
                response = persistently(lambda text=f"{candidate.name}: {n}": candidate.save(text))
                assert response.status_code == 200, response.text
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=type_on, args=(candidate,)) for candidate in candidates]
    for thread in threads:
        thread.start()
    try:
        yield candidates
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed, failed


def saved(candidates: list[Candidate]) -> int:
    """How many saves have been acknowledged so far."""
    return sum(sum(candidate.revisions) for candidate in candidates)


def all_of(candidates: list[Candidate]) -> Ledger:
    ledger = Ledger()
    for candidate in candidates:
        ledger.sent |= candidate.ledger.sent
        ledger.receipts |= candidate.ledger.receipts
    return ledger


def test_a_rolling_restart_under_a_stream_of_saves(bare: Live) -> None:
    with program(bare) as live:
        web = live.web(workers=2)
        with saving(live) as candidates:
            for _ in range(3):
                before = saved(candidates)
                wait_until(lambda before=before: saved(candidates) > before + 20, 60, "some saves")
                web.send_signal(signal.SIGHUP)
                time.sleep(2)
        hold(live, all_of(candidates))
        for candidate in candidates:
            persistently(candidate.submit)
        hold(live, all_of(candidates))


# --- First starts -------------------------------------------------------------------------

CONTENTS = """
from questions.models import Question
names = list(InterviewTemplate.objects.values_list("name", flat=True))
print(Question.objects.count() > 200, User.objects.count(), len(names) == len(set(names)) > 0)
"""


def test_five_processes_that_start_at_once_on_an_empty_folder() -> None:
    """Each of them succeeds, there is one of everything, and the work is done once: the others find it done."""
    with program() as live:
        command = [sys.executable, "manage.py", "prepare"]
        how = {"cwd": ROOT, "env": live.env, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        starting = [subprocess.Popen(command, **how) for _ in range(5)]
        said = [process.communicate(timeout=1500)[0] for process in starting]
        assert [process.returncode for process in starting] == [0] * 5, "\n".join(said)
        assert live.python(CONTENTS) == "True 3 True"
        hold(live)


# --- Backups ------------------------------------------------------------------------------


HAND_ALL_IN = """
for interview in Interview.objects.open():
    interviews.submit(interview, interview.deadline)
"""


def back_up(live: Live, copy: Live) -> None:
    """Copy the database of a program that runs to that of another one, with what the database brings for that."""
    if "DATABASE_URL" not in live.env:
        with sqlite3.connect(live.data / "db.sqlite3") as here, sqlite3.connect(copy.data / "db.sqlite3") as there:
            here.backup(there)
        return
    dump = ["pg_dump", "--format=custom", "--dbname", live.env["DATABASE_URL"], "--file", str(copy.data / "dump")]
    subprocess.run(dump, check=True)
    restore = ["pg_restore", "--no-owner", "--dbname", copy.env["DATABASE_URL"], str(copy.data / "dump")]
    subprocess.run(restore, check=True)


def test_a_backup_taken_under_load_holds_what_was_acknowledged_before(bare: Live) -> None:
    """Of saves that were acknowledged while it was taken, it has each or an earlier one, never half of one."""
    with program(bare) as live, program() as copy:
        live.web(workers=2)
        with saving(live) as candidates:
            wait_until(lambda: saved(candidates) > 20, 60, "some saves")
            before = {pk: sent.revision for candidate in candidates for pk, sent in candidate.ledger.sent.items()}
            back_up(live, copy)
            wait_until(lambda: saved(candidates) > sum(before.values()) + 20, 60, "saves after the backup")
        hold(live, all_of(candidates))
        hold(copy)
        stored = copy.python("print(dict(Answer.objects.values_list('pk', 'revision')))")
        assert all(eval(stored)[pk] >= revision for pk, revision in before.items())

        copy.web()  # and interviews go on where the backup was taken
        for pk in eval(copy.python("print([str(row.pk) for row in Interview.objects.open()])")):
            copy.python(
                f"interviews.submit(Interview.objects.get(pk={pk!r}), Interview.objects.get(pk={pk!r}).deadline)"
            )
        hold(copy)
