"""Everything that is kept of a person, for that person: a ZIP archive of `data.json` and the receipts.

Of grades, people's scores and references it holds what the person's own pages show, and no more.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

from interviewer import audit, receipts
from interviewer.exported import attempt, time_of
from interviewer.models import Accommodation, Answer, Appeal, AuditEvent, Interview, Invitation, User
from interviewer.privacy.purging import until
from interviewer.scorecard import Result, in_force
from interviewer.templatetags.interviewer_extras import flag_text, point_title, to_show, verdict_label

FORMAT = "interviewer personal data 1"


def archive(person: User, at: datetime) -> bytes:
    """The archive, as a file; words in it that the program says are in the active language."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("data.json", json.dumps(everything(person, at), ensure_ascii=False, indent=2) + "\n")
        for interview in _interviews(person).filter(submitted_at__isnull=False):
            file.writestr(f"receipts/{interview.pk}.json", receipts.file_of(interview))
    return out.getvalue()


def everything(person: User, at: datetime) -> dict[str, Any]:
    """What `data.json` says."""
    extra = Accommodation.objects.filter(person=person).first()
    acts = AuditEvent.objects.filter(actor=audit.name_of(person)).order_by("number")
    return {
        "format": FORMAT,
        "made_at": time_of(at),
        "account": {
            "number": person.pk,
            "is_guest": person.is_guest,
            "username": person.username,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": person.email,
            "made_at": time_of(person.date_joined),
            "last_signed_in_at": time_of(person.last_login),
        },
        "extra_time": {"multiplier": str(extra.multiplier), "minutes": extra.extra_minutes} if extra else None,
        "interviews": [_interview(each) for each in _interviews(person)],
        "audited": [{"at": time_of(each.at), "what": each.verb, "to": each.object} for each in acts],
    }


def _interviews(person: User) -> Any:
    found = Interview.objects.filter(candidate=person).order_by("started_at", "pk")
    return found.select_related("template__organisation", "candidate")


def _interview(interview: Interview) -> dict[str, Any]:
    answers = (
        interview.answers.order_by("position")
        .select_related("appeal")
        .prefetch_related("grades", "overrides__human_score")
    )
    invitation = Invitation.objects.select_related("position").filter(interview=interview).first()
    return {
        **attempt(interview),
        "title": interview.template.name,
        "organisation": interview.template.organisation.name,
        "deleted_by_itself_at": time_of(until(interview)),
        "invitation": _invitation(invitation) if invitation else None,
        "time_added": [
            {"at": time_of(each.at), "seconds": each.length.total_seconds(), "what": each.sentence}
            for each in interview.extensions.all()
        ],
        "answers": [_answer(answer, interview) for answer in answers],
        "events": [
            {"at": time_of(each.at), "kind": each.kind, "question": each.position, "details": each.data}
            for each in interview.events.order_by("at", "pk")
        ],
    }


def _invitation(invitation: Invitation) -> dict[str, Any]:
    times = ("created_at", "sent_at", "opened_at", "accepted_at", "expires_at")
    return {
        "position": invitation.position.title,
        "code": invitation.code,
        "name": invitation.name,
        "email": invitation.email,
        "extra_minutes": invitation.extra_minutes,
        **{name: time_of(getattr(invitation, name)) for name in times},
    }


def _answer(answer: Answer, interview: Interview) -> dict[str, Any]:
    asked = answer.asked
    return {
        "question": answer.position,
        "title": asked.title,
        "prompt": asked.prompt,
        "text": answer.text,
        "revision": answer.revision,
        "saved_at": time_of(answer.saved_at),
        "flagged": answer.flagged,
        "seconds_used": round(answer.seconds_used, 1),
        "appeal": _appeal(answer),
        "result": _result(in_force(answer), interview.is_practice) if interview.submitted_at else None,
    }


def _appeal(answer: Answer) -> dict[str, Any] | None:
    """What the candidate said was wrong, and what a person answered."""
    said: Appeal | None = getattr(answer, "appeal", None)
    if said is None:
        return None
    return {
        "at": time_of(said.made_at),
        "reason": said.reason,
        "answered_at": time_of(said.answered_at),
        "upheld": said.upheld,
        "reply": said.reply,
    }


def _result(result: Result, show_reference: bool) -> dict[str, Any]:
    """What the scorecard says of one answer."""
    verdict = result.verdict or {}
    speaks = verdict.get("grader") != "precheck"  # whose words are not shown either
    override = result.override
    return {
        "status": result.status,
        "of_100": result.points_of_100,
        "reason": result.reason,
        "scored_by_a_person": override is not None,
        "their_reason": override.reason if override is not None and override.for_candidate else "",
        "feedback": verdict.get("feedback", "") if speaks else "",
        "flags": [flag_text(code) for code in verdict.get("flags", ())],
        "points": [
            {
                "point": point_title(point, show_reference),
                "verdict": verdict_label(point),
                "reason": point.get("reason", "") if speaks else "",
                "your_words": [result.text[start:end] for start, end in point.get("spans", ())],
            }
            for point in to_show(verdict.get("points", []), show_reference)
        ],
        "reference": result.asked.reference if show_reference else None,
    }
