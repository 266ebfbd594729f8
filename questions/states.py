"""The states of a question: draft → in review → published → retired. All changes go through `change_many`, but for
those of questions that are merged and separated (`merges.py`).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable

from django.conf import settings
from django.utils.translation import gettext as _

from questions.models import Question, QuestionVersion
from questions.versions import Cause, Kind, NotAllowed, Status, batches, note, record_many, step, take

ALLOWED: dict[str, tuple[str, ...]] = {
    Status.DRAFT: (Status.IN_REVIEW, Status.PUBLISHED, Status.RETIRED),
    Status.IN_REVIEW: (Status.DRAFT, Status.PUBLISHED, Status.RETIRED),
    Status.PUBLISHED: (Status.DRAFT, Status.IN_REVIEW, Status.RETIRED),
    Status.RETIRED: (Status.DRAFT,),
}


@dataclasses.dataclass
class Outcome:
    """How many questions changed, and how many did not for which reason (a sentence)."""

    changed: int = 0
    refused: Counter[str] = dataclasses.field(default_factory=Counter)


def refusal(
    was: str,
    to: str,
    *,
    answered: bool,
    author: int | None,
    first_pair: Collection[int | None] = (),
    is_merged: bool = False,
) -> str:
    """Why a question may not go from one state to another, as a sentence; "" if it may.

    `answered` says whether it has a reference answer, `author` who asks, `first_pair` who may not publish it where two
    pairs of eyes are required (see `first_pairs`), `is_merged` whether another question is asked instead of it.
    """
    if was == to:
        return _("It has this status already.")
    if is_merged:
        return _("It is merged into another question: separate the two first.")
    if to not in ALLOWED[was]:
        if was == Status.RETIRED:
            return _("A retired question has to become a draft first.")
        return _("It cannot go from “%(was)s” to “%(to)s”.") % {"was": Status(was).label, "to": Status(to).label}
    if to != Status.PUBLISHED:
        return ""
    if not answered:
        return _("A question without a reference answer cannot be published.")
    if not settings.REVIEW_REQUIRED:
        return ""
    if was != Status.IN_REVIEW:
        return _("It has to be submitted for review first.")
    if author is None or author in first_pair:
        return _("Whoever changed it last or submitted it cannot publish it: another curator has to.")
    return ""


def change(question: int, to: str, cause: Cause) -> None:
    """Bring one question into another state. Raises NotAllowed with the reason."""
    outcome = change_many([question], to, cause)
    for reason in outcome.refused:
        raise NotAllowed(reason)


def change_many(questions: Iterable[int], to: str, cause: Cause) -> Outcome:
    """Bring those questions into another state that may go there, each with a version; say why the others may not."""
    outcome = Outcome()
    author = cause.author.pk if cause.author else None
    with step():
        for keys in batches(questions):
            note(keys, cause.at)
            first, going = first_pairs(keys), []
            for question in take(keys):
                answered = bool(question.reference.strip())
                reason = refusal(
                    question.status,
                    to,
                    answered=answered,
                    author=author,
                    first_pair=first.get(question.pk, ()),
                    is_merged=question.merged_into_id is not None,
                )
                if reason:
                    outcome.refused[reason] += 1
                else:
                    going.append(question.pk)
            Question.objects.filter(pk__in=going).update(status=to, updated_at=cause.at)
            outcome.changed += len(record_many(going, Kind.STATE, cause))
    return outcome


def first_pairs(questions: Collection[int]) -> dict[int, set[int | None]]:
    """Question → who changed its words last and who submitted it for review: the first of two pairs of eyes."""
    if not settings.REVIEW_REQUIRED:
        return {}
    wrote: dict[int, int | None] = {}
    submitted: dict[int, int | None] = {}
    was: dict[int, str] = {}
    rows = QuestionVersion.objects.filter(question__in=questions).order_by("question", "number")
    for question, kind, status, author in rows.values_list("question", "kind", "status", "author"):
        if kind not in (Kind.STATE, Kind.MERGED, Kind.SEPARATED, Kind.CONFIRMED):
            wrote[question] = author
        if status == Status.IN_REVIEW and was.get(question) != Status.IN_REVIEW:
            submitted[question] = author
        was[question] = status
    return {question: {wrote.get(question), submitted.get(question)} for question in was}
