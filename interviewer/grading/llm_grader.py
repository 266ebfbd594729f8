"""Grading by a language model: it points at clauses and judges key points; evidence and sums are code.

One sample, that is: how many are taken, and which is shown, is up to `sampling.py`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.template.loader import get_template
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from interviewer.llm import Reply, ask
from questions.frozen import FrozenPoint, FrozenQuestion

from . import scoring
from .clauses import Clause, ReadAnswer
from .feedback import compose, in_language, without_reference
from .offered import offered
from .points import question_points
from .shape import is_keyword_list
from .verdict import JUDGEMENTS, PointJudgement, PointVerdict, Verdict
from .veto import Embed, opposes, overlap, shows_evidence, taken_back

SYSTEM = "prompts/grade_answer.system.txt"
USER = "prompts/grade_answer.user.txt"
NO_CLAUSE = "none"
_LANGUAGES = {"zh": "Chinese (简体中文)", "en": "English"}


@dataclasses.dataclass(frozen=True)
class Task:
    """What every sample of one grading has in common.

    `shown` are the clauses that the model gets to read; those `taken_back` by the answer itself are no evidence.
    `embed` lets code check evidence that shares no word. `is_list`: the answer is a bare string of keywords.
    """

    question: FrozenQuestion
    points: tuple[FrozenPoint, ...]
    answer: ReadAnswer
    shown: tuple[Clause, ...]
    taken_back: frozenset[Clause]
    is_list: bool
    embed: Embed | None = None

    @property
    def asked(self) -> str:
        return f"{self.question.title}\n{self.question.prompt}"


def task_of(question: FrozenQuestion, answer: ReadAnswer, embed: Embed | None = None) -> Task:
    """The task of grading `answer`."""
    points, asked = question_points(question), f"{question.title}\n{question.prompt}"
    shown = offered(question, answer, lambda clause: max(overlap(point, [clause], asked) for point in points))
    return Task(
        question=question,
        points=points,
        answer=answer,
        shown=shown,
        taken_back=taken_back(answer, question.reference),
        is_list=is_keyword_list(answer.text, question.reference),
        embed=embed,
    )


def sample(task: Task, temperature: float = 0.0) -> Verdict:
    """The verdict by one call of the language model. Raises LLMError."""
    reply = ask(
        messages(task.question, task.points, task.shown),
        schema(task.points, task.shown),
        schema_name="grading",
        temperature=temperature,
    )
    with in_language(task.question.language):
        judged = tuple(_judged(task, point, reply.data[f"p{n}"]) for n, point in enumerate(task.points, 1))
    return _verdict(task.question, judged, reply)


def messages(
    question: FrozenQuestion, points: Sequence[FrozenPoint], clauses: Sequence[Clause]
) -> list[dict[str, str]]:
    """The system and the user message; the data stands as JSON inside a fence that nobody could have foreseen.

    The same data has the same fence, so that the same answer gets the same prompt: the fence is keyed with
    SECRET_KEY, and to write it into an answer changes it.
    """
    data = {
        "question": question.prompt,
        "reference": question.reference,
        "key_points": {f"p{n}": _described(point) for n, point in enumerate(points, 1)},
        "answer": {clause.label: clause.text for clause in clauses},
    }
    shown = json.dumps(data, ensure_ascii=False, indent=1)
    context = {
        "nonce": salted_hmac("interviewer.grading", shown, algorithm="sha256").hexdigest()[:16],
        "language": _LANGUAGES["zh" if question.language.startswith("zh") else "en"],
        "data": shown,
        "keys": ", ".join(f'"p{n}"' for n in range(1, len(points) + 1)),
    }
    system, user = (get_template(name).render(context).strip() for name in (SYSTEM, USER))
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def schema(points: Sequence[FrozenPoint], clauses: Sequence[Clause]) -> dict[str, Any]:
    """The strict JSON Schema of a reply: p1 … pn, then feedback. The enum of clauses is written only once."""
    labels = [NO_CLAUSE, *(clause.label for clause in clauses)]
    judged = _object(reason=_REASON, clause={"type": "string", "enum": labels}, verdict=_VERDICT)
    keys: dict[str, Any] = {f"p{n}": {"$ref": "#/$defs/point"} for n in range(1, len(points) + 1)}
    return {
        **_object(**keys, feedback=_object(good=_ADVICE, missing=_ADVICE, next=_ADVICE)),
        "$defs": {"point": judged},
    }


def prompt_hash() -> str:
    """SHA-256 (hex) of the sources of the prompt: grades with the same hash were asked for in the same words."""
    sources = [get_template(name).template.source for name in (SYSTEM, USER)]  # type: ignore[attr-defined]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


_REASON = {"type": "string", "maxLength": 120}
_ADVICE = {"type": "string", "maxLength": 240}
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


def _judged(task: Task, point: FrozenPoint, said: dict[str, Any]) -> PointVerdict:
    """The model's word on one point, as far as the clause it points at bears it out."""
    reason = without_reference(" ".join(said["reason"].split()), task.question.reference)[:500]
    judged = PointVerdict(point.key, point.name, point.text, point.kind, point.weight, "missing", (), reason)
    if said["verdict"] == "missing":
        return judged
    label = said["clause"]
    clause = None if label == NO_CLAUSE else task.answer.clauses[int(label[1:]) - 1]
    doubt = _doubt(task, point, clause)
    if clause is None or doubt:
        return dataclasses.replace(judged, reason=doubt % {"reason": reason})
    verdict: PointJudgement = "partial" if task.is_list and said["verdict"] == "met" else said["verdict"]
    return dataclasses.replace(judged, verdict=verdict, spans=(clause.span,))


def _doubt(task: Task, point: FrozenPoint, clause: Clause | None) -> str:
    """Why the model's word on a point is not taken, or ""."""
    if clause is None:
        return _("The model pointed at no part of the answer. It said: %(reason)s")
    if clause in task.taken_back or opposes(clause, point, task.question):
        return _(
            "The part of the answer that the model pointed at says the opposite or is taken back. It said: %(reason)s"
        )
    at = task.shown.index(clause)
    around = [one for one in task.shown[max(0, at - 1) : at + 2] if one not in task.taken_back]
    if not shows_evidence(point, around, task.asked, task.embed):
        return _("The part of the answer that the model pointed at does not speak of this. It said: %(reason)s")
    return ""


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
        usage=reply.usage,
        mode=reply.mode,
        prompt=json.dumps(reply.messages, ensure_ascii=False),
        samples=(total,),
    )
