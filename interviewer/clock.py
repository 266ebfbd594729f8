"""The verbs of an interview's clock: plan, extend, pause, resume, and give back what our own faults took.

A deadline is the one fixed at the start plus every `Extension`; `_add` alone writes both, in one transaction, with the
interview's row taken first. Time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from interviewer import audit
from interviewer.models import Accommodation, Extension, Interview, InterviewTemplate, User
from interviewer.models.interviews import TRANSIT


class InterviewClosed(Exception):
    """The interview was handed in, or its time is over: nothing more is accepted."""


class InterviewPaused(Exception):
    """The interview's clock stands still: nothing is accepted until it is resumed."""


class AlreadyExtended(Exception):
    """A manager has added time since this manager looked."""


class NoPauseLeft(Exception):
    """The template allows no pause, or all of it is used."""


@contextmanager
def taken(interview: Interview) -> Iterator[Interview | None]:
    """The interview, brought up to date, its row held until the block ends; None once it is handed in."""
    with transaction.atomic():
        is_open = Interview.objects.open().filter(pk=interview.pk).update(deadline=F("deadline"))
        interview.refresh_from_db()
        yield interview if is_open else None


def _add(taken: Interview, kind: Extension.Kind, length: timedelta, at: datetime, **more: object) -> None:
    """Move the deadline of a taken interview, and write down why."""
    taken.deadline += length
    taken.save(update_fields=["deadline"])
    Extension.objects.create(interview=taken, kind=kind, length=length, at=at, **more)


# --- Before the start -------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """How long an interview would last: `base` for everybody, and the `extra` time of this person."""

    base: timedelta
    extra: timedelta

    @property
    def total(self) -> timedelta:
        return self.base + self.extra


def plan(template: InterviewTemplate, candidate: User, at: datetime) -> Plan:
    """What the candidate would get, starting at `at`. Extra time is of what is left, and reaches past the window."""
    base = template.time_from(at)
    accommodation = Accommodation.objects.filter(person=candidate).first()
    return Plan(base, accommodation.on_top_of(base) if accommodation else timedelta())


def accommodate(interview: Interview, extra: timedelta, at: datetime) -> None:
    """Add a person's extra time to an interview that is being created, in the caller's transaction."""
    if extra:
        _add(interview, Extension.Kind.ACCOMMODATION, extra, at)


# --- A manager's extension ----------------------------------------------------------


def extend(interview: Interview, length: timedelta, reason: str, by: User, at: datetime, seen: int) -> None:
    """Add time, as a manager's decision. `seen` is how often managers had done so when this one looked.

    Raises `InterviewClosed` once it is handed in, and `AlreadyExtended` for the second of two clicks.
    """
    with taken(interview) as row:
        if row is None:
            raise InterviewClosed
        if row.extensions.filter(kind=Extension.Kind.MANAGER).count() != seen:
            raise AlreadyExtended
        _add(row, Extension.Kind.MANAGER, length, at, reason=reason, given_by=by)
        audit.record(by, audit.Verb.TIME_ADDED, row, {"seconds": round(length.total_seconds())}, at)


# --- Pause --------------------------------------------------------------------------


def pause_left(interview: Interview) -> timedelta:
    """How much longer this interview may be paused in all."""
    used = interview.extensions.filter(kind=Extension.Kind.PAUSE).aggregate(used=Sum("length"))["used"]
    return max(interview.pause_allowance - (used or timedelta()), timedelta())


def pause(interview: Interview, at: datetime) -> Interview:
    """Stop the clock, for as long as is left of the allowance at most; a second time changes nothing.

    Raises `InterviewClosed` when the time is over, and `NoPauseLeft`.
    """
    with taken(interview) as row:
        if row is None:
            raise InterviewClosed
        if row.is_paused(at):
            return row
        _end_pause(row, at)
        if at >= row.deadline:
            raise InterviewClosed
        left = pause_left(row)
        if not left:
            raise NoPauseLeft
        book_visit(row, at)
        row.paused_at, row.paused_until = at, at + left
        row.save(update_fields=["paused_at", "paused_until"])
        return row


def resume(interview: Interview, at: datetime) -> None:
    """Let the clock run again, from `at` or from the bound of the pause, whichever came first."""
    with taken(interview) as row:
        if row is not None:
            _end_pause(row, at)


def _end_pause(taken: Interview, at: datetime) -> None:
    if taken.paused_at is None or taken.paused_until is None:
        return
    end = max(min(at, taken.paused_until), taken.paused_at)
    if length := end - taken.paused_at:
        _add(taken, Extension.Kind.PAUSE, length, end, since=taken.paused_at)
    taken.paused_at = taken.paused_until = None
    taken.current_since = end
    taken.save(update_fields=["paused_at", "paused_until", "current_since"])


def end_pause(interview: Interview, at: datetime) -> None:
    """Write down the end of a pause that has reached its bound."""
    if interview.paused_until is not None and interview.paused_until <= at:
        resume(interview, at)


def end_pauses(at: datetime) -> None:
    """Write down the end of every pause that has reached its bound."""
    for interview in Interview.objects.open().filter(paused_until__lte=at):
        resume(interview, at)


def stop(taken: Interview, at: datetime) -> None:
    """Stop a taken interview's clocks for good: a pause ends, the question's time is booked."""
    _end_pause(taken, at)
    book_visit(taken, at)


def book_visit(interview: Interview, at: datetime) -> None:
    """Add the time since the current question was opened to that question's."""
    spent = max(0.0, (min(at, interview.ends_at) - interview.current_since).total_seconds())
    interview.answers.filter(position=interview.current_position).update(seconds_used=F("seconds_used") + spent)


# --- What our faults took -------------------------------------------------------------


def credit(interview: Interview, kind: Extension.Kind, since: datetime, until: datetime) -> timedelta:
    """Give back the time from `since` to `until`, in which we failed the candidate; returns how much was given.

    No moment is given back twice, whoever asks and how often: what was made good already is left out, as is what a
    pause covers. An interview that was over before `since` gets nothing.
    """
    with taken(interview) as row:
        if row is None:
            return timedelta()
        begun = max(since, row.started_at)
        length = min(_uncovered(row, begun, until), _most(row, kind))
        if length <= timedelta() or row.running_time(begun) > row.ends_at + TRANSIT:
            return timedelta()
        _add(row, kind, length, until, since=begun)
        return length


def _uncovered(interview: Interview, since: datetime, until: datetime) -> timedelta:
    """How much of a stretch neither a pause nor an earlier credit covers."""
    rows = interview.extensions.filter(at__gt=since)
    covered = [(row.since, row.at) for row in rows if row.since is not None]
    if interview.paused_at is not None and interview.paused_until is not None:
        covered.append((interview.paused_at, interview.paused_until))
    total = timedelta()
    for start, end in sorted(covered):
        total += max(min(start, until) - since, timedelta())
        since = max(since, end)
    return total + max(until - since, timedelta())


def _most(interview: Interview, kind: Extension.Kind) -> timedelta:
    """Slow answers can be brought about on purpose, so what they earn has a limit; an outage cannot."""
    if kind != Extension.Kind.SLOWNESS:
        return timedelta.max
    given = interview.extensions.filter(kind=kind).aggregate(given=Sum("length"))["given"]
    return timedelta(seconds=settings.SLOW_CREDIT_SECONDS) - (given or timedelta())
