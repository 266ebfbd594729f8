"""For curators: how an answer to a question would be graded, tried before anybody is asked it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from interviewer import trials
from interviewer.access import curator_required
from interviewer.grading.points import question_points
from interviewer.http import Request
from interviewer.views.forms import TypedField, too_long_message
from questions.frozen import FrozenQuestion
from questions.models import Question

REFERENCE, BLANK = "reference", "blank"


class TrialForm(forms.Form):
    """An answer, who is to grade it, and the hash of the question that the page showed.

    `sample` is the button that tries a text of the page's own instead of what was typed.
    """

    text = TypedField()
    graders = forms.MultipleChoiceField(
        label=gettext_lazy("Graders"),
        choices=[
            ("semantic", gettext_lazy("Similarity to the reference answer")),
            ("llm", gettext_lazy("Language model")),
        ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one grader.")},
    )
    shown = forms.CharField(widget=forms.HiddenInput, max_length=64)
    sample = forms.ChoiceField(required=False, choices=[(REFERENCE, ""), (BLANK, "")])

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if len(text) > settings.MAX_ANSWER_CHARACTERS:
            raise forms.ValidationError(too_long_message())
        return text

    def clean_graders(self) -> list[str]:
        graders: list[str] = self.cleaned_data["graders"]
        if "llm" in graders and settings.GRADER != "llm":
            raise forms.ValidationError(_("No language model is configured here: only similarity can grade."))
        return graders


@curator_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def try_answer(request: Request, pk: int) -> HttpResponse:
    """The question as a candidate sees it beside its points, a box for an answer, and what came of the last ones.

    A POST tries one, and leads back here. The status does not matter: drafts can be tried too.
    """
    question = get_object_or_404(Question.objects.select_related("topic"), pk=pk)
    mine = trials.trials_of(question.pk, request.user)
    if request.method != "POST":
        return _page(request, question, mine)
    form = TrialForm(request.POST)
    if not form.is_valid():
        return _page(request, question, mine, form, status=400)
    asked = question.frozen()
    if form.cleaned_data["shown"] != asked.hash:
        form.data = request.POST.copy()
        form.data["shown"] = asked.hash  # type: ignore[index]  # a copy can be written to
        messages.warning(
            request,
            _("The question was changed after this page was loaded. This is what it says now; your text is kept."),
        )
        return _page(request, question, mine, form, status=409)
    if not _can_be_graded(asked):
        return _page(request, question, mine, form, status=400)
    typed, graders = form.cleaned_data["text"], form.cleaned_data["graders"]
    text = {REFERENCE: question.reference, BLANK: ""}.get(form.cleaned_data["sample"], typed)
    key = trials.ask(question.pk, asked, text, graders, request.user, request.received_at, typed or text)
    return HttpResponseRedirect(f"{reverse('try-answer', args=[question.pk])}?trial={key}#result")


def _can_be_graded(asked: FrozenQuestion) -> bool:
    """Whether there is anything to compare an answer with."""
    return bool(asked.reference.strip() or asked.points)


def _page(
    request: Request, question: Question, mine: list[trials.Trial], form: TrialForm | None = None, status: int = 200
) -> HttpResponse:
    wanted = request.GET.get("trial", "")
    trial = next((each for each in mine if each.key == wanted), None)
    asked = question.frozen()
    initial = {
        "text": trial.typed if trial else "",
        "graders": trial.graders if trial else [settings.GRADER],
        "shown": asked.hash,
    }
    context: dict[str, Any] = {
        "question": question,
        "asked": asked,
        "points": question_points(asked) if _can_be_graded(asked) else (),
        "has_model": settings.GRADER == "llm",
        "form": form or TrialForm(initial=initial),
        "trial": trial,
        "is_lost": bool(wanted) and trial is None,
        "is_outdated": trial is not None and trial.task_hash != asked.task_hash,
        "trials": mine[: trials.LISTED],
    }
    return render(request, "interviewer/try_answer.html", context, status=status)
