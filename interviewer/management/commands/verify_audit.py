"""`manage.py verify_audit [--head HASH] [--json]`: is the audit log whole?"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from interviewer.audit.check import Fault, Report, check
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Say whether the audit log is whole, or where it first is not; then the exit status is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", default="", metavar="HASH", help=_("A head that was printed and written down earlier.")
        )
        parser.add_argument("--json", action="store_true", help=_("Print the report as JSON and nothing else."))

    def handle(self, *args: Any, **options: Any) -> None:
        report = check(options["head"].strip().lower())
        if options["json"]:
            self.stdout.write(json.dumps(report.to_json()))
        elif report.fault is None:
            self.stdout.write(_whole(report))
        if report.fault is not None:
            raise CommandError(_sentence(report), returncode=1)


def _whole(report: Report) -> str:
    if not report.events or report.first is None or report.last is None:
        return _("The audit log is empty.")
    told = _("Whole: %(n)d events, from %(first)s to %(last)s.")
    lines = [told % {"n": report.events, "first": _time(report.first), "last": _time(report.last)}]
    if report.known_at:
        since = report.events - report.known_at
        told = _("The head written down is event %(n)d; %(since)d events came after it.")
        lines.append(told % {"n": report.known_at, "since": since})
    lines.append(_("Head: %(hash)s") % {"hash": report.hash})
    lines.append(_("Write it down elsewhere: with --head it shows later whether the log was replaced or cut off."))
    return "\n".join(lines)


def _time(at: Any) -> str:
    return at.isoformat(timespec="seconds")


def _sentence(report: Report) -> str:
    return {
        Fault.CHANGED: _("Event %(n)d was changed after it was written. Whole before it: %(whole)d events."),
        Fault.MISSING: _("Event %(n)d is missing. Whole before it: %(whole)d events."),
        Fault.REORDERED: _("Event %(n)d does not stand where it was written. Whole before it: %(whole)d events."),
        Fault.UNSIGNED: _(
            "Event %(n)d is not signed by this site: it was forged, or SECRET_KEY was changed and the old key does not "
            "stand in SECRET_KEY_FALLBACKS. Whole before it: %(whole)d events."
        ),
        Fault.TRUNCATED: _("The end is missing, from event %(n)d on. Whole before it: %(whole)d events."),
        Fault.INSERTED: _("From event %(n)d on, events were added past the program."),
        Fault.HEAD: _(
            "The %(whole)d events hang together, but the head that says where the log ends is missing, changed or not "
            "signed by this site. Was SECRET_KEY changed without SECRET_KEY_FALLBACKS?"
        ),
        Fault.RESUMED: _(
            "Before event %(n)d the head of the log was lost, changed or signed with an unknown key. What may have "
            "been cut off there is not known. Whole before it: %(whole)d events."
        ),
        Fault.OTHER_LOG: _(
            "The %(whole)d events hang together, but the head written down is none of theirs: this is another log."
        ),
    }[report.fault or Fault.HEAD] % {"n": report.number, "whole": report.events}
