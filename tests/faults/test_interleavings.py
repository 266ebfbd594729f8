"""Saves and a submit in random order, from threads: the receipt is of exactly what savers were told is stored."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial

import pytest

from interviewer import interviews
from interviewer.interviews import InterviewClosed
from interviewer.models import Answer, Interview, User
from tests import build
from tests.build import NOON
from tests.faults.invariants import Ledger, violations
from tests.parallel import threads


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [200, pytest.param(1_000, marks=pytest.mark.slow)])
def test_what_was_acknowledged_is_what_was_handed_in(candidate: User, times: int) -> None:
    build.bank(2)
    template = build.template()
    chance = random.Random(4)
    ledger = Ledger()
    with threads(3) as run_together:
        for n in range(times):
            interview = interviews.start(template, candidate, NOON + timedelta(seconds=n))
            one, two = interview.answers.order_by("position")
            *_, receipt = run_together(
                partial(type_on, ledger, one, chance.randrange(4)),
                partial(type_on, ledger, two, chance.randrange(4)),
                partial(submit_after, interview, chance.randrange(60_000)),
            )
            ledger.receipts[str(interview.pk)] = receipt
    assert list(violations(ledger)) == []


def type_on(ledger: Ledger, answer: Answer, times: int) -> None:
    """Save again and again until closed or done."""
    try:
        for n in range(times):
            answer = interviews.save(answer, f"{answer.pk}: {n}", answer.revision, NOON)
            ledger.acked(answer.pk, answer.text, answer.revision)
    except InterviewClosed:
        pass


def submit_after(interview: Interview, steps: int) -> str:
    """Hand in a moment later; the receipt."""
    sum(range(steps))
    return interviews.submit(interview, NOON).receipt_sha256
