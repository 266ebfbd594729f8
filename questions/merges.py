"""Merging: of two questions that ask the same one is kept, and the other retires into it. And the way back.

Nothing is moved: the merged question keeps its words, history and answers, and `Question.merged_into` says where it
went. Whoever counts by question follows that way (`kept`), so that separating two questions again restores all of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from django.utils.translation import gettext as _

from questions.models import Question, QuestionVersion
from questions.versions import Cause, Kind, NotAllowed, Status, note, says_the_same, status_of_changed, step, take, tell

TRIES = 5  # how often the kept question may be merged itself while one waits for its row
NAME_LENGTH = 80  # characters of a title in a history
REASON_LENGTH = 500  # characters of a version's reason


class _Moved(Exception):
    """What was true when the rows were asked for is not any more."""


def merge(question: int, into: int, cause: Cause) -> Question:
    """Retire `question` into `into`, or into what that one was merged into itself; returns the one that is kept.

    Merging again what is merged already changes nothing. Raises NotAllowed with a sentence.
    """
    for _try in range(TRIES):
        try:
            with step():
                return _merge(question, into, cause)
        except _Moved:
            continue
    raise NotAllowed(_("Somebody else is merging these questions: look again, then decide."))


def separate(question: int, cause: Cause) -> Question:
    """Undo the merging of `question`; returns it with the status that it has now.

    It is published again only if it was and says the same as then, or if nobody has to review what changed. What was
    merged into it before stays merged into it. Raises NotAllowed with a sentence.
    """
    for _try in range(TRIES):
        try:
            with step():
                return _separate(question, cause)
        except _Moved:
            continue
    raise NotAllowed(_("Somebody else is merging these questions: look again, then decide."))


def kept() -> dict[int, int]:
    """Every merged question → the one that is kept for it, at the end of the way."""
    rows = Question.objects.filter(merged_into__isnull=False).values_list("pk", "merged_into")
    way = {pk: into for pk, into in rows if into is not None}
    return {pk: _end(pk, way) for pk in way}


def kept_for(question: int) -> int:
    """The question that is kept for this one: itself unless it was merged."""
    return kept().get(question, question)


def _end(pk: int, way: Mapping[int, int]) -> int:
    for _step in range(len(way)):  # the verbs make no circles; a circle made elsewhere hangs nobody
        if pk not in way:
            break
        pk = way[pk]
    return pk


def _merge(question: int, into: int, cause: Cause) -> Question:
    end = kept_for(into)
    rows = {row.pk: row for row in take([question, end])}
    if question not in rows or end not in rows:
        raise NotAllowed(_("One of the two questions is gone."))
    merged, target = rows[question], rows[end]
    if target.merged_into_id is not None:
        raise _Moved
    if merged.merged_into_id is not None:
        if kept_for(question) == end:
            return target
        raise NotAllowed(_("It is merged into “%(other)s” already: separate those two first.") % _other(merged))
    if refused := _refusal(merged, target):
        raise NotAllowed(refused)
    note([question, end], cause.at)
    Question.objects.filter(pk=question).update(status=Status.RETIRED, merged_into=target, updated_at=cause.at)
    tell(question, Kind.MERGED, _told(cause, _("Merged into %s."), target))
    tell(end, Kind.MERGED, _told(cause, _("%s was merged into this question."), merged))
    return target


def _refusal(merged: Question, target: Question) -> str:
    """Why the one may not be merged into the other, as a sentence; "" if it may."""
    if merged.pk == target.pk:
        return _("These are one question already: look again, then decide.")
    if merged.language != target.language:
        return _("They are in two languages: translations are not merged.")
    if target.status == Status.RETIRED:
        return _("The question to be kept is retired: make it a draft first, or keep the other one.")
    return ""


def _separate(question: int, cause: Cause) -> Question:
    into = Question.objects.filter(pk=question).values_list("merged_into", flat=True).first()
    if into is None:
        raise NotAllowed(_("It is not merged, or not any more."))
    rows = {row.pk: row for row in take([question, into])}
    if question not in rows or rows[question].merged_into_id != into:
        raise _Moved
    current = rows[question]
    note([question, into], cause.at)
    status = _status_before(current)
    Question.objects.filter(pk=question).update(status=status, merged_into=None, updated_at=cause.at)
    tell(question, Kind.SEPARATED, _told(cause, _("Separated from %s again."), rows[into]))
    tell(into, Kind.SEPARATED, _told(cause, _("%s was separated from this question again."), current))
    current.status, current.merged_into = status, None
    return current


def _status_before(question: Question) -> str:
    """The status that a merged question had, as far as it may have it still."""
    versions = QuestionVersion.objects.filter(question=question).order_by("-number")
    merging = versions.filter(kind=Kind.MERGED).first()
    before = versions.filter(number__lt=merging.number).first() if merging else None
    if before is None:
        return Status.DRAFT
    if before.status == Status.PUBLISHED and not says_the_same(before, question):
        return status_of_changed(question)
    return before.status


def _told(cause: Cause, sentence: str, other: Question) -> Cause:
    """The cause with a reason that says which question the other one is."""
    reason = f"{sentence % _name(other)} {cause.reason}".strip()
    return dataclasses.replace(cause, reason=reason[:REASON_LENGTH])


def _name(question: Question) -> str:
    title = question.title if len(question.title) <= NAME_LENGTH else f"{question.title[: NAME_LENGTH - 1]}…"
    return f"“{title}” ({question.slug})"


def _other(question: Question) -> dict[str, str]:
    return {"other": question.merged_into.title if question.merged_into else ""}
