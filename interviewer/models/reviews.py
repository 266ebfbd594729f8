"""What people find: their own scores beside the machine's, which one counts, and what was shown to whom before."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from interviewer.models.grades import Grade
from interviewer.models.interviews import Answer, Interview
from questions.models import AppendOnlyModel
from questions.models.append_only import AppendOnlyQuerySet

CLAIM_LASTS = timedelta(minutes=10)  # from a reviewer's last step in it


class HumanScore(AppendOnlyModel):
    """What one reviewer made of one answer, point by point; never changed: who thinks again adds a row.

    Scores of the phase "before" were given without any knowledge of the machine's, so they alone measure it. `grade`
    is what the machine had in force at that time. `score` is the sum by code of `judgements` (point's key → verdict).
    """

    class Phase(models.TextChoices):
        BEFORE = "before", _("before the machine's verdict was shown")
        AFTER = "after", _("after the machine's verdict was shown")

    answer = models.ForeignKey(Answer, models.CASCADE, verbose_name=_("answer"), related_name="human_scores")
    grade = models.ForeignKey(
        Grade, models.SET_NULL, verbose_name=_("the machine's grade at that time"), null=True, related_name="+"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("reviewer"), null=True, related_name="+"
    )
    at = models.DateTimeField(_("scored at"))
    phase = models.CharField(_("phase"), max_length=6, choices=Phase)
    judgements = models.JSONField(_("verdicts"))
    score = models.FloatField(_("score"))
    rubric_hash = models.CharField(_("rubric"), max_length=64)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("score by a person")
        verbose_name_plural = _("scores by people")
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["phase", "rubric_hash"], name="human_score_phase_rubric")]
        constraints = [
            models.UniqueConstraint(
                fields=["answer", "reviewer"], condition=Q(phase="before"), name="one_blind_score_per_reviewer"
            ),
            models.CheckConstraint(condition=Q(score__range=(0, 1)), name="human_score_within_range"),
            models.CheckConstraint(condition=Q(phase="before") | ~Q(reason=""), name="human_score_after_with_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.answer_id} · {self.score} ({self.phase})"


class Reveal(AppendOnlyModel):
    """The machine's verdict on an answer was shown to a reviewer; what they find from then on is not blind."""

    answer = models.ForeignKey(Answer, models.CASCADE, verbose_name=_("answer"), related_name="reveals")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("reviewer"), null=True, related_name="+"
    )
    revealed_at = models.DateTimeField(_("shown at"))

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["answer", "reviewer"], name="one_reveal_per_reviewer")]

    def __str__(self) -> str:
        return f"{self.answer_id} · {self.reviewer_id}"


class OverrideQuerySet(AppendOnlyQuerySet["Override"]):
    """Decisions on which score counts."""

    def in_force(self) -> models.QuerySet[Override]:
        """For a subquery on answers: of each answer, the newest decision."""
        return self.filter(answer=OuterRef("pk")).order_by("-pk")

    def standing(self) -> models.QuerySet[Override]:
        """Those by which a person's score counts at present."""
        newer = Override.objects.filter(answer=OuterRef("answer"), pk__gt=OuterRef("pk"))
        return self.filter(~Exists(newer), human_score__isnull=False)


class Override(AppendOnlyModel):
    """A decision which score of an answer counts: a person's, or (if none) the machine's again. The newest rules."""

    answer = models.ForeignKey(Answer, models.CASCADE, verbose_name=_("answer"), related_name="overrides")
    human_score = models.ForeignKey(HumanScore, models.CASCADE, verbose_name=_("score"), null=True, related_name="+")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("reviewer"), null=True, related_name="+"
    )
    at = models.DateTimeField(_("decided at"))
    reason = models.CharField(_("reason"), max_length=500)
    for_candidate = models.BooleanField(_("the candidate may read the reason"), default=False)

    objects = OverrideQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("decision which score counts")
        verbose_name_plural = _("decisions which score counts")
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["answer", "-id"], name="override_in_force")]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="override_with_reason")]

    def __str__(self) -> str:
        return f"{self.answer_id} · {self.human_score_id or '—'}"


class IdentityReveal(AppendOnlyModel):
    """A reviewer asked, for a reason, who sat an interview; from then on its pages tell them."""

    interview = models.ForeignKey(
        Interview, models.CASCADE, verbose_name=_("interview"), related_name="identity_reveals"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("reviewer"), null=True, related_name="+"
    )
    at = models.DateTimeField(_("revealed at"))
    reason = models.CharField(_("reason"), max_length=500)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["interview", "reviewer"], name="one_identity_reveal_per_reviewer"),
            models.CheckConstraint(condition=~Q(reason=""), name="identity_reveal_with_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.interview_id} · {self.reviewer_id}"


class ReviewClaimQuerySet(models.QuerySet["ReviewClaim"]):
    """Claims, and the taking of one."""

    def held(self, at: datetime) -> ReviewClaimQuerySet:
        return self.filter(until__gt=at)

    def take(self, interview: Interview, reviewer: int, at: datetime) -> bool:
        """Whether the claim is this reviewer's now, until `CLAIM_LASTS` from `at`; nobody else's is taken away."""
        self.get_or_create(interview=interview, defaults={"reviewer_id": reviewer, "until": at})
        mine_or_over = Q(reviewer=reviewer) | Q(reviewer__isnull=True) | Q(until__lte=at)
        found = self.filter(mine_or_over, interview=interview)
        return bool(found.update(reviewer_id=reviewer, until=at + CLAIM_LASTS))


class ReviewClaim(models.Model):
    """Who reviews an interview at present, so that two do not overwrite each other. It expires by itself."""

    interview = models.OneToOneField(
        Interview, models.CASCADE, verbose_name=_("interview"), related_name="review_claim"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("reviewer"), null=True, related_name="+"
    )
    until = models.DateTimeField(_("until"))

    objects = ReviewClaimQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.interview_id} · {self.reviewer_id}"
