"""The verbs of versions: every change of a question's words, rubric points, tags or status leaves one, made here.

Each takes the questions' rows first, so that changes at once become versions one after the other. What was changed
elsewhere, in a shell say, becomes a version of its own before the next change, so that nobody is held to have made it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from questions.content import Content, write
from questions.models import Question, QuestionVersion

Kind = QuestionVersion.Kind
Status = Question.Status
_BATCH = 500  # questions, with their words and points, in memory at once

# Sent at the end of each step, inside its transaction, with `made`: a list of `Made`. The one way in which others learn
# of changes without this package knowing them; whoever listens may write, and may undo the step by raising.
versions_made = Signal()
_step: ContextVar[list[Made] | None] = ContextVar("_step", default=None)


class NotAllowed(Exception):
    """Nothing was changed. Its message is a sentence for the person who asked."""


@dataclasses.dataclass(frozen=True)
class Cause:
    """Who changed something, why and when. `author` is a user, or None for imports and commands."""

    author: Any = None
    reason: str = ""
    at: datetime = dataclasses.field(default_factory=timezone.now)


class Made(NamedTuple):
    """A version that was just made, without what it says. `was`: the status before it, "" of a new question."""

    question: int
    document: int | None
    number: int
    kind: str
    status: str
    was: str
    author: Any
    at: datetime


class Head(NamedTuple):
    """A question's newest version, without what it says."""

    number: int
    status: str
    tags: str
    content_hash: str

    @property
    def key(self) -> tuple[str, str, str]:
        """As that of the `Content` it says."""
        return self.status, self.tags, self.content_hash


def record(question: int, kind: str, cause: Cause, restores: int | None = None) -> QuestionVersion | None:
    """The version of what the question with this key says now; None, and no version, if the newest one says it too."""
    return next(iter(record_many([question], kind, cause, restores)), None)


def record_many(
    questions: Iterable[int], kind: str, cause: Cause, restores: int | None = None
) -> list[QuestionVersion]:
    """The versions of those that changed; the number of queries grows with the batches, not with the questions."""
    made: list[QuestionVersion] = []
    with step():
        for keys in batches(questions):
            made += record_taken(take(keys), kind, cause, restores)
    return made


def record_taken(
    taken: Sequence[Question], kind: str, cause: Cause, restores: int | None = None
) -> list[QuestionVersion]:
    """As `record_many`, of questions that the caller has taken in this transaction, and not changed since."""
    return record_said([(question, Content.of(question)) for question in taken], kind, cause, restores)


def record_said(
    said: Sequence[tuple[Question, Content]], kind: str, cause: Cause, restores: int | None = None
) -> list[QuestionVersion]:
    """As `record_many`, of questions that the caller has taken or made, and just let say these contents."""
    with step() as told:
        newest = heads([question.pk for question, _content in said])
        new = (_next(question, content, newest.get(question.pk), kind, cause, restores) for question, content in said)
        made = QuestionVersion.objects.bulk_create([version for version in new if version is not None])
        told += (_made(version, newest.get(version.question_id)) for version in made)
    return made


@contextmanager
def step() -> Iterator[list[Made]]:
    """A transaction whose versions are told of together, at its end; steps within it are part of it.

    So whoever listens does its work, and holds its locks, once and last, however many versions an import makes.
    """
    outer = _step.get()
    made: list[Made] = [] if outer is None else outer
    before = len(made)
    token = _step.set(made)
    try:
        with transaction.atomic():
            yield made
            if outer is None and made and not transaction.get_rollback():  # a dry run tells nobody
                versions_made.send(QuestionVersion, made=made)
    except BaseException:
        del made[before:]  # they were rolled back
        raise
    finally:
        _step.reset(token)


def _made(version: QuestionVersion, newest: Head | None) -> Made:
    return Made(
        version.question_id,
        version.question.document_id,
        version.number,
        version.kind,
        version.status,
        newest.status if newest else "",
        version.author,
        version.at,
    )


def record_change(question: int, kind: str, cause: Cause, restores: int | None = None) -> QuestionVersion | None:
    """`record` what a person has written. Published words stay published, unless they lost their answer, or unless two
    pairs of eyes are required: what the second pair has not seen is in review.
    """
    with step():
        [current], newest = take([question]), heads([question])
        if current.status == Status.PUBLISHED and not says_the_same(newest.get(question), current):
            current.status = status_of_changed(current)
            Question.objects.filter(pk=question).update(status=current.status)
        return record(question, kind, cause, restores)


