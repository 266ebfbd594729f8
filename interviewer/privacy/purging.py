"""Retention: what was kept for as long as its organisation says is deleted, bit by bit, once a day or by hand.

An interview is due so many days after it was handed in or closed: as many as its candidate agreed to, or as its
organisation says now, whichever are fewer. A longer time decided later thus holds for those alone who were told of it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from interviewer import audit
from interviewer.models import Interview, Invitation, Organisation, PurgeRun, Verb
from interviewer.privacy.erasing import Because, erase_interview, without_names

logger = logging.getLogger(__name__)

AT_ONCE = 50  # interviews that one round of a sweeper deletes; another round follows within seconds
INVITATIONS_AT_ONCE = 500


@dataclass(frozen=True)
class Tally:
    """How much there is to delete, or was deleted; `failed` are interviews whose deletion went wrong."""

    interviews: int = 0
    invitations: int = 0
    failed: int = 0


# --- What is due ----------------------------------------------------------------------


def until(interview: Interview) -> datetime | None:
    """When the data of an interview that was handed in is deleted by itself; None where that is not foreseen."""
    known = {interview.promised_days, interview.template.organisation.retention_days} - {None}
    days = min((each for each in known if each is not None), default=None)
    return None if days is None or interview.submitted_at is None else interview.submitted_at + timedelta(days=days)


def due(at: datetime) -> QuerySet[Interview]:
    """The interviews whose data is to be deleted at `at`."""
    kept = Interview.objects.kept()
    wanted = Q(pk__in=())
    for days in _days_of_organisations():
        wanted |= Q(template__organisation__retention_days=days, submitted_at__lte=at - timedelta(days=days))
    promised = kept.order_by().values_list("promised_days", flat=True).distinct()
    for days in (each for each in promised if each is not None):
        wanted |= Q(promised_days=days, submitted_at__lte=at - timedelta(days=days))
    return kept.filter(wanted)


def due_invitations(at: datetime) -> QuerySet[Invitation]:
    """Invitations that were never used and cannot be any more since as long ago, with a name or an address."""
    unused = Invitation.objects.filter(interview__isnull=True).exclude(name="", email="")
    wanted = Q(pk__in=())
    for days in _days_of_organisations():
        gone = at - timedelta(days=days)
        over = Q(expires_at__lte=gone) | Q(revoked_at__lte=gone)
        wanted |= Q(over, position__organisation__retention_days=days)
    return unused.filter(wanted)


def _days_of_organisations() -> Iterable[int]:
    days = Organisation.objects.order_by().values_list("retention_days", flat=True).distinct()
    return [each for each in days if each is not None]


# --- Deleting it ----------------------------------------------------------------------


def purge_some(
    at: datetime, by: str, most: int | None = None, tell: Callable[[int], Any] = lambda count: None
) -> Tally:
    """Delete what is due, oldest first, at most so many interviews, each in a transaction of its own.

    One that fails is logged by its id and left for the next time. `tell` is called with each step's count.
    """
    done = failed = 0
    oldest_first = due(at).order_by("submitted_at", "pk").values_list("pk", flat=True)
    for pk in list(oldest_first[:most]):
        try:
            interview = Interview.objects.select_related("candidate").get(pk=pk)
            done += erase_interview(interview, Because.RETENTION, by, at)
        except Exception:
            logger.exception("The data of interview %s could not be deleted", pk)
            failed += 1
        tell(1)
    return Tally(done, _purge_invitations(at, by, tell), failed)


def _purge_invitations(at: datetime, by: str, tell: Callable[[int], Any]) -> int:
    total = 0
    while found := list(due_invitations(at).order_by("pk").values_list("pk", flat=True)[:INVITATIONS_AT_ONCE]):
        with transaction.atomic():
            rows = Invitation.objects.filter(pk__in=found, interview__isnull=True)
            of = list(rows.values_list("position__organisation", flat=True))
            rows.update(**without_names(at))
            counts = sorted(Counter(of).items())
            audit.append(
                audit.Draft(by, Verb.INVITATIONS_ERASED, f"organisation:{pk}", {"count": count}, at)
                for pk, count in counts
            )
        total += len(of)
        tell(len(of))
    return total


def purge_if_due(at: datetime) -> bool:
    """A bounded round of it, once a day until nothing is left; of many sweepers one does it. True when it was this one.

    A failure is logged and tried again after a while: it must not keep a sweeper from its other work.
    """
    run = PurgeRun.objects.get_or_create(pk=1)[0]
    unchanged = PurgeRun.objects.filter(pk=1, begun_at=run.begun_at, ended_at=run.ended_at)
    if not run.is_due(at) or not unchanged.update(begun_at=at):
        return False
    try:
        tally = purge_some(at, audit.PROGRAM, AT_ONCE)
    except Exception:
        logger.exception("What is due could not be deleted; another try follows")
        return True
    more = tally.interviews and tally.interviews + tally.failed == AT_ONCE
    PurgeRun.objects.filter(pk=1, begun_at=at).update(**{"begun_at": None} if more else {"ended_at": at})
    return True


# --- Before it is done ----------------------------------------------------------------


def by_organisation(at: datetime) -> list[tuple[Organisation, Tally]]:
    """How much is due of each organisation that has anything due."""
    interviews = Counter(due(at).order_by().values_list("template__organisation", flat=True))
    invitations = Counter(due_invitations(at).order_by().values_list("position__organisation", flat=True))
    found = Organisation.objects.filter(pk__in={*interviews, *invitations})
    return [(each, Tally(interviews[each.pk], invitations[each.pk])) for each in found]
