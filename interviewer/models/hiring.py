"""Hiring: organisations, their positions, and invitations by which people sit an interview without an account."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from interviewer.models.faults import WithReason
from interviewer.models.grades import Grade
from interviewer.models.interviews import Answer, Interview
from interviewer.models.reviews import Override
from interviewer.models.templates import InterviewTemplate
from questions.models import Language

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is taken for another when read aloud or written down
CODE_LENGTH = 6
LASTS = timedelta(days=7)  # how long a link is good for unless somebody says otherwise


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    """Organisations, narrowed."""

    def home(self) -> Organisation:
        """The one that templates belong to unless somebody says otherwise: the oldest, made where there is none."""
        return self.order_by("pk").first() or self.create(name=gettext("This site"))


class Organisation(models.Model):
    """Who hires. Its members, if they are managers, see what belongs to it and nothing of others."""

    name = models.CharField(_("name"), max_length=120)
    contact = models.CharField(
        _("contact"),
        max_length=200,
        blank=True,
        help_text=_(
            "Whom candidates may ask for another way, for extra time, or about their data: a name and address."
        ),
    )
    alternative = models.TextField(
        _("human alternative"),
        max_length=600,
        blank=True,
        help_text=_("What you offer to candidates who do not want to be interviewed by a program. They read it first."),
    )
    retention_days = models.PositiveIntegerField(
        _("days of retention"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_(
            "So many days after it was handed in, an interview's data is deleted by itself, with the name and address "
            "of its invitation; candidates are told before they agree. Empty: nothing is deleted by itself."
        ),
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("members"), related_name="organisations", blank=True
    )

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class PositionQuerySet(models.QuerySet["Position"]):
    """Positions, with how far their candidates are."""

    def open(self) -> PositionQuerySet:
        return self.filter(closed_at__isnull=True)

    def with_progress(self) -> PositionQuerySet:
        """Each with how many are `invited`, and of those have `opened` the link, are `running`, `handed_in`, `graded`.

        All in one query; a revoked link that was never used counts nowhere.
        """
        invited = Invitation.objects.filter(~Q(revoked_at__isnull=False, interview__isnull=True))
        return self.annotate(
            invited=_how_many(invited),
            opened=_how_many(invited.filter(Q(opened_at__isnull=False) | Q(accepted_at__isnull=False))),
            running=_how_many(invited.filter(interview__isnull=False, interview__submitted_at__isnull=True)),
            handed_in=_how_many(invited.filter(interview__submitted_at__isnull=False)),
            graded=_how_many(invited.with_stage().filter(Q(stage=Invitation.Stage.GRADED))),
        )


def _how_many(found: QuerySet[Invitation]) -> Coalesce:
    """The number of those of each position, as a subquery."""
    counts = found.filter(position=OuterRef("pk")).order_by().values("position").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts), 0)


class Position(models.Model):
    """A post to fill. What its candidates are asked is a template of its own, whose versions follow one another."""

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="positions"
    )
    title = models.CharField(_("title"), max_length=120)
    template = models.OneToOneField(
        InterviewTemplate, models.PROTECT, verbose_name=_("interview template"), related_name="position"
    )
    created_at = models.DateTimeField(_("created at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("created by"), null=True, related_name="+"
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    objects = PositionQuerySet.as_manager()

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.title


def new_token() -> str:
    """What makes up a link: 192 random bits."""
    return secrets.token_urlsafe(24)


def token_hash(token: str) -> str:
    """What is kept of a token: random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations, narrowed; and how far each one is."""

    def usable(self, at: datetime) -> InvitationQuerySet:
        """Those by which an interview can be started at `at`, if their position is open.

        Its own columns alone: on PostgreSQL an update that asks other tables does not look again after waiting.
        """
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=at)

    def unsent(self) -> InvitationQuerySet:
        """Those that can be sent by e-mail and have not been."""
        return self.filter(sent_at__isnull=True, revoked_at__isnull=True).exclude(email="")

    def with_stage(self) -> InvitationQuerySet:
        """Each with the `stage` that its interview is at, in one query; links that can be used have none."""
        done = Grade.objects.filter(answer=OuterRef("pk"), status=Grade.Status.DONE)
        counted = Override.objects.standing().filter(answer=OuterRef("pk"))
        ungraded = Exists(Answer.objects.filter(~Exists(done), ~Exists(counted), interview=OuterRef("interview")))
        stage = Invitation.Stage
        return self.annotate(
            stage=Case(
                When(interview__isnull=True, then=Value("")),
                When(interview__erased_at__isnull=False, then=Value(stage.ERASED)),
                When(interview__submitted_at__isnull=True, then=Value(stage.RUNNING)),
                When(~ungraded, then=Value(stage.GRADED)),
                When(interview__submitted_by=Interview.SubmittedBy.NOBODY, then=Value(stage.ABANDONED)),
                default=Value(stage.HANDED_IN),
                output_field=CharField(),
            )
        )


class Invitation(WithReason):
    """One link for one person: it expires, can be revoked, and starts one interview.

    Of its token only the hash is kept. `error` is why it could not be sent, in words for a manager.
    """

    class Stage(models.TextChoices):
        RUNNING = "running", _("Running")
        HANDED_IN = "handed-in", _("Handed in")
        GRADED = "graded", _("Graded")
        ABANDONED = "abandoned", _("Abandoned")
        ERASED = "erased", _("Data deleted")

    class Standing(models.TextChoices):
        """What its link leads to."""

        USABLE = "usable", _("can be used")
        RUNNING = "running", _("its interview is running")
        HANDED_IN = "handed-in", _("its interview is over")
        REVOKED = "revoked", _("revoked")
        EXPIRED = "expired", _("expired")
        CLOSED = "closed", _("its position is closed")
        ERASED = "erased", _("the data of its interview is deleted")

    position = models.ForeignKey(Position, models.CASCADE, verbose_name=_("position"), related_name="invitations")
    code = models.CharField(_("code"), max_length=10, help_text=_("What managers call this candidate."))
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=150, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language of the e-mail"), max_length=10, choices=Language)
    extra_minutes = models.PositiveSmallIntegerField(_("extra minutes"), default=0, validators=[MaxValueValidator(480)])
    created_at = models.DateTimeField(_("invited at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("invited by"), null=True, related_name="+"
    )
    expires_at = models.DateTimeField(_("expires at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    erased_at = models.DateTimeField(_("name and address deleted at"), null=True, blank=True)
    interview = models.OneToOneField(
        Interview, models.CASCADE, verbose_name=_("interview"), related_name="invitation", null=True, blank=True
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["position", "code"], name="one_code_per_position"),
            models.CheckConstraint(
                condition=Q(interview__isnull=True) | Q(accepted_at__isnull=False),
                name="invitation_interview_was_accepted",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def standing(self, at: datetime) -> Invitation.Standing:
        """What its link leads to at `at`. Once it was used, it leads back to its interview until it is revoked."""
        standing = Invitation.Standing
        if self.interview is not None and self.interview.is_erased:
            return standing.ERASED
        if self.revoked_at is not None:
            return standing.REVOKED
        if self.interview is not None:
            return standing.RUNNING if self.interview.submitted_at is None else standing.HANDED_IN
        if self.position.closed_at is not None:
            return standing.CLOSED
        return standing.EXPIRED if self.expires_at <= at else standing.USABLE

    def renew(self, token: str, expires_at: datetime) -> None:
        """Let another token lead to it; the one before is worth nothing any more."""
        self.token_sha256, self.expires_at, self.revoked_at = token_hash(token), expires_at, None
        self.save(update_fields=["token_sha256", "expires_at", "revoked_at"])

    def open(self, at: datetime) -> None:
        """Note that the link was looked at for the first time; nothing else comes of looking."""
        Invitation.objects.filter(pk=self.pk, opened_at__isnull=True).update(opened_at=at)
