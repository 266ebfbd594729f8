"""The timeline of an attempt: its events written down, and read together with the other facts. No score looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from interviewer.claims import Claim, Log, PageLog
from interviewer.models import Answer, Extension, Interview, InterviewEvent, in_words

Kind = InterviewEvent.Kind

MOST_REPORTED = 1_000  # events of one interview that browsers may report; what a broken page says beyond is dropped
_TOGETHER = timedelta(minutes=2)  # saves of one question that are no further apart are told in one line


# --- Writing -------------------------------------------------------------------


def record_save(answer: Answer, before: datetime | None, at: datetime) -> None:
    """Note that a new text was stored, once a minute and question however often it is; `before` is the save before."""
    if before is None or before.replace(second=0, microsecond=0) != at.replace(second=0, microsecond=0):
        _add(answer, Kind.SAVED, at)


def record_claim(answer: Answer, claim: Claim, at: datetime) -> None:
    """Note that a text was stored after the deadline, and what its log shows."""
    data = {"reason": claim.reason, "claimed_at": claim.typed_at.isoformat() if claim.typed_at else None}
    _add(answer, Kind.IN_TIME if claim.in_time else Kind.LATE, at, data=data)


def record_unsent(answer: Answer, text: str, claim: Claim, at: datetime) -> None:
    """Keep a text that its owner sent after handing in, beside what was handed in."""
    claimed = claim.typed_at.isoformat() if claim.typed_at else None
    _add(answer, Kind.UNSENT, at, data={"text": text, "claimed_at": claimed})


def unsent(answer: Answer) -> list[str]:
    """The texts that are kept beside an answer."""
    kept = answer.interview.events.filter(kind=Kind.UNSENT, position=answer.position)
    return [event.data["text"] for event in kept]


def record_log(answer: Answer, log: Log, at: datetime) -> None:
    """Note what the browser reports: that its page was opened, and that the server could not be reached meanwhile."""
    reported = [row for page in (*log.earlier, log.page) for row in _reported(answer, page, at)]
    if not reported or _reports(answer).count() >= MOST_REPORTED:
        return
    known = set(_reports(answer).values_list("page", "sequence"))
    new = [row for row in reported if (row.page, row.sequence) not in known]
    InterviewEvent.objects.bulk_create(new, ignore_conflicts=True)
    if any(row.kind == Kind.DISCONNECTED for row in new):
        _add(answer, Kind.RESUMED, at)


def _reports(answer: Answer) -> QuerySet[InterviewEvent]:
    return InterviewEvent.objects.filter(interview=answer.interview_id, sequence__isnull=False)


def _reported(answer: Answer, page: PageLog, at: datetime) -> Iterator[InterviewEvent]:
    for name, kind in (("opened", Kind.OPENED), ("offline", Kind.DISCONNECTED)):
        if entry := next((entry for entry in page.entries if entry.kind == name), None):
            yield InterviewEvent(
                interview_id=answer.interview_id,
                kind=kind,
                at=at,
                position=answer.position,
                page=page.contact.page,
                sequence=entry.sequence,
                data={"claimed_at": min(page.time_of(entry), at).isoformat()},
            )


def _add(answer: Answer, kind: Kind, at: datetime, **fields: object) -> None:
    InterviewEvent.objects.create(
        interview_id=answer.interview_id, kind=kind, at=at, position=answer.position, **fields
    )


# --- Reading -------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One line of a timeline. `until` is set when it stands for several; `claimed`: the time is the browser's word.

    `by` is who did it, for managers only.
    """

    kind: str
    at: datetime
    text: str
    position: int | None = None
    until: datetime | None = None
    claimed: bool = False
    detail: str = ""
    by: str = ""


def timeline(interview: Interview) -> list[Entry]:
    """Everything that is known of an attempt, in order of time. Other facts of an attempt join the list here."""
    entries = [Entry("started", interview.started_at, _("Opened; the clock started"))]
    entries += _clock(interview)
    entries += [_entry(event) for event in _events(interview)]
    if interview.submitted_at is not None:
        entries.append(_submitted(interview, interview.submitted_at))
    return list(_together(sorted(entries, key=lambda entry: entry.at)))


def late_marks(interview: Interview) -> list[Entry]:
    """What a manager should know before reading: texts that came late, or after the interview was closed."""
    return [_entry(event) for event in _events(interview) if event.kind in {Kind.LATE, Kind.UNSENT}]


