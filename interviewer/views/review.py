"""For managers: the list of interviews, more time while one runs, and grading what needs a decision."""

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

from interviewer import blind, clock, double_scores, identity, interviews
from interviewer.access import manager_required, reviewable_interviews, reviewable_templates
from interviewer.http import Request
from interviewer.models import Answer, Appeal, Grade, HumanScore, Interview, InterviewTemplate, Override, User
from interviewer.standing import with_score
from interviewer.views.review_page import ExtendForm, review_page
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
        ("needs", gettext_lazy("Needs a person")),
        ("appealed", gettext_lazy("With an open appeal")),
        ("abandoned", gettext_lazy("Abandoned")),
        ("erased", gettext_lazy("Data deleted")),
    ]
    q = forms.CharField(
        label=gettext_lazy("Candidate"),
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Code, or a name you were shown")}),
    )
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


def _with_counts(found: QuerySet[Interview], reviewer: User) -> QuerySet[Interview]:
    """Each interview with `asked`, `pending` and `scored` answers and their `mean` score (0–1), in one query.

    `is_hidden`: the reviewer may not see that score yet.
    """
    answers = Answer.objects.filter(interview=OuterRef("pk")).order_by()
    scores = with_score(answers).values("interview")
    pending = Q(answers__grades__status=Grade.Status.PENDING)
    return found.annotate(
        asked=Count("answers", distinct=True),
        pending=Count("answers", filter=pending, distinct=True),
        scored=Subquery(scores.annotate(n=Count("standing")).values("n")),
        mean=Subquery(scores.annotate(mean=Avg("standing")).values("mean")),
        appealed=Appeal.objects.open_of_interview(),
        is_hidden=Exists(blind.unseen(reviewer, Answer.objects.filter(interview=OuterRef("pk")))),
        doubtful=Exists(Answer.objects.filter(_doubtful(), interview=OuterRef("pk"))),
    )


def _doubtful() -> Q:
    """Answers whose machine's grade is not to be relied upon, and of which no person's score counts."""
    low = Q(low_trust=True)
    for setup in double_scores.load().low_setups():
        low |= double_scores.of_setup(setup)
    newer = Grade.objects.filter(answer=OuterRef("answer"), status=Grade.Status.DONE, pk__gt=OuterRef("pk"))
    in_force = Grade.objects.filter(~Exists(newer), low, answer=OuterRef("pk"), status=Grade.Status.DONE)
    return Q(Exists(in_force), ~Exists(Override.objects.standing().filter(answer=OuterRef("pk"))))


def _needs_a_person() -> Q:
    """Handed in or abandoned, with an answer that nobody has looked at, which is doubtful or will not grade itself;
    or with an open appeal.
    """
    grades = Grade.objects.filter(answer=OuterRef("pk")).exclude(status=Grade.Status.FAILED)
    unseen = ~Exists(HumanScore.objects.filter(answer=OuterRef("pk")))
    answers = Answer.objects.filter(unseen, interview=OuterRef("pk"))
    return Q(Exists(answers.filter(_doubtful() | ~Exists(grades))), submitted_at__isnull=False) | _appealed()


def _appealed() -> Q:
    """With an appeal that nobody has answered: few, so they are looked up once for the whole list."""
    return Q(pk__in=Appeal.objects.open().values("answer__interview"))


def _state(name: str) -> Q:
    """What makes up a state of the list; only what a state needs is looked up, as there may be very many interviews."""
    if name == "needs":
        return _needs_a_person()
    if name == "appealed":
        return _appealed()
    grades = Grade.objects.filter(answer__interview=OuterRef("pk"))
    done = Grade.objects.filter(answer=OuterRef("pk"), status=Grade.Status.DONE)
    counted = Override.objects.standing().filter(answer=OuterRef("pk"))
    unfinished = Exists(Answer.objects.filter(~Exists(done), ~Exists(counted), interview=OuterRef("pk")))
    pending = Exists(grades.filter(status=Grade.Status.PENDING))
    return {
        "running": Q(submitted_at__isnull=True),
        "grading": Q(pending, unfinished),
        "waiting": Q(Exists(grades.filter(status=Grade.Status.FAILED)), ~pending, unfinished),
        "graded": Q(~unfinished, submitted_at__isnull=False),
        "abandoned": Q(submitted_by=Interview.SubmittedBy.NOBODY),
    }[name]


def _filtered(found: QuerySet[Interview], wanted: dict[str, Any], reviewer: User) -> QuerySet[Interview]:
    if name := wanted.get("q"):
        found = found.filter(identity.matching(reviewer, name))
    if wanted.get("template"):
        found = found.filter(template=wanted["template"])
    if wanted.get("language"):
        found = found.filter(language=wanted["language"])
    if not (state := wanted.get("state")):
        return found
    is_erased = state == "erased"
    return found.filter(Q() if is_erased else _state(state), erased_at__isnull=not is_erased)


def _page(found: QuerySet[Interview], number: str | None, reviewer: User) -> Page:
    """One page of interviews, newest first, with counts, taken for the page alone, and what to call each candidate."""
    newest_first = ("-started_at", "pk")
    page = Paginator(found.order_by(*newest_first), PAGE_SIZE).get_page(number)
    counted = Interview.objects.filter(pk__in=[each.pk for each in page]).select_related(
        "template", "candidate", "invitation"
    )
    page.object_list = list(_with_counts(counted, reviewer).order_by(*newest_first))
    told = identity.revealed_to(reviewer, page.object_list)
    for each in page.object_list:
        called = identity.name(each) if each.pk in told else identity.code(each)
        each.called = called  # type: ignore[attr-defined]
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
    found = _filtered(found, form.cleaned_data, request.user) if form.is_valid() else found.none()
    query = request.GET.copy()
    query.pop("page", None)
    context = {"page": _page(found, request.GET.get("page"), request.user), "form": form, "query": query.urlencode()}
    return render(request, "interviewer/review_list.html", context, status=200 if form.is_valid() else 400)


@manager_required
@require_POST
def extend(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Give a running interview more time; its candidate's page learns of it by itself."""
    interview = get_object_or_404(reviewable_interviews(request.user), pk=pk)
    if interview.is_erased:
        return review_page(request, interview, status=410)
    form = ExtendForm(request.POST)
    if not form.is_valid():
        return review_page(request, interview, extend_form=form)
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
    if interview.is_erased:
        return review_page(request, interview, status=410)
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
    if interview.is_erased:
        return review_page(request, interview, status=410)
    answer = get_object_or_404(interview.answers.select_related("interview"), position=position)
    if interviews.grade_again(answer, request.user, request.received_at):
        messages.success(request, _("The answer will be graded again; the earlier grade is kept."))
    elif interview.submitted_at is None:
        messages.info(request, _("This interview is still running. Its answers can be graded once it is handed in."))
    else:
        messages.info(request, _("A grade of this answer is on its way already."))
    return redirect("review", interview.pk)
