"""For operators: is grading going on, is the model server up, what does it cost, and what waits for a person."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer import breaker, budget, health, interviews
from interviewer import operations as facts
from interviewer.access import operator_required, parked_grades, reviewable_interviews
from interviewer.http import Request
from interviewer.models import Grade

PAGE_SIZE = 50


def _context(request: Request) -> dict[str, Any]:
    parked = parked_grades(request.user).select_related("answer__interview__template").order_by("pk")
    spent = budget.spent_on_the_day_of(request.received_at)
    return {
        "at": request.received_at,
        "queue": facts.queue(request.received_at),
        "broker_is_down": health.broker() == health.DOWN,
        "endpoint": breaker.endpoint(),
        "tokens": f"{spent['tokens']:,}",
        "most_tokens": f"{settings.LLM_TOKENS_PER_DAY:,}" if settings.LLM_TOKENS_PER_DAY else "",
        "cost": spent["cost"],
        "most_cost": settings.LLM_COST_PER_DAY,
        "has_prices": bool(settings.LLM_PRICES),
        "parked": parked[:PAGE_SIZE],
    }


@operator_required
@never_cache
@require_safe
def operations(request: Request) -> HttpResponse:
    """The whole page."""
    return render(request, "interviewer/operations.html", _context(request))


@operator_required
@never_cache
@require_safe
def state(request: Request) -> HttpResponse:
    """What changes on the page, for polling."""
    return render(request, "interviewer/_operations.html", _context(request))


@operator_required
@require_POST
def try_again(request: Request, pk: int) -> HttpResponse:
    """Ask for a new grade of one answer that was left to a person."""
    failed = Grade.objects.filter(status=Grade.Status.FAILED).select_related("answer__interview")
    if request.user.is_manager:
        failed = failed.filter(answer__interview__in=reviewable_interviews(request.user))
    grade = get_object_or_404(failed, pk=pk)
    is_parked = Grade.objects.parked().filter(pk=pk).exists()
    if is_parked and interviews.grade_again(grade.answer, request.user, request.received_at):
        messages.success(request, _("The answer will be graded again."))
    else:
        messages.info(request, _("Somebody has asked for another grade of this answer already."))
    return redirect("operations")


@operator_required
@require_POST
def try_all_again(request: Request) -> HttpResponse:
    """Ask for new grades of all answers that were left to a person."""
    asked = interviews.grade_parked_again(request.user, request.received_at)
    if asked:
        told = ngettext("%(n)d answer will be graded again.", "%(n)d answers will be graded again.", asked)
        messages.success(request, told % {"n": asked})
    else:
        messages.info(request, _("Nothing waits for a person."))
    return redirect("operations")
