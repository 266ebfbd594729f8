"""What happened during an attempt, beyond what the interview's own rows say. Rows are added, never changed."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from interviewer.models.interviews import Interview


class InterviewEvent(models.Model):
    """One event of an attempt. `at` is the server's time; what only the browser says stands in `data`.

    `page` and `sequence` name the entry of a browser's log that reported the event: an entry counts once, however
    often it is sent.
    """

    class Kind(models.TextChoices):
        OPENED = "opened"
        SAVED = "saved"
        DISCONNECTED = "disconnected"
        RESUMED = "resumed"
        IN_TIME = "in-time"
        LATE = "late"
        UNSENT = "unsent"

    interview = models.ForeignKey(Interview, models.CASCADE, verbose_name=_("interview"), related_name="events")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    at = models.DateTimeField(_("at"))
    position = models.PositiveSmallIntegerField(_("question"), null=True, blank=True)
    page = models.CharField(_("page"), max_length=32, blank=True)
    sequence = models.PositiveIntegerField(_("sequence number"), null=True, blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("event of an interview")
        verbose_name_plural = _("events of interviews")
        ordering = ["interview", "at", "pk"]
        default_permissions = ["view"]
        constraints = [
            models.UniqueConstraint(fields=["interview", "page", "sequence"], name="one_event_per_log_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.interview_id}: {self.kind}"

    @property
    def claimed_at(self) -> datetime | None:
        """When it happened by the browser's account."""
        claimed = self.data.get("claimed_at")
        return datetime.fromisoformat(claimed) if claimed else None
