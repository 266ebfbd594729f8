"""What every template may ask for."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def grader(request: HttpRequest) -> dict[str, str]:
    """Which grader is configured, and its model: pages say it before and after an interview."""
    return {"grader": settings.GRADER, "grader_model": settings.OPENAI_MODEL if settings.GRADER == "llm" else ""}
