"""The verbs of an interview: start, open a question, save, flag, submit, settle, grade again. Its clock's: `clock.py`.

These and those are the only functions that write several rows or queue work. Time is an argument. Each decision is one
conditional update; a save and a submit of the same interview queue for its row, so that what was handed in is exactly
what the receipt says.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from interviewer import audit, blueprint, claims, clock, pulse, receipts, tasks, timeline
from interviewer.blueprint import Chosen
from interviewer.clock import InterviewClosed, InterviewPaused
from interviewer.models import Answer, Grade, Interview, InterviewTemplate, User
from questions import merges
from questions.text import clean_text

logger = logging.getLogger(__name__)

MOST_UNSENT = 3  # texts kept beside one answer
CLOCKS_DIFFER = timedelta(seconds=2)  # how far a page's countdown may be ahead of the server


class SaveConflict(Exception):
    """The answer was changed from another tab or device since this one read it."""


class AnswerTooLong(Exception):
    """The text has more characters than an answer may have."""


class NotOpen(Exception):
    """The template's window has not opened yet, or has closed."""


class NoQuestions(Exception):
    """The bank has no published question that the template could ask."""


# --- Start ----------------------------------------------------------------------


def start(template: InterviewTemplate, candidate: User, at: datetime) -> Interview:
    """The candidate's open interview on this template, begun now if there is none.

    Idempotent: two clicks, or two tabs, get the same interview.
    Raises `NotOpen` outside the template's window, and `NoQuestions` when the bank holds nothing to ask.
    """
    settle_expired(at, candidate=candidate)
    running = Interview.objects.open().filter(template=template, candidate=candidate)
    if existing := running.first():
        return existing
    if not template.has_opened(at) or not template.time_from(at):
        raise NotOpen
    if not (chosen := blueprint.choose(template, asked_before(candidate))):
        raise NoQuestions(template.name)
    try:
        with transaction.atomic():
            return create(template, candidate, chosen, at)
    except IntegrityError:  # the other click was faster
        return running.get()


def asked_before(candidate: User) -> set[int]:
    """The questions that a person was asked already, by primary key; those kept for merged ones among them."""
    answers = Answer.objects.filter(interview__candidate=candidate, question__isnull=False)
    asked = {pk for pk in answers.values_list("question_id", flat=True) if pk is not None}
    return asked | {kept for merged, kept in merges.kept().items() if merged in asked}


def create(template: InterviewTemplate, candidate: User, chosen: list[Chosen], at: datetime) -> Interview:
    """An interview that asks what was chosen, begun at `at`, in the caller's transaction."""
    plan = clock.plan(template, candidate, at)
    interview = Interview.objects.create(
        template=template,
        candidate=candidate,
        language=template.language,
        mode=template.mode,
        consented_at=at,
        promised_days=template.organisation.retention_days,
        started_at=at,
        base_deadline=at + plan.base,
        deadline=at + plan.base,
        expiry=template.expiry,
        grace=timedelta(minutes=template.late_minutes if template.expiry == InterviewTemplate.Expiry.GRACE else 0),
        pause_allowance=timedelta(minutes=template.pause_minutes),
        current_since=at,
    )
    clock.accommodate(interview, plan.extra, at)
    Answer.objects.bulk_create(
        Answer(
            interview=interview,
            position=position,
            question=each.question,
            frozen=each.question.frozen().to_json(),
            seconds_suggested=each.seconds,
        )
        for position, each in enumerate(chosen, start=1)
    )
    return interview


# --- In the room ----------------------------------------------------------------


def catch_up(interview: Interview, at: datetime) -> Interview:
    """The interview with what happened to its clock unattended: an outage of ours, a pause that reached its bound.

    To be called, by web processes only, before one is turned away.
    """
    pulse.account(at)
    clock.end_pause(interview, at)
    interview.refresh_from_db()
    return interview


def _require_accepting(interview_id: uuid.UUID, at: datetime) -> None:
    """Take the interview's row, or raise `InterviewClosed` or `InterviewPaused`."""
    if Interview.objects.accepting(at).filter(pk=interview_id).update(touched_at=at):
        return
    interview = Interview.objects.get(pk=interview_id)
    raise InterviewPaused if interview.submitted_at is None and interview.is_paused(at) else InterviewClosed


