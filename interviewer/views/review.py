"""For managers: the list of interviews, a scorecard, and "grade again"."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Avg, Count, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer import interviews
from interviewer.access import manager_required, reviewable_interviews
from interviewer.http import Request
from interviewer.models import Answer, Grade, Interview, InterviewTemplate
from interviewer.views.results import results_context
from questions.models import Language

PAGE_SIZE = 25


class FilterForm(forms.Form):
    """Filters of the list; they live in the address, so that a filtered list can be kept and shared."""

    STATES = [
        ("", gettext_lazy("Any state")),
        ("running", gettext_lazy("Running")),
        ("grading", gettext_lazy("Being graded")),
        ("waiting", gettext_lazy("Waiting for a person")),
        ("graded", gettext_lazy("Graded")),
    ]
    q = forms.CharField(label=gettext_lazy("Candidate"), required=False, max_length=150)
    template = forms.ModelChoiceField(
        InterviewTemplate.objects, label=gettext_lazy("Interview"), required=False, empty_label=gettext_lazy("All")
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, choices=[("", gettext_lazy("All")), *Language.choices]
    )
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=STATES)


def _with_counts(found: QuerySet[Interview]) -> QuerySet[Interview]:
    """Each interview with `asked`, `pending`, `failed`, `scored` answers and their `mean` score (0–1), in one query."""
    in_force = Grade.objects.filter(answer=OuterRef("pk"), status=Grade.Status.DONE).order_by("-pk").values("score")[:1]
    scores = (
        Answer.objects.filter(interview=OuterRef("pk"))
        .annotate(in_force=Subquery(in_force))
        .order_by()
        .values("interview")
    )
    status = "answers__grades__status"
    return found.annotate(
        asked=Count("answers", distinct=True),
        pending=Count("answers", filter=Q(**{status: Grade.Status.PENDING}), distinct=True),
        failed=Count("answers", filter=Q(**{status: Grade.Status.FAILED}), distinct=True),
        scored=Subquery(scores.annotate(n=Count("in_force")).values("n")),
        mean=Subquery(scores.annotate(mean=Avg("in_force")).values("mean")),
    )


def _filtered(found: QuerySet[Interview], wanted: dict) -> QuerySet[Interview]:
    if wanted.get("q"):
        name = wanted["q"]
        fields = ("username", "first_name", "last_name")
        found = found.filter(Q(*((f"candidate__{field}__icontains", name) for field in fields), _connector=Q.OR))
    if wanted.get("template"):
        found = found.filter(template=wanted["template"])
    if wanted.get("language"):
        found = found.filter(language=wanted["language"])
    states = {
        "running": Q(submitted_at__isnull=True),
        "grading": Q(pending__gt=0, scored__lt=F("asked")),
        "waiting": Q(failed__gt=0, pending=0, scored__lt=F("asked")),
        "graded": Q(submitted_at__isnull=False, scored=F("asked")),
    }
    return found.filter(states[wanted["state"]]) if wanted.get("state") else found


@manager_required
@never_cache
@require_safe
def interview_list(request: Request) -> HttpResponse:
    """All interviews, newest first, with filters in the address."""
    interviews.settle_expired(request.received_at)
    form = FilterForm(request.GET)
    found = _with_counts(reviewable_interviews(request.user))
    if form.is_valid():
        found = _filtered(found, form.cleaned_data)
    page = Paginator(found.order_by("-started_at", "pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return render(request, "interviewer/review_list.html", {"page": page, "form": form, "query": query.urlencode()})


@manager_required
@never_cache
@require_safe
def review(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One interview as its manager sees it: every point with its evidence, reference and provenance."""
    interview = get_object_or_404(reviewable_interviews(request.user), pk=pk)
    return render(request, "interviewer/review.html", {**results_context(interview), "show_reference": True})


@manager_required
@require_POST
def grade_again(request: Request, pk: uuid.UUID, position: int) -> HttpResponse:
    """Ask for a new grade of one answer; the earlier ones are kept."""
    interview = get_object_or_404(reviewable_interviews(request.user), pk=pk)
    answer = get_object_or_404(interview.answers.select_related("interview"), position=position)
    if interviews.grade_again(answer, request.user, request.received_at):
        messages.success(request, _("The answer will be graded again; the earlier grade is kept."))
    elif interview.submitted_at is None:
        messages.info(request, _("This interview is still running. Its answers can be graded once it is handed in."))
    else:
        messages.info(request, _("A grade of this answer is on its way already."))
    return redirect("review", interview.pk)
