"""The interview room: one question at a time, saved as the candidate types; every step works without JavaScript."""

from __future__ import annotations

import uuid
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from interviewer import interviews
from interviewer.access import View, own_interview
from interviewer.http import Request
from interviewer.models import Answer, Interview
from questions.text import clean_text


class TypedField(forms.CharField):
    """A text exactly as typed, blanks included; what no database can keep is replaced rather than refused."""

    def __init__(self) -> None:
        super().__init__(required=False, strip=False)

    def to_python(self, value: str | None) -> str:
        # Browsers send line breaks of a textarea as CRLF; the candidate typed one character.
        return clean_text(super().to_python(value) or "").replace("\r\n", "\n")


class AnswerForm(forms.Form):
    """What the room sends: the text, and the revision it was typed on."""

    text = TypedField()
    revision = forms.IntegerField(min_value=0, max_value=2**31 - 1)


def in_room(view: View) -> View:
    """Give a view the candidate's own interview; once that is closed, lead to the receipt instead."""

    @login_required
    @never_cache
    @wraps(view)
    def guarded(request: Request, pk: uuid.UUID, *args: Any, **kwargs: Any) -> HttpResponse:
        interview = own_interview(request.user, pk)
        if not interview.accepts(request.received_at):
            return _closed(request, interview)
        return view(request, interview, *args, **kwargs)

    return guarded


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
        "remaining_seconds": interview.remaining(at).total_seconds(),
        "used_seconds": answer.time_used(interview, at),
        "is_last": answer.position == len(answers),
        **more,
    }


def _save_and_go(request: Request, interview: Interview, answer: Answer) -> HttpResponse:
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The page sent something we could not read. Your earlier text is unchanged."))
        return redirect("question", interview.pk, answer.position)
    typed = form.cleaned_data["text"]
    try:
        interviews.save(answer, typed, form.cleaned_data["revision"], request.received_at)
        return _go(request, interview, answer)
    except interviews.InterviewClosed:
        interview.refresh_from_db()
        return _closed(request, interview)
    except interviews.SaveConflict:
        return _show_unsaved(request, interview, answer, typed, conflict=True, status=409)
    except interviews.AnswerTooLong:
        return _show_unsaved(request, interview, answer, typed, too_long=True, status=400)


def _show_unsaved(
    request: Request, interview: Interview, answer: Answer, typed: str, *, status: int, **why: bool
) -> HttpResponse:
    """The same page with the text that was not stored still in it, and the reason: nothing typed is lost."""
    answers = list(interview.answers.order_by("position"))
    context = _room_context(request, interview, answer, answers, stored=answer.text, **why)
    return render(request, "interviewer/room.html", {**context, "text": typed}, status=status)


def _go(request: Request, interview: Interview, answer: Answer) -> HttpResponseRedirect:
    """`go` is "next", "previous", "review", "flag" or a position."""
    go = request.POST.get("go", "next")
    last = interview.answers.count()
    if go == "flag":
        interviews.set_flag(answer, not answer.flagged, request.received_at)
        return redirect("question", interview.pk, answer.position)
    if go == "review" or (go == "next" and answer.position == last):
        return redirect("hand-in", interview.pk)
    steps = {"next": answer.position + 1, "previous": answer.position - 1}
    position = steps.get(go) or (int(go) if go.isdecimal() and len(go) < 4 else answer.position)
    return redirect("question", interview.pk, min(max(position, 1), last))


@in_room
@require_POST
def draft(request: Request, interview: Interview, position: int) -> HttpResponse:
    """Autosave. 200 with the new revision; 409 with the stored text; 410 once closed; 413 when too long."""
    answer = get_object_or_404(interview.answers, position=position)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return JsonResponse(
            {"error": "invalid", "message": _("The page sent something we could not read.")}, status=400
        )
    try:
        answer = interviews.save(answer, form.cleaned_data["text"], form.cleaned_data["revision"], request.received_at)
    except interviews.InterviewClosed:
        interview.refresh_from_db()
        return _closed(request, interview)
    except interviews.SaveConflict:
        message = _("This answer was also changed in another tab or on another device.")
        stored = {"revision": answer.revision, "text": answer.text}
        return JsonResponse({"error": "conflict", "message": message, **stored}, status=409)
    except interviews.AnswerTooLong:
        return JsonResponse({"error": "too-long", "message": too_long_message()}, status=413)
    remaining = interview.remaining(request.received_at).total_seconds()
    return JsonResponse({"revision": answer.revision, "remaining_seconds": remaining})


def too_long_message() -> str:
    """Why a text was not stored, and what to do."""
    return _("This answer is longer than we can store. Please shorten it; nothing you typed has been lost.")


@in_room
@require_http_methods(["GET", "HEAD", "POST"])
def hand_in(request: Request, interview: Interview) -> HttpResponse:
    """Before handing in: what is unanswered or flagged. A POST hands in, once."""
    if request.method == "POST":
        interviews.submit(interview, request.received_at)
        return redirect("receipt", interview.pk)
    answers = list(interview.answers.order_by("position"))
    context = {
        "interview": interview,
        "answers": answers,
        "blank": [answer for answer in answers if answer.is_blank],
        "remaining_seconds": interview.remaining(request.received_at).total_seconds(),
    }
    return render(request, "interviewer/hand_in.html", context)


def not_found(request: Request, path: str = "") -> HttpResponse:
    """Any address that leads nowhere; one that lacks but its last slash leads to the address that has it."""
    if not path.endswith("/") and resolve(f"/{path}/").func is not not_found:
        return redirect(request.get_full_path(force_append_slash=True), permanent=True)
    raise Http404
