"""The audit log: `record` what somebody did, within the transaction that does it. Verbs: `interviewer/models/audit.py`.

    audit.record(request.user, audit.Verb.TIME_ADDED, interview, {"minutes": 5}, request.received_at)

What is rolled back was never recorded. All events make one chain, so that who records holds the chain's head until the
transaction ends: record last in it. Ordinary traffic of candidates is not recorded here but in `timeline.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Model

from interviewer.audit import chain
from interviewer.models import AuditEvent, AuditHead, User, Verb

COMMAND = "command"  # whoever runs commands on the server
PROGRAM = "program"  # nobody: the program itself, when something is due
UNKNOWN = "unknown"  # somebody who went past the program
SEEN_AGAIN = timedelta(minutes=10)  # looking at the same thing again within this is no news

_KINDS = {
    "user": "person",
    "interviewtemplate": "template",
    "examresult": "exam",
}  # where the kind is not the model's name
_LONGEST = 200  # characters of a fact: codes are short, texts have no place here


class Draft(NamedTuple):
    """An event before it is in the chain; the arguments of `record`."""

    actor: User | str
    verb: Verb
    thing: Model | str
    facts: dict[str, Any]
    at: datetime


def record(actor: User | str, verb: Verb, thing: Model | str, facts: dict[str, Any], at: datetime) -> AuditEvent:
    """Append one event, in the caller's transaction or in one of its own.

    `actor` is a person, `COMMAND`, `PROGRAM` or `UNKNOWN`; `thing` is a row, "kind:id", or "" where there is no one
    thing. `facts` hold codes, ids, counts, booleans and dates as text, what changed as {"from": …, "to": …}; never a
    text that somebody wrote, a name or an address. Raises TypeError or ValueError for facts of another sort.
    """
    return append([Draft(actor, verb, thing, facts, at)])[0]


def saw(actor: User, verb: Verb, thing: Model | str, at: datetime) -> None:
    """Record that a person looked at something; once in `SEEN_AGAIN`, however often the page is loaded meanwhile."""
    lately = AuditEvent.objects.filter(verb=verb, object=name_of(thing), at__gt=at - SEEN_AGAIN)
    if not lately.filter(actor=name_of(actor)).exists():
        record(actor, verb, thing, {}, at)


def append(drafts: Iterable[Draft]) -> list[AuditEvent]:
    """Append events in this order, in the caller's transaction or in one of its own."""
    ready = [Draft(name_of(d.actor), d.verb, name_of(d.thing), _checked(d.facts), d.at) for d in drafts]
    if not ready:
        return []
    with transaction.atomic():
        head, resumed = _take_head(ready[0].at)
        events = []
        for actor, verb, thing, facts, at in [*resumed, *ready]:
            event = AuditEvent(actor=str(actor), verb=str(verb), object=str(thing), facts=facts, at=at)
            events.append(chain.link(event, head))
        AuditEvent.objects.bulk_create(events)
        chain.sign_head(head)
        head.save()
    return events[len(resumed) :]


def name_of(thing: Model | str) -> str:
    """How the log names a row for good: "question:12". A text is such a name already."""
    if isinstance(thing, str):
        return thing
    kind = str(thing._meta.model_name)
    return f"{_KINDS.get(kind, kind)}:{thing.pk}"


def _take_head(at: datetime) -> tuple[AuditHead, list[Draft]]:
    """The head, held until the transaction ends, so that two who record at once make one chain.

    On SQLite, where rows cannot be locked, every transaction is the only writer from its beginning. A head that is
    missing or not signed by us (SECRET_KEY was changed without a fallback, or somebody tampered) must not stop the
    work of honest people: the log goes on after its last event, and says so for ever in an event of its own.
    """
    head, _created = AuditHead.objects.select_for_update().get_or_create(pk=1)
    if chain.is_signed_head(head):
        return head, []
    last = AuditEvent.objects.order_by("-number").first()
    if last is None and head.number == 0:
        return head, []
    facts = {"head": head.number, "last": last.number if last else 0}
    head.number, head.hash = (last.number, last.hash) if last else (0, "")
    return head, [Draft(PROGRAM, Verb.AUDIT_RESUMED, "", facts, at)]


def _checked(facts: Any) -> Any:
    if isinstance(facts, dict) and all(isinstance(key, str) for key in facts):
        return {key: _checked(value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [_checked(value) for value in facts]
    if facts is None or isinstance(facts, bool | int):
        return facts
    if isinstance(facts, str):
        if len(facts) > _LONGEST:
            raise ValueError("a fact of the audit log is a code or an id, not a text")
        return str(facts)
    raise TypeError(f"{type(facts).__name__} cannot be a fact of the audit log")
