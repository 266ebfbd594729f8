"""Key points for a question that has none of its own: its reference, cut into list items, sentences and clauses."""

from __future__ import annotations

import itertools
import math
import re
from functools import lru_cache

from questions.frozen import FrozenPoint, FrozenQuestion

from .clauses import normalise, sentences
from .words import new_units, units

MOST_POINTS = 24
LEAD_KNOWN = 0.6  # share of an opening's words that the question holds, from which it only repeats the question
_LEAD = re.compile(r"^([^。.;\n]{2,80}?)(?::|——|包括:?|主要是指|是指)")
_COUNTED = re.compile(r"^(?:[一二三四五六七八九十]是|第[一二三四五六七八九十][,，、]?)(?=.)")
_CJK = "\u3400-\u9fff"
_CHINESE = re.compile(
    rf"[，,：:]|——|(?<=[{_CJK}])(?:、|以及|及|和(?=[{_CJK}]{{2}}))(?=[{_CJK}])",
)
_ENGLISH = re.compile(r", (?:and |or )?|: | - |; | (?:and|while|whereas|but) ")


def question_points(question: FrozenQuestion) -> tuple[FrozenPoint, ...]:
    """The question's own key points, or else those of its reference; never empty."""
    return question.points or points_from_reference(question.reference, question.prompt, question.language)


@lru_cache(maxsize=256)
def points_from_reference(reference: str, question: str, language: str) -> tuple[FrozenPoint, ...]:
    """One point for every clause of the reference that says something the question does not.

    `language` is that of the reference ("zh", "en"). A point weighs the square root of the number of its words, so that
    neither long clauses nor many short ones rule the sum.
    """
    text = _without_lead(normalise(reference)[0], question)
    boundary = _CHINESE if language.startswith("zh") else _ENGLISH
    pieces = [piece for sentence in sentences(text) for piece in _pieces(sentence, boundary)]
    kept = _at_most([piece for piece in pieces if new_units(piece, question)] or [text.strip()])
    return tuple(_point(number, piece, question) for number, piece in enumerate(kept, 1))


def _point(number: int, text: str, question: str) -> FrozenPoint:
    weight = math.sqrt(max(1, len(new_units(text, question))))
    return FrozenPoint(key=f"p{number}", name="", text=text, weight=round(weight, 2))


def _pieces(sentence: str, boundary: re.Pattern[str]) -> list[str]:
    """The clauses of a sentence; one without a word of its own stays with the one before it."""
    kept: list[tuple[int, int]] = []
    for start, end in _stretches(sentence, boundary):
        if kept and not (units(sentence[start:end]) and units(sentence[slice(*kept[-1])])):
            kept[-1] = (kept[-1][0], end)
        else:
            kept.append((start, end))
    return [piece for start, end in kept if (piece := _COUNTED.sub("", sentence[start:end].strip(" ,.")))]


def _stretches(sentence: str, boundary: re.Pattern[str]) -> list[tuple[int, int]]:
    cuts = [(0, 0), *(match.span() for match in boundary.finditer(sentence)), (len(sentence), len(sentence))]
    return [(before[1], after[0]) for before, after in itertools.pairwise(cuts)]


def _at_most(pieces: list[str]) -> list[str]:
    """At most `MOST_POINTS` pieces: neighbours are joined, nothing is left out."""
    size = math.ceil(len(pieces) / MOST_POINTS)
    return ["; ".join(pieces[start : start + size]) for start in range(0, len(pieces), size)]


def _without_lead(text: str, question: str) -> str:
    """The reference without an opening that only repeats the question ("X includes: …")."""
    lead = _LEAD.match(text)
    words = {unit for unit in units(lead[1]) if len(unit) > 1} if lead else set()
    if lead and words and len(words & units(question)) >= LEAD_KNOWN * len(words) and len(text) - lead.end() >= 4:
        return text[lead.end() :]
    return text
