"""What a question says at one time, and the rows of the bank that say it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from questions.frozen import FrozenQuestion
from questions.models import Question, RubricPoint, Topic

TEXTS = ("title", "prompt", "reference", "explanation", "examples")
VALUES = ("language", "kind", "difficulty", "seconds", "slug")


@dataclasses.dataclass(frozen=True)
class Content:
    """All that a version holds of a question: its words and points, its status, its tags."""

    frozen: FrozenQuestion
    status: str
    tags: str

    @classmethod
    def of(cls, question: Question) -> Content:
        return cls(question.frozen(), question.status, question.tags)

    @cached_property
    def data(self) -> dict[str, Any]:
        """The words and points as a version keeps them, with their hash; to be had before a transaction begins."""
        return self.frozen.to_json()

    @property
    def key(self) -> tuple[str, str, str]:
        """Status, tags and the hash of the words: two that have the same say the same."""
        return self.status, self.tags, self.data["hash"]

    def to_json(self) -> dict[str, Any]:
        return {"content": self.data, "status": self.status, "tags": self.tags}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Content:
        return cls(FrozenQuestion.from_json(data["content"]), data["status"], data["tags"])


def store_points(said: Iterable[tuple[Question, FrozenQuestion]]) -> None:
    """Give questions, which have none at present, the rubric points of what they say."""
    RubricPoint.objects.bulk_create(point for question, frozen in said for point in points_of(frozen, question))


def points_of(said: FrozenQuestion, question: Question | None = None) -> Iterator[RubricPoint]:
    """The rubric points of what is said, not saved."""
    for order, point in enumerate(said.points, start=1):
        yield RubricPoint(
            question=question, order=order, name=point.name, text=point.text, kind=point.kind, weight=point.weight
        )


def write(question: Question, said: FrozenQuestion, tags: str) -> None:
    """Let a question, whose row the caller has taken, say this.

    Where the topic is gone, or the slug is another question's by now, the present one stays.
    """
    slug = question.slug if Question.objects.filter(slug=said.slug).exclude(pk=question.pk).exists() else said.slug
    for name in (*TEXTS, *VALUES):
        setattr(question, name, getattr(said, name))
    question.topic = Topic.objects.filter(slug=said.topic).first() or question.topic
    question.slug, question.tags = slug, tags
    question.save()
    question.points.all().delete()
    store_points([(question, said)])
