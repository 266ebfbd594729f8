"""The score that counts of each answer, in SQL: the one place that says so, for comparisons, lists and packets.

`scorecard.in_force` says the same of rows that are at hand.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce

from interviewer.models import Answer, Grade, Override


def score() -> Coalesce:
    """For a query on answers: 0–1 or None; a person's, if so decided, else the machine's."""
    by_person, by_machine = Override.objects.in_force(), Grade.objects.in_force()
    return Coalesce(Subquery(by_person.values("human_score__score")[:1]), Subquery(by_machine.values("score")[:1]))


def with_score(answers: QuerySet[Answer]) -> QuerySet[Any]:
    """Each answer with its `standing`, as `score` gives it."""
    return answers.annotate(standing=score())
