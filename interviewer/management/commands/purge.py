"""`manage.py purge [--dry-run] [--json]`: delete what was kept for as long as its organisation says."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tqdm import tqdm

from interviewer import audit, privacy
from interviewer.models import Organisation
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = gettext_lazy(  # type: ignore[assignment]
        "Delete the data of interviews, and names and addresses of unused invitations, that organisations keep no "
        "longer. The sweeper does so every day. Exit status: 0; 1 when something could not be deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help=_("Say what is due, and delete nothing."))
        parser.add_argument("--json", action="store_true", help=_("Print the report as JSON and nothing else."))

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        found = privacy.by_organisation(at)
        tally = privacy.Tally(sum(each.interviews for _of, each in found), sum(each.invitations for _of, each in found))
        if not options["dry_run"]:
            total = tally.interviews + tally.invitations
            quiet = True if options["json"] else None
            with tqdm(total=total, unit=_("interviews and invitations"), disable=quiet) as bar:
                tally = privacy.purge_some(at, audit.COMMAND, tell=bar.update)
        if options["json"]:
            report = {"at": at.isoformat(), "dry_run": options["dry_run"], **dataclasses.asdict(tally)}
            of = [{"id": each.pk, "days": each.retention_days, **_due(due)} for each, due in found]
            self.stdout.write(json.dumps({**report, "organisations": of}))
        else:
            self._tell(found, tally, options["dry_run"])
        if tally.failed:
            told = _("%(n)d interviews could not be deleted; the log says why. They are tried again next time.")
            raise CommandError(told % {"n": tally.failed}, returncode=1)

    def _tell(self, found: list[tuple[Organisation, privacy.Tally]], tally: privacy.Tally, is_dry: bool) -> None:
        line = _("%(name)s, kept for %(days)s days: due are %(interviews)d interviews and %(invitations)d invitations.")
        for each, due in found:
            days = "—" if each.retention_days is None else each.retention_days
            self.stdout.write(line % {"name": each.name, "days": days, **_due(due)})
        done = _("Deleted: the data of %(interviews)d interviews, name and address of %(invitations)d invitations.")
        would = _("Nothing was deleted. Due in all: %(interviews)d interviews, %(invitations)d invitations.")
        self.stdout.write((would if is_dry else done) % _due(tally))


def _due(tally: privacy.Tally) -> dict[str, int]:
    return {"interviews": tally.interviews, "invitations": tally.invitations}
