"""Comparing documents with the bank, question by question: how a plan is made. Nothing is written here."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext as _

from questions.content import TEXTS, Content
from questions.documents import ParsedDocument, ParsedQuestion, Remark, parse
from questions.documents.parsed import SLUG_LENGTH
from questions.frozen import FrozenPoint, FrozenQuestion
from questions.models import Document, ImportChange, Question, Topic
from questions.plans import DocumentPlan, FileReport, ImportFailed, Plan, Planned, Progress
from questions.said import DEFAULT_TOPIC, agrees, content_hash, find_topic, slug_stem, usual_slug
from questions.sources import Source

Kind = ImportChange.Kind

_CHUNK = 500  # parameters of one query, and questions between two reports of progress


def make_plan(sources: list[Source], *, by_curator: bool = False, progress: Progress | None = None) -> Plan:
    """Compare documents with the bank.

    Where two pairs of eyes are required, what a curator brings in is submitted for review instead of published; whoever
    runs commands on the server is not asked. Raises ImportFailed if two files are one edition of one document.
    """
    documents = _parsed(sources, progress)
    _refuse_twins(sources, documents)
    planner = _Planner(documents, by_curator and settings.REVIEW_REQUIRED, progress)
    return Plan([planner.plan(source, document) for source, document in zip(sources, documents, strict=True)])


def starter_topics() -> list[dict[str, str]]:
    """The topics that come with the starter bank, as dicts of slug, name_zh and name_en."""
    path = Path(settings.STARTER_BANK_DIR) / "topics.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def _parsed(sources: list[Source], progress: Progress | None) -> list[ParsedDocument]:
    documents = []
    for source in sources:
        if progress:
            progress(0, 0)  # how many questions there are is not known yet
        documents.append(source.unpacked or parse(source.text, Path(source.file).name))
    return documents


def _refuse_twins(sources: list[Source], documents: list[ParsedDocument]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for source, document in zip(sources, documents, strict=True):
        key = (document.name, document.language)
        if key in seen:
            message = _("%(file)s: This is the same document as %(other)s: rename one of them.")
            raise ImportFailed(message % {"file": source.file, "other": seen[key]})
        seen[key] = source.file


class _Planner:
    """The documents of a run on their way: what one of them takes, a slug say, the next does not get."""

    def __init__(self, documents: list[ParsedDocument], is_reviewed: bool, progress: Progress | None) -> None:
        self.is_reviewed = is_reviewed
        self.progress = progress or (lambda done, total: None)
        self.done, self.total = 0, sum(len(document.questions) for document in documents)
        self.topics = _Topics()
        self.slugs = _taken_slugs(documents)
        self.joined: set[int] = set()

    def plan(self, source: Source, parsed: ParsedDocument) -> DocumentPlan:
        document = Document.objects.filter(name=parsed.name, language=parsed.language).first()
        report = FileReport(source.file, problems=list(parsed.problems), notes=list(parsed.notes))
        plan = DocumentPlan(source, parsed, document, [], report)
        if not parsed.questions:
            message = _("No question was found: label each with “Question:” and its answer with “Answer:”.")
            report.problems.append(Remark(0, message))
            return plan
        existing = _existing(document)
        loose = self._loose(parsed)
        for each in parsed.questions:
            planned = self._planned(each, existing.get(each.number), loose, parsed)
            _count(report, planned)
            if planned.kind != Kind.UNCHANGED:
                planned.after.data  # noqa: B018 (reckoned now, not while a transaction keeps others waiting)
                plan.changes.append(planned)
            self._report()
        report.notes += _missing(parsed, existing)
        return plan

    def _planned(
        self, parsed: ParsedQuestion, known: Question | None, loose: dict[str, Question], of: ParsedDocument
    ) -> Planned:
        """The bank's question has this number; else it is one of no document with the slug that is said, and joins."""
        joins = False
        if known is None and (known := loose.get(parsed.slug)) is not None:
            joins = known.pk not in self.joined
            self.joined.add(known.pk)
            known = known if joins else None
        digest = content_hash(parsed)
        before = Content.of(known) if known else None
        if known and (known.source_hash == digest or agrees(known, parsed, self.topics.find(parsed.topic))):
            kind = Kind.JOINED if joins else Kind.UNCHANGED
            return Planned(parsed, kind, known, before, Content.of(known), known.topic, digest, joins)
        topic = self.topics.get(parsed.topic)
        slug = known.slug if known else self._slug(parsed, of)
        frozen = _frozen(parsed, slug, of.language, topic.slug)
        after = Content(frozen, self._status(known, parsed), ", ".join(parsed.tags))
        if after == before:
            kind = Kind.JOINED if joins else Kind.UNCHANGED
        else:
            kind = Kind.CHANGED if known else Kind.CREATED
        return Planned(parsed, kind, known, before, after, topic, digest, joins)

    def _status(self, question: Question | None, parsed: ParsedQuestion) -> str:
        status = _status(question, parsed)
        return Question.Status.IN_REVIEW if self.is_reviewed and status == Question.Status.PUBLISHED else status

    def _loose(self, parsed: ParsedDocument) -> dict[str, Question]:
        found: dict[str, Question] = {}
        for slugs in _chunks([each.slug for each in parsed.questions if each.slug]):
            rows = _whole().filter(slug__in=slugs, language=parsed.language, document__isnull=True)
            found |= {question.slug: question for question in rows}
        return found

    def _slug(self, parsed: ParsedQuestion, of: ParsedDocument) -> str:
        base = parsed.slug or usual_slug(of.name, parsed.number, of.language)
        slug, count = base, 1
        while slug in self.slugs:
            count += 1
            slug = f"{base[: SLUG_LENGTH - 9]}-{count}"
        self.slugs.add(slug)
        return slug

    def _report(self) -> None:
        self.done += 1
        if self.done % _CHUNK == 0 or self.done == self.total:
            self.progress(self.done, self.total)


