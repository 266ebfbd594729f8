"""What asking the language model may cost: per answer, per interview and per day; looked at before each request.

Sums are of what is written down, and a grading is written down when it ends. So workers that grade at the same time
may together go past a limit by what is in flight: at most one grading per thread of every worker. Of the day, a worker
learns within `LATELY` what the others have spent, and what it has spent itself at once; so the limits of the day may
also be passed by what the others book in that time.
"""

from __future__ import annotations

import dataclasses
import threading
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import F, Sum, Value
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from interviewer.grading import GRADED_CHARACTERS
from interviewer.llm import Usage, estimated_tokens
from interviewer.models import Grade, Spending

CALLS = _("The model has been asked %(used)d times about this answer; more is not allowed (LLM_CALLS_PER_ANSWER).")
ANSWER = _(
    "One answer may cost %(most)d tokens (LLM_TOKENS_PER_ANSWER). This one has cost %(used)d, and another grading"
    " would go past that."
)
INTERVIEW = _(
    "One interview may cost %(most)d tokens (LLM_TOKENS_PER_INTERVIEW). This one has cost %(used)d, and another"
    " grading would go past that."
)
DAY = _("Today's tokens for the language model are used up (LLM_TOKENS_PER_DAY); grading goes on after midnight.")
COST = _("Today's money for the language model is used up (LLM_COST_PER_DAY); grading goes on after midnight.")

LATELY = timedelta(seconds=1)


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why the model is not asked: an English sentence with `%(name)s` for each of `values`.

    `until` is when to try again, or None when a person has to decide.
    """

    message: str
    values: dict[str, int]
    until: datetime | None = None


def refusal(grade: Grade, at: datetime) -> Refusal | None:
    """The limit that forbids asking the model about a claimed grade at `at`, or None."""
    if grade.grader != "llm":
        return None
    planned = estimated_tokens(grade.answer.text[:GRADED_CHARACTERS])
    return _of_the_answer(grade, planned) or refusal_of_the_day(at, planned)


def refusal_of_an_errand(at: datetime, planned: int) -> Refusal | None:
    """The limit that forbids a curator's errand of about `planned` tokens at `at`, or None.

    The day's limits bind errands as they bind grades; the limit of one answer bounds one errand.
    """
    most = settings.LLM_TOKENS_PER_ANSWER
    if 0 < most < planned:
        return Refusal(ANSWER, {"used": 0, "most": most})
    return refusal_of_the_day(at, planned)


def book(kind: str, usage: Usage, at: datetime) -> None:
    """Note what an errand of this kind has cost; nothing when no model was asked."""
    if usage.calls:
        _today.add(usage)
        Spending.objects.create(kind=kind, spent_at=at, cost=cost(usage), **dataclasses.asdict(usage))


def spending(usage: Usage, at: datetime) -> dict[str, Any]:
    """The fields of a grade that `usage` adds to, for an update; none when no model was asked."""
    if not usage.calls:
        return {}
    _today.add(usage)
    return {
        "calls": F("calls") + usage.calls,
        "prompt_tokens": F("prompt_tokens") + usage.prompt_tokens,
        "completion_tokens": F("completion_tokens") + usage.completion_tokens,
        "seconds": F("seconds") + usage.seconds,
        "cost": F("cost") + cost(usage),
        "spent_at": at,
    }


def cost(usage: Usage) -> Decimal:
    """What `usage` costs by `LLM_PRICES`; 0 for a model without a price."""
    read, written = settings.LLM_PRICES.get(settings.OPENAI_MODEL, (0, 0))
    millionths = usage.prompt_tokens * Decimal(str(read)) + usage.completion_tokens * Decimal(str(written))
    return (millionths / 1_000_000).quantize(Decimal("0.000001"))


def spent_on_the_day_of(at: datetime) -> dict[str, Any]:
    """`tokens` and `cost` since midnight of all grades and errands, in one query.

    A grade whose tries span midnight counts for the later day.
    """
    rows = [model._default_manager.filter(spent_at__gte=_midnight(at)).order_by() for model in (Grade, Spending)]
    grades, errands = (  # one row each: what a constant groups by is everything
        each.values(all=Value(1))
        .annotate(sum=Sum(F("prompt_tokens") + F("completion_tokens")), money=Sum("cost"))
        .values_list("sum", "money")
        for each in rows
    )
    sums = list(grades.union(errands, all=True))
    return {
        "tokens": sum(tokens or 0 for tokens, _money in sums),
        "cost": sum((money or Decimal(0) for _tokens, money in sums), Decimal(0)),
    }


class _Today:
    """The day's sums as this process knows them: read from the database, with what it has spent itself since."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Read them again when they are asked for next."""
        self._read_at: datetime | None = None
        self._tokens, self._cost = 0, Decimal(0)

    def spent(self, at: datetime) -> tuple[int, Decimal]:
        """Tokens and cost since midnight, as they were at most `LATELY` ago."""
        read_at = self._read_at
        if read_at is None or not max(_midnight(at), at - LATELY) < read_at <= at:
            return self.read(at)
        return self._tokens, self._cost

    def read(self, at: datetime) -> tuple[int, Decimal]:
        """Tokens and cost since midnight as they are."""
        sums = spent_on_the_day_of(at)
        with self._lock:
            self._read_at, self._tokens, self._cost = at, sums["tokens"], sums["cost"]
        return sums["tokens"], sums["cost"]

    def add(self, usage: Usage) -> None:
        """What this process is about to book."""
        with self._lock:
            self._tokens += usage.prompt_tokens + usage.completion_tokens
            self._cost += cost(usage)


