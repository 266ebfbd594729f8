"""The report as a table for people: rows of words, and those rows aligned for a terminal."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext as _

from interviewer.exam.cases import FAMILIES
from interviewer.exam.report import Family, Report


def headings() -> list[str]:
    """The columns, in the active language."""
    return [_("Family"), _("Cases"), _("Not graded"), _("Mean"), _("Worst"), _("Bar"), _("Result"), _("Worst case")]


def rows(report: Report) -> list[list[str]]:
    """One row of words for each family, in the active language."""
    return [_row(family) for family in report.families]


def as_text(report: Report) -> str:
    """The table in lines of equal columns; a Chinese character takes two."""
    lines = [headings(), *rows(report)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(_padded(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _row(family: Family) -> list[str]:
    worst = family.worst_cases[0][0] if family.worst_cases else ""
    return [
        _(FAMILIES.get(family.name, family.name)),
        str(family.cases),
        str(family.ungraded),
        _number(family.mean),
        _number(family.worst),
        f"{_number(family.bar_mean)} / {_number(family.bar_worst)}" if family.is_gate else _("no bar"),
        result(family),
        worst,
    ]


def result(family: Family) -> str:
    """How the family fared, in words."""
    if not family.is_gate:
        return _("reported only")
    if not family.is_graded:
        return _("failed: not graded")
    if family.name == "honest" and family.refused:
        return _("failed: %(count)d turned away") % {"count": family.refused}
    return _("passed") if family.passed else _("failed")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
