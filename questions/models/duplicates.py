"""Pairs of questions that look the same, and what a curator decided. `questions/pairs.py` writes them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from questions.models.bank import Question

SURE, LIKELY = 0.8, 0.6  # scores: of the measured pairs all were the same from the one on, three in four from the other


class DuplicatePairQuerySet(models.QuerySet["DuplicatePair"]):
    """Pairs, narrowed."""

    def in_use(self) -> DuplicatePairQuerySet:
        """Of questions that are neither retired nor merged."""
        retired = Question.Status.RETIRED
        return self.exclude(one__status=retired).exclude(other__status=retired)

    def undecided(self) -> DuplicatePairQuerySet:
        """Those that wait for a curator, the surest first."""
        return self.in_use().filter(judged_at__isnull=True).order_by("-score", "one", "other")

    def set_aside(self) -> DuplicatePairQuerySet:
        """Those that were judged not to be the same, the latest first."""
        return self.filter(judged_at__isnull=False).order_by("-judged_at", "one", "other")


class DuplicatePair(models.Model):
    """Two questions that were found to be (nearly) the same; `judged_at` says that a curator found they are not.

    `said` is known by the texts of both: with another one the judgement is of texts that are no more.
    """

    class Kind(models.TextChoices):
        """Why two questions count as the same: the strongest reason."""

        SAME_TEXT = "same-text", _("the same text")
        SAME_ANSWER = "same-answer", _("nearly the same words in the answers")
        SAME_QUESTION = "same-question", _("nearly the same words in the questions")
        MEANING = "meaning", _("the same meaning in other words")

    one = models.ForeignKey(Question, models.CASCADE, verbose_name=_("question"), related_name="+")
    other = models.ForeignKey(Question, models.CASCADE, verbose_name=_("other question"), related_name="+")
    score = models.FloatField(_("score"))  # 0–1, see `questions/sameness.py`
    kind = models.CharField(_("why"), max_length=16, choices=Kind)
    said = models.CharField(max_length=64)
    found_at = models.DateTimeField(_("found at"))
    judged_at = models.DateTimeField(_("judged at"), null=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("judged by"), related_name="+", null=True
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    objects = DuplicatePairQuerySet.as_manager()

    class Meta:
        verbose_name = _("pair of near-duplicates")
        verbose_name_plural = _("pairs of near-duplicates")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="duplicate_pair_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.one_id}:{self.other_id}"

    @property
    def certainty(self) -> str:
        """How sure it is that the two are the same, in words; what they rest on: benchmarks/duplicates.md."""
        if self.score >= SURE:
            return gettext("almost certainly the same")
        return gettext("probably the same") if self.score >= LIKELY else gettext("perhaps the same")


class DuplicateSearch(models.Model):
    """One row: when near-duplicates were last looked for, among how many questions, and whether only by words."""

    searched_at = models.DateTimeField()
    questions = models.PositiveIntegerField()
    words_only = models.BooleanField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.searched_at}: {self.questions}"
