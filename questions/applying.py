"""A plan → the bank, in one transaction: all of it, or none.

On SQLite nobody else can write while it lasts. So everything that can be reckoned before it is (`prepare`); within it
the bank is compared with what the plan took it for, and rows go in as they are (`carry_out`).
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from questions import rows
from questions.content import TEXTS, VALUES, Content, points_of
from questions.models import Document, Question, QuestionVersion, RubricPoint, Topic
from questions.plans import DocumentPlan, Plan, Planned
from questions.rows import Row
from questions.text import clean_text
from questions.versions import Cause, Head, Kind, Made, batches, heads, record_taken, step, take, version_of

_FIELDS = (*TEXTS, *VALUES)
# What is known before the transaction, and what only within it: rows there may be new themselves.
_KNOWN = (*_FIELDS, "tags", "status", "number", "source_hash", "updated_at")
_LATE = ("document", "topic")
WRITTEN = (*_KNOWN, *_LATE)  # all that an import, or its undoing, changes of a question
_NEW = ("translation_group", "merged_into")  # of a new question only, and empty
_POINT = ("order", "name", "text", "kind", "weight")
_VERSION = ("kind", "author", "at", "reason", "status", "tags", "content", "content_hash", "restores")


class BankChanged(Exception):
    """Nothing was written: a question is not any more what it was when the plan was made."""


class _Said(NamedTuple):
    """What a question and its points say, as plain values, and what its newest version has to say so."""

    values: Row
    points: list[Row]
    version: tuple[str, str, str]


class _Ready(NamedTuple):
    """One question with its rows, but for keys; and what the bank has to say of it, if it is there already."""

    planned: Planned
    expected: _Said | None
    known: Row
    points: list[Row] | None  # None: they stay as they are
    version: Row


@dataclasses.dataclass
class Prepared:
    """A plan with the rows that carry it out."""

    cause: Cause
    documents: list[tuple[DocumentPlan, list[_Ready]]]

    @property
    def all(self) -> Iterator[_Ready]:
        return (ready for _plan, found in self.documents for ready in found)


def write(plan: Plan, cause: Cause) -> None:
    """Carry out a plan, each change with a version. Raises BankChanged, having written nothing."""
    prepared = prepare(plan, cause)
    with step():
        carry_out(prepared)


def prepare(plan: Plan, cause: Cause) -> Prepared:
    """Reckon all that takes long; nothing is read or written. To be called before the transaction begins."""
    documents = []
    for document in plan.documents:
        if document.parsed.questions:
            own = dataclasses.replace(cause, reason=reason_of(document.source.file))
            documents.append((document, [_ready(planned, own) for planned in document.changes]))
    return Prepared(cause, documents)


def carry_out(prepared: Prepared) -> None:
    """Write what was prepared, within a `step` of the caller's. Raises BankChanged; the step must then be undone."""
    newest = _take(prepared)
    for plan, found in prepared.documents:
        document = _document(plan)
        said = dict(_store(document, found))
        _store_points(said)
        _store_versions(document, said, newest, prepared.cause)


def reason_of(file: str) -> str:
    """What versions say of an import: the name of its file."""
    return clean_text(Path(file).name)[:500]


def say(question: Question, content: Content, topic: Topic) -> None:
    """Let a question say something else, without saving it."""
    for name in _FIELDS:
        setattr(question, name, getattr(content.frozen, name))
    question.topic, question.status, question.tags = topic, content.status, content.tags


# --- Before -------------------------------------------------------------------------


def _ready(planned: Planned, cause: Cause) -> _Ready:
    question = copy.copy(planned.question) if planned.question else Question()
    say(question, planned.after, planned.topic)
    question.number, question.source_hash = planned.parsed.number, planned.digest
    known, points, version = rows.ready(question, _KNOWN), _ready_points(planned), _ready_version(planned, cause)
    return _Ready(planned, _expected(planned), known, points, version)


def _expected(planned: Planned) -> _Said | None:
    if planned.before is None:
        return None
    said, status, tags = planned.before.frozen, planned.before.status, planned.before.tags
    texts = (getattr(said, name) for name in _FIELDS)
    points = [(point.name, point.text, point.kind, point.weight) for point in said.points]
    return _Said((*texts, status, tags, said.topic, not planned.joins), points, planned.before.key)


def _ready_points(planned: Planned) -> list[Row] | None:
    if planned.before and planned.before.frozen.points == planned.after.frozen.points:
        return None
    return [rows.ready(point, _POINT) for point in points_of(planned.after.frozen)]


