"""Undoing an import as a whole: its questions as they were before, or gone. What somebody changed since stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext as _

from questions.applying import WRITTEN, say
from questions.content import Content, store_points
from questions.import_runs import Done, Kind, hash_of
from questions.models import ImportChange, ImportFile, ImportRun, Question, QuestionVersion, RubricPoint, Topic
from questions.plans import Progress
from questions.versions import (
    Cause,
    NotAllowed,
    Status,
    batches,
    erase,
    newest_numbers,
    record_many,
    record_taken,
    step,
    take,
)
from questions.versions import Kind as VersionKind

Undone = ImportChange.Undone
Asked = Callable[[Collection[int]], set[int]]  # those of some questions that somebody was asked


def undo(
    run: ImportRun, author: Any, at: datetime, asked: Asked, progress: Progress, done: Done = lambda: None
) -> None:
    """Take back a whole import, in one transaction; each change is a version.

    A question that it changed says again what it said before, in the status that it had. One that it created is
    deleted, or retired if somebody was `asked` it. One that was changed since is left alone. Raises NotAllowed.
    """
    progress(0, 0)
    names = ", ".join(run.files.values_list("name", flat=True))
    cause = Cause(author, (_("The import of %(files)s was undone.") % {"files": names})[:500], at)
    try:
        with step():
            mine = ImportRun.objects.filter(pk=run.pk, committed_at__isnull=False, undone_at__isnull=True)
            if not mine.update(undone_at=at, undone_by=author):
                raise NotAllowed(_("This import was undone already, or never carried out."))
            changes = run.current.filter(chosen=True, question__isnull=False).defer("before", "after")
            _take_back({change.question_id: change for change in changes if change.question_id}, asked, cause)
            for file in run.files.exclude(source_hash="").defer("data").select_related("document"):
                _bring_text_back(file)
            done()
    except IntegrityError as error:
        message = _("Somebody began an interview with one of these questions at this very moment: please try again.")
        raise NotAllowed(message) from error
    finally:
        run.refresh_from_db()


def _take_back(changes: dict[int, ImportChange], asked: Asked, cause: Cause) -> None:
    outcomes: dict[str, list[int]] = defaultdict(list)
    for keys in batches(changes):
        taken = take(keys)
        record_taken(taken, VersionKind.FOUND, Cause(at=cause.at))
        newest = newest_numbers(keys)
        fresh = [question for question in taken if newest[question.pk] == changes[question.pk].version]
        outcomes[Undone.KEPT] += {question.pk for question in taken} - {question.pk for question in fresh}
        created = [question.pk for question in fresh if changes[question.pk].kind == Kind.CREATED]
        others = [question for question in fresh if changes[question.pk].kind != Kind.CREATED]
        _restore(others, changes, cause)
        outcomes[Undone.RESTORED] += [question.pk for question in others]
        deleted, retired = _remove(created, asked(created), cause)
        outcomes[Undone.DELETED] += deleted
        outcomes[Undone.RETIRED] += retired
    for outcome, questions in outcomes.items():
        for keys in batches(changes[key].pk for key in questions):
            ImportChange.objects.filter(pk__in=keys).update(undone=outcome)


def _restore(questions: list[Question], changes: dict[int, ImportChange], cause: Cause) -> None:
    """Let questions say what they said before the import, and belong where they belonged."""
    before = _versions_before(questions, changes)
    topics = {topic.slug: topic for topic in Topic.objects.all()}
    said, by_number = [], defaultdict(list)
    for question in questions:
        change = changes[question.pk]
        content = Content.of(question)
        if change.kind == Kind.CHANGED:
            version = before[question.pk]
            content = Content(version.frozen, version.status, version.tags)
            by_number[version.number].append(question.pk)
        say(question, content, topics.get(content.frozen.topic, question.topic))
        question.source_hash = change.hash_before
        if change.joins:
            question.document, question.number = None, ""
        said.append((question, content))
    _store(said)
    for number, keys in by_number.items():
        record_many(keys, VersionKind.RESTORED, cause, number)


def _store(said: list[tuple[Question, Content]]) -> None:
    """Save questions that are there, with the points of their contents."""
    # Rows are replaced by one statement for many: a plain update of many fields takes ten times as long.
    questions = [question for question, _content in said]
    Question.objects.bulk_create(questions, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN)
    RubricPoint.objects.filter(question__in=[question.pk for question in questions]).delete()
    store_points((question, content.frozen) for question, content in said)


def _versions_before(questions: list[Question], changes: dict[int, ImportChange]) -> dict[int, QuestionVersion]:
    """Question → the version before the one that the import left; there always is one, noted at the import."""
    wanted = {question.pk: (changes[question.pk].version or 0) - 1 for question in questions}
    found = QuestionVersion.objects.filter(question__in=wanted, number__in=set(wanted.values()))
    return {version.question_id: version for version in found if version.number == wanted[version.question_id]}


def _remove(created: list[int], asked: set[int], cause: Cause) -> tuple[list[int], list[int]]:
    """Delete what nobody was asked and nothing hangs on, and retire the others; those deleted and those retired."""
    never = [key for key in created if key not in asked]
    try:
        with transaction.atomic():
            erase(never)
    except (ProtectedError, RestrictedError):
        never = []
    retired = [key for key in created if key not in set(never)]
    Question.objects.filter(pk__in=retired).update(status=Status.RETIRED, updated_at=cause.at)
    record_many(retired, VersionKind.STATE, cause)
    return never, retired


def _bring_text_back(file: ImportFile) -> None:
    """The document says what it said before, unless its text was replaced since; one that is empty goes."""
    document = file.document
    if document is None or hash_of(document.source) != file.source_hash:
        return
    if file.source_before is not None:
        document.source = file.source_before
        document.save()
    elif not Question.objects.filter(document=document).exists():
        document.delete()
