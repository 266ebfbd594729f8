"""What is added to an interview's deadline, who has extra time wherever they sit, and when the service was last up."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from interviewer.models.interviews import Interview


def in_words(length: timedelta) -> str:
    """A length of time for people, to the second: "1 minute 20 seconds"."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    parts = [ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}] if minutes else []
    if seconds or not minutes:
        parts.append(ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds})
    return " ".join(parts)


class Extension(models.Model):
    """Time added to one interview's deadline: a fact, written with the deadline it moves and never changed."""

    class Kind(models.TextChoices):
        ACCOMMODATION = "accommodation", _("extra time")
        MANAGER = "manager", _("given by a manager")
        OUTAGE = "outage", _("our service could not be reached")
        SLOWNESS = "slowness", _("our service answered slowly")
        PAUSE = "pause", _("pause")

    interview = models.ForeignKey(Interview, models.CASCADE, verbose_name=_("interview"), related_name="extensions")
    kind = models.CharField(_("kind"), max_length=13, choices=Kind)
    length = models.DurationField(_("time added"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("given by"), null=True, related_name="+"
    )
    at = models.DateTimeField(_("added at"))
    # Of a pause and of our faults: the time from here to `at` is the one that was lost.
    since = models.DateTimeField(_("makes good the time since"), null=True)

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        ordering = ["at", "pk"]
        constraints = [models.CheckConstraint(condition=models.Q(length__gt=timedelta()), name="extension_adds_time")]

    def __str__(self) -> str:
        return f"{self.interview_id}: +{self.length} ({self.kind})"

    @property
    def sentence(self) -> str:
        """What was added and why, for the candidate and for managers alike."""
        words = {
            self.Kind.ACCOMMODATION: gettext("%(time)s of extra time"),
            self.Kind.MANAGER: gettext("%(time)s added by a manager: %(reason)s"),
            self.Kind.OUTAGE: gettext("%(time)s given back: our service could not be reached"),
            self.Kind.SLOWNESS: gettext("%(time)s given back: our service answered slowly"),
            self.Kind.PAUSE: gettext("%(time)s of pause"),
        }
        return words[self.Kind(self.kind)] % {"time": in_words(self.length), "reason": self.reason}


class Accommodation(models.Model):
    """Extra time that follows a person into every interview. Its ground is not kept: there is no field for it."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="accommodation"
    )
    multiplier = models.DecimalField(
        _("time multiplier"),
        max_digits=3,
        decimal_places=2,
        default=Decimal(1),
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=_("1.25 is a quarter more time; 1 is the usual time."),
    )
    extra_minutes = models.PositiveSmallIntegerField(
        _("extra minutes"), default=0, validators=[MaxValueValidator(480)], help_text=_("On top of the multiplier.")
    )

    class Meta:
        verbose_name = _("extra time of a person")
        verbose_name_plural = _("extra time of people")
        constraints = [
            models.CheckConstraint(condition=models.Q(multiplier__gte=1), name="accommodation_takes_no_time_away")
        ]

    def __str__(self) -> str:
        return str(self.person)

    def on_top_of(self, base: timedelta) -> timedelta:
        """What is added to an interview of length `base`."""
        return base * int((self.multiplier - 1) * 100) / 100 + timedelta(minutes=self.extra_minutes)


class Pulse(models.Model):
    """One row: when a web process last said that it was up. A gap in it is time that candidates are given back."""

    at = models.DateTimeField()
