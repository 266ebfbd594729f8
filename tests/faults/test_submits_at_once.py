"""Handing in over real HTTP, from many tabs at once."""

from __future__ import annotations

import pytest

from tests.faults.client import Candidate
from tests.faults.invariants import hold
from tests.live import Live, program
from tests.parallel import together

pytestmark = pytest.mark.broker


def test_fifty_submits_at_once_get_one_receipt(bare: Live) -> None:
    with program(bare) as live:
        live.web()
        candidate = Candidate(live).sign_in()
        candidate.save("what counts")
        receipts = together(*[candidate.submit] * 50)
        assert len(set(receipts)) == 1
        hold(live, candidate.ledger)
