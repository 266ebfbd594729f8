"""The score that counts of each answer: the one place that says so, for comparisons, lists and packets."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet, Subquery

from interviewer.models import Answer, Grade


def with_score(answers: QuerySet[Answer]) -> QuerySet[Any]:
    """Each answer with its `standing`: 0–1, or None while nothing counts yet. That of the grade in force."""
    return answers.annotate(standing=Subquery(Grade.objects.in_force().values("score")[:1]))
