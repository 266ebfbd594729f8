"""A guest: somebody who sits one interview by an invitation, without an account. The link is what they know."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from interviewer import blueprint, interviews
from interviewer.models import Accommodation, Interview, Invitation, User
from interviewer.models.hiring import token_hash


class NotUsable(Exception):
    """The link starts nothing (any more): it was used, has expired or was revoked, or its position is closed."""


def find(token: str) -> Invitation | None:
    """The invitation whose link this is; None for what nobody was ever given."""
    found = Invitation.objects.select_related("position__organisation", "position__template", "interview__candidate")
    return found.filter(token_sha256=token_hash(token)).first()


def accept(invitation: Invitation, at: datetime) -> Interview:
    """Begin the interview, as a guest of its own: once, however many ask at the same moment.

    Raises `NotUsable`, and `interviews.NoQuestions` when the bank holds nothing to ask; then nothing has changed.
    """
    if invitation.standing(at) != Invitation.Standing.USABLE:
        raise NotUsable
    template = invitation.position.template
    # Chosen before the transaction: it takes a while, and on SQLite others would wait to write.
    if not (chosen := blueprint.choose(template)):
        raise interviews.NoQuestions(template.name)
    with transaction.atomic():
        mine = Invitation.objects.usable(at).filter(pk=invitation.pk, token_sha256=invitation.token_sha256)
        if not mine.update(accepted_at=at):
            raise NotUsable
        guest = _guest(invitation)
        interview = interviews.create(template, guest, chosen, at)
        Invitation.objects.filter(pk=invitation.pk).update(interview=interview)
    return interview


def _guest(invitation: Invitation) -> User:
    """A person who cannot sign in; called by the invitation's code, so that reviewers see no name."""
    guest = User(username=f"{invitation.code}-{invitation.pk}", is_guest=True)
    guest.set_unusable_password()
    guest.save()
    if invitation.extra_minutes:
        Accommodation.objects.create(person=guest, extra_minutes=invitation.extra_minutes)
    return guest
