"""The circuit breaker before the model server: while it is down nobody asks it, but for one probe at a time.

Its state is one row per server, changed by conditional updates, so all workers on all machines share it. Failures of
the outage kinds (see `llm_errors.Outage`) open it: one that surely means an outage, or as many in a row as an answer
has tries, so that an outage alone never uses up an answer's tries. Whatever the server answers closes it.
"""

from __future__ import annotations

import dataclasses
import random
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from interviewer.llm import OPENAI_URL
from interviewer.llm_errors import LLMError, Outage
from interviewer.models import Endpoint

MOST_RETRY_AFTER = 600.0  # seconds: a server may ask to be left alone, but not for ever
MOST_PROBE_SECONDS = 120.0
LATELY = timedelta(seconds=1)  # how long a server that was well is taken to be so without looking
_CLOSED = {"failures": 0, "down_since": None, "probe_at": None, "probes": 0}
_well: dict[str, datetime] = {}  # by the name of a server: when this process last read that nothing has failed


def endpoint() -> Endpoint:
    """The configured model server as workers know it; an unsaved row when it never failed."""
    name = _name()
    return Endpoint.objects.filter(name=name).first() or Endpoint(name=name)


def lately(at: datetime) -> Endpoint:
    """`endpoint()` for a worker, which asks many times a second: what other processes note is seen within `LATELY`.

    What this process notes itself is seen at once, and so is everything while the server fails or is down.
    """
    name = _name()
    if _is_well(name, at):
        return Endpoint(name=name)
    known = endpoint()
    if not known.failures and not known.is_down:
        _well[name] = at
    return known


def _is_well(name: str, at: datetime) -> bool:
    return name in _well and timedelta() <= at - _well[name] < LATELY


def admit(grader: str, at: datetime) -> Permit | None:
    """Leave to grade with `grader` at `at`, or None while the model server it needs is down.

    Half-open, one caller of all is given a probe. Should it never be heard of again, the next one follows when its
    call would have ended.
    """
    if grader != "llm":
        return Permit(at)
    known = lately(at)
    takes = known.takes(at)
    if takes is None:
        return Permit(at, known.name)
    probe = at + timedelta(seconds=settings.LLM_TOTAL_SECONDS)
    turn = Endpoint.objects.filter(name=known.name, probe_at=known.probe_at) if takes else Endpoint.objects.none()
    return Permit(at, known.name, probe) if turn.update(probe_at=probe, probes=F("probes") + 1) else None


@dataclasses.dataclass(frozen=True)
class Permit:
    """Leave to ask a model server, given at `at`; `endpoint` is "" where no model is asked.

    `probe` is until when the holder is the one that probes, or None.
    """

    at: datetime
    endpoint: str = ""
    probe: datetime | None = None

    def answered(self, at: datetime | None = None) -> None:
        """The server answered, well or badly, at `at` (None: just now, by nobody's clock).

        One that was asked before it went down says nothing of it now.
        """
        if at is not None and _is_well(self.endpoint, at):
            return
        asked_since = Q(down_since=None) | Q(down_since__lte=self.at)
        failing = self._row.filter(asked_since, failures__gt=0)
        if failing.exists():  # an update takes SQLite's one lock, whether it changes anything or not
            failing.update(**_CLOSED)

    def failed(self, error: LLMError, at: datetime) -> datetime | None:
        """Note a failure of an outage kind. Returns when the next probe is due; None while the server counts as up."""
        _well.pop(self.endpoint, None)
        Endpoint.objects.get_or_create(name=self.endpoint)
        self._row.update(failures=F("failures") + 1, failed_at=at, error=error.message, error_values=error.values)
        known = self._row.get()
        if known.is_down or error.outage is Outage.SURELY or known.failures >= settings.GRADING_MAX_TRIES:
            seconds = min(settings.LLM_PROBE_SECONDS * 2.0 ** min(known.probes, 30), MOST_PROBE_SECONDS)
            self._open(at, at + wait(seconds, error))
        return self._row.values_list("probe_at", flat=True).first()

    def unused(self, at: datetime) -> None:
        """The server was not asked after all: another may probe."""
        if self.probe:
            self._row.filter(probe_at=self.probe).update(probe_at=at, probes=F("probes") - 1)

    def _open(self, at: datetime, until: datetime) -> None:
        if self.probe and self._row.filter(probe_at=self.probe).update(probe_at=until):
            return
        if not self._row.filter(down_since=None).update(down_since=at, probe_at=until):
            self._row.filter(probe_at__lt=until, probes=0).update(probe_at=until)

    @property
    def _row(self) -> models.QuerySet[Endpoint]:
        return Endpoint.objects.filter(name=self.endpoint)


def wait(seconds: float, error: LLMError) -> timedelta:
    """How long to leave a server alone: `seconds`, or longer if it asked for that; up to a fifth more by lot."""
    longest = max(seconds, min(error.retry_after or 0.0, MOST_RETRY_AFTER))
    return timedelta(seconds=longest * random.uniform(1.0, 1.2))  # noqa: S311


def _name() -> str:
    """The configured model and its server, without what else may stand in an address."""
    parts = urlsplit(settings.OPENAI_BASE_URL or OPENAI_URL)
    return f"{settings.OPENAI_MODEL} @ {parts.netloc.rpartition('@')[2]}{parts.path}"[:300]
