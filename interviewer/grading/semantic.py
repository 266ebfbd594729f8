"""Grading without a language model: every key point against the best evidence in the answer.

answer − what it denies → token vectors → for each point: max(soft recall, share of words) → credit → verdict
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence

import numpy as np
from django.utils.translation import gettext as _

from questions.frozen import FrozenPoint, FrozenQuestion

from . import polarity, scoring
from .background import at_length
from .clauses import Clause, ReadAnswer
from .denial import blank
from .feedback import from_points, in_language, without_reference
from .offered import left_out, offered
from .reference import Read, Reference, answered_in, language_of, plain, reference_of
from .shape import is_keyword_list
from .soft import Match
from .unsaid import unsaid
from .verdict import PointJudgement, PointVerdict, Usage, Verdict
from .words import share_found, share_of_figures, telling, units

MET = 0.87
HALF = 0.58
PARTIAL = 0.1
# The share of a point that an answer on its subject holds anyway, for points of few and of many telling tokens (rows)
# and for answers of few and of many tokens (columns).
RELATED = ((0.0, 0.0), (0.22, 0.38))
RELATED_MASS = (4.0, 10.0)
RELATED_LENGTH = (32.0, 128.0)
PITFALL_MADE = 0.95  # share of a wrong statement's words in neighbouring clauses, not denied, that is making it
PITFALL_CLAUSES = 2
FIGURES = 0.6  # how much of a point with formulas or numbers hangs on them
NO_WORD = 0.6  # what nearness of meaning is worth without a single word of the reference
LIST_CAP = 0.4  # what a bare list of keywords can earn of a point whose reference is prose
UNRELATED = 0.8  # what nearness of meaning is worth in clauses that share no word with the reference
SHORT, LONG = 1.0, 4.0
EXPONENTS = (1.0, 0.5)  # for short and for long points; in between by the logarithm of the length
SHOWN = 0.4  # clauses with this share of the best clause's evidence are shown beside it
MOST_SHOWN = 3


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What the answer holds of one point: a `share` 0..1, and the clauses that say it or say the opposite."""

    share: float
    has_word: bool
    clauses: tuple[Clause, ...]
    against: tuple[Clause, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Heard:
    """An answer beside a reference: `owner` int [answer tokens] is the index of each token's clause, or -1.

    `related` bool [answer tokens]: whether the token's clause shares a word with the reference.
    """

    text: str
    clauses: tuple[Clause, ...]
    said: tuple[frozenset[str], ...]
    claims: tuple[tuple[polarity.Claim, ...], ...]
    owner: np.ndarray
    related: np.ndarray
    match: Match


def grade_semantic(question: FrozenQuestion, answer: ReadAnswer, read: Read, model: Callable[[str], str]) -> Verdict:
    """The verdict by words and token vectors. `read`: texts, language -> token vectors; `model` names what reads."""
    started = time.monotonic()
    reference = reference_of(question, read, model, language_of(question))
    is_list = is_keyword_list(answer.text, question.reference)
    not_said = unsaid(question, answer)
    shown = offered(question, answer, not_said.spans, lambda clause: _overlap(reference, units(clause.text)))
    heard = _listen(reference, answer, [*not_said.spans, *left_out(answer, shown)], read)
    found = _evidence(reference, heard)
    factor = (1.0 if any(one.has_word for one in found) else NO_WORD) * (LIST_CAP if is_list else 1.0)
    with in_language(question.language):
        judged = tuple(_judge(point, evidence, factor) for point, evidence in zip(reference.points, found, strict=True))
    total = scoring.score(judged)
    return Verdict(
        points=judged,
        score=total,
        level=scoring.level(total),
        feedback=without_reference(from_points(judged, answered_in(question, answer.text)), question.reference),
        flags=("keyword_list",) * is_list
        + ("reference_pasted",) * not_said.copy.is_pasted
        + ("not_shown",) * (len(shown) < len(answer.clauses)),
        grader="semantic",
        model=f"{model(reference.read_as)} {reference.yardstick.digest[:8]}",
        usage=Usage(seconds=round(time.monotonic() - started, 3)),
    )


def _overlap(reference: Reference, said: frozenset[str]) -> float:
    """The largest share 0..1 of a point's words that are among those said; single digits and characters are chance."""
    return max(len(telling(wanted & said)) / max(1, len(wanted)) for wanted in reference.wanted)


def _listen(reference: Reference, answer: ReadAnswer, taken_back: list[tuple[int, int]], read: Read) -> Heard:
    """The answer without what it takes back, read token by token."""
    text = blank(plain(answer.text), taken_back)
    clauses = tuple(clause for clause in answer.clauses if text[slice(*clause.at)].strip())
    match, offsets = reference.match(text, read)
    ends = np.array([clause.at[1] for clause in clauses])
    starts = np.array([clause.at[0] for clause in clauses] + [len(text) + 1])
    owner = np.searchsorted(ends, offsets[:, 0], side="right")
    owner = np.where(offsets[:, 1] > starts[owner], owner, -1)
    pieces = [text[slice(*clause.at)] for clause in clauses]
    said = tuple(units(piece) for piece in pieces)
    return Heard(
        text=text,
        clauses=clauses,
        said=said,
        claims=tuple(polarity.claims(piece) for piece in pieces),
        owner=owner,
        related=_related(reference, said)[owner] & (owner >= 0),
        match=match,
    )


def _related(reference: Reference, said: Sequence[frozenset[str]]) -> np.ndarray:
    """bool [clauses + 1]: what shares no word with the reference may be about something else, however near it seems."""
    wanted = telling(frozenset[str]().union(*reference.wanted))
    own = [share_found(telling(words), wanted) > 0 for words in said]
    return np.array([*own, False])


def _evidence(reference: Reference, heard: Heard) -> list[Evidence]:
    numbers = range(len(reference.points))
    key = [n for n in numbers if reference.points[n].kind != "pitfall"]
    every = [claim for n in key for claim in reference.claims[n]]
    return [_key_point(n, reference, heard, every) if n in key else _pitfall(n, reference, heard) for n in numbers]


def _key_point(n: int, reference: Reference, heard: Heard, every: list[polarity.Claim]) -> Evidence:
    opposed = [polarity.contradicts(said, reference.claims[n], every) for said in heard.claims]
    listened = ~np.isin(heard.owner, np.flatnonzero(opposed)) if any(opposed) else np.ones(len(heard.owner), bool)
    soft, given = heard.match.recall(n, listened)
    soft = max(UNRELATED * soft, heard.match.recall(n, listened & heard.related)[0])
    said = [words for words, no in zip(heard.said, opposed, strict=True) if not no]
    found = share_found(reference.wanted[n], frozenset[str]().union(*said))
    chance = float(at_length(reference.word_floors[n], heard.match.nearness.shape[1]))
    words = max(0.0, found - chance) / (1 - chance) if chance < 1 else 0.0
    mass = float(reference.soft.masses[n])
    share = credit(max(soft, words), mass, heard.match.nearness.shape[1])
    found_figures = share_of_figures(reference.figures[n], heard.text)
    if reference.figures[n] and (share > 0 or mass < RELATED_MASS[0]):
        share += FIGURES * (found_figures - share)
    return Evidence(
        share,
        share_found(telling(reference.wanted[n]), telling(frozenset[str]().union(*said))) > 0 or found_figures > 0,
        _speaking(n, reference, heard, given, opposed),
        _chosen(heard, opposed),
    )


def _speaking(n: int, reference: Reference, heard: Heard, given: np.ndarray, opposed: list[bool]) -> tuple[Clause, ...]:
    """The clauses that carry most of a point's evidence, in the order of the answer."""
    wanted = reference.wanted[n]
    by_words = [len(wanted & said) / max(1, len(wanted)) for said in heard.said]
    weight = np.array([float(given[heard.owner == i].sum()) for i in range(len(heard.clauses))]) + by_words
    weight = np.where(opposed, 0.0, weight)
    best = sorted(range(len(weight)), key=lambda i: -weight[i])[:MOST_SHOWN]
    kept = {i for i in best if weight[i] > 0 and weight[i] >= SHOWN * weight[best[0]]}
    return _chosen(heard, [i in kept for i in range(len(weight))])


def _pitfall(n: int, reference: Reference, heard: Heard) -> Evidence:
    """A mistake counts as made where neighbouring clauses hold nearly all of its words and none of them denies it."""
    opposed = [polarity.contradicts(said, reference.claims[n], ()) for said in heard.claims]
    wanted, best, at = reference.wanted[n], 0.0, (0, 0)
    for first in range(len(heard.clauses)):
        for last in range(first + 1, min(first + PITFALL_CLAUSES, len(heard.clauses)) + 1):
            said = frozenset[str]().union(*heard.said[first:last])
            same_sign = not any(opposed[first:last])
            share = len(wanted & said) / max(1, len(wanted)) if same_sign else 0.0
            if share > best:
                best, at = share, (first, last)
    return Evidence(best, best > 0, heard.clauses[slice(*at)], _chosen(heard, opposed))


def credit(share: float, mass: float, length: int) -> float:
    """What a share 0..1 of a point is worth: nothing up to what any answer on the subject holds of it.

    From there on people give more than the share for a long point, which says more than it must; a point of one word is
    there or it is not. `mass` is the number of the point's telling tokens, `length` that of the answer's tokens.
    """
    size = np.log2(max(mass, 1e-6))
    by_mass = [np.interp(size, np.log2(RELATED_MASS), column) for column in zip(*RELATED, strict=True)]
    related = np.interp(np.log2(max(length, 1)), np.log2(RELATED_LENGTH), by_mass)
    exponent = np.interp(size, np.log2((SHORT, LONG)), EXPONENTS)
    return float(max(0.0, (share - related) / (1 - related)) ** exponent)


def _chosen(heard: Heard, chosen: list[bool]) -> tuple[Clause, ...]:
    return tuple(clause for clause, yes in zip(heard.clauses, chosen, strict=True) if yes)


def _judge(point: FrozenPoint, found: Evidence, factor: float) -> PointVerdict:
    earned = found.share * factor
    verdict, reason = _made(found) if point.kind == "pitfall" else _verdict(earned, found)
    shown = found.against if verdict == "contradicted" else found.clauses if verdict != "missing" else ()
    spans = tuple(clause.span for clause in shown)
    kept = round(earned, 3) if verdict == "partial" else None
    return PointVerdict(point.key, point.name, point.text, point.kind, point.weight, verdict, spans, reason, kept)


def _verdict(earned: float, found: Evidence) -> tuple[PointJudgement, str]:
    if earned >= MET:
        return "met", _("The answer says this.")
    if found.against and earned < HALF:
        return "contradicted", _("The answer says the opposite.")
    if earned >= HALF:
        return "partial", _("The answer says a good part of this.")
    if earned >= PARTIAL:
        return "partial", _("The answer touches on this; most of it is left unsaid.")
    return "missing", _("The answer does not say this.")


def _made(found: Evidence) -> tuple[PointJudgement, str]:
    if found.share >= PITFALL_MADE:
        return "met", _("The answer makes this mistake.")
    return "missing", _("The answer does not make this mistake.")
