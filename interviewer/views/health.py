"""For load balancers and monitors: /healthz and /readyz, as JSON, without signing in. See `docs/deployment.md`."""

from __future__ import annotations

from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from interviewer import health
from interviewer.http import Request


@require_safe
@never_cache
def healthz(request: Request) -> JsonResponse:
    """Whether this process and its database answer."""
    return _told(*health.alive())


@require_safe
@never_cache
def readyz(request: Request) -> JsonResponse:
    """Whether work gets done."""
    return _told(*health.ready(request.received_at))


def _told(is_well: bool, findings: health.Findings) -> JsonResponse:
    return JsonResponse({"ok": is_well, **findings}, status=200 if is_well else 503)
