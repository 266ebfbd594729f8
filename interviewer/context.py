"""What every template may ask for."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def grader(request: HttpRequest) -> dict[str, str]:
    """Which grader is configured, and its model: pages say it before and after an interview."""
    return {"grader": settings.GRADER, "grader_model": settings.OPENAI_MODEL if settings.GRADER == "llm" else ""}


_SECTIONS = {
    "": "home",
    "admin": "bank",
    "questions": "bank",
    "positions": "positions",
    "review": "review",
    "operations": "operations",
    "audit": "audit",
}


def section(request: HttpRequest) -> dict[str, str]:
    """The part of the site that a page belongs to: the header marks it, and shows what else the question bank has."""
    first, _slash, _rest = request.path_info.removeprefix("/").partition("/")
    return {"section": _SECTIONS.get(first, "")}
