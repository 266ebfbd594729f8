"""How the search index stands: what it holds, from which model, how old it is, what is missing. Loads no model."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from questions import finding, index, retrieval, snapshot
from questions.index import Manifest
from questions.models import Passage, Question
from questions.passages import Entry, Stored


@dataclass(frozen=True)
class Coverage:
    """Of some questions: how many there are, how many passages have vectors, and how many lack one of their text.

    `stale` of the `missing` passages have the vector of an earlier text.
    """

    questions: int
    passages: int
    missing: int
    stale: int


@dataclass(frozen=True)
class IndexState:
    """`model` is the configured one; `manifest` what the file says of itself, None without a readable one.

    `is_current`: the file holds exactly the vectors that the database has of published texts. `left_over` counts
    vectors of other models, which nothing reads.
    """

    model: str
    manifest: Manifest | None
    written_at: datetime | None
    size: int
    published: Coverage
    others: Coverage
    is_current: bool
    left_over: int
    is_busy: bool

    @property
    def is_complete(self) -> bool:
        """Nothing is left to do, for published questions."""
        return self.is_current and not self.published.missing


def read() -> IndexState:
    """The state at this moment."""
    bank, folder = finding.bank_in_words(), Path(settings.INDEX_DIR)
    published = set(Question.objects.published().values_list("pk", flat=True))
    old = {
        (question, part)
        for question, part in Passage.objects.filter(model=bank.model).values_list("question_id", "part")
    } & set(bank.missing)
    held = [row for row in bank.stored if row.question in published]
    manifest = index.manifest(folder)
    says = (manifest.model, manifest.fingerprint, manifest.count) if manifest else None
    written_at, size = _file(folder, manifest)
    return IndexState(
        model=bank.model,
        manifest=manifest,
        written_at=written_at,
        size=size,
        published=_coverage(bank.entries, bank.stored, bank.missing, old, published),
        others=_coverage(bank.entries, bank.stored, bank.missing, old, {e.pk for e in bank.entries} - published),
        is_current=not held or (size > 0 and says == (bank.model, snapshot.fingerprint(held), len(held))),
        left_over=Passage.objects.exclude(model=bank.model).count(),
        is_busy=retrieval.is_syncing(),
    )


def _coverage(
    entries: list[Entry],
    stored: list[Stored],
    missing: list[tuple[int, str]],
    old: Set[tuple[int, str]],
    of: Set[int],
) -> Coverage:
    lacking = [place for place in missing if place[0] in of]
    return Coverage(
        questions=sum(entry.pk in of for entry in entries),
        passages=sum(row.question in of for row in stored),
        missing=len(lacking),
        stale=sum(place in old for place in lacking),
    )


def _file(folder: Path, manifest: Manifest | None) -> tuple[datetime | None, int]:
    """When the current generation was written, and its size in bytes."""
    if manifest is None:
        return None, 0
    try:
        found = (folder / Path(manifest.generation).name).stat()
    except OSError:
        return None, 0
    return datetime.fromtimestamp(found.st_mtime, UTC), found.st_size
