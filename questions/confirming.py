"""When a person last vouched for a question as it is now, and the verb by which a curator does so unchanged."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from questions.models import QuestionVersion
from questions.rubrics import ChangedMeanwhile
from questions.versions import Cause, Kind, NotAllowed, Status, note, step, take, tell

# What people do with a question before their eyes. Imports, and what brings something back, say nothing of its truth.
_REVIEWS = (Kind.CREATED, Kind.EDITED, Kind.STATE, Kind.CONFIRMED)


def confirm(question: int, seen: str, cause: Cause) -> None:
    """Note as a version that a question is still right. `seen` is the content hash of what the person looked at.

    Raises NotAllowed, with a sentence and without having noted anything, where it says something else by now or is not
    published.
    """
    with step():
        note([question], cause.at)
        found = take([question])
        if not found or found[0].frozen().hash != seen:
            raise ChangedMeanwhile(_("The question was changed meanwhile. Look at it again, then confirm it."))
        if found[0].status != Status.PUBLISHED:
            raise NotAllowed(_("Only a published question is confirmed: nobody else is asked it."))
        tell(question, Kind.CONFIRMED, cause)


def reviewed(questions: Collection[int]) -> dict[tuple[int, str], datetime]:
    """(Question, content hash) → when a person last wrote, changed, published or confirmed just that, published."""
    versions = QuestionVersion.objects.filter(question__in=questions, kind__in=_REVIEWS, status=Status.PUBLISHED)
    rows = versions.order_by().values_list("question", "content_hash").annotate(at=Max("at"))
    return {(question, content): at for question, content, at in rows}
