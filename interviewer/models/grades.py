"""Grades: the queue of record and the results, in one table.

A grade is asked for in the transaction that hands an interview in. A worker claims it with a lease, and writes the
verdict only while that lease is its own. The broker merely wakes workers: a lost message loses nothing.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from interviewer.models.faults import WithReason
from interviewer.models.interviews import Answer

# What a grading reads. Of all five rows whole the query alone was a quarter of what a grading took.
CLAIMED = (
    "grader", "tries", "lease", "answer__text", "answer__frozen",
    *(f"answer__interview__candidate__{field}" for field in ("username", "first_name", "last_name", "email")),
    *(f"answer__interview__invitation__{field}" for field in ("interview", "name", "email")),
)  # fmt: skip


class GradeQuerySet(models.QuerySet["Grade"]):
    """Grades, narrowed; and the claim, which is one conditional update."""

    def pending(self) -> GradeQuerySet:
        return self.filter(status=Grade.Status.PENDING)

    def claimable(self, at: datetime) -> GradeQuerySet:
        """Pending, due, with tries left, and leased to nobody at `at`."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=at)
        return self.pending().filter(free, next_try_at__lte=at, tries__lt=settings.GRADING_MAX_TRIES)

    def exhausted(self, at: datetime) -> GradeQuerySet:
        """Pending, with no tries left and nobody working on it: its workers died each time."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=at)
        return self.pending().filter(free, tries__gte=settings.GRADING_MAX_TRIES)

    def suspects(self, at: datetime) -> GradeQuerySet:
        """With one try left, and a lease that ran out: workers died of them, or of what they graded beside them."""
        return self.pending().filter(tries=settings.GRADING_MAX_TRIES - 1, leased_until__lt=at)

    def on_trial(self, at: datetime) -> GradeQuerySet:
        """Those whose last try is under way, and suspects of whom workers have just been told."""
        lately = at - timedelta(seconds=settings.GRADING_WAKE_SECONDS)
        told = self.suspects(at).filter(woken_at__gte=Greatest(F("leased_until"), lately))
        return told | self.pending().filter(tries__gte=settings.GRADING_MAX_TRIES, leased_until__gte=at)

    def unheard(self, at: datetime) -> GradeQuerySet:
        """Claimable, but no message for it is likely to be on its way: a worker must be woken (again)."""
        quiet = Q(woken_at__isnull=True) | Q(woken_at__lt=at - timedelta(seconds=settings.GRADING_WAKE_SECONDS))
        return self.claimable(at).filter(quiet | Q(woken_at__lt=F("next_try_at")))

    def too_old(self, at: datetime) -> GradeQuerySet:
        """Claimable, but asked for so long ago that waiting for the model server to come back is no plan any more."""
        return self.claimable(at).filter(
            grader="llm", created_at__lt=at - timedelta(hours=settings.LLM_MOST_OUTAGE_HOURS)
        )

    def in_force(self) -> GradeQuerySet:
        """For a subquery on answers: of each answer the done grades, the one that counts first."""
        return self.filter(answer=OuterRef("pk"), status=Grade.Status.DONE).order_by("-pk")

    def parked(self) -> GradeQuerySet:
        """Left to a person, and nobody has asked for another grade of the answer since."""
        newer = Grade.objects.filter(answer=OuterRef("answer"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(newer), status=Grade.Status.FAILED)

    def hold(self, pk: int) -> bool:
        """Whether grade `pk` waits for a model: then it counts as unheard of until the sweeper announces it."""
        return bool(self.pending().filter(pk=pk, grader="llm").update(woken_at=None))

    def claim(self, pk: int, at: datetime) -> Grade | None:
        """Lease grade `pk` to the caller, or None when it is done, not due, or somebody else's."""
        lease = uuid.uuid4()
        until = at + timedelta(seconds=settings.GRADING_LEASE_SECONDS)
        taken = self.claimable(at).filter(pk=pk).update(lease=lease, leased_until=until, tries=F("tries") + 1)
        if not taken:
            return None
        # With who wrote it, so that no model is told.
        rows = self.select_related("answer__interview__candidate", "answer__interview__invitation")
        return rows.only(*CLAIMED).get(pk=pk)


