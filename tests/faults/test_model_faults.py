"""Whatever the model server does, real workers turn it into a grade, a wait or a reason; never into a score."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.faults.conftest import graded_by
from tests.faults.invariants import hold
from tests.live import Live, wait_until
from tests.stub_openai import StubOpenAI

pytestmark = [pytest.mark.broker, pytest.mark.slow]

HAND_IN = """
import uuid
from django.utils import timezone
template = build.template(question_count=6, minutes=60)
for _ in range({interviews}):
    interview = interviews.start(template, build.user(uuid.uuid4().hex), timezone.now())
    for answer in interview.answers.all():
        interviews.save(answer, answer.asked.points[0].text, 0, timezone.now())
    interviews.submit(interview, timezone.now())
"""
COUNT = """
import json
print(json.dumps({status: Grade.objects.filter(status=status).count() for status in ("pending", "done", "failed")}))
"""
TRY_AGAIN = """
import uuid
from django.utils import timezone
print(interviews.grade_parked_again(build.user(uuid.uuid4().hex), timezone.now()))
"""
# Each of these happens once, to whichever answer is being graded; then the server is itself again.
PASSING = [
    ("429", {}),
    ("429", {"retry_after": 1}),
    ("500", {}),
    ("503", {}),
    ("reset", {}),
    ("nothing", {}),
    ("html", {}),
    ("truncated", {}),
    ("huge", {}),
    ("drip", {}),
    ("hang", {}),
]
NONSENSE = [
    "I am sorry, but I cannot help with that.",
    '{"score": -1}',
    '{"score": 1e999}',
    '{"score": NaN}',
    '{"score": "8/10"}',
    '{"score": true}',
    "null",
    "[]",
    '```json\n{"score": 10}\n```',
    '{"score": 1} {"score": 2}',
]


@pytest.fixture(scope="module")
def live(bare: Live) -> Iterator[Live]:
    """A whole program without the web; a call of the model may take 5 seconds."""
    with StubOpenAI() as stub, graded_by(stub, bare, WORKER_THREADS="3", LLM_TOTAL_SECONDS="5") as live:
        live.worker()
        yield live


def counts(live: Live) -> dict[str, int]:
    return json.loads(live.python(COUNT))


def settled(live: Live) -> dict[str, int]:
    """The counts once nothing is pending."""
    return wait_until(
        lambda: (now := counts(live))["pending"] == 0 and now, 150, f"all grades {counts(live)}\n" + live.log()
    )


def test_faults_that_pass_cost_nobody_a_grade(live: Live) -> None:
    before = counts(live)
    for fault, options in PASSING:
        live.stub.misbehave(fault, **options)
    live.python(HAND_IN.format(interviews=4))
    after = settled(live)
    assert after["done"] - before["done"] == 24
    assert after["failed"] == before["failed"]
    assert not live.stub.script  # each has happened
    hold(live, settled=True)


def test_nonsense_is_left_to_a_person_and_never_scored(live: Live) -> None:
    before, asked = counts(live), len(live.stub.requests)
    for n in range(200):
        live.stub.say(NONSENSE[n % len(NONSENSE)])
    live.python(HAND_IN.format(interviews=1))
    after = settled(live)
    assert (after["done"], after["failed"]) == (before["done"], before["failed"] + 6)
    assert len(live.stub.requests) - asked <= 6 * 3 * 2  # three tries of each, each with one correction
    ledger = hold(live, settled=True)

    live.stub.script.clear()
    assert live.python(TRY_AGAIN) == "6"
    assert settled(live)["done"] == before["done"] + 6
    hold(live, ledger, settled=True)
