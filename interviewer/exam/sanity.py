"""Sanity: the ends of the scale, its middle, and more said is never worth less."""

from __future__ import annotations

from collections.abc import Iterator

from interviewer.exam import bank
from interviewer.exam.bank import Sheet
from interviewer.exam.case import Case
from questions.frozen import FrozenPoint

FULL = 0.9
OFF_TOPIC = 0.1
NEAR = 0.2
SLACK = 0.02  # one more sentence may move the borders of clauses, and with them a score, by so much
TERSE_BEATS_WRONG = 0.05


def sanity_cases(sheets: tuple[Sheet, ...]) -> list[Case]:
    """What any scale of 0 to 1 has to keep, for every question."""
    return [case for sheet in sheets for case in (*_ends(sheet), *_middle(sheet), *_pairs(sheet), *_steps(sheet))]


def _ends(sheet: Sheet) -> Iterator[Case]:
    question = sheet.question
    yield Case("sanity", "every key point", question, _told(sheet.earning), low=FULL, high=1.0)
    yield Case("sanity", "blank", question, "")
    yield Case("sanity", "blanks only", question, " \n\t\n ")
    for text in bank.texts("off_topic", sheet.language):
        yield Case("sanity", "off topic", question, text, high=OFF_TOPIC)


def _middle(sheet: Sheet) -> Iterator[Case]:
    """Half of the key points that have to be there, in the reference's own words: about their share of the score."""
    musts = tuple(point for point in sheet.earning if point.kind == "must")
    for kind, half in (("first half", musts[: (len(musts) + 1) // 2]), ("every other", musts[::2])):
        share = sum(point.weight for point in half) / sum(point.weight for point in musts)
        yield Case("sanity", kind, sheet.question, _told(half), low=share - NEAR, high=share + NEAR)


def _pairs(sheet: Sheet) -> Iterator[Case]:
    """Right but terse, and good, are both worth more than wrong but fluent."""
    for kind, text in (("terse beats wrong", sheet.terse), ("good beats wrong", sheet.good)):
        yield Case("sanity", kind, sheet.question, text, sheet.wrong, low=TERSE_BEATS_WRONG, high=1.0)
    yield Case("sanity", "good beats weak", sheet.question, sheet.good, sheet.weak, low=TERSE_BEATS_WRONG, high=1.0)


def _steps(sheet: Sheet) -> Iterator[Case]:
    """The good answer, growing point by point."""
    texts = [sheet.joined(sheet.points[:count]) for count in range(1, len(sheet.points) + 1)]
    for count, (text, before) in enumerate(zip(texts[1:], texts, strict=False), 2):
        yield Case("sanity", "one point more", sheet.question, text, before, -SLACK, 1.0, f"{count} points")


def _told(points: tuple[FrozenPoint, ...]) -> str:
    return "\n".join(f"{n}. {point.name}: {point.text}" for n, point in enumerate(points, 1))