def open_question(interview: Interview, position: int, at: datetime) -> None:
    """Move to a question: its clock starts to run, the clock of the one before stops. Nothing happens once over."""
    if position == interview.current_position or at > interview.ends_at:
        return
    with transaction.atomic():
        moved = (
            Interview.objects.accepting(at)
            .filter(pk=interview.pk, current_position=interview.current_position, current_since=interview.current_since)
            .update(current_position=position, current_since=at)
        )
        if moved:
            clock.book_visit(interview, at)
    interview.refresh_from_db(fields=["current_position", "current_since"])


def save(answer: Answer, text: str, revision: int, at: datetime, log: claims.Log | None = None) -> Answer:
    """Store `text` as revision `revision` + 1 of the answer, exactly as typed, and return the answer as stored.

    `revision` is the one the writer last saw. Sending what is stored already changes nothing. `log` is what the browser
    says of the time before; after the deadline it decides whether the text is marked as late.
    Raises `InterviewClosed`, `InterviewPaused`, `SaveConflict` or `AnswerTooLong`; then nothing was stored.
    """
    text = _storable(text)
    saved_before, deadline = answer.saved_at, answer.interview.deadline
    with transaction.atomic():
        # Taking the interview's row first makes a save and a submit wait for one another.
        _require_accepting(answer.interview_id, at)
        same = Answer.objects.filter(pk=answer.pk, revision=revision)
        stored = same.exclude(text=text).update(text=text, revision=F("revision") + 1, saved_at=at)
        if stored:  # known without reading it again, while others wait to write
            answer.text, answer.revision, answer.saved_at = text, revision + 1, at
            timeline.record_save(answer, saved_before, at)
        else:
            answer.refresh_from_db()
            if answer.text != text:
                raise SaveConflict
        if stored and at > deadline:
            _judge(answer, log, at)
        if log is not None:
            timeline.record_log(answer, log, at)
    return answer


def _judge(answer: Answer, log: claims.Log | None, at: datetime) -> None:
    """Note what its log shows of a text that was just stored after the deadline.

    Where the template grants late minutes, the clock marks what came in them (`Interview.is_late`). There a log counts
    only when it shows that the text was typed before.
    """
    interview = Interview.objects.get(pk=answer.interview_id)  # time may have been added since this request came
    claim = claims.judge(log, answer.text, at, interview.deadline)
    if at > interview.deadline and (claim.in_time or not interview.grace):
        timeline.record_claim(answer, claim, at)


def _storable(text: str) -> str:
    text = clean_text(text)
    if len(text) > settings.MAX_ANSWER_CHARACTERS:
        raise AnswerTooLong
    return text


def keep_unsent(answer: Answer, text: str, at: datetime, log: claims.Log | None = None) -> bool:
    """Keep a text that its owner sends after handing in: beside the answer, for managers to see, never graded.

    True when it is kept or need not be, since it is what was handed in or kept before; False when the answer has
    `MOST_UNSENT` such texts already. Raises `AnswerTooLong`.
    """
    text = _storable(text)
    if text == answer.text:
        return True
    with transaction.atomic():
        # The row is taken so that two of these wait for one another.
        if not Interview.objects.hold(answer.interview_id):
            return False
        kept = timeline.unsent(answer)
        if text in kept or len(kept) >= MOST_UNSENT:
            return text in kept
        timeline.record_unsent(answer, text, claims.judge(log, text, at, answer.interview.deadline), at)
    return True


def set_flag(answer: Answer, flagged: bool, at: datetime) -> None:
    """Mark a question to come back to, or unmark it. Raises `InterviewClosed`."""
    open_interview = Interview.objects.accepting(at).filter(pk=answer.interview_id)
    if not Answer.objects.filter(pk=answer.pk, interview__in=open_interview).update(flagged=flagged):
        raise InterviewClosed


# --- Handing in -----------------------------------------------------------------


