"""Small layers around every request: when it arrived, whether it can be read, how long it took us, pages for errors."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from interviewer import clock
from interviewer.models import Extension, Interview

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class ReceivedAtMiddleware:
    """Note when a request arrived, before anything is done for it: deadlines are judged by that moment."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.received_at = timezone.now()  # type: ignore[attr-defined]
        return self.get_response(request)


class SlowAnswersMiddleware:
    """Give candidates back what a request of the room took beyond `SLOW_SECONDS`; a quick one costs nothing.

    Measured from the view on, behind the middleware that reads the form: an upload is as slow as the candidate's own
    line. What waited before it reached this process is not seen here.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        sitting = getattr(request, "sitting", None)
        if sitting is not None:
            self._make_good(sitting, time.monotonic() - request.view_began)  # type: ignore[attr-defined]
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        request.view_began = time.monotonic()  # type: ignore[attr-defined]

    def _make_good(self, sitting: Interview, seconds: float) -> None:
        if seconds <= settings.SLOW_SECONDS:
            return
        until = timezone.now()
        try:
            clock.credit(
                sitting, Extension.Kind.SLOWNESS, until - timedelta(seconds=seconds - settings.SLOW_SECONDS), until
            )
        except DatabaseError:
            logger.exception("%.1f s could not be given back to interview %s", seconds, sitting.pk)


class ContentSecurityPolicyMiddleware:
    """Pages load our own files only: no inline script or style, no eval, nothing from other hosts."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response


class ReadableRequestMiddleware:
    """Answer what no view could read with a page that says what to do, before anything of it is used."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # A quoted cookie can spell NUL, which PostgreSQL refuses; ours never hold one.
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if "\0" not in name + value}
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        """Read the whole request, as Django would later: after the language is known, before its CSRF check."""
        try:
            readable = not any("\0" in text for name, values in request.GET.lists() for text in (name, *values))
            if request.method == "POST" and request.content_type == "application/x-www-form-urlencoded":
                request.body.decode()  # Django would take what is not UTF-8 for Latin-1, and garble all of it
            request.POST  # noqa: B018 (reading it is what may fail)
        except RequestDataTooBig:
            return _unreadable(request, 413, "too-long", too_large_message())
        except (BadRequest, SuspiciousOperation, UnicodeDecodeError, MultiPartParserError, UnreadablePostError):
            readable = False
        return None if readable else _unreadable(request, 400, "invalid", unreadable_message())


def too_large_message() -> str:
    """Why a request was not taken, and what to do."""
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20
    return _(
        "What you sent is larger than the %(most)d MB that we can take. Please shorten it; what was saved is safe."
    ) % {"most": most}


def unreadable_message() -> str:
    """Why a request was not taken, and what to do."""
    return _(
        "Your browser sent something we could not read. Nothing was changed; go back, reload the page and try again."
    )


def _unreadable(request: HttpRequest, status: int, error: str, message: str) -> HttpResponse:
    """As JSON for our scripts, as a page for people."""
    logger.warning("Refused %s %s: %s", request.method, request.path, error)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"error": error, "message": message}, status=status)
    return render(request, "unreadable.html", {"message": message}, status=status)


class FriendlyErrorsMiddleware:
    """Turn what a person may run into (no such page, not allowed, database busy) into our own pages, DEBUG or not."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Http404):
            return render(request, "404.html", status=404)
        if isinstance(exception, PermissionDenied):
            return render(request, "403.html", status=403)
        if isinstance(exception, OperationalError):
            logger.exception("The database did not answer %s %s", request.method, request.path)
            response = render(request, "503.html", status=503)
            response.headers["Retry-After"] = "5"
            return response
        if isinstance(exception, (DataError, OverflowError)):  # a number, say, that no column can hold
            logger.exception("The database could not take what came with %s %s", request.method, request.path)
            return _unreadable(request, 400, "invalid", unreadable_message())
        return None
