"""What asking the model cost outside of grades: a curator's trials and proposals. Rows are added, never changed.

A row outlives the job that caused it and whoever asked for that, so that a day's sum never shrinks.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Spending(models.Model):
    """What one errand asked of the model, tries in vain included; see `interviewer/budget.py`."""

    kind = models.CharField(_("kind"), max_length=40)  # of the job
    spent_at = models.DateTimeField(_("spent at"))
    calls = models.PositiveIntegerField(_("model calls"))
    prompt_tokens = models.PositiveIntegerField(_("tokens read"))
    completion_tokens = models.PositiveIntegerField(_("tokens written"))
    seconds = models.FloatField(_("seconds"))
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=6)

    class Meta:
        verbose_name = _("spending")
        verbose_name_plural = _("spending")
        default_permissions = ()
        indexes = [
            models.Index(fields=["spent_at", "prompt_tokens", "completion_tokens", "cost"], name="errand_spending")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.spent_at:%Y-%m-%d}"
