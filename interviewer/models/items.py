"""How questions fare: one row for each, computed from the answers to it. The verb is `interviewer/item_health.py`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.forms import model_to_dict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from interviewer import item_statistics
from questions.models import Question

AGAIN_AFTER = timedelta(minutes=10)  # a computation that has not ended by then is taken for dead


class ItemStatisticsQuerySet(models.QuerySet["ItemStatistics"]):
    """Statistics, narrowed and ordered."""

    def of_the_bank(self) -> ItemStatisticsQuerySet:
        """Of questions that are asked: drafts and retired ones harm nobody."""
        return self.filter(question__status=Question.Status.PUBLISHED)

    def worst_first(self) -> ItemStatisticsQuerySet:
        """By expected harm; what does none just now, by how bad it would be; then those with most answers."""
        return self.order_by("-harm", "-severity", "-reached", "question__slug")

    def never_asked(self) -> ItemStatisticsQuerySet:
        """In no interview that was handed in, in whatever text."""
        return self.filter(last_asked_at__isnull=True)

    def with_reason(self, code: str) -> ItemStatisticsQuerySet:
        return self.filter(reasons__contains=f" {code} ")


class ItemStatistics(models.Model):
    """What the answers to a question's present text say of it. Nothing here is anybody's: only sums.

    A figure that rests on too few answers is None, its chart an empty list; the n beside it says how few they are.
    """

    question = models.OneToOneField(Question, models.CASCADE, related_name="statistics", primary_key=True)
    computed_at = models.DateTimeField()
    # SHA-256 (hex) of prompt, kind, reference and points: answers to another text are not counted.
    task_hash = models.CharField(max_length=64)
    changed_at = models.DateTimeField()
    last_asked_at = models.DateTimeField(null=True)

    # In interviews that were handed in. `reached`: opened before the time was over; nothing else counts below.
    asked = models.PositiveIntegerField(default=0)
    asked_before = models.PositiveIntegerField(default=0)
    reached = models.PositiveIntegerField(default=0)
    blank = models.PositiveIntegerField(default=0)

    # The n of the figures that follow it, each time.
    scored = models.PositiveIntegerField(default=0)
    mean = models.FloatField(null=True)  # 0–1
    mean_low = models.PositiveSmallIntegerField(null=True)  # in points of 100
    mean_high = models.PositiveSmallIntegerField(null=True)
    graders = models.JSONField(default=dict)  # grader → scores

    pairs = models.PositiveIntegerField(default=0)
    discrimination = models.FloatField(null=True)

    timed = models.PositiveIntegerField(default=0)
    over = models.PositiveIntegerField(default=0)  # took longer than suggested
    seconds = models.FloatField(null=True)  # median used
    suggested = models.FloatField(null=True)  # median suggested

    # Blind scores by people beside the machine's grade in force of the same answer and rubric.
    doubles = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)  # on one level of six
    far = models.PositiveIntegerField(default=0)  # more than one level apart
    kappa = models.FloatField(null=True)  # weighted; None too where all gave one and the same level
    difference = models.FloatField(null=True)  # mean of machine − person, −1 to 1

    # Of all answers to the present text, opened or not.
    appeals = models.PositiveIntegerField(default=0)
    appeals_open = models.PositiveIntegerField(default=0)
    appeals_upheld = models.PositiveIntegerField(default=0)

    # When a person last wrote, changed, published or confirmed what it says now; None: it only came in so.
    reviewed_at = models.DateTimeField(null=True)

    # Interviews of the last 90 days that asked it, and that could have.
    exposed = models.PositiveIntegerField(default=0)
    could = models.PositiveIntegerField(default=0)

    score_bins = models.JSONField(default=list)  # counts
    time_bins = models.JSONField(default=list)  # counts
    rest_bins = models.JSONField(default=list)  # [count, mean score 0–1]

    # Codes of `item_statistics.WEIGHTS`, the most harmful first, a blank before and after each.
    reasons = models.CharField(max_length=60, blank=True)
    severity = models.FloatField(default=0)
    harm = models.FloatField(default=0)

    objects = ItemStatisticsQuerySet.as_manager()

    class Meta:
        verbose_name = _("statistics of a question")
        verbose_name_plural = _("statistics of questions")
        default_permissions = ["view"]

    def __str__(self) -> str:
        return f"{self.question_id}: n = {self.reached}"

    @property
    def codes(self) -> list[str]:
        return self.reasons.split()

    @property
    def skipped(self) -> int:
        """How often the time was over before the question was opened."""
        return self.asked - self.reached

    @property
    def blank_share(self) -> float | None:
        return self._share(self.blank, self.reached, item_statistics.LEAST_ANSWERS)

    @property
    def over_share(self) -> float | None:
        return self._share(self.over, self.timed, item_statistics.LEAST_ANSWERS)

    @property
    def exposure(self) -> float | None:
        """The share of the recent interviews that could have asked it which did."""
        return self._share(self.exposed, self.could, item_statistics.LEAST_CHANCES)

    @property
    def same_share(self) -> float | None:
        """The share of double scores in which the machine and a person gave the same level."""
        return self._share(self.same, self.doubles, item_statistics.LEAST_DOUBLES)

    @property
    def difference_of_100(self) -> str:
        """By how many points of 100 the machine's scores differ on average, with its sign."""
        points = round(100 * (self.difference or 0.0))
        return f"{'−' if points < 0 else '+'}{abs(points)}"

    @property
    def unlooked_since(self) -> datetime:
        """Since when nobody has looked at it: the last review, else since it says what it says."""
        return self.reviewed_at or self.changed_at

    def is_stale(self, at: datetime) -> bool:
        """Whether it is asked, and nobody has looked at it for too long. What was never asked is told apart."""
        return self.last_asked_at is not None and at - self.unlooked_since > timedelta(days=settings.STALE_DAYS)

    def judge(self, at: datetime) -> None:
        """Find reasons and harm anew from the figures that are there."""
        for name, value in item_statistics.harm(model_to_dict(self), stale=self.is_stale(at)).items():
            setattr(self, name, value)

    @property
    def blank_interval(self) -> tuple[float, float] | None:
        return None if self.blank_share is None else item_statistics.wilson(self.blank, self.reached)

    @property
    def discrimination_interval(self) -> tuple[float, float] | None:
        return None if self.discrimination is None else item_statistics.fisher(self.discrimination, self.pairs)

    def _share(self, count: int, n: int, least: int) -> float | None:
        return count / n if n >= least else None


class ItemHealthRun(models.Model):
    """One row: when the statistics were last computed, and when somebody last began to."""

    begun_at = models.DateTimeField(null=True)
    computed_at = models.DateTimeField(null=True)
    answers = models.PositiveIntegerField(default=0)

    def is_due(self, at: datetime) -> bool:
        """Whether a new day has begun since, where the program is, and nobody is at it."""
        if self.begun_at is not None and at - self.begun_at < AGAIN_AFTER:
            return False
        return self.computed_at is None or timezone.localdate(at) > timezone.localdate(self.computed_at)
