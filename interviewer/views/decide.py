"""For managers: one candidate of a position by code, the decision about them, and the packet that hands it on."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer import hiring
from interviewer.access import manager_required, own_candidate
from interviewer.hiring import comparison
from interviewer.http import Request
from interviewer.models import Answer, Decision, Invitation
from interviewer.models.decisions import LONGEST_REASON
from interviewer.scorecard import band


class DecisionForm(forms.Form):
    """A decision and its reason. `seen`: the one that was in force when this page was made, 0 for none."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Decision"), choices=Decision.Outcome.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 4})
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


def decision_context(invitation: Invitation, form: DecisionForm | None = None) -> dict[str, Any]:
    """What `_decision.html` shows of somebody who handed in: the decisions so far, and the form for another."""
    decisions = list(Decision.objects.filter(interview=invitation.interview_id).select_related("by"))
    return {
        "invitation": invitation,
        "decisions": decisions,
        "decision_form": form or DecisionForm(initial={"seen": decisions[0].pk if decisions else 0}),
    }


@manager_required
@never_cache
@require_safe
def candidate(request: Request, pk: int, interview: uuid.UUID) -> HttpResponse:
    """One candidate: the band, the decision with its reason, and the packet."""
    return _page(request, own_candidate(request.user, pk, interview))


def _page(request: Request, invitation: Invitation, form: DecisionForm | None = None) -> HttpResponse:
    answers = Answer.objects.filter(interview=invitation.interview_id)
    scores = comparison.scores_of(answers)[invitation.interview_id]  # type: ignore[index]
    known = [score for score in scores if score is not None]
    context = {
        **decision_context(invitation, form),
        "position": invitation.position,
        "interview": invitation.interview,
        "asked": len(scores),
        "graded": len(known),
        "band": band(known),
    }
    return render(request, "interviewer/candidate.html", context, status=400 if form else 200)


@manager_required
@require_POST
def decide(request: Request, pk: int, interview: uuid.UUID) -> HttpResponse:
    """Decide about a candidate; the decision before is kept."""
    invitation = own_candidate(request.user, pk, interview)
    form = DecisionForm(request.POST)
    if not form.is_valid() or invitation.interview is None:
        return _page(request, invitation, form)
    given = form.cleaned_data
    outcome = Decision.Outcome(given["outcome"])
    decided = hiring.decide(
        invitation.interview, outcome, given["reason"], request.user, request.received_at, given["seen"]
    )
    if decided.meanwhile:
        told = _("Since you opened the page, somebody else decided “%(outcome)s”. Both decisions are kept; yours is in "
                 "force. Read theirs below, and decide again if it changes your mind.")  # fmt: skip
        messages.warning(request, told % {"outcome": decided.meanwhile.get_outcome_display()})
    else:
        messages.success(request, _("The decision is kept, with its reason."))
    return redirect("candidate", pk, interview)
