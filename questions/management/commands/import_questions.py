"""`manage.py import_questions FILE… [--dry-run] [--json]`"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from questions.importing import FileReport, ImportFailed, import_files
from questions.management.terminal import TerminalCommand


class Command(TerminalCommand):
    help = gettext_lazy("Import question documents into the bank: all of the files, or none.")  # type: ignore[assignment]

    def add_arguments(self, parser: CommandParser) -> None:
        files = _("A file of questions and answers: Markdown, Word, Excel, JSON, YAML, CSV or a QTI 3 package.")
        parser.add_argument("files", nargs="+", metavar="FILE", help=files)
        parser.add_argument("--dry-run", action="store_true", help=_("Report what would happen and write nothing."))
        parser.add_argument("--json", action="store_true", help=_("Print the report as JSON and nothing else."))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reports = import_files(options["files"], dry_run=options["dry_run"])
        except ImportFailed as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"files": [report.to_json() for report in reports]}, ensure_ascii=False))
        else:
            for report in reports:
                self._print(report)
            if options["dry_run"]:
                self.stdout.write(_("This was a dry run: nothing was written."))
        if not any(report.questions or report.drafts for report in reports):
            raise CommandError(_("Nothing was imported: no question was found in any of the files."))

    def _print(self, report: FileReport) -> None:
        counts = _("%(created)d created, %(updated)d updated, %(unchanged)d unchanged") % report.to_json()
        questions = ngettext("%d question", "%d questions", report.questions) % report.questions
        drafts = ngettext("%d draft", "%d drafts", report.drafts) % report.drafts
        self.stdout.write(f"{report.file}: {questions}, {drafts} ({counts})")
        for remark in report.problems:
            self.stdout.write(self.style.WARNING(f"{_place(report, remark.line)} {remark.message}"))
        for remark in report.notes:
            self.stdout.write(f"{_place(report, remark.line)} {remark.message}")


def _place(report: FileReport, line: int) -> str:
    return f"  {report.file}:{line}:" if line else f"  {report.file}:"
