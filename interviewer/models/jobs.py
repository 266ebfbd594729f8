"""Errands that a person asked for and a worker runs: long imports, trial gradings, searches by meaning.

The row is the queue of record, as with grades: a worker claims it with a lease, and ends it only while that is its own.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from interviewer.models.faults import WithReason

LEASE = timedelta(minutes=2)  # renewed with every report of progress
MAX_TRIES = 2
KEPT = timedelta(days=7)  # what has ended stays for its owner to look at, with all that was typed into it
WAKE = timedelta(seconds=30)  # a message unheard for so long is taken for lost


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs, narrowed; and the claim, which is one conditional update."""

    def pending(self) -> JobQuerySet:
        return self.filter(status=Job.Status.PENDING)

    def free(self, at: datetime) -> JobQuerySet:
        """Pending, and leased to nobody at `at`."""
        return self.pending().filter(Q(leased_until__isnull=True) | Q(leased_until__lt=at))

    def unheard(self, at: datetime) -> JobQuerySet:
        """Free, with tries left, and no message for it is likely to be on its way."""
        return self.free(at).filter(tries__lt=MAX_TRIES, woken_at__lt=at - WAKE)

    def to_forget(self, at: datetime) -> JobQuerySet:
        """Ended so long ago that nobody will look for the result any more."""
        return self.filter(ended_at__lt=at - KEPT)

    def claim(self, pk: uuid.UUID | str, at: datetime) -> Job | None:
        """Lease job `pk` to the caller, or None when it is ended or somebody else's."""
        lease = uuid.uuid4()
        free = self.free(at).filter(pk=pk, tries__lt=MAX_TRIES)
        taken = free.update(lease=lease, leased_until=at + LEASE, tries=F("tries") + 1, done=0, total=0)
        return self.select_related("owner").get(pk=pk) if taken else None


class Job(WithReason):
    """One errand. `kind` names who runs it (`interviewer/jobs`); `payload` and `result` are its input and output."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Under way")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=40)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("asked for by"), related_name="jobs", null=True
    )
    payload = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(_("asked for at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    woken_at = models.DateTimeField()
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        default_permissions = ()
        indexes = [
            models.Index(fields=["woken_at"], condition=Q(status="pending"), name="job_to_announce"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="job_to_forget"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def report(self, done: int, total: int, at: datetime) -> bool:
        """Say how far it is, and keep the lease; False when it is somebody else's by now."""
        mine = Job.objects.pending().filter(pk=self.pk, lease=self.lease)
        return bool(mine.update(done=done, total=total, leased_until=at + LEASE))

    def keep(self, until: datetime) -> bool:
        """Keep the lease until then, for a step longer than a lease lasts; False when it is somebody else's by now."""
        return bool(Job.objects.pending().filter(pk=self.pk, lease=self.lease).update(leased_until=until))

    def finish(self, result: dict[str, Any], at: datetime) -> bool:
        """End it with a result while the lease is still the caller's; False, and nothing written, otherwise."""
        return self._end(at, status=Job.Status.DONE, result=result, error="", error_values={}, done=F("total"))

    def fail(self, error: str, values: dict[str, Any], at: datetime) -> bool:
        """End it with a reason for a person (an English sentence that the catalogue knows)."""
        return self._end(at, status=Job.Status.FAILED, error=error, error_values=values)

    def _end(self, at: datetime, **fields: Any) -> bool:
        mine = Job.objects.pending().filter(pk=self.pk, lease=self.lease)
        return bool(mine.update(lease=None, leased_until=None, ended_at=at, **fields))
