"""For managers: one candidate of a position by code, the decision about them, and the packet that hands it on."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer import audit, blind, hiring, jobs
from interviewer.access import manager_required, own_candidate
from interviewer.hiring import comparison
from interviewer.http import Request
from interviewer.models import Answer, Decision, Invitation, Job, Packet
from interviewer.models.decisions import LONGEST_REASON
from interviewer.pass_bands import placed
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


def _page(
    request: Request, invitation: Invitation, form: DecisionForm | None = None, status: int = 200
) -> HttpResponse:
    answers = Answer.objects.filter(interview=invitation.interview_id)
    scores = comparison.scores_of(answers)[invitation.interview_id]  # type: ignore[index]
    known = [score for score in scores if score is not None]
    unseen = blind.hidden(request.user, answers)
    reach = None if unseen else band(known)
    context = {
        **decision_context(invitation, form),
        "position": invitation.position,
        "interview": invitation.interview,
        "asked": len(scores),
        "graded": len(known),
        "is_hidden": bool(unseen),
        "band": reach,
        "lines": placed(invitation.interview.template.bands, reach),  # type: ignore[union-attr]
        "packet": Packet.objects.defer("json", "pdf").filter(interview=invitation.interview_id).first(),
        "job": Job.objects.filter(kind="make-packet", owner=request.user, payload__invitation=invitation.pk)
        .order_by("-created_at")
        .first(),
    }
    return render(request, "interviewer/candidate.html", context, status=400 if form else status)


@manager_required
@require_POST
def decide(request: Request, pk: int, interview: uuid.UUID) -> HttpResponse:
    """Decide about a candidate; the decision before is kept."""
    invitation = own_candidate(request.user, pk, interview)
    if invitation.standing(request.received_at) == Invitation.Standing.ERASED:
        return _page(request, invitation, status=410)
    form = DecisionForm(request.POST)
    if not form.is_valid() or invitation.interview is None:
        return _page(request, invitation, form)
    given = form.cleaned_data
    outcome = Decision.Outcome(given["outcome"])
    sat, at = invitation.interview, request.received_at
    try:
        decided = hiring.decide(sat, outcome, given["reason"], request.user, at, given["seen"])
    except hiring.NotHandedIn:  # its data was deleted at this very moment
        return redirect("candidate", pk, interview)
    if decided.meanwhile:
        told = _("Since you opened the page, somebody else decided “%(outcome)s”. Both decisions are kept; yours is in "
                 "force. Read theirs below, and decide again if it changes your mind.")  # fmt: skip
        messages.warning(request, told % {"outcome": decided.meanwhile.get_outcome_display()})
    else:
        messages.success(request, _("The decision is kept, with its reason."))
    return redirect("candidate", pk, interview)


# --- The packet -----------------------------------------------------------------------


@manager_required
@require_POST
def make_packet(request: Request, pk: int, interview: uuid.UUID) -> HttpResponse:
    """Have a worker make a packet of how things stand now."""
    invitation = own_candidate(request.user, pk, interview)
    if invitation.standing(request.received_at) == Invitation.Standing.ERASED:
        return _page(request, invitation, status=410)
    if not Decision.objects.filter(interview=interview).exists():
        messages.info(request, _("Decide first: a packet hands on a decision with all that led to it."))
        return redirect("candidate", pk, interview)
    payload = {"invitation": invitation.pk, "language": get_language() or "en"}
    jobs.ask("make-packet", request.user, payload, request.received_at)
    return redirect("candidate", pk, interview)


@manager_required
@never_cache
@require_safe
def packet_file(request: Request, pk: int, interview: uuid.UUID, kind: str) -> HttpResponse:
    """The newest packet as a JSON or PDF file. Where none was made yet, or it is not to be read yet, the page."""
    invitation = own_candidate(request.user, pk, interview)
    if kind not in {"json", "pdf"}:
        raise Http404
    packet = Packet.objects.filter(interview=interview).first()
    if packet is None or blind.hidden(request.user, Answer.objects.filter(interview=interview)):
        return redirect("candidate", pk, interview)
    audit.saw(request.user, audit.Verb.PACKET_SEEN, invitation.interview or "", request.received_at)
    name = f"packet-{invitation.code}-{packet.pk}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    data = packet.json if kind == "json" else packet.pdf
    return HttpResponse(bytes(data), content_type=f"application/{kind}", headers=headers)
