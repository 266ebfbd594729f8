"""The verbs of a review: claim an interview, score blind, have the machine's verdict shown, decide which score counts.

Time is an argument. Rows are only added, but for the claim, which is one conditional update; every verb is audited.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from interviewer import audit, grading, judgements
from interviewer.audit import Verb
from interviewer.judgements import Judgements
from interviewer.models import (
    Answer,
    Grade,
    HumanScore,
    IdentityReveal,
    Interview,
    Override,
    Reveal,
    ReviewClaim,
    User,
)


class NotHandedIn(Exception):
    """The interview is still running: nothing of it is read or scored."""


class Erased(Exception):
    """The interview's data is deleted: nothing of it is read or scored any more."""


class Held(Exception):
    """Another reviewer is at work on the interview."""

    def __init__(self, claim: ReviewClaim) -> None:
        super().__init__(f"held until {claim.until}")
        self.claim = claim


class Incomplete(Exception):
    """Not every point was judged, or something that is none."""


class AlreadyShown(Exception):
    """The machine's verdict was shown to this reviewer before, so that a score of theirs is not blind any more."""


class NotShown(Exception):
    """The reviewer has to score blind, or to have the machine's verdict shown, first."""


class NoReason(Exception):
    """What is decided after the machine's verdict was shown needs a reason."""


class NothingOfYours(Exception):
    """The reviewer has not scored the answer, so that no score of theirs can count."""


class Decided(Exception):
    """Which score counts has been decided since the page was made."""


# --- Claims -------------------------------------------------------------------------


def claim(interview: Interview, reviewer: User, at: datetime) -> ReviewClaim:
    """Take the interview, or hold it for longer. Raises `NotHandedIn`, or `Held` while another reviewer has it."""
    _require_handed_in(interview)
    with transaction.atomic():
        known = ReviewClaim.objects.held(at).filter(interview=interview, reviewer=reviewer).exists()
        found = _take(interview, reviewer, at)
        if not known:
            audit.record(reviewer, Verb.REVIEW_CLAIMED, interview, {}, at)
    return found


def holder(interview: Interview, at: datetime) -> ReviewClaim | None:
    """Who reviews the interview at present."""
    return ReviewClaim.objects.held(at).select_related("reviewer").filter(interview=interview).first()


def _take(interview: Interview, reviewer: User, at: datetime) -> ReviewClaim:
    hold(interview)
    taken = ReviewClaim.objects.take(interview, reviewer.pk, at)
    found = ReviewClaim.objects.select_related("reviewer").get(interview=interview)
    if not taken:
        raise Held(found)
    return found


# --- Scores ---------------------------------------------------------------------------


def score_blind(answer: Answer, judged: Judgements, reviewer: User, at: datetime) -> HumanScore:
    """Store what a reviewer finds before the machine's verdict is shown, and have it shown, in one step.

    Raises `AlreadyShown` when it was shown in another tab; `Held`, `Incomplete` or `NotHandedIn`. Then nothing changes.
    """
    _require_judged(answer, judged)
    try:
        with transaction.atomic():
            _take(answer.interview, reviewer, at)
            Reveal.objects.create(answer=answer, reviewer=reviewer, revealed_at=at)  # at once, or not at all
            score = _store(answer, judged, reviewer, at, HumanScore.Phase.BEFORE)
            _record_score(score, reviewer, at)
    except IntegrityError as error:
        raise AlreadyShown from error
    return score


def reveal(answer: Answer, reviewer: User, at: datetime) -> bool:
    """Have the machine's verdict shown without a score of one's own. False when it was shown before."""
    _require_handed_in(answer.interview)
    try:
        with transaction.atomic():
            hold(answer.interview)
            Reveal.objects.create(answer=answer, reviewer=reviewer, revealed_at=at)
            facts = {"question": answer.position}
            audit.record(reviewer, Verb.VERDICT_REVEALED, answer.interview, facts, at)
    except IntegrityError:
        return False
    return True


def is_shown(answer: Answer, reviewer: User) -> bool:
    """Whether a reviewer has been shown the machine's verdict on an answer."""
    return Reveal.objects.filter(answer=answer, reviewer=reviewer).exists()


