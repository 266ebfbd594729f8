"""For managers: the list of interviews, a scorecard, more time while one runs, and grading what needs a decision."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer import audit, clock, interviews, timeline
from interviewer.access import manager_required, reviewable_interviews, reviewable_templates
from interviewer.http import Request
from interviewer.models import Answer, Extension, Grade, Interview, InterviewTemplate, User
from interviewer.views.clock import time_added
from interviewer.views.results import results_context
from questions.models import Language

PAGE_SIZE = 25


class TemplateField(forms.ModelChoiceField):
    """A choice among templates; later versions of one say so."""

    def label_from_instance(self, template: InterviewTemplate) -> str:
        versions = {"name": template.name, "n": template.version}
        return template.name if template.version == 1 else _("%(name)s (version %(n)d)") % versions


class FilterForm(forms.Form):
    """Filters of the list; they live in the address, so that a filtered list can be kept and shared."""

    STATES = [
        ("", gettext_lazy("Any state")),
        ("running", gettext_lazy("Running")),
        ("grading", gettext_lazy("Being graded")),
        ("waiting", gettext_lazy("Waiting for a person")),
        ("graded", gettext_lazy("Graded")),
        ("abandoned", gettext_lazy("Abandoned")),
    ]
    q = forms.CharField(label=gettext_lazy("Candidate"), required=False, max_length=150)
    template = TemplateField(
        InterviewTemplate.objects.none(),
        label=gettext_lazy("Interview"),
        required=False,
        empty_label=gettext_lazy("All"),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, choices=[("", gettext_lazy("All")), *Language.choices]
    )
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=STATES)

    def __init__(self, manager: User, *args: Any) -> None:
        super().__init__(*args)
        self.fields["template"].queryset = reviewable_templates(manager)  # type: ignore[attr-defined]


def _with_counts(found: QuerySet[Interview]) -> QuerySet[Interview]:
    """Each interview with `asked`, `pending` and `scored` answers and their `mean` score (0–1), in one query."""
    in_force = Grade.objects.in_force().values("score")[:1]
    scores = (
        Answer.objects.filter(interview=OuterRef("pk"))
        .annotate(in_force=Subquery(in_force))
        .order_by()
        .values("interview")
    )
    pending = Q(answers__grades__status=Grade.Status.PENDING)
    return found.annotate(
        asked=Count("answers", distinct=True),
        pending=Count("answers", filter=pending, distinct=True),
        scored=Subquery(scores.annotate(n=Count("in_force")).values("n")),
        mean=Subquery(scores.annotate(mean=Avg("in_force")).values("mean")),
    )


def _state(name: str) -> Q:
    """What makes up a state of the list; only what a state needs is looked up, as there may be very many interviews."""
    grades = Grade.objects.filter(answer__interview=OuterRef("pk"))
    done = Grade.objects.filter(answer=OuterRef("pk"), status=Grade.Status.DONE)
    unfinished = Exists(Answer.objects.filter(~Exists(done), interview=OuterRef("pk")))
    pending = Exists(grades.filter(status=Grade.Status.PENDING))
    return {
        "running": Q(submitted_at__isnull=True),
        "grading": Q(pending, unfinished),
        "waiting": Q(Exists(grades.filter(status=Grade.Status.FAILED)), ~pending, unfinished),
        "graded": Q(~unfinished, submitted_at__isnull=False),
        "abandoned": Q(submitted_by=Interview.SubmittedBy.NOBODY),
    }[name]


def _filtered(found: QuerySet[Interview], wanted: dict[str, Any]) -> QuerySet[Interview]:
    if name := wanted.get("q"):
        fields = ("username", "first_name", "last_name")
        found = found.filter(Q(*((f"candidate__{field}__icontains", name) for field in fields), _connector=Q.OR))
    if wanted.get("template"):
        found = found.filter(template=wanted["template"])
    if wanted.get("language"):
        found = found.filter(language=wanted["language"])
    return found.filter(_state(wanted["state"])) if wanted.get("state") else found


def _page(found: QuerySet[Interview], number: str | None) -> Page:
    """One page of interviews, newest first, with counts; those are taken for the page alone."""
    newest_first = ("-started_at", "pk")
    page = Paginator(found.order_by(*newest_first), PAGE_SIZE).get_page(number)
    counted = Interview.objects.filter(pk__in=[each.pk for each in page]).select_related("template", "candidate")
    page.object_list = _with_counts(counted).order_by(*newest_first)
    return page


@manager_required
@never_cache
@require_safe
def interview_list(request: Request) -> HttpResponse:
    """The interviews of the manager's organisations, newest first, with filters in the address.

    400 when a filter cannot be read: nobody is shown.
    """
    interviews.settle_expired(request.received_at)
    form = FilterForm(request.user, request.GET)
    found = reviewable_interviews(request.user)
    # A filter that cannot be read must not look like one that finds everybody.
    found = _filtered(found, form.cleaned_data) if form.is_valid() else found.none()
    query = request.GET.copy()
    query.pop("page", None)
    context = {"page": _page(found, request.GET.get("page")), "form": form, "query": query.urlencode()}
    return render(request, "interviewer/review_list.html", context, status=200 if form.is_valid() else 400)


class ExtendForm(forms.Form):
    """More time for a running interview. `seen`: how often managers had given some when this page was made."""

    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=480)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, help_text=gettext_lazy("The candidate reads it too.")
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


@manager_required
@never_cache
@require_safe
def review(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One interview as its manager sees it: every point with its evidence, reference and provenance."""
    interview = get_object_or_404(reviewable_interviews(request.user), pk=pk)
    return _review_page(request, interview)


def _review_page(request: Request, interview: Interview, form: ExtendForm | None = None) -> HttpResponse:
    audit.saw(request.user, audit.Verb.INTERVIEW_SEEN, interview, request.received_at)
    seen = interview.extensions.filter(kind=Extension.Kind.MANAGER).count()
    context = {
        **results_context(interview),
        "show_reference": True,
        "time_added": time_added(interview),
        "timeline": timeline.timeline(interview),
        "late_marks": timeline.late_marks(interview),
        "form": form or ExtendForm(initial={"seen": seen}),
        "remaining": interview.remaining(request.received_at),
        "is_paused": interview.is_paused(request.received_at),
    }
    return render(request, "interviewer/review.html", context, status=400 if form else 200)


@manager_required
@require_POST
def extend(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Give a running interview more time; its candidate's page learns of it by itself."""
    interview = get_object_or_404(reviewable_interviews(request.user), pk=pk)
    form = ExtendForm(request.POST)
    if not form.is_valid():
        return _review_page(request, interview, form)
    given = form.cleaned_data
    minutes = timedelta(minutes=given["minutes"])
    try:
        clock.extend(interview, minutes, given["reason"], request.user, request.received_at, given["seen"])
        messages.success(request, _("The time was added. The candidate's page shows it within half a minute."))
    except clock.InterviewClosed:
        messages.error(request, _("This interview is closed already: no time was added."))
    except clock.AlreadyExtended:
        messages.error(request, _("Time has been added since you opened this page. Look below whether it is enough."))
    return redirect("review", interview.pk)


@manager_required
@require_POST
def grade_abandoned(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Decide that what an abandoned interview holds is graded after all."""
    interview = get_object_or_404(reviewable_interviews(request.user), pk=pk)
    if interviews.grade_abandoned(interview, request.user, request.received_at):
        messages.success(request, _("What was saved will be graded."))
    else:
        messages.info(request, _("There is nothing to decide: its answers have been sent to be graded."))
    return redirect("review", interview.pk)


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
