"""How far a job is that the signed-in person asked for: a fragment that any page may hold."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from interviewer.access import own_job
from interviewer.http import Request
from interviewer.models import Job


@login_required
@never_cache
@require_safe
def progress(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The fragment, for polling. Once the job has ended, the page that holds it is loaded anew to show its result."""
    job = own_job(request.user, pk)
    response = render(request, "interviewer/_job.html", {"job": job})
    if job.status != Job.Status.PENDING:
        response["HX-Refresh"] = "true"
    return response
