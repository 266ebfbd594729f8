"""Decision packets: all that led to a decision, in files that this site knows again; any byte changed in them shows.

The signature of the JSON file is its last field, over the file as it would be without; that of the PDF is a last line
that readers of PDF pass over. Both are HMACs with SECRET_KEY, as with receipts.
No name, address or contact of the candidate is in a packet, only the code that managers call them by.
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.signing import BadSignature, Signer

from interviewer.exported import attempt, time_of
from interviewer.models import Answer, AuditHead, Decision, Grade, HumanScore, Interview, Invitation, Override, User
from interviewer.pass_bands import Stored, placed
from interviewer.scorecard import band
from interviewer.standing import with_score
from interviewer.strict_json import parse_object
from interviewer.timeline import Entry, timeline

FORMAT = "interviewer decision packet 1"
_PDF_LINE = re.compile(rb"\n%interviewer-packet ([0-9A-Za-z_:-]{1,200})\n")


# --- Making --------------------------------------------------------------------


def content(invitation: Invitation, at: datetime) -> dict[str, Any]:
    """What a packet made at `at` says, without its signature. The words of its timeline are in the active language."""
    interview = invitation.interview
    assert interview is not None
    found = interview.answers.order_by("position")
    answers = with_score(found.prefetch_related("grades", "human_scores__reviewer", "overrides__reviewer"))
    questions = [_question(answer, answer.standing) for answer in answers]
    decisions = [_decision(each) for each in interview.decisions.select_related("by")]
    head = AuditHead.objects.filter(pk=1).first()
    return {
        "format": FORMAT,
        "made_at": time_of(at),
        "organisation": invitation.position.organisation.name,
        "position": {"id": invitation.position_id, "title": invitation.position.title},
        "candidate": invitation.code,
        "interview": attempt(interview),
        "blueprint": _blueprint(interview),
        "score": _score(questions, interview.template.bands),
        "questions": questions,
        "decision": decisions[0],
        "earlier_decisions": decisions[1:],
        "timeline": [_entry(entry) for entry in timeline(interview)],
        "audit_head": {"number": head.number, "sha256": head.hash} if head else {"number": 0, "sha256": ""},
    }


def _blueprint(interview: Interview) -> dict[str, Any]:
    template = interview.template
    rows = [
        {
            "topic": row.topic.slug if row.topic else None,
            "least_difficulty": row.least_difficulty,
            "most_difficulty": row.most_difficulty,
            "count": row.count,
            "minutes_each": row.minutes_each,
        }
        for row in template.blueprint.select_related("topic")
    ]
    said = {"version": template.version, "language": template.language, "rows": rows}
    said |= {"pass_bands": template.bands} if template.bands else {}
    canonical = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {**said, "sha256": _sha256(canonical.encode())}


def _question(answer: Answer, standing: float | None) -> dict[str, Any]:
    # Newest first; the grade in force is the newest that is done.
    grades = list(answer.grades.all())
    in_force = next((grade for grade in grades if grade.status == Grade.Status.DONE), None)
    return {
        "position": answer.position,
        "asked": answer.frozen,
        "rubric_sha256": answer.asked.task_hash,
        "answer": answer.text,
        "answer_sha256": _sha256(answer.text.encode()),
        "saved_at": time_of(answer.saved_at),
        "seconds_used": round(answer.seconds_used, 1),
        "score": standing,
        "grades": [_grade(grade, grade is in_force, answer.text) for grade in grades],
        "scores_by_people": [_score_by_person(score) for score in answer.human_scores.all()],
        "decisions_which_counts": [_override(each) for each in answer.overrides.all()],
    }


def _score_by_person(score: HumanScore) -> dict[str, Any]:
    """What a reviewer found; `phase` says whether before or after the machine's verdict was shown to them."""
    return {
        "id": score.pk,
        "by": name_of(score.reviewer),
        "at": time_of(score.at),
        "phase": score.phase,
        "judgements": score.judgements,
        "score": score.score,
        "rubric_sha256": score.rubric_hash,
        "reason": score.reason,
    }


def _override(override: Override) -> dict[str, Any]:
    """Which score was made to count, by whom and why: a person's by its id, or (None) the machine's again."""
    return {
        "score": override.human_score_id,
        "by": name_of(override.reviewer),
        "at": time_of(override.at),
        "reason": override.reason,
    }


