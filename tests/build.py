"""Builders: each makes one thing with a default for everything, so that a test names only what it is about."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group

from interviewer import grading, hiring, interviews
from interviewer.models import (
    Answer,
    BlueprintRow,
    Grade,
    Interview,
    InterviewTemplate,
    Invitation,
    Organisation,
    Position,
    User,
)
from questions.models import Question, QuestionVersion, RubricPoint, Topic

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def user(name: str = "", **fields: Any) -> User:
    return User.objects.create_user(name or f"person-{next(_numbers)}", password="a good password", **fields)


def home() -> Organisation:
    """The organisation that templates belong to unless a test says otherwise."""
    return Organisation.objects.home()


def organisation(**fields: Any) -> Organisation:
    home()  # stays the first
    return Organisation.objects.create(**{"name": f"Organisation {next(_numbers)}", **fields})


def manager(name: str, *organisations: Organisation) -> User:
    """A manager who is a member of these; roles must be there."""
    person = user(name)
    person.groups.add(Group.objects.get(name="managers"))
    person.organisations.set(organisations)
    return person


def topic(slug: str = "serving") -> Topic:
    return Topic.objects.get_or_create(slug=slug, defaults={"name_zh": f"主题 {slug}", "name_en": slug.title()})[0]


def question(*, points: list[str] | None = None, topic_slug: str = "serving", **fields: Any) -> Question:
    number = next(_numbers)
    texts = ["缓存命中可以省去重复计算", "批处理提高吞吐"] if points is None else points
    made = Question.objects.create(
        **{
            "slug": f"question-{number}",
            "title": f"题目 {number}",
            "language": "zh-hans",
            "topic": topic(topic_slug),
            "prompt": f"第 {number} 题：如何加快推理服务？",
            "reference": "\n".join(f"{n}. {text}" for n, text in enumerate(texts, start=1)),
            "status": Question.Status.PUBLISHED,
            **fields,
        }
    )
    RubricPoint.objects.bulk_create(
        RubricPoint(question=made, order=n, name=f"要点 {n}", text=text) for n, text in enumerate(texts, start=1)
    )
    return made


def without_history() -> None:
    """Forget all versions, past the doors that refuse it: only so can published questions be deleted."""
    QuestionVersion._base_manager.all().delete()


# Unlike one another, so that none of them is taken for a repetition of another.
PROMPTS = [
    "如何加快推理服务？",
    "分布式训练为什么需要梯度累积？",
    "怎样发现检索结果里的幻觉？",
    "Explain a B-tree index.",
    "市场规模用什么方法估算？",
    "隐私数据脱敏有哪些风险？",
]


def bank(count: int, **fields: Any) -> list[Question]:
    """`count` published questions, at most six, none like another."""
    return [question(points=[f"{prompt}的要点"], title=prompt, prompt=prompt, **fields) for prompt in PROMPTS[:count]]


def template(**fields: Any) -> InterviewTemplate:
    defaults = {"name": f"面试 {next(_numbers)}", "language": "zh-hans", "question_count": 2, "minutes": 10}
    return InterviewTemplate.objects.create(**{**defaults, **fields})


def row(topic_slug: str = "", count: int = 1, **fields: Any) -> BlueprintRow:
    """A row of a blueprint, not stored yet."""
    return BlueprintRow(topic=topic(topic_slug) if topic_slug else None, count=count, **fields)


def position(of: Organisation | None = None, rows: Sequence[BlueprintRow] = (), **fields: Any) -> Position:
    """An open position with two questions of any topic."""
    plain: dict[str, Any] = {"title": f"职位 {next(_numbers)}", "language": "zh-hans", "by": None, "at": NOON}
    return hiring.open_position(of or home(), rows=list(rows) or [row(count=2)], **{**plain, **fields})


def invited(to: Position | None = None, at: datetime = NOON, **fields: Any) -> tuple[Invitation, str]:
    """An invitation that lasts a week, and the token of its link."""
    lasts = fields.pop("lasts", timedelta(days=7))
    invitee = hiring.Invitee(fields.pop("name", ""), fields.pop("email", ""))
    return hiring.invite(to or position(), [invitee], lasts, None, at, **fields)[0]


def interview(candidate: User | None = None, at: datetime = NOON, **fields: Any) -> Interview:
    """A running interview of two questions, begun at noon and lasting ten minutes."""
    if not Question.objects.published().exists():
        question()
        apart = "攒几步的梯度再更新一次，显存小也能用大的批次，代价是更新得慢。"  # else it would repeat the first one
        question(prompt="分布式训练为什么需要梯度累积？请说明代价。", title="梯度累积", reference=apart)
    return interviews.start(template(**fields), candidate or user(), at)


def handed_in(
    candidate: User | None = None, *, texts: Sequence[str] = (), at: datetime = NOON, **fields: Any
) -> Interview:
    """An interview with `texts` as its answers, as far as they go, handed in the moment it began."""
    sitting = interview(candidate, at, **fields)
    for answer, text in zip(sitting.answers.order_by("position"), texts, strict=False):
        interviews.save(answer, text, answer.revision, at)
    return interviews.submit(sitting, at)


def sat(
    to: Position | None = None, scores: Sequence[float | None] = (0.5, 0.5), at: datetime = NOON, **fields: Any
) -> Interview:
    """Handed in at `at` by invitation, each answer graded with one of `scores` (None: not graded yet)."""
    if not Question.objects.published().exists():
        bank(6)
    texts = fields.pop("texts", ["缓存命中省去了重复计算。"] * len(scores))
    invitation, _token = invited(to or position(rows=[row(count=len(scores))]), at, **fields)
    sitting = hiring.accept(invitation, at)
    for answer, text in zip(sitting.answers.order_by("position"), texts, strict=False):
        interviews.save(answer, text, answer.revision, at)
    sitting = interviews.submit(sitting, at)
    for answer, score in zip(sitting.answers.order_by("position"), scores, strict=True):
        if score is not None:
            graded(answer, score)
    return sitting


def verdict(answer: Answer, score: float = 0.5, **fields: Any) -> dict[str, Any]:
    """A verdict as a worker stores it: the whole answer is evidence for the first point, the others are missing."""
    spans = ((0, len(answer.text)),) if answer.text else ()
    points = tuple(
        grading.PointVerdict(
            point.key, point.name, point.text, point.kind, point.weight, "missing" if n else "met", () if n else spans
        )
        for n, point in enumerate(answer.asked.points)
    )
    plain = {"points": points, "score": score, "level": 3, "feedback": "Good.", "grader": "semantic", "model": "tiny"}
    return grading.Verdict(**{**plain, **fields}).to_json()


def claimed(answer: Answer) -> Grade:
    """The answer's pending grade, leased to the caller the moment it is due."""
    waiting = answer.grades.pending().get()
    grade = Grade.objects.claim(waiting.pk, waiting.next_try_at)
    assert grade is not None
    return grade


def graded(answer: Answer, score: float = 0.5, **fields: Any) -> Grade:
    """The answer's pending grade, done: a worker found `score`."""
    grade = claimed(answer)
    assert grade.finish(score=score, verdict=verdict(answer, score, **fields), at=grade.next_try_at)
    grade.refresh_from_db()
    return grade


def parked(answer: Answer, reason: str = "The model server could not be reached.") -> Grade:
    """The answer's pending grade, left to a person."""
    grade = claimed(answer)
    assert grade.park(reason, {})
    grade.refresh_from_db()
    return grade
