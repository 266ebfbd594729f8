"""Model servers, and what all workers together know of each. The circuit breaker is `interviewer/breaker.py`."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from interviewer.models.faults import WithReason


class Endpoint(WithReason):
    """One model on one server. While it is down nobody asks it, but for one probe at a time."""

    name = models.CharField(_("name"), max_length=300, unique=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failed_at = models.DateTimeField(_("last failed at"), null=True)
    down_since = models.DateTimeField(_("down since"), null=True)
    # While it is down: when a worker may ask, and how many have been let through.
    probe_at = models.DateTimeField(_("next probe at"), null=True)
    probes = models.PositiveIntegerField(_("probes"), default=0)

    class Meta:
        verbose_name = _("model server")
        verbose_name_plural = _("model servers")
        default_permissions = ["view"]
        permissions = [("operate", "Can see how grading goes and try again what waits for a person")]
        constraints = [
            models.CheckConstraint(
                condition=Q(down_since__isnull=True, probe_at__isnull=True)
                | Q(down_since__isnull=False, probe_at__isnull=False),
                name="endpoint_is_probed_exactly_while_down",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_down(self) -> bool:
        return self.down_since is not None

    def takes(self, at: datetime) -> int | None:
        """How many requests it may be sent at `at`: any number (None), one probe, or none."""
        if self.probe_at is None:
            return None
        return 1 if self.probe_at <= at else 0
