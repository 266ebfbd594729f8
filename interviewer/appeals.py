"""The verbs of appeals: a candidate says that something is wrong with a question or its grade, a reviewer answers.

One appeal for each answer. Both verbs are conditional updates, so that nobody answers words changed meanwhile.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from interviewer import audit, reviewing
from interviewer.audit import Verb
from interviewer.models import Answer, Appeal, User


class Answered(Exception):
    """A person has answered the appeal: it stays as it was."""


class NothingOpen(Exception):
    """There is no appeal that could be answered: none was made, or somebody was quicker."""


class ChangedSince(Exception):
    """The candidate has changed the appeal since the reviewer's page was made."""


def say(answer: Answer, reason: str, at: datetime) -> Appeal:
    """Appeal against a question or its grade, or change the words of an appeal that is open.

    Raises `Answered`, `reviewing.NoReason`, or `reviewing.NotHandedIn` while the interview runs; `reviewing.Erased`
    once its data is deleted. Then nothing changes.
    """
    if answer.interview.submitted_at is None:
        raise reviewing.NotHandedIn
    if not (said := reason.strip()):
        raise reviewing.NoReason
    with transaction.atomic():
        reviewing.hold(answer.interview)  # whereby two that are made at once come one after the other
        if not Appeal.objects.open().filter(answer=answer).update(reason=said, revision=F("revision") + 1):
            if Appeal.objects.filter(answer=answer).exists():
                raise Answered
            Appeal.objects.create(answer=answer, reason=said, made_at=at)
    return Appeal.objects.get(answer=answer)


def reply(answer: Answer, upheld: bool, words: str, reviewer: User, at: datetime, seen: int) -> Appeal:
    """Answer the appeal against an answer for good; the candidate reads `words`. `seen` is the revision that was read.

    Raises `reviewing.NotShown` before the reviewer has judged the answer or seen the machine's verdict, `NoReason`,
    `NothingOpen`, `ChangedSince`, or `reviewing.Erased` once the interview's data is deleted.
    """
    if not words.strip():
        raise reviewing.NoReason
    if not reviewing.is_shown(answer, reviewer):
        raise reviewing.NotShown
    with transaction.atomic():
        reviewing.hold(answer.interview)
        waiting = Appeal.objects.open().filter(answer=answer)
        given = {"answered_at": at, "answered_by": reviewer, "upheld": upheld, "reply": words.strip()}
        if not waiting.filter(revision=seen).update(**given):
            raise ChangedSince if waiting.exists() else NothingOpen
        facts = {"question": answer.position, "upheld": upheld}
        audit.record(reviewer, Verb.APPEAL_ANSWERED, answer.interview, facts, at)
    return Appeal.objects.get(answer=answer)
