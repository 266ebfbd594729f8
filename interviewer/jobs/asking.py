"""How an errand asks the language model: within the day's budget, past the circuit breaker, and everything booked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from interviewer import breaker, budget
from interviewer.jobs import JobFailed, LeaseLost
from interviewer.llm import LLMError, Usage
from interviewer.models import Job

NO_MODEL = _("No language model is configured here (OPENAI_BASE_URL, OPENAI_API_KEY).")
DOWN = _("The model server is down at the moment. It is asked again by and by: try once more in a few minutes.")

T = TypeVar("T")


def ask_model(job: Job, planned: int, call: Callable[[], T], usage_of: Callable[[T], Usage]) -> T:
    """What `call` returns, which asks the model for about `planned` tokens; no transaction is open meanwhile.

    Raises JobFailed where there is no model, a limit forbids it, the server is down, or the model gave nothing usable:
    an errand is not tried again by itself, its owner is there and may.
    """
    permit = _permit(planned)
    if not job.keep(timezone.now() + timedelta(seconds=settings.GRADING_LEASE_SECONDS)):
        permit.unused(timezone.now())
        raise LeaseLost
    try:
        found = call()
    except LLMError as error:
        _book(job, permit, error.usage, error)
        raise JobFailed(error.message, **error.values) from error
    except Exception:
        permit.unused(timezone.now())
        raise
    _book(job, permit, usage_of(found))
    return found


def _permit(planned: int) -> breaker.Permit:
    """Leave to ask now. Raises JobFailed with the sentence that grades wait with."""
    if settings.GRADER != "llm":
        raise JobFailed(NO_MODEL)
    at = timezone.now()
    refusal = budget.refusal_of_an_errand(at, planned)
    if refusal is not None:
        raise JobFailed(refusal.message, **refusal.values)
    permit = breaker.admit("llm", at)
    if permit is None:
        raise JobFailed(DOWN)
    return permit


def _book(job: Job, permit: breaker.Permit, usage: Usage, error: LLMError | None = None) -> None:
    """Note what was spent, whoever holds the job by now, and tell the breaker what the server did."""
    at = timezone.now()
    budget.book(job.kind, usage, at)
    if error is not None and error.outage:
        permit.failed(error, at)
    elif usage.calls:
        permit.answered()
    else:
        permit.unused(at)
