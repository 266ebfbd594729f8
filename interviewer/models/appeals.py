"""What candidates say is wrong with a question or its grade, and the answer to it. Verbs: `interviewer/appeals.py`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from interviewer.models.interviews import Answer

LONGEST = 500  # characters of what either side says


class AppealQuerySet(models.QuerySet["Appeal"]):
    """Appeals, narrowed."""

    def open(self) -> AppealQuerySet:
        """Those that nobody has answered."""
        return self.filter(answered_at__isnull=True)

    def open_of_interview(self) -> Exists:
        """For a query on interviews: whether one of its answers has an open appeal."""
        return Exists(self.open().filter(answer__interview=OuterRef("pk")))


class Appeal(models.Model):
    """One for each answer. The candidate may change its words until it is answered; `revision` counts how often.

    Upheld means that something is wrong indeed. It changes no score by itself: which one counts is decided in review.
    """

    answer = models.OneToOneField(Answer, models.CASCADE, verbose_name=_("answer"), related_name="appeal")
    reason = models.CharField(_("what is wrong"), max_length=LONGEST)
    made_at = models.DateTimeField(_("made at"))
    revision = models.PositiveIntegerField(default=1)

    answered_at = models.DateTimeField(_("answered at"), null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("answered by"), null=True, related_name="+"
    )
    upheld = models.BooleanField(_("upheld"), null=True)
    reply = models.CharField(_("answer to the candidate"), max_length=LONGEST, blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        default_permissions = ()
        indexes = [
            # Few are open, among very many answers.
            models.Index(fields=["answer"], condition=Q(answered_at__isnull=True), name="appeal_open"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="appeal_with_reason"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, upheld__isnull=True, reply="")
                | (Q(answered_at__isnull=False, upheld__isnull=False) & ~Q(reply="")),
                name="appeal_answered_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer_id} · {self.upheld}"

    @property
    def is_open(self) -> bool:
        return self.answered_at is None
