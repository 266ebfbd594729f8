"""Results of the grader's exam: what was examined, and what was found. Rows are added, never changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from interviewer.exam import Subject


class ExamResultQuerySet(models.QuerySet["ExamResult"]):
    """Results, narrowed."""

    def of(self, subject: Subject) -> ExamResultQuerySet:
        """Whole exams of exactly this grader, model, prompt, rubric and code; the newest first."""
        return self.filter(is_quick=False, **dataclasses.asdict(subject))

    def latest_of_each(self) -> ExamResultQuerySet:
        """The newest row of every grader."""
        newest = self.order_by().values("grader").annotate(newest=models.Max("pk")).values("newest")
        return self.filter(pk__in=newest)


class ExamResult(models.Model):
    """One exam that a grader sat. A quick run never passes: it tries only a part of the cases."""

    grader = models.CharField(_("grader"), max_length=10)
    model = models.CharField(_("model"), max_length=200, blank=True)
    prompt_hash = models.CharField(_("prompt"), max_length=64, blank=True)
    rubric_hash = models.CharField(_("rubric"), max_length=64)
    exam_hash = models.CharField(_("cases of the exam"), max_length=64)
    code_hash = models.CharField(_("grading code"), max_length=64)
    ran_at = models.DateTimeField(_("examined at"))
    is_quick = models.BooleanField(_("quick run"), default=False)
    passed = models.BooleanField(_("passed"))
    report = models.JSONField(_("report"))

    objects = ExamResultQuerySet.as_manager()

    class Meta:
        verbose_name = _("exam of a grader")
        verbose_name_plural = _("exams of the graders")
        ordering = ["-pk"]
        default_permissions = ["view"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(passed=False) | models.Q(is_quick=False), name="quick_exam_never_passes"
            )
        ]

    def __str__(self) -> str:
        return f"{self.grader} · {self.model}"
