"""The interview room: one question at a time, saved as the candidate types; every step works without JavaScript."""

from __future__ import annotations

import uuid
from dataclasses import replace
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from interviewer import claims, clock, interviews, merging
from interviewer.access import View, own_answer, own_interview
from interviewer.http import Request
from interviewer.models import Answer, Interview
from interviewer.views.clock import clock_context, clock_state, seconds_to_deadline
from interviewer.views.forms import AnswerForm, ChoiceForm, too_long_message
from interviewer.views.results import told_if_erased


def in_room(view: View) -> View:
    """Give a view the candidate's own interview; once that is closed, lead to the receipt, while paused to its page."""

    @told_if_erased
    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: Request, pk: uuid.UUID, *args: Any, **kwargs: Any) -> HttpResponseBase:
        interview = own_interview(request.user, pk)
        return _refused(request, interview) or view(request, interview, *args, **kwargs)

    return guarded


def at_answer(view: View) -> View:
    """The same for a view of one answer, which it is given with its interview by one query."""

    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: Request, pk: uuid.UUID, position: int) -> HttpResponseBase:
        answer = own_answer(request.user, pk, position)
        return _refused(request, answer.interview) or view(request, answer)

    return guarded


def _refused(request: Request, interview: Interview) -> HttpResponse | None:
    """Where an interview that is closed or paused leads; None while it runs, and the request is part of it."""
    if interview.paused_at or not interview.accepts(request.received_at):
        interview = interviews.catch_up(interview, request.received_at)
    if not interview.accepts(request.received_at):
        return _turned_away(request, interview)
    request.sitting = interview
    return None


def _turned_away(request: Request, interview: Interview) -> HttpResponse:
    paused = interview.submitted_at is None and interview.is_paused(request.received_at)
    return _paused(request, interview) if paused else _closed(request, interview)


def _paused(request: Request, interview: Interview) -> HttpResponse:
    page = reverse("pause", args=[interview.pk])
    if request.headers.get("Accept") == "application/json":
        message = _("This interview is paused. Resume it first; what you typed is kept on this device.")
        return JsonResponse({"error": "paused", "message": message, "location": page}, status=423)
    return redirect(page)


def _closed(request: Request, interview: Interview) -> HttpResponse:
    if interview.submitted_at is None:
        interview = interviews.submit(interview, request.received_at, by=Interview.SubmittedBy.CLOCK)
    receipt = reverse("receipt", args=[interview.pk])
    if request.headers.get("Accept") == "application/json":
        message = _("This interview is closed: nothing more can be saved.")
        return JsonResponse({"error": "closed", "message": message, "location": receipt}, status=410)
    return redirect(receipt)


@in_room
@require_safe
def room(request: Request, interview: Interview) -> HttpResponse:
    """Where the candidate left off."""
    return redirect("question", interview.pk, interview.current_position)


@in_room
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: Request, interview: Interview, position: int) -> HttpResponse:
    """One question. A POST saves the text, then goes where the pressed button says."""
    answer = get_object_or_404(interview.answers, position=position)
    if request.method == "POST":
        return _save_and_go(request, interview, answer)
    interviews.open_question(interview, position, request.received_at)
    answers = list(interview.answers.order_by("position"))
    answer = answers[position - 1]
    return render(request, "interviewer/room.html", _room_context(request, interview, answer, answers))


def _room_context(
    request: Request, interview: Interview, answer: Answer, answers: list[Answer], **more: Any
) -> dict[str, Any]:
    at = request.received_at
    return {
        "interview": interview,
        "answer": answer,
        "answers": answers,
        "asked": answer.asked,
        "text": answer.text,
        "revision": answer.revision,
        **clock_context(request, interview),
        "used_seconds": answer.time_used(interview, at),
        "is_last": answer.position == len(answers),
        "contact": claims.first_contact(interview.pk, at).token,
        "most_characters": settings.MAX_ANSWER_CHARACTERS,
        **more,
    }


def _save_and_go(request: Request, interview: Interview, answer: Answer) -> HttpResponse:
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The page sent something we could not read. Your earlier text is unchanged."))
        return redirect("question", interview.pk, answer.position)
    keep, typed, revision = _settled(request, answer, **form.cleaned_data)
    here = redirect("question", interview.pk, answer.position)
    if keep == "other":
        return here
    try:
        interviews.save(answer, typed, revision, request.received_at, claims.read(_log(request), interview.pk))
        return here if keep else _go(request, interview, answer)
    except (clock.InterviewClosed, clock.InterviewPaused):
        interview.refresh_from_db()
        return _turned_away(request, interview)
    except interviews.SaveConflict:
        merge = _merge_context(answer, typed)
        return _show_unsaved(request, interview, answer, typed, revision=revision, merge=merge, status=409)
    except interviews.AnswerTooLong:
        return _show_unsaved(request, interview, answer, typed, revision=revision, too_long=True, status=400)


def _settled(request: Request, answer: Answer, text: str, revision: int) -> tuple[str, str, int]:
    """The choice between two versions, if one was made, and what it means: the text to save, on which revision."""
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        return "", text, revision
    keep = form.cleaned_data["keep"]
    text = merging.both(merging.compare(text, answer.text)) if keep == "both" else text
    return keep, text, form.cleaned_data["other_revision"]


def _log(request: Request) -> str:
    return request.POST.get("log", "")


def _merge_context(answer: Answer, typed: str) -> dict[str, Any]:
    """What the merge view shows: the two texts in parts, and both put together."""
    parts = merging.compare(typed, answer.text)
    return {"parts": parts, "both": merging.both(parts), "answer": answer}


