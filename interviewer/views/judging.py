"""For reviewers: to claim an interview, judge its answers, be shown the machine's verdict, decide what counts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from interviewer import appeals, reviewing
from interviewer.access import View, manager_required, reviewable_interviews
from interviewer.http import Request
from interviewer.models import Answer, Interview, ReviewClaim
from interviewer.models.appeals import LONGEST
from interviewer.views.review_page import JudgementForm, ReasonForm, review_page


def _of_interview(view: View) -> View:
    """Give a view the interview that a manager may review, or 404; what a verb refuses is told on its page.

    Nothing that was typed is lost: the page shows the form of `position` as it was sent.
    """

    @manager_required
    @never_cache
    @require_POST
    @wraps(view)
    def guarded(request: Request, pk: uuid.UUID, *args: Any, **kwargs: Any) -> HttpResponseBase:
        interview = get_object_or_404(reviewable_interviews(request.user).select_related("invitation"), pk=pk)
        if interview.is_erased:
            return review_page(request, interview, status=410)
        try:
            return view(request, interview, *args, **kwargs)
        except reviewing.Erased:  # at this very moment
            return redirect("review", interview.pk)
        except tuple(_REFUSED) as refused:
            status, sentence = _REFUSED[type(refused)]
            problem = held(refused.claim) if isinstance(refused, reviewing.Held) else sentence()
            return review_page(request, interview, status=status, problem=problem, typed=kwargs.get("position"))

    return guarded


def held(claim: ReviewClaim) -> str:
    """Who is at work on an interview, and until when."""
    who = claim.reviewer.get_full_name() or claim.reviewer.get_username() if claim.reviewer else "—"
    until = time_format(timezone.localtime(claim.until), "H:i:s")
    values = {"who": who, "until": until}
    return _("%(who)s is reviewing this interview, until %(until)s at least. Nothing was stored.") % values


_REFUSED: dict[type[Exception], tuple[int, Callable[[], str]]] = {
    reviewing.Held: (409, str),
    reviewing.AlreadyShown: (
        409,
        lambda: _(
            "The machine's verdict on this answer has been shown to you meanwhile, so that a score is not blind any"
            " more. Say why you judge as you do, and save again."
        ),
    ),
    reviewing.Decided: (
        409,
        lambda: _("Which score counts has been decided since you opened this page. Look at it, and decide again."),
    ),
    reviewing.Incomplete: (400, lambda: _("Judge every point first. What you chose is kept below.")),
    reviewing.NotShown: (
        400,
        lambda: _("First judge the answer yourself, or have the machine's verdict shown; then decide which counts."),
    ),
    reviewing.NoReason: (400, lambda: _("Say why, in a few words; the reason is kept with it.")),
    appeals.ChangedSince: (
        409,
        lambda: _("The candidate has changed what they say since you opened this page. Read it again, then answer."),
    ),
    appeals.NothingOpen: (409, lambda: _("This was answered already. Nothing was changed.")),
    reviewing.NothingOfYours: (400, lambda: _("You have not scored this answer yet.")),
    reviewing.NotHandedIn: (
        409,
        lambda: _("This interview is still running. Its answers can be read once it is handed in."),
    ),
}


def _answer(interview: Interview, position: int) -> Answer:
    return get_object_or_404(interview.answers.select_related("interview"), position=position)


def _back(interview: Interview, position: int | None = None) -> HttpResponse:
    there = f"#question-{position}" if position else ""
    return redirect(reverse("review", args=[interview.pk]) + there)


@_of_interview
def claim(request: Request, interview: Interview) -> HttpResponse:
    """Hold an interview, so that nobody else writes meanwhile."""
    reviewing.claim(interview, request.user, request.received_at)
    return _back(interview)


@_of_interview
def score(request: Request, interview: Interview, position: int) -> HttpResponse:
    """Store a reviewer's judgement: blind, whereupon the machine's verdict is shown; or with a reason, afterwards.

    Which of both it is, the stored facts say, not the form.
    """
    answer = _answer(interview, position)
    shown = reviewing.is_shown(answer, request.user)
    form = JudgementForm(answer.asked, request.POST, with_reason=shown, prefix=f"q{position}")
    if not form.is_valid():
        raise reviewing.NoReason if set(form.errors) == {"reason"} else reviewing.Incomplete
    if shown:
        reason = form.cleaned_data["reason"]
        reviewing.rescore(answer, form.judged, reason, request.user, request.received_at)
        messages.success(request, _("Your new judgement is kept beside the earlier one."))
    else:
        reviewing.score_blind(answer, form.judged, request.user, request.received_at)
        messages.success(request, _("Your judgement is stored. The machine's verdict stands beside it now."))
    return _back(interview, position)


@_of_interview
def reveal(request: Request, interview: Interview, position: int) -> HttpResponse:
    """Show the machine's verdict on an answer without a judgement of one's own."""
    reviewing.reveal(_answer(interview, position), request.user, request.received_at)
    return _back(interview, position)


@_of_interview
def reveal_all(request: Request, interview: Interview) -> HttpResponse:
    """The same for all answers of an interview."""
    for answer in interview.answers.select_related("interview").order_by("position"):
        reviewing.reveal(answer, request.user, request.received_at)
    return _back(interview)


class DecisionForm(ReasonForm):
    """Which score counts, why, and the newest decision that the page knew of."""

    counts = forms.ChoiceField(choices=[("mine", ""), ("machine", "")])
    seen = forms.IntegerField(min_value=0)
    for_candidate = forms.BooleanField(required=False)


@_of_interview
def override(request: Request, interview: Interview, position: int) -> HttpResponse:
    """Let one's own score count, or the machine's again."""
    answer, form = _answer(interview, position), DecisionForm(request.POST)
    if not form.is_valid():
        raise reviewing.NoReason if set(form.errors) == {"reason"} else reviewing.Decided
    given, at = form.cleaned_data, request.received_at
    if given["counts"] == "mine":
        shown = given["for_candidate"]
        reviewing.override(answer, given["reason"], request.user, at, given["seen"], for_candidate=shown)
        messages.success(request, _("Your score counts now. The machine's is kept."))
    else:
        reviewing.undo_override(answer, given["reason"], request.user, at, given["seen"])
        messages.success(request, _("The machine's score counts again. The other one is kept."))
    return _back(interview, position)


class ReplyForm(forms.Form):
    """Whether an appeal is upheld, a sentence for the candidate, and which words of theirs the page showed."""

    upheld = forms.ChoiceField(choices=[("yes", ""), ("no", "")])
    reply = forms.CharField(max_length=LONGEST)
    seen = forms.IntegerField(min_value=1)


@_of_interview
def answer_appeal(request: Request, interview: Interview, position: int) -> HttpResponse:
    """Answer what the candidate says is wrong with a question or its grade."""
    answer, form = _answer(interview, position), ReplyForm(request.POST)
    if not form.is_valid():
        raise appeals.ChangedSince if "seen" in form.errors else reviewing.NoReason
    given = form.cleaned_data
    appeals.reply(answer, given["upheld"] == "yes", given["reply"], request.user, request.received_at, given["seen"])
    messages.success(request, _("The candidate reads your answer on their scorecard."))
    return _back(interview, position)


@_of_interview
def reveal_identity(request: Request, interview: Interview) -> HttpResponse:
    """Tell the reviewer, for a reason, who sat the interview."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise reviewing.NoReason
    reviewing.reveal_identity(interview, form.cleaned_data["reason"], request.user, request.received_at)
    return _back(interview)
