"""What a worker does, and how it is woken. The queue of record is the table of grades; see `models/grades.py`."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from interviewer import budget, grading
from interviewer.llm import LLMError
from interviewer.models import Grade

logger = logging.getLogger(__name__)

WENT_WRONG = gettext_noop("Grading this answer went wrong on our side; the log has the details.")
WORKER_DIED = gettext_noop("The worker was interrupted each time it graded this answer.")


@shared_task
def grade_answer(grade_id: int) -> None:
    """Grade one answer: claim, judge, write. No transaction is open while the model is asked."""
    grade = Grade.objects.claim(grade_id, timezone.now())
    if grade is None:
        return
    refusal = budget.refusal(grade, timezone.now())
    if refusal is not None:
        _refuse(grade, refusal)
        return
    try:
        _finish(grade, grading.grade(grade.answer.asked, grade.answer.text, grade.grader))
    except LLMError as error:
        _try_later(grade, error, timezone.now())
    except Exception:
        logger.exception("Grade %s failed", grade.pk)
        _try_later(grade, LLMError(WENT_WRONG), timezone.now())


def _refuse(grade: Grade, refusal: budget.Refusal) -> None:
    """Past a limit nothing is asked: the grade waits for tomorrow, which is no try, or for a person."""
    if refusal.until is None:
        grade.park(refusal.message, refusal.values)
    else:
        grade.put_off(refusal.message, refusal.values, refusal.until, tries=F("tries") - 1)


def _finish(grade: Grade, verdict: grading.Verdict) -> None:
    at = timezone.now()
    spent = budget.spending(verdict.usage, at)
    written = grade.finish(
        score=verdict.score,
        verdict=verdict.to_json(),
        at=at,
        model=verdict.model,
        prompt_hash=verdict.prompt_hash,
        rubric_hash=verdict.rubric_hash,
        **spent,
    )
    _book(grade, spent, written)


def _book(grade: Grade, spent: dict[str, Any], written: bool) -> None:
    """What was spent under a lost lease was spent all the same."""
    if spent and not written:
        Grade.objects.filter(pk=grade.pk).update(**spent)


def _try_later(grade: Grade, error: LLMError, at: datetime) -> None:
    """Put the grade off with a growing, jittered delay, or leave it to a person after the last try."""
    spent = budget.spending(error.usage, at)
    if error.permanent or grade.tries >= settings.GRADING_MAX_TRIES:
        _book(grade, spent, grade.park(error.message, error.values, **spent))
        return
    backoff = settings.GRADING_RETRY_SECONDS * 2 ** (grade.tries - 1)
    seconds = max(backoff, min(error.retry_after or 0, 600)) * random.uniform(1.0, 1.2)  # noqa: S311
    until = at + timedelta(seconds=seconds)
    _book(grade, spent, grade.put_off(error.message, error.values, until, **spent))


def wake(grade_ids: Sequence[int]) -> bool:
    """Tell the workers. False when the broker is down: nothing is lost, the sweeper tells them again."""
    for grade_id in grade_ids:
        try:
            grade_answer.delay(grade_id)
        except Exception as error:  # every transport raises its own kind
            logger.warning("The broker took no message (%s); the sweeper will try again", type(error).__name__)
            return False
    return True


def sweep_grades(at: datetime) -> int:
    """Park what killed its worker too often, and wake workers for what nobody seems to have heard of."""
    for grade in Grade.objects.exhausted(at):
        Grade.objects.exhausted(at).filter(pk=grade.pk).update(
            status=Grade.Status.FAILED, error=grade.error or WORKER_DIED, lease=None, leased_until=None
        )
    unheard = list(Grade.objects.unheard(at).order_by("next_try_at").values_list("pk", flat=True)[:500])
    if unheard and wake(unheard):
        Grade.objects.filter(pk__in=unheard).update(woken_at=at)
    return len(unheard)
