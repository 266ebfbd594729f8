"""A question of the bank as a document would say it: what importing compares and exporting writes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable

from django.utils.text import slugify

from questions.documents import ParsedPoint, ParsedQuestion
from questions.documents.points import points_of
from questions.models import Question, Topic

DEFAULT_TOPIC = "general"


def said_of(question: Question) -> ParsedQuestion:
    """What a document has to say for the bank to hold `question`: its topic by slug, its status and slug only where an
    import would choose others. Line ends are \\n, and blank texts are empty.
    """
    said = ParsedQuestion(
        number=question.number,
        line=0,
        title=question.title,
        prompt=_text(question.prompt),
        reference=_text(question.reference),
        explanation=_text(question.explanation),
        examples=_text(question.examples),
        kind=question.kind,
        topic=question.topic.slug,
        difficulty=question.difficulty,
        seconds=question.seconds,
        tags=tuple(dict.fromkeys(question.tag_list)),
        points=tuple(
            ParsedPoint(point.name, _text(point.text), point.kind, point.weight)  # type: ignore[arg-type]
            for point in question.points.all()
        ),
    )
    usual = Question.Status.DRAFT if said.is_draft else Question.Status.PUBLISHED
    status = "" if question.status == usual else question.status
    name = question.document.name if question.document else ""
    slug = "" if question.slug == usual_slug(name, question.number, question.language) else question.slug
    return dataclasses.replace(said, status=status, slug=slug)


def agrees(question: Question, parsed: ParsedQuestion, topic: Topic | None) -> bool:
    """Whether the bank says already what a document says, and what the document leaves open is anything at all.

    `topic` is the one that the document means, if there is one.
    """
    if parsed.status and question.status != parsed.status:
        return False
    said = dataclasses.replace(said_of(question), status=parsed.status, slug=parsed.slug)
    same_words = dataclasses.replace(parsed, line=0, topic="") == dataclasses.replace(
        said, topic="", number=parsed.number
    )
    return same_words and topic == question.topic


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


def find_topic(name: str, topics: Iterable[Topic] | None = None) -> Topic | None:
    """The topic whose slug or name is `name`, disregarding case; a slug comes before a name, "" is the general one.

    Looked for among `topics` in their order, else in the bank.
    """
    key = (name or DEFAULT_TOPIC).casefold()
    found: Topic | None = None
    for topic in Topic.objects.order_by("pk") if topics is None else topics:
        if topic.slug.casefold() == key or topic.slug == slugify(key, allow_unicode=True)[:60]:
            return topic
        if key in (topic.name_zh.casefold(), topic.name_en.casefold()):
            found = found or topic
    return found


def slug_stem(name: str) -> str:
    """What the slugs of a document's questions begin with."""
    return slugify(name, allow_unicode=True)[:120] or "document"


def usual_slug(name: str, number: str, language: str) -> str:
    """The slug of a question that is imported, unless it is taken."""
    # "4.1" and "4-1" and "41" are three questions: the dot must not vanish.
    return f"{slug_stem(name)}-{number.replace('.', '_')}-{language[:2]}"


def _text(text: str) -> str:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain if plain.strip() else ""
