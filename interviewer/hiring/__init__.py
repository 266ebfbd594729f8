"""Hiring, the door: positions and their blueprints, invitations, and how a guest sits an interview by one, decisions.

Review, comparison and decisions start from the interview: `interview.invitation.position` is what it was sat for.
"""

from interviewer.hiring.decisions import Decided, NotHandedIn, decide
from interviewer.hiring.guests import NotUsable, accept, find
from interviewer.hiring.invitations import (
    MOST_AT_ONCE,
    AlreadyInvited,
    Invitee,
    PositionClosed,
    invite,
    renew,
    revoke,
    send,
)
from interviewer.hiring.people import Line, read_people, write_people
from interviewer.hiring.positions import change, close, open_position, reopen, supply

__all__ = [
    "MOST_AT_ONCE",
    "AlreadyInvited",
    "Decided",
    "Invitee",
    "Line",
    "NotHandedIn",
    "NotUsable",
    "PositionClosed",
    "accept",
    "change",
    "close",
    "decide",
    "find",
    "invite",
    "open_position",
    "read_people",
    "renew",
    "reopen",
    "revoke",
    "send",
    "supply",
    "write_people",
]
