"""The verbs that bring question documents into the bank. A run is one transaction: all of its files, or none.

What a document says about a question is known by its hash. While that stays the same the question is left alone, with
whatever a curator has made of it; once it changes, the document's words and rubric points replace the question's.
Every question that a run makes or changes gets a version.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings

from questions.applying import BankChanged, write
from questions.documents import DocumentError
from questions.models import Document, Topic
from questions.planning import make_plan, starter_topics
from questions.plans import FileReport, ImportFailed
from questions.sources import Source, read_source, read_text
from questions.text import clean_text
from questions.versions import Cause, step

__all__ = [
    "FileReport",
    "ImportFailed",
    "Source",
    "import_files",
    "import_sources",
    "import_starter_bank",
    "make_topics",
    "starter_topics",
]

_TRIES = 3  # of planning, while others change what was planned


def import_files(paths: Iterable[str | Path], *, dry_run: bool = False) -> list[FileReport]:
    """Import files in one transaction. Raises ImportFailed, having written nothing, if any of them cannot be read."""
    sources, errors = [], []
    for path in paths:
        try:
            sources.append(read_source(Path(path)))
        except DocumentError as error:
            errors.append(f"{clean_text(str(path))}: {error}")
    if errors:
        raise ImportFailed("\n".join(errors))
    return import_sources(sources, dry_run=dry_run)


def import_sources(sources: list[Source], *, dry_run: bool = False, author: Any = None) -> list[FileReport]:
    """Import texts in one transaction, as `make_plan` plans it; a dry run reports the plan and writes nothing.

    `author` is the curator who brings them in, or None for commands. Raises ImportFailed.
    """
    for tries in range(1, _TRIES + 1):
        plan = make_plan(sources, by_curator=author is not None)
        if dry_run:
            break
        try:
            write(plan, Cause(author))
            break
        except BankChanged:
            if tries == _TRIES:
                raise
    return plan.reports


def import_starter_bank() -> list[FileReport]:
    """Make the starter topics and import the starter documents that are new or changed, in one transaction.

    A document whose text is in the bank already is not even parsed, so that a second run costs two queries.
    """
    folder = Path(settings.STARTER_BANK_DIR)
    known = set(Document.objects.values_list("source", flat=True))
    sources = [Source(str(path), read_text(path)) for path in sorted(folder.glob("*.md"))]
    with step():
        make_topics()
        new = [source for source in sources if clean_text(source.text) not in known]
        return import_sources(new) if new else []


def make_topics() -> None:
    """Make the starter topics that are missing; those that exist keep their names."""
    known = set(Topic.objects.values_list("slug", flat=True))
    missing = [Topic(**topic) for topic in starter_topics() if topic["slug"] not in known]
    Topic.objects.bulk_create(missing)
