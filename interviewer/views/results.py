"""After an interview: grading progress, and the candidate's own scorecard."""

from __future__ import annotations

import uuid
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from interviewer import breaker, timeline
from interviewer.access import View, own_interview
from interviewer.http import Request
from interviewer.models import Interview
from interviewer.scorecard import scorecard
from questions.models import Topic


def told_if_erased(view: View) -> View:
    """Whoever comes back to an interview whose data is deleted is told so, without signing in: it is nobody's any more.

    Its address is what they know; the page says nothing but when and why.
    """

    @wraps(view)
    def guarded(request: Request, pk: uuid.UUID, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if request.user.is_authenticated:
                return view(request, pk, *args, **kwargs)
        except Http404:
            if (response := _tombstone(request, pk)) is None:
                raise
            return response
        return _tombstone(request, pk) or view(request, pk, *args, **kwargs)

    return guarded


def _tombstone(request: Request, pk: uuid.UUID) -> HttpResponse | None:
    erased = Interview.objects.filter(pk=pk, erased_at__isnull=False).first()
    return render(request, "interviewer/erased.html", {"interview": erased}, status=410) if erased else None


def handed_in(view: View) -> View:
    """Give a view the candidate's own interview once it was handed in; before that, lead to the room."""

    @told_if_erased
    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: Request, pk: uuid.UUID, *args: Any, **kwargs: Any) -> HttpResponseBase:
        interview = own_interview(request.user, pk)
        if interview.submitted_at is None:
            return redirect("room", interview.pk)
        return view(request, interview, *args, **kwargs)

    return guarded


def results_context(interview: Interview, refused: tuple[int, Form] | None = None) -> dict[str, Any]:
    """The scorecard of an interview, with what its templates need.

    `refused`: the position of an answer whose appeal could not be taken, and the form as it was sent.
    """
    answers = interview.answers.order_by("position").select_related("appeal")
    answers = answers.prefetch_related("grades", "overrides__human_score")
    card = scorecard(answers)
    return {
        "interview": interview,
        "card": card,
        "results": [
            (result, getattr(answer, "appeal", None), refused[1] if refused and refused[0] == answer.position else None)
            for result, answer in zip(card.results, answers, strict=True)
        ],
        "topic_names": {topic.slug: topic.name for topic in Topic.objects.all()},
        "waits_for_model": not card.is_settled and settings.GRADER == "llm" and breaker.endpoint().is_down,
        "late_positions": timeline.late_positions(interview, answers),
        "awaits_decision": interview.is_abandoned and not any(result.grade for result in card.results),
    }


@require_safe
@handed_in
def progress(request: Request, interview: Interview) -> HttpResponse:
    """The progress bar alone, for polling; comes back without its polling attributes once nothing is pending."""
    return render(request, "interviewer/_progress.html", results_context(interview))


@require_safe
@handed_in
def candidate_scorecard(request: Request, interview: Interview) -> HttpResponse:
    """The candidate's own scorecard; reference answers only after practice."""
    return scorecard_page(request, interview)


def scorecard_page(request: Request, interview: Interview, refused: tuple[int, Form] | None = None) -> HttpResponse:
    """The page, also when an appeal was refused: as `results_context`, with status 400."""
    context = {**results_context(interview, refused), "show_reference": interview.is_practice}
    return render(request, "interviewer/scorecard.html", context, status=400 if refused else 200)


@require_safe
@handed_in
def candidate_results(request: Request, interview: Interview) -> HttpResponse:
    """The scorecard's results alone, for polling while grades arrive."""
    context = {**results_context(interview), "show_reference": interview.is_practice}
    return render(request, "interviewer/_results.html", context)
