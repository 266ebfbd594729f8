"""The receipt of an interview: its page, its file for the candidate and for managers, and texts that came too late."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer import audit, claims, identity, interviews, receipts
from interviewer.access import manager_required, reviewable_interviews
from interviewer.http import Request
from interviewer.models import Interview
from interviewer.timeline import timeline
from interviewer.views.clock import time_added
from interviewer.views.forms import AnswerForm, too_long_message
from interviewer.views.results import handed_in, results_context


@require_safe
@handed_in
def receipt(request: Request, interview: Interview) -> HttpResponse:
    """What was handed in and when, with its hashes and the timeline of the attempt; below it grading progress."""
    answers = receipts.content(interview)["answers"]
    context = {
        **results_context(interview),
        "answers": answers,
        "time_added": time_added(interview),
        "timeline": timeline(interview),
    }
    return render(request, "interviewer/receipt.html", context)


@require_safe
@handed_in
def receipt_file(request: Request, interview: Interview) -> HttpResponse:
    """The candidate's receipt as a file."""
    return _file(interview)


@manager_required
@never_cache
@require_safe
def review_receipt_file(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The same file for a manager; where it names the candidate, only once the manager has been told who it was."""
    found = reviewable_interviews(request.user).filter(submitted_at__isnull=False)
    interview = get_object_or_404(found, pk=pk)
    if interview.candidate is None:  # deleted; its page says when
        return redirect("review", interview.pk)
    if not interview.candidate.is_guest and not identity.revealed_to(request.user, [interview]):
        messages.info(request, _("The receipt names the candidate. Have the identity shown first, at the top."))
        return redirect("review", interview.pk)
    audit.saw(request.user, audit.Verb.RECEIPT_SEEN, interview, request.received_at)
    return _file(interview)


def _file(interview: Interview) -> HttpResponse:
    name = f"receipt-{interview.pk}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(receipts.file_of(interview), content_type="application/json", headers=headers)


@require_POST
@handed_in
def unsent(request: Request, interview: Interview, position: int) -> HttpResponse:
    """Keep a text that was not handed in: 200 when it is kept; 400, 409 (enough are kept) or 413 when it is not."""
    answer = get_object_or_404(interview.answers, position=position)
    form = AnswerForm(request.POST)
    form.is_valid()
    log = claims.read(request.POST.get("log", ""), interview.pk)
    try:
        kept = interviews.keep_unsent(answer, form.cleaned_data["text"], request.received_at, log)
    except interviews.AnswerTooLong:
        return JsonResponse({"message": too_long_message()}, status=413)
    if not kept:
        return JsonResponse({"message": _("As many texts as can be kept beside this answer are there.")}, status=409)
    return JsonResponse({"message": _("Sent. It is kept beside your answer, marked as late; it is not graded.")})