def _show_unsaved(
    request: Request, interview: Interview, answer: Answer, typed: str, *, status: int, **more: Any
) -> HttpResponse:
    """The same page with the text that was not stored still in it, and the reason: nothing typed is lost."""
    answers = list(interview.answers.order_by("position"))
    context = _room_context(request, interview, answer, answers, **more)
    return render(request, "interviewer/room.html", {**context, "text": typed}, status=status)


def _go(request: Request, interview: Interview, answer: Answer) -> HttpResponseRedirect:
    """`go` is "next", "previous", "review", "flag", "pause" or a position."""
    go = request.POST.get("go", "next")
    last = interview.answers.count()
    if go == "flag":
        interviews.set_flag(answer, not answer.flagged, request.received_at)
        return redirect("question", interview.pk, answer.position)
    if go == "pause":
        return _pause(request, interview, answer)
    if go == "review" or (go == "next" and answer.position == last):
        return redirect("hand-in", interview.pk)
    steps = {"next": answer.position + 1, "previous": answer.position - 1}
    position = steps.get(go) or (int(go) if go.isdecimal() and len(go) < 4 else answer.position)
    return redirect("question", interview.pk, min(max(position, 1), last))


def _pause(request: Request, interview: Interview, answer: Answer) -> HttpResponseRedirect:
    try:
        clock.pause(interview, request.received_at)
    except clock.NoPauseLeft:
        messages.error(request, _("This interview cannot be paused (any more); its clock is running."))
        return redirect("question", interview.pk, answer.position)
    return redirect("pause", interview.pk)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pause(request: Request, pk: uuid.UUID) -> HttpResponse:
    """While the clock stands still: no question, one button. A POST resumes; at its bound a pause is over by itself."""
    interview = interviews.catch_up(own_interview(request.user, pk), request.received_at)
    if not interview.is_paused(request.received_at):
        return redirect("room", interview.pk)
    if request.method == "POST":
        clock.resume(interview, request.received_at)
        return redirect("room", interview.pk)
    context = {
        "interview": interview,
        "pause_seconds": interview.pause_remaining(request.received_at).total_seconds(),
        "remaining_seconds": seconds_to_deadline(request, interview),
    }
    return render(request, "interviewer/pause.html", context)


@in_room
@require_safe
def clock_now(request: Request, interview: Interview) -> HttpResponse:
    """What is left and what was added, for a page that is open; 410 once closed, 423 while paused."""
    return JsonResponse(clock_state(request, interview))


@at_answer
@require_POST
def draft(request: Request, answer: Answer) -> HttpResponse:
    """Autosave. 200 with the new revision; 409 with the stored text; 410 once closed; 413 when too long; 423 paused."""
    interview = answer.interview
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return JsonResponse(
            {"error": "invalid", "message": _("The page sent something we could not read.")}, status=400
        )
    typed, log = form.cleaned_data["text"], claims.read(_log(request), interview.pk)
    try:
        answer = interviews.save(answer, typed, form.cleaned_data["revision"], request.received_at, log)
    except (clock.InterviewClosed, clock.InterviewPaused):
        interview.refresh_from_db()
        return _turned_away(request, interview)
    except interviews.SaveConflict:
        return _conflict(request, answer, typed)
    except interviews.AnswerTooLong:
        return JsonResponse({"error": "too-long", "message": too_long_message()}, status=413)
    remaining = seconds_to_deadline(request, interview)
    return JsonResponse(
        {"revision": answer.revision, "remaining_seconds": remaining, **_contact(request, interview, log)}
    )


def _contact(request: Request, interview: Interview, log: claims.Log | None) -> dict[str, Any]:
    """The signed note of this reply, on which the page's log goes on."""
    contact = claims.first_contact(interview.pk, request.received_at)
    if log is not None:
        contact = replace(contact, page=log.page.contact.page, sequence=log.page.last)
    return {"contact": contact.token, "sequence": contact.sequence}


def _conflict(request: Request, answer: Answer, typed: str) -> JsonResponse:
    merge = _merge_context(answer, typed)
    data = {
        "error": "conflict",
        "message": _("This answer was also changed in another tab or on another device."),
        "revision": answer.revision,
        "text": answer.text,
        "both": merge["both"],
        "view": render_to_string("interviewer/_merge.html", {"merge": merge}, request),
    }
    return JsonResponse(data, status=409)


@in_room
@require_http_methods(["GET", "HEAD", "POST"])
def hand_in(request: Request, interview: Interview) -> HttpResponse:
    """Before handing in: what is unanswered or flagged. A POST hands in, once.

    A page whose countdown has ended says so (`by=clock`), which counts only if the time is really over.
    """
    if request.method == "POST":
        by = Interview.SubmittedBy.CLOCK if request.POST.get("by") == "clock" else Interview.SubmittedBy.CANDIDATE
        closed = interviews.submit(interview, request.received_at, by)
        return redirect("receipt" if closed.submitted_at else "room", interview.pk)
    answers = list(interview.answers.order_by("position"))
    context = {
        "interview": interview,
        "answers": answers,
        "blank": [answer for answer in answers if answer.is_blank],
        **clock_context(request, interview),
    }
    return render(request, "interviewer/hand_in.html", context)


def not_found(request: Request, path: str = "") -> HttpResponse:
    """Any address that leads nowhere; one that lacks but its last slash leads to the address that has it."""
    if not path.endswith("/") and resolve(f"/{path}/").func is not not_found:
        return redirect(request.get_full_path(force_append_slash=True), permanent=True)
    raise Http404
