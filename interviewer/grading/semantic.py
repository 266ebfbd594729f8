"""Grading without a language model: every key point against the best evidence in the answer."""

from __future__ import annotations

import time

from django.utils.translation import gettext as _

from questions.frozen import FrozenPoint, FrozenQuestion

from . import scoring
from .clauses import ReadAnswer
from .evidence import Embed, Evidence, cosines, find_evidence
from .feedback import from_points, in_language, without_reference
from .points import question_points
from .verdict import PointJudgement, PointVerdict, Usage, Verdict

MET = 0.8
PARTIAL = 0.15
PITFALL_MADE = 0.75  # share of a wrong statement's words, in one place and not denied, that counts as making it


def grade_semantic(question: FrozenQuestion, answer: ReadAnswer, embed: Embed, model: str = "") -> Verdict:
    """The verdict by words and embeddings. `embed`: texts -> unit vectors float32 [n, d]; `model` names it."""
    started = time.monotonic()
    points = question_points(question)
    near = cosines(points, answer.clauses, embed)
    asked = f"{question.title}\n{question.prompt}"
    with in_language(question.language):
        judged = tuple(
            _judge(point, find_evidence(point, asked, answer.clauses, row))
            for point, row in zip(points, near, strict=True)
        )
    total = scoring.score(judged)
    return Verdict(
        points=judged,
        score=total,
        level=scoring.level(total),
        feedback=without_reference(from_points(judged, question.language), question.reference),
        grader="semantic",
        model=model,
        usage=Usage(seconds=round(time.monotonic() - started, 3)),
    )


def _judge(point: FrozenPoint, found: Evidence) -> PointVerdict:
    verdict, reason = _pitfall(found) if point.kind == "pitfall" else _key_point(found)
    shown = found.against if verdict == "contradicted" else found.clauses if verdict != "missing" else ()
    credit = round(found.credit, 3) if verdict == "partial" else None
    spans = tuple(clause.span for clause in shown)
    return PointVerdict(point.key, point.name, point.text, point.kind, point.weight, verdict, spans, reason, credit)


def _key_point(found: Evidence) -> tuple[PointJudgement, str]:
    share = {"percent": round(found.lexical * 100)}
    if found.credit >= MET:
        return "met", _("Most of this point is there (%(percent)d %% of its words).") % share
    if found.against and found.credit < MET / 2:
        return "contradicted", _("The answer says the opposite.")
    if found.credit >= PARTIAL:
        return "partial", _("Some of this point is there (%(percent)d %% of its words).") % share
    return "missing", _("Nothing in the answer says this.")


def _pitfall(found: Evidence) -> tuple[PointJudgement, str]:
    if found.lexical >= PITFALL_MADE and not found.against:
        return "met", _("The answer makes this mistake.")
    return "missing", _("The answer does not make this mistake.")
