"""Interviews and their answers: stored facts, and the arithmetic of the clock. Time is always an argument."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils.translation import gettext_lazy as _

from interviewer.models.templates import InterviewTemplate
from questions.frozen import FrozenQuestion
from questions.models import Language, Question

TRANSIT = timedelta(seconds=settings.GRACE_SECONDS)  # how long a text typed in time may be on its way
ENDS_AT = F("deadline") + F("grace")


class InterviewQuerySet(models.QuerySet["Interview"]):
    """Interviews, narrowed."""

    def open(self) -> InterviewQuerySet:
        """Not handed in yet, whether or not the time is over."""
        return self.filter(submitted_at__isnull=True)

    def kept(self) -> InterviewQuerySet:
        """Those whose data is there; the others are tombstones, see `interviewer/privacy/`."""
        return self.filter(erased_at__isnull=True)

    def hold(self, pk: uuid.UUID) -> bool:
        """Take an interview's row until the transaction ends; False when its data is deleted.

        Whoever adds text about a candidate does this first, so that nothing is added while or after it is deleted.
        """
        return bool(self.kept().filter(pk=pk).update(erased_because=F("erased_because")))

    def abandoned(self) -> InterviewQuerySet:
        """Closed without being handed in."""
        return self.filter(submitted_by=Interview.SubmittedBy.NOBODY)

    def accepting(self, at: datetime) -> InterviewQuerySet:
        """Those that take text received at `at`: open, not paused, and not past their end and the time of transit."""
        return self.open().filter(GreaterThanOrEqual(ENDS_AT, at - TRANSIT), paused_at__isnull=True)

    def expired(self, at: datetime) -> InterviewQuerySet:
        """Open, running, but past their end and the time of transit: to be settled."""
        return self.open().filter(LessThan(ENDS_AT, at - TRANSIT), paused_at__isnull=True)

    def unattended(self, at: datetime) -> InterviewQuerySet:
        """Those that look expired at `at`, or whose pause has reached its bound."""
        return self.expired(at) | self.open().filter(paused_until__lte=at)


class Interview(models.Model):
    """One sitting by one candidate. "Running", "over" and "late" are derived from its times, never stored."""

    class SubmittedBy(models.TextChoices):
        CANDIDATE = "candidate", _("the candidate")
        CLOCK = "clock", _("the clock")
        NOBODY = "nobody", _("nobody: it was abandoned")

    class Because(models.TextChoices):
        """Why its data was deleted."""

        RETENTION = "retention", _("the time for which it is kept was over")
        WISH = "wish", _("the candidate wished so")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.ForeignKey(InterviewTemplate, models.PROTECT, verbose_name=_("template"), related_name="sittings")
    # Nobody once its data is deleted, and only then.
    candidate = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("candidate"), related_name="interviews", null=True
    )
    language = models.CharField(_("language"), max_length=10, choices=Language)
    mode = models.CharField(_("mode"), max_length=10, choices=InterviewTemplate.Mode)
    consented_at = models.DateTimeField(_("agreed at"))
    promised_days = models.PositiveIntegerField(_("days of retention that the candidate agreed to"), null=True)
    started_at = models.DateTimeField(_("started at"))
    # Fixed at the start. The deadline is their sum with every row of `extensions`; `interviewer/clock.py` keeps it so.
    base_deadline = models.DateTimeField(_("deadline at the start"))
    deadline = models.DateTimeField(_("deadline"))
    expiry = models.CharField(
        _("when the time is over"),
        max_length=10,
        choices=InterviewTemplate.Expiry,
        default=InterviewTemplate.Expiry.AUTOSUBMIT,
    )
    grace = models.DurationField(_("time to write on after the deadline, marked late"), default=timedelta)
    pause_allowance = models.DurationField(_("pause in all"), default=timedelta)
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    paused_until = models.DateTimeField(_("paused until at most"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("handed in at"), null=True, blank=True)
    submitted_by = models.CharField(_("handed in by"), max_length=10, choices=SubmittedBy, blank=True)
    receipt_sha256 = models.CharField(_("receipt"), max_length=64, blank=True)
    current_position = models.PositiveSmallIntegerField(_("current question"), default=1)
    current_since = models.DateTimeField(_("current question since"))
    touched_at = models.DateTimeField(_("last saved at"), null=True, blank=True)
    erased_at = models.DateTimeField(_("data deleted at"), null=True, blank=True)
    erased_because = models.CharField(_("data deleted because"), max_length=9, choices=Because, blank=True)

    objects = InterviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("interview")
        verbose_name_plural = _("interviews")
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["-started_at", "id"], name="interview_newest_first"),
            # What retention goes by, once a day.
            models.Index(
                fields=["promised_days", "submitted_at"],
                condition=models.Q(erased_at__isnull=True),
                name="interview_to_purge",
            ),
        ]
        permissions = [("review_interview", "Can review interviews and scorecards")]
        constraints = [
            models.UniqueConstraint(
                fields=["template", "candidate"],
                condition=models.Q(submitted_at__isnull=True),
                name="one_open_interview_per_template_and_candidate",
            ),
            models.CheckConstraint(
                condition=models.Q(deadline__gt=models.F("started_at")), name="interview_deadline_after_start"
            ),
            models.CheckConstraint(
                condition=models.Q(submitted_at__isnull=True) | ~models.Q(receipt_sha256=""),
                name="interview_submitted_with_receipt",
            ),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True, candidate__isnull=False, erased_because="")
                | models.Q(
                    erased_at__isnull=False,
                    candidate__isnull=True,
                    submitted_at__isnull=False,
                    erased_because__in=("retention", "wish"),
                ),
                name="interview_is_somebodys_until_deleted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} · {self.candidate or str(self.pk)[:8]}"

    def running_time(self, at: datetime) -> datetime:
        """`at` on this interview's clock, which stands still during a pause (and no longer than that may last)."""
        if self.paused_at is None or self.paused_until is None:
            return at
        return min(at, self.paused_at) if at < self.paused_until else at - (self.paused_until - self.paused_at)

    def remaining(self, at: datetime) -> timedelta:
        """Time left before the deadline as seen at `at`; zero once it is over or handed in."""
        if self.submitted_at is not None:
            return timedelta()
        return max(self.deadline - self.running_time(at), timedelta())

    def accepts(self, at: datetime) -> bool:
        """Whether text received at `at` still counts: on the server's clock, up to the end and the time of transit."""
        on_time = self.running_time(at) <= self.ends_at + TRANSIT
        return self.submitted_at is None and on_time and not self.is_paused(at)

    def is_paused(self, at: datetime) -> bool:
        """Whether its clock stands still at `at`; past the bound of a pause it runs, whoever has looked."""
        return bool(self.pause_remaining(at))

    def pause_remaining(self, at: datetime) -> timedelta:
        """How much longer the pause it is in may last; zero when it is in none."""
        return timedelta() if self.paused_until is None else max(self.paused_until - at, timedelta())

    @property
    def ends_at(self) -> datetime:
        """The last moment to write: the deadline, and the template's late minutes where it has some."""
        return self.deadline + self.grace

    def is_late(self, at: datetime) -> bool:
        """Whether what arrived at `at` was written after the deadline, in the minutes that a template may grant."""
        return at > self.deadline + TRANSIT

    @property
    def is_abandoned(self) -> bool:
        """Closed without being handed in: nothing is graded unless a manager asks for it."""
        return self.submitted_by == self.SubmittedBy.NOBODY

    @property
    def is_erased(self) -> bool:
        """Whether its data is deleted: what is left says that it took place, and nothing of whoever sat it."""
        return self.erased_at is not None

    @property
    def is_practice(self) -> bool:
        return self.mode == InterviewTemplate.Mode.PRACTICE

    @property
    def duration(self) -> timedelta:
        return self.deadline - self.started_at


