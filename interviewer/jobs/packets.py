"""Making a decision packet: both files, kept in one row."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from interviewer import audit, jobs, packets
from interviewer.jobs import JobFailed, Progress
from interviewer.models import Decision, Interview, Invitation, Job, Packet

UNDECIDED = gettext_noop("Nobody has decided about this candidate yet. Decide first; then a packet can be made.")
ERASED = gettext_noop("The data of this interview is deleted, so that no packet can be made of it.")


def make(job: Job, progress: Progress) -> dict[str, Any]:
    """Make the packet of an invitation's interview as it stands now, in the language of whoever asked."""
    from interviewer.packet_pdf import write_pdf

    wanted = Invitation.objects.select_related("position__organisation", "interview__template")
    invitation = wanted.get(pk=job.payload["invitation"])
    decision = Decision.objects.filter(interview=invitation.interview_id).first()
    if decision is None:
        raise JobFailed(UNDECIDED)
    at = timezone.now()
    with translation.override(job.payload["language"]):
        said = packets.content(invitation, at)
        json_file = packets.json_file(said)
        pdf = packets.signed_pdf(write_pdf(said, json_file))
    with transaction.atomic():
        if not Interview.objects.hold(decision.interview_id):
            raise JobFailed(ERASED)
        made = Packet.objects.create(
            interview_id=decision.interview_id,
            decision=decision,
            made_at=at,
            made_by=job.owner,
            json=json_file,
            pdf=pdf,
        )
        result = {"packet": made.pk}
        jobs.finished(job, result)
        hashes = {"json_sha256": hashlib.sha256(json_file).hexdigest(), "pdf_sha256": hashlib.sha256(pdf).hexdigest()}
        who = job.owner or audit.PROGRAM
        audit.record(who, audit.Verb.PACKET_MADE, decision.interview, {"packet": made.pk, **hashes}, at)
    return result