def _ready_version(planned: Planned, cause: Cause) -> Row:
    return rows.ready(version_of(planned.after, Kind.IMPORTED, cause), _VERSION)


# --- Within the transaction -----------------------------------------------------------


def _take(prepared: Prepared) -> dict[int, Head]:
    """The newest versions of the questions that will change, each what the plan took it for, nobody else changing them
    until the end. What no version tells yet becomes one.
    """
    expected = {ready.planned.question.pk: ready.expected for ready in prepared.all if ready.planned.question}
    newest: dict[int, Head] = {}
    for keys in batches(expected):
        found, told = _as_they_are(keys), heads(keys)
        untold = []
        for key in keys:
            said = expected[key]
            if said is None or found.get(key) != (said.values, said.points):
                raise BankChanged
            if key not in told or told[key].key != said.version:
                untold.append(key)
        if untold:
            record_taken(take(untold), Kind.FOUND, Cause(at=prepared.cause.at))
            told |= heads(untold)
        newest |= told
    return newest


def _as_they_are(keys: list[int]) -> dict[int, tuple[Row, list[Row]]]:
    """Question → its values and those of its points; as tuples, since thousands of objects would take seconds."""
    locked = Question.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    list(locked.values_list("pk"))
    told = ("pk", *_FIELDS, "status", "tags", "topic__slug", "document")
    values = Question.objects.filter(pk__in=keys).values_list(*told)
    points: dict[int, list[Row]] = {}
    of_points = RubricPoint.objects.filter(question__in=keys).order_by("order", "pk")
    for question, *point in of_points.values_list("question", "name", "text", "kind", "weight"):
        points.setdefault(question, []).append(tuple(point))
    return {key: ((*said, of is not None), points.get(key, [])) for key, *said, of in values}


def _store(document: Document, found: list[_Ready]) -> Iterator[tuple[int, _Ready]]:
    """Save the questions of a document; each with its key."""
    new = [ready for ready in found if not ready.planned.question]
    known = {ready.planned.question.pk: ready for ready in found if ready.planned.question}
    made = dict(zip(rows.new_keys(Question, len(new)), new, strict=True)) if new else {}
    added = ((*ready.known, *_late(document, ready), None, None, key) for key, ready in made.items())
    rows.insert(Question, [*WRITTEN, *_NEW, "pk"], added)
    changed = ((*ready.known, *_late(document, ready), key) for key, ready in known.items())
    rows.update(Question, WRITTEN, changed)
    return iter({**made, **known}.items())


def _late(document: Document, ready: _Ready) -> Row:
    return document.pk, _topic(ready.planned).pk


def _store_points(said: Mapping[int, _Ready]) -> None:
    changed = {key: ready.points for key, ready in said.items() if ready.points is not None}
    for keys in batches(key for key in changed if said[key].planned.question):
        RubricPoint.objects.filter(question__in=keys).delete()
    added = ((*point, key) for key, points in changed.items() for point in points)
    rows.insert(RubricPoint, [*_POINT, "question"], added)


def _store_versions(document: Document, said: Mapping[int, _Ready], newest: Mapping[int, Head], cause: Cause) -> None:
    numbers = {
        key: newest[key].number + 1 if key in newest else 1
        for key, ready in said.items()
        if key not in newest or newest[key].key != ready.planned.after.key
    }
    added = ((*said[key].version, key, number) for key, number in numbers.items())
    rows.insert(QuestionVersion, [*_VERSION, "question", "number"], added)
    with step() as told:
        told += _made(document, said, newest, numbers, cause)


def _made(
    document: Document,
    said: Mapping[int, _Ready],
    newest: Mapping[int, Head],
    numbers: Mapping[int, int],
    cause: Cause,
) -> Iterable[Made]:
    for key, number in numbers.items():
        status = said[key].planned.after.status
        was = newest[key].status if key in newest else ""
        yield Made(key, document.pk, number, Kind.IMPORTED, status, was, cause.author, cause.at)


def _document(plan: DocumentPlan) -> Document:
    document, made = Document.objects.get_or_create(
        name=plan.parsed.name, language=plan.parsed.language, defaults={"source": plan.text}
    )
    expected = plan.text if plan.document is None else plan.document.source
    if made != (plan.document is None) or document.source != expected:
        raise BankChanged
    if not made and plan.keeps_text:
        document.source = plan.text
        document.save()
    return document


def _topic(planned: Planned) -> Topic:
    if planned.topic.pk is None:
        planned.topic.save(force_insert=True)
    return planned.topic