def tell(question: int, kind: str, cause: Cause) -> None:
    """A version that tells what happened to a question, whether or not its own words or status changed by it."""
    with step() as told:
        [taken], newest = take([question]), heads([question]).get(question)
        version = _version(taken, Content.of(taken), newest, kind, cause)
        version.save()
        told.append(_made(version, newest))


def status_of_changed(question: Question) -> str:
    """The status of a published question whose words have just changed by somebody's hand."""
    if not question.reference.strip():
        return Status.DRAFT
    return Status.IN_REVIEW if settings.REVIEW_REQUIRED else Status.PUBLISHED


def says_the_same(version: QuestionVersion | Head | None, question: Question) -> bool:
    """Whether a version has the question's words, points and tags; its status is another matter."""
    return version is not None and (version.content_hash, version.tags) == (question.frozen().hash, question.tags)


def note(questions: Iterable[int], at: datetime | None = None) -> None:
    """Call before a change: what no version tells yet becomes one, by nobody. Holds the rows for the transaction."""
    record_many(questions, Kind.FOUND, Cause(at=at or timezone.now()))


def newest_numbers(questions: Iterable[int]) -> dict[int, int]:
    """Question → the number of its newest version."""
    return {key: head.number for keys in batches(questions) for key, head in heads(keys).items()}


def heads(keys: list[int]) -> dict[int, Head]:
    """Question → its newest version; those that have none are left out. For a bounded number of questions."""
    own = QuestionVersion.objects.filter(question=OuterRef("pk")).order_by("-number").values("pk")[:1]
    newest = Question.objects.filter(pk__in=keys).values(newest=Subquery(own))
    rows = QuestionVersion.objects.filter(pk__in=newest).order_by().values_list("question", *Head._fields)
    return {question: Head(*values) for question, *values in rows}


def erase(questions: Iterable[int]) -> None:
    """Delete questions with all their versions, published ones too. Whoever calls this has made sure that nobody was
    ever asked them.
    """
    for keys in batches(questions):
        QuestionVersion._base_manager.filter(question__in=keys).delete()
        Question.objects.filter(pk__in=keys).delete()


def roll_back(question: Question, version: QuestionVersion, cause: Cause) -> QuestionVersion:
    """Let the question say again what `version` says: words, points and tags. Its status is not brought back.

    The same content has the same hash. Only where the topic is gone, or the slug is another question's by now, the
    present one stays. Raises NotAllowed where nothing would change.
    """
    with step():
        note([question.pk], cause.at)
        [current] = take([question.pk])
        made = None
        if version.question_id == current.pk and not says_the_same(version, current):
            write(current, version.frozen, version.tags)
            made = record_change(current.pk, Kind.RESTORED, cause, version.number)
        if made is None:
            raise NotAllowed(_("The question says what this version says already."))
        return made


def take(keys: list[int]) -> list[Question]:
    """The questions, topics and points as they are now, nobody else changing their rows before the transaction ends.

    On SQLite, where rows cannot be locked, every transaction is the only writer from its beginning.
    """
    locked = Question.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
    return list(locked.select_related("topic").prefetch_related("points"))


def batches(keys: Iterable[int]) -> Iterator[list[int]]:
    """The keys in order, a bounded number at a time. One order for all: two runs then never wait for each other."""
    ordered = sorted(keys)
    return (ordered[place : place + _BATCH] for place in range(0, len(ordered), _BATCH))


def _next(
    question: Question,
    said: Content,
    newest: Head | None,
    kind: str,
    cause: Cause,
    restores: int | None,
) -> QuestionVersion | None:
    if newest is not None and newest.key == said.key:
        return None
    return _version(question, said, newest, kind, cause, restores)


def _version(
    question: Question,
    said: Content,
    newest: Head | None,
    kind: str,
    cause: Cause,
    restores: int | None = None,
) -> QuestionVersion:
    version = version_of(said, kind, cause)
    version.question, version.restores = question, restores
    version.number = newest.number + 1 if newest else 1
    return version


def version_of(said: Content, kind: str, cause: Cause) -> QuestionVersion:
    """A version that says this, of no question yet and without a number; not saved."""
    return QuestionVersion(
        kind=kind,
        author=cause.author,
        at=cause.at,
        reason=cause.reason,
        status=said.status,
        tags=said.tags,
        content=said.data,
        content_hash=said.data["hash"],
    )