class Answer(models.Model):
    """One asked question and what the candidate wrote, kept byte for byte, blanks included."""

    interview = models.ForeignKey(Interview, models.CASCADE, verbose_name=_("interview"), related_name="answers")
    position = models.PositiveSmallIntegerField(_("position"))
    question = models.ForeignKey(
        Question, models.SET_NULL, verbose_name=_("question"), null=True, related_name="answers"
    )
    frozen = models.JSONField(_("question as asked"))
    text = models.TextField(_("text"), blank=True)
    # For the statistics of questions, once the text is deleted; None while it is there.
    was_blank = models.BooleanField(_("nothing was written"), null=True)
    revision = models.PositiveIntegerField(_("revision"), default=0)
    saved_at = models.DateTimeField(_("saved at"), null=True, blank=True)
    flagged = models.BooleanField(_("flagged"), default=False)
    seconds_used = models.FloatField(_("seconds used"), default=0)
    seconds_suggested = models.PositiveIntegerField(_("suggested seconds"))

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["interview", "position"]
        constraints = [
            models.UniqueConstraint(fields=["interview", "position"], name="one_answer_per_position"),
        ]

    def __str__(self) -> str:
        return f"{self.interview_id}:{self.position}"

    @property
    def asked(self) -> FrozenQuestion:
        """The question as it was asked."""
        return FrozenQuestion.from_json(self.frozen)

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()

    def time_used(self, interview: Interview, at: datetime) -> float:
        """Seconds spent on this question up to `at`, the running visit included."""
        here = interview.submitted_at is None and interview.current_position == self.position
        running = here and interview.paused_at is None
        end = min(at, interview.ends_at)
        return self.seconds_used + (max(0.0, (end - interview.current_since).total_seconds()) if running else 0.0)
