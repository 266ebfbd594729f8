"""Near-duplicates of one question by its words alone, fast enough for a page: a screening, then the one definition.

Of the question some pairs of characters and some words are looked for in every text of the bank; only those that hold
most of them are compared in full. What has the same meaning in other words is found by `duplicates`, in a worker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import ngettext

from questions import pairs, sameness
from questions.models import Question

FRAGMENTS = 24  # looked for of each part
CLOSELY = 20  # questions of each part that are compared in full
_PIECE = re.compile(r"[\u3400-\u9fff]{2}|[^\W\u3400-\u9fff]{3,}")


@dataclass(frozen=True)
class Near:
    """A question of the bank that is the same as another one, by how much (0 to 1), and why."""

    question: int
    title: str
    score: float
    kind: sameness.Kind


def near(question: Question) -> list[Near]:
    """Questions in its language, retired ones aside, that are the same as `question` by their words, best first."""
    bank = Question.objects.exclude(status=Question.Status.RETIRED).filter(language=question.language)
    linked = question.translations().values("pk")
    rows = list(bank.exclude(pk=question.pk).exclude(pk__in=linked).values_list("pk", "title", "prompt", "reference"))
    close = {rows[place][0] for place in _screened(question, rows)}
    contents = sameness.Reader().read([question.pk, *sorted(close)])
    if question.pk not in contents:
        return []
    titles = {pk: title for pk, title, *_texts in rows}
    found = []
    for pk in close & contents.keys():
        match = sameness.compare(contents[question.pk], contents[pk])
        if match.score >= sameness.THRESHOLD:
            found.append(Near(pk, titles[pk], match.score, match.kind))
    return sorted(found, key=lambda each: (-each.score, each.question))


def warning(question: Question) -> str:
    """A sentence with links to compare `question` with what it repeats by its words, as HTML; "" if there is nothing.

    What a curator judged not to be the same is not told again, and of retired questions nothing is.
    """
    found = near(question) if question.status != Question.Status.RETIRED else []
    aside = pairs.set_aside(question.pk, [each.question for each in found])
    found = [each for each in found if each.question not in aside]
    if not found:
        return ""
    links = format_html_join(
        "; ",
        '<a href="{}">{}</a> ({})',
        ((reverse("duplicate", args=[question.pk, each.question]), each.title, each.kind.label) for each in found[:3]),
    )
    told = ngettext("%d question asks nearly the same:", "%d questions ask nearly the same:", len(found)) % len(found)
    return format_html("{} {}", told, links)


def _screened(question: Question, rows: list[tuple[int, str, str, str]]) -> set[int]:
    """The places of those rows that hold most of the fragments of the question, or of its answer."""
    asked = [f"{title}\n{prompt}" for _pk, title, prompt, _reference in rows]
    by_question = _best(f"{question.title}\n{question.prompt}", asked)
    return by_question | _best(question.reference, [reference for *_rest, reference in rows])


def _best(text: str, texts: list[str]) -> set[int]:
    fragments = _fragments(text)
    if not fragments or not texts:
        return set()
    held = np.array([[fragment in each for fragment in fragments] for each in map(str.lower, texts)], bool)
    scores = held @ _rarity(held)
    best = np.argsort(-scores, kind="stable")[:CLOSELY]
    return {int(place) for place in best if scores[place] > 0}


def _rarity(held: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """What each fragment is worth: one that most texts hold says little."""
    return np.log1p(len(held) / (1.0 + held.sum(axis=0))).astype(np.float32)


def _fragments(text: str) -> list[str]:
    """Up to `FRAGMENTS` distinct pieces of a text, spread over it."""
    pieces = list(dict.fromkeys(_PIECE.findall(text.lower())))
    step = max(1, len(pieces) // FRAGMENTS)
    return pieces[::step][:FRAGMENTS]
