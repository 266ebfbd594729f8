"""The verbs that bring question documents into the bank. A run is one transaction: all of its files, or none.

What a document says about a question is known by its hash. While that stays the same the question is left alone, with
whatever a curator has made of it; once it changes, the document's words and rubric points replace the question's.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from questions.documents import (
    PACKED,
    DocumentError,
    ParsedDocument,
    ParsedQuestion,
    Remark,
    decode,
    format_of,
    is_markdown,
    parse,
    unpack,
)
from questions.documents.parsed import SLUG_LENGTH
from questions.documents.points import points_of
from questions.models import Document, Question, RubricPoint, Topic
from questions.said import DEFAULT_TOPIC, agrees, find_topic, slug_stem, usual_slug
from questions.text import clean_text

LARGEST_BYTES = 10 * 1024 * 1024
_TEXTS = ("title", "prompt", "reference", "explanation", "examples", "kind", "difficulty", "seconds")


class ImportFailed(Exception):
    """Nothing was imported. Its message is for a person: one sentence a line, each naming its file."""


@dataclasses.dataclass(frozen=True)
class Source:
    """A question document as text; `file` is what reports call it, its last part names the document.

    `unpacked` is what was read from a packed file: then `text` says the same, and is what the bank keeps.
    """

    file: str
    text: str
    unpacked: ParsedDocument | None = None


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


def import_sources(sources: list[Source], *, dry_run: bool = False) -> list[FileReport]:
    """Import texts in one transaction; a dry run reports the same and writes nothing.

    Raises ImportFailed if two of them are the same edition of the same document.
    """
    documents = [source.unpacked or parse(source.text, Path(source.file).name) for source in sources]
    _refuse_twins(sources, documents)
    with transaction.atomic():
        reports = [_Import(source, document).run() for source, document in zip(sources, documents, strict=True)]
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
    with transaction.atomic():
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


def read_source(path: Path) -> Source:
    """A file of at most 10 MB, unpacked if its ending says so. Raises DocumentError with a sentence that says what is
    wrong with it.
    """
    file = clean_text(str(path))
    if format_of(path.name) not in PACKED:
        return Source(file, read_text(path))
    unpacked = unpack(_read_bytes(path), path.name)
    return Source(file, unpacked.text, unpacked.document)


def read_text(path: Path) -> str:
    """The text of a file of at most 10 MB. Raises DocumentError with a sentence that says what is wrong with it."""
    text = decode(_read_bytes(path))
    if not text.strip():
        raise DocumentError(_("This file is empty."))
    return text


def _read_bytes(path: Path) -> bytes:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise DocumentError(_("This is a folder: name the files in it."))
        if not stat.S_ISREG(found.st_mode):  # a pipe or a device might never end
            raise DocumentError(_("This is not a file but a device or a pipe: save its text as a file first."))
        if found.st_size > LARGEST_BYTES:
            raise DocumentError(_("This file is too large: split it into files of at most 10 MB."))
        data = path.read_bytes()
    except FileNotFoundError:
        raise DocumentError(_("There is no such file.")) from None
    except (OSError, ValueError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(_("This file cannot be read: %(reason)s.") % {"reason": error}) from error
    if not data:
        raise DocumentError(_("This file is empty."))
    return data


def content_hash(question: ParsedQuestion) -> str:
    """SHA-256 (hex) of what the document says about a question: not its place, nor what is derived from its answer."""
    said = dataclasses.asdict(question)
    derived = points_of(question.reference)[0][: len(question.points)]
    if [point for point in question.points if point.kind == "must"] == derived:
        said["points"] = [point for point in said["points"] if point["kind"] != "must"]
    del said["line"], said["number"], said["slug"]
    if not question.status:  # questions whose status goes unsaid keep the hashes that they had before it could be said
        del said["status"]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


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

    def __init__(self, source: Source, parsed: ParsedDocument) -> None:
        self.source = clean_text(source.text)
        self.is_packed = source.unpacked is not None
        self.parsed = parsed
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
            self._write(Question(slug=self._slug(parsed), number=parsed.number), parsed, digest)
        elif question.source_hash == digest or agrees(question, parsed):
            self.report.unchanged += 1
        else:
            self.report.updated += 1
            self._write(question, parsed, digest)

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

    def _write(self, question: Question, parsed: ParsedQuestion, digest: str) -> None:
        question.status = _status(question, parsed)
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
    """
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
