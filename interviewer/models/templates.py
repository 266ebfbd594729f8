"""Interview templates: what an interview is made of, and the rules of its clock.

What candidates were promised stays as it was: a template that somebody has sat changes by a new version alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

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


class TemplateInUse(Exception):
    """Somebody has sat an interview on this template: what it promised can only be changed by a new version."""


def home_organisation() -> int:
    """Whom a template belongs to unless somebody says otherwise."""
    from interviewer.models.hiring import Organisation

    return Organisation.objects.home().pk


class InterviewTemplate(models.Model):
    """What an interview is made of: which questions, in which language, for how long."""

    # What candidates were told and got: none of it changes once somebody has sat it, nor do topics and blueprint.
    PROMISED = (
        "organisation_id", "language", "question_count", "minutes", "seconds_per_question", "mode", "expiry",
        "late_minutes", "pause_minutes", "bands",
    )  # fmt: skip

    class Mode(models.TextChoices):
        PRACTICE = "practice", _("Practice")
        EXAM = "exam", _("Exam")

    class Expiry(models.TextChoices):
        AUTOSUBMIT = "autosubmit", _("hand in what was saved")
        GRACE = "grace", _("let the candidate write on for some minutes, marked late")
        ABANDON = "abandon", _("close it; a manager decides whether it is graded")

    organisation = models.ForeignKey(
        "interviewer.Organisation",
        models.PROTECT,
        verbose_name=_("organisation"),
        related_name="templates",
        default=home_organisation,
        help_text=_("Its managers see who sits this interview, and what was answered."),
    )
    version = models.PositiveSmallIntegerField(_("version"), default=1, editable=False)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, verbose_name=_("supersedes"), related_name="successor", null=True, editable=False
    )
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
    bands = models.JSONField(_("pass bands"), default=list, blank=True, editable=False)  # as `pass_bands` keeps them
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises TemplateInUse when this would change what somebody was promised."""
        if self.pk and not self._state.adding and self.is_used:
            before = type(self).objects.filter(pk=self.pk).values(*self.PROMISED).get()
            if any(getattr(self, name) != value for name, value in before.items()):
                raise TemplateInUse(self.name)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if self.opens_at and self.closes_at and self.closes_at <= self.opens_at:
            raise ValidationError({"closes_at": _("It must close after it opens.")})

    @property
    def is_used(self) -> bool:
        """Whether anybody has sat it."""
        return self.sittings.exists()

    def become_successor(self) -> None:
        """Store this row, with what was changed in it, as the next version; the one before is open to nobody any more.

        For use in a transaction. Topics and blueprint are the caller's to set.
        """
        before = self.pk
        self.pk, self.supersedes_id, self.version = None, before, self.version + 1
        self._state.adding = True
        self.save(force_insert=True)
        type(self).objects.filter(pk=before).update(is_open=False)

    def has_opened(self, at: datetime) -> bool:
        return self.opens_at is None or self.opens_at <= at

    def time_from(self, at: datetime) -> timedelta:
        """How long an interview begun at `at` lasts, extensions aside: its limit, or less if the window closes before.

        Zero once the window is closed.
        """
        limit = timedelta(minutes=self.minutes)
        return limit if self.closes_at is None else max(min(limit, self.closes_at - at), timedelta())


class BlueprintRow(models.Model):
    """A line of a blueprint: so many questions of a topic and of a range of difficulty, so long for each."""

    MINUTES = (MinValueValidator(1), MaxValueValidator(60))
    LEVELS = (MinValueValidator(1), MaxValueValidator(5))

    template = models.ForeignKey(
        InterviewTemplate, models.CASCADE, verbose_name=_("interview template"), related_name="blueprint"
    )
    order = models.PositiveSmallIntegerField(_("order"))
    topic = models.ForeignKey(Topic, models.PROTECT, verbose_name=_("topic"), null=True, blank=True, related_name="+")
    least_difficulty = models.PositiveSmallIntegerField(_("difficulty from"), default=1, validators=LEVELS)
    most_difficulty = models.PositiveSmallIntegerField(_("difficulty to"), default=5, validators=LEVELS)
    count = models.PositiveSmallIntegerField(
        _("questions"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    minutes_each = models.PositiveSmallIntegerField(_("minutes each"), default=5, validators=MINUTES)

    class Meta:
        verbose_name = _("blueprint row")
        verbose_name_plural = _("blueprint")
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["template", "order"], name="blueprint_order_once"),
            models.CheckConstraint(
                condition=models.Q(least_difficulty__gte=1, most_difficulty__lte=5)
                & models.Q(least_difficulty__lte=models.F("most_difficulty")),
                name="blueprint_difficulties_in_order",
            ),
            models.CheckConstraint(condition=models.Q(count__gte=1, minutes_each__gte=1), name="blueprint_asks"),
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.topic or '*'} {self.least_difficulty}–{self.most_difficulty}"

    @property
    def minutes(self) -> int:
        return self.count * self.minutes_each
