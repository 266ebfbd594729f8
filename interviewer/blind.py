"""Whose results a reviewer may see: once the machine's verdict on every answer of an interview was shown to them.

A number of a whole interview tells how its answers fared, so lists, comparisons and files keep to the same rule as the
page on which answers are judged.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from interviewer import audit
from interviewer.models import Answer, Interview, Position, Reveal, User

_AT_ONCE = 2_000  # rows of one statement


def hidden(reviewer: User, answers: QuerySet[Answer]) -> set[uuid.UUID]:
    """Of the interviews of these answers, those whose results the reviewer may not see yet; one query."""
    return set(unseen(reviewer, answers).order_by().values_list("interview", flat=True).distinct())


def unseen(reviewer: User, answers: QuerySet[Answer]) -> QuerySet[Answer]:
    """Those of the answers whose verdict was not shown to the reviewer."""
    return answers.filter(~Exists(Reveal.objects.filter(answer=OuterRef("pk"), reviewer=reviewer)))


def show_all(position: Position, reviewer: User, at: datetime) -> int:
    """Have the results of everybody who handed in for a position shown; how many interviews were hidden before.

    Interviews whose data is deleted have none. What the reviewer judges from then on is not blind, as with
    `reviewing.reveal`.
    """
    kept = Interview.objects.kept().filter(invitation__position=position, submitted_at__isnull=False)
    handed_in = Answer.objects.filter(interview__in=kept)
    with transaction.atomic():
        found = list(unseen(reviewer, handed_in).values_list("pk", "interview"))
        if not found:
            return 0
        rows = (Reveal(answer_id=pk, reviewer=reviewer, revealed_at=at) for pk, _interview in found)
        Reveal.objects.bulk_create(rows, batch_size=_AT_ONCE, ignore_conflicts=True)
        count = len({interview for _pk, interview in found})
        audit.record(reviewer, audit.Verb.RESULTS_REVEALED, position, {"count": count}, at)
    return count