def late_positions(interview: Interview, answers: Iterable[Answer]) -> list[int]:
    """The answers last saved in granted late minutes, but for those whose log shows that they were typed before."""
    late = {(each.position, each.saved_at) for each in answers if each.saved_at and interview.is_late(each.saved_at)}
    if late:
        late -= set(interview.events.filter(kind=Kind.IN_TIME).values_list("position", "at"))
    return sorted(position for position, _saved_at in late)


def _events(interview: Interview) -> Iterator[InterviewEvent]:
    """The events, but for claims about a deadline that was moved afterwards, so that they came in time after all."""
    for event in interview.events.order_by("at", "pk"):
        if event.kind not in {Kind.LATE, Kind.IN_TIME} or not _is_in_time(event, interview.deadline):
            yield event


def _is_in_time(claim: InterviewEvent, deadline: datetime) -> bool:
    typed_late = claim.data["reason"] == "typed-late"  # in which the log is consistent otherwise
    return claim.at <= deadline or (typed_late and claim.claimed_at is not None and claim.claimed_at <= deadline)


def _clock(interview: Interview) -> Iterator[Entry]:
    """Time that was added, pauses, and where granted late minutes began."""
    for extension in interview.extensions.select_related("given_by"):
        if extension.kind == Extension.Kind.PAUSE:
            yield Entry("paused", extension.since or extension.at, _("Paused"))
            yield Entry("unpaused", extension.at, _("Resumed after %(time)s") % {"time": in_words(extension.length)})
        else:
            yield Entry(extension.kind, extension.at, extension.sentence, by=str(extension.given_by or ""))
    if interview.paused_at is not None:
        yield Entry("paused", interview.paused_at, _("Paused"))
    if interview.grace and interview.submitted_at is not None and interview.submitted_at > interview.deadline:
        yield Entry("deadline", interview.deadline, _("The time was over; the late minutes began"))


def _submitted(interview: Interview, at: datetime) -> Entry:
    text = {
        Interview.SubmittedBy.CANDIDATE: _("Handed in"),
        Interview.SubmittedBy.CLOCK: _("The time was over; handed in by the clock"),
        Interview.SubmittedBy.NOBODY: _("The time was over; closed as abandoned"),
    }[Interview.SubmittedBy(interview.submitted_by)]
    return Entry("submitted", at, text)


def _entry(event: InterviewEvent) -> Entry:
    claimed = event.claimed_at if event.kind in {Kind.OPENED, Kind.DISCONNECTED} else None
    return Entry(
        kind=event.kind,
        at=claimed or event.at,
        text=_sentence(event),
        position=event.position,
        claimed=event.kind == Kind.DISCONNECTED,
        detail=event.data.get("text", ""),
    )


def _sentence(event: InterviewEvent) -> str:
    return {
        Kind.LATE: _("Question %(n)d arrived after the deadline and is marked as late. %(why)s"),
        Kind.OPENED: _("Room opened at question %(n)d"),
        Kind.SAVED: _("Question %(n)d saved"),
        Kind.DISCONNECTED: _("Connection lost at question %(n)d, as the browser tells it"),
        Kind.RESUMED: _("Connection back"),
        Kind.IN_TIME: _("Question %(n)d arrived after the deadline; the browser's log shows that it was typed before."),
        Kind.UNSENT: _("A text for question %(n)d was sent after the end. It is kept here and is not graded."),
    }[Kind(event.kind)] % {"n": event.position, "why": _why(event)}


def _why(event: InterviewEvent) -> str:
    """Why a text was marked, for the candidate and the manager alike."""
    return {
        "no-log": _("No log of the browser came with it."),
        "sequence": _("Entries are missing from the browser's log."),
        "clock-back": _("In the browser's log the clock runs backwards."),
        "clock-off": _("The browser's clock does not agree with the server's; the device may have been asleep."),
        "other-text": _("The browser's log does not speak of this text."),
        "page-closed": _("It was typed in a page that was closed since, whose clock cannot be checked."),
        "typed-late": _("It was typed after the deadline."),
    }.get(event.data.get("reason", ""), "")


def _together(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Saves of one question that follow one another, as one line from the first to the last."""
    held: Entry | None = None
    for entry in entries:
        if held and _continues(held, entry):
            held = replace(held, until=entry.at)
            continue
        if held:
            yield held
        held = entry
    if held:
        yield held


def _continues(held: Entry, entry: Entry) -> bool:
    both_saves = held.kind == entry.kind == Kind.SAVED
    return both_saves and held.position == entry.position and entry.at - (held.until or held.at) <= _TOGETHER
