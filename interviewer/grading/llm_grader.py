"""Grading by a language model: it points at clauses and judges key points; evidence and sums are code.

One sample, that is: how many are taken, and which is shown, is up to `sampling.py`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any

from django.template.loader import get_template
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from interviewer.llm import Reply, ask
from questions.frozen import FrozenPoint, FrozenQuestion

from . import scoring
from .anonymous import masked
from .clauses import Clause, ReadAnswer
from .feedback import compose, in_language, without_reference
from .offered import offered
from .points import question_points
from .reference import answered_in
from .shape import is_keyword_list
from .unsaid import unsaid
from .verdict import JUDGEMENTS, PointJudgement, PointVerdict, Verdict
from .veto import Evidence, Models, held, opposes

SYSTEM = {"zh": "prompts/grade_answer.system.zh.txt", "en": "prompts/grade_answer.system.en.txt"}
USER = "prompts/grade_answer.user.txt"
NO_CLAUSE = "none"
# Characters of a reason, and of each part of the feedback: models that know no end are slow.
_LENGTHS = {"zh": (30, 60), "en": (80, 160)}


@dataclasses.dataclass(frozen=True)
class Task:
    """What every sample of one grading has in common.

    `shown` are the clauses that the model gets to read, `sent` the same without what says who wrote them.
    `evidence` is what code finds of the points in them. `is_list`: the answer is a bare string of keywords. `said_in`:
    the language of the answer, in which its author is told what to think of it ("zh" or "en").
    """

    question: FrozenQuestion
    points: tuple[FrozenPoint, ...]
    answer: ReadAnswer
    shown: tuple[Clause, ...]
    sent: tuple[Clause, ...]
    evidence: Evidence
    is_list: bool
    said_in: str


def task_of(
    question: FrozenQuestion, answer: ReadAnswer, models: Models | None = None, names: Collection[str] = ()
) -> Task:
    """The task of grading `answer`, whose author is called `names`; without `models` only words are evidence."""
    not_said = unsaid(question, answer)
    shown = offered(question, answer, not_said.spans, held(question, answer, models))
    return Task(
        question=question,
        points=question_points(question),
        answer=answer,
        shown=shown,
        sent=_unsigned(question, answer, shown, names),
        evidence=Evidence(question, answer, shown, not_said.echo, models),
        is_list=is_keyword_list(answer.text, question.reference),
        said_in=answered_in(question, answer.text),
    )


def _unsigned(
    question: FrozenQuestion, answer: ReadAnswer, shown: Sequence[Clause], names: Collection[str]
) -> tuple[Clause, ...]:
    """The clauses as the model reads them; masked as parts of the whole answer, since an address may reach over two."""
    said = (question.title, question.prompt, question.reference, *(point.text for point in question.points))
    text = masked(answer.text, names, "\n".join(said))
    return tuple(dataclasses.replace(clause, text=" ".join(text[slice(*clause.at)].split())) for clause in shown)


def sample(task: Task, temperature: float = 0.0) -> Verdict:
    """The verdict by one call of the language model. Raises LLMError."""
    reply = ask(
        messages(task.question, task.points, task.sent, task.said_in),
        schema(task.question, task.points, task.shown, task.said_in),
        schema_name="grading",
        temperature=temperature,
    )
    with in_language(task.question.language):
        judged = tuple(_judged(task, n, reply.data[f"p{n + 1}"]) for n in range(len(task.points)))
    return _verdict(task, judged, reply)


def messages(
    question: FrozenQuestion, points: Sequence[FrozenPoint], clauses: Sequence[Clause], said_in: str = ""
) -> list[dict[str, str]]:
    """The system and the user message. What is the same for many answers comes first: servers keep what they have read.

    They are in the language of the question, and ask for feedback in that of the answer, `said_in` if it is another.
    Question and answer stand as JSON inside fences that nobody could have foreseen. The same data has the same fence,
    so that the same answer gets the same prompt: it is keyed with SECRET_KEY; to write it into an answer changes it.
    """
    asked = {
        "question": question.prompt,
        "reference": question.reference,
        "key_points": {f"p{n}": _described(point) for n, point in enumerate(points, 1)},
    }
    language = _language(question)
    context = {
        "language": language,
        "said_in": said_in or language,
        "question": fenced(asked),
        "answer": fenced({"answer": {clause.label: clause.text for clause in clauses}}),
        "keys": ", ".join([*(f'"p{n}"' for n in range(1, len(points) + 1)), '"feedback"']),
    }
    system, user = (get_template(name).render(context).strip() for name in (SYSTEM[language], USER))
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def schema(
    question: FrozenQuestion, points: Sequence[FrozenPoint], clauses: Sequence[Clause], said_in: str = ""
) -> dict[str, Any]:
    """The strict JSON Schema of a reply: p1 … pn, then feedback. The enum of clauses is written only once."""
    language = _language(question)
    reason = {"type": "string", "maxLength": _LENGTHS[language][0]}
    advice = {"type": "string", "maxLength": _LENGTHS[said_in or language][1]}
    labels = [NO_CLAUSE, *(clause.label for clause in clauses)]
    judged = _object(clause={"type": "string", "enum": labels}, reason=reason, verdict=_VERDICT)
    keys: dict[str, Any] = {f"p{n}": {"$ref": "#/$defs/point"} for n in range(1, len(points) + 1)}
    return {
        **_object(**keys, feedback=_object(good=advice, missing=advice, next=advice)),
        "$defs": {"point": judged},
    }


def prompt_hash() -> str:
    """SHA-256 (hex) of the sources of the prompt: grades with the same hash were asked for in the same words."""
    sources = [get_template(name).template.source for name in (*SYSTEM.values(), USER)]  # type: ignore[attr-defined]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


_VERDICT = {"type": "string", "enum": list(JUDGEMENTS)}


def _language(question: FrozenQuestion) -> str:
    return "zh" if question.language.startswith("zh") else "en"


def fenced(data: dict[str, Any]) -> str:
    """Data as JSON between two lines that nobody could have foreseen."""
    shown = json.dumps(data, ensure_ascii=False, indent=1)
    nonce = salted_hmac("interviewer.grading", shown, algorithm="sha256").hexdigest()[:16]
    return f"⟦{nonce}⟧\n{shown}\n⟦{nonce}⟧"


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _described(point: FrozenPoint) -> dict[str, str]:
    return {"kind": point.kind, "text": f"{point.name}: {point.text}" if point.name else point.text}


def _judged(task: Task, number: int, said: dict[str, Any]) -> PointVerdict:
    """The model's word on one point, as far as the clause it points at bears it out."""
    point = task.points[number]
    reason = without_reference(" ".join(said["reason"].split()), task.question.reference)[:500]
    judged = PointVerdict(point.key, point.name, point.text, point.kind, point.weight, "missing", (), reason)
    if said["verdict"] == "missing":
        return judged
    label = said["clause"]
    clause = None if label == NO_CLAUSE else task.answer.clauses[int(label[1:]) - 1]
    doubt = _doubt(task, number, clause)
    if clause is None or doubt:
        return dataclasses.replace(judged, reason=doubt % {"reason": reason})
    verdict: PointJudgement = "partial" if task.is_list and said["verdict"] == "met" else said["verdict"]
    return dataclasses.replace(judged, verdict=verdict, spans=(clause.span,))


def _doubt(task: Task, number: int, clause: Clause | None) -> str:
    """Why the model's word on a point is not taken, or ""."""
    if clause is None:
        return _("The model pointed at no part of the answer. It said: %(reason)s")
    if opposes(clause, task.points[number], task.question):
        return _("The part of the answer that the model pointed at says the opposite. It said: %(reason)s")
    at = task.shown.index(clause)
    around = task.shown[max(0, at - 1) : at + 2]
    if not task.evidence.shown(number, around):
        return _("The part of the answer that the model pointed at does not speak of this. It said: %(reason)s")
    return ""


def _verdict(task: Task, points: tuple[PointVerdict, ...], reply: Reply) -> Verdict:
    said = reply.data["feedback"]
    total = scoring.score(points)
    return Verdict(
        points=points,
        score=total,
        level=scoring.level(total),
        feedback=without_reference(
            compose(said["good"], said["missing"], said["next"], task.said_in), task.question.reference
        ),
        grader="llm",
        model=reply.model,
        prompt_hash=prompt_hash(),
        usage=reply.usage,
        mode=reply.mode,
        prompt=json.dumps(reply.messages, ensure_ascii=False),
        samples=(total,),
    )
