"""Sending invitations by e-mail, one by one; what could not be sent says so in its own row, and can be sent again."""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta
from typing import Any

from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from interviewer.jobs import Progress
from interviewer.models import Invitation, Job
from interviewer.models.hiring import LASTS, new_token

logger = logging.getLogger(__name__)

LEAST_LEFT = timedelta(hours=12)  # what would expire sooner than that after it is sent is given more time
MOST_FAILURES = 3  # in a row: then the mail server is down, and the others need not wait for it one by one

REFUSED = gettext_noop("The mail server refused this address: %(reason)s")
DOWN = gettext_noop("The mail server could not be reached (%(reason)s). Try again later.")


def send(job: Job, progress: Progress) -> dict[str, Any]:
    """Send those of the job that still wait for it; run twice, it sends nothing twice but what was on its way."""
    waiting = Invitation.objects.unsent().select_related("position__organisation", "position__template")
    rows = list(waiting.filter(pk__in=job.payload["invitations"]).order_by("pk"))
    sent, in_a_row, problem = 0, 0, (DOWN, {"reason": ""})
    connection = mail.get_connection()
    try:
        for done, invitation in enumerate(rows):
            progress(done, len(rows))
            if in_a_row < MOST_FAILURES and (failure := _send_one(connection, invitation, job)) is None:
                sent, in_a_row = sent + 1, 0
                continue
            if in_a_row < MOST_FAILURES:
                assert failure is not None
                problem, in_a_row = failure, in_a_row + 1 if failure[0] == DOWN else 0
            kept = Invitation.objects.filter(pk=invitation.pk, erased_at__isnull=True)  # a reason may name the address
            kept.update(error=problem[0], error_values=problem[1])
    finally:
        _close(connection)
    return {"sent": sent, "failed": len(rows) - sent}


def _send_one(connection: BaseEmailBackend, invitation: Invitation, job: Job) -> tuple[str, dict[str, str]] | None:
    """Send one with a new link; or what went wrong, and then the link before, if there is one, stays good."""
    at, token = timezone.now(), new_token()
    if invitation.expires_at < at + LEAST_LEFT:
        invitation.expires_at = at + LASTS
    try:
        _message(connection, invitation, job.payload["base"] + reverse("invitation", args=[token])).send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
        return REFUSED, {"reason": _first_line(error)}
    except (OSError, smtplib.SMTPException) as error:  # SMTPException is an OSError; said for the reader
        _close(connection)
        return DOWN, {"reason": type(error).__name__}
    invitation.renew(token, invitation.expires_at)
    Invitation.objects.filter(pk=invitation.pk).update(sent_at=at, error="", error_values={})
    return None


def _message(connection: BaseEmailBackend, invitation: Invitation, link: str) -> mail.EmailMessage:
    with translation.override(invitation.language):
        title = " ".join(invitation.position.title.split())
        subject = _("Invitation to an interview: %(title)s") % {"title": title}
        body = render_to_string("interviewer/invitation_email.txt", {"invitation": invitation, "link": link})
    return mail.EmailMessage(subject, body, to=[invitation.email], connection=connection)


def _first_line(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()), (0, b""))
    else:
        code, text = getattr(error, "smtp_code", 0), getattr(error, "smtp_error", b"")
    said = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return f"{code} {said.splitlines()[0] if said else ''}"[:200].strip()


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("The connection to the mail server did not close well: %s", type(error).__name__)
