"""Grading by a language model: it points at clauses and judges key points; evidence and sums are code."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any

from django.template.loader import get_template
from django.utils.translation import gettext as _

from interviewer.llm import LLMError, Reply, ask
from questions.frozen import FrozenPoint, FrozenQuestion

from . import scoring
from .clauses import Clause, ReadAnswer
from .evidence import Embed, cosines, wanted_units
from .feedback import compose, in_language, without_reference
from .points import question_points
from .verdict import JUDGEMENTS, PointVerdict, Span, Usage, Verdict
from .words import units

SYSTEM = "prompts/grade_answer.system.txt"
USER = "prompts/grade_answer.user.txt"
NO_CLAUSE = "none"
NEAR = 0.84  # below this cosine (multilingual-e5-small) a clause without a shared word is no evidence
_LANGUAGES = {"zh": "Chinese (简体中文)", "en": "English"}


def grade_llm(question: FrozenQuestion, answer: ReadAnswer, embed: Embed | None = None) -> Verdict:
    """The verdict by one call of the language model; `embed` lets code check evidence that shares no word.

    Raises LLMError.
    """
    points = question_points(question)
    reply = ask(messages(question, points, answer.clauses), schema(points, answer.clauses), schema_name="grading")
    with in_language(question.language):
        judged = [_judged(n, point, reply.data, answer, question) for n, point in enumerate(points, 1)]
        judged = _vetoed(judged, question, answer.clauses, embed)
    return _verdict(question, tuple(judged), reply)


def messages(
    question: FrozenQuestion, points: Sequence[FrozenPoint], clauses: Sequence[Clause]
) -> list[dict[str, str]]:
    """The system and the user message; the data stands as JSON inside a fence that nobody could have foreseen."""
    data = {
        "question": question.prompt,
        "reference": question.reference,
        "key_points": {f"p{n}": _described(point) for n, point in enumerate(points, 1)},
        "answer": {clause.label: clause.text for clause in clauses},
    }
    context = {
        "nonce": secrets.token_hex(8),
        "language": _LANGUAGES["zh" if question.language.startswith("zh") else "en"],
        "data": json.dumps(data, ensure_ascii=False, indent=1),
        "keys": ", ".join(f'"p{n}"' for n in range(1, len(points) + 1)),
    }
    system, user = (get_template(name).render(context).strip() for name in (SYSTEM, USER))
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def schema(points: Sequence[FrozenPoint], clauses: Sequence[Clause]) -> dict[str, Any]:
    """The strict JSON Schema of a reply: p1 … pn, then feedback. The enum of clauses is written only once."""
    labels = [NO_CLAUSE, *(clause.label for clause in clauses)]
    judged = _object(reason=_TEXT, clause={"type": "string", "enum": labels}, verdict=_VERDICT)
    keys: dict[str, Any] = {f"p{n}": {"$ref": "#/$defs/point"} for n in range(1, len(points) + 1)}
    return {**_object(**keys, feedback=_object(good=_TEXT, missing=_TEXT, next=_TEXT)), "$defs": {"point": judged}}


def prompt_hash() -> str:
    """SHA-256 (hex) of the sources of the prompt: grades with the same hash were asked for in the same words."""
    sources = [get_template(name).template.source for name in (SYSTEM, USER)]  # type: ignore[attr-defined]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


_TEXT = {"type": "string"}
_VERDICT = {"type": "string", "enum": list(JUDGEMENTS)}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _described(point: FrozenPoint) -> dict[str, str]:
    return {"kind": point.kind, "text": f"{point.name}: {point.text}" if point.name else point.text}


def _judged(
    number: int, point: FrozenPoint, data: dict[str, Any], answer: ReadAnswer, question: FrozenQuestion
) -> PointVerdict:
    """The model's word on one point; a judgement that points at nothing is worth nothing."""
    said = data[f"p{number}"]
    reason = without_reference(" ".join(said["reason"].split()), question.reference)[:500]
    verdict = said["verdict"]
    spans: tuple[Span, ...] = ()
    if said["clause"] != NO_CLAUSE and verdict != "missing":
        spans = (answer.clauses[int(said["clause"][1:]) - 1].span,)
    elif verdict != "missing":
        verdict, reason = (
            "missing",
            _("The model pointed at no part of the answer. It said: %(reason)s") % {"reason": reason},
        )
    return PointVerdict(point.key, point.name, point.text, point.kind, point.weight, verdict, spans, reason)


def _vetoed(
    judged: list[PointVerdict], question: FrozenQuestion, clauses: Sequence[Clause], embed: Embed | None
) -> list[PointVerdict]:
    """Judgements whose clause has nothing to do with the point, neither in words nor in meaning, become "missing"."""
    doubtful = [point for point in judged if point.spans and not _shares_words(point, question, clauses)]
    unrelated = {point.key for point in doubtful if not _near(point, clauses, embed)}
    return [_without_evidence(point) if point.key in unrelated else point for point in judged]


def _shares_words(point: PointVerdict, question: FrozenQuestion, clauses: Sequence[Clause]) -> bool:
    wanted = wanted_units(_plain(point), f"{question.title}\n{question.prompt}")
    return any(wanted & units(clause.text) for clause in _around(point, clauses))


def _near(point: PointVerdict, clauses: Sequence[Clause], embed: Embed | None) -> bool:
    if embed is None:
        return False
    try:
        return bool(cosines([_plain(point)], _around(point, clauses), embed).max() >= NEAR)
    except LLMError:  # no embedding model here: words alone decide
        return False


def _around(point: PointVerdict, clauses: Sequence[Clause]) -> Sequence[Clause]:
    """The clause a judgement points at, with its neighbours."""
    at = next(i for i, clause in enumerate(clauses) if clause.span == point.spans[0])
    return clauses[max(0, at - 1) : at + 2]


def _plain(point: PointVerdict) -> FrozenPoint:
    return FrozenPoint(point.key, point.name, point.text, point.kind, point.weight)


def _without_evidence(point: PointVerdict) -> PointVerdict:
    reason = _("The part of the answer that the model pointed at does not speak of this. It said: %(reason)s")
    return PointVerdict(
        point.key, point.name, point.text, point.kind, point.weight, "missing", (), reason % {"reason": point.reason}
    )


def _verdict(question: FrozenQuestion, points: tuple[PointVerdict, ...], reply: Reply) -> Verdict:
    said = reply.data["feedback"]
    total = scoring.score(points)
    return Verdict(
        points=points,
        score=total,
        level=scoring.level(total),
        feedback=without_reference(
            compose(said["good"], said["missing"], said["next"], question.language), question.reference
        ),
        grader="llm",
        model=reply.model,
        prompt_hash=prompt_hash(),
        usage=Usage(reply.calls, reply.prompt_tokens, reply.completion_tokens, reply.seconds),
        mode=reply.mode,
        prompt=json.dumps(reply.messages, ensure_ascii=False),
    )
