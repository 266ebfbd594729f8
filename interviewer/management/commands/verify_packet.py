"""`manage.py verify_packet FILE`: is this decision packet ours and unchanged?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from interviewer import packets
from interviewer.packets import Finding
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Say whether a decision packet, JSON or PDF, is ours and unchanged. Exit status: 0 it is; 1 changed; "
        "2 not ours; 5 the file cannot be read."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help=_("The packet, as downloaded."))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            raw = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(str(error), returncode=5) from error
        finding = packets.verify(raw)
        if finding is Finding.CHANGED:
            message = _("This packet was changed after it was made, or SECRET_KEY was changed and the old key does not "
                        "stand in SECRET_KEY_FALLBACKS.")  # fmt: skip
            raise CommandError(message, returncode=finding.value)
        if finding is Finding.NOT_OURS:
            raise CommandError(_("This is not a decision packet of ours."), returncode=finding.value)
        self.stdout.write(_("This packet is ours and unchanged."))