def submit(interview: Interview, at: datetime, by: str = Interview.SubmittedBy.CANDIDATE) -> Interview:
    """Hand the interview in, once: fix its receipt and ask for a grade of every answer, in one transaction.

    Calling it again, or from many tabs at once, changes nothing. Past its end the clock closes it with what was
    saved, whoever asks, as the template says; before its end (time may have been added meanwhile) the clock does not.
    """
    with clock.taken(interview) as row:
        if row is None:
            return interview
        if not row.accepts(at) and not row.is_paused(at):
            by = Interview.SubmittedBy.CLOCK
        if by == Interview.SubmittedBy.CLOCK and row.running_time(at) < row.ends_at - CLOCKS_DIFFER:
            return row
        clock.stop(row, at)
        answers = list(row.answers.order_by("position"))
        _close(row, answers, at, by)
        if not row.is_abandoned:
            _request_grades(answers, at)
    return row


def end(interview: Interview, at: datetime) -> None:
    """Close a running interview without handing it in, since its data is about to be deleted: nothing is graded."""
    with clock.taken(interview) as row:
        if row is not None:
            clock.stop(row, at)
            _close(row, list(row.answers.order_by("position")), at, Interview.SubmittedBy.NOBODY)


def _close(interview: Interview, answers: Iterable[Answer], at: datetime, by: str) -> None:
    """Fix when, by whom and what was handed in."""
    if by == Interview.SubmittedBy.CLOCK:
        at = min(at, interview.ends_at)
        by = Interview.SubmittedBy.NOBODY if interview.expiry == InterviewTemplate.Expiry.ABANDON else by
    interview.submitted_at, interview.submitted_by, interview.touched_at = at, by, at
    interview.receipt_sha256 = receipts.whole_hash(interview, answers)
    interview.save(update_fields=["submitted_at", "submitted_by", "touched_at", "receipt_sha256"])


def settle_expired(at: datetime, candidate: User | None = None) -> int:
    """Close every interview whose time is over, as its template says; returns how many.

    Time that an outage took is given back first, and pauses past their bound end. For web processes: a sweeper, which
    cannot know whether pages are being answered, passes `pulse.last_known_up(at)`.
    """
    mine = Interview.objects.all() if candidate is None else Interview.objects.filter(candidate=candidate)
    if not mine.unattended(at).exists():
        return 0
    pulse.account(at)
    clock.end_pauses(at)
    closed = (submit(interview, at, by=Interview.SubmittedBy.CLOCK) for interview in mine.expired(at))
    return sum(interview.submitted_at is not None for interview in closed)


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


def grade_abandoned(interview: Interview, by: User, at: datetime) -> bool:
    """Grade what an abandoned interview holds, as a manager's decision. False when that was decided before."""
    with transaction.atomic():
        # Taking the row first makes two clicks wait for one another.
        if not Interview.objects.abandoned().hold(interview.pk):
            return False
        if Grade.objects.filter(answer__interview=interview).exists():
            return False
        _request_grades(interview.answers.order_by("position"), at, by)
        audit.record(by, audit.Verb.ABANDONED_GRADED, interview, {}, at)
    return True


def grade_again(answer: Answer, by: User, at: datetime) -> bool:
    """Ask for a new grade beside the earlier ones.

    False when one is on its way already, nothing was handed in, or it is deleted.
    """
    if answer.interview.submitted_at is None:
        return False
    try:
        with transaction.atomic():
            if not Interview.objects.hold(answer.interview_id):
                return False
            _request_grades([answer], at, by)
            audit.record(by, audit.Verb.GRADE_REQUESTED, answer.interview, {"question": answer.position}, at)
    except IntegrityError:
        return False
    return True


def grade_parked_again(by: User, at: datetime, most: int = 500) -> int:
    """Ask for new grades of the `most` answers that have been left to a person for longest; returns how many."""
    parked = Grade.objects.parked().select_related("answer").order_by("pk")[:most]
    try:
        with transaction.atomic():
            answers = [grade.answer for grade in parked]
            # Held, so that none of them is deleted meanwhile.
            held = Interview.objects.kept().filter(pk__in={answer.interview_id for answer in answers}).order_by("pk")
            kept = set(held.select_for_update(of=("self",)).values_list("pk", flat=True))
            asked = len(_request_grades([answer for answer in answers if answer.interview_id in kept], at, by))
            if asked:
                audit.record(by, audit.Verb.PARKED_RETRIED, "", {"count": asked}, at)
            return asked
    except IntegrityError:  # somebody asked for one of them at the same moment: the rest can be asked for again
        return 0
