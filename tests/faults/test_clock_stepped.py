"""The server's clock is set while interviews run: nobody loses time or text, and no text is taken without end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.client import Candidate, persistently
from tests.faults.invariants import hold
from tests.live import Live, program, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.slow]

HOUR = 3600
LEFT = "row = Interview.objects.get(pk={pk!r}); print((row.deadline - row.base_deadline).total_seconds())"


@pytest.fixture
def live(bare: Live) -> Iterator[Live]:
    with program(bare, PULSE_SECONDS="1", OUTAGE_SECONDS="3") as live:
        step(live, 0)
        live.env["CLOCK_FILE"] = str(live.data / "clock")
        live.web("tests.faults.stepped_wsgi")
        # Before it has said for the first time that it is up, no jump could be told from a first start.
        wait_until(lambda: live.python("print(Pulse.objects.count())") == "1", 30, "the first beat")
        yield live


def step(live: Live, seconds: float) -> None:
    """Set the clock of the web to so many seconds from the right time."""
    new = live.data / "clock.new"
    new.write_text(str(seconds))
    new.replace(live.data / "clock")


def added(live: Live, candidate: Candidate) -> float:
    return float(live.python(LEFT.format(pk=candidate.interview)))


@pytest.mark.parametrize("seconds", [2 * HOUR, 24 * HOUR])
def test_a_clock_that_is_put_forward_takes_no_time(live: Live, seconds: int) -> None:
    """An interview of an hour seems to be long over; the jump looks like an outage, and is given back."""
    candidate = Candidate(live).sign_in()
    candidate.save("before")
    step(live, seconds)
    assert persistently(lambda: candidate.save("after")).status_code == 200
    assert seconds - 5 < added(live, candidate) < seconds + 60
    hold(live, candidate.ledger)
    persistently(candidate.submit)
    hold(live, candidate.ledger)


@pytest.mark.parametrize("seconds", [1, HOUR])
def test_a_clock_that_is_put_back_takes_no_text(live: Live, seconds: int) -> None:
    candidate = Candidate(live).sign_in()
    candidate.save("before")
    step(live, -seconds)
    assert persistently(lambda: candidate.save("after")).status_code == 200
    wait_until(lambda: candidate.save("later").status_code == 200, 10, "a save")
    persistently(candidate.submit)
    assert candidate.save("too late").status_code == 410
    hold(live, candidate.ledger)
