"""The web process is killed while it commits: what was acknowledged is stored; what was not, in whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.client import Candidate, Unanswered, persistently
from tests.faults.invariants import hold
from tests.live import Live, program, wait_until

pytestmark = pytest.mark.broker

STORED = """
answer = Answer.objects.get(pk={pk})
grades = Grade.objects.filter(answer__interview=answer.interview)
print(answer.text, answer.interview.submitted_at is not None, grades.count())
"""
# A commit takes a few milliseconds: some of these moments lie inside it, wherever this runs.
INSIDE = [pytest.param(f"inside {seconds}", marks=pytest.mark.slow) for seconds in (0, 0.0005, 0.002, 0.005)]
BEFORE, AFTER = "before 0", "after 0"


@pytest.fixture(scope="module")
def live(bare: Live) -> Iterator[Live]:
    """The web alone, in a process that obeys `order`; gunicorn starts another one when it is dead."""
    with program(bare) as live:
        live.env["KILL_FILE"] = str(live.data / "kill")
        live.web("tests.faults.killing_wsgi")
        yield live


@pytest.fixture
def candidate(live: Live, request: pytest.FixtureRequest) -> Candidate:
    return Candidate(live, request.node.name).sign_in()


def order(live: Live, moment: str) -> Path:
    path = live.data / "kill"
    path.write_text(moment)
    return path


def stored(live: Live, candidate: Candidate) -> list[str]:
    """The first answer's text, whether the interview is handed in, and how many grades were asked for."""
    return live.python(STORED.format(pk=candidate.answers[0])).split()


@pytest.mark.parametrize("moment", [pytest.param(BEFORE, marks=pytest.mark.slow), AFTER, *INSIDE])
def test_a_save_that_was_cut_off_is_stored_or_not_and_can_be_sent_again(
    live: Live, candidate: Candidate, moment: str
) -> None:
    candidate.save("acknowledged")
    killed = order(live, moment)
    with pytest.raises(Unanswered):
        candidate.save("cut-off")
    assert not killed.exists()
    hold(live, candidate.ledger)
    expected = {"before": {"acknowledged"}, "after": {"cut-off"}}.get(moment.split()[0], {"acknowledged", "cut-off"})
    assert stored(live, candidate)[0] in expected

    assert persistently(lambda: candidate.save("cut-off")).status_code == 200  # on the revision that was known
    assert stored(live, candidate)[0] == "cut-off"
    hold(live, candidate.ledger)


@pytest.mark.parametrize("moment", [BEFORE, pytest.param(AFTER, marks=pytest.mark.slow), *INSIDE])
def test_a_hand_in_that_was_cut_off_is_whole_or_was_not(live: Live, candidate: Candidate, moment: str) -> None:
    candidate.save("what counts")
    order(live, moment)
    with pytest.raises(Unanswered):
        candidate.submit()
    wait_until(lambda: not (live.data / "kill").exists(), 10, "the end of the process")
    hold(live, candidate.ledger)
    nothing, everything = ["what", "counts", "False", "0"], ["what", "counts", "True", "2"]
    expected = {"before": [nothing], "after": [everything]}.get(moment.split()[0], [nothing, everything])
    assert stored(live, candidate) in expected

    receipt = persistently(candidate.submit)
    assert persistently(candidate.submit) == receipt
    assert stored(live, candidate) == everything
    hold(live, candidate.ledger)
