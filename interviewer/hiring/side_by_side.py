"""A handful of candidates side by side: by topic, and question by question."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from interviewer.hiring.comparison import Candidate
from interviewer.models import Answer
from interviewer.standing import with_score
from questions.models import Topic

_Scores = defaultdict[uuid.UUID, list[float | None]]  # by interview

STEPS = 5  # shades of the heat map


@dataclass(frozen=True)
class Cell:
    """A result in points of 100 over `count` answers; `points` is None while none of them is graded."""

    points: int | None
    count: int

    @property
    def step(self) -> int | None:
        """Which shade, from 1 (up to 20 points) on."""
        return None if self.points is None else min(STEPS, self.points * STEPS // 100 + 1)


@dataclass(frozen=True)
class Line:
    """A topic or a question, with a cell for each candidate: None where it was not asked."""

    name: str
    of: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class SideBySide:
    """The tables; lines in order of topics' names."""

    candidates: tuple[Candidate, ...]
    topics: tuple[Line, ...]
    questions: tuple[Line, ...]


def side_by_side(chosen: Sequence[Candidate]) -> SideBySide:
    """The tables of these candidates; a question is the same where it was asked in the same words."""
    names = {topic.slug: topic.name for topic in Topic.objects.all()}
    answers = with_score(Answer.objects.filter(interview__in=[each.interview for each in chosen]))
    by_topic: defaultdict[str, _Scores] = defaultdict(lambda: defaultdict(list))
    by_question: defaultdict[tuple[str, str, str], _Scores] = defaultdict(lambda: defaultdict(list))
    for answer in answers.order_by("position"):
        asked: Mapping[str, Any] = answer.frozen
        topic = names.get(asked.get("topic", ""), asked.get("topic", ""))
        question = (topic, asked["title"], asked["hash"])
        by_topic[topic][answer.interview_id].append(answer.standing)
        by_question[question][answer.interview_id].append(answer.standing)
    return SideBySide(
        tuple(chosen),
        tuple(Line(topic, "", _cells(by_topic[topic], chosen)) for topic in sorted(by_topic)),
        tuple(Line(key[1], key[0], _cells(by_question[key], chosen)) for key in sorted(by_question)),
    )


def _cells(found: Mapping[uuid.UUID, list[float | None]], chosen: Sequence[Candidate]) -> tuple[Cell | None, ...]:
    return tuple(_cell(found[each.interview]) if each.interview in found else None for each in chosen)


def _cell(scores: Sequence[float | None]) -> Cell:
    known = [score for score in scores if score is not None]
    return Cell(round(fmean(known) * 100) if known else None, len(known))
