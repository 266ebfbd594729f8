"""Events of the audit log as a person reads them. Names are looked up now, since the log holds none.

What is gone is told of by its number: "person 12 (deleted)".
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from interviewer import audit
from interviewer.models import (
    Accommodation,
    AuditEvent,
    Decision,
    ExamResult,
    Interview,
    InterviewTemplate,
    Position,
    User,
    Verb,
)
from questions.models import Document, Question, Topic

# Kind → its rows, and what to call one of them. An interview is called by its template: whose it was is not told here.
_NAMED: dict[str, tuple[type[Model], Callable[[Any], str]]] = {
    "person": (User, lambda row: row.get_full_name() or row.get_username()),
    "question": (Question, lambda row: row.title),
    "document": (Document, lambda row: row.name),
    "topic": (Topic, str),
    "template": (InterviewTemplate, lambda row: row.name),
    "interview": (Interview, lambda row: row.template.name),
    "position": (Position, lambda row: row.title),
    "exam": (ExamResult, str),
    "group": (Group, lambda row: row.name),
    "permission": (Permission, lambda row: row.codename),
}
_KINDS = {
    "person": gettext_lazy("person"),
    "question": gettext_lazy("question"),
    "document": gettext_lazy("document"),
    "topic": gettext_lazy("topic"),
    "template": gettext_lazy("interview template"),
    "interview": gettext_lazy("interview"),
    "position": pgettext_lazy("hiring", "position"),
    "exam": gettext_lazy("exam of a grader"),
    "group": gettext_lazy("group"),
}
_ACTORS = {
    audit.COMMAND: gettext_lazy("The command line"),
    audit.PROGRAM: gettext_lazy("The program"),
    audit.UNKNOWN: gettext_lazy("Somebody"),
}
_LABELS = {
    "count": gettext_lazy("how many"),
    "new": gettext_lazy("of them new"),
    "files": gettext_lazy("files"),
    "format": gettext_lazy("format"),
    "language": gettext_lazy("language"),
    "topic": gettext_lazy("topic"),
    "status": gettext_lazy("status"),
    "version": gettext_lazy("version"),
    "seconds": gettext_lazy("seconds added"),
    "question": gettext_lazy("question of the interview"),
    "blind": gettext_lazy("before the machine's verdict was shown"),
    "upheld": gettext_lazy("upheld"),
    "person": gettext_lazy("a person's score counts"),
    "questions": gettext_lazy("questions"),
    "first": gettext_lazy("from question"),
    "last": gettext_lazy("to question"),
    "grader": gettext_lazy("grader"),
    "outcome": gettext_lazy("decision"),
    "before": gettext_lazy("decision before"),
    "packet": gettext_lazy("packet"),
    "passed": gettext_lazy("passed"),
    "quick": gettext_lazy("quick run"),
    "who": gettext_lazy("who"),
    "verb": gettext_lazy("what was done"),
    "object": gettext_lazy("to what"),
    "since": gettext_lazy("from"),
    "until": gettext_lazy("until"),
}
# For who compares, it stands in the export; and managers who have not judged an answer yet read here too.
_WITHOUT_WORDS = {"questions_sha256", "json_sha256", "pdf_sha256", "score"}
# The admin's forms: part of the verb before the dot → whose fields were changed, and what their ids are of.
_FORMS: dict[str, type[Model]] = {
    "topic": Topic,
    "template": InterviewTemplate,
    "accommodation": Accommodation,
    "person": User,
    "group": Group,
}
_IDS = {"groups": "group", "topics": "topic", "permissions": "permission", "user_permissions": "permission"}


@dataclasses.dataclass(frozen=True)
class Told:
    """One event in words: who did what to which thing, and what more is known of it."""

    event: AuditEvent
    who: str
    did: str
    what: str
    details: list[str]

    @property
    def sentence(self) -> str:
        """The event as one line."""
        did = _("%(who)s %(did)s") % {"who": self.who, "did": self.did}
        return _("%(did)s: %(what)s") % {"did": did, "what": self.what} if self.what else did


def tell(events: Iterable[AuditEvent]) -> list[Told]:
    """These events in words; a query for each kind of thing, however many events there are."""
    events = list(events)
    names = _names(events)
    return [
        Told(
            event,
            str(_ACTORS[event.actor]) if event.actor in _ACTORS else _name(event.actor, names),
            verb_label(event.verb),
            _what(event, names),
            _details(event, names),
        )
        for event in events
    ]


def verb_label(verb: str) -> str:
    """What was done, in words; the code itself where this version of the program does not know it."""
    return str(Verb(verb).label) if verb in Verb.values else verb


# --- Names ----------------------------------------------------------------------------


def _names(events: Iterable[AuditEvent]) -> dict[str, str]:
    """ "person:12" → name, of all that these events speak of and that is still there."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for event in events:
        for name in (event.actor, event.object, *_ids(event)):
            kind, _colon, key = name.partition(":")
            if key:
                wanted[kind].add(key)
    found = {}
    for kind, keys in wanted.items():
        if kind in _NAMED:
            model, called = _NAMED[kind]
            rows = model._default_manager.filter(pk__in=keys)
            rows = rows.select_related("template") if model is Interview else rows
            found.update({f"{kind}:{row.pk}": called(row) for row in rows})
    return found


