"""Invitations: made, sent, renewed, revoked. A token is told once, by whoever calls; only its hash is stored."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from interviewer import audit, jobs
from interviewer.models import Invitation, Job, Position, User, Verb
from interviewer.models.hiring import CODE_LENGTH, CODE_LETTERS, LASTS, new_token, token_hash

MOST_AT_ONCE = 500


class PositionClosed(Exception):
    """Nobody is invited to a position that is closed."""


class AlreadyInvited(Exception):
    """Somebody has invited people to this position since the page was made: the form may have been sent twice."""


@dataclass(frozen=True)
class Invitee:
    """Whom an invitation is for, as far as anybody wants to say."""

    name: str = ""
    email: str = ""


def invite(
    position: Position,
    people: Sequence[Invitee],
    lasts: timedelta,
    by: User | None,
    at: datetime,
    *,
    extra_minutes: int = 0,
    language: str = "",
    seen: int | None = None,
) -> list[tuple[Invitation, str]]:
    """One invitation for each of `people`, valid for so long, with the token of its link.

    `seen` is how many invitations there were when the form was made. Raises `PositionClosed`, `AlreadyInvited`.
    """
    with transaction.atomic():
        # Taking the position's row first makes two of these wait for one another.
        if not Position.objects.open().filter(pk=position.pk).update(closed_at=None):
            raise PositionClosed
        if seen is not None and position.invitations.count() != seen:
            raise AlreadyInvited
        codes = _codes(set(position.invitations.values_list("code", flat=True)))
        made = [(person, next(codes), new_token()) for person in people]
        rows = [
            Invitation(
                position=position,
                code=code,
                token_sha256=token_hash(token),
                name=person.name,
                email=person.email,
                language=language or position.template.language,
                extra_minutes=extra_minutes,
                created_at=at,
                created_by=by,
                expires_at=at + lasts,
            )
            for person, code, token in made
        ]
        Invitation.objects.bulk_create(rows)
        audit.record(by or audit.COMMAND, Verb.INVITED, position, {"count": len(rows)}, at)
    return [(row, token) for row, (_person, _code, token) in zip(rows, made, strict=True)]


def _codes(taken: set[str]) -> Iterator[str]:
    """Codes that tell nothing and are not taken."""
    while True:
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        if code not in taken:
            taken.add(code)
            yield code


def renew(invitation: Invitation, by: User | None, at: datetime, lasts: timedelta = LASTS) -> str:
    """The token of a new link; the old one leads nowhere from now on. Leads to the same interview, if there is one."""
    token = new_token()
    with transaction.atomic():
        invitation.renew(token, at + lasts)
        audit.record(by or audit.COMMAND, Verb.INVITATION_RENEWED, invitation, {}, at)
    return token


def revoke(invitation: Invitation, by: User | None, at: datetime) -> bool:
    """Let the link lead nowhere; an interview that runs goes on where it is open. False when it was revoked before."""
    with transaction.atomic():
        revoked = Invitation.objects.filter(pk=invitation.pk, revoked_at__isnull=True).update(revoked_at=at)
        if revoked:
            audit.record(by or audit.COMMAND, Verb.INVITATION_REVOKED, invitation, {}, at)
    return bool(revoked)


def send(position: Position, wanted: Collection[Invitation], base: str, by: User, at: datetime) -> Job:
    """Ask a worker to send these by e-mail, each with a new link below the address `base`."""
    pks = [invitation.pk for invitation in wanted]
    with transaction.atomic():
        Invitation.objects.filter(pk__in=pks).update(sent_at=None, revoked_at=None, error="", error_values={})
        payload = {"position": position.pk, "invitations": pks, "base": base}
        job = jobs.ask("send-invitations", by, payload, at)
        audit.record(by, Verb.INVITATIONS_SENT, position, {"count": len(pks)}, at)
    return job
