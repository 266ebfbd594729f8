"""Who sat an interview, as reviewers are told: a code, until somebody has decided, or they have said why they ask."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from interviewer.models import Decision, IdentityReveal, Interview, User

CODE_LENGTH = 8


def code(interview: Interview) -> str:
    """What reviewers call a candidate: the invitation's code, else the beginning of the interview's id."""
    invitation = getattr(interview, "invitation", None)
    return invitation.code if invitation else str(interview.pk)[:CODE_LENGTH]


def name(interview: Interview) -> str:
    """The candidate's name: that of the invitation where there was one, since guests have none of their own.

    Of an interview whose data is deleted there is only its code.
    """
    invitation, candidate = getattr(interview, "invitation", None), interview.candidate
    known = (invitation.name or invitation.email) if invitation else ""
    return known or (candidate.get_full_name() or candidate.get_username() if candidate else code(interview))


def contact(interview: Interview) -> str:
    """The candidate's e-mail address, or ""."""
    invitation = getattr(interview, "invitation", None)
    return (invitation.email if invitation else "") or (interview.candidate.email if interview.candidate else "")


def names(interview: Interview) -> tuple[str, ...]:
    """Whatever the candidate's account or invitation calls them, in the orders in which names are written."""
    person, invitation = interview.candidate, getattr(interview, "invitation", None)
    called: list[str] = []
    if person:
        first, last = person.first_name, person.last_name
        called += [person.username, first, last, f"{first} {last}", f"{last} {first}", person.email]
    if invitation:
        called += [invitation.name, *invitation.name.split(), invitation.email]
    return tuple(dict.fromkeys(each for each in called if each.strip()))


def revealed_to(reviewer: User, interviews: Iterable[Interview]) -> set[object]:
    """The keys of those interviews whose candidates a reviewer is told of."""
    keys = [interview.pk for interview in interviews]
    told = IdentityReveal.objects.filter(reviewer=reviewer, interview__in=keys).order_by()
    decided = Decision.objects.filter(interview__in=keys).order_by()
    return {key for (key,) in told.values_list("interview").union(decided.values_list("interview"))}


def matching(reviewer: User, wanted: str) -> Q:
    """Interviews by code; by name only those whose candidates the reviewer is told of, else names leak."""
    by_code = Q(invitation__code__iexact=wanted) | (
        Q(pk__istartswith=wanted, invitation=None) if len(wanted) >= 4 else Q()
    )
    fields = ("candidate__username", "candidate__first_name", "candidate__last_name", "invitation__name")
    by_name = Q(*((f"{field}__icontains", wanted) for field in fields), _connector=Q.OR)
    told = IdentityReveal.objects.filter(reviewer=reviewer).values("interview")
    return by_code | (by_name & (Q(pk__in=told) | Q(pk__in=Decision.objects.values("interview"))))