class Grade(WithReason):
    """One grading of one answer. The latest that is done is in force; earlier ones are kept, never overwritten."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Not graded yet")
        DONE = "done", _("Graded")
        FAILED = "failed", _("Waiting for a person")

    answer = models.ForeignKey(Answer, models.CASCADE, verbose_name=_("answer"), related_name="grades")
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PENDING)
    grader = models.CharField(_("grader"), max_length=10)
    created_at = models.DateTimeField(_("asked for at"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("asked for by"), null=True, related_name="+"
    )
    # The job.
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try at"))
    woken_at = models.DateTimeField(_("last announced at"), null=True)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(_("leased until"), null=True)
    # The result.
    graded_at = models.DateTimeField(_("graded at"), null=True)
    score = models.FloatField(_("score"), null=True)
    verdict = models.JSONField(_("verdict"), null=True)
    model = models.CharField(_("model"), max_length=200, blank=True)
    prompt_hash = models.CharField(_("prompt"), max_length=64, blank=True)
    rubric_hash = models.CharField(_("rubric"), max_length=64, blank=True)
    low_trust = models.BooleanField(_("low trust"), default=False)  # a flag of the verdict, to be looked for
    # What it cost, over all tries, those in vain included; see `interviewer/budget.py`.
    calls = models.PositiveIntegerField(_("model calls"), default=0)
    prompt_tokens = models.PositiveIntegerField(_("tokens read"), default=0)
    completion_tokens = models.PositiveIntegerField(_("tokens written"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=6, default=0)
    spent_at = models.DateTimeField(_("last cost something at"), null=True)

    objects = GradeQuerySet.as_manager()

    class Meta:
        verbose_name = _("grade")
        verbose_name_plural = _("grades")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["status", "next_try_at"]),
            models.Index(fields=["graded_at"]),
            # Covers the sums of a day, which would otherwise read every verdict of that day.
            models.Index(fields=["spent_at", "prompt_tokens", "completion_tokens", "cost"], name="grade_spending"),
            # The grade in force: without it PostgreSQL may look through all done grades for each answer.
            models.Index(fields=["answer", "-id"], condition=Q(status="done"), name="grade_in_force"),
            # What the queue of reviewers looks for, among very many.
            models.Index(fields=["answer"], condition=Q(low_trust=True), name="grade_low_trust"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["answer"], condition=Q(status="pending"), name="one_pending_grade_per_answer"
            ),
            models.CheckConstraint(
                # A check lets NULL pass ("unknown"), so that the range alone would allow a missing score.
                condition=Q(status="done", score__isnull=False, score__range=(0, 1), verdict__isnull=False)
                | (~Q(status="done") & Q(score__isnull=True, verdict__isnull=True)),
                name="grade_scored_exactly_when_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer_id} · {self.get_status_display()}"

    def _mine(self) -> GradeQuerySet:
        """This row while the lease it was claimed with still holds; a late worker finds nothing."""
        return Grade.objects.pending().filter(pk=self.pk, lease=self.lease)

    def finish(self, *, score: float, verdict: dict[str, Any], at: datetime, **more: Any) -> bool:
        """Write the verdict and `more` fields. False when another worker holds the lease by now: its verdict stands."""
        fields = {
            "score": score,
            "verdict": verdict,
            "low_trust": "low_trust" in verdict.get("flags", ()),
            "graded_at": at,
        }
        return bool(self._mine().update(status=self.Status.DONE, error="", **fields, **more))

    def put_off(self, error: str, values: dict[str, Any], until: datetime, **more: Any) -> bool:
        """Give the lease back and try again at `until`."""
        return self._give_back(error=error, error_values=values, next_try_at=until, **more)

    def give_back(self) -> bool:
        """Give the lease back as if it had never been claimed."""
        return self._give_back(tries=F("tries") - 1, woken_at=None)

    def park(self, error: str, values: dict[str, Any], **more: Any) -> bool:
        """Leave it to a person, who can ask for the answer to be graded again."""
        return self._give_back(status=self.Status.FAILED, error=error, error_values=values, **more)

    def _give_back(self, **fields: Any) -> bool:
        return bool(self._mine().update(lease=None, leased_until=None, **fields))

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens
