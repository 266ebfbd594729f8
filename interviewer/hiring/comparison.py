"""Candidates of a position side by side: bands, and which of them cannot be told apart.

Two candidates whose bands share a value are not distinguishable. That is passed on: who overlaps with somebody of a
group belongs to it. So groups never overlap, and can be put in order; within one there is no order of scores.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from interviewer import blind
from interviewer.models import Answer, Decision, Interview, Invitation, Position, User
from interviewer.pass_bands import Placed, placed
from interviewer.scorecard import Band, band
from interviewer.standing import with_score


@dataclass(frozen=True)
class Candidate:
    """Somebody who handed in, by code: how many questions were `asked` and are `graded`, and what was decided."""

    code: str
    interview: uuid.UUID
    version: int
    asked: int
    graded: int
    band: Band | None
    outcome: str
    lines: tuple[Placed, ...] = ()  # where the band lies to the lines of the blueprint
    is_hidden: bool = False  # the reader has not judged the answers: then there is no band either

    @property
    def is_graded(self) -> bool:
        return self.graded == self.asked

    @property
    def outcome_label(self) -> str:
        return str(Decision.Outcome(self.outcome).label) if self.outcome else ""


@dataclass(frozen=True)
class Tombstone:
    """Somebody who handed in and whose data is deleted: what is left to be told."""

    code: str
    interview: uuid.UUID
    erased_at: datetime
    because: str
    outcome: str

    @property
    def because_label(self) -> str:
        return str(Interview.Because(self.because).label)

    @property
    def outcome_label(self) -> str:
        return str(Decision.Outcome(self.outcome).label) if self.outcome else ""


@dataclass(frozen=True)
class Group:
    """Candidates of one version who cannot be told apart, in order of their codes; `band` is what theirs cover."""

    version: int
    band: Band | None
    candidates: tuple[Candidate, ...]

    @property
    def is_hidden(self) -> bool:
        return any(each.is_hidden for each in self.candidates)


def candidates(position: Position, reader: User) -> list[Candidate]:
    """Everybody who handed an interview in for a position, in order of their codes, as `reader` may see them.

    Three queries. Those whose data is deleted are `tombstones`.
    """
    sat = Invitation.objects.filter(
        position=position, interview__submitted_at__isnull=False, interview__erased_at__isnull=True
    )
    template = "interview__template__"
    fields = ("code", "interview", f"{template}version", f"{template}bands", "outcome")
    rows = with_outcome(sat).order_by("code").values_list(*fields)
    answers = Answer.objects.filter(interview__invitation__position=position)
    scores, unseen = scores_of(answers), blind.hidden(reader, answers)
    return [
        Candidate(
            code,
            pk,
            version,
            len(scores[pk]),
            len(known),
            reach,
            outcome or "",
            placed(bands, reach),
            pk in unseen,
        )
        for code, pk, version, bands, outcome in rows
        for known in [[score for score in scores[pk] if score is not None]]
        for reach in [None if pk in unseen else band(known)]
    ]


def tombstones(position: Position) -> list[Tombstone]:
    """Whose data is deleted, in order of their codes; one query."""
    gone = with_outcome(Invitation.objects.filter(position=position, interview__erased_at__isnull=False))
    fields = ("code", "interview", "interview__erased_at", "interview__erased_because", "outcome")
    rows = gone.order_by("code").values_list(*fields)
    return [Tombstone(code, pk, at, because, outcome or "") for code, pk, at, because, outcome in rows]


def with_outcome(invitations: QuerySet[Invitation]) -> QuerySet[Any]:
    """Each invitation with the `outcome` of the decision in force, None while there is none."""
    newest = Decision.objects.filter(interview=OuterRef("interview")).order_by("-pk")
    return invitations.annotate(outcome=Subquery(newest.values("outcome")[:1]))


def scores_of(answers: QuerySet[Answer]) -> dict[uuid.UUID, list[float | None]]:
    """The score that counts of each answer, by interview."""
    found: dict[uuid.UUID, list[float | None]] = defaultdict(list)
    rows = with_score(answers).order_by().values_list("interview", "standing")
    for interview, score in rows.iterator(chunk_size=5_000):
        found[interview].append(score)
    return found


def groups(compared: Iterable[Candidate]) -> list[Group]:
    """Who cannot be told apart. Newest version first: those of different versions are never compared.

    Within a version the group with the highest band comes first; who has none yet, or a hidden one, comes last.
    """
    by_version: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in compared:
        by_version[candidate.version].append(candidate)
    return [group for version in sorted(by_version, reverse=True) for group in _groups(version, by_version[version])]


def _groups(version: int, compared: Sequence[Candidate]) -> list[Group]:
    found: list[tuple[Band, list[Candidate]]] = []
    for low, high, candidate in sorted(
        ((each.band.low, each.band.high, each) for each in compared if each.band), key=lambda row: row[:2]
    ):
        if found and low <= found[-1][0].high:
            reach, together = found[-1]
            together.append(candidate)
            found[-1] = (Band(reach.low, max(reach.high, high)), together)
        else:
            found.append((Band(low, high), [candidate]))
    ordered = [Group(version, reach, _by_code(together)) for reach, together in reversed(found)]
    ungraded = [each for each in compared if each.band is None and not each.is_hidden]
    unseen = [each for each in compared if each.is_hidden]
    return ordered + [Group(version, None, _by_code(rest)) for rest in (ungraded, unseen) if rest]


def _by_code(together: Collection[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(together, key=lambda each: each.code))
