"""`manage.py verify_receipt FILE`: is this receipt ours, unchanged, and true to what is stored?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from interviewer import receipts
from interviewer.receipts import Finding, Verdict
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Say whether a receipt file is ours and unchanged. Exit status: 0 it is; 1 changed; 2 not ours; "
        "3 genuine, but what is stored differs; 4 genuine, but no longer stored; 5 the file cannot be read; "
        "6 genuine, and the data of its interview has been deleted since."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help=_("The receipt, as downloaded."))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            raw = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(str(error), returncode=5) from error
        verdict = receipts.verify(raw)
        if verdict.finding is not Finding.GENUINE:
            raise CommandError(_sentence(verdict), returncode=verdict.finding.value)
        self.stdout.write(_("This receipt is ours and unchanged, and it is what is stored."))


def _sentence(verdict: Verdict) -> str:
    if verdict.places == (receipts.SIGNATURE,):
        return _("All that this receipt says is what is stored, but its signature is not ours. Was SECRET_KEY changed?")
    if verdict.places == (receipts.LAYOUT,):
        return _("All that this receipt says is ours and unchanged, but the layout of the file was changed.")
    return {
        Finding.CHANGED: _("This receipt names an interview of ours but was changed. Changed: %(places)s."),
        Finding.NOT_OURS: _("This is not a receipt of ours, or too damaged to be read."),
        Finding.STORED_DIFFERS: _("This receipt is ours and unchanged, but what is stored differs in: %(places)s."),
        Finding.NOT_STORED: _("This receipt is ours and unchanged, but its interview is no longer stored."),
        Finding.ERASED: _(
            "This receipt is ours and unchanged, and its hash is the one that is kept. The data of its interview was "
            "deleted on %(when)s."
        ),
    }[verdict.finding] % {"places": ", ".join(verdict.places), "when": _day(verdict)}


def _day(verdict: Verdict) -> str:
    return timezone.localtime(verdict.erased_at).strftime("%Y-%m-%d") if verdict.erased_at else ""
