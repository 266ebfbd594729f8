"""How workers hear of jobs. A lost message loses nothing: the sweeper tells them again."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from celery import shared_task

from interviewer import jobs

logger = logging.getLogger(__name__)


@shared_task
def run_job(pk: str) -> None:
    """Run one job."""
    jobs.run(pk)


def wake(pks: Iterable[str]) -> bool:
    """Tell the workers. False when the broker is down."""
    for pk in pks:
        try:
            run_job.delay(pk)
        except Exception as error:  # every transport raises its own kind
            logger.warning("The broker took no message (%s); the sweeper will try again", type(error).__name__)
            return False
    return True
