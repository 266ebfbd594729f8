"""The verbs that bring question documents into the bank. A run is one transaction: all of its files, or none.

What a document says about a question is known by its hash. While that stays the same the question is left alone, with
whatever a curator has made of it; once it changes, the document's words and rubric points replace the question's.
Every question that a run makes or changes gets a version.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from questions.documents import (
    DocumentError,
    ParsedDocument,
    ParsedQuestion,
    Remark,
    is_markdown,
    parse,
)
from questions.documents.parsed import SLUG_LENGTH
from questions.models import Document, Question, RubricPoint, Topic
from questions.said import DEFAULT_TOPIC, agrees, content_hash, find_topic, slug_stem, usual_slug
from questions.sources import Source, read_source, read_text
from questions.text import clean_text
from questions.versions import Cause, Kind, note, record_many, step

_TEXTS = ("title", "prompt", "reference", "explanation", "examples", "kind", "difficulty", "seconds")


class ImportFailed(Exception):
    """Nothing was imported. Its message is for a person: one sentence a line, each naming its file."""


@dataclasses.dataclass
class FileReport:
    """What became of one file. `questions` counts those with an answer, `drafts` those without."""

    file: str
    questions: int = 0
    drafts: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Remark] = dataclasses.field(default_factory=list)
    notes: list[Remark] = dataclasses.field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`: problems and notes as a list of {"line", "message"}."""
        return dataclasses.asdict(self)


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
    """Import texts in one transaction; a dry run reports the same and writes nothing.

    Where two pairs of eyes are required, what a curator (`author`) brings in is submitted for review instead of
    published; whoever runs commands on the server (None) is not asked.
    Raises ImportFailed if two of them are the same edition of the same document.
    """
    documents = [source.unpacked or parse(source.text, Path(source.file).name) for source in sources]
    _refuse_twins(sources, documents)
    cause = Cause(author)
    with step():
        reports = [_Import(source, document, cause).run() for source, document in zip(sources, documents, strict=True)]
        if dry_run:
            transaction.set_rollback(True)
    return reports


def import_starter_bank() -> list[FileReport]:
    """Make the starter topics and import the starter documents that are new or changed, in one transaction.

    A document whose text is in the bank already is not even parsed, so that a second run costs two queries.
    """
    folder = Path(settings.STARTER_BANK_DIR)
    known = set(Document.objects.values_list("source", flat=True))
    sources = [Source(str(path), read_text(path)) for path in sorted(folder.glob("*.md"))]
    with step():
        make_topics()
        return import_sources([source for source in sources if clean_text(source.text) not in known])


def make_topics() -> None:
    """Make the starter topics that are missing; those that exist keep their names."""
    known = set(Topic.objects.values_list("slug", flat=True))
    missing = [Topic(**topic) for topic in starter_topics() if topic["slug"] not in known]
    Topic.objects.bulk_create(missing)


def starter_topics() -> list[dict[str, str]]:
    """The topics that come with the starter bank, as dicts of slug, name_zh and name_en."""
    path = Path(settings.STARTER_BANK_DIR) / "topics.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def _refuse_twins(sources: list[Source], documents: list[ParsedDocument]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for source, document in zip(sources, documents, strict=True):
        key = (document.name, document.language)
        if key in seen:
            message = _("%(file)s: This is the same document as %(other)s: rename one of them.")
            raise ImportFailed(message % {"file": source.file, "other": seen[key]})
        seen[key] = source.file


