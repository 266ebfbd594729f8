"""A plan → the bank: in one transaction, and in bulk, so that it does not keep other writers waiting for long."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from questions.models import Document, Question, RubricPoint, Topic
from questions.plans import DocumentPlan, Plan, Planned
from questions.text import clean_text
from questions.versions import Cause, Content, Kind, batches, record_said, record_taken, step, take

_BATCH = 500  # questions in one statement, as far as the database takes them
_FIELDS = (
    "title", "prompt", "reference", "explanation", "examples", "kind", "difficulty", "seconds", "slug", "language",
)  # fmt: skip
_WRITTEN = (*_FIELDS, "topic", "tags", "status", "document", "number", "source_hash", "updated_at")


class BankChanged(Exception):
    """Nothing was written: a question is not any more what it was when the plan was made."""


def write(plan: Plan, cause: Cause) -> None:
    """Carry out a plan, each change with a version. Raises BankChanged, having written nothing."""
    with step():
        taken = _take(plan, cause)
        for document in plan.documents:
            if document.parsed.questions:
                _write_document(document, taken, dataclasses.replace(cause, reason=reason_of(document.source.file)))


def reason_of(file: str) -> str:
    """What versions say of an import: the name of its file."""
    return clean_text(Path(file).name)[:500]


def say(question: Question, content: Content, topic: Topic) -> None:
    """Let a question say something else; `store` saves it."""
    for name in _FIELDS:
        setattr(question, name, getattr(content.frozen, name))
    question.topic, question.status, question.tags = topic, content.status, content.tags


def store(said: Sequence[tuple[Question, Content]]) -> None:
    """Save questions, new or not, with the points of their contents."""
    Question.objects.bulk_create([question for question, _content in said if question.pk is None])
    known = [question for question, _content in said if question.pk is not None]
    # Rows that are there are replaced by one statement for many: a plain update of many fields takes ten times as long.
    Question.objects.bulk_create(known, update_conflicts=True, unique_fields=["id"], update_fields=_WRITTEN)
    _store_points(said)


def _take(plan: Plan, cause: Cause) -> dict[int, Question]:
    """The questions that will change, each what the plan took it for, nobody else changing them until the end."""
    found = [planned for document in plan.documents for planned in document.changes]
    expected = {planned.question.pk: planned for planned in found if planned.question}
    taken: dict[int, Question] = {}
    for keys in batches(expected):
        questions = take(keys)
        for question in questions:
            planned = expected[question.pk]
            if Content.of(question) != planned.before or planned.joins != (question.document_id is None):
                raise BankChanged
        record_taken(questions, Kind.FOUND, Cause(at=cause.at))
        taken |= {question.pk: question for question in questions}
    if len(taken) != len(expected):
        raise BankChanged
    return taken


def _write_document(plan: DocumentPlan, taken: dict[int, Question], cause: Cause) -> None:
    document = _document(plan)
    said = []
    for planned in plan.changes:
        question = taken[planned.question.pk] if planned.question else Question()
        say(question, planned.after, _topic(planned))
        question.document, question.number = document, planned.parsed.number
        question.source_hash = planned.digest
        said.append((question, planned.after))
    for place in range(0, len(said), _BATCH):
        batch = said[place : place + _BATCH]
        store(batch)
        record_said(batch, Kind.IMPORTED, cause)


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


def _store_points(said: Iterable[tuple[Question, Content]]) -> None:
    said = list(said)
    RubricPoint.objects.filter(question__in=[question.pk for question, _content in said]).delete()
    RubricPoint.objects.bulk_create(
        RubricPoint(
            question=question, order=order, name=point.name, text=point.text, kind=point.kind, weight=point.weight
        )
        for question, content in said
        for order, point in enumerate(content.frozen.points, start=1)
    )
