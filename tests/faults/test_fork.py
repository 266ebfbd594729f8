"""A pool of processes, where torch and fork meet."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.faults.conftest import SHORT
from tests.faults.invariants import hold
from tests.faults.processes import children
from tests.live import Live, program, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.slow]

HAND_IN = """
from django.utils import timezone
build.handed_in(build.user("sits"), texts=["缓存命中可以省去重复计算", "梯度累积可以省显存"], at=timezone.now())
"""
DONE = "print(Grade.objects.filter(status='done').count())"


def has_torch(pid: int) -> bool:
    try:
        return "libtorch" in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False  # it has ended


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells which libraries a process holds")
def test_children_that_are_forked_later_grade_too(bare: Live) -> None:
    """The parent of a pool never loads torch: a child forked in the middle of that would hang, whenever it is born."""
    patient = {**SHORT, "GRADING_LEASE_SECONDS": "120"}  # loading the model is part of the first grading
    with program(bare, **patient, WORKER_THREADS="1") as live:
        live.broker()
        live.start("manage.py", "sweep")
        worker = live.worker("prefork")
        wait_until(lambda: "ready." in live.log(), 60, "the worker")  # Celery minds its pool from then on
        first = wait_until(lambda: children(worker.pid), 60, "a pool")
        wait_until(lambda: any(map(has_torch, first)), 120, "the model in the first child")
        for child in first:
            os.kill(child, signal.SIGKILL)
        wait_until(lambda: children(worker.pid) - first, 60, "another child")
        live.python(HAND_IN)
        wait_until(lambda: live.python(DONE) == "2", 90, "two grades\n" + live.log())
        assert not has_torch(worker.pid)
        hold(live, settled=True)
