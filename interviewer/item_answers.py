"""What item health reads of each answer, and of what people found in it: numbers and keys, never a text or a name."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import BooleanField, Case, Exists, F, Func, OuterRef, Q, Subquery, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from interviewer import standing
from interviewer.models import Answer, Grade, HumanScore, Interview, Override
from questions import merges

PERSON = "person"  # as a grader: somebody decided in review that a person's score counts
BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))  # what `str.strip` takes away; no blank comes after


class Given(NamedTuple):
    """What is read of one answer."""

    pk: int
    interview: Any
    question: int | None  # the one that is kept, if it was merged
    version: str  # hash of the question as it was asked
    template: int
    started_at: datetime
    is_handed_in: bool
    score: float | None  # the one that counts
    grader: str | None  # who gave it; PERSON by a decision in review
    machine: float | None  # of the grade in force, whichever counts
    rubric: str | None  # its rubric
    seconds: float
    suggested: int
    is_blank: bool
    appeal: int | None
    upheld: bool | None  # None: nobody has answered the appeal

    @property
    def was_reached(self) -> bool:
        """Whether the candidate opened the question at all before the time was over."""
        return not self.is_blank or self.seconds > 0


def every_answer(at_once: int) -> Iterator[Given]:
    """Every answer, those of an interview together, read from the database `at_once` at a time."""
    in_force = Grade.objects.in_force()
    by_person = Override.objects.standing().filter(answer=OuterRef("pk"))
    handed_in = Q(interview__submitted_at__isnull=False) & ~Q(interview__submitted_by=Interview.SubmittedBy.NOBODY)
    written = Func(F("text"), Value(BLANKS), function="LTRIM", output_field=TextField())
    rows = Answer.objects.order_by("interview_id", "position").values_list(
        "pk",
        "interview_id",
        "question_id",
        KeyTextTransform("hash", "frozen"),
        "interview__template_id",
        "interview__started_at",
        Case(When(handed_in, then=True), default=False, output_field=BooleanField()),
        standing.score(),
        Case(When(Exists(by_person), then=Value(PERSON)), default=Subquery(in_force.values("grader")[:1])),
        Subquery(in_force.values("score")[:1]),
        Subquery(in_force.values("rubric_hash")[:1]),
        "seconds_used",
        "seconds_suggested",
        Coalesce(F("was_blank"), Exact(written, Value("")), output_field=BooleanField()),
        "appeal",
        "appeal__upheld",
    )
    kept = merges.kept()
    for given in itertools.starmap(Given, rows.iterator(chunk_size=at_once)):
        yield given._replace(question=kept[given.question]) if given.question in kept else given


def blind_scores() -> dict[int, list[tuple[str, float]]]:
    """What people found before the machine's verdict was shown to them: few beside all answers, so held in memory."""
    blind: dict[int, list[tuple[str, float]]] = defaultdict(list)
    rows = HumanScore.objects.filter(phase=HumanScore.Phase.BEFORE).order_by("pk")
    for answer, rubric, score in rows.values_list("answer_id", "rubric_hash", "score"):
        blind[answer].append((rubric, score))
    return blind
