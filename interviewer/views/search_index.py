"""For curators and operators: what the search index holds, and having it brought up to date."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from interviewer.access import index_keeper_required
from interviewer.http import Request
from interviewer.jobs import index
from interviewer.models import Job
from questions import index_state


class SyncForm(forms.Form):
    """Whether the file is built anew whatever it says."""

    anew = forms.BooleanField(required=False)


@index_keeper_required
@never_cache
@require_safe
def search_index(request: Request) -> HttpResponse:
    """The page."""
    job = index.last()
    context = {
        "state": index_state.read(),
        "job": job,
        "is_mine": job is not None and job.owner_id == request.user.pk,
        "is_pending": job is not None and job.status == Job.Status.PENDING,
    }
    return render(request, "interviewer/search_index.html", context)


@index_keeper_required
@require_POST
def sync_index(request: Request) -> HttpResponse:
    """Have a worker do it."""
    form = SyncForm(request.POST)
    form.is_valid()  # a checkbox cannot be wrong
    index.ask(request.user, form.cleaned_data["anew"], request.received_at)
    return redirect("search-index")
