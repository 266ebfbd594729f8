"""Key points for a question that has none of its own: its reference, cut into list items, sentences and clauses."""

from __future__ import annotations

import re

from questions.frozen import FrozenPoint, FrozenQuestion

from .clauses import normalise, parts, sentences
from .words import new_units

MOST_POINTS = 16
_LEAD = re.compile(r"^[^。.;\n]{2,80}?(?::|——|包括|主要是指|是指)")


def question_points(question: FrozenQuestion) -> tuple[FrozenPoint, ...]:
    """The question's own key points, or else those of its reference; never empty."""
    return question.points or points_from_reference(question.reference, question.prompt, question.language)


def points_from_reference(reference: str, question: str, language: str) -> tuple[FrozenPoint, ...]:
    """One point for every clause of the reference that says something the question does not.

    `language` is that of the reference ("zh", "en"): Chinese clauses end at commas, English ones at sentences.
    """
    text = _without_lead(normalise(reference)[0], question)
    pieces = [piece for sentence in sentences(text) for piece in _pieces(sentence, language)]
    kept = [piece for piece in pieces if new_units(piece, question)] or [text.strip()]
    return tuple(FrozenPoint(key=f"p{i}", name="", text=piece) for i, piece in enumerate(kept[:MOST_POINTS], 1))


def _pieces(sentence: str, language: str) -> list[str]:
    return parts(sentence) if language.startswith("zh") else [sentence]


def _without_lead(text: str, question: str) -> str:
    """The reference without an opening that only repeats the question ("X includes: …")."""
    lead = _LEAD.match(text)
    if lead and len(new_units(lead[0], question)) <= 2 and len(text) - lead.end() >= 4:
        return text[lead.end() :]
    return text
