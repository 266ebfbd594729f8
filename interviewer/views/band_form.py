"""The part of a position's form that names its pass bands; no band at all is the ordinary case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from interviewer import pass_bands
from interviewer.models import Position

NUMBERS = range(1, pass_bands.MOST + 1)


class BandForm(forms.Form):
    """A few pairs of a name and a lower bound; a pair that was left empty is no band."""

    def __init__(self, existing: Position | None, data: Any = None) -> None:
        drawn = existing.template.bands if existing else []
        first: dict[str, Any] = {}
        for n, band in zip(NUMBERS, drawn, strict=False):
            first |= {f"name_{n}": band["name"], f"least_{n}": band["least"]}
        super().__init__(data, initial=first, prefix="band")
        for n in NUMBERS:
            self.fields[f"name_{n}"] = forms.CharField(
                label=gettext_lazy("Name of the band"), max_length=pass_bands.LONGEST_NAME, required=False
            )
            self.fields[f"least_{n}"] = forms.IntegerField(
                label=gettext_lazy("From, of 100"), min_value=1, max_value=99, required=False
            )

    @property
    def pairs(self) -> Iterator[tuple[BoundField, BoundField]]:
        return ((self[f"name_{n}"], self[f"least_{n}"]) for n in NUMBERS)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        names: set[str] = set()
        bounds: set[int] = set()
        for n in NUMBERS:
            name, least = given.get(f"name_{n}"), given.get(f"least_{n}")
            if name and least is None and f"least_{n}" not in self.errors:
                self.add_error(f"least_{n}", _("From how many points on does it reach?"))
            if least is not None and not name and f"name_{n}" not in self.errors:
                self.add_error(f"name_{n}", _("What is it called?"))
            if name and name.casefold() in names:
                self.add_error(f"name_{n}", _("Another band is called so already."))
            if least is not None and least in bounds:
                self.add_error(f"least_{n}", _("Another band begins there already."))
            names |= {name.casefold()} if name else set()
            bounds |= {least} if least is not None else set()
        return given

    def bands(self) -> list[dict[str, Any]]:
        """What a template keeps, of a form that is valid."""
        given = self.cleaned_data
        return pass_bands.stored((given[f"name_{n}"], given[f"least_{n}"]) for n in NUMBERS if given[f"name_{n}"])
