"""People. What a person may do follows from Django's permissions; see `interviewer/access.py` for the roles."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Anyone who signs in. Everybody may sit interviews; managers, curators and operators may do more."""

    is_guest = models.BooleanField(
        _("guest"),
        default=False,
        editable=False,
        help_text=_("Sits one interview by an invitation, has no password, and sees nothing else."),
    )
    # What stays of such an account is its number, by which the audit log and decisions name whoever acted.
    erased_at = models.DateTimeField(_("data deleted at"), null=True, blank=True, editable=False)

    @property
    def is_manager(self) -> bool:
        """May invite people, read the interviews of their organisations, and ask for answers to be graded again."""
        return self.has_perm("interviewer.review_interview")

    @property
    def is_operator(self) -> bool:
        """May see how grading goes, and ask again for grades that were left to a person."""
        return self.has_perm("interviewer.operate")

    @property
    def may_read_audit(self) -> bool:
        """May read and export the audit log."""
        return self.has_perm("interviewer.read_audit")

    @property
    def is_curator(self) -> bool:
        """May keep the question bank, in the admin."""
        return self.is_staff and self.has_perm("questions.change_question")


class SignInTriesQuerySet(models.QuerySet["SignInTries"]):
    """Counting that all processes share."""

    def take(self, key: str, most: int, at: datetime) -> timedelta | None:
        """Count one try, before the password is looked at; or, when `most` were taken, how long to wait for more.

        Counting first lets no number of simultaneous tries past the limit.
        """
        window = timedelta(minutes=settings.SIGN_IN_MINUTES)
        self.filter(since__lte=at - window).delete()
        row, _created = self.get_or_create(key=key, defaults={"since": at})
        if self.filter(key=key, tries__lt=most).update(tries=F("tries") + 1):
            return None
        return row.since + window - at

    def give_back(self, key: str) -> None:
        """A try that succeeded was none."""
        self.filter(key=key, tries__gt=0).update(tries=F("tries") - 1)


class SignInTries(models.Model):
    """How often somebody lately tried in vain to sign in. `key` is a keyed hash: it tells neither name nor address."""

    key = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_index=True)

    objects = SignInTriesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.tries}"
