"""The front door, a candidate's home, and the page before an interview."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from interviewer import clock, interviews, showcase
from interviewer.http import Request
from interviewer.models import Interview, InterviewTemplate, User
from interviewer.models.templates import InterviewTemplateQuerySet
from interviewer.scorecard import scorecard


@require_safe
def home(request: Request) -> HttpResponse:
    """For a visitor, what this is; for a candidate: what is running, what can be sat, what was sat."""
    if not request.user.is_authenticated:
        return render(request, "interviewer/front_door.html", {"sample": showcase.load(request.LANGUAGE_CODE)})
    at = request.received_at
    interviews.settle_expired(at, candidate=request.user)
    mine = Interview.objects.filter(candidate=request.user).select_related("template")
    scored = ("answers__grades", "answers__overrides__human_score")
    past = mine.exclude(submitted_at=None).prefetch_related(*scored)[:50]
    context = {
        "running": [(interview, interview.remaining(at), interview.is_paused(at)) for interview in mine.open()],
        "templates": _offered(request.user, at).prefetch_related("topics"),
        "now": at,
        "past": [(interview, scorecard(interview.answers.all())) for interview in past],
    }
    return render(request, "interviewer/home.html", context)


def _offered(user: User, at: datetime) -> InterviewTemplateQuerySet:
    """The templates that a person may sit; a guest has come for one interview."""
    return InterviewTemplate.objects.none() if user.is_guest else InterviewTemplate.objects.offered(at)


class ConsentForm(forms.Form):
    """Agreement to what is stored and who sees it; without it no interview begins."""

    consent = forms.BooleanField(
        label=gettext_lazy("I have read this and agree."),
        error_messages={"required": gettext_lazy("Please tick the box to agree before you start.")},
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: Request, pk: int) -> HttpResponse:
    """Before you start: what will happen, what is stored, consent. A POST with consent starts the clock."""
    if request.user.is_guest:
        raise Http404
    found = InterviewTemplate.objects.select_related("organisation").prefetch_related("topics")
    template = get_object_or_404(found, pk=pk, is_open=True)
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            interview = interviews.start(template, request.user, request.received_at)
        except interviews.NoQuestions:
            messages.error(
                request, _("There are no published questions for this interview yet. Please choose another.")
            )
            return redirect("home")
        except interviews.NotOpen:
            messages.error(request, _("This interview cannot be started now; the page says when it can."))
            return redirect("begin", template.pk)
        return redirect("room", interview.pk)
    at = request.received_at
    mine = Interview.objects.open().filter(template=template, candidate=request.user)
    context = {
        "template": template,
        "form": form,
        "running": next((interview for interview in mine if interview.accepts(at) or interview.is_paused(at)), None),
        "has_opened": template.has_opened(at),
        "plan": clock.plan(template, request.user, at),
    }
    return render(request, "interviewer/begin.html", context)
