"""Workers killed in the middle of their work, and a broker that forgets everything: every answer is graded, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.faults.conftest import graded_by
from tests.faults.invariants import hold
from tests.faults.processes import children
from tests.live import Live, program, wait_until
from tests.stub_openai import StubOpenAI

pytestmark = [pytest.mark.broker, pytest.mark.slow]

PEOPLE = 8
ANSWERS = PEOPLE * 5
THREADS = 8

HAND_IN = f"""
from django.utils import timezone
template = build.template(question_count={ANSWERS // PEOPLE}, minutes=60)
for _ in range({PEOPLE}):
    interview = interviews.start(template, build.user(), timezone.now())
    for answer in interview.answers.all():
        interviews.save(answer, answer.asked.points[0].text, 0, timezone.now())
    interviews.submit(interview, timezone.now())
print(Answer.objects.count())
"""
COUNT = """
import json
rows = Grade.objects.all()
counts = {name: rows.filter(status=name).count() for name in ("pending", "done", "failed")}
leased = rows.filter(status="pending", leased_until__isnull=False).count()
print(json.dumps({**counts, "leased": leased, "answers": rows.values("answer").distinct().count()}))
"""
WIPE_THE_BROKER = """
from interviewer.celery import app
app.control.purge()
"""


@pytest.fixture
def live(bare: Live) -> Iterator[Live]:
    """Broker and sweeper of a program whose model takes a second for an answer, and whose leases are short."""
    with StubOpenAI(latency=1.0) as stub:
        env = {"OPENAI_BASE_URL": stub.url, "OPENAI_API_KEY": "test", "OPENAI_MODEL": "stub-model"}
        once = {"GRADING_MOST_DISTANCE": "1"}  # no second opinion: one call for each answer
        short = {"GRADING_LEASE_SECONDS": "10", "GRADING_WAKE_SECONDS": "3", "SWEEP_SECONDS": "1"}
        with program(bare, **env, **once, **short, WORKER_THREADS=str(THREADS)) as live:
            live.broker()
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
    ledger = hold(live)

    live.worker()
    live.start("manage.py", "sweep")
    wait_until(lambda: counts(live)["pending"] == 0, 120, "all grades\n" + live.log())

    assert counts(live) == {"pending": 0, "done": ANSWERS, "failed": 0, "leased": 0, "answers": ANSWERS}
    # Only what was in the dead worker's hands was asked of the model twice.
    assert ANSWERS <= len(live.stub.requests) <= ANSWERS + THREADS
    hold(live, ledger, settled=True)


# --- Pool children, and an answer that kills who grades it ------------------------------

TEXTS = """
from django.utils import timezone
template = build.template(question_count=6, minutes=60)
interview = interviews.start(template, build.user("crash"), timezone.now())
for answer in interview.answers.all():
    text = {poison!r} if answer.position == 1 else f"An answer, number {{answer.position}}."
    interviews.save(answer, text, 0, timezone.now())
interviews.submit(interview, timezone.now())
"""
# A worker that dies of one answer, at the moment when others are in its hands too.
POISONED = """
import os, signal, sys, time
from celery.__main__ import main
from interviewer import grading

grade = grading.grade

def grade_or_die(asked, text, grader, names):
    if text == "POISON":
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    return grade(asked, text, grader, names)

grading.grade = grade_or_die
sys.exit(main())
"""
STATES = """
import json
rows = Grade.objects.order_by("answer__position")
print(json.dumps([[row.status, row.tries, row.error] for row in rows]))
"""


def poisoned_worker(live: Live) -> subprocess.Popen[bytes]:
    return live.start("-c", POISONED, "-A", "interviewer", "worker", "--pool", "threads", "--loglevel", "INFO")


def states(live: Live) -> list[tuple[str, int, str]]:
    return [tuple(row) for row in json.loads(live.python(STATES))]


def nothing_pending(live: Live) -> list[tuple[str, int, str]] | None:
    now = states(live)
    return None if any(status == "pending" for status, *_ in now) else now


def test_a_pool_child_is_killed(bare: Live) -> None:
    """A pool of processes is not what we run, but may be: what its dead child had in hand is graded by another."""
    with StubOpenAI(latency=2.0) as stub, graded_by(stub, bare, WORKER_THREADS="3") as live:
        worker = live.worker("prefork")
        wait_until(lambda: len(children(worker.pid)) >= 3, 60, "a pool")
        live.python(TEXTS.format(poison="no poison"))
        wait_until(lambda: stub.requests, 60, "the first question to the model")
        for child in children(worker.pid):
            os.kill(child, signal.SIGKILL)
        ended = wait_until(lambda: nothing_pending(live), 120, "all grades\n" + live.log())
        assert [status for status, *_ in ended] == ["done"] * 6
        hold(live, settled=True)
        assert worker.poll() is None
        assert len(stub.requests) <= 6 + 3


def test_an_answer_that_kills_its_worker_is_parked_and_the_others_go_on(bare: Live) -> None:
    """It takes down what else its worker has in hand, each time; none of those is parked with it."""
    with StubOpenAI(latency=1.0) as stub, graded_by(stub, bare, WORKER_THREADS="6") as live:
        live.python(TEXTS.format(poison="POISON"))
        deaths, worker = 0, poisoned_worker(live)
        until = time.monotonic() + 180
        while (ended := nothing_pending(live)) is None and time.monotonic() < until:
            if worker.poll() is not None:  # started again, as `make run` and every supervisor would
                deaths, worker = deaths + 1, poisoned_worker(live)
        assert ended, states(live)
        assert [status for status, *_ in ended] == ["failed", *["done"] * 5], ended
        assert ended[0][1:] == (3, "The worker was interrupted each time it graded this answer.")
        assert deaths == 3
        hold(live, settled=True)
