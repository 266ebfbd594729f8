"""How events hang together: each holds the hash of the one before, and a signature that only this site can make."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC

from django.core.signing import BadSignature, Signer

from interviewer.models import AuditEvent, AuditHead


def link(event: AuditEvent, head: AuditHead) -> AuditEvent:
    """Put an event behind the head, which moves on to it."""
    event.number, event.previous = head.number + 1, head.hash
    event.hash = hash_of(event)
    event.signature = _signer().signature(event.hash)
    head.number, head.hash = event.number, event.hash
    return event


def hash_of(event: AuditEvent) -> str:
    """SHA-256 (hex) over all that an event says and the hash of the one before, as canonical JSON."""
    said = {
        "number": event.number,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor,
        "verb": event.verb,
        "object": event.object,
        "facts": event.facts,
        "previous": event.previous,
    }
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_signed(event: AuditEvent) -> bool:
    """Whether an event's hash was signed with SECRET_KEY or one of SECRET_KEY_FALLBACKS."""
    return _is_signed(event.hash, event.signature)


def sign_head(head: AuditHead) -> None:
    """Sign where the log ends."""
    head.signature = _signer().signature(_end(head))


def is_signed_head(head: AuditHead) -> bool:
    """Whether the end of the log was signed by us."""
    return _is_signed(_end(head), head.signature)


def _end(head: AuditHead) -> str:
    return f"head:{head.number}:{head.hash}"


def _signer() -> Signer:
    return Signer(salt="interviewer.audit")


def _is_signed(text: str, signature: str) -> bool:
    try:
        _signer().unsign(f"{text}:{signature}")
    except BadSignature:
        return False
    return True
