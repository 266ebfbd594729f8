"""Who may touch what, in one place. What a person may not see does not exist for them: 404, not 403."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from interviewer.models import (
    Answer,
    Grade,
    Interview,
    InterviewTemplate,
    Invitation,
    Job,
    Organisation,
    Position,
    User,
)
from interviewer.models.hiring import PositionQuerySet

View = Callable[..., HttpResponseBase]

# The roles above "candidate", as groups that are given to people in the admin. What waits for a person waits for
# managers too: in a small house nobody else looks after the program.
ROLES: dict[str, list[str]] = {
    "managers": ["interviewer.review_interview", "interviewer.operate", "interviewer.read_audit"],
    "operators": ["interviewer.operate", "interviewer.read_audit"],
    "curators": [
        f"questions.{verb}_{model}"
        for model in ("question", "rubricpoint", "topic", "document")
        for verb in ("view", "add", "change", "delete")
        if (verb, model) not in {("add", "document"), ("change", "document")}
    ]
    + [f"interviewer.{verb}_interviewtemplate" for verb in ("view", "add", "change", "delete")],
}


def ensure_roles() -> None:
    """Make the groups of `ROLES`, with their permissions; run after migrations, as often as you like."""
    for name, wanted in ROLES.items():
        codenames = [permission.split(".")[1] for permission in wanted]
        apps = {permission.split(".")[0] for permission in wanted}
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(Permission.objects.filter(codename__in=codenames, content_type__app_label__in=apps))


def own_interview(user: Any, pk: uuid.UUID) -> Interview:
    """The signed-in candidate's own interview, or 404."""
    return get_object_or_404(Interview.objects.select_related("template"), pk=pk, candidate=user)


def own_answer(user: Any, pk: uuid.UUID, position: int) -> Answer:
    """An answer of the signed-in candidate's own interview, without its question (much text), or 404."""
    answers = Answer.objects.select_related("interview").defer("frozen")
    return get_object_or_404(answers, interview=pk, position=position, interview__candidate=user)


def organisations_of(user: User) -> QuerySet[Organisation]:
    """Those whose people and positions somebody may see: of a manager their own, of a superuser all."""
    if not user.is_manager:
        return Organisation.objects.none()
    return Organisation.objects.all() if user.is_superuser else Organisation.objects.filter(members=user)


def positions_of(user: User) -> PositionQuerySet:
    """The positions of a manager's organisations."""
    found = Position.objects.select_related("organisation", "template")
    return found.filter(organisation__in=organisations_of(user))


def own_position(user: User, pk: int) -> Position:
    """A position of the manager's organisations, or 404."""
    return get_object_or_404(positions_of(user), pk=pk)


def own_invitation(user: User, position: int, pk: int) -> Invitation:
    """An invitation to such a position, or 404."""
    found = Invitation.objects.select_related("position__organisation", "position__template")
    return get_object_or_404(found, pk=pk, position=own_position(user, position))


def own_candidate(user: User, position: int, interview: uuid.UUID) -> Invitation:
    """The invitation of somebody who handed an interview in for such a position, or 404."""
    found = Invitation.objects.select_related("position__organisation", "interview__template")
    found = found.filter(position=own_position(user, position), interview__submitted_at__isnull=False)
    return get_object_or_404(found, interview=interview)


def reviewable_templates(user: User) -> QuerySet[InterviewTemplate]:
    """The templates whose interviews a manager may review."""
    return InterviewTemplate.objects.filter(organisation__in=organisations_of(user))


def reviewable_interviews(user: User) -> QuerySet[Interview]:
    """The interviews that a manager may review, of their organisations: those handed in, and those still running."""
    found = Interview.objects.select_related("template", "candidate")
    return found if user.is_superuser else found.filter(template__in=reviewable_templates(user))


def parked_grades(user: User) -> QuerySet[Grade]:
    """The answers waiting for a person that somebody is shown: of a manager those they may review, else all."""
    parked = Grade.objects.parked()
    return parked.filter(answer__interview__in=reviewable_interviews(user)) if user.is_manager else parked


def own_job(user: Any, pk: uuid.UUID) -> Job:
    """A job that the signed-in person asked for, or 404."""
    return get_object_or_404(Job, pk=pk, owner=user)


def _only(is_allowed: Callable[[Any], bool], view: View) -> View:
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_allowed(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def manager_required(view: View) -> View:
    """Sign-in first; then 404 for whoever is not a manager."""
    return _only(lambda user: user.is_manager, view)


def operator_required(view: View) -> View:
    """Sign-in first; then 404 for whoever may not operate the program."""
    return _only(lambda user: user.is_operator, view)


def audit_reader_required(view: View) -> View:
    """Sign-in first; then 404 for whoever may not read the audit log."""
    return _only(lambda user: user.may_read_audit, view)


def curator_required(view: View) -> View:
    """Sign-in first; then 404 for whoever does not keep the question bank."""
    return _only(lambda user: user.is_curator, view)


def index_keeper_required(view: View) -> View:
    """Sign-in first; then 404 for whoever neither keeps the question bank nor operates the program."""
    return _only(lambda user: user.is_curator or user.is_operator, view)
