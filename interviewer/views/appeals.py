"""What a candidate says is wrong with a question or its grade, on their scorecard."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from interviewer import appeals, reviewing
from interviewer.access import own_answer
from interviewer.http import Request
from interviewer.models import Interview
from interviewer.models.appeals import LONGEST
from interviewer.views.results import scorecard_page, told_if_erased


class AppealForm(forms.Form):
    """What is wrong, in a few sentences."""

    reason = forms.CharField(
        label=gettext_lazy("What is wrong, in a few sentences"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say in a few words what is wrong. Nothing was sent.")},
    )


@told_if_erased
@login_required
@never_cache
@require_POST
def appeal(request: Request, pk: uuid.UUID, position: int) -> HttpResponse:
    """Say that something is wrong with a question or its grade, or say it in other words while nobody has answered."""
    answer = own_answer(request.user, pk, position)
    if answer.interview.submitted_at is None:
        return redirect("room", pk)
    form = AppealForm(request.POST)
    if not form.is_valid():
        interview = get_object_or_404(Interview.objects.select_related("template"), pk=pk)
        return scorecard_page(request, interview, refused=(position, form))
    try:
        appeals.say(answer, form.cleaned_data["reason"], request.received_at)
        messages.success(request, _("A person will read it and answer here. Until then you can change what you said."))
    except appeals.Answered:
        messages.error(request, _("A person has answered meanwhile, so that nothing was changed. The answer is below."))
    except reviewing.Erased:  # at this very moment
        return redirect("scorecard", pk)
    return redirect(reverse("scorecard", args=[pk]) + f"#question-{position}")