class _Import:
    """One document on its way into the bank, inside the caller's transaction."""

    def __init__(self, source: Source, parsed: ParsedDocument, cause: Cause) -> None:
        self.source = clean_text(source.text)
        self.is_packed = source.unpacked is not None
        self.parsed = parsed
        self.cause = dataclasses.replace(cause, reason=clean_text(Path(source.file).name)[:500])
        self.is_reviewed = settings.REVIEW_REQUIRED and cause.author is not None
        self.changes: list[tuple[Question, ParsedQuestion, str]] = []
        self.report = FileReport(source.file, problems=list(parsed.problems), notes=list(parsed.notes))
        self.topics: dict[str, Topic] = {}

    def run(self) -> FileReport:
        if not self.parsed.questions:
            message = _("No question was found: label each with “Question:” and its answer with “Answer:”.")
            self.report.problems.append(Remark(0, message))
            return self.report
        self.document = self._document()
        self.existing = {question.number: question for question in self.document.questions.all()}
        self.slugs = self._taken_slugs()
        for parsed in self.parsed.questions:
            self._import(parsed)
        self._write_all()
        self._keep_source()
        self._note_missing()
        return self.report

    def _document(self) -> Document:
        document, _created = Document.objects.get_or_create(
            name=self.parsed.name, language=self.parsed.language, defaults={"source": self.source}
        )
        return document

    def _keep_source(self) -> None:
        """Keep the text, unless it is but another format for what the bank has: the prose of Markdown would go."""
        changes = self.report.created + self.report.updated
        is_other = self.is_packed or not is_markdown(self.source)
        if not changes and is_other and is_markdown(self.document.source):
            return
        if self.document.source != self.source:
            self.document.source = self.source
            self.document.save()

    def _import(self, parsed: ParsedQuestion) -> None:
        if parsed.is_draft:
            self.report.drafts += 1
        else:
            self.report.questions += 1
        question, digest = self._known(parsed), content_hash(parsed)
        if question is None:
            self.report.created += 1
            self.changes.append((Question(slug=self._slug(parsed), number=parsed.number), parsed, digest))
        elif question.source_hash == digest or agrees(question, parsed):
            self.report.unchanged += 1
        else:
            self.report.updated += 1
            self.changes.append((question, parsed, digest))

    def _known(self, parsed: ParsedQuestion) -> Question | None:
        """The question with this number; else one of no document with the slug that is said, which joins this one."""
        known = self.existing.get(parsed.number)
        if known is None and parsed.slug:
            language = self.document.language
            known = Question.objects.filter(slug=parsed.slug, language=language, document__isnull=True).first()
            if known is not None:
                known.document, known.number = self.document, parsed.number
                known.save(update_fields=["document", "number"])
        return known

    def _write_all(self) -> None:
        note([change[0].pk for change in self.changes if change[0].pk], self.cause.at)
        for change in self.changes:
            self._write(*change)
        record_many([change[0].pk for change in self.changes], Kind.IMPORTED, self.cause)

    def _write(self, question: Question, parsed: ParsedQuestion, digest: str) -> None:
        question.status = _status(question, parsed)
        if self.is_reviewed and question.status == Question.Status.PUBLISHED:
            question.status = Question.Status.IN_REVIEW
        for name in _TEXTS:
            setattr(question, name, getattr(parsed, name))
        question.document, question.language = self.document, self.document.language
        question.topic, question.tags = self._topic(parsed.topic), ", ".join(parsed.tags)
        question.source_hash = digest
        question.save()
        question.points.all().delete()
        RubricPoint.objects.bulk_create(
            RubricPoint(question=question, order=order, **dataclasses.asdict(point))
            for order, point in enumerate(parsed.points, start=1)
        )

    def _topic(self, name: str) -> Topic:
        key = (name or DEFAULT_TOPIC).casefold()
        if key not in self.topics:
            self.topics[key] = find_topic(key) or _make_topic(name or DEFAULT_TOPIC)
        return self.topics[key]

    def _taken_slugs(self) -> set[str]:
        stated = [parsed.slug for parsed in self.parsed.questions if parsed.slug]
        taken = models.Q(slug__startswith=slug_stem(self.parsed.name)) | models.Q(slug__in=stated)
        return set(Question.objects.filter(taken).values_list("slug", flat=True))

    def _slug(self, parsed: ParsedQuestion) -> str:
        base = parsed.slug or usual_slug(self.parsed.name, parsed.number, self.parsed.language)
        slug, count = base, 1
        while slug in self.slugs:
            count += 1
            slug = f"{base[: SLUG_LENGTH - 9]}-{count}"
        self.slugs.add(slug)
        return slug

    def _note_missing(self) -> None:
        numbers = {parsed.number for parsed in self.parsed.questions}
        for number in self.existing:
            if number not in numbers:
                message = _("Question %(number)s is no longer in this document; it stays in the bank as it was.")
                self.report.notes.append(Remark(0, message % {"number": number}))


def _status(question: Question, parsed: ParsedQuestion) -> str:
    """What the document says, if it says so. Else new: published with an answer, else a draft. Later a curator's choice
    stays, except that a draft that had no answer is published when it gets one. No answer, no publishing in any case.
    What a curator merged into another question stays retired.
    """
    if question.merged_into_id is not None:
        return question.status
    if parsed.status:
        return Question.Status.DRAFT if parsed.is_draft and parsed.status == "published" else parsed.status
    gained = question.pk is None or (question.status == Question.Status.DRAFT and not question.reference.strip())
    if not parsed.is_draft and gained:
        return Question.Status.PUBLISHED
    if parsed.is_draft and question.status == Question.Status.PUBLISHED:
        return Question.Status.DRAFT
    return question.status


def _make_topic(name: str) -> Topic:
    for known in starter_topics():
        if name.casefold() in {value.casefold() for value in known.values()}:
            return Topic.objects.get_or_create(slug=known["slug"], defaults=known)[0]
    slug = slugify(name, allow_unicode=True)[:60]
    if not slug:
        slug = "topic-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return Topic.objects.create(slug=slug, name_zh=name, name_en=name)
