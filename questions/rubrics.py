"""The verb that puts approved rubric points into a question, as one change with a version."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from questions.documents.parsed import ParsedPoint
from questions.models import QuestionVersion, RubricPoint
from questions.versions import Cause, Kind, NotAllowed, note, record_change, take


class ChangedMeanwhile(NotAllowed):
    """The question is not the one that was looked at. Nothing was changed."""


def approve(question: int, points: Sequence[ParsedPoint], seen: str, cause: Cause) -> QuestionVersion:
    """Let the question have `points`, in this order, and no others; the version that says so.

    `seen` is the content hash of the question that the person looked at. Raises NotAllowed, with a sentence and without
    having changed anything, where it says something else by now, where the points are those it has, or where no point
    could be earned.
    """
    if all(point.kind == "pitfall" for point in points):
        raise NotAllowed(_("Choose at least one point that can be earned: pitfalls alone add up to nothing."))
    with transaction.atomic():
        note([question], cause.at)
        [current] = take([question])
        if current.frozen().hash != seen:
            raise ChangedMeanwhile(
                _("The question was changed meanwhile, so nothing was written. Compare, then approve again.")
            )
        current.save(update_fields=["updated_at"])
        RubricPoint.objects.filter(question=current).delete()
        RubricPoint.objects.bulk_create(
            RubricPoint(
                question=current, order=order, name=point.name, text=point.text, kind=point.kind, weight=point.weight
            )
            for order, point in enumerate(points, start=1)
        )
        made = record_change(question, Kind.EDITED, cause)
        if made is None:
            raise NotAllowed(_("These are the points that the question has already."))
        return made