class _Topics:
    """The topics that there are, and those that this run will make, by what documents call them."""

    def __init__(self) -> None:
        self.topics = list(Topic.objects.order_by("pk"))
        self.known: dict[str, Topic] = {}

    def find(self, name: str) -> Topic | None:
        key = (name or DEFAULT_TOPIC).casefold()
        if key not in self.known and (found := find_topic(key, self.topics)) is not None:
            self.known[key] = found
        return self.known.get(key)

    def get(self, name: str) -> Topic:
        """The topic of this name, not saved yet if it is new."""
        found = self.find(name)
        if found is None:
            found = self._new(name or DEFAULT_TOPIC)
            self.known[(name or DEFAULT_TOPIC).casefold()] = found
        return found

    def _new(self, name: str) -> Topic:
        made = _new_topic(name)
        for topic in self.topics:
            if topic.slug == made.slug:
                return topic
        self.topics.append(made)
        return made


def _new_topic(name: str) -> Topic:
    for known in starter_topics():
        if name.casefold() in {value.casefold() for value in known.values()}:
            return Topic(**known)
    slug = slugify(name, allow_unicode=True)[:60]
    return Topic(slug=slug or "topic-" + hashlib.sha256(name.encode()).hexdigest()[:8], name_zh=name, name_en=name)


def _whole() -> models.QuerySet[Question]:
    """Questions with all that is compared of them, but for their document, whose text is large."""
    return Question.objects.select_related("topic").prefetch_related("points")


def _existing(document: Document | None) -> dict[str, Question]:
    """The questions of a document by number."""
    found: dict[str, Question] = {}
    for question in _whole().filter(document=document) if document else []:
        question.document = document
        found[question.number] = question
    return found


def _taken_slugs(documents: list[ParsedDocument]) -> set[str]:
    """The slugs of the bank that new questions might want."""
    taken: set[str] = set()
    for document in documents:
        rows = Question.objects.filter(slug__startswith=slug_stem(document.name))
        taken.update(rows.values_list("slug", flat=True))
        for slugs in _chunks([each.slug for each in document.questions if each.slug]):
            taken.update(Question.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    return taken


def _chunks(items: list[str]) -> Iterable[list[str]]:
    return (items[place : place + _CHUNK] for place in range(0, len(items), _CHUNK))


def _frozen(parsed: ParsedQuestion, slug: str, language: str, topic: str) -> FrozenQuestion:
    points = (FrozenPoint(f"p{n}", **dataclasses.asdict(point)) for n, point in enumerate(parsed.points, start=1))
    texts = {name: getattr(parsed, name) for name in (*TEXTS, "kind", "difficulty", "seconds")}
    return FrozenQuestion(slug=slug, language=language, topic=topic, points=tuple(points), **texts)


def _status(question: Question | None, parsed: ParsedQuestion) -> str:
    """What the document says, if it says so. Else new: published with an answer, else a draft. Later a curator's choice
    stays, except that a draft that had no answer is published when it gets one. No answer, no publishing in any case.
    What a curator merged into another question stays retired.
    """
    if question is not None and question.merged_into_id is not None:
        return question.status
    if parsed.status:
        return Question.Status.DRAFT if parsed.is_draft and parsed.status == "published" else parsed.status
    if question is None:
        return Question.Status.DRAFT if parsed.is_draft else Question.Status.PUBLISHED
    if not parsed.is_draft and question.status == Question.Status.DRAFT and not question.reference.strip():
        return Question.Status.PUBLISHED
    if parsed.is_draft and question.status == Question.Status.PUBLISHED:
        return Question.Status.DRAFT
    return question.status


def _count(report: FileReport, planned: Planned) -> None:
    if planned.parsed.is_draft:
        report.drafts += 1
    else:
        report.questions += 1
    if planned.kind == Kind.CREATED:
        report.created += 1
    elif planned.kind == Kind.CHANGED:
        report.updated += 1
    else:
        report.unchanged += 1


def _missing(parsed: ParsedDocument, existing: dict[str, Question]) -> list[Remark]:
    """A note for each question that the document had before."""
    numbers = {each.number for each in parsed.questions}
    message = _("Question %(number)s is no longer in this document; it stays in the bank as it was.")
    return [Remark(0, message % {"number": number}) for number in existing if number not in numbers]
