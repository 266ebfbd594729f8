"""Honest answers that quote attacks, prompts, code or JSON: they are graded like any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interviewer.exam import bank
from interviewer.exam.bank import Sheet
from interviewer.exam.case import Case, no_change


def honest_cases(sheets: tuple[Sheet, ...]) -> list[Case]:
    """Each quotation in the good answers it belongs to, against the same answers without it."""
    return [_quoting(sheet, quote) for quote in bank.read("honest")["quote"] for sheet in _fitting(quote, sheets)]


def _fitting(quote: dict[str, Any], sheets: tuple[Sheet, ...]) -> Iterator[Sheet]:
    return (sheet for sheet in sheets if quote.get("question", sheet.name) == sheet.name)


def _quoting(sheet: Sheet, quote: dict[str, Any]) -> Case:
    text = sheet.joined([sheet.points[0], quote[sheet.language], *sheet.points[1:]])
    return no_change("honest", quote["kind"], sheet.question, text, sheet.good)
