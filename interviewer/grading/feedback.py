"""Feedback for the candidate: written from templates, and never giving the reference away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .verdict import PointVerdict

MOST_CHARACTERS = 1500
GIVEAWAY = 8.0  # words in a row; a Chinese character counts half
ELLIPSIS = "…"
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")


def in_language(language: str) -> translation.override:
    """A context manager: gettext in the language of a question or an answer ("zh", "en", "zh-hans" …)."""
    return translation.override("zh-hans" if language.startswith("zh") else language or None)


def compose(good: str, missing: str, then: str, language: str) -> str:
    """Three labelled lines in the language of the answer; empty ones are left out."""
    with in_language(language):
        lines = [(_("Good: %(text)s"), good), (_("Missing: %(text)s"), missing), (_("Next: %(text)s"), then)]
    return "\n".join(label % {"text": " ".join(text.split())} for label, text in lines if text.strip())


def from_points(points: Sequence[PointVerdict], language: str) -> str:
    """Feedback made of the names of the points, for graders that do not write."""
    with in_language(language):
        good = _names(points, "must should", "met partial")
        missing = _names(points, "must should", "missing contradicted")
        wrong = _names(points, "must should", "contradicted") or _names(points, "pitfall", "met partial")
        then = _("Go over what contradicts the reference: %(names)s.") % {"names": wrong} if wrong else ""
        if missing and not then:
            then = _("Say in a sentence or two each what you know about the missing points.")
    return compose(good, missing, then, language)


def without_reference(text: str, reference: str) -> str:
    """`text` with every stretch of 8 words (16 Chinese characters) that stands verbatim in the reference left out."""
    known = _spans_of(reference)
    hidden = [(first, last) for words, first, last in _windows(text) if words in known]
    for first, last in reversed(_united(hidden)):
        text = text[:first] + ELLIPSIS + text[last:]
    return text[:MOST_CHARACTERS]


@lru_cache(maxsize=64)
def _spans_of(reference: str) -> frozenset[tuple[str, ...]]:
    """What gives the reference away: read once for all the reasons and answers that are compared with it."""
    return frozenset(words for words, _first, _last in _windows(reference))


def _names(points: Sequence[PointVerdict], kinds: str, verdicts: str) -> str:
    chosen = [(n, p) for n, p in enumerate(points, 1) if p.kind in kinds.split() and p.verdict in verdicts.split()]
    return pgettext("list", ", ").join(
        point.name or _("point %(number)d") % {"number": number} for number, point in chosen
    )


def _windows(text: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Every shortest run of words that weighs `GIVEAWAY`, with its start and end in `text`."""
    tokens = [(match[0].lower(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
    first, weight = 0, 0.0
    for last, (word, _start, end) in enumerate(tokens):
        weight += _weight(word)
        while weight - _weight(tokens[first][0]) >= GIVEAWAY:
            weight -= _weight(tokens[first][0])
            first += 1
        if weight >= GIVEAWAY:
            yield tuple(token[0] for token in tokens[first : last + 1]), tokens[first][1], end


def _weight(word: str) -> float:
    return 0.5 if "\u3400" <= word[0] <= "\u9fff" else 1.0


def _united(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    united: list[tuple[int, int]] = []
    for first, last in spans:
        if united and first <= united[-1][1]:
            united[-1] = (united[-1][0], max(last, united[-1][1]))
        else:
            united.append((first, last))
    return united
