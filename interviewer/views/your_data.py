"""For whoever is signed in, guests included: what is kept of them, all of it as a file, and its deletion."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from interviewer import audit, privacy
from interviewer.access import own_interview
from interviewer.http import Request
from interviewer.models import Accommodation, Interview, Invitation
from interviewer.views.results import told_if_erased


class SureForm(forms.Form):
    """Nothing is deleted by a slip."""

    sure = forms.BooleanField(
        label=gettext_lazy("I understand that this cannot be undone."),
        error_messages={"required": gettext_lazy("Please tick the box first; nothing has been deleted.")},
    )


@login_required
@never_cache
@require_safe
def your_data(request: Request) -> HttpResponse:
    """What is kept: the account, and each interview with when it is deleted by itself."""
    mine = Interview.objects.filter(candidate=request.user).select_related("template__organisation")
    interviews = mine.annotate(answered=Count("answers")).order_by("-started_at", "pk")
    context = {
        "interviews": [(each, privacy.until(each)) for each in interviews],
        "invitation": Invitation.objects.filter(interview__candidate=request.user).first(),
        "extra_time": Accommodation.objects.filter(person=request.user).exists(),
    }
    return render(request, "interviewer/your_data.html", context)


@login_required
@never_cache
@require_safe
def export_data(request: Request) -> HttpResponse:
    """All of it as a ZIP archive."""
    at = request.received_at
    data = privacy.archive(request.user, at)
    audit.record(request.user, audit.Verb.DATA_EXPORTED, request.user, {}, at)
    headers = {"Content-Disposition": f'attachment; filename="my-data-{at:%Y-%m-%d}.zip"'}
    return HttpResponse(data, content_type="application/zip", headers=headers)


@told_if_erased
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete_interview(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Delete the data of one interview, once that is confirmed. A guest has no other, and goes with it."""
    interview = own_interview(request.user, pk)
    form = SureForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _confirm(request, form, [interview], interview=interview)
    is_guest = request.user.is_guest
    privacy.erase_interview(interview, Interview.Because.WISH, request.user, request.received_at)
    if is_guest:
        logout(request)
        return redirect("data-deleted")
    messages.success(request, _("The data of this interview is deleted."))
    return redirect("your-data")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: Request) -> HttpResponse:
    """Delete the account and the data of all interviews, once that is confirmed."""
    mine = list(Interview.objects.filter(candidate=request.user).select_related("template"))
    form = SureForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _confirm(request, form, mine)
    try:
        privacy.erase_person(request.user, request.user, request.received_at)
    except privacy.LastOperator:
        problem = _(
            "Yours is the only account that may manage all others. Give somebody else these rights first; nothing has "
            "been deleted."
        )
        return _confirm(request, form, mine, status=409, problem=problem)
    logout(request)
    return redirect("data-deleted")


def _confirm(
    request: Request, form: SureForm, concerned: list[Interview], status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "form": form,
        "interviews": concerned,
        "running": [each for each in concerned if each.submitted_at is None],
        "for_positions": Invitation.objects.filter(interview__in=concerned).exists(),
        **more,
    }
    return render(request, "interviewer/delete_data.html", context, status=400 if form.errors else status)


@never_cache
@require_safe
def data_deleted(request: Request) -> HttpResponse:
    """The end: for nobody in particular, since whoever comes here is signed out."""
    return render(request, "interviewer/data_deleted.html")
