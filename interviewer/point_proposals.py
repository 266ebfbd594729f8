"""Rubric points proposed by the language model. It may only point at the reference answer: code checks every quotation.

What a must or a should point says is the stretch of the reference that was quoted, as it stands there. A pitfall is a
wrong statement, so its words are the model's; they must be about what it quoted. No database.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from django.template.loader import get_template
from django.utils.translation import gettext_noop as _

from interviewer.grading.llm_grader import fenced
from interviewer.grading.words import telling, units
from interviewer.llm import Reply, Usage, ask, estimated_tokens
from questions.documents.parsed import ParsedPoint
from questions.frozen import FrozenQuestion
from questions.proposing import same

SYSTEM = {"zh": "prompts/propose_points.system.zh.txt", "en": "prompts/propose_points.system.en.txt"}
USER = "prompts/propose_points.user.txt"
MOST = 7
LONGEST_NAME = 60  # characters
LONGEST_MISTAKE = 300
MOST_OF_IT = 0.6  # share of a longer reference from which on a quotation is no point of it any more
_SHORT_REFERENCE = 200  # characters
_MARKS = re.compile(r"[\s*_`]")

NO_QUOTE = _("What it quoted does not stand in the reference answer.")
TOO_SHORT = _("What it quoted says too little.")
TOO_LONG = _("It quoted most of the reference answer at once.")
TWICE = _("It says the same as another one.")
NOT_ABOUT = _("The mistake it named is not about what it quoted, or stands in the reference answer itself.")
TOO_MANY = _("It was one too many.")


@dataclasses.dataclass(frozen=True)
class Proposed:
    """What a reply is good for: the points that the reference bears out, and why the others were left out."""

    points: tuple[ParsedPoint, ...]
    dropped: tuple[str, ...]  # English sentences that the catalogue knows
    usage: Usage
    model: str
    prompt: str  # the messages exactly as sent (JSON)


def propose(question: FrozenQuestion) -> Proposed:
    """What the model proposes for `question`. Raises LLMError."""
    reply = ask(messages(question), SCHEMA, schema_name="rubric_points")
    return checked(question, reply)


def planned_tokens(question: FrozenQuestion) -> int:
    """About what asking will cost to read."""
    return sum(estimated_tokens(message["content"]) for message in messages(question))


def messages(question: FrozenQuestion) -> list[dict[str, str]]:
    """The system and the user message: of the question, its reference and its examples, and nothing else."""
    language = "zh" if question.language.startswith("zh") else "en"
    material = {"question": question.prompt, "reference": question.reference, "examples": question.examples}
    context = {"language": language, "question": fenced(material)}
    system, user = (get_template(name).render(context).strip() for name in (SYSTEM[language], USER))
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def checked(question: FrozenQuestion, reply: Reply) -> Proposed:
    """A reply without what the reference does not bear out."""
    points: list[ParsedPoint] = []
    dropped: list[str] = []
    for said in reply.data["points"]:
        point, problem = _checked(question.reference, said)
        if point is not None and any(same(point.text, other.text) for other in points):
            problem = TWICE
        elif point is not None and len(points) == MOST:
            problem = TOO_MANY
        if problem or point is None:
            dropped.append(problem)
        else:
            points.append(point)
    prompt = json.dumps(reply.messages, ensure_ascii=False)
    return Proposed(tuple(points), tuple(dropped), reply.usage, reply.model, prompt)


def found_in(quote: str, reference: str) -> str:
    """The stretch of `reference` that `quote` copies, as it stands there; "" where there is none.

    Blanks and Markdown's marks may differ: a model sees "**bold**" as bold, and a line break as a blank.
    """
    places = [place for place, character in enumerate(reference) if not _MARKS.match(character)]
    bare, wanted = "".join(reference[place] for place in places), _MARKS.sub("", quote)
    at = bare.find(wanted) if wanted else -1
    if at < 0:
        return ""
    return reference[places[at] : places[at + len(wanted) - 1] + 1]


def _checked(reference: str, said: dict[str, Any]) -> tuple[ParsedPoint | None, str]:
    """The point that the model means, or why it is none."""
    quoted = found_in(said["quote"], reference)
    if not quoted:
        return None, NO_QUOTE
    if len(telling(units(quoted))) < 2:
        return None, TOO_SHORT
    if len(reference) > _SHORT_REFERENCE and len(quoted) > MOST_OF_IT * len(reference):
        return None, TOO_LONG
    name = _name(said["name"], quoted)
    if said["kind"] != "pitfall":
        return ParsedPoint(name, quoted, said["kind"]), ""
    mistake = " ".join(said["mistake"].split())[:LONGEST_MISTAKE]
    about = telling(units(mistake)) & telling(units(quoted))
    if not about or found_in(mistake, reference):
        return None, NOT_ABOUT
    return ParsedPoint("", mistake, "pitfall"), ""


def _name(said: str, quoted: str) -> str:
    """The model's name for a point, where its words are those of what it quoted; candidates read names."""
    name = " ".join(re.sub(r"[*_`]", "", said).split()).rstrip(":：")
    words = telling(units(name))
    fits = name and len(name) <= LONGEST_NAME and words and 2 * len(words & units(quoted)) >= len(words)
    return name if fits else ""


def _object(**properties: Any) -> dict[str, Any]:
    names = list(properties)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


_POINT = _object(
    quote={"type": "string"},
    kind={"type": "string", "enum": ["must", "should", "pitfall"]},
    name={"type": "string"},
    mistake={"type": "string"},
)
SCHEMA = _object(points={"type": "array", "items": _POINT})
