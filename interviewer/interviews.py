"""The verbs of an interview: start, open a question, save, flag, submit, settle, grade again.

These are the only functions that write several rows or queue work. Time is an argument. Each decision is one
conditional update; a save and a submit of the same interview queue for its row, so that what was handed in is exactly
what the receipt says.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from interviewer import tasks
from interviewer.models import Answer, Grade, Interview, InterviewTemplate, User
from questions import retrieval
from questions.models import Question
from questions.text import clean_text

logger = logging.getLogger(__name__)


class InterviewClosed(Exception):
    """The interview was handed in, or its time is over: nothing more is accepted."""


class SaveConflict(Exception):
    """The answer was changed from another tab or device since this one read it."""


class AnswerTooLong(Exception):
    """The text has more characters than an answer may have."""


class NoQuestions(Exception):
    """The bank has no published question that the template could ask."""


# --- Start ----------------------------------------------------------------------


def start(template: InterviewTemplate, candidate: User, at: datetime) -> Interview:
    """The candidate's open interview on this template, begun now if there is none.

    Idempotent: two clicks, or two tabs, get the same interview.
    Raises `NoQuestions` when the bank holds nothing to ask.
    """
    settle_expired(at, candidate=candidate)
    running = Interview.objects.open().filter(template=template, candidate=candidate)
    if existing := running.first():
        return existing
    questions = _pick(template, candidate)
    try:
        with transaction.atomic():
            return _create(template, candidate, questions, at)
    except IntegrityError:  # the other click was faster
        return running.get()


def _pick(template: InterviewTemplate, candidate: User) -> list[Question]:
    asked = set(
        Answer.objects.filter(interview__candidate=candidate, question__isnull=False).values_list(
            "question_id", flat=True
        )
    )
    bank = Question.objects.published().filter(language=template.language)
    if topics := list(template.topics.all()):
        bank = bank.filter(topic__in=topics)
    picked = retrieval.pick(bank, template.question_count, exclude=asked)
    if not picked:
        raise NoQuestions(template.name)
    return picked


def _create(template: InterviewTemplate, candidate: User, questions: list[Question], at: datetime) -> Interview:
    interview = Interview.objects.create(
        template=template,
        candidate=candidate,
        language=template.language,
        mode=template.mode,
        consented_at=at,
        started_at=at,
        deadline=at + timedelta(minutes=template.minutes),
        current_since=at,
    )
    Answer.objects.bulk_create(
        Answer(
            interview=interview,
            position=position,
            question=question,
            frozen=question.frozen().to_json(),
            seconds_suggested=template.seconds_per_question or question.seconds,
        )
        for position, question in enumerate(questions, start=1)
    )
    return interview


# --- In the room ----------------------------------------------------------------


def open_question(interview: Interview, position: int, at: datetime) -> None:
    """Move to a question: its clock starts to run, the clock of the one before stops. Nothing happens once over."""
    if position == interview.current_position or at > interview.deadline:
        return
    with transaction.atomic():
        moved = (
            Interview.objects.accepting(at)
            .filter(pk=interview.pk, current_position=interview.current_position, current_since=interview.current_since)
            .update(current_position=position, current_since=at)
        )
        if moved:
            spent = max(0.0, (at - interview.current_since).total_seconds())
            interview.answers.filter(position=interview.current_position).update(seconds_used=F("seconds_used") + spent)
    interview.refresh_from_db(fields=["current_position", "current_since"])


def save(answer: Answer, text: str, revision: int, at: datetime) -> Answer:
    """Store `text` as revision `revision` + 1 of the answer, exactly as typed, and return the answer as stored.

    `revision` is the one the writer last saw. Sending what is stored already changes nothing.
    Raises `InterviewClosed`, `SaveConflict` or `AnswerTooLong`; then nothing was stored.
    """
    text = clean_text(text)
    if len(text) > settings.MAX_ANSWER_CHARACTERS:
        raise AnswerTooLong
    with transaction.atomic():
        # Taking the interview's row first makes a save and a submit wait for one another.
        if not Interview.objects.accepting(at).filter(pk=answer.interview_id).update(touched_at=at):
            raise InterviewClosed
        same = Answer.objects.filter(pk=answer.pk, revision=revision)
        stored = same.exclude(text=text).update(text=text, revision=F("revision") + 1, saved_at=at)
        answer.refresh_from_db()
        if not stored and answer.text != text:
            raise SaveConflict
    return answer


def set_flag(answer: Answer, flagged: bool, at: datetime) -> None:
    """Mark a question to come back to, or unmark it. Raises `InterviewClosed`."""
    open_interview = Interview.objects.accepting(at).filter(pk=answer.interview_id)
    if not Answer.objects.filter(pk=answer.pk, interview__in=open_interview).update(flagged=flagged):
        raise InterviewClosed


# --- Handing in -----------------------------------------------------------------


def submit(interview: Interview, at: datetime, by: str = Interview.SubmittedBy.CANDIDATE) -> Interview:
    """Hand the interview in, once: fix its receipt and ask for a grade of every answer, in one transaction.

    Calling it again, or from many tabs at once, changes nothing. Past deadline and grace the clock hands in what was
    saved, whoever asks.
    """
    if at > interview.deadline + timedelta(seconds=settings.GRACE_SECONDS):
        by = Interview.SubmittedBy.CLOCK
    handed_in_at = min(at, interview.deadline) if by == Interview.SubmittedBy.CLOCK else at
    with transaction.atomic():
        # Taking the row first makes a save, a second submit and this one wait for one another.
        if not Interview.objects.open().filter(pk=interview.pk).update(touched_at=handed_in_at):
            interview.refresh_from_db()
            return interview
        interview.refresh_from_db()
        answers = list(interview.answers.order_by("position"))
        _stop_clock(interview, answers, handed_in_at)
        interview.submitted_at, interview.submitted_by = handed_in_at, by
        interview.receipt_sha256 = receipt_hash(interview, answers)
        interview.save(update_fields=["submitted_at", "submitted_by", "receipt_sha256"])
        _request_grades(answers, at)
    return interview


def _stop_clock(interview: Interview, answers: Iterable[Answer], at: datetime) -> None:
    end = min(at, interview.deadline)
    spent = max(0.0, (end - interview.current_since).total_seconds())
    for answer in answers:
        if answer.position == interview.current_position:
            Answer.objects.filter(pk=answer.pk).update(seconds_used=F("seconds_used") + spent)


def receipt_hash(interview: Interview, answers: Iterable[Answer]) -> str:
    """SHA-256 (hex) over interview, time of handing in, and every answer's position, question and exact text."""
    assert interview.submitted_at is not None
    content = {
        "interview": str(interview.pk),
        "submitted_at": interview.submitted_at.astimezone(UTC).isoformat(),
        "answers": [[answer.position, answer.frozen["hash"], answer.text] for answer in answers],
    }
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def settle_expired(at: datetime, candidate: User | None = None) -> int:
    """Hand in, with what was saved, every interview whose time is over; returns how many."""
    expired = Interview.objects.expired(at)
    if candidate is not None:
        expired = expired.filter(candidate=candidate)
    interviews = list(expired)
    for interview in interviews:
        submit(interview, at, by=Interview.SubmittedBy.CLOCK)
    return len(interviews)


# --- Grading --------------------------------------------------------------------


def _request_grades(answers: Iterable[Answer], at: datetime, by: User | None = None) -> list[Grade]:
    """Rows that say "to be graded, by this grader", and a word to the workers once they are committed."""
    grades = Grade.objects.bulk_create(
        Grade(
            answer=answer,
            grader=settings.GRADER,
            created_at=at,
            next_try_at=at,
            woken_at=at,
            requested_by=by,
        )
        for answer in answers
    )
    ids = [grade.pk for grade in grades]
    transaction.on_commit(lambda: tasks.wake(ids))
    return grades


def grade_again(answer: Answer, by: User, at: datetime) -> bool:
    """Ask for a new grade beside the earlier ones. False when one is on its way already, or nothing was handed in."""
    if answer.interview.submitted_at is None:
        return False
    try:
        with transaction.atomic():
            _request_grades([answer], at, by)
    except IntegrityError:
        return False
    return True