def _ids(event: AuditEvent) -> Iterable[str]:
    for field, change in event.facts.get("changed", {}).items():
        if field in _IDS:
            yield from (f"{_IDS[field]}:{key}" for key in (*change.get("added", ()), *change.get("removed", ())))


def _name(name: str, names: Mapping[str, str]) -> str:
    if name in names:
        return names[name]
    kind, _colon, key = name.partition(":")
    return _("%(kind)s %(number)s (deleted)") % {"kind": _KINDS.get(kind, kind), "number": key}


def _what(event: AuditEvent, names: Mapping[str, str]) -> str:
    if not event.object:
        return ""
    kind, _colon, key = event.object.partition(":")
    name = _name(event.object, names)
    return f"{name} ({key[:8]})" if kind == "interview" and event.object in names else name


# --- Details --------------------------------------------------------------------------


def _details(event: AuditEvent, names: Mapping[str, str]) -> list[str]:
    told = [
        _pair(_LABELS.get(key, key), _value(key, value))
        for key, value in event.facts.items()
        if key not in _WITHOUT_WORDS and key != "changed"
    ]
    return told + [_changed(event, field, change, names) for field, change in event.facts.get("changed", {}).items()]


def _changed(event: AuditEvent, field: str, change: Mapping[str, Any], names: Mapping[str, str]) -> str:
    label = _field_label(event.verb, field)
    if "from" in change:
        return _pair(label, _value(field, change))
    kind = _IDS.get(field, field)
    moved = [("+", key) for key in change.get("added", ())] + [("−", key) for key in change.get("removed", ())]
    return _pair(label, ", ".join(f"{sign} {_name(f'{kind}:{key}', names)}" for sign, key in moved)) if moved else label


def _field_label(verb: str, field: str) -> str:
    model = _FORMS.get(verb.partition(".")[0])
    try:
        return str(model._meta.get_field(field).verbose_name) if model else field  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return field


def _pair(label: Any, value: str) -> str:
    return _("%(label)s: %(value)s") % {"label": label, "value": value}


def _value(key: str, value: Any) -> str:
    if isinstance(value, Mapping) and "from" in value:
        return f"{_value(key, value['from'])} → {_value(key, value['to'])}"
    if isinstance(value, bool):
        return str(pgettext_lazy("fact", "yes") if value else pgettext_lazy("fact", "no"))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if key == "status" and value in Question.Status.values:
        return str(Question.Status(value).label)
    if key in {"outcome", "before"} and value in Decision.Outcome.values:
        return str(Decision.Outcome(value).label)
    return "—" if value in (None, "") else str(value)
