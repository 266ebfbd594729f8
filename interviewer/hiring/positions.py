"""Positions: opened, changed, closed; and whether the bank holds what their blueprint asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from interviewer import audit, blueprint
from interviewer.models import BlueprintRow, InterviewTemplate, Organisation, Position, User, Verb
from interviewer.pass_bands import Stored


def open_position(
    organisation: Organisation,
    title: str,
    language: str,
    rows: Sequence[BlueprintRow],
    by: User | None,
    at: datetime,
    *,
    bands: Stored = (),
) -> Position:
    """A new position whose candidates are asked what `rows` (not stored yet) say; `bands` as in `pass_bands`."""
    # Closed as a template: it is sat by invitation only.
    template = InterviewTemplate(organisation=organisation, mode=InterviewTemplate.Mode.EXAM, is_open=False)
    template.bands = list(bands)
    _describe(template, title, language, rows)
    with transaction.atomic():
        template.save()
        _write(template, rows)
        position = Position.objects.create(
            organisation=organisation, title=title, template=template, created_at=at, created_by=by
        )
        audit.record(by or audit.COMMAND, Verb.POSITION_OPENED, position, {"template": template.pk}, at)
    return position


def change(
    position: Position,
    title: str,
    language: str,
    rows: Sequence[BlueprintRow],
    by: User | None,
    at: datetime,
    *,
    bands: Stored | None = None,
) -> Position:
    """Change what a position asks from now on; its bands stay unless others are given.

    Once somebody has sat its interview, another blueprint, language or band makes a new version: theirs stays.
    """
    with transaction.atomic():
        # The row is taken, so that two changes at once come one after the other.
        Position.objects.filter(pk=position.pk).update(title=title)
        position.refresh_from_db()
        template = position.template
        drawn = template.bands if bands is None else list(bands)
        same = template.language == language and _shape(list(template.blueprint.all())) == _shape(rows)
        same = same and drawn == template.bands
        template.bands = drawn
        _describe(template, title, language, rows)
        if template.is_used and not same:
            template.become_successor()
            Position.objects.filter(pk=position.pk).update(template=template)
        else:
            template.save()
        if not same:
            template.blueprint.all().delete()
            _write(template, rows)
        audit.record(by or audit.COMMAND, Verb.POSITION_CHANGED, position, {"template": template.pk}, at)
    return position


def close(position: Position, by: User | None, at: datetime) -> None:
    """Nobody begins any more; what is running goes on."""
    with transaction.atomic():
        if Position.objects.open().filter(pk=position.pk).update(closed_at=at):
            audit.record(by or audit.COMMAND, Verb.POSITION_CLOSED, position, {}, at)


def reopen(position: Position, by: User | None, at: datetime) -> None:
    """Links that have not expired can be used again."""
    with transaction.atomic():
        if Position.objects.filter(pk=position.pk, closed_at__isnull=False).update(closed_at=None):
            audit.record(by or audit.COMMAND, Verb.POSITION_REOPENED, position, {}, at)


@dataclass(frozen=True)
class Supply:
    """A row of a blueprint, and how many questions the bank has for it when the others get theirs too."""

    row: BlueprintRow
    found: int

    @property
    def is_short(self) -> bool:
        return self.found < self.row.count


def supply(template: InterviewTemplate) -> list[Supply]:
    """Whether each row of a blueprint can be filled. Reckoned by choosing as for a candidate, always the same way."""
    rows = list(template.blueprint.select_related("topic"))
    filled = blueprint.fill(rows, template.language, seed=template.pk)
    return [Supply(row, len(questions)) for row, questions in zip(rows, filled, strict=True)]


def _describe(template: InterviewTemplate, title: str, language: str, rows: Sequence[BlueprintRow]) -> None:
    template.name, template.language = title, language
    template.question_count = sum(row.count for row in rows)
    template.minutes = sum(row.minutes for row in rows)


def _write(template: InterviewTemplate, rows: Sequence[BlueprintRow]) -> None:
    for order, row in enumerate(rows, start=1):
        row.pk, row.template, row.order = None, template, order
    BlueprintRow.objects.bulk_create(rows)


def _shape(rows: Sequence[BlueprintRow]) -> list[tuple[int | None, int, int, int, int]]:
    """What rows ask for, to be compared."""
    return [(row.topic_id, row.least_difficulty, row.most_difficulty, row.count, row.minutes_each) for row in rows]
