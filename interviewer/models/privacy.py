"""When what is due was last deleted. The verbs are in `interviewer/privacy/`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

AGAIN_AFTER = timedelta(minutes=10)  # a round that has not ended by then is taken for dead


class PurgeRun(models.Model):
    """One row: when everything due had last been deleted, and when somebody last began a round of that."""

    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def is_due(self, at: datetime) -> bool:
        """Whether a new day has begun since, where the program is, and nobody is at it."""
        if self.begun_at is not None and at - self.begun_at < AGAIN_AFTER:
            return False
        return self.ended_at is None or timezone.localdate(at) > timezone.localdate(self.ended_at)
