"""The verbs that delete: an interview's data, and a person's account. Nothing brings back what they take.

A table that gets a column for texts or names of candidates belongs here; `tests/interviewer/test_privacy.py` looks
through every column of every table for what should be gone.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Model, Q, QuerySet

from interviewer import audit, interviews
from interviewer.audit import Verb
from interviewer.grading import verdict
from interviewer.models import (
    Accommodation,
    Answer,
    Appeal,
    Decision,
    Grade,
    HumanScore,
    IdentityReveal,
    Interview,
    Invitation,
    Job,
    Override,
    Packet,
    ReviewClaim,
    Spending,
    User,
)

GONE = "—"  # in place of reasons, which may not be empty
Because = Interview.Because
_Row = TypeVar("_Row", bound=Model)


class LastOperator(Exception):
    """Nobody else could keep the accounts of this site any more."""


# --- Interviews -----------------------------------------------------------------------


def erase_interview(interview: Interview, because: Because, by: User | str, at: datetime) -> bool:
    """Leave a tombstone of an interview, in one transaction; one that runs is ended first. False when it is one.

    A guest, who was there for this interview alone, goes with it. `by` is for the audit log.
    """
    with transaction.atomic():
        interviews.end(interview, at)
        candidate = interview.candidate
        alive = Interview.objects.kept().filter(pk=interview.pk)
        fields = {"erased_at": at, "erased_because": because, "candidate": None, "base_deadline": F("deadline")}
        if not alive.update(**fields):
            return False
        _erase_answers(interview)
        _erase_grades(interview)
        _erase_review(interview)
        _erase_attempt(interview)
        Invitation.objects.filter(interview=interview).update(extra_minutes=0, **without_names(at))
        who = by if isinstance(by, str) else audit.name_of(by)  # known before a guest is gone
        if candidate is not None and candidate.is_guest:
            _forget_in_admin_log(candidate)
            candidate.delete()
        audit.record(who, Verb.INTERVIEW_ERASED, interview, {"because": str(because)}, at)
    interview.refresh_from_db()
    return True


def without_names(at: datetime) -> dict[str, Any]:
    """What becomes of an invitation's fields. A mail server's reason may quote the address."""
    return {"name": "", "email": "", "error": "", "error_values": {}, "erased_at": at}


def _erase_answers(interview: Interview) -> None:
    blank = [answer.pk for answer in interview.answers.only("text", "interview") if answer.is_blank]
    for is_blank in (True, False):
        found = Answer.objects.filter(interview=interview, was_blank__isnull=True)
        found = found.filter(pk__in=blank) if is_blank else found.exclude(pk__in=blank)
        found.update(text="", was_blank=is_blank, flagged=False)


def _erase_grades(interview: Interview) -> None:
    """Scores and verdicts stay as codes and sums, for the statistics; what is not done goes, but for what it cost.

    A worker that grades one at this moment finds its row gone, and writes nothing.
    """
    grades = Grade.objects.filter(answer__interview=interview)
    for grade in grades.filter(status=Grade.Status.DONE):
        assert grade.verdict is not None
        grade.verdict, grade.error, grade.error_values = verdict.without_words(grade.verdict), "", {}
        grade.save(update_fields=["verdict", "error", "error_values"])
    undone = grades.exclude(status=Grade.Status.DONE)
    Spending.objects.bulk_create(
        Spending(
            kind="grading",
            spent_at=grade.spent_at,
            calls=grade.calls,
            prompt_tokens=grade.prompt_tokens,
            completion_tokens=grade.completion_tokens,
            seconds=grade.seconds,
            cost=grade.cost,
        )
        for grade in undone
        if grade.spent_at is not None
    )
    undone.delete()


def _erase_review(interview: Interview) -> None:
    """People's scores and decisions stay without their words; who was told the name, and packets, do not."""
    of_answers = {"answer__interview": interview}
    _past_the_guard(HumanScore).filter(**of_answers, reason__gt="").update(reason=GONE)
    _past_the_guard(Override).filter(**of_answers).update(reason=GONE, for_candidate=False)
    _past_the_guard(Decision).filter(interview=interview).update(reason=GONE)
    _past_the_guard(IdentityReveal).filter(interview=interview).delete()
    _past_the_guard(Packet).filter(interview=interview).delete()
    ReviewClaim.objects.filter(interview=interview).delete()
    appeals = Appeal.objects.filter(**of_answers)
    appeals.open().delete()  # nobody could answer it, and what is not answered counts nowhere
    appeals.update(reason=GONE, reply=GONE)


def _erase_attempt(interview: Interview) -> None:
    """What the candidate did and when, texts sent too late among it; and why they had more time."""
    interview.events.all().delete()
    interview.extensions.all().delete()


def _past_the_guard(model: type[_Row]) -> QuerySet[_Row]:
    """Rows that are append-only for everybody else."""
    return QuerySet(model)


# --- People ---------------------------------------------------------------------------


def erase_person(person: User, by: User | str, at: datetime) -> None:
    """Delete the data of all interviews of a person, and then the account: nobody can sign in with it any more.

    Of an account that may have acted on others its number stays. Begun again after a crash it goes on. Raises
    `LastOperator`; then nothing has changed.
    """
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=person.pk)
    if person.is_superuser and not others.exists():
        raise LastOperator
    for interview in Interview.objects.filter(candidate=person).order_by("pk"):
        erase_interview(interview, Because.WISH, by, at)
    if not person.is_guest:
        with transaction.atomic():
            _erase_account(person, at)
            audit.record(by, Verb.PERSON_ERASED, person, {}, at)


def _erase_account(person: User, at: datetime) -> None:
    _forget_in_admin_log(person)
    Accommodation.objects.filter(person=person).delete()
    Job.objects.filter(owner=person).delete()
    for related in (person.groups, person.user_permissions, person.organisations):
        related.clear()
    person.username = f"deleted-{person.pk}-{secrets.token_hex(4)}"
    person.first_name = person.last_name = person.email = ""
    person.is_active = person.is_staff = person.is_superuser = False
    person.last_login, person.erased_at = None, at
    person.set_unusable_password()  # whereby sessions end wherever they are open
    person.save()


def _forget_in_admin_log(person: User) -> None:
    """Django's own log of the admin calls what was changed by its name."""
    kinds = ContentType.objects.get_for_models(User, Accommodation)
    of_account = Q(content_type=kinds[User], object_id=str(person.pk))
    of_extra_time = Q(content_type=kinds[Accommodation], object_repr=str(person))
    LogEntry.objects.filter(of_account | of_extra_time).update(object_repr=audit.name_of(person))
