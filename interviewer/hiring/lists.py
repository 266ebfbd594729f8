"""The candidates of a position as a table, for files: as the position's page lists them, with bands and decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from interviewer import blind, identity
from interviewer.hiring.comparison import scores_of
from interviewer.models import Answer, Decision, Invitation, Position, User
from interviewer.pass_bands import placed
from interviewer.scorecard import band

WIDTHS = (12, 24, 30, 18, 18, 18, 10, 10, 10, 10, 10, 40, 16, 18, 20, 60)  # of the columns, in characters
_AT_ONCE = 500  # candidates that are looked up together


def named(invitation: Invitation, told: Collection[object]) -> tuple[str, str]:
    """Name and e-mail of somebody as far as lists show them: as on the position's page, hidden for a review."""
    is_hidden = invitation.interview_id is not None and invitation.interview_id not in told
    return ("", "") if is_hidden else (invitation.name, invitation.email)


def heads() -> list[str]:
    """The first row."""
    return [
        _("Code"), _("Candidate's name"), _("E-mail"), _("State"), _("Invited"), _("Handed in"), _("Version"),
        _("Questions"), _("Graded"), _("Band from"), _("Band to"), _("Pass bands"), _("Decision"),
        _("Decided"), _("Decided by"), _("Reason"),
    ]  # fmt: skip


def rows(position: Position, reader: User) -> Iterator[list[str]]:
    """A row for each invitation, in order of the codes; never of a score. Few of them are in memory at a time."""
    found = position.invitations.with_stage().select_related("interview__template").order_by("code")
    people = found.iterator(chunk_size=_AT_ONCE)
    while some := list(islice(people, _AT_ONCE)):
        yield from _rows(some, reader)


def _rows(some: Sequence[Invitation], reader: User) -> Iterator[list[str]]:
    sat = [each.interview_id for each in some if each.interview is not None and each.interview.submitted_at]
    kept = [each.interview_id for each in some if each.interview is not None and not each.interview.is_erased]
    answers = Answer.objects.filter(interview__in={*sat} & {*kept})
    scores, unseen = scores_of(answers), blind.hidden(reader, answers)
    decisions = Decision.objects.filter(interview__in=sat).order_by("pk").select_related("by")
    newest = {each.interview_id: each for each in decisions}
    told = identity.revealed_to(reader, [each.interview for each in some if each.interview])
    for invitation in some:
        yield [
            invitation.code,
            *named(invitation, told),
            _state(invitation),
            _time(invitation.created_at),
            *_result(invitation, scores.get(invitation.interview_id, []), unseen),  # type: ignore[arg-type]
            *_decision(newest.get(invitation.interview_id)),  # type: ignore[arg-type]
        ]


def _state(invitation: Any) -> str:
    if invitation.stage:
        return str(Invitation.Stage(invitation.stage).label)
    return _("Revoked") if invitation.revoked_at else _("Not begun")


def _result(invitation: Invitation, scores: Sequence[float | None], unseen: Collection[object]) -> list[str]:
    if invitation.interview is None or not (scores or invitation.interview.is_erased):
        return [""] * 7
    known = [score for score in scores if score is not None]
    sitting = invitation.interview
    reach = None if sitting.pk in unseen else band(known)
    ends = [str(reach.low), str(reach.high)] if reach else ["", ""]
    return [
        _time(sitting.submitted_at),
        str(sitting.template.version),
        *([str(len(scores)), str(len(known))] if scores else ["", ""]),
        *([_("hidden")] * 2 if sitting.pk in unseen else ends),
        "; ".join(map(str, placed(sitting.template.bands, reach))),
    ]


def _decision(decision: Decision | None) -> list[str]:
    if decision is None:
        return [""] * 4
    by = decision.by
    name = (by.get_full_name() or by.get_username()) if by else ""
    return [decision.get_outcome_display(), _time(decision.at), name, decision.reason]


def _time(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
