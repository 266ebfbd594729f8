"""What a person decided about a candidate, and the packets in which that is handed on. Rows are added only."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from interviewer.models.interviews import Interview
from questions.models import AppendOnlyModel

LONGEST_REASON = 4_000  # characters


class Decision(AppendOnlyModel):
    """One decision by one person, with a reason. The newest of an interview is in force; earlier ones are kept.

    The program never makes one: no score, however low, decides anything.
    """

    class Outcome(models.TextChoices):
        ADVANCE = "advance", _("Advance")
        HOLD = "hold", _("Hold")
        DECLINE = "decline", _("Decline")

    interview = models.ForeignKey(Interview, models.CASCADE, verbose_name=_("interview"), related_name="decisions")
    outcome = models.CharField(_("decision"), max_length=8, choices=Outcome)
    reason = models.TextField(_("reason"), validators=[MaxLengthValidator(LONGEST_REASON)])
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("decided by"), null=True, related_name="+"
    )
    at = models.DateTimeField(_("decided at"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["interview", "-id"], name="decision_in_force")]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="decision_has_a_reason"),
            models.CheckConstraint(
                condition=Q(outcome__in=("advance", "hold", "decline")), name="decision_is_one_of_three"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.interview_id} · {self.outcome}"


class Packet(AppendOnlyModel):
    """All that led to a decision, as it was when the packet was made: a signed JSON file and a signed PDF file."""

    interview = models.ForeignKey(Interview, models.CASCADE, verbose_name=_("interview"), related_name="packets")
    decision = models.ForeignKey(Decision, models.CASCADE, verbose_name=_("decision"), related_name="packets")
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("made by"), null=True, related_name="+"
    )
    json = models.BinaryField()
    pdf = models.BinaryField()

    class Meta:
        verbose_name = _("decision packet")
        verbose_name_plural = _("decision packets")
        ordering = ["-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.interview_id} · {self.made_at}"
