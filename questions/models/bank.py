"""The bank: topics, documents, questions, their rubric points and their vectors."""

from __future__ import annotations

import re

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from questions.frozen import FrozenPoint, FrozenQuestion


class Language(models.TextChoices):
    """Languages a question can be asked in; the values are Django's language codes."""

    CHINESE = "zh-hans", _("Chinese")
    ENGLISH = "en", _("English")


def tags_in(text: str) -> list[str]:
    """The tags that somebody separated by commas, Chinese ones too."""
    return [tag for part in re.split("[,，、]", text) if (tag := part.strip())]


class Topic(models.Model):
    """A subject that questions are grouped by, named in both languages."""

    slug = models.SlugField(_("slug"), unique=True, max_length=60, allow_unicode=True)
    name_zh = models.CharField(_("Chinese name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=60)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the language of the page."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class Document(models.Model):
    """A file that questions came from, kept whole so that nothing in it is ever lost.

    The two language editions of a document share its name; questions with the same number in them are translations.
    """

    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=10, choices=Language)
    source = models.TextField(_("text as imported"))
    imported_at = models.DateTimeField(_("imported at"), auto_now=True)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["name", "language"]
        constraints = [models.UniqueConstraint(fields=["name", "language"], name="document_edition_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"


class QuestionQuerySet(models.QuerySet["Question"]):
    """Questions, narrowed."""

    def published(self) -> QuestionQuerySet:
        """Those that may be asked and found: drafts and retired questions never are."""
        return self.filter(status=Question.Status.PUBLISHED)


class Question(models.Model):
    """One question with its reference answer. Identity within a document is its number, not its words."""

    class Kind(models.TextChoices):
        DISCUSSION = "discussion", _("Discussion")
        CODING = "coding", _("Coding")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "review", _("In review")
        PUBLISHED = "published", _("Published")
        RETIRED = "retired", _("Retired")

    slug = models.SlugField(_("slug"), unique=True, max_length=160, allow_unicode=True)
    title = models.CharField(_("title"), max_length=300)
    language = models.CharField(_("language"), max_length=10, choices=Language)
    topic = models.ForeignKey(Topic, models.PROTECT, verbose_name=_("topic"), related_name="questions")
    tags = models.CharField(_("tags"), max_length=300, blank=True, help_text=_("Separated by commas."))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.DISCUSSION)
    difficulty = models.PositiveSmallIntegerField(
        _("difficulty"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=_("From 1 (easy) to 5 (hard)."),
    )
    seconds = models.PositiveIntegerField(
        _("suggested seconds"), default=300, validators=[MinValueValidator(30), MaxValueValidator(7200)]
    )
    prompt = models.TextField(_("question"))
    reference = models.TextField(_("reference answer"), blank=True)
    explanation = models.TextField(_("explanation"), blank=True)
    examples = models.TextField(_("examples"), blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT, db_index=True)
    document = models.ForeignKey(
        Document, models.PROTECT, verbose_name=_("document"), related_name="questions", null=True, blank=True
    )
    number = models.CharField(_("number in the document"), max_length=20, blank=True)
    # Shared by questions that a curator linked as translations; those of one document and number need none.
    translation_group = models.UUIDField(null=True, editable=False, db_index=True)
    # SHA-256 (hex) of what the document said at the last import: an unchanged document leaves a curator's edits alone.
    source_hash = models.CharField(max_length=64, blank=True, editable=False)
    updated_at = models.DateTimeField(_("changed at"), auto_now=True)
    # The question that is asked instead of this one, itself perhaps merged: `questions/merges.py` follows the way.
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, verbose_name=_("merged into"), related_name="merged", null=True, editable=False
    )

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "number"],
                condition=models.Q(document__isnull=False),
                name="question_number_once_per_document",
            ),
            models.CheckConstraint(
                condition=models.Q(difficulty__range=(1, 5)), name="question_difficulty_from_1_to_5"
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into__isnull=True) | models.Q(status="retired"),
                name="question_merged_is_retired",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def tag_list(self) -> list[str]:
        return tags_in(self.tags)

    def translations(self) -> QuestionQuerySet:
        """The same question in other languages: linked by a curator, or of the same document name and number."""
        same = models.Q(pk__in=[])
        if self.document is not None:
            same |= models.Q(document__name=self.document.name, number=self.number)
        if self.translation_group is not None:
            same |= models.Q(translation_group=self.translation_group)
        return Question.objects.filter(same).exclude(pk=self.pk).exclude(language=self.language)

    def frozen(self) -> FrozenQuestion:
        """The question as an interview keeps it, rubric points in order, known by its content hash."""
        return FrozenQuestion(
            slug=self.slug,
            title=self.title,
            language=self.language,
            kind=self.kind,
            topic=self.topic.slug,
            difficulty=self.difficulty,
            seconds=self.seconds,
            prompt=self.prompt,
            reference=self.reference,
            explanation=self.explanation,
            examples=self.examples,
            points=tuple(point.frozen(f"p{n}") for n, point in enumerate(self.points.all(), start=1)),
        )


class RubricPoint(models.Model):
    """One atomic key point that an answer is graded against."""

    class Kind(models.TextChoices):
        MUST = "must", _("Must")
        SHOULD = "should", _("Should")
        PITFALL = "pitfall", _("Pitfall")

    question = models.ForeignKey(Question, models.CASCADE, verbose_name=_("question"), related_name="points")
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    name = models.CharField(_("name"), max_length=120, blank=True)
    text = models.TextField(_("text"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.MUST)
    weight = models.FloatField(_("weight"), default=1.0, validators=[MinValueValidator(0.1), MaxValueValidator(10)])

    class Meta:
        verbose_name = _("rubric point")
        verbose_name_plural = _("rubric points")
        ordering = ["order", "pk"]
        constraints = [models.CheckConstraint(condition=models.Q(weight__gt=0), name="rubric_point_weight_positive")]

    def __str__(self) -> str:
        return self.name or self.text[:60]

    def frozen(self, key: str) -> FrozenPoint:
        """This point as plain data; `key` names it within its question ("p1", "p2", …)."""
        return FrozenPoint(key=key, name=self.name, text=self.text, kind=self.kind, weight=self.weight)  # type: ignore[arg-type]


class Passage(models.Model):
    """The vector of one searchable part of a question. Its primary key is the id in the FAISS index.

    `vector` holds little-endian float32 values of unit length; `text_hash` is the SHA-256 (hex) of the text embedded.
    """

    class Part(models.TextChoices):
        QUESTION = "question", _("Question")
        ANSWER = "answer", _("Answer")

    question = models.ForeignKey(Question, models.CASCADE, verbose_name=_("question"), related_name="passages")
    part = models.CharField(_("part"), max_length=8, choices=Part)
    model = models.CharField(_("embedding model"), max_length=200)
    text_hash = models.CharField(_("text hash"), max_length=64, db_index=True)
    vector = models.BinaryField(_("vector"))

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        constraints = [models.UniqueConstraint(fields=["question", "part", "model"], name="passage_once_per_model")]

    def __str__(self) -> str:
        return f"{self.question_id}:{self.part}"


class SpareVector(models.Model):
    """The vector of a text that no question has yet, so that what a preview embeds is not embedded again by the import.

    It goes when a passage of that text is stored, or with the uploads that nobody imported.
    """

    model = models.CharField(_("embedding model"), max_length=200)
    text_hash = models.CharField(_("text hash"), max_length=64)
    vector = models.BinaryField(_("vector"))
    made_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["text_hash", "model"], name="spare_vector_once_per_model")]

    def __str__(self) -> str:
        return self.text_hash
