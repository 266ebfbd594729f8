"""What every template may ask for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy


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

_PAGES = {
    "bank": [
        ("admin:questions_question_changelist", gettext_lazy("All questions")),
        ("question-search", gettext_lazy("Search by meaning")),
        ("import-list", gettext_lazy("Import")),
        ("duplicate-list", gettext_lazy("Near-duplicates")),
        ("item-list", gettext_lazy("Item health")),
        ("search-index", gettext_lazy("Search index")),
    ]
}


def section(request: HttpRequest) -> dict[str, str]:
    """The part of the site that a page belongs to: the header marks it."""
    first, _slash, _rest = request.path_info.removeprefix("/").partition("/")
    return {"section": _SECTIONS.get(first, "")}


def section_pages(request: HttpRequest) -> dict[str, Any]:
    """What else that part has: names of addresses, with their titles."""
    return {"section_pages": _PAGES.get(section(request)["section"], [])}
