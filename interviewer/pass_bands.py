"""Named lines that a position draws through results, and on which side of each a candidate's interval lies.

A line decides nothing. Whose interval it runs through is not distinguishable from it: other questions of the same kind
could have put them on either side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from interviewer.scorecard import Band

MOST = 4
LONGEST_NAME = 40

Stored = Sequence[Mapping[str, Any]]  # {"name": str, "least": points of 100}, the highest first


class Where(TextChoices):
    """How an interval lies to a line."""

    ABOVE = "above", gettext_lazy("clearly above")
    UNCLEAR = "unclear", gettext_lazy("not distinguishable from the line")
    BELOW = "below", gettext_lazy("clearly below")


@dataclass(frozen=True)
class Placed:
    """A band by its name and lower bound (1–99 of 100), and where an interval lies to that."""

    name: str
    least: int
    where: Where

    def __str__(self) -> str:
        return _("%(name)s (from %(least)d): %(where)s") % {
            "name": self.name, "least": self.least, "where": self.where.label,
        }  # fmt: skip


def stored(bands: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """(name, lower bound) pairs as a template keeps them."""
    return [{"name": name, "least": least} for name, least in sorted(bands, key=lambda band: -band[1])]


def placed(bands: Stored, reach: Band | None) -> tuple[Placed, ...]:
    """Where an interval lies to each line, the highest first; nothing is said while there is no interval."""
    if reach is None:
        return ()
    return tuple(Placed(band["name"], band["least"], _where(band["least"], reach)) for band in bands)


def _where(least: int, reach: Band) -> Where:
    if reach.low >= least:
        return Where.ABOVE
    return Where.BELOW if reach.high < least else Where.UNCLEAR
