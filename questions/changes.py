"""What changed between two versions of a question, field by field, in the reader's language."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from questions.content import TEXTS, VALUES
from questions.differences import Piece, compare, folded, replaced
from questions.frozen import FrozenPoint, FrozenQuestion
from questions.models import Language, Question, RubricPoint


class Says(Protocol):
    """What can be compared: a version, or what a question would say."""

    @property
    def frozen(self) -> FrozenQuestion: ...
    @property
    def status(self) -> str: ...
    @property
    def tags(self) -> str: ...


@dataclasses.dataclass(frozen=True)
class Change:
    """What became of one field: its name for people, and the pieces of its text."""

    label: str
    pieces: list[Piece]


def diff(older: Says, newer: Says, *, with_status: bool = True) -> list[Change]:
    """What changed from the one version to the other, field by field: texts word by word, without the long stretches
    that stayed; values as a whole.
    """
    before, after = facts(older, with_status=with_status), facts(newer, with_status=with_status)
    texts = {*map(_label, TEXTS), str(RubricPoint._meta.verbose_name_plural)}
    return [
        Change(label, folded(compare(before[label], text)) if label in texts else replaced(before[label], text))
        for label, text in after.items()
        if before[label] != text
    ]


def facts(version: Says, *, with_status: bool = True) -> dict[str, str]:
    """All that a version says: names of fields, in the reader's language, and their texts."""
    said = version.frozen
    told = {"status": Question.Status(version.status).label} if with_status else {}
    told |= {name: getattr(said, name) for name in TEXTS}
    labelled = {_label(name): str(text) for name, text in told.items()}
    labelled[str(RubricPoint._meta.verbose_name_plural)] = "\n".join(map(point_line, said.points))
    values = {"topic": said.topic, "tags": version.tags, **{name: getattr(said, name) for name in VALUES}}
    values |= {"language": Language(said.language).label, "kind": Question.Kind(said.kind).label}
    return labelled | {_label(name): str(value) for name, value in values.items()}


def point_line(point: FrozenPoint) -> str:
    """A rubric point with all that is known of it, in one line."""
    name = f"{point.name}: " if point.name else ""
    return f"[{RubricPoint.Kind(point.kind).label} ×{point.weight:g}] {name}{point.text}"


def _label(name: str) -> str:
    return str(Question._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
