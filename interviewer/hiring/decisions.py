"""Decisions about candidates: by a person, with a reason. Nothing else in the program makes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from interviewer import audit
from interviewer.models import Decision, Interview, User


class NotHandedIn(Exception):
    """Nothing is decided about an interview that is still running, or whose data is deleted."""


@dataclass(frozen=True)
class Decided:
    """What was decided now, and what somebody else had decided since the page was made, if anybody had."""

    decision: Decision
    meanwhile: Decision | None


def decide(
    interview: Interview, outcome: Decision.Outcome, reason: str, by: User, at: datetime, seen: int = 0
) -> Decided:
    """Add a decision, which is in force from now on; earlier ones are kept.

    `seen` is the id of the decision that was in force when the form was made, 0 for none. Raises `NotHandedIn`.
    """
    with transaction.atomic():
        # The row is taken, so that of two decisions at once the later one learns of the other.
        if not Interview.objects.filter(submitted_at__isnull=False).hold(interview.pk):
            raise NotHandedIn
        before = Decision.objects.filter(interview=interview).first()
        made = Decision.objects.create(interview=interview, outcome=outcome, reason=reason, by=by, at=at)
        facts = {"outcome": str(outcome), **({"before": before.outcome} if before else {})}
        audit.record(by, audit.Verb.DECIDED, interview, facts, at)
    return Decided(made, before if before is not None and before.pk != seen else None)
