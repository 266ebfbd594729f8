"""A candidate's way in without an account: the page of an invitation's link, and into the room from there."""

from __future__ import annotations

import logging
import math
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from interviewer import clock, hiring, interviews, sign_in
from interviewer.http import Request
from interviewer.models import Invitation
from interviewer.views.home import ConsentForm

logger = logging.getLogger(__name__)

BACKEND = "django.contrib.auth.backends.ModelBackend"
Standing = Invitation.Standing
GONE = {Standing.REVOKED, Standing.EXPIRED, Standing.CLOSED, Standing.ERASED}


class AcceptForm(ConsentForm):
    """Consent to what this page said; `version` is the template that it told of."""

    version = forms.IntegerField(widget=forms.HiddenInput)


@never_cache
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: Request, token: str) -> HttpResponse:
    """What a link leads to. Looking uses nothing up; a POST with consent begins, and later ones lead back.

    404 for a link that nobody was given, 410 for one that starts nothing any more, each with what to do.
    """
    found = hiring.find(token)
    if found is None:
        response = _unknown(request)
    elif request.method == "POST":
        response = _enter(request, found, token)
    else:
        if request.method == "GET":
            found.open(request.received_at)
        response = _page(request, found)
    # The link is as good as a password: no later request tells where it came from.
    response["Referrer-Policy"] = "strict-origin"
    return response


def _page(request: Request, found: Invitation, form: AcceptForm | None = None, status: int = 200) -> HttpResponse:
    standing = found.standing(request.received_at)
    template = found.position.template
    base = template.time_from(request.received_at)
    context: dict[str, Any] = {
        "invitation": found,
        "standing": standing,
        "position": found.position,
        "organisation": found.position.organisation,
        "template": template,
        "plan": clock.Plan(base, timedelta(minutes=found.extra_minutes)),
        "form": form or AcceptForm(initial={"version": template.pk}),
        "somebody_else": request.user.is_authenticated
        and (found.interview is None or found.interview.candidate_id != request.user.pk),
    }
    status = 410 if standing in GONE else status
    return render(request, "interviewer/invitation.html", context, status=status)


def _enter(request: Request, found: Invitation, token: str) -> HttpResponse:
    if found.standing(request.received_at) == Standing.USABLE:
        form = AcceptForm(request.POST)
        if not form.is_valid():
            return _page(request, found, form, 400)
        if form.cleaned_data["version"] != found.position.template_id:
            messages.info(
                request, _("What this interview asks has been changed meanwhile. Please read this page again.")
            )
            return redirect("invitation", token)
        try:
            hiring.accept(found, request.received_at)
        except hiring.NotUsable:  # another click was faster, or it was revoked at this moment
            pass
        except interviews.NoQuestions:
            logger.error("Position %d has no question to ask", found.position_id)
            messages.error(
                request,
                _("There is nothing to ask yet; that is not your fault. Your link stays good: tell who invited you."),
            )
            return redirect("invitation", token)
        found = hiring.find(token) or found
    sat = found.interview
    is_open = found.standing(request.received_at) in {Standing.RUNNING, Standing.HANDED_IN}
    if not is_open or sat is None or sat.candidate is None:
        return _page(request, found)
    login(request, sat.candidate, backend=BACKEND)
    return redirect("room", sat.pk)


def _unknown(request: Request) -> HttpResponse:
    """No such link. Whoever tries many is told to wait; one that exists is never refused, as none can be guessed."""
    wait = sign_in.unknown_link(request, request.received_at)  # type: ignore[arg-type]
    response = render(request, "interviewer/invitation_unknown.html", {"wait": wait}, status=429 if wait else 404)
    if wait:
        response["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return response
