"""What an import would create → the questions of the bank that it may repeat, for the preview to show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from questions import duplicates
from questions.embedding import EmbeddingError
from questions.models import ImportChange, Question
from questions.plans import DocumentPlan, Progress

MOST_BY_MEANING = 300  # of a larger import only words are compared, so that its preview comes soon
_SHOWN = 3  # the nearest of each
_AT_ONCE = 500


def near(plan: DocumentPlan, progress: Progress) -> dict[str, list[dict[str, Any]]]:
    """Number in the document → its nearest questions, best first, as `ImportChange.near` holds them.

    By meaning where the model is at hand and the import is not large, else by words. For workers.
    """
    new = [planned.parsed for planned in plan.changes if planned.kind == ImportChange.Kind.CREATED]
    if not new:
        return {}
    language, name = plan.parsed.language, plan.parsed.name
    try:
        by_meaning = len(new) <= MOST_BY_MEANING
        found = duplicates.near(new, language, name, by_meaning=by_meaning, progress=progress)
    except EmbeddingError:
        found = duplicates.near(new, language, name, by_meaning=False, progress=progress)
    known = {row["slug"]: row for row in _facts(sorted({each.slug for each in found}))}
    by_number: dict[str, list[dict[str, Any]]] = {}
    for each in found:
        listed = by_number.setdefault(new[each.which].number, [])
        if len(listed) < _SHOWN:
            listed.append({**known[each.slug], "score": round(each.score, 2)})
    return by_number


def _facts(slugs: list[str]) -> Iterator[dict[str, Any]]:
    for place in range(0, len(slugs), _AT_ONCE):
        wanted = Question.objects.filter(slug__in=slugs[place : place + _AT_ONCE])
        yield from (
            {"pk": pk, "slug": slug, "title": title} for pk, slug, title in wanted.values_list("pk", "slug", "title")
        )
