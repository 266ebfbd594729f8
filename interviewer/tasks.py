"""What a worker does, and how it is woken. The queue of record is the table of grades; see `models/grades.py`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from interviewer import breaker, budget, grading, identity
from interviewer.llm import LLMError, Usage
from interviewer.models import Grade
from interviewer.models.grades import GradeQuerySet

logger = logging.getLogger(__name__)

WENT_WRONG = gettext_noop("Grading this answer went wrong on our side; the log has the details.")
WORKER_DIED = gettext_noop("The worker was interrupted each time it graded this answer.")
DOWN_TOO_LONG = gettext_noop("The model server was down for too long.")

AT_ONCE = 500  # messages that one round of the sweeper sends

# So many threads of a process read and write grades at once; the others wait, about in the order in which they came.
# One process runs one thread at a time: 64 that the model answered together would all be done late, and ask it together
# again. In turns the first is done early, and they drift apart.
TURNS = 4
_turns = threading.BoundedSemaphore(TURNS)


@shared_task
def grade_answer(grade_id: int) -> None:
    """Grade one answer: claim, judge, write. No transaction is open while the model is asked."""
    with _turns:
        taken = _take(grade_id, timezone.now())
    if taken is not None:
        _judge(*taken)


def _take(grade_id: int, at: datetime) -> tuple[Grade, breaker.Permit] | None:
    """The claimed grade and leave to judge it; None when it is not to be judged here and now."""
    if breaker.lately(at).takes(at) == 0 and Grade.objects.hold(grade_id):
        return None  # the sweeper announces it again once the model server may be asked
    grade = Grade.objects.claim(grade_id, at)
    if grade is None:
        return None
    refusal = budget.refusal(grade, timezone.now())
    if refusal is not None:
        _refuse(grade, refusal)
        return None
    permit = breaker.admit(grade.grader, timezone.now())
    if permit is None:
        grade.give_back()
        return None
    return grade, permit


def _judge(grade: Grade, permit: breaker.Permit) -> None:
    try:
        names = identity.names(grade.answer.interview) if grade.grader == "llm" else ()
        verdict = grading.grade(grade.answer.asked, grade.answer.text, grade.grader, names)
        with _turns:
            _note_reply(permit, verdict.usage, timezone.now())
            _finish(grade, verdict)
    except LLMError as error:
        _try_later(grade, error, permit, timezone.now())
    except Exception:
        logger.exception("Grade %s failed", grade.pk)
        _try_later(grade, LLMError(WENT_WRONG), permit, timezone.now())


def _note_reply(permit: breaker.Permit, usage: Usage, at: datetime) -> None:
    """Tell the breaker that the model server is up; a grade that code alone decided says nothing of it."""
    if usage.calls:
        permit.answered(at)
    else:
        permit.unused(at)


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


def _try_later(grade: Grade, error: LLMError, permit: breaker.Permit, at: datetime) -> None:
    """Put the grade off with a growing, jittered delay, or leave it to a person after the last try.

    While the model server is down the grade waits behind all others until it is up, and keeps its try.
    """
    spent = budget.spending(error.usage, at)
    probe_at = None
    if error.outage:
        probe_at = permit.failed(error, at)
    else:
        _note_reply(permit, error.usage, at)
    if probe_at is not None:
        spent.pop("calls", None)  # what nobody answered is no call of this answer's, of which it may have so many
        written = grade.put_off(error.message, error.values, probe_at, tries=F("tries") - 1, woken_at=None, **spent)
    elif error.permanent or grade.tries >= settings.GRADING_MAX_TRIES:
        written = grade.park(error.message, error.values, **spent)
    else:
        backoff = settings.GRADING_RETRY_SECONDS * 2 ** (grade.tries - 1)
        written = grade.put_off(error.message, error.values, at + breaker.wait(backoff, error), **spent)
    _book(grade, spent, written)


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
    """Park what killed its worker too often, and wake workers for what nobody seems to have heard of.

    While the model server is down only a probe is announced, and what has waited for it too long is parked.
    """
    for grade in Grade.objects.exhausted(at):
        Grade.objects.exhausted(at).filter(pk=grade.pk).update(
            status=Grade.Status.FAILED, error=grade.error or WORKER_DIED, lease=None, leased_until=None
        )
    endpoint = breaker.endpoint()
    if endpoint.is_down:
        Grade.objects.too_old(at).update(status=Grade.Status.FAILED, error=DOWN_TOO_LONG, error_values={})
    unheard = _to_announce(at).values_list("pk", flat=True)
    takes = endpoint.takes(at)
    if takes is None:
        found = list(unheard[:AT_ONCE])
    else:
        found = [*unheard.exclude(grader="llm")[:AT_ONCE], *unheard.filter(grader="llm")[:takes]]
    if found and wake(found):
        Grade.objects.filter(pk__in=found).update(woken_at=at)
    return len(found)


def _to_announce(at: datetime) -> GradeQuerySet:
    """The grades that nobody seems to have heard of; of those whose workers died, one at a time gets its last try.

    One of them kills its worker, it may be; the others were only in the same worker's hands, and shall not be left to
    a person with it.
    """
    unheard = Grade.objects.unheard(at).order_by("next_try_at", "pk")
    suspects = unheard.suspects(at)
    alone = [] if Grade.objects.on_trial(at).exists() else list(suspects.values_list("pk", flat=True)[:1])
    return unheard.exclude(pk__in=suspects.exclude(pk__in=alone).values("pk"))
