"""Interview templates: what an interview is made of, and the rules of its clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from questions.models import Language, Topic


class InterviewTemplateQuerySet(models.QuerySet["InterviewTemplate"]):
    """Templates, narrowed."""

    def offered(self, at: datetime) -> InterviewTemplateQuerySet:
        """What candidates may sit, or will be able to: open to them, and the window not closed."""
        return self.filter(models.Q(closes_at__isnull=True) | models.Q(closes_at__gt=at), is_open=True)


class InterviewTemplate(models.Model):
    """What an interview is made of: which questions, in which language, for how long."""

    class Mode(models.TextChoices):
        PRACTICE = "practice", _("Practice")
        EXAM = "exam", _("Exam")

    class Expiry(models.TextChoices):
        AUTOSUBMIT = "autosubmit", _("hand in what was saved")
        GRACE = "grace", _("let the candidate write on for some minutes, marked late")
        ABANDON = "abandon", _("close it; a manager decides whether it is graded")

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
    expiry = models.CharField(_("when the time is over"), max_length=10, choices=Expiry, default=Expiry.AUTOSUBMIT)
    late_minutes = models.PositiveSmallIntegerField(
        _("late minutes"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=_("Only where the candidate may write on when the time is over."),
    )
    pause_minutes = models.PositiveSmallIntegerField(
        _("minutes of pause"),
        default=0,
        validators=[MaxValueValidator(480)],
        help_text=_("How long a candidate may pause in all; the questions are hidden meanwhile. 0: no pause."),
    )
    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True, help_text=_("Empty: at once."))
    closes_at = models.DateTimeField(
        _("closes at"),
        null=True,
        blank=True,
        help_text=_("Who starts late has only the time until then, extensions aside. Empty: never."),
    )
    is_open = models.BooleanField(_("open to candidates"), default=True)

    objects = InterviewTemplateQuerySet.as_manager()

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

    def clean(self) -> None:
        if self.opens_at and self.closes_at and self.closes_at <= self.opens_at:
            raise ValidationError({"closes_at": _("It must close after it opens.")})

    def has_opened(self, at: datetime) -> bool:
        return self.opens_at is None or self.opens_at <= at

    def time_from(self, at: datetime) -> timedelta:
        """How long an interview begun at `at` lasts, extensions aside: its limit, or less if the window closes before.

        Zero once the window is closed.
        """
        limit = timedelta(minutes=self.minutes)
        return limit if self.closes_at is None else max(min(limit, self.closes_at - at), timedelta())
