"""Is the audit log whole? Walks the chain from its first event, a bounded number of rows in memory."""

from __future__ import annotations

import dataclasses
import enum
from datetime import datetime
from typing import Any

from django.db.models import Max

from interviewer.audit import chain
from interviewer.models import AuditEvent, AuditHead, Verb

_AT_ONCE = 2000  # rows


class Fault(enum.StrEnum):
    """What breaks the chain."""

    CHANGED = "changed"  # an event does not say what was hashed
    MISSING = "missing"  # an event is gone from the middle
    REORDERED = "reordered"  # an event is genuine, but was written after another one
    UNSIGNED = "unsigned"  # an event's hash is right, but not signed by us
    TRUNCATED = "truncated"  # the end is gone
    INSERTED = "inserted"  # there is more than the head knows of
    HEAD = "head"  # the head itself is missing, changed or not signed by us
    RESUMED = "resumed"  # the head could not be trusted once: what was cut off before it is not known
    OTHER_LOG = "other"  # the head that was written down elsewhere is none of this log's


@dataclasses.dataclass
class Report:
    """How far the log is whole: `events` of it, from `first` to `last`. `number` is that of the event at fault.

    `hash` is the head's; `known_at` the number of the event whose hash was written down elsewhere.
    """

    events: int = 0
    first: datetime | None = None
    last: datetime | None = None
    hash: str = ""
    fault: Fault | None = None
    number: int = 0
    known_at: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain data, times as ISO texts."""
        plain = dataclasses.asdict(self)
        plain |= {name: plain[name] and plain[name].isoformat() for name in ("first", "last")}
        return {"whole": self.fault is None, **plain}


def check(known: str = "") -> Report:
    """Walk the whole log. `known`: the hash of a head that was written down elsewhere."""
    # In this order: whoever appends meanwhile makes the head larger than what was seen before, never smaller.
    newest = AuditEvent.objects.aggregate(newest=Max("number"))["newest"] or 0
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    report = Report(hash=head.hash)
    _walk(report, head.number, known)
    if report.fault is None:
        report.fault, report.number = _fault_at_the_end(report, head, newest)
    if report.fault is None and known and not report.known_at:
        report.fault = Fault.OTHER_LOG
    return report


def _walk(report: Report, end: int, known: str) -> None:
    """Read the events up to number `end`, until the first that is at fault."""
    before = ""
    for event in AuditEvent.objects.filter(number__lte=end).order_by("number").iterator(chunk_size=_AT_ONCE):
        if fault := _fault(event, report.events + 1, before):
            report.fault = fault
            report.number = report.events + 1 if fault is Fault.MISSING else event.number
            return
        before = event.hash
        report.events, report.first, report.last = event.number, report.first or event.at, event.at
        if known == event.hash:
            report.known_at = event.number


def _fault(event: AuditEvent, expected: int, before: str) -> Fault | None:
    if event.number > expected:
        return Fault.MISSING
    if chain.hash_of(event) != event.hash:
        return Fault.CHANGED
    if not chain.is_signed(event):
        return Fault.UNSIGNED
    if event.previous != before:
        return Fault.REORDERED
    return Fault.RESUMED if event.verb == Verb.AUDIT_RESUMED else None


def _fault_at_the_end(report: Report, head: AuditHead, newest: int) -> tuple[Fault | None, int]:
    if report.events < head.number:
        return Fault.TRUNCATED, report.events + 1
    if not chain.is_signed_head(head) and (newest or head.number):
        return Fault.HEAD, head.number
    if newest > head.number:
        return Fault.INSERTED, head.number + 1
    last = AuditEvent.objects.filter(number=head.number).values_list("hash", flat=True).first() or ""
    return (Fault.HEAD, head.number) if last != head.hash else (None, 0)
