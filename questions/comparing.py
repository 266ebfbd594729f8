"""Two questions side by side: what each of them says, and which words only one of them has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from questions.changes import point_line
from questions.differences import Piece, compare
from questions.models import Question, RubricPoint

# Texts with less than this share of the shorter one in common are in other words altogether: marks would only disturb.
LEAST_IN_COMMON = 0.5


@dataclass(frozen=True)
class Aspect:
    """One text of two questions in pieces: those "gone" are only on the left, those "new" only on the right."""

    label: str
    left: list[Piece]
    right: list[Piece]
    is_same: bool = False
    is_marked: bool = True


@dataclass(frozen=True)
class Value:
    """One short fact of two questions."""

    label: str
    left: str
    right: str

    @property
    def is_same(self) -> bool:
        return self.left == self.right


_TEXTS: dict[str, Callable[[Question], str]] = {
    "title": lambda question: question.title,
    "prompt": lambda question: question.prompt,
    "reference": lambda question: question.reference,
    "points": lambda question: "\n".join(map(point_line, question.frozen().points)),
    "explanation": lambda question: question.explanation,
    "examples": lambda question: question.examples,
}
_VALUES: dict[str, Callable[[Question], str]] = {
    "status": lambda question: question.get_status_display(),
    "topic": lambda question: question.topic.name,
    "language": lambda question: question.get_language_display(),
    "tags": lambda question: ", ".join(question.tag_list),
    "kind": lambda question: question.get_kind_display(),
    "difficulty": lambda question: str(question.difficulty),
    "seconds": lambda question: str(question.seconds),
    "document": lambda question: f"{question.document}: {question.number}" if question.document else "",
    "slug": lambda question: question.slug,
}


def aspects(left: Question, right: Question) -> list[Aspect]:
    """The texts that at least one of the two has, word by word."""
    texts = ((name, text_of(left).strip(), text_of(right).strip()) for name, text_of in _TEXTS.items())
    return [_aspect(_label(name), one, other) for name, one, other in texts if one or other]


def values(left: Question, right: Question) -> list[Value]:
    """The short facts that at least one of the two has."""
    made = (Value(_label(name), value_of(left), value_of(right)) for name, value_of in _VALUES.items())
    return [value for value in made if value.left or value.right]


def _aspect(label: str, one: str, other: str) -> Aspect:
    if one == other:
        return Aspect(label, [Piece("same", one)], [Piece("same", other)], is_same=True, is_marked=False)
    pieces = compare(one, other)
    common = sum(len(piece.text) for piece in pieces if piece.kind == "same")
    if common < LEAST_IN_COMMON * min(len(one), len(other)):
        return Aspect(label, [Piece("same", one)], [Piece("same", other)], is_marked=False)
    left = [piece for piece in pieces if piece.kind != "new"]
    return Aspect(label, left, [piece for piece in pieces if piece.kind != "gone"])


def _label(name: str) -> str:
    if name == "points":
        return str(RubricPoint._meta.verbose_name_plural)
    return str(Question._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
