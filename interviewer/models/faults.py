"""What went wrong, kept so that it can be told in the language of whoever reads it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class WithReason(models.Model):
    """A row that may hold what went wrong: an English sentence with `%(name)s` for each of its values."""

    error = models.TextField(_("reason"), blank=True)
    error_values = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    @property
    def reason(self) -> str:
        """What went wrong, as a sentence in the language of the page; "" when nothing did."""
        if not self.error:
            return ""
        return gettext(self.error) % self.error_values if self.error_values else gettext(self.error)
