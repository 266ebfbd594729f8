"""What happens in the question bank, which knows nothing of this log; `interviewer/apps.py` connects its signals."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils import timezone

from interviewer import audit
from interviewer.audit import Draft
from interviewer.models import Verb
from questions.exporting import Exported, Selection
from questions.models import Question
from questions.versions import Kind, Made

_MOST_SINGLE = 20  # questions changed in one step: so many get an event each, more get one for all of them

_BY_KIND = {
    Kind.FOUND: Verb.QUESTION_FOUND,
    Kind.CREATED: Verb.QUESTION_WRITTEN,
    Kind.EDITED: Verb.QUESTION_EDITED,
    Kind.IMPORTED: Verb.QUESTION_IMPORTED,
    Kind.RESTORED: Verb.QUESTION_RESTORED,
    Kind.MERGED: Verb.QUESTION_MERGED,
    Kind.SEPARATED: Verb.QUESTION_SEPARATED,
    Kind.CONFIRMED: Verb.QUESTION_CONFIRMED,
}
_BY_STATUS = {
    Question.Status.DRAFT: Verb.QUESTION_DRAFTED,
    Question.Status.IN_REVIEW: Verb.QUESTION_SUBMITTED,
    Question.Status.PUBLISHED: Verb.QUESTION_PUBLISHED,
    Question.Status.RETIRED: Verb.QUESTION_RETIRED,
}


def on_versions_made(sender: Any, made: list[Made], **signal: Any) -> None:
    """Record the versions of one step: by whom, and what became of which questions. What they say stands in them."""
    groups: dict[Any, list[Made]] = {}
    for one in made:
        groups.setdefault(_group(one), []).append(one)
    audit.append(draft for group in groups.values() for draft in _drafts(group))


def on_bank_exported(sender: Any, selection: Selection, form: str, exported: list[Exported], **signal: Any) -> None:
    """Record an export by a command."""
    chosen = {"language": selection.language, "topic": selection.topic, "status": ", ".join(selection.statuses)}
    facts = {"count": sum(each.questions for each in exported), "files": len(exported), "format": form}
    facts |= {name: value for name, value in chosen.items() if value}
    audit.record(audit.COMMAND, Verb.BANK_EXPORTED, "", facts, timezone.now())


def _verb(made: Made) -> Verb:
    return _BY_STATUS[made.status] if made.kind == Kind.STATE else _BY_KIND[made.kind]  # type: ignore[index]


def _group(made: Made) -> tuple[Any, ...]:
    """What is told of together. An import is told of by its documents."""
    return _verb(made), made.author and made.author.pk, made.kind == Kind.IMPORTED and made.document


def _drafts(group: list[Made]) -> list[Draft]:
    first = group[0]
    actor = first.author or (audit.UNKNOWN if first.kind == Kind.FOUND else audit.COMMAND)
    if first.kind != Kind.IMPORTED and len(group) <= _MOST_SINGLE:
        return [Draft(actor, _verb(one), f"question:{one.question}", _facts(one), one.at) for one in group]
    keys = sorted({one.question for one in group})
    digest = hashlib.sha256(",".join(map(str, keys)).encode()).hexdigest()
    facts = {
        "count": len(keys),
        **({"new": sum(one.number == 1 for one in group)} if first.kind == Kind.IMPORTED else {}),
        **({"questions": keys} if len(keys) <= _MOST_SINGLE else {"first": keys[0], "last": keys[-1]}),
        "questions_sha256": digest,
    }
    document = f"document:{first.document}" if first.kind == Kind.IMPORTED and first.document else ""
    return [Draft(actor, _verb(first), document, facts, first.at)]


def _facts(one: Made) -> dict[str, Any]:
    moved = {"status": {"from": one.was, "to": one.status}} if one.was and one.was != one.status else {}
    return {"version": one.number, **moved}
