"""What pages of the room show of the clock, and how they ask for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from interviewer.clock import pause_left
from interviewer.http import Request
from interviewer.models import Extension, Interview


def seconds_to_deadline(request: Request, interview: Interview) -> float:
    """What a page counts down from; below 0 in the late minutes that a template may grant."""
    return (interview.deadline - interview.running_time(request.received_at)).total_seconds()


def extensions(interview: Interview) -> list[Extension]:
    """The added time that a candidate is told of; a pause is no news to who took it."""
    return list(interview.extensions.exclude(kind=Extension.Kind.PAUSE))


def time_added(interview: Interview) -> timedelta:
    """How much time was added in all, pauses aside."""
    return sum((extension.length for extension in extensions(interview)), timedelta())


def clock_context(request: Request, interview: Interview) -> dict[str, Any]:
    """For `_clock.html`."""
    remaining = seconds_to_deadline(request, interview)
    return {
        "remaining_seconds": remaining,
        "late_seconds": interview.grace.total_seconds(),
        "left_seconds": remaining if remaining > 0 else remaining + interview.grace.total_seconds(),
        "is_late": remaining <= 0 < interview.grace.total_seconds(),
        "extensions": extensions(interview),
        "may_pause": remaining > 0 and bool(pause_left(interview)),
    }


def clock_state(request: Request, interview: Interview) -> dict[str, Any]:
    """The same as JSON, for a page that is open already."""
    return {
        "remaining_seconds": seconds_to_deadline(request, interview),
        "late_seconds": interview.grace.total_seconds(),
        "total_seconds": interview.duration.total_seconds(),
        "added": [extension.sentence for extension in extensions(interview)],
    }