def _grade(grade: Grade, in_force: bool, text: str) -> dict[str, Any]:
    verdict: Mapping[str, Any] = grade.verdict or {}
    return {
        "in_force": in_force,
        "status": grade.status,
        "asked_for_at": time_of(grade.created_at),
        "graded_at": time_of(grade.graded_at),
        "grader": verdict.get("grader") or grade.grader,
        "model": verdict.get("model") or grade.model,
        "prompt_sha256": verdict.get("prompt_hash") or grade.prompt_hash,
        "rubric_sha256": verdict.get("rubric_hash") or grade.rubric_hash,
        "score": grade.score,
        "samples": verdict.get("samples", []),
        "spread": verdict.get("spread", 0.0),
        "flags": verdict.get("flags", []),
        "feedback": verdict.get("feedback", ""),
        "points": [_point(point, text) for point in verdict.get("points", ())],
        "problem": grade.error,
    }


def _point(point: Mapping[str, Any], text: str) -> dict[str, Any]:
    """A point's verdict, each span of evidence with its words."""
    evidence = [{"start": start, "end": end, "words": text[start:end]} for start, end in point.get("spans", ())]
    kept = ("key", "name", "text", "kind", "weight", "verdict", "reason", "credit")
    return {**{name: point.get(name) for name in kept}, "evidence": evidence}


def _score(questions: Sequence[Mapping[str, Any]], bands: Stored) -> dict[str, Any]:
    known = [each["score"] for each in questions if each["score"] is not None]
    found = band(known)
    reach = {"low": found.low, "high": found.high, "share": 0.9} if found else None
    lines = [{"name": line.name, "from": line.least, "where": line.where.value} for line in placed(bands, found)]
    said = {"asked": len(questions), "graded": len(known), "band_of_100": reach}
    return {**said, "pass_bands": lines} if bands else said


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "outcome": decision.outcome,
        "reason": decision.reason,
        "by": name_of(decision.by),
        "at": time_of(decision.at),
    }


def name_of(person: User | None) -> str:
    """What a packet calls somebody who decided: "" when the account is gone."""
    return (person.get_full_name() or person.get_username()) if person else ""


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "at": time_of(entry.at),
        "until": time_of(entry.until),
        "kind": str(entry.kind),
        "text": str(entry.text),
        "told_by_browser": entry.claimed,
    }


# --- Signing -------------------------------------------------------------------


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _signer() -> Signer:
    return Signer(salt="interviewer.packet")


def json_file(said: dict[str, Any]) -> bytes:
    """The content with its signature, as a file."""
    return _rendered({**said, "signature": _signer().signature(_sha256(_rendered(said)))})


def _rendered(said: dict[str, Any]) -> bytes:
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()


def signed_pdf(pdf: bytes) -> bytes:
    """A PDF with a last line that signs every byte before it."""
    return pdf + b"\n%interviewer-packet " + _signer().signature(_sha256(pdf)).encode() + b"\n"


# --- Verifying -----------------------------------------------------------------


class Finding(enum.Enum):
    """What a file that claims to be a packet turned out to be; the value is the exit status of `verify_packet`."""

    GENUINE = 0
    CHANGED = 1
    NOT_OURS = 2


def verify(raw: bytes) -> Finding:
    """Whether a file is a packet that this site made, and unchanged. Nothing stored is looked at."""
    return _verify_pdf(raw) if raw.startswith(b"%PDF-") else _verify_json(raw)


def _verify_pdf(raw: bytes) -> Finding:
    lines = list(_PDF_LINE.finditer(raw))
    if not lines:
        return Finding.NOT_OURS
    last = lines[-1]
    is_ours = last.end() == len(raw) and _is_signed(_sha256(raw[: last.start()]), last[1].decode())
    return Finding.GENUINE if is_ours else Finding.CHANGED


def _verify_json(raw: bytes) -> Finding:
    try:
        said = parse_object(raw.decode())
    except ValueError:
        return Finding.CHANGED if FORMAT.encode() in raw else Finding.NOT_OURS
    signature = said.pop("signature", None)
    if said.get("format") != FORMAT and not isinstance(signature, str):
        return Finding.NOT_OURS
    is_ours = isinstance(signature, str) and _is_signed(_sha256(_rendered(said)), signature)
    return Finding.GENUINE if is_ours and raw == _rendered({**said, "signature": signature}) else Finding.CHANGED


def _is_signed(text: str, signature: str) -> bool:
    try:
        _signer().unsign(f"{text}:{signature}")
    except BadSignature:
        return False
    return True
