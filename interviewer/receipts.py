"""Receipts: what was handed in, when, and a signature by which this site knows its own receipts again.

The file is JSON, the same bytes each time. Its signature is an HMAC with SECRET_KEY: whoever runs the site, and nobody
else, can tell a genuine receipt from an invented one. After SECRET_KEY has changed, earlier receipts are still known
while the old key stands in SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

import enum
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.signing import BadSignature, Signer

from interviewer.models import Answer, Interview
from interviewer.strict_json import parse_object

FORMAT = "interviewer receipt 1"
# Names that people may change afterwards; a genuine receipt keeps those of its day.
_MAY_CHANGE = {"title", "candidate"}
# What is kept of an interview for good, so that a receipt is known again when all else of it is deleted.
_KEPT_FOR_GOOD = {"interview", "started_at", "submitted_at", "submitted_by", "sha256"}


# --- Making --------------------------------------------------------------------


def sha256(text: str) -> str:
    """SHA-256 (hex) of the text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def whole_hash(interview: Interview, answers: Iterable[Answer]) -> str:
    """SHA-256 (hex) over interview, time of handing in, and every answer's position, question and exact text."""
    assert interview.submitted_at is not None
    content = {
        "interview": str(interview.pk),
        "submitted_at": interview.submitted_at.astimezone(UTC).isoformat(),
        "answers": [[answer.position, answer.frozen["hash"], answer.text] for answer in answers],
    }
    return sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")))


def content(interview: Interview) -> dict[str, Any]:
    """What a receipt says of an interview that was handed in and is kept, without its signature."""
    assert interview.submitted_at is not None and interview.candidate is not None
    answers = list(interview.answers.order_by("position"))
    return {
        "format": FORMAT,
        "interview": str(interview.pk),
        "title": interview.template.name,
        "candidate": interview.candidate.get_username(),
        "started_at": interview.started_at.astimezone(UTC).isoformat(),
        "submitted_at": interview.submitted_at.astimezone(UTC).isoformat(),
        "submitted_by": interview.submitted_by,
        "answers": [_answer(answer) for answer in answers],
        "sha256": whole_hash(interview, answers),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "position": answer.position,
        "question": answer.asked.title,
        "question_sha256": answer.frozen["hash"],
        "text": answer.text,
        "sha256": sha256(answer.text),
    }


def file_of(interview: Interview) -> bytes:
    """The receipt as a file: the content and its signature."""
    said = content(interview)
    return _rendered({**said, "signature": _signer().signature(_canonical(said))})


def _signer() -> Signer:
    return Signer(salt="interviewer.receipt")


def _canonical(said: dict[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _rendered(said: dict[str, Any]) -> bytes:
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()


# --- Verifying -----------------------------------------------------------------


SIGNATURE, LAYOUT = "signature", "layout"  # places that are none of the content's


class Finding(enum.Enum):
    """What a file that claims to be a receipt turned out to be; the value is the exit status of `verify_receipt`."""

    GENUINE = 0
    CHANGED = 1
    NOT_OURS = 2
    STORED_DIFFERS = 3
    NOT_STORED = 4
    ERASED = 6  # genuine, and its hash is the one that is kept; 5 is a file that cannot be read


@dataclass(frozen=True)
class Verdict:
    """A finding, and the places (such as "answers.2.text") it is about; when the data was deleted, if it was."""

    finding: Finding
    places: tuple[str, ...] = ()
    erased_at: datetime | None = None


def verify(raw: bytes) -> Verdict:
    """Compare a file with its signature and with what is stored."""
    try:
        said = parse_object(raw.decode())
    except ValueError:
        return Verdict(Finding.NOT_OURS)
    signature = said.pop("signature", None)
    interview = _found(said.get("interview"))
    stored = _stored(interview) if interview is not None else None
    if interview is not None and interview.is_erased:
        said_of = {name: value for name, value in said.items() if name in _KEPT_FOR_GOOD}
        return _verify_of_tombstone(raw, said, signature, tuple(differences(said_of, stored)), interview)
    different = tuple(differences(said, stored)) if stored is not None else ()
    if not _is_signed(said, signature):
        if stored is None:
            return Verdict(Finding.NOT_OURS)
        return Verdict(Finding.CHANGED, different or (SIGNATURE,))
    if raw != _rendered({**said, "signature": signature}):
        return Verdict(Finding.CHANGED, (LAYOUT,))
    if stored is None:
        return Verdict(Finding.NOT_STORED)
    different = tuple(place for place in different if place not in _MAY_CHANGE)
    return Verdict(Finding.STORED_DIFFERS, different) if different else Verdict(Finding.GENUINE)


def _verify_of_tombstone(
    raw: bytes, said: dict[str, Any], signature: Any, different: tuple[str, ...], interview: Interview
) -> Verdict:
    """The file's texts are compared by the hash that is kept over all of them."""
    if not _is_signed(said, signature):
        return Verdict(Finding.CHANGED, different or (SIGNATURE,))
    if raw != _rendered({**said, "signature": signature}):
        return Verdict(Finding.CHANGED, (LAYOUT,))
    return Verdict(Finding.STORED_DIFFERS, different) if different else Verdict(Finding.ERASED, (), interview.erased_at)


def _is_signed(said: dict[str, Any], signature: Any) -> bool:
    if not isinstance(signature, str):
        return False
    try:
        _signer().unsign(f"{_canonical(said)}:{signature}")
    except BadSignature:
        return False
    return True


def _found(pk: Any) -> Interview | None:
    """The interview with this id, if it was handed in."""
    try:
        interview = Interview.objects.select_related("template", "candidate").get(pk=uuid.UUID(pk))
    except (Interview.DoesNotExist, ValueError, AttributeError, TypeError):
        return None
    return interview if interview.submitted_at else None


def _stored(interview: Interview) -> dict[str, Any]:
    """The content of the receipt as it would be made now; once the data is deleted, what of it is kept."""
    if not interview.is_erased:
        return content(interview)
    assert interview.submitted_at is not None
    return {
        "interview": str(interview.pk),
        "started_at": interview.started_at.astimezone(UTC).isoformat(),
        "submitted_at": interview.submitted_at.astimezone(UTC).isoformat(),
        "submitted_by": interview.submitted_by,
        "sha256": interview.receipt_sha256,
    }


def differences(said: Any, stored: Any, place: str = "") -> Iterator[str]:
    """The places where two receipts differ, outermost first; items of a list are numbered from 1."""
    if isinstance(said, list) and isinstance(stored, list):
        said, stored = ({str(n): each for n, each in enumerate(side, start=1)} for side in (said, stored))
    if not (isinstance(said, dict) and isinstance(stored, dict)):
        if type(said) is not type(stored) or said != stored:
            yield place
        return
    for name in {**stored, **said}:
        inside = f"{place}.{name}" if place else name
        if name in said and name in stored:
            yield from differences(said[name], stored[name], inside)
        else:
            yield inside
