"""The model server goes down for long, and the broker does: real workers in several processes, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.faults.invariants import hold
from tests.live import Live, free_port, program, wait_until
from tests.stub_openai import StubOpenAI

pytestmark = [pytest.mark.broker, pytest.mark.slow]

ANSWERS = 6
PROBES = 3  # after 1, 2 and 4 seconds in vain: the outage has lasted longer than three tries, which take 3 s here
THREADS = 2
WORKERS = 2
BROKER_DOWN = 60  # seconds

PREPARE = """
from interviewer import access
access.ensure_roles()
build.bank(6)
"""
HAND_IN = f"""
from django.utils import timezone
template = build.template(question_count={ANSWERS}, minutes=60)
interview = interviews.start(template, build.user(str(timezone.now().timestamp())), timezone.now())
for answer in interview.answers.all():
    interviews.save(answer, answer.asked.points[0].text, 0, timezone.now())
print(bool(interviews.submit(interview, timezone.now()).receipt_sha256), interview.answers.count())
"""
LOOK = """
import json
counts = {name: Grade.objects.filter(status=name).count() for name in ("pending", "done", "failed")}
endpoint = Endpoint.objects.first()
probes = endpoint.probes if endpoint else 0
most_tries = max(Grade.objects.values_list("tries", flat=True), default=0)
print(json.dumps({**counts, "probes": probes, "is_down": bool(endpoint and endpoint.is_down), "tries": most_tries}))
"""

ASK_FOR_THE_BROKER = "from interviewer import health; print(health.broker())"


@contextmanager
def running(port: int, **env: str) -> Iterator[Live]:
    """Sweeper and workers of a program whose model server listens at `port`, or not; everything waits but shortly."""
    model = {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": "test", "OPENAI_MODEL": "stub-model"}
    once = {"GRADING_MOST_DISTANCE": "1"}  # no second opinion: one call for each answer
    short = {"GRADING_RETRY_SECONDS": "1", "LLM_PROBE_SECONDS": "1", "GRADING_WAKE_SECONDS": "3", "SWEEP_SECONDS": "1"}
    with program(**model, **once, **short, **env, WORKER_THREADS=str(THREADS)) as live:
        live.manage("migrate")
        live.python(PREPARE)
        yield live


def look(live: Live) -> dict[str, int]:
    return json.loads(live.python(LOOK))


def wait_for(live: Live, true: Callable[[dict[str, int]], bool], what: str) -> dict[str, int]:
    return wait_until(lambda: (now := look(live)) and true(now) and now, 180, f"{what}: {look(live)}\n{live.log()}")


@pytest.mark.parametrize("fault", ["503", "refused"])
def test_an_outage_of_the_model_server_parks_nothing(fault: str) -> None:
    port = free_port()
    with running(port) as live:
        down = None if fault == "refused" else StubOpenAI(port).misbehave(fault, times=10_000).__enter__()
        live.broker()
        live.start("manage.py", "sweep")
        for _ in range(WORKERS):
            live.worker()
        live.python(HAND_IN)
        during = wait_for(live, lambda now: now["probes"] >= PROBES, "a few probes")
        assert (during["pending"], during["failed"], during["tries"] < 3) == (ANSWERS, 0, True), during
        hold(live)
        if down:
            # What was under way when it went down, and one probe at a time: not three tries of each answer.
            asked = len(down.requests)
            assert PROBES <= asked <= WORKERS * THREADS + look(live)["probes"], during
            down.__exit__()
        with StubOpenAI(port) as up:
            after = wait_for(live, lambda now: not now["pending"], "all grades")
            assert (after["done"], after["failed"], after["is_down"]) == (ANSWERS, 0, False)
            assert len(up.requests) == ANSWERS  # each graded once
            hold(live, settled=True)


def test_while_the_broker_is_down_interviews_are_handed_in_and_graded_after_its_return() -> None:
    with StubOpenAI() as stub, running(urlsplit(stub.url).port) as live:
        broker = live.broker()
        if broker is None:
            pytest.skip("the broker is not ours to stop")
        live.start("manage.py", "sweep")
        worker = live.worker()
        live.python(HAND_IN)
        wait_for(live, lambda now: now["done"] == ANSWERS, "grades before the outage")

        assert live.python(ASK_FOR_THE_BROKER) == "ok"

        os.killpg(broker.pid, signal.SIGKILL)
        broker.wait()
        assert live.python(ASK_FOR_THE_BROKER) == "does not answer"
        assert live.python(HAND_IN) == f"True {ANSWERS}"
        for path in live.data.glob("broker/*"):  # and it forgets everything
            path.unlink()
        time.sleep(BROKER_DOWN)
        assert look(live)["done"] == ANSWERS
        ledger = hold(live)

        live.broker()
        wait_for(live, lambda now: now["done"] == 2 * ANSWERS, "grades after the outage")
        assert worker.poll() is None  # the same worker, which nobody started again
        hold(live, ledger, settled=True)