def rescore(answer: Answer, judged: Judgements, reason: str, reviewer: User, at: datetime) -> HumanScore:
    """Store what a reviewer finds having seen the machine's verdict; their earlier scores are kept.

    Raises `NotShown`, `NoReason`, `Held`, `Incomplete` or `NotHandedIn`.
    """
    _require_judged(answer, judged)
    if not reason.strip():
        raise NoReason
    with transaction.atomic():
        _require_shown(answer, reviewer)
        _take(answer.interview, reviewer, at)
        score = _store(answer, judged, reviewer, at, HumanScore.Phase.AFTER, reason.strip())
        _record_score(score, reviewer, at)
    return score


def _store(
    answer: Answer, judged: Judgements, reviewer: User, at: datetime, phase: HumanScore.Phase, reason: str = ""
) -> HumanScore:
    return HumanScore.objects.create(
        answer=answer,
        grade=answer.grades.filter(status=Grade.Status.DONE).first(),
        reviewer=reviewer,
        at=at,
        phase=phase,
        judgements=dict(judged),
        score=judgements.score(answer.asked, judged),
        rubric_hash=grading.rubric_hash(answer.asked),
        reason=reason,
    )


def _record_score(score: HumanScore, reviewer: User, at: datetime) -> None:
    blind = score.phase == HumanScore.Phase.BEFORE
    facts = {"question": score.answer.position, "score": round(score.score * 100), "blind": blind}
    audit.record(reviewer, Verb.ANSWER_SCORED, score.answer.interview, facts, at)


# --- Which one counts -------------------------------------------------------------------


def override(
    answer: Answer, reason: str, reviewer: User, at: datetime, seen: int, *, for_candidate: bool = False
) -> Override:
    """Let the reviewer's newest score of an answer count. `seen` is the newest decision they know of, or 0.

    Raises `NotShown`, `NothingOfYours`, `Decided`, `NoReason`, `Held` or `NotHandedIn`.
    """
    mine = answer.human_scores.filter(reviewer=reviewer).first()
    if mine is None:
        raise NothingOfYours
    return _decide(answer, mine, reason, reviewer, at, seen, for_candidate)


def undo_override(answer: Answer, reason: str, reviewer: User, at: datetime, seen: int) -> Override:
    """Let the machine's grade of an answer count again. Raises as `override` does."""
    return _decide(answer, None, reason, reviewer, at, seen, False)


def _decide(
    answer: Answer,
    score: HumanScore | None,
    reason: str,
    reviewer: User,
    at: datetime,
    seen: int,
    for_candidate: bool,
) -> Override:
    _require_handed_in(answer.interview)
    if not reason.strip():
        raise NoReason
    with transaction.atomic():
        _require_shown(answer, reviewer)
        _take(answer.interview, reviewer, at)  # whoever decides about the same interview waits here
        newest = answer.overrides.values_list("pk", flat=True).first() or 0
        if newest != seen:
            raise Decided
        made = Override.objects.create(
            answer=answer,
            human_score=score,
            reviewer=reviewer,
            at=at,
            reason=reason.strip(),
            for_candidate=for_candidate,
        )
        facts = {"question": answer.position, "person": score is not None}
        facts |= {"score": round(score.score * 100)} if score else {}
        audit.record(reviewer, Verb.SCORE_OVERRIDDEN, answer.interview, facts, at)
    return made


# --- Who it was -------------------------------------------------------------------------


def reveal_identity(interview: Interview, reason: str, reviewer: User, at: datetime) -> bool:
    """Tell a reviewer who sat an interview. False when they have been told before. Raises `NoReason`."""
    if not reason.strip():
        raise NoReason
    try:
        with transaction.atomic():
            hold(interview)
            IdentityReveal.objects.create(interview=interview, reviewer=reviewer, at=at, reason=reason.strip())
            audit.record(reviewer, Verb.IDENTITY_REVEALED, interview, {}, at)
    except IntegrityError:
        return False
    return True


# --- What has to be so --------------------------------------------------------------------


def hold(interview: Interview) -> None:
    """Every verb may raise `Erased` by this: what is deleted is deleted for good."""
    if not Interview.objects.hold(interview.pk):
        raise Erased


def _require_handed_in(interview: Interview) -> None:
    if interview.submitted_at is None:
        raise NotHandedIn


def _require_judged(answer: Answer, judged: Judgements) -> None:
    _require_handed_in(answer.interview)
    if not judgements.are_complete(answer.asked, judged):
        raise Incomplete


def _require_shown(answer: Answer, reviewer: User) -> None:
    if not is_shown(answer, reviewer):
        raise NotShown
