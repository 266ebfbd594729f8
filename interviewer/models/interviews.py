"""Interviews and their answers: stored facts, and the arithmetic of the clock. Time is always an argument."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from questions.frozen import FrozenQuestion
from questions.models import Language, Question, Topic


class InterviewTemplate(models.Model):
    """What an interview is made of: which questions, in which language, for how long."""

    class Mode(models.TextChoices):
        PRACTICE = "practice", _("Practice")
        EXAM = "exam", _("Exam")

    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=10, choices=Language)
    topics = models.ManyToManyField(
        Topic, verbose_name=_("topics"), blank=True, help_text=_("None chosen: questions of every topic.")
    )
    question_count = models.PositiveSmallIntegerField(
        _("number of questions"), default=5, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    minutes = models.PositiveSmallIntegerField(
        _("minutes in all"), default=30, validators=[MinValueValidator(1), MaxValueValidator(480)]
    )
    seconds_per_question = models.PositiveIntegerField(
        _("seconds per question"),
        null=True,
        blank=True,
        validators=[MinValueValidator(10), MaxValueValidator(7200)],
        help_text=_("A guide shown beside the question; only the total is binding. Empty: as each question suggests."),
    )
    mode = models.CharField(
        _("mode"),
        max_length=10,
        choices=Mode,
        default=Mode.PRACTICE,
        help_text=_("After practice the candidate sees the reference answers too."),
    )
    is_open = models.BooleanField(_("open to candidates"), default=True)

    class Meta:
        verbose_name = _("interview template")
        verbose_name_plural = _("interview templates")
        ordering = ["-language", "name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(minutes__gte=1), name="template_minutes_positive"),
            models.CheckConstraint(condition=models.Q(question_count__gte=1), name="template_asks_something"),
        ]

    def __str__(self) -> str:
        return self.name


class InterviewQuerySet(models.QuerySet["Interview"]):
    """Interviews, narrowed."""

    def open(self) -> InterviewQuerySet:
        """Not handed in yet, whether or not the time is over."""
        return self.filter(submitted_at__isnull=True)

    def accepting(self, at: datetime) -> InterviewQuerySet:
        """Those that still take text received at `at`: open, and not past deadline and grace."""
        return self.open().filter(deadline__gte=at - timedelta(seconds=settings.GRACE_SECONDS))

    def expired(self, at: datetime) -> InterviewQuerySet:
        """Open, but past deadline and grace: to be settled."""
        return self.open().filter(deadline__lt=at - timedelta(seconds=settings.GRACE_SECONDS))


class Interview(models.Model):
    """One sitting by one candidate. "Running", "over" and "late" are derived from its times, never stored."""

    class SubmittedBy(models.TextChoices):
        CANDIDATE = "candidate", _("the candidate")
        CLOCK = "clock", _("the clock")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.ForeignKey(InterviewTemplate, models.PROTECT, verbose_name=_("template"), related_name="sittings")
    candidate = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("candidate"), related_name="interviews"
    )
    language = models.CharField(_("language"), max_length=10, choices=Language)
    mode = models.CharField(_("mode"), max_length=10, choices=InterviewTemplate.Mode)
    consented_at = models.DateTimeField(_("agreed at"))
    started_at = models.DateTimeField(_("started at"))
    deadline = models.DateTimeField(_("deadline"))
    submitted_at = models.DateTimeField(_("handed in at"), null=True, blank=True)
    submitted_by = models.CharField(_("handed in by"), max_length=10, choices=SubmittedBy, blank=True)
    receipt_sha256 = models.CharField(_("receipt"), max_length=64, blank=True)
    current_position = models.PositiveSmallIntegerField(_("current question"), default=1)
    current_since = models.DateTimeField(_("current question since"))
    touched_at = models.DateTimeField(_("last saved at"), null=True, blank=True)

    objects = InterviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("interview")
        verbose_name_plural = _("interviews")
        ordering = ["-started_at"]
        permissions = [("review_interview", "Can review interviews and scorecards")]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "candidate"],
                condition=models.Q(submitted_at__isnull=True),
                name="one_open_interview_per_template_and_candidate",
            ),
            models.CheckConstraint(
                condition=models.Q(deadline__gt=models.F("started_at")), name="interview_deadline_after_start"
            ),
            models.CheckConstraint(
                condition=models.Q(submitted_at__isnull=True) | ~models.Q(receipt_sha256=""),
                name="interview_submitted_with_receipt",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} · {self.candidate}"

    def remaining(self, at: datetime) -> timedelta:
        """Time left before the deadline as seen at `at`; zero once it is over or handed in."""
        if self.submitted_at is not None:
            return timedelta()
        return max(self.deadline - at, timedelta())

    def accepts(self, at: datetime) -> bool:
        """Whether text received at `at` still counts: on the server's clock, up to deadline + grace."""
        return self.submitted_at is None and at <= self.deadline + timedelta(seconds=settings.GRACE_SECONDS)

    @property
    def is_practice(self) -> bool:
        return self.mode == InterviewTemplate.Mode.PRACTICE

    @property
    def duration(self) -> timedelta:
        return self.deadline - self.started_at


class Answer(models.Model):
    """One asked question and what the candidate wrote, kept byte for byte, blanks included."""

    interview = models.ForeignKey(Interview, models.CASCADE, verbose_name=_("interview"), related_name="answers")
    position = models.PositiveSmallIntegerField(_("position"))
    question = models.ForeignKey(
        Question, models.SET_NULL, verbose_name=_("question"), null=True, related_name="answers"
    )
    frozen = models.JSONField(_("question as asked"))
    text = models.TextField(_("text"), blank=True)
    revision = models.PositiveIntegerField(_("revision"), default=0)
    saved_at = models.DateTimeField(_("saved at"), null=True, blank=True)
    flagged = models.BooleanField(_("flagged"), default=False)
    seconds_used = models.FloatField(_("seconds used"), default=0)
    seconds_suggested = models.PositiveIntegerField(_("suggested seconds"))

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["interview", "position"]
        constraints = [
            models.UniqueConstraint(fields=["interview", "position"], name="one_answer_per_position"),
        ]

    def __str__(self) -> str:
        return f"{self.interview_id}:{self.position}"

    @property
    def asked(self) -> FrozenQuestion:
        """The question as it was asked."""
        return FrozenQuestion.from_json(self.frozen)

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    def time_used(self, interview: Interview, at: datetime) -> float:
        """Seconds spent on this question up to `at`, the running visit included."""
        running = interview.submitted_at is None and interview.current_position == self.position
        end = min(at, interview.deadline)
        return self.seconds_used + (max(0.0, (end - interview.current_since).total_seconds()) if running else 0.0)
