"""`manage.py sweep`: settle interviews whose time is over, announce work nobody heard of; nightly, retention
and statistics.
"""

from __future__ import annotations

import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from interviewer import interviews, item_health, jobs, privacy, pulse, tasks

logger = logging.getLogger(__name__)


def sweep_once() -> None:
    """One round. Any number of sweepers may run: each change is a conditional update."""
    now = timezone.now()
    interviews.settle_expired(pulse.last_known_up(now))
    tasks.sweep_grades(now)
    jobs.sweep(now)
    privacy.purge_if_due(now)
    item_health.compute_if_due(now)  # last: once a day it takes seconds


class Command(BaseCommand):
    help = "Settle expired interviews and announce what waits for workers, again and again (or once, with --once)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round only")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            return sweep_once()
        while True:
            try:
                close_old_connections()
                sweep_once()
            except DatabaseError:
                logger.exception("A round of sweeping failed; the next one follows")
            time.sleep(settings.SWEEP_SECONDS)
