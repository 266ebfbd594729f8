"""What files say of an interview in the same words: the candidate's own data, decision packets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from interviewer.models import Interview


def time_of(at: datetime | None) -> str | None:
    """A moment as files state it: ISO 8601, in UTC."""
    return at.astimezone(UTC).isoformat() if at else None


def attempt(interview: Interview) -> dict[str, Any]:
    """When an interview was sat, and its receipt; nothing that names who sat it."""
    return {
        "id": str(interview.pk),
        "language": interview.language,
        "mode": interview.mode,
        "agreed_at": time_of(interview.consented_at),
        "started_at": time_of(interview.started_at),
        "deadline": time_of(interview.deadline),
        "submitted_at": time_of(interview.submitted_at),
        "submitted_by": interview.submitted_by,
        "receipt_sha256": interview.receipt_sha256,
    }