_today = _Today()


def _of_the_answer(grade: Grade, planned: int) -> Refusal | None:
    rows = Grade.objects.filter(answer__interview=grade.answer.interview_id).order_by()
    # Few rows: summing here is quicker than asking for sums.
    spent = list(rows.values_list("answer_id", "calls", "prompt_tokens", "completion_tokens"))
    calls = sum(calls for answer, calls, *_tokens in spent if answer == grade.answer_id)
    tokens = sum(sum(tokens) for answer, _calls, *tokens in spent if answer == grade.answer_id)
    of_all = sum(sum(tokens) for _answer, _calls, *tokens in spent)
    limits = [
        (CALLS, calls + 1, calls, settings.LLM_CALLS_PER_ANSWER),
        (ANSWER, tokens + planned, tokens, settings.LLM_TOKENS_PER_ANSWER),
        (INTERVIEW, of_all + planned, of_all, settings.LLM_TOKENS_PER_INTERVIEW),
    ]
    past = [Refusal(message, {"used": used, "most": most}) for message, then, used, most in limits if 0 < most < then]
    return past[0] if past else None


def refusal_of_the_day(at: datetime, planned: int) -> Refusal | None:
    """The limit of the day that forbids another `planned` tokens at `at`, or None."""
    if not settings.LLM_TOKENS_PER_DAY and not settings.LLM_COST_PER_DAY:
        return None
    if not _past(planned, *_today.spent(at)):
        return None
    message = _past(planned, *_today.read(at))  # nothing is refused by sums that may be old
    return Refusal(message, {}, _midnight(at, days=1)) if message else None


def _past(planned: int, tokens: int, spent: Decimal) -> str:
    """Which limit of the day `planned` tokens more would pass, or ""."""
    if 0 < settings.LLM_TOKENS_PER_DAY < tokens + planned:
        return DAY
    return COST if 0 < settings.LLM_COST_PER_DAY <= spent else ""


def _midnight(at: datetime, days: int = 0) -> datetime:
    """The start of the day of `at` by the clock of `TIME_ZONE`, or of a later day."""
    local = timezone.localtime(at)
    return datetime.combine(local.date() + timedelta(days=days), time.min, local.tzinfo)
