"""For whoever keeps the program running: how grading goes. Nothing is written here."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q

from interviewer import breaker
from interviewer.models import Grade


@dataclasses.dataclass(frozen=True)
class Queue:
    """How many grades are in which state; `oldest` is when the oldest one not graded yet was asked for.

    `ready`: to be taken up at once. `later`: put off to a time of its own. `held`: until the model server is up.
    """

    ready: int
    leased: int
    later: int
    held: int
    parked: int
    finished: int
    oldest: datetime | None
    is_stalled: bool

    @property
    def waiting(self) -> int:
        return self.ready + self.leased + self.later + self.held


def queue(at: datetime) -> Queue:
    """The queue as it is at `at`; `finished` counts the hour before."""
    leased = Q(leased_until__gte=at)
    held = Q(grader="llm") & ~leased if breaker.endpoint().is_down else Q(pk__in=[])
    ready = Q(next_try_at__lte=at) & ~leased & ~held
    counts = Grade.objects.pending().aggregate(
        ready=Count("pk", filter=ready),
        leased=Count("pk", filter=leased),
        later=Count("pk", filter=~leased & ~held & ~ready),
        held=Count("pk", filter=held),
        oldest=Min("created_at"),
    )
    return Queue(
        **counts,
        parked=Grade.objects.parked().count(),
        finished=Grade.objects.filter(graded_at__gt=at - timedelta(hours=1)).count(),
        is_stalled=is_stalled(at),
    )


def is_stalled(at: datetime) -> bool:
    """Whether answers are due and nothing gets done: none was graded for longer than the slowest one takes.

    What waits for the model server is not due.
    """
    since = at - timedelta(seconds=settings.GRADING_LEASE_SECONDS)
    due = Grade.objects.claimable(at).filter(next_try_at__lt=since)
    if breaker.endpoint().is_down:
        due = due.exclude(grader="llm")
    return due.exists() and not Grade.objects.filter(graded_at__gt=since).exists()
