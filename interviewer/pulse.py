"""When the service was up, by its own record, and what a gap in that record gives back to candidates.

Each web process looks at one row every few seconds and renews it when nobody else has. Whoever finds it too old was
away with all the others: moving the row on and crediting every running interview is one transaction, and the move is
conditional on the old value, so that of many processes one does it. A stepped server clock looks the same, and is
made good the same way.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import close_old_connections, transaction
from django.utils import timezone

from interviewer import clock
from interviewer.models import Extension, Interview, Pulse

logger = logging.getLogger(__name__)


def beat(at: datetime) -> bool:
    """Say that this web process is up at `at`; True when that ended an outage."""
    last = Pulse.objects.get_or_create(pk=1, defaults={"at": at})[0].at
    if timedelta() <= at - last < timedelta(seconds=settings.PULSE_SECONDS) / 2:
        return False  # somebody else has just said so
    return _move(last, at)


def account(at: datetime) -> bool:
    """Before an interview is closed: if the record has a gap up to `at`, make it good. Called by web processes only."""
    last = Pulse.objects.values_list("at", flat=True).first()
    return last is not None and _is_gap(last, at) and _move(last, at)


def last_known_up(at: datetime) -> datetime:
    """`at`, or the last moment before it at which the service was up; a sweeper settles nothing that ended later."""
    last = Pulse.objects.values_list("at", flat=True).first()
    return at if last is None else min(at, last)


def _is_gap(last: datetime, at: datetime) -> bool:
    return at - last > timedelta(seconds=settings.OUTAGE_SECONDS)


def _move(last: datetime, at: datetime) -> bool:
    with transaction.atomic():
        if not Pulse.objects.filter(at=last).update(at=at) or not _is_gap(last, at):
            return False
        for interview in Interview.objects.open():
            clock.credit(interview, Extension.Kind.OUTAGE, last, at)
    logger.warning("Not reachable from %s to %s; running interviews were given the time back", last, at)
    return True


def keep_beating() -> threading.Thread:
    """Beat in the background for as long as this process lives; a database that is away is tried again."""

    def run() -> None:
        while True:
            try:
                close_old_connections()
                beat(timezone.now())
            except Exception:
                logger.exception("The pulse could not be written; trying again")
            time.sleep(settings.PULSE_SECONDS)

    thread = threading.Thread(target=run, name="pulse", daemon=True)
    thread.start()
    return thread
