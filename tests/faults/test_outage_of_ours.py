"""The real program is stopped while interviews run: the time is given back, once, before anything is settled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.faults.invariants import hold
from tests.live import Live, program, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SIT = """
from datetime import timedelta
from django.utils import timezone
now = timezone.now()
template = build.template(minutes=10)
for name, seconds_left in (("long", 500), ("short", 20), ("over", -30)):
    interview = interviews.start(template, build.user(name), now - timedelta(seconds=600 - seconds_left))
    interviews.save(interview.answers.get(position=1), name, 0, interview.started_at)
"""
STATE = """
import json
from django.utils import timezone
rows = {row.candidate.username: row for row in Interview.objects.select_related("candidate")}
print(json.dumps({name: {
    "open": row.submitted_at is None,
    "left": (row.deadline - timezone.now()).total_seconds(),
    "given": [each.length.total_seconds() for each in row.extensions.filter(kind="outage")],
} for name, row in rows.items()}))
"""


@pytest.fixture
def live(bare: Live) -> Iterator[Live]:
    """Beats every second; three seconds without one are an outage."""
    with program(bare, PULSE_SECONDS="1", OUTAGE_SECONDS="3", SWEEP_SECONDS="1") as live:
        yield live


def state(live: Live) -> dict[str, dict]:
    return json.loads(live.python(STATE))


def stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_what_an_outage_took_is_given_back_before_anything_is_settled(live: Live) -> None:
    live.web()
    [web] = live.processes
    live.python(SIT)
    before = time.monotonic()
    stop(web)

    # Sweepers are at work while nothing can be reached; the short interview's time passes, and what is on its way too.
    sweepers = [live.start("manage.py", "sweep") for _ in range(2)]
    away = wait_until(
        lambda: (seen := state(live))["short"]["left"] < -15 and seen, 120, "the end of a short interview"
    )
    assert away["short"]["open"]
    assert not any(each["given"] for each in away.values())
    silent = time.monotonic() - before

    # Two web servers start at the same moment, and the sweepers are there all along.
    live.web()
    gone = time.monotonic() - before
    live.start("-m", "gunicorn", "interviewer.wsgi", "--bind", f"unix:{live.data}/second.sock", "--workers", "2")
    now = wait_until(lambda: (seen := state(live))["long"]["given"] and seen, 60, "a credit\n" + live.log())
    for name in ("long", "short"):
        assert len(now[name]["given"]) == 1
        assert silent < now[name]["given"][0] < gone + 10
    assert now["over"]["given"] == []  # it was over before

    # What was left is left still; then the clock hands in as ever.
    wait_until(lambda: not (seen := state(live))["short"]["open"] and not seen["over"]["open"], 120, "the end")
    end = state(live)
    assert end["long"]["given"] == now["long"]["given"]
    assert end["short"]["given"] == now["short"]["given"]
    assert all(sweeper.poll() is None for sweeper in sweepers)
    hold(live)
