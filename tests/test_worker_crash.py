"""A worker killed in the middle of its work, and a broker that forgets everything: every answer is graded, once."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest

from tests.live import Live, program, wait_until
from tests.stub_openai import StubOpenAI

pytestmark = pytest.mark.broker

ANSWERS = 40
THREADS = 8

HAND_IN = f"""
from django.utils import timezone
template = build.template(question_count={ANSWERS}, minutes=60)
interview = interviews.start(template, build.user("crash"), timezone.now())
for answer in interview.answers.all():
    interviews.save(answer, answer.asked.points[0].text, 0, timezone.now())
interviews.submit(interview, timezone.now())
print(interview.answers.count())
"""
COUNT = """
import json
rows = Grade.objects.filter(answer__interview__candidate__username="crash")
counts = {name: rows.filter(status=name).count() for name in ("pending", "done", "failed")}
leased = rows.filter(status="pending", leased_until__isnull=False).count()
print(json.dumps({**counts, "leased": leased, "answers": rows.values("answer").distinct().count()}))
"""
WIPE_THE_BROKER = """
from interviewer.celery import app
app.control.purge()
"""


@pytest.fixture
def live(prepared: Live) -> Iterator[Live]:
    """Broker and sweeper of a program whose model takes a second for an answer, and whose leases are short."""
    with StubOpenAI(latency=1.0) as stub:
        env = {"OPENAI_BASE_URL": stub.url, "OPENAI_API_KEY": "test", "OPENAI_MODEL": "stub-model"}
        once = {"GRADING_MOST_DISTANCE": "1"}  # no second opinion: one call for each answer
        short = {"GRADING_LEASE_SECONDS": "10", "GRADING_WAKE_SECONDS": "3", "SWEEP_SECONDS": "1"}
        with program(prepared, **env, **once, **short, WORKER_THREADS=str(THREADS)) as live:
            if "CELERY_BROKER_URL" not in live.env:
                live.start("manage.py", "broker")
            live.stub = stub
            yield live


def counts(live: Live) -> dict[str, int]:
    return json.loads(live.python(COUNT))


def test_kill_9_and_a_wiped_broker_lose_and_repeat_nothing(live: Live) -> None:
    worker = live.worker()
    assert live.python(HAND_IN) == str(ANSWERS)

    # In the middle: some are done, some are being graded, the rest is waiting.
    seen = wait_until(lambda: (now := counts(live))["done"] >= 3 and now["leased"] and now, 90, "a few grades")
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    live.python(WIPE_THE_BROKER)
    left = counts(live)
    assert left["pending"] >= ANSWERS - left["done"] > 0, (seen, left)
    assert left["leased"] >= 1, left

    live.worker()
    live.start("manage.py", "sweep")
    wait_until(lambda: counts(live)["pending"] == 0, 120, "all grades\n" + live.log())

    assert counts(live) == {"pending": 0, "done": ANSWERS, "failed": 0, "leased": 0, "answers": ANSWERS}
    # Only what was in the dead worker's hands was asked of the model twice.
    assert ANSWERS <= len(live.stub.requests) <= ANSWERS + THREADS
